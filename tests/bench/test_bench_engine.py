"""The benchmark measures equal things, notices unequal ones, and writes what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neutnngen.bench import engine_speed
from neutnngen.bench.engine_speed import compare, compiled_run, make_design, make_waves, plain_run
from neutnngen.cli.main import main
from neutnngen.engine import ReferenceEngine
from neutnngen.errors import CheckFailed
from neutnngen.spec import NO_SPIKE


@pytest.mark.parametrize("code", ["graded", "posneg"])
def test_yardstick_equals_the_reference(code: Any) -> None:
    rng = np.random.default_rng(1)
    design = make_design(rng, 40, 5)
    waves = make_waves(rng, 60, 40, 7, code)
    expected = ReferenceEngine().run(design, waves, True)
    outputs, winners, states, weights = plain_run([design], waves[None], True)
    assert np.array_equal(outputs[0], expected.outputs) and np.array_equal(winners[0], expected.winners)
    assert np.array_equal(states[0], expected.lfsr) and np.array_equal(weights[0], expected.final.weights)


def test_codes() -> None:
    rng = np.random.default_rng(2)
    assert set(np.unique(make_waves(rng, 30, 50, 7, "graded"))) == set(range(8))
    posneg = make_waves(rng, 30, 500, 7, "posneg")
    assert set(np.unique(posneg)) == {0, NO_SPIKE} and 0.4 < (posneg == 0).mean() < 0.6


def test_a_difference_stops_the_benchmark() -> None:
    rng = np.random.default_rng(3)
    design = make_design(rng, 40, 5)
    waves = make_waves(rng, 20, 40, 7, "graded")
    right = lambda: plain_run([design], waves[None], True)  # noqa: E731
    compare("same", {"yardstick": right, "compiled": lambda: compiled_run(design, waves, True)}, rounds=1)
    with pytest.raises(CheckFailed, match="differs from the yardstick"):
        compare("other", {"yardstick": right, "compiled": lambda: compiled_run(design, waves, False)}, rounds=1)


def test_command_writes_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """All cases run as they are, but with columns and waves cut to a size for tests."""
    single, many = engine_speed._single, engine_speed._many
    monkeypatch.setattr(engine_speed, "_single", lambda name, p, q, n, *rest: single(name, min(p, 100), min(q, 8), 10, *rest))
    monkeypatch.setattr(engine_speed, "_many", lambda columns, n, *rest: many(3, 10, *rest))
    assert main(["bench", "engine", "--quick", "--json", "--out", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / "engine.json").read_text())
    assert json.loads(capsys.readouterr().out) == document
    assert document["format"] == "neutnngen-bench-engine" and len(document["cases"]) == 5 and len(document["curve"]) == 3
    for entry in [*document["cases"], *document["curve"]]:
        medians = entry["median_seconds"]
        assert entry["ratio_to_yardstick"]["compiled"] == medians["yardstick"] / medians["compiled"]
        assert len(entry["seconds"]["compiled"]) == document["rounds"]
    assert str(tmp_path) not in json.dumps(document)
    assert (tmp_path / "out" / "engine.png").read_bytes().startswith(b"\x89PNG")
