"""A server on this computer that gives zip files and Zenodo records, and a small set to serve."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TRAIN = "@univariate true\n@classLabel true 1 2\n@data\n0.5,1:1\n1.5,2:2\n"
TEST = "@univariate true\n@classLabel true 1 2\n@data\n5,6:1\n"
FILES = {"Toy_TRAIN.ts": TRAIN, "Toy_TEST.ts": TEST}


def packed(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


class Server(ThreadingHTTPServer):
    """Serves ``pages`` and notes what was asked for. short: bytes that every answer lacks of the length it announces."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.short = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def record(self, files: dict[str, str], **changes: str) -> None:
        """A Zenodo record as its interface gives it; changes: other checksums by file name without suffix."""
        entries = []
        for name, text in files.items():
            self.pages[f"/api/records/7/files/{name}/content"] = text.encode()
            checksum = changes.get(name.partition(".")[0], "md5:" + hashlib.md5(text.encode()).hexdigest())
            link = f"{self.url}/api/records/7/files/{name}/content"
            entries.append({"id": "x", "key": name, "size": len(text), "checksum": checksum, "links": {"self": link}})
        self.pages["/api/records/7"] = json.dumps({"id": 7, "files": entries}).encode()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        page = self.server.pages.get(self.path)
        if page is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page[: len(page) - self.server.short])

    def log_message(self, format: str, *args: object) -> None:
        pass


def names(folder: Path) -> list[str]:
    """Everything under a folder, hidden files too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
