"""Tables of results: what makes a run, files that can be stopped and resumed, summaries."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from neutnngen.apps.mnist.results import Results, Row
from neutnngen.errors import DataError

nan = math.nan
ROW = Row(
    "small", "named", "MNIST", "test", 0, 60_000, 8, 1, 315_810, 1_219_680, 0.0234, 0.031, 0.0,
    12.5, 9_876.5, 3.25, 1.5, 12.75, "ESTIMATED, NanGate45",
)  # fmt: skip


def row(**changes: Any) -> Row:
    return replace(ROW, **changes)


def same(one: Row, other: Row) -> bool:
    """Equal, a nan being equal to a nan."""
    return repr(asdict(one)) == repr(asdict(other))


def test_key_of_a_run() -> None:
    assert ROW.key == ("small", "MNIST", "test", 0, 60_000, 8, 1)
    apart: list[dict[str, Any]] = [
        {"design": "best"},
        {"data": "FashionMNIST"},
        {"part": "validation"},
        {"seed": 1},
        {"images": 9},
        {"passes": 1},
        {"jitter": 0},
    ]
    assert len({row(**change).key for change in apart} | {ROW.key}) == 8
    assert all(row(**change).key == ROW.key for change in ({"family": "x"}, {"error": 0.5}, {"silicon": ""}, {"learn_seconds": 1.0}))


def test_file_round_trip_is_exact_with_nan(tmp_path: Path) -> None:
    rows = [
        row(error=0.1 + 0.2, silicon='a "quoted", text'),
        row(seed=1, first_error=nan, area=nan, leakage=nan, energy=nan),
        row(seed=2, learn_seconds=1e-9, images_per_second=math.inf),
    ]
    path = Results(rows).write(tmp_path / "deep" / "results.csv")
    assert path.read_text().splitlines()[:2] == ["# format: neutnngen-mnist-results, version 1.0", ",".join(asdict(ROW))]
    read = list(Results.read(path))
    assert len(read) == 3 and all(same(a, b) for a, b in zip(read, rows, strict=True))
    assert all(type(a) is type(b) for a, b in zip(asdict(read[0]).values(), asdict(rows[0]).values(), strict=True))
    assert path.read_bytes() == Results(read).write(tmp_path / "again.csv").read_bytes()


def test_rows_are_in_the_file_as_soon_as_they_are_added(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    table = Results.open(path)
    assert len(Results.read(path)) == 0
    table.add(ROW)
    assert [same(r, ROW) for r in Results.read(path)] == [True]
    resumed = Results.open(path)
    assert resumed.has(ROW.key) and not resumed.has(row(seed=1).key)
    resumed.add(row(seed=1))
    assert [r.seed for r in Results.read(path)] == [r.seed for r in resumed] == [0, 1] and len(resumed) == 2
    unkept = Results([ROW])
    unkept.add(row(seed=5))
    assert len(unkept) == 2 and len(Results.read(path)) == 2


def test_no_run_is_there_twice() -> None:
    table = Results([ROW, row(error=0.5), row(seed=1)])
    assert [(r.seed, r.error) for r in table] == [(0, 0.5), (1, ROW.error)]


def test_files_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    good = Results([ROW]).write(path).read_text()
    for text, message in [
        (good.replace("version 1.0", "version 2.0"), "no table of results that this release reads"),
        (good.replace(Results.first_line(), "design"), "no table of results that this release reads"),
        ("", "no table of results that this release reads"),
        (good.replace(",seed,", ",sead,", 1), "line 3 is broken"),
        (good.replace(",60000,", ",many,"), "line 3 is broken"),
        (
            good + "small,named,MNIST,test,1,60000,8\n",
            r"line 4 is broken(.|\n)*results.csv(.|\n)*delete that line; its run will be done again",
        ),
        (good + good.splitlines()[2].replace("small", "best") + "\n" + "small,named,MNI", "line 5 is broken"),
    ]:
        assert text != good
        path.write_text(text)
        with pytest.raises(DataError, match=message) as raised:
            Results.read(path)
        assert str(raised.value).count("error[") == 1
        with pytest.raises(DataError):
            Results.open(path)
    with pytest.raises(DataError, match="cannot be read"):
        Results.read(tmp_path / "none.csv")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="cannot be read"):
        Results.read(path)
    path.write_text(good.replace("version 1.0", "version 1.7"))
    assert len(Results.read(path)) == 1


@pytest.mark.parametrize("end", ["without the last cell", "with the next row on it"])
def test_a_line_cut_in_its_last_cells_is_broken_too(end: str, tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    text = Results([ROW, row(seed=1)]).write(path).read_text().rstrip("\n")
    path.write_text(text[: text.rindex(",12.75") + 3] if end == "without the last cell" else text + text.splitlines()[2] + "\n")
    with pytest.raises(DataError, match="line 4 is broken"):
        Results.read(path)


def test_summary_by_hand() -> None:
    rows = [row(seed=s, error=e, first_error=f) for s, e, f in [(0, 0.01, 0.05), (1, 0.03, 0.07), (2, 0.02, 0.06)]]
    once = row(passes=1, error=0.04, first_error=nan)
    other = row(design="best", error=0.005, first_error=0.02)
    many, one, best = Results([rows[0], once, rows[1], other, rows[2]]).summary()
    assert many.rows == tuple(rows) and many.first is rows[0]
    assert [many.error, many.sd, many.first_error] == pytest.approx([0.02, 0.01, 0.06])
    assert one.error == one.first_error == 0.04 and math.isnan(one.sd), "after one pass the first error is the error"
    assert best.first.design == "best" and best.first_error == 0.02
    apart: list[dict[str, Any]] = [{"data": "F"}, {"part": "validation"}, {"images": 9}, {"passes": 1}, {"jitter": 0}, {"design": "best"}]
    assert len(Results([ROW, *(row(**change) for change in apart)]).summary()) == 7
    assert Results().summary() == []
