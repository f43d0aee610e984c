"""The Designs in examples/mnist: whole, answering as they did, scoring what they say on the real images, and equal to their RTL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from saved_designs import whole_and_answers_as_it_did

from conftest import ROOT, need
from neutnngen.apps.mnist.designs import read_expected, score_design
from neutnngen.apps.mnist.model import load_model
from neutnngen.apps.mnist.study import Split
from neutnngen.data import load_images
from neutnngen.pipeline import find_design, verify_design

FOLDER = ROOT / "examples" / "mnist"
NAMES = sorted(place.parent.name for place in FOLDER.glob("*/expected.json"))


def test_the_promised_designs_are_there() -> None:
    assert {"best", "small", "tiny"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_designs_are_whole_and_answer_as_they_did(name: str) -> None:
    whole_and_answers_as_it_did(FOLDER / name, load_model(FOLDER / name).design, read_expected(FOLDER / name))


@pytest.mark.example
@pytest.mark.parametrize("name", NAMES)
def test_designs_score_what_they_say(name: str, shared: Path) -> None:
    expected = read_expected(FOLDER / name)
    data = Split.of(load_images(str(shared / "data" / "mnist")), expected["data"]["part"])
    assert score_design(FOLDER / name, data)["wrong"] == expected["wrong"]


@pytest.mark.tool
@pytest.mark.parametrize("column", ["tiny/column0", "classic_small/column0"])
def test_rtl_of_a_column_equals_the_simulator(column: str, tmp_path: Path) -> None:
    need("iverilog")
    shutil.copytree(FOLDER / column, tmp_path / "column")
    design, run = find_design(tmp_path / "column")
    report = verify_design(design, run, 32)
    assert report.ok and report.learning_waves == 32, report.message
