"""The data files of one set out of a zip file, and nothing else of it."""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from neutnngen.data.formats import SUFFIXES
from neutnngen.data.transfer import LARGEST
from neutnngen.errors import DataError


def pairs_of(name: str, files: Iterable[str]) -> list[tuple[str, str]]:
    """Names of the train and test files of a set among ``files``, in the first kind that has both.

    The set itself comes first; if it is absent the list is empty. The versions without gaps that the archive keeps (``_eq``: of equal
    length, ``_nmv``: no missing values) follow.
    """
    there = set(files)
    found = []
    for version in ("", "_eq", "_nmv", "_eq_nmv"):
        for suffix in SUFFIXES:
            train, test = f"{name}{version}_TRAIN{suffix}", f"{name}{version}_TEST{suffix}"
            if train in there and test in there:
                found.append((train, test))
                break
        if not found:
            return []
    return found


def unpack(packed: Path, name: str, folder: Path, said: str) -> list[Path]:
    """Write the data files of a set from a zip file into ``folder``. said: where the zip file is from, for errors.

    Members are known by the last part of their name alone and written under names of our own making, so that none can leave ``folder``.
    """
    try:
        with zipfile.ZipFile(packed) as archive:
            members = {re.split(r"[/\\]", info.filename)[-1]: info for info in archive.infolist() if not info.is_dir()}
            wanted = [file for pair in pairs_of(name, members) for file in pair]
            if not wanted:
                raise DataError(
                    f"the zip file does not hold {name}",
                    got=f"{', '.join(sorted(members)[:12]) or 'no files'} in {said}",
                    allowed=f"{name}_TRAIN and {name}_TEST with {', '.join(SUFFIXES[::2])}",
                )
            for file in wanted:
                if members[file].file_size > LARGEST:
                    raise DataError("a file is too large for a data set", got=f"{members[file].file_size} bytes of {file}", allowed=LARGEST)
                with archive.open(members[file]) as source, (folder / file).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        NotImplementedError,
    ) as error:  # damaged, with a password, unknown packing
        raise DataError(
            f"the zip file cannot be unpacked: {error}", got=said, allowed=f"a zip file with {name}_TRAIN.* and {name}_TEST.*"
        ) from None
    return [folder / file for file in wanted]
