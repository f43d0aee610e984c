"""Fetching sets of the UCR archive by name into a folder of the user.

Sources: the set's Zenodo record, whose interface gives an MD5 of every file; then the zip file of timeseriesclassification.com, for which
nobody publishes a checksum. The SHA-256 of what was fetched is kept beside it, and every later load compares it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neutnngen.data.archive import archive_records, user_folder
from neutnngen.data.checksums import read_sums, sha256_of, verify, write_sums
from neutnngen.data.formats import SUFFIXES, read_rows
from neutnngen.data.rows import to_table
from neutnngen.data.transfer import Progress, download, from_first, placed, require_free
from neutnngen.data.ucr import pair_in
from neutnngen.data.unpack import pairs_of, unpack
from neutnngen.errors import ConfigError, DataError, nearest

ZENODO = "https://zenodo.org/api/records/"
SITE = "https://timeseriesclassification.com/aeon-toolkit/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_RECORD = re.compile(r"(https?://[^/]+)/(?:api/)?records?/(\d+)/?")


@dataclass(frozen=True)
class Fetched:
    """A set that is now in place.

    folder: the set's own. source: where its files came from. checked: what vouches for them. notes: what a load has to know, one sentence
    each: what ``repair`` would change if the set cannot be loaded without.
    """

    name: str
    folder: Path
    state: Literal["fetched", "already there"]
    source: str
    checked: str
    notes: tuple[str, ...]


def fetch(
    name: str, folder: Path | None = None, source: str | None = None, sha256: str | None = None, progress: Progress | None = None
) -> Path:
    """Download a set and return its folder, which holds NAME_TRAIN.*, NAME_TEST.* and SHA256SUMS.json.

    Parameters
    ----------
    name: name of a set of the archive; any other name with a ``source``.
    folder: where the set's own folder goes; default: $NEUTNNGEN_DATA, else ~/.cache/neutnngen/ucr.
    source: address or path of a zip file, or address of a Zenodo record; ``{name}`` in it stands for the name.
    sha256: SHA-256 that the zip file must have (64 hexadecimal digits).
    progress: called with bytes so far and in all.

    A set that is already there is compared with its checksums and not fetched again. Nothing half-fetched is left behind.

    Raises
    ------
    ConfigError: unknown name, source or checksum that is none.
    DataError: no source can be reached; a checksum differs; the files are not a set.
    """
    return fetch_sets([name], folder, source, sha256, progress)[0].folder


def fetch_sets(
    names: Sequence[str],
    folder: Path | None = None,
    source: str | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> list[Fetched]:
    """Like :func:`fetch` for several sets, and with what there is to tell about each."""
    if len(names) > 1 and sha256 is not None:
        raise ConfigError("one SHA-256 cannot be that of several sets", got=", ".join(names), allowed="one name with sha256")
    if len(names) > 1 and source is not None and "{name}" not in source:
        raise ConfigError("one source for several sets must say where the name goes", got=source, allowed="https://host/{name}.zip")
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ConfigError("this is no SHA-256", got=sha256, allowed="64 hexadecimal digits")
    for name in names:
        _check_name(name, source)
    base = user_folder() if folder is None else folder
    return [_fetch(name, base, source and source.replace("{name}", name), sha256 and sha256.lower(), progress) for name in names]


def _check_name(name: str, source: str | None) -> None:
    if name in archive_records() or (source is not None and _NAME.fullmatch(name)):
        return
    close = nearest(name, archive_records())
    raise ConfigError(
        "the archive has no set of this name",
        got=name,
        allowed="letters, digits, _ and -" if source is not None else f"{len(archive_records())} names; neutnngen data list --json",
        next_step=f"did you mean {close!r}?" if close else "give the address of its zip file: --source URL",
    )


def _fetch(name: str, base: Path, source: str | None, sha256: str | None, progress: Progress | None) -> Fetched:
    target = base / name
    there = pair_in(base, name)
    if len(there) == 2:
        return _in_place(name, there, sha256)
    require_free(target, f"{name}_TRAIN.* and {name}_TEST.*")
    local = Path(source).expanduser() if source is not None and "://" not in source else None
    if local is not None and not local.is_file():
        raise ConfigError("the source is no file and no address", got=source, allowed="the path of a zip file, or https://…")
    sources = [source] if source is not None else [f"{ZENODO}{archive_records()[name]}", f"{SITE}{name}.zip"]
    if sha256 is not None:  # it is that of one zip file; a record holds several files
        sources = [s for s in sources if not _RECORD.fullmatch(s)]
    if not sources:
        raise ConfigError("a record of several files has no one SHA-256", got=source, allowed="a zip file with sha256")
    made = from_first(sources, base, lambda address: _from(name, address, base, sha256, progress))
    if isinstance(made, Fetched):
        return made
    raise DataError(
        f"{name} could not be downloaded",
        got="tried " + ", ".join(made),
        allowed=f"a network connection; or {name}_TRAIN.ts and {name}_TEST.ts, put by hand into {target} "
        f"(or {', '.join(SUFFIXES[2::2])}, and each as .gz)",
        next_step=f"neutnngen data fetch {name} --source {name}.zip, with a zip file that you bring from {SITE}{name}.zip",
    )


def _in_place(name: str, files: Sequence[Path], sha256: str | None) -> Fetched:
    """A set that was fetched, or put there by hand, before."""
    folder = files[0].parent
    sums = read_sums(folder)
    if sha256 is not None and (sums is None or sums.archive != sha256):
        raise DataError(
            "the set that is there did not come from this zip file",
            got=f"{folder}: " + ("put there by hand" if sums is None else f"{sums.archive or 'no zip file'}, from {sums.source}"),
            allowed=sha256,
            next_step=f"remove {' and '.join(map(str, files))}, and fetch again",
        )
    if sums is None:
        return Fetched(name, folder, "already there", "put there by hand", "nothing", _notes(files))
    verify(folder / file for file in sums.files)
    return Fetched(name, folder, "already there", sums.source, sums.checked, _notes(files))


def _from(name: str, address: str, base: Path, sha256: str | None, progress: Progress | None) -> Fetched:
    """Fetch into a folder of its own beside the target, look at everything, and only then give it its name."""

    def fill(scratch: Path) -> Fetched:
        if _RECORD.fullmatch(address):
            checked, archive = _from_record(name, address, scratch, progress), None
        else:
            checked, archive = _from_zip(name, address, scratch, sha256, progress)
        notes = _notes(pair_in(scratch, name))
        write_sums(scratch, address, checked, archive)
        return Fetched(name, base / name, "fetched", address, checked, notes)

    return placed(base / name, fill, lambda: _in_place(name, pair_in(base, name), sha256))


def _from_zip(name: str, address: str, scratch: Path, sha256: str | None, progress: Progress | None) -> tuple[str, str]:
    """Unpack the set from a zip file. Returns what vouches for it and the SHA-256 of the zip file."""
    local = "://" not in address
    packed = Path(address).expanduser() if local else scratch / "download.part"
    if not local:
        download(address, packed, progress)
    found = sha256_of(packed)
    if sha256 is not None and found != sha256:
        raise DataError(
            "the zip file is not the one that was asked for: its SHA-256 differs",
            got=f"{found} from {address}",
            allowed=sha256,
            next_step="ask whoever gave you the checksum; nothing was kept",
        )
    unpack(packed, name, scratch, address)
    if not local:
        packed.unlink()
    return ("SHA-256 of the zip file, given by the user" if sha256 is not None else "nothing: trusted on first use"), found


def _from_record(name: str, address: str, scratch: Path, progress: Progress | None) -> str:
    """Fetch the files of a Zenodo record and compare each with the MD5 that the record gives."""
    page = scratch / "record.part"
    download(_RECORD.sub(r"\1/api/records/\2", address), page)
    try:
        entries = {str(e["key"]): (str(e["links"]["self"]), str(e["checksum"])) for e in json.loads(page.read_bytes())["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the record is not what Zenodo gives: {error!r}", got=address, allowed="JSON with files, each with key, links and checksum"
        ) from None
    page.unlink()
    wanted = [file for pair in pairs_of(name, list(entries)) for file in pair]
    if not wanted:
        raise DataError(f"the record does not hold {name}", got=", ".join(sorted(entries)), allowed=f"{name}_TRAIN.ts, {name}_TEST.ts")
    for file in wanted:
        link, published = entries[file]
        algorithm, _, expected = published.partition(":")
        if algorithm != "md5":
            raise DataError(
                "the record gives no MD5", got=f"{published} of {file}", allowed="md5:…", next_step=f"--source {SITE}{name}.zip"
            )
        download(link, scratch / file, progress)
        found = hashlib.md5((scratch / file).read_bytes(), usedforsecurity=False).hexdigest()
        if found != expected.lower():
            raise DataError(
                "a file is damaged: its MD5 is not the one that Zenodo gives",
                got=f"{found} of {file} from {link}",
                allowed=expected,
                next_step=f"neutnngen data fetch {name}",
            )
    return "MD5 of every file, published by Zenodo"


def _notes(files: Sequence[Path]) -> tuple[str, ...]:
    """Whether both parts can be read and load as they are; if not, what a repair does. Raises DataError if even that cannot be done."""
    rows = [read_rows(file) for file in files]
    try:
        return to_table(rows).notes
    except DataError:
        return tuple(f"loads only with repair: {note}" for note in to_table(rows, repair=True).notes)
