"""Data sets: the bundled one, files of all kinds, and every kind of bad input."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from neutnngen.data import available, load_ucr
from neutnngen.errors import ConfigError, DataError, NeutnngenError


def test_bundled_set() -> None:
    data = load_ucr("ItalyPowerDemand")
    assert data.values.shape == (1096, 24)
    assert data.classes == 2
    assert "ItalyPowerDemand" in available()


def test_shared_set(shared: Path) -> None:
    data = load_ucr("Beef", shared / "data" / "ucr")
    assert data.values.shape == (60, 470)
    assert data.classes == 5


def test_file_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("1\t0.5\t1\n2\t1.5\t2\n")
    (tmp_path / "b.csv").write_text("1,0.5,1\n2,1.5,2\n")
    with gzip.open(tmp_path / "c.tsv.gz", "wt") as stream:
        stream.write("1\t0.5\t1\n2\t1.5\t2\n")
    (tmp_path / "d.ts").write_text("@univariate true\n@data\n0.5,1:1\n1.5,2:2\n")
    for name in ("a.tsv", "b.csv", "c.tsv.gz", "d.ts"):
        data = load_ucr(str(tmp_path / name))
        assert np.array_equal(data.values, [[0.5, 1], [1.5, 2]])
        assert data.labels.tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.tsv", b"1\t0.5\tNaN\n", DataError, "line 1, sample 2 is missing"),
        ("a.tsv", b"1\t0.5\t1\n2\t0.5\n", DataError, "line 2 has another length"),
        ("a.tsv", b"1\t0.5\tx\n", DataError, "not a number"),
        ("a.tsv", b"", DataError, "holds no series"),
        ("a.tsv", b"\xff\xfe\x00", DataError, "cannot be read"),
        ("a.tsv.gz", b"not gzip", DataError, "cannot be read"),
        ("a.ts", b"@data\n1,2:3,4:1\n", DataError, "not one channel"),
        ("a.ts", b"@data\n1,?:1\n", DataError, "not a number"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes, error: type[NeutnngenError], message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        load_ucr(str(tmp_path / name))


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'GunPoint'"):
        load_ucr("GunPont")
    with pytest.raises(DataError, match="does not exist"):
        load_ucr(str(tmp_path / "missing.tsv"))
    with pytest.raises(DataError, match="folder does not exist"):
        load_ucr("GunPoint", tmp_path / "missing")
