"""Digits that are seen and heard: pairs, masks, first weights, learning, the estimator."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from digits_cases import SIDE, images, write_spoken
from neutnngen.apps.digits.build import build
from neutnngen.apps.digits.code import DigitsCode
from neutnngen.apps.digits.estimator import NeuTNNDigits
from neutnngen.apps.digits.learn import fit
from neutnngen.apps.digits.model import Model, load_model
from neutnngen.apps.digits.pairs import Split, paired, split_of
from neutnngen.apps.digits.plan import DigitsPlan, named_plan, plan_from_dict
from neutnngen.data import load_spoken
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError, DataError
from neutnngen.spec import NO_SPIKE, Design

PLAN = DigitsPlan("toy", size=4, stride=2, segments=6, passes=3)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Split:
    folder = write_spoken(tmp_path_factory.mktemp("spoken") / "Tones")
    return split_of(load_spoken(str(folder)), images(), learned=200, judged=100)


def test_pairs_belong_together_and_never_mix_the_parts(data: Split) -> None:
    assert data.train.shape == (200, 2, SIDE, SIDE) and data.judged.shape == (100, 2, SIDE, SIDE)
    assert (data.sound, data.image, data.part, data.recordings) == ("Tones", "bars", "test", (50, 50))
    for pairs, labels in ((data.train, data.train_labels), (data.judged, data.labels)):
        maps, first, uses = np.unique(pairs[:, 1].reshape(len(pairs), -1), axis=0, return_index=True, return_counts=True)
        assert len(maps) == 50 and (uses == len(pairs) // 50).all()  # every recording takes its turn
        assert len(set(labels[first].tolist())) == 10
        for one in maps:  # a recording is of one digit wherever it occurs
            assert len(set(labels[(pairs[:, 1].reshape(len(pairs), -1) == one).all(axis=1)].tolist())) == 1
    shared = {row.tobytes() for row in data.train[:, 1]} & {row.tobytes() for row in data.judged[:, 1]}
    assert not shared


def test_a_validation_does_not_look_at_the_test_parts(tmp_path: Path) -> None:
    spoken, pictures = load_spoken(str(write_spoken(tmp_path / "Tones"))), images()
    blind = dataclasses.replace(
        spoken, recordings=tuple(np.zeros(9, np.float32) if t else r for r, t in zip(spoken.recordings, spoken.test, strict=True))
    )
    dark = dataclasses.replace(pictures, test_images=np.zeros_like(pictures.test_images))
    one, other = (split_of(s, i, "validation", 90, 90) for s, i in ((spoken, pictures), (blind, dark)))
    assert np.array_equal(one.train, other.train) and np.array_equal(one.judged, other.judged)
    assert one.recordings == (40, 10)
    assert not {row.tobytes() for row in one.train[:, 1]} & {row.tobytes() for row in one.judged[:, 1]}


def test_what_cannot_be_paired(tmp_path: Path) -> None:
    spoken, pictures = load_spoken(str(write_spoken(tmp_path / "Tones"))), images()
    with pytest.raises(DataError, match="not of the ten digits"):
        split_of(dataclasses.replace(spoken, classes=(*"012345678", "dog")), pictures)
    with pytest.raises(ConfigError, match="number of pairs"):
        split_of(spoken, pictures, learned=201)
    with pytest.raises(ConfigError, match="no part"):
        split_of(spoken, pictures, "tests", 90, 90)
    with pytest.raises(DataError, match="no recording"):
        paired((pictures.train_images, pictures.train_labels), np.zeros((1, SIDE, SIDE)), np.array([3]), 20, 0)


@pytest.mark.parametrize(
    ("sense", "masks", "share"), [("both", "dense", 1.0), ("both", "dendrites", 0.5), ("both", "segments", 0.5), ("sound", "", 1.0)]
)
def test_masks_leave_every_segment_the_lines_of_its_sense(sense: str, masks: str, share: float, data: Split) -> None:
    design = build(PLAN.of(sense, masks or "dendrites"), data.train, 0)
    layer, spec = design.state.layers[0], design.network.layers[0].column
    assert spec.dendrites == (4 if sense == "both" else 2) and spec.inputs == (32 if sense == "both" else 16)
    assert layer.distal_mask.mean() == share
    image, sound = layer.distal_mask[..., :16], layer.distal_mask[..., 16:]
    if share < 1:
        assert (image.any(axis=-1) != sound.any(axis=-1)).all() and (image.all(axis=-1) == image.any(axis=-1)).all()
        assert image.any(axis=-1).mean() == 0.5  # half of the segments for each sense
        of_dendrite = image.any(axis=-1)[0, 0]
        assert (of_dendrite.all(axis=1) | ~of_dendrite.any(axis=1)).all() == (masks == "dendrites")
    wiring = design.network.layers[0].wiring.table()
    if sense == "both":  # the same window of both maps
        assert np.array_equal(wiring[:, 16:], wiring[:, :16] + SIDE * SIDE)
    assert (layer.distal[layer.distal_mask] >= 1).all()  # first weights: 1 … w_max − 1, copied


def test_first_weights_are_copies_of_what_a_segment_sees(data: Split) -> None:
    design = build(PLAN.of("both"), data.train, 3)
    seen = DigitsCode.from_dict(design.provenance["code"]).encode(data.train)[:, design.network.layers[0].wiring.table()]
    late = np.minimum(seen, 7).astype(int)
    strength = np.where(seen == NO_SPIKE, 1, 6 - late * 5 // 7)
    weights, mask = design.state.layers[0].distal, design.state.layers[0].distal_mask
    for c in (0, 4):
        for d in range(4):
            for s in range(6):
                lines = mask[c, 0, d, s]
                assert (strength[:, c][:, lines] == weights[c, 0, d, s][lines]).all(axis=1).any()


def test_all_engines_agree_on_it(data: Split) -> None:
    design = build(dataclasses.replace(PLAN, stride=4).of("both"), data.train, 1)
    waves = DigitsCode.from_dict(design.provenance["code"]).encode(data.train[:12])
    learn = np.ones((12, 2), dtype=bool)
    runs = [get_engine(name).run(design, waves, learn, labels=data.train_labels[:12]) for name in ("reference", "compiled", "torch")]
    assert all(run.final.state.equals(runs[0].final.state) for run in runs)
    assert all(np.array_equal(run.winners, runs[0].winners) for run in runs)


def test_it_learns_from_each_sense_and_best_from_both(data: Split, tmp_path: Path) -> None:
    found = {}
    for sense in ("both", "sound", "image"):
        made = fit(PLAN.of(sense), data.train, data.train_labels, 0)
        found[sense] = made.model.accuracy(data.judged, data.labels)
        assert len(made.online) == 3 and made.online[-1] < made.online[0]
    assert found["both"] > 0.9 and found["sound"] > 0.6 and found["image"] > 0.6
    assert found["both"] >= max(found["sound"], found["image"])
    again = fit(PLAN.of("image"), data.train, data.train_labels, 0).model  # the same seed, the same Design
    assert again.design.fingerprint() == made.model.design.fingerprint()
    again.design.save(tmp_path / "design")
    loaded = load_model(tmp_path)
    assert loaded.plan == PLAN.of("image") and np.array_equal(loaded.predict(data.judged), again.predict(data.judged))


def test_labels_matter(data: Split) -> None:
    wrong = np.random.default_rng(0).permutation(data.train_labels)
    assert fit(PLAN, data.train, wrong, 0).model.accuracy(data.judged, data.labels) < 0.4


def test_a_sense_that_is_not_presented_is_not_looked_at(data: Split) -> None:
    model = fit(PLAN.of("sound"), data.train, data.train_labels, 0, passes=1).model
    dark = data.judged.copy()
    dark[:, 0] = 0
    assert np.array_equal(model.predict(dark), model.predict(data.judged))


def test_the_estimator(data: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    from neutnngen.apps.digits import plan

    monkeypatch.setitem(plan.CATALOGUE, "toy", PLAN)
    estimator = NeuTNNDigits("toy", passes=2, random_state=0)
    assert clone(estimator).get_params() == estimator.get_params()
    assert estimator.fit(data.train, data.train_labels).score(data.judged, data.labels) > 0.85
    assert estimator.to_design().name == "toy" and estimator.classes_.tolist() == list(range(10))
    with pytest.raises(ConfigError, match="no digit"):
        estimator.fit(data.train[:2], np.array([1, 10]))
    with pytest.raises(ConfigError, match="no pairs"):
        estimator.predict(data.judged[:, 0])
    with pytest.raises(ConfigError, match="another size"):
        estimator.predict(data.judged[..., 1:])


def test_plans() -> None:
    assert plan_from_dict(dataclasses.asdict(PLAN)) == PLAN
    assert PLAN.of("sound", "dense").masks == "dendrites"
    for values, what in (
        ({"sense": "smell"}, "sense is not legal"),
        ({"masks": "dendrite"}, "did you mean 'dendrites'"),
        ({"size": 0}, "size is out of range"),
        ({"threshold": 2.0}, "threshold is out of range"),
        ({"name": "a b"}, "module name"),
        ({"masks": "segments", "segments": 1}, "needs a segment"),
    ):
        with pytest.raises(ConfigError, match=what):
            DigitsPlan(**{"name": "x", **values})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        named_plan("smal")
    with pytest.raises(ConfigError, match="unknown key"):
        plan_from_dict({"name": "x", "sise": 3})


def test_a_design_of_another_kind_is_refused(data: Split) -> None:
    design = build(PLAN, data.train, 0)
    with pytest.raises(ConfigError, match="not made for digits"):
        Model(Design("other", design.network, design.state))
    with pytest.raises(ConfigError, match="window is larger"):
        build(dataclasses.replace(PLAN, size=9), data.train, 0)
