"""The Designs in examples/digits: whole, answering as they did, scoring what they say on the real pairs."""

from __future__ import annotations

from pathlib import Path

import pytest
from saved_designs import whole_and_answers_as_it_did

from conftest import ROOT
from neutnngen.apps.digits.designs import read_expected, score_design
from neutnngen.apps.digits.model import load_model
from neutnngen.apps.digits.pairs import split_of
from neutnngen.data import load_images, load_spoken

FOLDER = ROOT / "examples" / "digits"
NAMES = sorted(place.parent.name for place in FOLDER.glob("*/expected.json"))


def test_the_promised_designs_are_there() -> None:
    assert {"tiny", "tiny_pruned"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_designs_are_whole_and_answer_as_they_did(name: str) -> None:
    whole_and_answers_as_it_did(FOLDER / name, load_model(FOLDER / name).design, read_expected(FOLDER / name))


def test_the_pruned_design_is_half_of_tiny() -> None:
    dense, pruned = (load_model(FOLDER / name).design for name in ("tiny", "tiny_pruned"))
    assert pruned.provenance["pruning"]["of"] == dense.fingerprint()
    assert 0.45 < pruned.synapses / dense.synapses <= 0.5


def test_no_segment_sees_both_senses() -> None:
    for name in NAMES:
        model = load_model(FOLDER / name)
        mask = model.design.state.layers[0].distal_mask
        half = mask.shape[-1] // 2
        assert not (mask[..., :half].any(axis=-1) & mask[..., half:].any(axis=-1)).any()


@pytest.mark.example
@pytest.mark.parametrize("name", NAMES)
def test_designs_score_what_they_say(name: str, shared: Path) -> None:
    expected = read_expected(FOLDER / name)
    spoken, pictures = load_spoken(str(shared / "data" / "fsdd_recordings.tar.gz")), load_images(str(shared / "data" / "mnist"))
    sizes = expected["data"]["learned"], expected["data"]["pairs"]
    found = score_design(FOLDER / name, split_of(spoken, pictures, expected["data"]["part"], *sizes))["wrong"]
    assert (
        abs(found - expected["wrong"]) <= 2
    )  # maps are computed in floating point: elsewhere a value may fall on the other side of a median
