"""Studies: protocols, resume, methods, files; and the Designs of a set, which score what they say and are what the RTL computes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import need
from neutnngen.apps.ucr.dendrites import as_column
from neutnngen.apps.ucr.designs import save_designs
from neutnngen.apps.ucr.methods import DEFAULT_METHODS, METHODS, Method, method
from neutnngen.apps.ucr.neutnn import Settings, fit_neutnn
from neutnngen.apps.ucr.results import ResultTable
from neutnngen.apps.ucr.scores import Scores
from neutnngen.apps.ucr.study import Task, run_study
from neutnngen.apps.ucr.write import write_study
from neutnngen.data import SeriesSet
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.pipeline import find_design, load_waves, verify_design

QUICK = Settings(pairs=4, epochs=2, restarts=1, layer_epochs=2, rounds=1, layer_restarts=1, segments=2)


def toy(name: str = "Toy", count: int = 60, train: int = 24) -> SeriesSet:
    """Rising and falling series of 32 samples, in turn."""
    rng = np.random.default_rng(4)
    classes = np.arange(count) % 2
    ramp = np.linspace(-1, 1, 32)
    values = np.where(classes[:, None] == 1, ramp, -ramp) + rng.normal(0, 0.2, (count, 32))
    return SeriesSet(name, values, classes.astype(str), "made by the test", train)


def test_protocols_take_the_parts_that_they_name() -> None:
    data = toy()
    both = Task.of(data, "all")
    assert both.fitted.shape == both.labelled.shape == (60, 32) and both.clusters == 2
    apart = Task.of(data, "train2test", clusters=3)
    assert np.array_equal(apart.fitted, data.values[:24]) and np.array_equal(apart.labelled, data.values[24:])
    assert apart.clusters == 3 and np.array_equal(apart.classes, data.labels[24:])


def test_what_cannot_be_scored_is_refused() -> None:
    one_class = SeriesSet("One", np.zeros((4, 20)), np.array(["a"] * 4), "test", 2)
    with pytest.raises(ConfigError, match="one class"):
        Task.of(one_class, "all")
    with pytest.raises(ConfigError, match="no test part"):
        Task.of(toy(train=60), "train2test")
    with pytest.raises(ConfigError, match="protocol"):
        Task.of(toy(), "test2train")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="did you mean 'kshape'"):
        method("kshap")
    with pytest.raises(ConfigError, match="seeds"):
        run_study([Task.of(toy(), "all")], ["kmeans"], 0, ResultTable())


@pytest.mark.parametrize("name", [n for n in METHODS if n != "neutnn-1"])
def test_every_method_finds_two_shapes_under_both_protocols(name: str) -> None:
    tasks = [Task.of(toy(), "all"), Task.of(toy(), "train2test")]
    rows = list(run_study(tasks, [name], 1, ResultTable()))
    assert [(r.protocol, r.series) for r in rows] == [("all", 60), ("train2test", 36)]
    assert all(r.scores is not None and r.scores.adjusted_rand > 0.9 and r.degenerate == "" for r in rows)


def test_a_stopped_study_goes_on_and_does_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def fit(values: np.ndarray, clusters: int, seed: int) -> tuple[np.ndarray, object]:
        calls.append(seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return (values[:, 0] > 0).astype(np.int64), lambda other: (other[:, 0] > 0).astype(np.int64)

    monkeypatch.setitem(METHODS, "counted", Method("counted", "counted", fit))  # type: ignore[arg-type]
    monkeypatch.setitem(METHODS, "refused", Method("refused", "refused", fit, refusal=lambda series, length: "not run (too long)"))  # type: ignore[arg-type]
    file, tasks = tmp_path / "results.csv", [Task.of(toy(), "all")]
    with pytest.raises(KeyboardInterrupt):
        run_study(tasks, ["counted"], 5, ResultTable.open(file))
    told: list[tuple[int, int]] = []
    done = run_study(tasks, ["counted", "refused"], 5, ResultTable.open(file), lambda n, total: told.append((n, total)))
    assert calls == [0, 1, 2, 2, 3, 4], "seeds 0 and 1 are not run again"
    assert len(done) == 10 and told[-1] == (10, 10) and [n for n, _ in told] == sorted(n for n, _ in told)
    assert [r.note for r in ResultTable.read(file) if r.method == "refused"] == ["not run (too long)"] * 5


def test_files_of_a_study(tmp_path: Path) -> None:
    tasks = [Task.of(toy(f"Toy{n}", 40 + 2 * n), "all") for n in range(4)]
    table = run_study(tasks, ["column", "kmeans", "kshape"], 2, ResultTable.open(tmp_path / "results.csv"))
    files = write_study(table, tmp_path)
    assert [f.name for f in files] == ["results-all.md", "scores-all.png", "ranks-all.png"]
    text = files[0].read_text()
    assert "classic column" in text and "mean of 4 sets" in text and "±" in text
    for picture in files[1:]:
        assert Image.open(picture).convert("L").getextrema()[0] < 100


def test_methods_of_a_study_are_ours_and_the_baselines() -> None:
    assert DEFAULT_METHODS == ("neutnn", "column", "kmeans", "kshape", "dtw_kmedoids")
    assert [m.hardware for m in map(method, DEFAULT_METHODS)] == [True, True, False, False, False]


def test_layer_in_inference_is_one_classic_column() -> None:
    """Rule C2: the earliest segment of all, by largest potential, belongs to the neuron that fires first."""
    model = fit_neutnn(toy().values, 2, 0, QUICK)
    waves = np.random.default_rng(0).integers(0, 8, (300, model.encoder.lines)).astype(np.uint8)
    flat = as_column(model.layer, "flat")
    assert flat.column.neurons == 4
    segment = get_engine("reference").run(flat, waves).winners
    cluster = get_engine("reference").run(model.layer, waves).winners
    assert len(set(cluster.tolist())) == 2 and np.array_equal(segment // 2, cluster)


@pytest.mark.tool
def test_saved_designs_score_what_they_say_and_equal_their_rtl(tmp_path: Path) -> None:
    need("iverilog")
    data = toy()
    told: list[tuple[int, int]] = []
    expected = save_designs(data, tmp_path, "a test", 2, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    assert json.loads((tmp_path / "Toy" / "expected.json").read_text()) == json.loads(json.dumps(expected))
    for kind, facts in expected["designs"].items():
        design, run = find_design(tmp_path / "Toy" / kind)
        assert design.fingerprint() == facts["fingerprint"] and design.synapses == facts["synapses"]
        assert facts["scores"]["adjusted_rand"] > 0.9 and facts["degenerate"] == ""
        winners = get_engine().run(design, load_waves(run)).winners
        with np.load(run / "waves.npz") as archive:
            groups = archive["groups"]
        segments = design.network.layers[0].column.segments // 2 if kind == "neutnn_inference" else 1
        assert np.array_equal(winners // segments, groups)
    encoder = find_design(tmp_path / "Toy" / "neutnn")[0].provenance["encoder"]
    assert encoder["kind"] == "views" and len(encoder["encoders"]) == 9
    for kind in ("column", "neutnn_inference"):
        design, run = find_design(tmp_path / "Toy" / kind)
        report = verify_design(design, run, 4)
        assert report.ok and report.learning_waves == 4 and report.spikes > 0, report.message


def test_labels_only_score_saved_designs(tmp_path: Path) -> None:
    """Other classes give the same Designs, with other scores."""
    data = toy()
    other = SeriesSet(data.name, data.values, np.roll(data.labels, 7), data.source, data.train)
    shuffled = SeriesSet(data.name, data.values, np.random.default_rng(1).permutation(data.labels), data.source, data.train)
    made = [save_designs(one, tmp_path / str(n), "a test", 1)["designs"] for n, one in enumerate((data, other, shuffled))]
    prints = [{k: d["fingerprint"] for k, d in designs.items()} for designs in made]
    assert prints[0] == prints[1] == prints[2]
    assert made[2]["neutnn"]["scores"]["rand"] < made[0]["neutnn"]["scores"]["rand"]
    assert Scores(**made[0]["neutnn"]["scores"]).rand > 0.9
