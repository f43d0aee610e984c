"""Spoken words: any folder of WAV files by label, or the same as a tar archive.

How labels are told: files in several sub-folders have the name of theirs; files that all lie in one folder are called
``LABEL_SPEAKER_INDEX.wav``, as in the Free Spoken Digit Dataset. Which part a file belongs to: folders ``train`` and ``test`` above the
labels, if there are; else by the index of the second kind, of which 0 … 4 are for the test; else of the files of a label, by name, every
tenth from the first on.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from neutnngen.data.archive import named_places, user_folder
from neutnngen.data.transfer import LARGEST
from neutnngen.data.wav import read_wav
from neutnngen.errors import DataError, nearest, unknown_name

KIND = "spoken"
TAR_SUFFIXES = (".tar.gz", ".tgz", ".tar")
RATE = 8000
"""Samples per second that a set is brought to unless something else is asked for: enough for speech, and what FSDD has."""

TEST_INDICES, TEST_EVERY = 5, 10
PATTERN = re.compile(r"([^_]+)_(.+)_(\d+)")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ALLOWED = "WAV files in a sub-folder for each label, or LABEL_SPEAKER_INDEX.wav in one folder"
MAKE_ONE = "neutnngen data make-spoken, which needs espeak-ng; or the path of a folder or .tar.gz with WAV files"


@dataclass(frozen=True, eq=False)
class SpokenSet:
    """Recordings with a class each.

    recordings: (sample,) float32 of each, full scale −1 … 1, at ``rate`` samples per second. labels: (recording,) int64, numbers of
    ``classes``, which are the labels in the order of their numbers, or of the alphabet. speakers: of each, empty where not known. test:
    (recording,) bool, True for those that are not to be learned. source: where the set came from, for provenance.
    """

    name: str
    recordings: tuple[NDArray[np.float32], ...]
    rate: int
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    speakers: tuple[str, ...]
    test: NDArray[np.bool_]
    source: str

    @property
    def seconds(self) -> float:
        """Of all recordings together."""
        return sum(map(len, self.recordings)) / self.rate


@dataclass(frozen=True)
class KnownSpoken:
    """A published set. digest: of the recordings with which the figures of this project were measured; see ``digest_of``."""

    name: str
    recordings: int
    classes: int
    cite: str
    where: str
    digest: str


FSDD = KnownSpoken(
    "FSDD",
    3000,
    10,
    "Jackson et al., Free Spoken Digit Dataset, doi 10.5281/zenodo.1342401 (CC BY-SA 4.0)",
    "https://github.com/Jakobovski/free-spoken-digit-dataset (its folder recordings)",
    "a5c87449c88961ef547106a1b260b7b63df2be5bfb659bf259d412aa130d5050",
)
KNOWN = {FSDD.name: FSDD}


@dataclass(frozen=True)
class SpokenPlace:
    """Where a set lies: a folder or a tar archive. known: the published set that it goes by."""

    name: str
    path: Path
    known: KnownSpoken | None = None


@dataclass(frozen=True)
class _File:
    """A WAV file. parts: its folders below what all have in common, then its name without suffix."""

    parts: tuple[str, ...]
    said: str
    data: bytes


def load_spoken(name: str, folder: Path | None = None, rate: int = RATE) -> SpokenSet:
    """A set of recordings, train and test part together.

    Parameters
    ----------
    name: FSDD or a set of your own in the data folder; or path of a folder with WAV files; or path of such a .tar.gz.
    folder: where a named set is looked for first, there in a sub-folder or a .tar.gz of its name.
    rate: samples per second that every recording is brought to.

    Raises
    ------
    ConfigError: unknown name.
    DataError: a set that is not on this computer; a file that is no sound or is damaged, by its name; files whose labels cannot be told.
    """
    return read_spoken(locate_spoken(name, folder), rate)


def read_spoken(place: SpokenPlace, rate: int = RATE) -> SpokenSet:
    """The set that lies somewhere; raises DataError as :func:`load_spoken`."""
    files = list(_files(place))
    if not files:
        raise DataError("there are no WAV files", got=place.path, allowed=ALLOWED, next_step=MAKE_ONE)
    told = _told([file.parts for file in files], place)
    classes = tuple(sorted({label for label, _, _ in told}, key=_order))
    if len(classes) < 2:
        raise DataError("a set has two labels or more", got=f"{place.path}: {', '.join(classes)}", allowed=ALLOWED)
    recordings = tuple(brought_to(sound.samples, sound.rate, rate) for sound in (read_wav(file.data, file.said) for file in files))
    labels = np.array([classes.index(label) for label, _, _ in told], dtype=np.int64)
    speakers = tuple(speaker for _, speaker, _ in told)
    source = f"{len(files)} WAV files of {place.path}"
    return SpokenSet(place.name, recordings, rate, labels, classes, speakers, np.array([test for _, _, test in told]), source)


def brought_to(samples: NDArray[np.floating], rate: int, wanted: int) -> NDArray[np.float32]:
    """Sound at another number of samples per second, low-pass filtered (``scipy.signal.resample_poly``); as it is where none is needed."""
    if rate == wanted:
        return samples.astype(np.float32)
    from scipy.signal import resample_poly  # only sets of another rate need it

    common = gcd(rate, wanted)
    return np.asarray(resample_poly(samples, wanted // common, rate // common), dtype=np.float32)


def digest_of(place: SpokenPlace) -> str:
    """SHA-256 over name and content of every WAV file, in the order of their names, whatever folder or archive they lie in."""
    digest = hashlib.sha256()
    for file in _files(place):
        digest.update("/".join(file.parts).encode() + b"\0" + hashlib.sha256(file.data).digest())
    return digest.hexdigest()


def digits_of(classes: Sequence[str]) -> tuple[int, ...] | None:
    """The digit of every label, written as a numeral or as an English word; None where one is no digit, or two are the same."""
    found = [int(c) if c.isdecimal() and len(c) == 1 else DIGITS.index(c.lower()) if c.lower() in DIGITS else -1 for c in classes]
    return tuple(found) if min(found, default=-1) >= 0 and len(set(found)) == len(found) else None


def known_spoken(name: str) -> KnownSpoken | None:
    """The published set of a name, in upper or lower case; None for any other name."""
    return KNOWN.get(name.upper())


def looks_like_spoken(name: str) -> bool:
    """Whether a name that no set has is close to that of a published one."""
    return nearest(name.upper(), KNOWN) is not None


def is_spoken(name: str, folder: Path | None = None) -> bool:
    """Whether a name or path means recordings rather than another kind of set."""
    path = Path(name).expanduser()
    if os.sep in name or path.exists():
        return _is_tar(path) or (bool(name) and path.is_dir() and holds_wav(path))
    return known_spoken(name) is not None or find_spoken(name, folder) is not None


def locate_spoken(name: str, folder: Path | None = None) -> SpokenPlace:
    """Where a set lies; see :func:`load_spoken` for what a name can be and what is raised."""
    path = Path(name).expanduser()
    if folder is not None and not folder.is_dir():
        raise DataError("the data folder does not exist", got=folder, allowed="a folder with sets of WAV files")
    if name and (os.sep in name or path.exists()):
        if not path.exists():
            raise DataError("there is no such folder or archive", got=name, allowed=f"{ALLOWED}; or the same as .tar.gz")
        return SpokenPlace(_plain(path.resolve().name), path)
    known = known_spoken(name)
    found = find_spoken(name if known is None else known.name, folder)
    if found is not None:
        return SpokenPlace(name if known is None else known.name, found, known)
    if known is None:
        raise unknown_name("there is no set of recordings of this name", name, [*KNOWN, *(place.name for place in spoken_places(folder))])
    raise DataError(
        "the recordings are not on this computer",
        got=known.name,
        allowed=f"its WAV files in a folder {known.name}, or {known.name}.tar.gz, in {user_folder(KIND) if folder is None else folder}",
        next_step=f"get it from {known.where}; or {MAKE_ONE}",
    )


def find_spoken(name: str, folder: Path | None = None) -> Path | None:
    """The first folder or archive on the search path with this name, as yet not looked into."""
    for place in named_places(folder, KIND):
        for title in dict.fromkeys((name, name.lower())):
            if holds_wav(place / title):
                return place / title
            for suffix in TAR_SUFFIXES:
                if (place / (title + suffix)).is_file():
                    return place / (title + suffix)
    return None


def spoken_places(folder: Path | None = None) -> list[SpokenPlace]:
    """Every set on the search path, by name; of a name that lies in several places the first."""
    found: dict[str, SpokenPlace] = {}
    for base in named_places(folder, KIND):
        if not base.is_dir():
            continue
        for path in sorted(base.iterdir()):
            name = _plain(path.name)
            known = known_spoken(name)
            if holds_wav(path) or (known is not None and _is_tar(path)):
                found.setdefault(name if known is None else known.name, SpokenPlace(name if known is None else known.name, path, known))
    return list(found.values())


def holds_wav(folder: Path) -> bool:
    """Whether WAV files lie in a folder, or in folders in it, up to two deep."""
    return folder.is_dir() and any(_has(folder.glob(pattern)) for pattern in ("*", "*/*", "*/*/*"))


def _has(paths: Iterator[Path]) -> bool:
    return any(path.suffix.lower() == ".wav" for path in paths)


def _is_tar(path: Path) -> bool:
    return path.name.lower().endswith(TAR_SUFFIXES) and path.is_file()


def _plain(name: str) -> str:
    return next((name[: -len(suffix)] for suffix in TAR_SUFFIXES if name.lower().endswith(suffix)), name)


def _order(label: str) -> tuple[int, int, str]:
    """Numerals by size, digits as words by theirs, then everything else."""
    value = int(label) if label.isdecimal() else DIGITS.index(label.lower()) if label.lower() in DIGITS else None
    return (1, 0, label) if value is None else (0, value, label)


def _files(place: SpokenPlace) -> Iterator[_File]:
    """Every WAV file, by name."""
    try:
        found = _from_tar(place.path) if place.path.is_file() else _from_folder(place.path)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"the recordings cannot be read: {error}", got=place.path, allowed=f"{ALLOWED}; or the same as .tar.gz") from None
    folders = [path.parts[:-1] for path, _ in found]
    shared = min(map(len, folders), default=0)  # folders that all of them have in common, from the top, say nothing
    shared = next((n for n in range(shared) if len({parts[n] for parts in folders}) > 1), shared)
    for path, data in sorted(found, key=lambda item: item[0].parts):
        parts = (*path.parts[shared:-1], path.name[: -len(path.suffix)])
        yield _File(parts, f"{path} in {place.path}", data)


def _from_folder(folder: Path) -> list[tuple[PurePosixPath, bytes]]:
    files = [path for path in folder.rglob("*") if path.suffix.lower() == ".wav" and path.is_file()]
    return [(PurePosixPath(path.relative_to(folder).as_posix()), path.read_bytes()) for path in files]


def _from_tar(path: Path) -> list[tuple[PurePosixPath, bytes]]:
    """Files of an archive, read in memory: nothing is written, so no name can lead anywhere."""
    found, size = [], 0
    with tarfile.open(path) as archive:
        for member in archive:
            inner = PurePosixPath(member.name)
            if not member.isfile() or inner.suffix.lower() != ".wav" or inner.name.startswith("._"):
                continue
            size += member.size
            if size > LARGEST:
                raise DataError("the archive is too large for a data set", got=f"more than {LARGEST} bytes in {path}", allowed=LARGEST)
            stream = archive.extractfile(member)
            assert stream is not None
            found.append((inner, stream.read()))
    return found


def _told(files: Sequence[tuple[str, ...]], place: SpokenPlace) -> list[tuple[str, str, bool]]:
    """(label, speaker, whether for the test) of every file, from its folders and its name alone."""
    named = all(len(parts) > 1 and parts[0].lower() in ("train", "test") for parts in files)
    rest = [parts[1:] for parts in files] if named else list(files)
    said = [parts[0].lower() == "test" for parts in files]
    if all(len(parts) > 1 for parts in rest):
        labels, seen = [parts[-2] for parts in rest], dict.fromkeys((parts[-2] for parts in rest), 0)
        tests = []
        for label in labels:
            tests.append(seen[label] % TEST_EVERY == 0)
            seen[label] += 1
        return [(label, "", test) for label, test in zip(labels, said if named else tests, strict=True)]
    matches = [PATTERN.fullmatch(parts[-1]) for parts in rest]
    for parts, match in zip(files, matches, strict=True):
        if match is None or len(parts) > 1 + named:
            raise DataError("the label of a file cannot be told", got=f"{'/'.join(parts)}.wav in {place.path}", allowed=ALLOWED)
    whole = [(match[1], match[2], int(match[3])) for match in matches if match is not None]
    return [(label, who, part if named else n < TEST_INDICES) for (label, who, n), part in zip(whole, said, strict=True)]
