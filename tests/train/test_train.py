"""The learning driver: what learns when, in which order, and what is told about it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from training_cases import Module, Stop, classic_design, deep_network, design_of, enabled_network, labels_of, same, waves_of

from neutnngen.engine import ReferenceEngine
from neutnngen.errors import ConfigError
from neutnngen.nn import Network
from neutnngen.spec import NO_SPIKE, Design
from neutnngen.train import ChunkEvent, EpochEvent, EpochRecord, History, driver, presentation_order, train
from neutnngen.train.plan import passes_of

ENGINE = ReferenceEngine()


def learn(model: Any, waves: np.ndarray, **options: Any) -> History:
    return train(model, waves, engine="reference", **options)


def test_one_pass_is_what_the_engine_does() -> None:
    design, waves, labels = design_of(deep_network()), waves_of(40, 8), labels_of(40)
    before = design.fingerprint()
    history = learn(design, waves, labels=labels, chunk=7)
    assert history.design.fingerprint() == ENGINE.run(design, waves, True, labels=labels).final.fingerprint()
    assert design.fingerprint() == before, "the given Design stays as it is"
    assert (history.done, history.total, history.stopped) == (40, 40, False)


def test_chunks_and_engines_do_not_matter() -> None:
    design, waves, labels = design_of(deep_network()), waves_of(30, 8), labels_of(30)
    whole = learn(design, waves, labels=labels, epochs=2, order="shuffled")
    assert same(whole, learn(design, waves, labels=labels, epochs=2, order="shuffled", chunk=1))
    assert same(whole, train(design, waves, labels=labels, epochs=2, order="shuffled", chunk=11))


def test_every_epoch_has_its_own_permutation() -> None:
    design, waves = classic_design(), waves_of(20, 12)
    order = presentation_order(20, 3, 9)
    assert not np.array_equal(order[0], order[1]) and all(sorted(row) == list(range(20)) for row in order.tolist())
    history = learn(design, waves, epochs=3, order="shuffled", seed=9)
    assert history.design.fingerprint() == ENGINE.run(design, waves[order.reshape(-1)], True).final.fingerprint()


def test_layer_by_layer_freezes_all_other_stages() -> None:
    design, waves, labels = design_of(deep_network()), waves_of(25, 8), labels_of(25)
    seen: list[Design] = [design]

    def keep(event: Any) -> None:
        if isinstance(event, EpochEvent):
            seen.append(event.design)

    history = learn(design, waves, labels=labels, epochs=2, plan="layer_by_layer", callbacks=[keep])
    assert [(r.stage, r.epoch) for r in history.records] == [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert [p.stage for p in passes_of(design.network, "layer_by_layer", 2)] == [0, 0, 1, 1, 2, 2]
    for number, (a, b) in enumerate(itertools.pairwise(seen)):
        theirs = dict(b.state.arrays())
        moved = {name.split(".")[0] for name, array in a.state.arrays() if not np.array_equal(array, theirs[name])}
        assert moved == {("layer0", "layer1", "voter")[number // 2]}
    flags = np.zeros((25, 3), dtype=bool)
    flags[:, 0] = True
    assert seen[1].fingerprint() == ENGINE.run(design, waves, flags, labels=labels).final.fingerprint()


def test_labels_enable_the_neuron_of_their_class() -> None:
    design, waves, labels = design_of(enabled_network()), waves_of(30, 8), labels_of(30)
    one_hot = np.eye(3, dtype=bool)[labels]
    expected = ENGINE.run(design, waves, True, enable=one_hot).final.fingerprint()
    assert learn(design, waves, labels=labels).design.fingerprint() == expected
    assert learn(design, waves, enable=one_hot).design.fingerprint() == expected
    other = learn(design, waves, labels=labels, enable=~one_hot).design.fingerprint()
    assert other == ENGINE.run(design, waves, True, enable=~one_hot).final.fingerprint() != expected


def test_a_voter_behind_a_frozen_supervised_layer_sees_what_evaluation_gives() -> None:
    design, waves, labels = design_of(enabled_network(voter=True)), waves_of(30, 8), labels_of(30)
    outputs = []

    def keep(event: Any) -> None:
        if isinstance(event, ChunkEvent) and event.stage == 1:
            outputs.append(event.result.outputs)

    history = learn(design, waves, labels=labels, plan="layer_by_layer", callbacks=[keep])
    assert np.array_equal(np.concatenate(outputs), ENGINE.run(history.design, waves).outputs)


def test_records_by_hand() -> None:
    design, waves, labels = design_of(deep_network()), waves_of(30, 8), labels_of(30)
    history = learn(design, waves, labels=labels, chunk=8)
    trace = ENGINE.run(design, waves, True, labels=labels, keep_layers=True)
    assert trace.layers is not None and trace.final.state.voter is not None and design.state.voter is not None
    spikes = [*(layer != NO_SPIKE for layer in trace.layers), trace.winners[:, None] == np.arange(3)]
    for record, fired in zip(history.records, spikes, strict=True):
        wins = fired.sum(axis=0)
        assert record.firing == pytest.approx(fired.any(axis=1).mean())
        assert record.busiest == pytest.approx(wins.max() / max(wins.sum(), 1))
        assert record.dead == pytest.approx((wins == 0).mean())
    before, after = design.state.layers[0], trace.final.state.layers[0]
    moved = np.abs(after.distal.astype(int) - before.distal)[before.distal_mask]
    assert history.records[0].drift == pytest.approx(moved.mean())
    voted = np.abs(trace.final.state.voter.weights.astype(int) - design.state.voter.weights)
    assert history.records[2].drift == pytest.approx(voted.mean())
    assert history.records[2].accuracy == pytest.approx((trace.winners == labels).mean())
    assert [r.accuracy for r in history.records[:2]] == [None, None]


def test_events_cover_every_wave_once_per_pass() -> None:
    events: list[Any] = []
    told: list[tuple[int, int]] = []
    design, waves = classic_design(), waves_of(20, 12)
    history = learn(
        design, waves, epochs=2, order="shuffled", chunk=8, callbacks=[events.append], progress=lambda d, t: told.append((d, t))
    )
    assert told == [(8, 40), (16, 40), (20, 40), (28, 40), (36, 40), (40, 40)]
    chunks = [e for e in events if isinstance(e, ChunkEvent)]
    assert np.array_equal(np.concatenate([e.numbers for e in chunks]), presentation_order(20, 2, 0).reshape(-1))
    assert all(len(e.result.outputs) == len(e.numbers) for e in chunks)
    ends = [e for e in events if isinstance(e, EpochEvent)]
    assert [(e.done, e.epoch, e.records) for e in ends] == [(20, 1, history.records[:1]), (40, 2, history.records[1:])]
    assert ends[-1].design.fingerprint() == history.design.fingerprint()


def test_a_callback_can_stop() -> None:
    design, waves = classic_design(), waves_of(20, 12)
    calls: list[int] = []

    def second(event: ChunkEvent | EpochEvent) -> None:
        calls.append(event.done)

    history = learn(design, waves, epochs=3, chunk=10, callbacks=[lambda e: isinstance(e, EpochEvent), second])
    assert (history.stopped, history.done, len(history.records)) == (True, 20, 1)
    assert calls == [10, 20, 20], "the others hear of the last event too"
    assert history.design.fingerprint() == ENGINE.run(design, waves, True).final.fingerprint()
    assert not learn(design, waves, callbacks=[lambda e: e.done == e.total]).stopped


def test_a_module_has_learned_afterwards_and_after_an_interruption() -> None:
    waves = waves_of(20, 12)
    module = Module(classic_design())
    history = learn(module, waves)
    assert module.held.fingerprint() == history.design.fingerprint()

    def stop(done: int, _total: int) -> None:
        if done == 8:
            raise Stop

    module = Module(classic_design())
    with pytest.raises(Stop):
        learn(module, waves, chunk=4, progress=stop)
    assert module.held.state.equals(ENGINE.run(classic_design(), waves[:8], True).final.state)


def test_a_torch_network() -> None:
    design, waves, labels = design_of(deep_network()), waves_of(20, 8), labels_of(20)
    network = Network.from_design(design)
    history = train(network, waves, labels=labels, plan="layer_by_layer")
    assert same(history, train(Module(design), waves, labels=labels, plan="layer_by_layer", engine="reference"))
    assert network.to_design("model").fingerprint() == history.design.fingerprint()


def test_the_device_is_that_of_the_modules_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def engine_of(name: str, *, device: Any) -> ReferenceEngine:
        asked.append((name, str(device)))
        return ENGINE

    class Elsewhere(Module):
        def buffers(self) -> Any:
            return iter([torch.zeros(1, device="meta")])

    monkeypatch.setattr(driver, "get_engine", engine_of)
    for options in ({}, {"engine": "torch"}, {"engine": "compiled"}, {"device": "cpu"}):
        train(Elsewhere(classic_design()), waves_of(4, 12), **options)  # type: ignore[arg-type]
    train(classic_design(), waves_of(4, 12))
    assert asked == [("auto", "meta"), ("torch", "meta"), ("compiled", "cpu"), ("auto", "cpu"), ("auto", "cpu")]


def test_a_record_keeps_its_old_order() -> None:
    assert EpochRecord(1, 0.5, 0.25, 2.0) == EpochRecord(epoch=1, firing=0.5, busiest=0.25, drift=2.0, stage=0, dead=0.0, accuracy=None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "shufled"}, "did you mean 'shuffled'"),
        ({"plan": "layerwise"}, "plan of training"),
        ({"epochs": 0}, "epochs is not legal"),
        ({"epochs": 1.5}, "epochs is not legal"),
        ({"every": 0}, "every is not legal"),
        ({"chunk": 0}, "chunk is not legal"),
        ({"seed": -1}, "seed is not legal"),
        ({"enable": np.ones((5, 3), dtype=bool)}, "none at all"),
        ({"labels": np.zeros(4, dtype=int)}, "labels are not legal"),
    ],
)
def test_bad_arguments(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learn(classic_design(), waves_of(5, 12), **options)


def test_bad_models_waves_labels_and_engines() -> None:
    with pytest.raises(ConfigError, match="cannot be trained"):
        learn(3, waves_of(5, 12))
    with pytest.raises(ConfigError, match="wrong shape"):
        learn(classic_design(), waves_of(5, 11))
    with pytest.raises(ConfigError, match="no waves"):
        learn(classic_design(), waves_of(0, 12))
    with pytest.raises(ConfigError, match="no such engine"):
        train(classic_design(), waves_of(5, 12), engine="quick")
    with pytest.raises(ConfigError, match="rules R9, R10"):
        learn(design_of(deep_network()), waves_of(5, 8))
    with pytest.raises(ConfigError, match="rule P2"):
        learn(design_of(enabled_network()), waves_of(5, 8))
    for labels in (np.array([0, 1, 2, 3, 0]), np.array([0, -1, 2, 1, 0]), np.zeros(5)):
        with pytest.raises(ConfigError, match="no enable line"):
            learn(design_of(enabled_network()), waves_of(5, 8), labels=labels)
