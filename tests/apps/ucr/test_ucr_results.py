"""Tables of results: what a row says, files that can be stopped and resumed, summaries and their text."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from neutnngen.apps.ucr.results import COLUMNS, FIRST_LINE, ResultRow, ResultTable
from neutnngen.apps.ucr.scores import Scores
from neutnngen.apps.ucr.tables import DESIGN_POINTS, markdown, means, rich_rows
from neutnngen.errors import ConfigError, DataError


def row(dataset: str, method: str, seed: int, ari: float, rand: float = 0.6, reason: str = "", protocol: str = "all") -> ResultRow:
    return ResultRow(dataset, method, protocol, seed, 40, 8, 2, Scores(rand, ari, ari / 2), 2, 0.6, 1, reason, 0.25, 'a "note", with comma')


def missing(dataset: str, method: str) -> ResultRow:
    return ResultRow.not_run((dataset, method, "all", 0), 40, 8, 2, "not run (too slow)")


def cells_of(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_row_of_a_run() -> None:
    classes, labels = np.repeat(["x", "y"], [90, 10]), np.zeros(100, dtype=np.int64)
    labels[0] = -1
    made = ResultRow.of(("Wafer", "column", "all", 3), 152, 2, classes, labels, 1.5, "n")
    assert (made.dataset, made.method, made.protocol, made.seed, made.series, made.length) == ("Wafer", "column", "all", 3, 100, 152)
    assert (made.groups, made.largest_share, made.unassigned, made.degenerate) == (1, 0.99, 1, "1 of 2 groups")
    assert made.scores == Scores.of(classes, labels) and (made.seconds, made.note) == (1.5, "n")


def test_file_round_trip_is_exact(tmp_path: Path) -> None:
    rows = [row("Beef", "kmeans", s, 0.1 + s / 3, reason="2 of 5 groups" if s else "") for s in range(3)] + [missing("Wafer", "dtw")]
    path = ResultTable(rows).write(tmp_path / "deep" / "table.csv")
    assert path.read_text().splitlines()[:2] == ["# format: neutnngen-ucr-results, version 1.0", ",".join(COLUMNS)]
    assert list(ResultTable.read(path)) == rows
    assert path.read_bytes() == ResultTable.read(path).write(tmp_path / "again.csv").read_bytes()


def test_resume_after_a_stop(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    table = ResultTable.open(path)
    table.add(row("Beef", "kmeans", 0, 0.1))
    assert list(ResultTable.read(path)) == list(table), "a row is in the file as soon as it is added"
    resumed = ResultTable.open(path)
    assert resumed.has("Beef", "kmeans", "all", 0)
    assert not any(
        resumed.has(*key) for key in [("Beef", "kmeans", "all", 1), ("Beef", "kmeans", "train2test", 0), ("Car", "kmeans", "all", 0)]
    )
    resumed.add(missing("Wafer", "dtw"))
    assert resumed.has("Wafer", "dtw", "all", 0)
    with pytest.raises(ConfigError, match="has this run already"):
        resumed.add(row("Beef", "kmeans", 0, 0.9))
    assert list(ResultTable.read(path)) == list(resumed) and len(resumed) == 2


def test_files_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    good = ResultTable([row("Beef", "kmeans", 0, 0.1)]).write(path).read_text()
    for text, message in [
        (good.replace("version 1.0", "version 2.0"), "no table of results"),
        (good.replace(FIRST_LINE, "dataset"), "no table of results"),
        (good.replace(",seed,", ",sead,", 1), "unknown column 'sead'(.|\n)*did you mean 'seed'"),
        (good.replace(",note\n", ",note,more\n"), "unknown column 'more'"),
        (good.replace(",note\n", "\n"), "incomplete or mixed up"),
        (good.replace(",40,8,", ",forty,8,"), "line 3 is broken"),
        (good + "Beef,kmeans,all,1,40,8\n", "line 4 is broken(.|\n)*delete that line"),
    ]:
        assert text != good
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            ResultTable.read(path)
    with pytest.raises(DataError, match="cannot be read"):
        ResultTable.read(tmp_path / "none.csv")
    path.write_text(good.replace("version 1.0", "version 1.7"))
    assert len(ResultTable.read(path)) == 1


def test_summary_by_hand() -> None:
    table = ResultTable([row("Beef", "a", s, ari, reason=r) for s, ari, r in [(0, 0.1, ""), (1, 0.3, "one group only"), (2, 0.2, "")]])
    table.add(row("Car", "a", 0, 0.5))
    table.add(missing("Wafer", "a"))
    beef, car = table.summary()
    assert (beef.dataset, beef.method, beef.runs) == ("Beef", "a", 3)
    assert (beef.adjusted_rand.mean, beef.adjusted_rand.sd) == (pytest.approx(0.2), pytest.approx(0.1))
    assert (beef.nmi.mean, beef.rand.mean, beef.rand.sd) == (pytest.approx(0.1), pytest.approx(0.6), pytest.approx(0))
    assert beef.degenerate == pytest.approx(1 / 3) and beef.seconds == 0.25
    assert car.runs == 1 and math.isnan(car.adjusted_rand.sd)
    table.add(row("Beef", "a", 0, 0.9, protocol="train2test"))
    with pytest.raises(ConfigError, match="mixes protocols"):
        table.summary()
    assert [s.adjusted_rand.mean for s in table.only("train2test").summary()] == [0.9]


def table_of_two() -> ResultTable:
    """kmeans on three sets; dtw_kmedoids on two of them, of which one is mostly and one partly degenerate."""
    return ResultTable(
        [
            *(row("Beef", "kmeans", s, 0.10 + s / 100, 0.60) for s in range(2)),
            *(row("Car", "kmeans", s, 0.30, 0.70) for s in range(2)),
            *(row("Wafer", "kmeans", s, 0.01, 0.53) for s in range(2)),
            *(row("Beef", "dtw_kmedoids", s, 0.20, 0.50, "" if s else "2 of 5 groups") for s in range(3)),
            *(row("Car", "dtw_kmedoids", s, 0.25, 0.80, "one group only" if s else "") for s in range(2)),
            missing("Wafer", "dtw_kmedoids"),
        ]
    )


def test_markdown() -> None:
    text = markdown(table_of_two())
    assert text.splitlines()[:2] == ["| set | k-means | k-medoids, DTW |", "| --- | ---: | ---: |"]
    assert cells_of(text, "Beef") == ["**0.600** / 0.105", "0.500 / **0.200** †"]
    assert cells_of(text, "Car") == ["**0.700** / **0.300**", "0.800 / 0.250 ‡"], "a degenerate best is not bold"
    assert cells_of(text, "Wafer") == ["0.530 / 0.010", "–"]
    assert cells_of(text, "mean of 3 sets") == ["0.610 / 0.138", "–"], "no mean over other sets than the rest"
    assert cells_of(text, "mean of the 2 sets that all ran") == ["**0.650** / 0.203", "**0.650** / **0.225** †"]
    assert "at least 95 %" in text and "k-medoids, DTW on Wafer: not run (too slow)." in text
    second = text[text.index("The design points:") :]
    assert cells_of(second, "Wafer") == ["0.530 / 0.010", "–"] and "| Car |" not in second
    assert cells_of(markdown(table_of_two(), {"kmeans": "K"}, spread=True), "Beef")[0] == "**0.600 ± 0.000** / 0.105 ± 0.007"
    assert markdown(table_of_two(), {"kmeans": "K"}).startswith("| set | K |")


def test_markdown_of_all_design_points_and_of_none() -> None:
    seven = ResultTable(row(d, "kmeans", 0, 0.1) for d in DESIGN_POINTS)
    assert "The seven design points:" in markdown(seven)
    assert "design points" not in markdown(ResultTable([row("Car", "kmeans", 0, 0.1)]))


def test_rich_rows_and_means() -> None:
    header, rows = rich_rows(table_of_two())
    assert header == ["set", "k-means", "k-medoids, DTW"] and [r[0] for r in rows][:3] == ["Beef", "Car", "Wafer"]
    assert rows[0] == ["Beef", "[bold]0.600[/bold] / 0.105", "0.500 / [bold]0.200[/bold] †"]
    assert {len(r) for r in rows} == {3}
    assert means(table_of_two(), ["Beef", "Car"])["dtw_kmedoids"] == (pytest.approx(0.65), pytest.approx(0.225))
    assert list(means(table_of_two(), ["Beef", "Wafer"])) == ["kmeans"]
