"""One run at a time in a run folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neutnngen.errors import ConfigError

LOCK = ".lock"


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The system lets go of it when its process ends in any way, so what a dead process left is taken over.

    Raises ConfigError if a living process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+", encoding="ascii") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.seek(0)
            raise ConfigError(
                "another run works in this folder",
                got=f"{folder}, held by process {stream.read().strip() or 'unknown'}",
                next_step="wait for it, or choose another run folder",
            ) from None
        stream.truncate(0)
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield
