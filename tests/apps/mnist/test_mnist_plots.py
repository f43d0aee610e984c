"""The pictures: that they are drawn, nothing is cut off, and they show what they were given."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from neutnngen.apps.mnist.continual import ContinualResult, Phase, Run
from neutnngen.apps.mnist.plots import Mark, pareto, plot_curves, plot_families, plot_pareto
from neutnngen.apps.mnist.plots_answers import plot_confusion, plot_mistakes
from neutnngen.apps.mnist.plots_stream import plot_continual
from neutnngen.apps.mnist.results import Results, Row, Summary
from neutnngen.errors import ConfigError
from pictures import ink

DIGITS = [str(n) for n in range(10)]
DESIGNS = {
    "dendrites": {"tiny": (2e4, 0.05), "small": (6e4, 0.033), "medium": (2.1e5, 0.0215), "medium_b": (2.4e5, 0.0214)},
    "classic": {"narrow": (7e4, 0.078), "wide": (6e5, 0.047)},
}


def row(design: str, family: str, seed: int, synapses: int, error: float, cost: float, **others: object) -> Row:
    values = {"data": "MNIST", "part": "test", "images": 60000, "passes": 1, "jitter": 0, "silicon": "ESTIMATED, NanGate45", **others}
    area, energy = 2e-6 * synapses * cost, 3e-4 * synapses * cost
    made = {"weight_bits": 3 * synapses, "first_error": math.nan, "silent": 0.0, "learn_seconds": 1.0, "images_per_second": 900.0}
    costs = {"area": area, "leakage": 0.1, "energy": energy}
    return Row(design=design, family=family, seed=seed, synapses=synapses, error=error, **made, **costs, **values)  # type: ignore[arg-type]


def summaries(cost: float = 1.0, seeds: int = 3) -> list[Summary]:
    """Errors of a seed lie 2 % of the error apart."""
    rows = [
        row(name, family, seed, int(synapses), error * (1 + 0.02 * (seed - (seeds - 1) / 2)), cost)
        for family, designs in DESIGNS.items()
        for name, (synapses, error) in designs.items()
        for seed in range(seeds)
    ]
    return Results(rows).summary()


def notes(axes: object) -> dict[str, Annotation]:
    return {text.get_text(): text for text in axes.texts}  # type: ignore[attr-defined]


def line(axes: object, label: str) -> tuple[list[float], list[float]]:
    (found,) = [one for one in axes.lines if one.get_label() == label]  # type: ignore[attr-defined]
    return list(found.get_xdata()), list(found.get_ydata())


def test_pareto_front_by_hand() -> None:
    points = [(3.0, 0.2), (1.0, 0.5), (2.0, 0.5), (2.0, 0.3), (4.0, 0.2), (5.0, 0.1), (2.0, 0.3)]
    assert pareto(points) == [1, 3, 0, 5], "as good at higher cost is not on it; of two alike the first is"
    assert pareto([]) == []
    rng = np.random.default_rng(0)
    cloud = [(float(x), float(y)) for x, y in rng.integers(0, 12, (60, 2))]
    front = pareto(cloud)
    for n, (x, y) in enumerate(cloud):
        beaten = any(a <= x and b <= y and (a, b) != (x, y) for a, b in cloud)
        assert (n in front) == (not beaten and cloud.index((x, y)) == n)


def test_pareto_has_three_panels_with_front_and_names(tmp_path: Path, drawn: list[Figure]) -> None:
    given = summaries()
    path = plot_pareto(
        given, tmp_path / "deep" / "pareto.png", targets={"two": 0.02}, published=[Mark("theirs", 0.03, synapses=1e5, energy=9.0)]
    )
    assert ink(path) > 0.02
    figure = drawn[0]
    assert [axes.get_xlabel() for axes in figure.axes] == ["synapses", "estimated cell area, mm²", "estimated energy per image, nJ"]
    assert [axes.get_xscale() for axes in figure.axes] == ["log"] * 3
    assert figure.axes[0].get_yscale() == "log"
    expected = [s for s in given if s.first.family == "dendrites"]
    for axes, cost in zip(figure.axes, ("synapses", "area", "energy"), strict=True):
        xs, ys = line(axes, "Pareto front")
        assert xs[::2] == pytest.approx([getattr(s.first, cost) for s in expected])
        assert ys[::2] == pytest.approx([s.error for s in expected])
        assert ys[1::2] == ys[:-1:2], "the front falls only where the next design is reached"
        wanted = (
            {"tiny", "small", "medium", "medium_b"} | ({"theirs"} if cost != "area" else set()) | ({"two"} if cost == "energy" else set())
        )
        assert set(notes(axes)) == wanted
        assert [ln.get_ydata()[0] for ln in axes.lines if len(set(ln.get_ydata())) == 1 and ln.get_xdata()[0] == 0] == [0.02]
    assert "area and energy: ESTIMATED, NanGate45" in figure.get_supxlabel()
    assert "3 seeds" in figure.get_supxlabel()
    labels = [t.get_text() for t in figure.legends[0].get_texts()]
    assert set(labels) == {"Pareto front", "dendrites", "classic", "of others, as published"}


def test_bars_are_the_deviation_over_the_seeds(tmp_path: Path, drawn: list[Figure]) -> None:
    given = summaries()
    plot_pareto(given, tmp_path / "pareto.png")
    plot_families(given, tmp_path / "families.png")
    for figure in drawn:
        bars = [c for c in figure.axes[0].containers if c.has_yerr]
        assert len(bars) == 2
        ends = [segment[:, 1] for bar in bars for segment in bar.lines[2][0].get_segments()]
        spread = {round(s.error, 9): s.sd for s in given}
        assert len(ends) == len(given)
        for low, high in ends:
            assert (high - low) / 2 == pytest.approx(spread[round((low + high) / 2, 9)])
            assert (high - low) / 2 == pytest.approx(0.02 * (low + high) / 2)


def test_families_and_markers_differ_without_colour(tmp_path: Path, drawn: list[Figure]) -> None:
    assert ink(plot_families(summaries(), tmp_path / "families.png")) > 0.01
    axes = drawn[0].axes[0]
    lines = {one.get_label(): one for one in axes.lines if one.get_label() in DESIGNS}
    assert lines["dendrites"].get_marker() != lines["classic"].get_marker()
    for family, designs in DESIGNS.items():
        assert list(lines[family].get_xdata()) == [synapses for synapses, _ in designs.values()]
    assert set(notes(axes)) == {name for designs in DESIGNS.values() for name in designs}


def test_names_do_not_overlap(tmp_path: Path, drawn: list[Figure]) -> None:
    """A crowd: twelve designs on the front within a third of a decade."""
    rows = [row(f"design_{n:02}", "dendrites", 0, int(1e5 * 1.06**n), 0.05 * 0.93**n, 1.0) for n in range(12)]
    plot_pareto(Results(rows).summary(), tmp_path / "crowd.png")
    figure = drawn[0]
    figure.draw_without_rendering()
    for axes in figure.axes:
        plain = []
        for text in notes(axes).values():
            text.arrow_patch = None  # the name itself, without its line
            plain.append(text.get_window_extent())
        assert len(plain) == 12
        assert not [pair for pair in itertools.combinations(plain, 2) if pair[0].overlaps(pair[1])]
        room = axes.get_window_extent()
        assert all(room.x0 <= b.x0 and b.x1 <= room.x1 and room.y0 <= b.y0 and b.y1 <= room.y1 for b in plain)


def test_panels_without_data_are_left_out(tmp_path: Path, drawn: list[Figure]) -> None:
    plot_pareto(summaries(cost=math.nan), tmp_path / "one.png")
    assert [axes.get_xlabel() for axes in drawn[0].axes] == ["synapses"]
    assert "area" not in drawn[0].get_supxlabel()
    plot_pareto(summaries(seeds=1)[:1], tmp_path / "single.png")
    assert ink(tmp_path / "single.png") > 0.003
    assert "one seed" in drawn[1].get_supxlabel()


def test_twins_are_told_apart(tmp_path: Path, drawn: list[Figure]) -> None:
    rows = [row("same", "dendrites", 0, 1000 + passes, 0.1 / passes, 1.0, passes=passes) for passes in (1, 5)]
    plot_families(Results(rows).summary(), tmp_path / "twins.png")
    assert set(notes(drawn[0].axes[0])) == {"same (1 pass)", "same (5 passes)"}


def test_different_images_are_not_compared(tmp_path: Path) -> None:
    mixed = Results([row("a", "x", 0, 10, 0.1, 1.0), row("a", "x", 0, 10, 0.1, 1.0, part="validation")]).summary()
    for plot in (plot_pareto, plot_families):
        with pytest.raises(ConfigError, match="different images"):
            plot(mixed, tmp_path / "no.png")
        with pytest.raises(ConfigError, match="no finished run"):
            plot([], tmp_path / "no.png")
    assert not list(tmp_path.iterdir())


def test_curves_are_drawn_with_the_best_first(tmp_path: Path, drawn: list[Figure]) -> None:
    curves = {f"d{n}": [(x, 0.5 * (x / 500) ** (-0.1 * n - 0.1)) for x in (8000, 500, 1000, 60000)] for n in range(9)}
    assert ink(plot_curves({**curves, "empty": []}, tmp_path / "curves.png")) > 0.02
    axes = drawn[0].axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    names = [t.get_text().split()[0] for t in drawn[0].legends[0].get_texts()]
    assert names == [f"d{n}" for n in reversed(range(9))]
    assert line(axes, "d3")[0] == [500, 1000, 8000, 60000]
    looks = {(ln.get_color(), ln.get_marker(), str(ln.get_linestyle())) for ln in axes.lines}
    assert len(looks) == len({look[1:] for look in looks}) == 9, "each is told from the others without colour too"
    with pytest.raises(ConfigError, match="no curve"):
        plot_curves({"empty": []}, tmp_path / "none.png")


def test_confusion_shows_counts_and_errors(tmp_path: Path, drawn: list[Figure]) -> None:
    matrix = np.array([[90, 8, 2], [0, 50, 0], [1, 0, 3]])
    assert ink(plot_confusion(matrix, ["a", "b", "c"], tmp_path / "c.png", "three")) > 0.05
    cells, side = drawn[0].axes
    assert [t.get_text() for t in cells.texts] == ["90", "8", "2", "", "50", "", "1", "", "3"]
    assert cells.get_title(loc="left") == "three: 11 of 154 wrong, 7.14 %"
    heat = np.asarray(cells.images[0].get_array())
    assert (np.diag(heat) == 0).all(), "right ones are not what one sees"
    assert heat.argmax() == 1
    assert [t.get_text() for t in side.texts] == ["10.0 %", "0.00 %", "25.0 %"]
    assert [bar.get_width() for bar in side.patches] == pytest.approx([10, 0, 25])


def test_confusion_with_images_that_got_no_class(tmp_path: Path, drawn: list[Figure]) -> None:
    plot_confusion(np.array([[4, 0, 1], [0, 0, 0]]), ["left boot", "right boot"], tmp_path / "c.png")
    cells, side = drawn[0].axes
    assert [t.get_text() for t in cells.get_xticklabels()] == ["left boot", "right boot", "none"]
    assert [t.get_text() for t in side.texts] == ["20.0 %", "no image"]
    with pytest.raises(ConfigError, match="do not fit the classes"):
        plot_confusion(np.zeros((3, 2), dtype=int), ["a", "b"], tmp_path / "no.png")


def test_mistakes_are_shown_with_both_names(tmp_path: Path, drawn: list[Figure]) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 8, 8)).astype(np.uint8)
    labels = np.arange(60) % 10
    predictions = labels.copy()
    predictions[[3, 17, 44]] = (9, -1, 0)
    assert ink(plot_mistakes(images, labels, predictions, DIGITS, tmp_path / "m.png")) > 0.2
    shown = {a.get_title(): np.asarray(a.images[0].get_array()) for a in drawn[0].axes if a.images}
    assert list(shown) == ["3 → 9", "4 → 0", "7 → none"]
    for title, number in (("3 → 9", 3), ("7 → none", 17), ("4 → 0", 44)):
        assert np.array_equal(shown[title], images[number])
    assert "3 mistakes among 60 images" in drawn[0].get_suptitle()


def test_many_mistakes_and_none(tmp_path: Path, drawn: list[Figure]) -> None:
    images, labels = np.zeros((200, 4, 4), dtype=np.uint8), np.repeat(np.arange(10), 20)
    plot_mistakes(images, labels, (labels + 1) % 10, DIGITS, tmp_path / "many.png", most=20)
    titles = [a.get_title() for a in drawn[0].axes if a.images]
    assert len(titles) == 20
    assert {t[0] for t in titles} == set(DIGITS), "they are of the whole set, not its beginning"
    assert drawn[0].get_suptitle().startswith("20 of 200 mistakes")
    plot_mistakes(images, labels, labels, DIGITS, tmp_path / "none.png")
    assert drawn[1].get_suptitle() == "no mistakes among 200 images"
    with pytest.raises(ConfigError, match="prediction"):
        plot_mistakes(images, labels, labels[1:], DIGITS, tmp_path / "no.png")
    with pytest.raises(ConfigError, match="most"):
        plot_mistakes(images, labels, labels, DIGITS, tmp_path / "no.png", most=0)


def test_continual_shows_three_networks_and_where_learning_is_back(tmp_path: Path, drawn: list[Figure]) -> None:
    phases = (Phase("as they are", 0, 40, False, False), Phase("transposed", 40, 60, True, False), Phase("swapped", 60, 80, True, True))
    learning = np.array([0.9, 0.1, 0.7, 0.3, 0.105, 0.8, 0.4, 0.3])
    runs = {
        "learning": Run(np.array([0.8, 0.2, 0.5, 0.4, 0.6, 0.3]), learning, learning),
        "frozen": Run(np.full(6, 0.7), np.full(8, 0.7), np.full(8, 0.1)),
        "fresh": Run(np.full(6, 0.4), np.full(8, 0.4), np.full(8, 0.0)),
    }
    blocks, looks, worlds = (
        np.array([20, 40, 50, 60, 70, 80]),
        np.array([0, 40, 40, 50, 60, 60, 70, 80]),
        np.array([0, 0, 1, 1, 1, 2, 2, 2]),
    )
    result = ContinualResult("d", 0, 10, 10, 100, (1, 0), phases, blocks, looks, worlds, runs)
    assert ink(plot_continual(result, tmp_path / "stream.png", "a title")) > 0.02
    stream, present, _ = drawn[0].axes
    assert line(present, "learning is back") == ([60], [0.105])
    assert line(present, "learning throughout")[1] == [0.8, 0.4, 0.3]
    assert line(stream, "frozen at the first change")[0] == [70, 80]
    changes = [ln.get_xdata()[0] for ln in stream.lines if len(ln.get_xdata()) == 2 and ln.get_xdata()[0] == ln.get_xdata()[1]]
    assert changes == [40, 60]
    assert {"as they are", "transposed", "swapped"} == set(notes(stream))
    assert drawn[0].get_suptitle() == "a title"
