"""The page on which a person draws a digit and watches a network read it: a server for this computer only, and nothing but it.

``GET /`` is the page, ``GET /about`` says what is at work, ``POST /read`` takes a drawing (``drawing_of``) and gives what the network makes
of it. The page needs nothing from elsewhere and works offline.
"""

from __future__ import annotations

import base64
import json
import os
import socketserver
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.drawing import LARGEST_SIDE, drawing_of, prepare
from neutnngen.apps.mnist.reading import Recogniser
from neutnngen.errors import ConfigError, NeutnngenError
from neutnngen.spec import NO_SPIKE

__all__ = ["PORT", "make_server", "prepare", "serve"]

PORT = 8768
HERE = "127.0.0.1"
LOCAL_NAMES = (HERE, "localhost", "::1")
LARGEST_BODY = 4 * (LARGEST_SIDE * LARGEST_SIDE + 2) // 3 + 1024
MEDIA = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def serve(recogniser: Recogniser, port: int = PORT, *, open_browser: bool = True, announce: Callable[[str], None] = print) -> None:
    """Serve the page on this computer until Ctrl-C.

    port: 0 takes any free one. announce: is told the address. Errors: ConfigError where the port cannot be had.
    """
    with make_server(recogniser, port) as server:
        address = f"http://{HERE}:{server.server_port}/"
        announce(f"{recogniser.title}: draw at {address} (Ctrl-C ends)")
        sys.stdout.flush()  # a person may wait for the address at the other end of a pipe
        if open_browser and _has_screen():
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            announce("stopped")


def make_server(recogniser: Recogniser, port: int) -> ThreadingHTTPServer:
    """A server of the page that listens already; the caller runs and closes it. Errors: ConfigError where the port cannot be had."""
    try:
        return _Server(recogniser, port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "not a port"
        raise ConfigError(
            "the page cannot be served at this port",
            got=f"{port} ({reason.lower()})",
            allowed="a free port, 1024 … 65535, or 0 for any free one",
            next_step="--port 0, or end the program that has the port",
        ) from error


def _has_screen() -> bool:
    """Whether a browser would open in a window and not in this terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class _Server(ThreadingHTTPServer):
    """Holds the recogniser, which reads one drawing at a time (the sessions of engines are not made for threads), and the page's files."""

    def __init__(self, recogniser: Recogniser, port: int) -> None:
        super().__init__((HERE, port), _Handler)
        self._recogniser = recogniser
        self._lock = threading.Lock()
        try:
            page = {f.name: f.read_bytes() for f in (files("neutnngen.apps.mnist") / "page").iterdir() if f.is_file()}
            self.pages = {f"/{name}": (MEDIA[suffix], text) for name, text in page.items() if (suffix := _suffix(name)) in MEDIA}
            self.pages["/"] = self.pages["/index.html"]
            self.pages["/about"] = ("application/json", _json(self._about()))
        except BaseException:
            self.server_close()
            raise

    def server_bind(self) -> None:
        """As in the base class, without its search for a name of this computer, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HERE, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that was closed while it waited is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def read(self, drawing: NDArray[np.uint8]) -> dict[str, object]:
        """What the network makes of a drawing, as JSON values. Spike times and the image are base64 of one byte each."""
        image = prepare(drawing, self._recogniser.shape)
        with self._lock:
            start = time.perf_counter()
            reading = self._recogniser.read(image)
            latency = time.perf_counter() - start
        return {
            "label": int(reading.label),
            "strengths": [int(s) for s in reading.strengths],
            "image": _base64(image),
            "inputs": _base64(reading.inputs),
            "layers": [_base64(layer) for layer in reading.layers],
            "latency_ms": round(1000 * latency, 3),
        }

    def _about(self) -> dict[str, object]:
        """What is at work. Line counts come from a reading of an empty image, which also warms the engine up."""
        empty = self._recogniser.read(np.zeros(self._recogniser.shape, dtype=np.uint8))
        return {
            "title": self._recogniser.title,
            "classes": list(self._recogniser.classes),
            "shape": list(self._recogniser.shape),
            "inputs": int(empty.inputs.size),
            "layers": [int(layer.size) for layer in empty.layers],
            "silent": NO_SPIKE,
        }


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = -1  # header and body leave together: on a connection that stays open, the body would else wait for an acknowledgement

    def do_GET(self) -> None:
        if not self._is_local():
            return
        path = self.path.partition("?")[0]
        if path in self.server.pages:
            self._send(200, *self.server.pages[path])
        elif path == "/read":
            self._fail(405, "send a drawing to /read by POST")
        else:
            self._fail(404, "there is no such page here")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        if not self._is_local():
            return
        if self.path != "/read":
            self._fail(404, "drawings go to /read")
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self._fail(411, "the request does not say how long it is")
            return
        if len(length) > 12 or int(length) > LARGEST_BODY:
            self._fail(413, f"the request is longer than {LARGEST_BODY} bytes")
            return
        try:
            drawing = drawing_of(self.rfile.read(int(length)))
        except ConfigError as error:
            self._fail(400, f"{error.what}: got {error.got}, allowed is {error.allowed}")
            return
        try:
            answer = _json(self.server.read(drawing))
        except NeutnngenError as error:
            self._fail(500, f"the network cannot read this: {error.what}")
            return
        except Exception as error:
            self._fail(500, f"the network cannot read this: {type(error).__name__}: {error}")
            raise  # the server prints it and serves on
        self._send(200, "application/json", answer)

    def _is_local(self) -> bool:
        """Refuse other host names, which lead here only by a trick, and pages of other sites."""
        origin = self.headers.get("Origin")
        asked = [f"//{self.headers.get('Host', '')}", *([] if origin is None else [origin])]
        if all(_host(address) in LOCAL_NAMES for address in asked):
            return True
        self._fail(403, "this page is for this computer only")
        return False

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses, in the form of the other refusals."""
        self._fail(code, message or self.responses.get(code, ("not possible",))[0])

    def _fail(self, status: int, sentence: str) -> None:
        self.close_connection = True  # what is left of the request is not read
        self._send(status, "application/json", _json({"error": sentence}))

    def _send(self, status: int, media: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media, "Content-Length": str(len(body)), **HEADERS}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return "neutnngen"

    def log_message(self, format: str, *args: Any) -> None:
        """No line per request."""


def _host(address: str) -> str | None:
    """The host name in an address; None where there is none or the address is not legal."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2]}"


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _base64(values: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=np.uint8).tobytes()).decode()
