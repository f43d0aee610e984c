"""The benchmark of place cells measures equal things and writes what it says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neutnngen.apps.places.memory import EdgeMemory
from neutnngen.apps.places.sizes import REDUCED, UNKNOWN
from neutnngen.bench import places_speed
from neutnngen.bench.places_speed import PlainLayer, bench_places
from neutnngen.cli.main import main
from neutnngen.errors import CheckFailed


def test_the_yardstick_is_the_layer() -> None:
    rng = np.random.default_rng(0)
    memory = EdgeMemory(REDUCED)
    edges = np.stack([rng.integers(0, n, 60) for n in REDUCED.counts], axis=1) - REDUCED.zero
    memory.store(edges[:40])
    edges[rng.random(edges.shape) < 0.2] = UNKNOWN
    waves = REDUCED.waves(edges)
    outputs = memory.outputs(waves)
    assert np.array_equal(PlainLayer(memory.design()).run(waves), outputs) and (outputs < 255).any()


def test_command_and_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["bench", "places", "--quick", "--out", str(tmp_path)]) == 0
    assert "questions/s" in capsys.readouterr().out
    document = json.loads((tmp_path / "places.json").read_text())
    assert document["synapses"] == 1_248_000 and len(document["cases"]) == 6
    assert all(case["per_second"] > 0 for case in document["cases"]) and document["cases"][0]["ratio"] > 0
    monkeypatch.setattr(places_speed.PlainLayer, "run", lambda self, waves: np.zeros((len(waves), 100), dtype=np.uint8))
    with pytest.raises(CheckFailed, match="differs from the yardstick"):
        bench_places(quick=True)
