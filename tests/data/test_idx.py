"""IDX files of every kind of number, plain and packed, and files that are none."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neutnngen.data import idx, read_idx
from neutnngen.errors import DataError


@pytest.mark.parametrize(
    ("code", "dtype", "value", "stored"),
    [
        (0x08, "uint8", 200, "c8"),
        (0x09, "int8", -2, "fe"),
        (0x0B, "int16", 258, "0102"),
        (0x0C, "int32", -2, "fffffffe"),
        (0x0D, "float32", 1.5, "3fc00000"),
        (0x0E, "float64", -2.0, "c000000000000000"),
    ],
)
def test_kinds_of_numbers(code: int, dtype: str, value: float, stored: str, tmp_path: Path) -> None:
    data = bytes([0, 0, code, 2, 0, 0, 0, 1, 0, 0, 0, 2]) + 2 * bytes.fromhex(stored)
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(gzip.compress(data))
    for name in "ab":  # whether it is packed is seen from the content
        array = read_idx(tmp_path / name)
        assert array.dtype == np.dtype(dtype) and array.dtype.isnative and array.tolist() == [[value, value]]
        assert array.flags.writeable
    assert gzip.decompress(idx.idx_gzip(array)) == data and idx.idx_gzip(array) == idx.idx_gzip(array)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(shape=st.lists(st.integers(0, 4), min_size=1, max_size=4), dtype=st.sampled_from([">u1", "<i2", ">i4", "<f4", "<f8"]))
def test_what_is_written_is_read(shape: list[int], dtype: str, tmp_path: Path) -> None:
    array = np.arange(np.prod(shape), dtype=np.dtype(dtype)).reshape(shape)
    (tmp_path / "x.gz").write_bytes(idx.idx_gzip(array))
    found = read_idx(tmp_path / "x.gz")
    assert found.shape == array.shape and (found == array).all() and found.dtype == array.dtype.newbyteorder("=")


def test_other_kinds_cannot_be_written() -> None:
    with pytest.raises(DataError, match="cannot hold this kind"):
        idx.idx_header(np.zeros(3, np.uint16))


GOOD = bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no IDX file"),
        (b"\0\0\x08", "no IDX file"),
        (b"\x01" + GOOD[1:], "no IDX file"),
        (b"\0\0\x0a" + GOOD[3:], "no IDX file"),
        (b"\0\0\x08\0", "no IDX file"),
        (b"<html>not found</html>", "3c 68 74 6d"),
        (GOOD[:6], "its header is not whole"),
        (GOOD[:-1], "shorter than its header says"),
        (GOOD + b"\0", "longer than its header says"),
        (b"\0\0\x08\x02" + 8 * b"\xff", "too large"),
        (gzip.compress(GOOD)[:-9], "cannot be read"),
        (gzip.compress(bytes(range(200)))[:30], "cannot be read|no IDX file"),
        (gzip.compress(GOOD)[:-8] + 8 * b"\0", "cannot be read"),
        (gzip.compress(GOOD[:-2]), "shorter than its header says"),
    ],
)
def test_files_that_are_refused(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(tmp_path / "x.gz")
    assert "x.gz" in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_idx(tmp_path / "none")
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)
