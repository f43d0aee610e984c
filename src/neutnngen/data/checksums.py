"""SHA-256 of fetched files, kept beside them in ``SHA256SUMS.json``: what was fetched is what is loaded later (trust on first use)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import DataError
from neutnngen.files import write_atomic

SUMS_FILE = "SHA256SUMS.json"
FORMAT = "neutnngen-sha256"
VERSION = 1


@dataclass(frozen=True)
class Sums:
    """What ``SHA256SUMS.json`` says.

    source: address that the files came from. checked: what vouched for them when they were fetched. archive: SHA-256 of the zip file that
    held them, if there was one. files: SHA-256 of every file, by its name.
    """

    source: str
    checked: str
    archive: str | None
    files: dict[str, str]


def sha256_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_sums(folder: Path, source: str, checked: str, archive: str | None) -> Sums:
    """Take the sums of all files of a folder and write them beside the files."""
    files = {file.name: sha256_of(file) for file in sorted(folder.iterdir()) if file.is_file() and file.name != SUMS_FILE}
    document = {"format": FORMAT, "version": VERSION, "source": source, "checked": checked, "archive": archive, "files": files}
    write_atomic(folder / SUMS_FILE, json.dumps(document, indent=2) + "\n")
    return Sums(source, checked, archive, files)


def read_sums(folder: Path) -> Sums | None:
    """The sums of a folder; None where it has none. Raises DataError where the file is not what it should be."""
    path = folder / SUMS_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise ValueError(f"format {document['format']}, version {document['version']}")
        files = {str(name): str(digest) for name, digest in document["files"].items()}
        return Sums(str(document["source"]), str(document["checked"]), document["archive"], files)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the file of checksums cannot be read: {error}",
            got=path,
            allowed=f"{FORMAT}, version {VERSION}",
            next_step=f"remove the folder and fetch the set again: neutnngen data fetch {folder.name}",
        ) from None


def verify(files: Iterable[Path]) -> bool:
    """Whether every file has a checksum that it agrees with; False if one has none. Raises DataError for a file that has changed."""
    sums: dict[Path, Sums | None] = {}
    all_known = True
    for file in files:
        if file.parent not in sums:
            sums[file.parent] = read_sums(file.parent)
        known = sums[file.parent]
        if known is None or file.name not in known.files:
            all_known = False
            continue
        if not file.is_file():
            raise DataError("a fetched file is gone", got=file, allowed="the files that were fetched", next_step=_again(file))
        found = sha256_of(file)
        if found != known.files[file.name]:
            raise DataError(
                "a file has changed since it was fetched: its SHA-256 differs",
                got=f"{found} of {file}",
                allowed=f"{known.files[file.name]}, as {SUMS_FILE} says",
                next_step=_again(file),
            )
    return all_known


def _again(file: Path) -> str:
    return f"remove the folder {file.parent} and fetch the set again: neutnngen data fetch {file.parent.name}"
