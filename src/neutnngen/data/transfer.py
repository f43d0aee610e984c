"""One file over HTTP to one place on disk, with a time limit, a size limit and its length checked; the first of several sources; a folder
that is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from neutnngen.errors import ConfigError, DataError

TIMEOUT = 10.0  # seconds that a server may be silent
LARGEST = 1 << 30  # bytes of one file; the largest sets of the archive are far below
CHUNK = 1 << 18

Progress = Callable[[int, int], None]
T = TypeVar("T")


class Unreachable(Exception):
    """A source that gives nothing: no network, no such host, no such page, silence. Another source may do."""


def from_first(sources: Sequence[str], base: Path, fetch: Callable[[str], T]) -> T | list[str]:
    """What ``fetch`` gives for the first source that can be reached; where none can, a line about each that was tried.

    base: the folder that it writes into, removed again if it is new and stays empty. Raises DataError where the disk says no.
    """
    tried = []
    new = not base.exists()
    try:
        for address in sources:
            try:
                return fetch(address)
            except Unreachable as error:
                tried.append(f"{address} ({error})")
    except OSError as error:
        raise DataError(f"a file cannot be read or written: {error}", got=base, allowed="a folder that you may write to") from None
    finally:
        if new and base.is_dir() and not any(base.iterdir()):
            base.rmdir()
    return tried


def require_free(target: Path, holds: str) -> None:
    """Raise DataError where the folder that a set of this name is to get holds something else. holds: what it ought to hold, in words."""
    if target.is_dir() and any(target.iterdir()):
        raise DataError(
            "the folder of the set is there but does not hold it",
            got=target,
            allowed=f"{holds}, or no such folder",
            next_step=f"remove the folder and type: neutnngen data fetch {target.name}",
        )


def placed(target: Path, fill: Callable[[Path], T], taken: Callable[[], T]) -> T:
    """Make a folder whole or not at all: ``fill`` writes into one beside it, which then gets its name.

    taken: what is given instead where another process was quicker. Raises what ``fill`` raises, and OSError where the disk says no.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        made = fill(scratch)
        scratch.chmod(0o755)
        try:
            scratch.replace(target)
        except OSError:
            if not target.is_dir():
                raise
            return taken()
        return made
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def download(url: str, file: Path, progress: Progress | None = None) -> None:
    """Write what ``url`` gives to ``file``. progress: called with bytes so far and in all (0: unknown).

    Raises Unreachable; ConfigError for an address that is not HTTP; DataError for a file that is too large; OSError where the disk says no.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ConfigError("the source is not an address", got=url, allowed="http://… or https://…, or the path of a zip file")
    done = total = 0
    with file.open("wb") as stream:
        for chunk, total in _chunks(url):
            done += len(chunk)
            if max(done, total) > LARGEST:
                raise DataError("the file is too large for a data set", got=f"{max(done, total)} bytes from {url}", allowed=LARGEST)
            stream.write(chunk)
            if progress is not None:
                progress(done, total)
    if total and done != total:  # a connection that ends early is no error to http.client when it is read in chunks
        raise Unreachable(f"the connection ended after {done} of {total} bytes")


def _chunks(url: str) -> Iterator[tuple[bytes, int]]:
    """What ``url`` gives, piece by piece, with the length that the server announced (0: none). A generator, so that errors of the
    network and of the disk stay apart."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "neutnngen"}), timeout=TIMEOUT) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(CHUNK):
                yield chunk, total
    except HTTPError as error:
        raise Unreachable(f"HTTP {error.code} {error.reason}") from None
    except (OSError, HTTPException, ValueError) as error:  # URLError and time-outs are OSErrors
        raise Unreachable(str(getattr(error, "reason", error)) or type(error).__name__) from None
