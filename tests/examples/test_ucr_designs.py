"""The Designs in examples/ucr: whole, answering as they did, scoring what they say on the real sets, and equal to their RTL."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import ROOT, need
from neutnngen.apps.ucr.scores import Scores
from neutnngen.apps.ucr.tables import DESIGN_POINTS
from neutnngen.apps.ucr.views import ViewEncoder
from neutnngen.core.encode import QuantileEncoder
from neutnngen.data import load_ucr
from neutnngen.engine import get_engine
from neutnngen.pipeline import find_design, load_waves, verify_design

FOLDER = ROOT / "examples" / "ucr"
SHAPES = {
    "SonyAIBORobotSurface2": (65, 2),
    "ECG200": (96, 2),
    "Wafer": (152, 2),
    "ToeSegmentation2": (343, 2),
    "Lightning2": (637, 2),
    "Beef": (470, 5),
    "WordSynonyms": (270, 25),
}


def facts(name: str) -> dict[str, Any]:
    document = json.loads((FOLDER / name / "expected.json").read_text())
    assert document["format"] == "neutnngen-ucr-designs"
    return dict(document["designs"])


@pytest.mark.parametrize("name", DESIGN_POINTS)
def test_designs_are_whole_and_answer_as_they_did(name: str) -> None:
    for kind, fact in facts(name).items():
        design, run = find_design(FOLDER / name / kind)
        assert (design.fingerprint(), design.synapses) == (fact["fingerprint"], fact["synapses"])
        with np.load(run / "waves.npz") as archive:
            groups = archive["groups"]
        for engine in ("compiled", "reference"):
            won = get_engine(engine).run(design, load_waves(run)[:16]).winners
            segments = design.network.layers[0].column.segments // SHAPES[name][1] if kind == "neutnn_inference" else 1
            assert np.array_equal(np.where(won < 0, -1, won // segments), groups[:16])
    column = find_design(FOLDER / name / "column")[0].column
    assert (column.inputs, column.neurons) == SHAPES[name]


@pytest.mark.parametrize("name", [n for n in DESIGN_POINTS if n != "Wafer"])  # Wafer's encoding takes most of the time
def test_designs_score_what_they_say(name: str, shared: Path) -> None:
    data = load_ucr(name, shared / "data" / "ucr")
    for kind, encoder_of in (("column", QuantileEncoder.from_dict), ("neutnn", ViewEncoder.from_dict)):
        design = find_design(FOLDER / name / kind)[0]
        waves = encoder_of(design.provenance["encoder"]).encode(data.values)
        scores = Scores.of(data.labels, get_engine().run(design, waves).winners)
        expected = facts(name)[kind]["scores"]
        assert (scores.rand, scores.adjusted_rand, scores.nmi) == pytest.approx(
            (expected["rand"], expected["adjusted_rand"], expected["nmi"]), abs=1e-9
        )


@pytest.mark.tool
def test_rtl_of_a_column_equals_the_simulator(tmp_path: Path) -> None:
    need("iverilog")
    shutil.copytree(FOLDER / "SonyAIBORobotSurface2" / "column", tmp_path / "column")
    design, run = find_design(tmp_path / "column")
    report = verify_design(design, run, 64)
    assert report.ok and report.learning_waves == 64, report.message
