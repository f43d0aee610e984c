"""A stopped and resumed run equals an uninterrupted one to the bit, wherever it was stopped."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from training_cases import Module, Stop, classic_design, deep_network, design_of, enabled_network, labels_of, same, waves_of

from neutnngen.core.masks import apply_mask
from neutnngen.engine import reference
from neutnngen.errors import DataError
from neutnngen.spec import Design, NetworkSpec
from neutnngen.train import ChunkEvent, History, train

COUNT = 8
WAVES, LABELS = waves_of(COUNT, 8), labels_of(COUNT)


def deep() -> Design:
    return design_of(deep_network())


def learn(model: Any, **options: Any) -> History:
    options = {"labels": LABELS, "epochs": 2, "order": "shuffled", "seed": 3, "plan": "layer_by_layer", "engine": "reference", **options}
    return train(model, options.pop("waves", WAVES), **options)


WHOLE = {plan: learn(deep(), plan=plan) for plan in ("layer_by_layer", "together")}


def stop_at(point: int, error: type[BaseException] = Stop) -> Any:
    def callback(event: Any) -> None:
        if isinstance(event, ChunkEvent) and event.done >= point:
            raise error

    return callback


@pytest.mark.parametrize("plan", ["layer_by_layer", "together"])
def test_every_checkpoint_of_a_killed_run_leads_to_the_same_end(tmp_path: Path, plan: str) -> None:
    file, copies = tmp_path / "run.ckpt", []

    def copy(event: Any) -> None:  # a killed process leaves what is on the disk
        if isinstance(event, ChunkEvent) and file.is_file():
            copies.append(shutil.copy(file, tmp_path / f"at{event.done}.ckpt"))

    whole = learn(deep(), plan=plan, checkpoint=file, every=1, callbacks=[copy])
    assert same(whole, WHOLE[plan]) and not file.exists(), "a finished run leaves no checkpoint"
    assert len(copies) == whole.total
    for number, path in enumerate(copies):
        resumed = learn(deep(), plan=plan, checkpoint=path)
        assert same(resumed, whole), f"resumed after {number + 1} waves"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["layer_by_layer", "together"]),
    st.lists(st.tuples(st.integers(1, 48), st.integers(1, 20), st.integers(1, 9), st.sampled_from([Stop, KeyboardInterrupt])), max_size=4),
)
def test_random_stop_points(tmp_path: Path, plan: str, stops: list[tuple[int, int, int, type[BaseException]]]) -> None:
    file = tmp_path / "run.ckpt"
    file.unlink(missing_ok=True)
    for point, every, chunk, error in stops:
        try:
            learn(deep(), plan=plan, checkpoint=file, every=every, chunk=chunk, callbacks=[stop_at(point, error)])
            break
        except error:
            assert file.is_file()
    assert same(learn(deep(), plan=plan, checkpoint=file), WHOLE[plan])
    assert not file.exists()


@pytest.mark.parametrize("calls", [1, 2, 9, 30, 61])
def test_interrupted_inside_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """The state of a broken chunk is never used: neither by the checkpoint nor by the module."""
    file, left = tmp_path / "run.ckpt", calls
    run_wave = reference.run_wave

    def broken(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return run_wave(*arguments, **options)

    monkeypatch.setattr(reference, "run_wave", broken)
    module = Module(deep())
    with pytest.raises(KeyboardInterrupt):
        learn(module, checkpoint=file, chunk=5)
    monkeypatch.undo()
    assert file.is_file() == (calls > 15), "15 columns are run in the first chunk"
    assert same(learn(module, checkpoint=file), learn(Module(deep()))), "the interrupted module itself can go on"


def test_a_run_stopped_by_a_callback_can_go_on(tmp_path: Path) -> None:
    file = tmp_path / "run.ckpt"
    assert learn(deep(), checkpoint=file, chunk=5, callbacks=[lambda e: e.done >= 17]).stopped
    assert file.is_file()
    resumed = learn(deep(), checkpoint=file)
    assert same(resumed, WHOLE["layer_by_layer"]) and not resumed.stopped


def test_a_run_broken_off_after_its_last_wave(tmp_path: Path) -> None:
    file = tmp_path / "run.ckpt"
    with pytest.raises(Stop):
        learn(deep(), checkpoint=file, callbacks=[stop_at(48)])
    assert file.is_file() and same(learn(deep(), checkpoint=file), WHOLE["layer_by_layer"]) and not file.exists()


def test_checkpoints_come_in_time(tmp_path: Path) -> None:
    file, seen = tmp_path / "folder" / "run.ckpt", []
    learn(deep(), checkpoint=file, every=5, chunk=7, callbacks=[lambda e: seen.append((e.done, file.exists()))])
    assert seen[0] == (5, True) and {5, 8, 10, 15, 16, 20} <= {done for done, _ in seen}
    assert not list(file.parent.iterdir())


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    with pytest.raises(Stop):
        learn(deep(), checkpoint=tmp_path / "run.ckpt", chunk=5, callbacks=[stop_at(15)])
    return tmp_path / "run.ckpt"


def other_threshold() -> Design:
    network = deep_network()
    first = replace(network.layers[0], column=replace(network.layers[0].column, threshold=7))
    return Design("trial", NetworkSpec(8, (first, network.layers[1]), voter=network.voter, outputs=(0, 1)), deep().state)


@pytest.mark.parametrize(
    ("design", "options", "difference"),
    [
        (deep, {"seed": 4}, "seed"),
        (deep, {"epochs": 3}, "epochs"),
        (deep, {"order": "given"}, "order"),
        (deep, {"plan": "together"}, "plan"),
        (deep, {"waves": waves_of(COUNT, 8, seed=1)}, "data"),
        (deep, {"labels": labels_of(COUNT, seed=1)}, "labels"),
        (other_threshold, {}, "structure"),
        (lambda: design_of(deep_network(), 8), {}, "initial state, masks"),
        (lambda: deep().with_state(WHOLE["together"].design.state), {}, "initial state"),
        (lambda: apply_mask(deep(), 1, np.arange(6) > np.zeros((1, 1, 3, 1))), {"seed": 9}, "initial state, masks, seed"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(stopped: Path, design: Any, options: dict[str, Any], difference: str) -> None:
    content = stopped.read_bytes()
    with pytest.raises(DataError, match=f"another run: not the same {difference}\n") as caught:
        learn(design(), checkpoint=stopped, **options)
    assert "begin again" in str(caught.value.next_step)
    assert stopped.read_bytes() == content, "it is left as it is"


def test_another_enable_is_refused(tmp_path: Path) -> None:
    file, design = tmp_path / "run.ckpt", design_of(enabled_network())
    with pytest.raises(Stop):
        learn(design, enable=np.ones((COUNT, 3), dtype=bool), checkpoint=file, chunk=5, callbacks=[stop_at(5)])
    with pytest.raises(DataError, match="not the same enable\n"):
        learn(design, checkpoint=file)


def test_the_engine_is_no_part_of_a_run(stopped: Path) -> None:
    assert same(learn(deep(), checkpoint=stopped, engine="auto"), WHOLE["layer_by_layer"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_changed_byte_is_named(stopped: Path, place: float, change: int) -> None:
    whole = stopped.read_bytes()
    damaged = bytearray(whole)
    damaged[int(place * len(whole))] ^= change
    path = stopped.with_name("damaged.ckpt")
    path.write_bytes(damaged)
    with pytest.raises(DataError, match="cannot be read"):
        learn(deep(), checkpoint=path)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "no checkpoint"), (b"rubbish", "no checkpoint"), (b"neutnngen-checkpoint 9.1 00\n", "version 9.1"), (None, "checksum")],
)
def test_other_damage(stopped: Path, content: bytes | None, why: str) -> None:
    stopped.write_bytes(stopped.read_bytes()[:-10] if content is None else content)
    with pytest.raises(DataError, match=f"cannot be read: .*{why}") as caught:
        learn(deep(), checkpoint=stopped)
    assert f"delete {stopped}" in str(caught.value.next_step)


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        train(classic_design(), waves_of(3, 12), checkpoint=tmp_path, engine="reference")
