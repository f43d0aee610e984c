"""Files of time series: every kind gives the same numbers, every kind of bad input its own error, and a repair does what it says."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from neutnngen.data.archive import bundled_folder
from neutnngen.data.formats import SUFFIXES, kind_of, read_rows, read_series, refusal, scan
from neutnngen.errors import DataError

TS = "#comment\n@problemName toy\n@timeStamps false\n@univariate true\n@equalLength true\n@classLabel true a b\n@data\n"
ARFF = """% comment
@RELATION 'a toy'
@attribute 'first one' numeric
@Attribute t2 REAL
@attribute t3 integer
@attribute class {a,'b c'}
@DATA
"""


def write(path: Path, text: str | bytes) -> Path:
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def as_text(kind: str, values: np.ndarray, labels: list[str]) -> str:
    """The same series in each kind of file."""
    rows = [[repr(float(v)) for v in row] for row in values]
    pairs = list(zip(labels, rows, strict=True))
    if kind == ".ts":
        return TS + "\n".join(f"{','.join(row)}:{label}" for label, row in pairs)
    if kind == ".arff":
        head = "@relation toy\n" + "".join(f"@attribute t{i} numeric\n" for i in range(values.shape[1]))
        names = ",".join(sorted(set(labels)))
        return f"{head}@attribute class {{{names}}}\n@data\n" + "\n".join(",".join([*row, label]) for label, row in pairs)
    separator = {".tsv": "\t", ".csv": ",", ".txt": "   "}[kind]
    return "\n".join(separator.join([label, *row]) for label, row in pairs)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_gives_the_same_series(suffix: str, line_end: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(0, 1e3, (7, 5)) * 10.0 ** rng.integers(-9, 9, (7, 5))
    labels = [str(k) for k in rng.integers(-1, 3, 7)]
    file = write(tmp_path / f"toy{suffix}", as_text(kind_of(Path("toy" + suffix)), values, labels).replace("\n", line_end) + line_end)
    found = read_series(file)
    assert np.array_equal(found.values, values) and found.labels == tuple(labels) and found.notes == ()
    seen = scan(file)
    assert (seen.series, seen.shortest, seen.longest, seen.missing) == (7, 5, 5, False) and seen.classes == set(labels)


def test_text_as_the_archives_write_it(tmp_path: Path) -> None:
    blanks = write(tmp_path / "Toy_TRAIN.txt", "  1.0000000e+00  -6.5e-01   0.25\n -1.0000000e+00   1.0  2.0\n")
    assert read_series(blanks).labels == ("1", "-1") and read_series(blanks).values.tolist() == [[-0.65, 0.25], [1, 2]]
    nameless = write(tmp_path / "Toy_TRAIN", "1,-0.5,0.25\n2,1,2\n")
    assert read_series(nameless).values.tolist() == [[-0.5, 0.25], [1, 2]]
    spaced = write(tmp_path / "spaced.csv", "\ufeff# a comment\nup, 1, 2\n\ndown, 2, 1\n")
    assert read_series(spaced).labels == ("up", "down")


def test_arff_quotes_and_comments(tmp_path: Path) -> None:
    text = ARFF + "1,2,3,a % behind\n\n% between\n4, 5 ,'6','b c'\n7,8,9,\"b c\"\n"
    found = read_series(write(tmp_path / "a.arff", text))
    assert found.values.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]] and found.labels == ("a", "b c", "b c")
    tricky = "@relation r\n@attribute a numeric\n@attribute c {'it\\'s, {50%}',no}\n@data\n1,'it\\'s, {50%}'\n"
    assert read_series(write(tmp_path / "b.arff", tricky)).labels == ("it's, {50%}",)


def test_old_comments_need_not_be_utf8(tmp_path: Path) -> None:
    file = write(tmp_path / "a.arff", "% Patrick Schäfer\n".encode("latin-1") + (ARFF + "1,2,3,a\n").encode())
    assert read_series(file).labels == ("a",)


BAD = {
    "word": ("a.csv", "1,2\n1,x\n", "line 2, sample 1 is not a number"),
    "underscore": ("a.csv", "1,1_000\n", "line 1, sample 1 is not a number"),
    "nan": ("a.tsv", "1\t0.5\tNaN\t1\n", "line 1, sample 2 is missing"),
    "question": ("a.csv", "1,0.5,?\n", "line 1, sample 2 is missing"),
    "empty field": ("a.csv", "1,,2\n", "line 1, sample 1 is missing"),
    "empty last field": ("a.tsv", "1\t2\t\n", "line 1, sample 2 is missing"),
    "infinite": ("a.txt", "1 2 inf\n", "line 1, sample 2 is infinite"),
    "too large": ("a.txt", "1 2 -1e999\n", "line 1, sample 2 is infinite"),
    "lengths": ("a.txt", "1 2 3\n2 3\n", "line 2 has another length"),
    "no label": ("a.tsv", "\t1\t2\n", "line 1 has no class label"),
    "unknown label": ("a.csv", "?,1,2\n", "line 1 has no class label"),
    "values only": ("a.csv", "-0.25,1,2\n", "line 1 has no class label: it starts with a value"),
    "label only": ("a.csv", "1,2\n1\n", "line 2 holds a label but no values"),
    "empty": ("a.csv.gz", "\n# nothing\n", "holds no series"),
    "binary": ("a.csv", b"\x7fELF\x01", "binary"),
    "ts empty": ("a.ts", TS, "holds no series"),
    "ts label": ("a.ts", TS + "1,2\n", "line 8 is not one channel with a label: it has no class label"),
    "ts empty label": ("a.ts", TS + "1,2:\n", "line 8 has no class label"),
    "ts channels": ("a.ts", TS + "1,2:3,4:a\n", "it has 2 channels"),
    "ts channels, no label": ("a.ts", TS + "1,2:3,4\n", "2 channels and no class label"),
    "ts header channels": ("a.ts", "@univariate  FALSE\n@data\n1,2:a\n", "line 1 declares several channels"),
    "ts header label": ("a.ts", "@classLabel false\n@data\n1,2\n", "line 1 declares no class label"),
    "ts header target": ("a.ts", "@targetLabel true\n@data\n1,2:0.7\n", "real numbers"),
    "ts time stamps": ("a.ts", "@timestamps true\n@data\n(0,1):a\n", "time stamps"),
    "ts no data line": ("a.ts", "@univariate true\n", "no @data line"),
    "ts values first": ("a.ts", "1,2:a\n", "line 1 comes before @data"),
    "ts lengths": ("a.ts", TS + "1,2:a\n1,2,3:b\n", "line 9 has another length"),
    "arff count": ("a.arff", ARFF + "1,2,a\n", "line 8 has another length than the header declares"),
    "arff class": ("a.arff", ARFF + "1,2,3,d\n", "line 8 has a class that the header does not declare"),
    "arff no label": ("a.arff", ARFF + "1,2,3,?\n", "line 8 has no class label"),
    "arff missing": ("a.arff", ARFF + "1,?,3,a\n", "line 8, sample 2 is missing"),
    "arff sparse": ("a.arff", ARFF + "{0 1, 3 a}\n", "sparse"),
    "arff target": ("a.arff", "@relation r\n@attribute a numeric\n@data\n1\n", "no class label: its last attribute is not nominal"),
    "arff string": ("a.arff", "@relation r\n@attribute a string\n", "line 2 declares an attribute that is neither"),
    "arff channels": ("a.arff", "@relation r\n@attribute b relational\n", "line 2 declares several channels"),
    "arff class first": ("a.arff", "@relation r\n@attribute a {1}\n@attribute b {1}\n@data\n", "before the last is not numeric"),
    "arff no data line": ("a.arff", "@relation r\n@attribute a numeric\n", "no @data line"),
    "arff open quote": ("a.arff", ARFF + "1,2,3,'b c\n", "does not declare"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files(case: str, tmp_path: Path) -> None:
    name, content, message = BAD[case]
    file = write(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        read_series(file)
    assert message in caught.value.what
    assert str(file) in f"{caught.value.got}", "the error names the file"
    assert caught.value.allowed and caught.value.exit_code == 3


def test_damaged_gzip(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b"1\t%d\t%d\n" % (i, i * i) for i in range(4000)))
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 0xFF
    for content in (packed[:-9], packed[: len(packed) // 2], b"no gzip", bytes(flipped)):
        (tmp_path / "a.tsv.gz").write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            read_series(tmp_path / "a.tsv.gz")
    with pytest.raises(DataError, match="cannot be read"):
        read_series(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        read_series(tmp_path / "b.tsv")


def test_holes_are_filled_on_request(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "1,?,1,NaN,,4,nan\n2,0,1,2,3,4,5\n")
    assert scan(file).missing
    found = read_series(file, repair=True)
    assert np.allclose(found.values, [[1, 1, 2, 3, 4, 4], [0, 1, 2, 3, 4, 5]])
    assert found.notes == ("4 missing values in 1 series filled by linear interpolation",)
    one_known = write(tmp_path / "b.csv", "1,?,7,?\n")
    with pytest.raises(DataError, match="line 1 cannot be repaired"):
        read_series(one_known, repair=True)
    with pytest.raises(DataError, match="infinite"):
        read_series(write(tmp_path / "c.csv", "1,inf,7,?\n"), repair=True)


def test_lengths_are_brought_to_the_longest_on_request(tmp_path: Path) -> None:
    file = write(tmp_path / "a.ts", "@equalLength false\n@data\n0,4:1\n0,1,2,3,4:2\n0,1,2:1\n")
    assert (scan(file).shortest, scan(file).longest) == (2, 5)
    found = read_series(file, repair=True)
    assert np.allclose(found.values, [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 0.5, 1, 1.5, 2]])
    assert found.notes == ("2 of 3 series resampled to 5 samples",)
    with pytest.raises(DataError, match="line 3 cannot be repaired"):
        read_series(write(tmp_path / "b.ts", "@data\n0,4:1\n5:2\n"), repair=True)


def test_nan_at_the_end_is_padding_in_tsv_only(tmp_path: Path) -> None:
    text = "1\t0\t2\tNaN\tNaN\tNaN\n2\t0\t1\t2\t3\t4\n1\t0\tNaN\t2\t3\t4\n"
    with pytest.raises(DataError, match="the series is shorter"):
        read_series(write(tmp_path / "a.tsv", text))
    found = read_series(tmp_path / "a.tsv", repair=True)
    assert np.allclose(found.values, [[0, 0.5, 1, 1.5, 2], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]])
    assert found.notes == (
        "1 missing values in 1 series filled by linear interpolation",
        "1 series end in NaN and are taken as shorter",
        "1 of 3 series resampled to 5 samples",
    )
    same = read_series(write(tmp_path / "a.csv", text.replace("\t", ",")), repair=True)
    assert np.allclose(same.values[0], [0, 2, 2, 2, 2])


def test_repair_leaves_sound_series_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "a.tsv", "1\t0.1\t0.7\n2\t0.3\t-5\n")
    plain, mended = read_series(file), read_series(file, repair=True)
    assert np.array_equal(plain.values, mended.values) and mended.notes == ()


def test_the_kinds_agree_on_real_data() -> None:
    folder = bundled_folder()
    for name in ("ArrowHead", "GunPoint"):
        first = read_series(folder / name / f"{name}_TRAIN.ts")
        for suffix in (".arff", ".tsv"):
            other = read_series(folder / name / f"{name}_TRAIN{suffix}")
            assert np.allclose(first.values, other.values, atol=1e-6), suffix
            assert first.labels == other.labels


def test_several_channels_are_refused_on_real_data() -> None:
    folder = bundled_folder() / "BasicMotions"
    for suffix in (".ts", ".arff"):
        with pytest.raises(DataError, match="several channels"):
            read_rows(folder / f"BasicMotions_TRAIN{suffix}")
    assert refusal(folder / "BasicMotions_TRAIN.ts") == "several channels"
    assert refusal(folder / "BasicMotions_TRAIN.arff") is None
