"""IDX files: an array of one kind of number, big endian, plain or as .gz.

Four bytes (0, 0, code of the kind, number of dimensions), then each dimension as four bytes, then the values, last dimension fastest.
Format: http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.data.transfer import LARGEST
from neutnngen.errors import DataError

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {np.dtype(dtype).newbyteorder("="): code for code, dtype in DTYPES.items()}
_GZIP = b"\x1f\x8b"


def read_idx(path: Path) -> NDArray[Any]:
    """The array of an IDX file, in the byte order of this computer; whether it is packed is seen from its content, not its name.

    Raises DataError for a file that is missing, damaged, no IDX file, or longer or shorter than its header says.
    """
    with _opened(path) as stream:
        dtype, shape = _header(stream, path)
        size = dtype.itemsize * math.prod(shape)
        data = bytearray(stream.read(size))
        if len(data) < size or stream.read(1):
            raise DataError(
                "the file is cut: it is shorter than its header says" if len(data) < size else "the file is longer than its header says",
                got=f"{len(data)} bytes of values in {path}" if len(data) < size else path,
                allowed=f"{size} bytes: {' × '.join(map(str, shape))} values of {dtype.itemsize}",
                next_step="copy or fetch it again",
            )
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def idx_header(array: NDArray[Any]) -> bytes:
    """What stands before the values in the IDX file of an array."""
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        raise DataError("an IDX file cannot hold this kind of number", got=array.dtype, allowed=", ".join(map(str, _CODES)))
    return struct.pack(f">4B{array.ndim}I", 0, 0, code, array.ndim, *array.shape)


def idx_gzip(array: NDArray[Any]) -> bytes:
    """The packed IDX file of an array: the same bytes for the same array, whenever it is made."""
    header = idx_header(array)
    return gzip.compress(header + array.astype(DTYPES[header[2]], copy=False).tobytes(), compresslevel=1, mtime=0)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The unpacked content of a file; what fails while it is read is a DataError."""
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            if packed:
                with gzip.open(plain) as stream:
                    yield stream
            else:
                yield plain
    except FileNotFoundError:
        raise DataError("the data file does not exist", got=path, next_step="check the path") from None
    except (OSError, EOFError, zlib.error) as error:  # EOFError and zlib.error: cut or damaged gzip
        raise DataError(
            f"the data file cannot be read: {error}", got=path, allowed="an IDX file, also .gz", next_step="copy or fetch it again"
        ) from None


def _header(stream: IO[bytes] | gzip.GzipFile, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Kind of number and dimensions; the stream then stands at the first value."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES or not magic[3]:
        raise DataError(
            "the file is no IDX file: it does not start with the right four bytes",
            got=f"{magic.hex(' ') or 'nothing'} in {path}",
            allowed=f"00 00, one of {', '.join(f'{code:02x}' for code in DTYPES)}, number of dimensions",
        )
    packed = stream.read(4 * magic[3])
    if len(packed) < 4 * magic[3]:
        raise DataError("the file is cut: its header is not whole", got=f"{4 + len(packed)} bytes in {path}", allowed=4 + 4 * magic[3])
    dtype, shape = np.dtype(DTYPES[magic[2]]), struct.unpack(f">{magic[3]}I", packed)
    if dtype.itemsize * math.prod(shape) > LARGEST:
        raise DataError(
            "the file is too large for a data set", got=f"{' × '.join(map(str, shape))} values in {path}", allowed=f"{LARGEST} bytes"
        )
    return dtype, shape
