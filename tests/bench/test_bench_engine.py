"""The benchmark measures equal things, notices unequal ones, and writes what it says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neutnngen.bench import engine_speed
from neutnngen.bench.engine_speed import YARDSTICK, Runner, compare, training_memory
from neutnngen.bench.workloads import columns_work, dendritic_work, make_waves
from neutnngen.cli.main import main
from neutnngen.engine import ReferenceEngine
from neutnngen.errors import CheckFailed
from neutnngen.spec import NO_SPIKE


@pytest.mark.parametrize("code", ["graded", "posneg"])
def test_yardstick_equals_the_reference(code: Any) -> None:
    work = columns_work("small", 2, 40, 5, 60, code, True)
    expected = ReferenceEngine().run(work.design, work.waves, True)
    outputs, weights, lfsr = Runner(YARDSTICK, work).results()
    state = expected.final.state.layers[0]
    assert np.array_equal(outputs, expected.outputs)
    assert np.array_equal(lfsr, state.lfsr) and np.array_equal(weights, state.distal.reshape(2, -1))


def test_codes() -> None:
    rng = np.random.default_rng(2)
    assert set(np.unique(make_waves(rng, 30, 50, 7, "graded"))) == set(range(8))
    posneg = make_waves(rng, 30, 500, 7, "posneg")
    assert set(np.unique(posneg)) == {0, NO_SPIKE} and 0.4 < (posneg == 0).mean() < 0.6


def test_dendritic_work_is_the_published_shape() -> None:
    work = dendritic_work("layer", 20, True)
    assert work.design.synapses == 576 * 10 * 24 * 18 and work.enable is not None
    assert (work.waves.reshape(20, -1, 2) == 0).sum(axis=2).all(), "one of the two lines of a pixel spikes"
    assert (work.enable.sum(axis=1) == 1).all()


def test_a_difference_stops_the_benchmark() -> None:
    work = columns_work("small", 1, 40, 5, 20, "graded", True)
    compare("same", [Runner(YARDSTICK, work), Runner("compiled", work)], rounds=1)
    other = dataclasses.replace(work, learn=False)
    with pytest.raises(CheckFailed, match="differs from yardstick"):
        compare("other", [Runner(YARDSTICK, work), Runner("compiled", other)], rounds=1)


def test_memory_while_training() -> None:
    memory = training_memory(columns_work("wide", 1, 4000, 64, 4, "graded", True))
    assert 2 < memory["bytes_per_synapse"] < 4


def test_command_writes_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """All cases run as they are, but with columns and waves cut to a size for tests; a peer that is not there is said to be missing."""
    columns, dendritic = engine_speed.columns_work, engine_speed.dendritic_work
    monkeypatch.setattr(
        engine_speed, "columns_work", lambda name, n, p, q, count, *rest: columns(name, min(n, 3), min(p, 100), min(q, 8), 10, *rest)
    )
    monkeypatch.setattr(engine_speed, "dendritic_work", lambda name, count, learn: dendritic(name, 3, learn))
    done = {"peer": "one", "name": "One", "version": "1.0", "measured": True, "samples_per_second": 10.0, "note": "no winner-take-all"}
    lacking = {"peer": "two", "name": "Two", "measured": False, "samples_per_second": None, "reason": "no network"}
    monkeypatch.setattr(engine_speed, "bench_peers", lambda waves, rounds, tell: [done, lacking])
    assert main(["bench", "engine", "--quick", "--peers", "--json", "--out", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / "engine.json").read_text())
    assert json.loads(capsys.readouterr().out) == document
    assert document["format"] == "neutnngen-bench-engine" and len(document["cases"]) == 7 and len(document["curve"]) == 3
    for entry in [*document["cases"], *document["curve"]]:
        medians = entry["median_seconds"]
        if "yardstick" in medians:
            assert entry["ratio_to_yardstick"]["compiled"] == medians["yardstick"] / medians["compiled"]
        assert len(entry["seconds"]["compiled"]) == document["rounds"]
    assert document["peers"][0]["engine_ratio"] == document["cases"][0]["waves_per_second"]["compiled"] / 10.0
    assert str(tmp_path) not in json.dumps(document)
    assert (tmp_path / "out" / "engine.png").read_bytes().startswith(b"\x89PNG")
    assert main(["bench", "engine", "--quick", "--peers"]) == 0
    shown = capsys.readouterr().out
    assert "no network" in shown and "bytes per synapse" in shown and "CUDA" in shown
