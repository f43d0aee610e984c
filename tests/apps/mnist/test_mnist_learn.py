"""Learning: what is learned in one pass, by whom, from what; and runs that stop and go on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mnist_cases import CLASS_SEGMENTS, CLASSIC, MARGIN, TALLY, TWO, Images, Labels, shapes

from neutnngen.apps.mnist import learn
from neutnngen.apps.mnist.blueprint import Blueprint, ReadoutPlan
from neutnngen.apps.mnist.build import build
from neutnngen.apps.mnist.learn import Fitted, Watch, fit, learn_block, one_hot
from neutnngen.apps.mnist.model import Model, load_model
from neutnngen.engine import Session, get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import Design

Known = tuple[Images, Labels]
VOTES = replace(TWO, readout=ReadoutPlan("votes", w_res=3), name="votes")
FORMS = [MARGIN, CLASSIC, TALLY, TWO, CLASS_SEGMENTS, VOTES]


@pytest.fixture(scope="module")
def train() -> Known:
    return shapes(300, 1)


@pytest.fixture(scope="module")
def fresh() -> Known:
    return shapes(90, 2)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "BLOCK", 70)


def voter_weights(design: Design) -> Any:
    assert design.state.voter is not None
    return design.state.voter.weights


def equal_layers(one: Design, other: Design) -> bool:
    return replace(one.state, voter=None).equals(replace(other.state, voter=None))


def all_alike(one: Fitted, other: Fitted) -> bool:
    firsts = [None if made.first is None else made.first.design.fingerprint() for made in (one, other)]
    same = one.model.design.fingerprint() == other.model.design.fingerprint() and firsts[0] == firsts[1]
    return same and (one.curve, one.online, one.blocks) == (other.curve, other.online, other.blocks)


# What is learned


@pytest.mark.parametrize("plan", FORMS, ids=lambda plan: plan.name)
def test_one_pass_is_enough(plan: Blueprint, train: Known, fresh: Known) -> None:
    """Of three classes chance is wrong in two of three."""
    made = [fit(plan, *train, 3, seed) for seed in (0, 1)]
    for fitted in made:
        assert fitted.model.error(*fresh) < 0.25
        assert fitted.first is None and len(fitted.online) == 1 and len(fitted.blocks) == 5
        assert fitted.online[0] == pytest.approx(np.dot(fitted.blocks, [70, 70, 70, 70, 20]) / 300)
        assert fitted.seconds > 0 and fitted.curve == ()
        assert fitted.model.design.provenance["training"] == {
            "passes": 1,
            "jitter": 0,
            "images": 300,
            "online_error": [fitted.online[0]],
        }
    assert made[0].model.design.fingerprint() != made[1].model.design.fingerprint()
    assert fit(plan, *train, 3, 0).model.design.fingerprint() == made[0].model.design.fingerprint()


@pytest.mark.parametrize("plan", [MARGIN, TWO, CLASSIC], ids=lambda plan: plan.name)
def test_error_falls_while_images_are_seen(plan: Blueprint, train: Known, fresh: Known) -> None:
    before = Model(build(plan, *train, 3, 0)).error(*fresh)
    made = fit(plan, *train, 3, 0, watch=Watch(*fresh, (70, 140)))
    assert [seen for seen, _ in made.curve] == [70, 140, 300], "where asked for, and at the end of a pass"
    assert made.curve[-1][1] == made.model.error(*fresh) < before / 2 and before > 0.5
    assert made.blocks[0] > made.blocks[-2]
    assert made.model.design.fingerprint() == fit(plan, *train, 3, 0).model.design.fingerprint(), "watching changes nothing (R11)"


def test_what_cannot_be_told_apart_is_not_learned(train: Known, fresh: Known) -> None:
    noise = np.random.default_rng(0).integers(0, 256, train[0].shape).astype(np.uint8)
    other = np.random.default_rng(1).integers(0, 256, fresh[0].shape).astype(np.uint8)
    assert fit(MARGIN, noise, train[1], 3).model.error(other, fresh[1]) > 0.45


@pytest.mark.parametrize("plan", FORMS, ids=lambda plan: plan.name)
def test_labels_matter_only_where_they_should(plan: Blueprint, train: Known) -> None:
    images, labels = train
    mixed = np.random.default_rng(0).permutation(labels)
    one, other, start = (
        fit(plan, images, labels, 3).model.design,
        fit(plan, images, mixed, 3).model.design,
        build(plan, images, labels, 3, 0),
    )
    supervised = plan in (TALLY, CLASS_SEGMENTS)
    assert equal_layers(one, other) != supervised
    assert not equal_layers(one, start), "layers have learned"
    if plan.readout.kind == "tally":
        assert np.array_equal(voter_weights(one), voter_weights(other)) and np.array_equal(voter_weights(one), voter_weights(start))
    else:
        assert not np.array_equal(voter_weights(one), voter_weights(other))
        assert not np.array_equal(voter_weights(one), voter_weights(start))


@pytest.mark.parametrize("plan", [MARGIN, TALLY, CLASS_SEGMENTS], ids=lambda plan: plan.name)
def test_evaluation_changes_nothing(plan: Blueprint, train: Known, fresh: Known) -> None:
    model = fit(plan, *train, 3).model
    before = model.design.fingerprint()
    first = model.predict(fresh[0])
    model.read(fresh[0][0])
    assert np.array_equal(model.predict(fresh[0]), first)
    assert model.design.fingerprint() == before == model._open().design().fingerprint(), "neither a weight nor a random state (R11)"


def test_only_the_enabled_neuron_learns(train: Known) -> None:
    images, labels = train
    model = Model(build(TALLY, images, labels, 3, 0))
    session = get_engine().open(model.design)
    learn_block(model, session, images[labels == 1][:40], labels[labels == 1][:40], 0)
    before, after = model.design.state.layers[0].distal, session.design().state.layers[0].distal
    changed = [not np.array_equal(before[:, neuron], after[:, neuron]) for neuron in range(3)]
    assert changed == [False, True, False]
    assert one_hot(np.array([2, 0]), 3).tolist() == [[False, False, True], [True, False, False]]


@pytest.mark.parametrize("plan", [TALLY, CLASS_SEGMENTS], ids=lambda plan: plan.name)
def test_a_block_counts_what_was_wrong_before_it_was_learned(plan: Blueprint, train: Known) -> None:
    """Where labels enable neurons all images of a block are named before any of them is learned."""
    images, labels = train
    model = Model(build(plan, images, labels, 3, 0))
    session = get_engine().open(model.design)
    learn_block(model, session, images[:100], labels[:100], 0)
    before = Model(session.design()).predict(images[100:])
    assert learn_block(model, session, images[100:], labels[100:], 0) == int((before != labels[100:]).sum())


# Passes


@pytest.mark.parametrize("plan", [MARGIN, TWO, CLASS_SEGMENTS], ids=lambda plan: plan.name)
def test_from_the_second_pass_on_the_voter_alone_learns(plan: Blueprint, train: Known) -> None:
    made = fit(plan, *train, 3, passes=3, jitter=1)
    assert made.first is not None and len(made.online) == 3 and len(made.blocks) == 5
    one_pass = fit(plan, *train, 3, passes=1, jitter=1).model.design
    assert made.first.design.fingerprint() == one_pass.fingerprint() != made.model.design.fingerprint()
    assert equal_layers(made.first.design, made.model.design)
    assert not np.array_equal(voter_weights(made.first.design), voter_weights(made.model.design))
    assert made.model.design.provenance["training"]["online_error"] == list(made.online)


def test_layers_of_a_tally_go_on(train: Known) -> None:
    made = fit(TALLY, *train, 3, passes=2)
    assert made.first is not None and not equal_layers(made.first.design, made.model.design)
    assert np.array_equal(voter_weights(made.first.design), voter_weights(made.model.design))


def test_jitter_moves_images_from_the_second_pass_on(train: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, Images]] = []
    named: list[tuple[int, Labels]] = []

    def block(model: Model, session: Session, images: Images, labels: Labels, number: int) -> int:
        shown.append((number, images))
        named.append((number, labels))
        return learn_block(model, session, images, labels, number)

    monkeypatch.setattr(learn, "learn_block", block)
    fit(MARGIN, *train, 3, passes=3, jitter=1)
    known = {image.tobytes() for image in train[0]}
    for number in range(3):
        images = [image.tobytes() for n, block in shown if n == number for image in block]
        assert len(images) == 300
        same = sum(image in known for image in images)
        assert same == 300 if number == 0 else 10 < same < 70, "a ninth does not move"
    orders = [np.concatenate([block for n, block in shown if n == number]) for number in range(3)]
    assert not np.array_equal(orders[0], train[0]), "shuffled"
    turns = [np.concatenate([block for n, block in named if n == number]).tolist() for number in range(3)]
    assert turns[0] != turns[1] != turns[2] != turns[0], "every pass in an order of its own"
    assert sorted(orders[0].reshape(300, -1).sum(axis=1)) == sorted(train[0].reshape(300, -1).sum(axis=1)), "each once"


def test_training_of_the_blueprint_unless_said_otherwise(train: Known) -> None:
    plan = replace(MARGIN, passes=2, jitter=1)
    made = fit(plan, *train, 3)
    assert made.model.design.fingerprint() == fit(MARGIN, *train, 3, passes=2, jitter=1).model.design.fingerprint()
    assert fit(plan, *train, 3, passes=1).first is None
    assert fit(plan, *train, 3, jitter=0).model.design.fingerprint() != made.model.design.fingerprint()


def test_progress_is_monotone_and_ends_at_the_total(train: Known) -> None:
    told: list[tuple[int, int]] = []
    fit(MARGIN, *train, 3, passes=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 600) for n in (70, 140, 210, 280, 300, 370, 440, 510, 580, 600)]


def test_training_that_is_not_legal(train: Known) -> None:
    images, labels = train
    for options in ({"passes": 0}, {"jitter": -1}):
        with pytest.raises(ConfigError, match="passes ≥ 1, jitter ≥ 0"):
            fit(MARGIN, images, labels, 3, **options)  # type: ignore[arg-type]
    for some, named in ((images, labels[:-1]), (images[:0], labels[:0])):
        with pytest.raises(ConfigError, match="every image needs a label"):
            fit(MARGIN, some, named, 3)


# Runs that stop and go on


def stopped(plan: Blueprint, train: Known, keep: Path, after: int, **options: Any) -> None:
    """Begin a run and stop it in the middle of the pass that follows ``after`` whole ones."""

    def stop(done: int, total: int) -> None:
        if done > after * 300 + 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(plan, *train, 3, progress=stop, keep=keep, **options)


@pytest.mark.parametrize("plan", [MARGIN, TALLY, TWO], ids=lambda plan: plan.name)
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_stopped_run_goes_on_as_if_it_had_not_been(
    plan: Blueprint, after: int, train: Known, fresh: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"passes": 3, "jitter": 1, "watch": Watch(*fresh, (70, 140))}
    whole = fit(plan, *train, 3, **options)
    stopped(plan, train, tmp_path / "keep", after, **options)
    numbers: list[int] = []

    def block(model: Model, session: Session, images: Images, labels: Labels, number: int) -> int:
        numbers.append(number)
        return learn_block(model, session, images, labels, number)

    monkeypatch.setattr(learn, "learn_block", block)
    told: list[tuple[int, int]] = []
    resumed = fit(plan, *train, 3, keep=tmp_path / "keep", progress=lambda *event: told.append(event), **options)
    assert all_alike(resumed, whole) and len(whole.curve) == 5
    assert sorted(set(numbers)) == list(range(after, 3)) and len(numbers) == 5 * (3 - after), "whole passes are not done again"
    assert told[0] == (after * 300 + 70, 900) and told[-1] == (900, 900)


def test_a_finished_run_is_not_done_again_and_can_be_made_longer(train: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = fit(MARGIN, *train, 3, passes=1, keep=tmp_path)
    longer = fit(MARGIN, *train, 3, passes=3, keep=tmp_path)
    assert all_alike(longer, fit(MARGIN, *train, 3, passes=3))
    assert longer.first is not None and longer.first.design.fingerprint() == once.model.design.fingerprint()

    def never(*arguments: object) -> int:
        raise AssertionError("learned again")

    monkeypatch.setattr(learn, "learn_block", never)
    assert all_alike(fit(MARGIN, *train, 3, passes=3, keep=tmp_path), longer)
    monkeypatch.undo()
    monkeypatch.setattr(learn, "BLOCK", 70)
    assert all_alike(fit(MARGIN, *train, 3, passes=1, keep=tmp_path), once), "more than was asked for is not taken back"


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"plan": replace(MARGIN, readout=ReadoutPlan(margin=2.0))},
        {"jitter": 2},
        {"count": 240},
        {"turn": 1},
        {"darker": 30},
    ],
)
def test_a_folder_of_another_run_is_not_used(changes: dict[str, Any], train: Known, tmp_path: Path) -> None:
    images, labels = train
    fit(MARGIN, images, labels, 3, 0, passes=2, jitter=1, keep=tmp_path)
    plan, count = changes.get("plan", MARGIN), changes.get("count", 300)
    other = np.maximum(images.astype(int) - changes.get("darker", 0), 0).astype(np.uint8)[:count]
    named = ((labels + changes.get("turn", 0)) % 3)[:count]
    options: dict[str, Any] = {"passes": 2, "jitter": changes.get("jitter", 1)}
    seed = changes.get("seed", 0)
    assert all_alike(fit(plan, other, named, 3, seed, keep=tmp_path, **options), fit(plan, other, named, 3, seed, **options))


@pytest.mark.parametrize("damage", ["record", "list", "format", "key", "design", "first", "design of another"])
def test_a_damaged_folder_is_not_used(damage: str, train: Known, tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    whole = fit(MARGIN, *train, 3, passes=2, keep=keep)
    record = keep / "fit.json"
    if damage == "record":
        record.write_text(record.read_text()[:-20])
    elif damage == "list":
        record.write_text("[1, 2]")
    elif damage in ("format", "key"):
        document = json.loads(record.read_text())
        document["version" if damage == "format" else "online"] = "0.1"
        if damage == "key":
            del document["online"]
        record.write_text(json.dumps(document))
    elif damage == "design of another":
        shutil.rmtree(keep / "design")
        shutil.copytree(keep / "first", keep / "design")  # as of a run that was stopped between two files
    else:
        (keep / damage / "design.npz").write_bytes(b"nothing")
    learned: list[int] = []
    again = fit(MARGIN, *train, 3, passes=2, keep=keep, progress=lambda done, total: learned.append(done))
    assert all_alike(again, whole) and learned[0] == 70 and learned[-1] == 600


def test_the_kept_design_says_how_it_was_trained(train: Known, tmp_path: Path) -> None:
    made = fit(MARGIN, *train, 3, passes=2, keep=tmp_path)
    assert load_model(tmp_path).design.provenance["training"] == made.model.design.provenance["training"]
