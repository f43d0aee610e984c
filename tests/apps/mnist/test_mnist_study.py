"""Studies of designs × seeds: parts of a set, rows, resume, files, sizes, tables."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mnist_cases import CLASSIC, MARGIN, TALLY, TWO, shape_set
from PIL import Image

from neutnngen.apps.mnist import study, write
from neutnngen.apps.mnist.build import build
from neutnngen.apps.mnist.learn import BLOCK, fit
from neutnngen.apps.mnist.model import load_model
from neutnngen.apps.mnist.results import Results, Row
from neutnngen.apps.mnist.study import Split, Task, confusion, run_study, run_task, silicon_of, synapses_by_stage, weight_bits
from neutnngen.apps.mnist.write import HEADER, continual_rows, markdown, smoothed, write_study
from neutnngen.data import ImageSet
from neutnngen.errors import ConfigError

SET = shape_set(240, 60)
DATA = Split.of(SET)


# Parts of a set


def numbered(train: int, test: int) -> ImageSet:
    """Every image has a number of its own."""
    images = np.zeros((train + test, 2, 2), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(train + test) // 256, np.arange(train + test) % 256
    labels = (np.arange(train + test) % 4).astype(np.uint8)
    return ImageSet("Numbered", images[:train], labels[:train], images[train:], labels[train:], "made by the test")


def numbers(images: np.ndarray) -> list[int]:
    return [int(image[0, 0]) * 256 + int(image[0, 1]) for image in images]


def test_test_part() -> None:
    data = Split.of(numbered(300, 50))
    assert (data.name, data.part, data.classes) == ("Numbered", "test", 4)
    assert numbers(data.train_images) == list(range(300)) and numbers(data.images) == list(range(300, 350))
    assert data.train_labels.dtype == data.labels.dtype == np.int64
    assert np.array_equal(data.labels, np.arange(300, 350) % 4)


@pytest.mark.parametrize("images", [None, 1, 100, 260])
def test_validation_has_no_test_image_and_does_not_overlap(images: int | None) -> None:
    data = Split.of(numbered(300, 50), "validation", images, held=40)
    learned, held = numbers(data.train_images), numbers(data.images)
    assert held == list(range(260, 300)) and learned == list(range(260 if images is None else images))
    assert not set(learned) & set(held) and max(held) < 300
    assert np.array_equal(data.train_labels, np.array(learned) % 4) and np.array_equal(data.labels, np.array(held) % 4)
    assert data.part == "validation"


def test_parts_that_are_refused() -> None:
    data = numbered(300, 50)
    with pytest.raises(ConfigError, match=r"no part of this name(.|\n)*train(.|\n)*test, validation"):
        Split.of(data, "train")
    with pytest.raises(ConfigError, match=r"too few images to hold some back(.|\n)*300 training images, 10000"):
        Split.of(data, "validation")
    for images, part, most in ((0, "test", 300), (301, "test", 300), (261, "validation", 260)):
        with pytest.raises(ConfigError, match=rf"number of images is out of range(.|\n)*{images}(.|\n)*1 … {most}"):
            Split.of(data, part, images, held=40)


@pytest.mark.parametrize("held", [0, -1])
def test_at_least_one_image_is_held_back(held: int) -> None:
    with pytest.raises(ConfigError):
        Split.of(numbered(30, 5), "validation", held=held)


# Runs


def test_a_task_has_the_key_of_its_row(tmp_path: Path) -> None:
    for task in (Task(MARGIN), Task(replace(MARGIN, passes=2, jitter=1)), Task(replace(MARGIN, passes=2), passes=1, jitter=1)):
        row = run_task(task, DATA, 3, tmp_path / f"{task.training}")
        assert row.key == task.key(DATA, 3) and (row.passes, row.jitter) == task.training
    assert Task(MARGIN, jitter=0, passes=5).training == (5, 0) and Task(replace(MARGIN, jitter=2), jitter=0).training == (1, 0)


def test_a_row_says_what_was_measured(tmp_path: Path) -> None:
    row = run_task(Task(MARGIN, "mine", passes=2, jitter=1), DATA, 1, tmp_path)
    made = fit(MARGIN, DATA.train_images, DATA.train_labels, 3, 1, passes=2, jitter=1)
    assert made.first is not None
    assert (row.design, row.family, row.data, row.part, row.seed) == ("margin", "mine", "Shapes", "test", 1)
    assert (row.images, row.passes, row.jitter, row.synapses) == (240, 2, 1, made.model.design.synapses)
    assert row.error == made.model.error(DATA.images, DATA.labels) < 0.3
    assert row.first_error == made.first.error(DATA.images, DATA.labels)
    assert row.silent == 0 and row.learn_seconds > 0 and row.images_per_second > 0
    assert row.weight_bits == weight_bits(made.model.design) and row.area > 0 and row.leakage > 0 and row.energy > 0
    assert (row.area, row.leakage, row.energy, row.silicon) == silicon_of(made.model.design)
    assert load_model(tmp_path).design.fingerprint() == made.model.design.fingerprint()
    with np.load(tmp_path / "answers.npz") as answers:
        assert np.array_equal(answers["named"], made.model.predict(DATA.images)) and np.array_equal(answers["true"], DATA.labels)
        assert row.error == float(np.mean(answers["named"] != answers["true"]))
    curve = json.loads((tmp_path / "curve.json").read_text())
    assert curve["watched"] == [] and curve["online"] == [[BLOCK, made.blocks[0]]]
    once = run_task(Task(MARGIN), DATA, 1, tmp_path / "once")
    assert math.isnan(once.first_error) and once.error == row.first_error


def test_images_without_an_answer_are_wrong_and_counted(tmp_path: Path) -> None:
    data = replace(DATA, images=np.concatenate([np.zeros((30, 10, 10), np.uint8), DATA.images[:30]]))
    code = replace(CLASSIC.code, kind="intensity")
    row = run_task(Task(replace(CLASSIC, code=code)), data, 0, tmp_path)
    assert row.silent == 0.5 and row.error >= 0.5


def test_validation_watches_what_is_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "WATCHED", 20)
    data = Split.of(SET, "validation", held=60)
    row = run_task(Task(MARGIN, passes=2), data, 0, tmp_path)
    curve = json.loads((tmp_path / "curve.json").read_text())
    assert row.part == "validation" and row.images == 180
    assert [seen for seen, _ in curve["watched"]] == [180, 360]
    expected = float(np.mean(load_model(tmp_path).predict(data.images[:20]) != data.labels[:20]))
    assert curve["watched"][-1][1] == expected


def row_of(task: Task, data: Split, seed: int) -> Row:
    """A row as if it had been measured."""
    named = {"design": task.blueprint.name, "family": task.family, "data": data.name, "part": data.part, "seed": seed}
    named |= {"images": len(data.train_images), "passes": task.training[0], "jitter": task.training[1], "silicon": ""}
    kinds = {"int": 0, "float": 0.5}
    return Row(**{f.name: named.get(f.name, kinds.get(str(f.type))) for f in fields(Row)})  # type: ignore[arg-type]


def test_nothing_is_done_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int]] = []

    def measured(task: Task, data: Split, seed: int, folder: Path, progress: object = None) -> Row:
        calls.append((task.blueprint.name, seed))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return row_of(task, data, seed)

    monkeypatch.setattr(study, "run_task", measured)
    file, tasks = tmp_path / "results.csv", [Task(MARGIN), Task(TALLY, passes=3)]
    with pytest.raises(KeyboardInterrupt):
        run_study(tasks, DATA, 2, Results.open(file), tmp_path)
    assert [(r.design, r.seed) for r in Results.read(file)] == [("margin", 0), ("margin", 1)], "each row as soon as it is there"
    told: list[tuple[int, int]] = []
    done = run_study(tasks, DATA, 2, Results.open(file), tmp_path, lambda *event: told.append(event))
    assert calls == [("margin", 0), ("margin", 1), ("tally", 0), ("tally", 0), ("tally", 1)]
    assert len(done) == 4 and told[-1] == (2 * (240 + 720), 2 * (240 + 720))
    run_study(tasks, DATA, 2, Results.open(file), tmp_path)
    assert len(calls) == 5
    for other in (replace(DATA, name="Others"), replace(DATA, part="validation")):
        run_study([Task(MARGIN)], other, 1, Results.open(file), tmp_path)
    run_study([Task(MARGIN, passes=2), Task(MARGIN, jitter=1)], DATA, 1, Results.open(file), tmp_path)
    assert calls[5:] == [("margin", 0)] * 4, "another set, part or training is another run"


def test_progress_of_a_study(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    run_study([Task(MARGIN, passes=2), Task(CLASSIC)], DATA, 2, Results(), tmp_path, lambda *event: told.append(event))
    done = [n for n, _ in told]
    assert done == sorted(done) and {total for _, total in told} == {2 * 3 * 240} and done[-1] == 1440
    assert {240, 480, 720, 960, 1200, 1440} <= set(done)


def test_seeds_must_be_one_or_more(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="number of seeds"):
        run_study([Task(MARGIN)], DATA, 0, Results(), tmp_path)


def test_another_set_in_the_same_folder_is_learned_anew(tmp_path: Path) -> None:
    """As in ``--data MNIST`` and then ``--data FashionMNIST``, of as many images."""
    other = replace(DATA, name="Turned", train_labels=(DATA.train_labels + 1) % 3, labels=(DATA.labels + 1) % 3)
    run_study([Task(MARGIN)], DATA, 1, Results(), tmp_path)
    row = next(iter(run_study([Task(MARGIN)], other, 1, Results(), tmp_path)))
    assert row.error == run_task(Task(MARGIN), other, 0, tmp_path / "elsewhere").error < 0.3


# Sizes


def test_weight_bits_by_hand() -> None:
    images, labels = DATA.train_images, DATA.train_labels
    design = build(MARGIN, images, labels, 3, 0)  # 4 windows × 2 dendrites × 6 segments × 15 places × 2 lines, of 3 bits; 48 × 3 of 8
    assert synapses_by_stage(design) == [1440, 144] and weight_bits(design) == 3 * 1440 + 8 * 144
    design = build(TALLY, images, labels, 3, 0)  # 4 columns × 3 neurons × 3 segments × 50, and one fixed synapse a neuron
    assert synapses_by_stage(design) == [1800, 12] and weight_bits(design) == 3 * 1800 + 12
    two = build(TWO, images, labels, 3, 0)
    assert synapses_by_stage(two) == [16 * 6 * 32, 4 * 8 * 54, 32 * 3] and sum(synapses_by_stage(two)) == two.synapses
    mask = two.state.layers[0].distal_mask.copy()
    mask[0] = False
    layer = replace(two.state.layers[0], distal_mask=mask, distal=two.state.layers[0].distal * mask)
    pruned = two.with_state(replace(two.state, layers=(layer, two.state.layers[1])))
    assert synapses_by_stage(pruned)[0] == 15 * 6 * 32, "a pruned synapse is not there (S4)"


def test_silicon_grows_with_the_network() -> None:
    images, labels = DATA.train_images, DATA.train_labels
    small = silicon_of(build(MARGIN, images, labels, 3, 0))
    twice = silicon_of(build(replace(MARGIN, layers=(replace(MARGIN.layers[0], segments=12),)), images, labels, 3, 0))
    assert small[3] == "ESTIMATED, NanGate45"
    assert all(1.3 < b / a < 2.7 for a, b in zip(small[:3], twice[:3], strict=True))
    assert 0.001 < small[0] < 1, "a thousand synapses take less than a square millimetre"


def test_confusion_by_hand() -> None:
    true, named = np.array([0, 0, 1, 2, 2, 2, 1]), np.array([0, 1, 1, 2, 0, -1, 1])
    made = confusion(named.astype(np.int16), true, 4)
    assert made.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]] and made.dtype == np.int64
    assert confusion(np.array([-1]), np.array([0]), 2).sum() == 0


# What is written


def test_markdown() -> None:
    base = replace(row_of(Task(MARGIN), DATA, 0), synapses=315_810, images_per_second=1000.0, area=3.254, energy=1234.6)
    rows = [replace(base, error=0.0123, first_error=0.02), replace(base, seed=1, error=0.0143, first_error=0.03, images_per_second=3000.0)]
    alone = replace(base, design="other", error=0.1, first_error=math.nan, area=math.nan, energy=math.nan)
    lines = markdown(Results([*rows, alone]).summary()).splitlines()
    assert len(lines) == 4 and {line.count("|") for line in lines} == {len(HEADER) + 1}
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert tuple(cells[0]) == HEADER and set(cells[1]) == {"---"}
    assert cells[2] == ["margin", "315,810", "2.50 %", "1.33 % ± 0.14", "2", "2,000", "3.25", "1,235"]
    assert cells[3] == ["other", "315,810", "10.00 %", "10.00 %", "1", "1,000", "–", "–"]


def test_files_of_a_study(tmp_path: Path) -> None:
    tasks = [Task(MARGIN, "dendrites"), Task(CLASSIC, "classic columns")]
    results = run_study(tasks, DATA, 2, Results.open(tmp_path / "results.csv"), tmp_path)
    files = write_study(results, DATA, tmp_path)
    names = ["table.md", "pareto.png", "families.png"]
    names += [f"{kind}-{design}.png" for design in ("margin", "classic_one") for kind in ("confusion", "mistakes")]
    assert [f.name for f in files] == [*names, "curves.png"] and all(f.is_file() for f in files)
    for picture in files[1:]:
        assert np.asarray(Image.open(picture).convert("L")).min() < 150
    assert (tmp_path / "table.md").read_text() == markdown(results.summary())
    few = write_study(Results(r for r in results if r.design == "margin"), DATA, tmp_path, pictures=False)
    assert [f.name for f in few] == ["table.md", "pareto.png", "curves.png"]


def catch_confusions(drawn: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the counts instead of drawing them."""

    def plot(counts: np.ndarray, classes: tuple[str, ...], path: Path, title: str) -> Path:
        drawn.append(counts)
        return path

    monkeypatch.setattr(write, "plot_confusion", plot)


def test_pictures_are_of_the_images_of_their_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[np.ndarray] = []
    catch_confusions(drawn, monkeypatch)
    results = run_study([Task(MARGIN)], DATA, 1, Results(), tmp_path)
    write_study(results, DATA, tmp_path)
    row = next(iter(results))
    assert drawn[0].sum() == 60 and 1 - np.trace(drawn[0]) / 60 == pytest.approx(row.error)


def test_pictures_are_of_the_run_of_their_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with one pass, then with three, then the first again, whose rows are in the file."""
    drawn: list[np.ndarray] = []
    catch_confusions(drawn, monkeypatch)
    data = replace(DATA, train_images=DATA.train_images[:20], train_labels=DATA.train_labels[:20])
    once = run_study([Task(MARGIN, passes=1)], data, 1, Results(), tmp_path)
    more = run_study([Task(MARGIN, passes=4)], data, 1, Results(), tmp_path)
    first, last = next(iter(once)), next(iter(more))
    assert first.error != last.error
    write_study(once, data, tmp_path)
    assert all(1 - np.trace(counts) / 60 == pytest.approx(first.error) for counts in drawn)


def test_smoothed_curves_by_hand() -> None:
    curve = [(100 * n, n / 10) for n in range(1, 8)]
    assert smoothed(curve, 2.0) == [
        (100, 0.1),
        (200, 0.2),
        (400, pytest.approx(0.35)),
        (700, pytest.approx(0.6)),  # the last blocks, fewer than the ratio asks for
    ]
    assert smoothed(curve, 1.0) == curve and smoothed([]) == []
    points = smoothed([(500 * n, 0.1) for n in range(1, 121)])
    assert all(b[0] >= 1.3 * a[0] for a, b in pairwise(points[:-1])) and len(points) < 20 and points[-1][0] == 60_000


def test_continual_rows_by_hand() -> None:
    runs = {"ours": {"right_after": 0.9, "end": 0.05, "back_after": 1500}, "frozen": {"right_after": 0.9, "end": 0.8, "back_after": None}}
    summary = {"phases": [{"name": "as it is", "runs": {"ours": {"end": 0.04}}}, {"name": "transposed", "runs": runs}]}
    assert continual_rows("small", summary) == [
        ["small", "ours", "as it is", "–", "4.00 %", "–"],
        ["small", "ours", "transposed", "90.00 %", "5.00 %", "1,500 images"],
        ["small", "frozen", "transposed", "90.00 %", "80.00 %", "not"],
    ]
