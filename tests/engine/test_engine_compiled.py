"""The compiled engine equals the reference to the bit (rule A2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neutnngen.engine import ReferenceEngine, get_engine
from neutnngen.engine.compiled import CompiledEngine
from neutnngen.errors import ConfigError
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    Design,
    LfsrSpec,
    NetworkState,
    StdpSpec,
    as_network,
    blank_state,
)
from random_designs import random_case


def make_waves(design: Design, count: int, seed: int, silent: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    waves = rng.integers(0, design.column.t_in_max + 1, (count, design.column.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < silent] = NO_SPIKE
    return waves, rng.random(count) < 0.8


def assert_equal_runs(design: Design, waves: np.ndarray, learn: np.ndarray | bool) -> None:
    before = design.fingerprint()
    expected = ReferenceEngine().run(design, waves, learn, keep_states=True)
    got = CompiledEngine().run(design, waves, learn, keep_states=True)
    for name in ("outputs", "winners", "weights", "lfsr"):
        a, b = getattr(expected, name), getattr(got, name)
        assert a.dtype == b.dtype and np.array_equal(a, b), name
    assert got.final.fingerprint() == expected.final.fingerprint()
    assert design.fingerprint() == before, "the Design that comes in is never changed"


def make_design(column: ColumnSpec, seed: int, exist: float = 0.9) -> Design:
    rng = np.random.default_rng(seed)
    mask = rng.random((column.neurons, column.inputs)) < exist
    weights = rng.integers(0, column.w_max + 1, mask.shape) * mask
    return Design.of_column("random", column, weights, mask, int(rng.integers(1, 2**column.lfsr.width)))


LIVELY = StdpSpec(mu_capture=700, mu_minus=700, mu_search=300, mu_backoff=700, mu_min=300)


@pytest.mark.parametrize("response", ["rnl", "snl"])
@pytest.mark.parametrize("tie", ["lowest_index", "largest_potential"])
@pytest.mark.parametrize("inputs", [1, 64, 65, 200])
@pytest.mark.parametrize("neurons", [1, 4, 9])
def test_sizes_at_block_limits(inputs: int, neurons: int, tie: Any, response: Any) -> None:
    column = ColumnSpec(inputs, neurons, threshold=max(inputs, 1), tie=tie, response=response, stdp=LIVELY)
    design = make_design(column, seed=inputs * 10 + neurons)
    assert_equal_runs(design, *make_waves(design, 15, inputs))


@pytest.mark.parametrize("w_res", range(1, 7))
@pytest.mark.parametrize("t_res", [1, 3, 6])
def test_all_weight_widths(w_res: int, t_res: int) -> None:
    """600 inputs are more blocks than a byte holds sums of, so the widening on the way is passed for every width."""
    w_max = 2**w_res - 1
    design = make_design(ColumnSpec(600, 3, threshold=200 * w_max, t_res=t_res, w_res=w_res, stdp=LIVELY), seed=w_res)
    assert_equal_runs(design, *make_waves(design, 4, w_res))


def test_largest_potential_that_can_occur() -> None:
    column = ColumnSpec(4200, 2, threshold=4200 * 63, t_res=1, w_res=6)
    weights = np.full((2, 4200), 63)
    weights[0, 4199] = 62
    design = Design.of_column("full", column, weights, np.ones(weights.shape, dtype=bool), 1)
    trace = CompiledEngine().run(design, np.zeros((1, 4200), dtype=np.uint8), False)
    assert trace.winners.tolist() == [1] and trace.outputs[0].tolist() == [NO_SPIKE, 62]


@pytest.mark.parametrize(
    "lfsr", [LfsrSpec(63, (63, 62), 5), LfsrSpec(20, (20, 17), 9), LfsrSpec(11, (11, 9), 3), LfsrSpec(31, (31, 30, 29, 10), 4)]
)
def test_other_random_registers(lfsr: LfsrSpec) -> None:
    design = make_design(ColumnSpec(20, 3, threshold=20, lfsr=lfsr, stdp=LIVELY), seed=1)
    assert_equal_runs(design, *make_waves(design, 30, 2))


def test_forms_of_input() -> None:
    design = make_design(ColumnSpec(70, 3, threshold=70), seed=3)
    waves, _ = make_waves(design, 6, 4)
    frozen = waves.copy()
    frozen.flags.writeable = False
    for form in (waves.astype(np.int64), np.asfortranarray(waves), frozen, waves[::2], waves[:0]):
        assert_equal_runs(design, form, True)


@pytest.mark.parametrize("line", [0, 63, 64, 69])
@pytest.mark.parametrize("time", [8, 254])
def test_illegal_times_are_found(line: int, time: int) -> None:
    design = make_design(ColumnSpec(70, 3, threshold=70), seed=3)
    waves, _ = make_waves(design, 3, 4)
    waves[2, line] = time
    with pytest.raises(ConfigError, match=f"wave 2, line {line}"):
        CompiledEngine().run(design, waves, True)
    with pytest.raises(ConfigError, match="wrong shape"):
        CompiledEngine().run(design, waves[:, 1:], True)


@pytest.mark.parametrize("seed", range(30))
def test_threads_do_not_matter(seed: int) -> None:
    most = get_engine("compiled").threads  # type: ignore[attr-defined]
    case = random_case(1000 + seed)
    runs = [
        CompiledEngine(n).run(case.design, case.waves, case.learn, enable=case.enable, labels=case.labels)
        for n in range(1, min(most, 3) + 1)
    ]
    assert len({run.final.fingerprint() for run in runs}) == 1
    with pytest.raises(ConfigError, match="threads"):
        CompiledEngine(most + 1)


def test_long_runs_go_through_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(3, count=40)
    arguments = {"enable": case.enable, "labels": case.labels, "keep_layers": True}
    whole = CompiledEngine(1).run(case.design, case.waves, case.learn, **arguments)  # type: ignore[arg-type]
    monkeypatch.setattr("neutnngen.engine.compiled.CHUNK_BYTES", 1)
    pieces = CompiledEngine(1).run(case.design, case.waves, case.learn, **arguments)  # type: ignore[arg-type]
    assert np.array_equal(whole.outputs, pieces.outputs) and whole.final.fingerprint() == pieces.final.fingerprint()


@pytest.mark.parametrize("segments", [31, 32, 33, 96, 97, 240])
def test_dendrites_at_lane_limits(segments: int) -> None:
    """More segments than a vector, and more than are summed four vectors at a time."""
    spec = DendriticColumnSpec(9, 3, 20, segments=segments, stdp=LIVELY, tie="largest_potential")
    rng = np.random.default_rng(segments)
    network = as_network(spec)
    blank = blank_state(network)
    layer = replace(blank.layers[0], distal=rng.integers(0, 8, (1, *spec.distal_shape)))
    design = Design("lanes", network, NetworkState((layer,)))
    waves = rng.integers(0, 8, (10, 9)).astype(np.uint8)
    learn = rng.random(10) < 0.6
    expected = ReferenceEngine().run(design, waves, learn)
    got = CompiledEngine(1).run(design, waves, learn)
    assert np.array_equal(expected.outputs, got.outputs) and expected.final.fingerprint() == got.final.fingerprint()


@pytest.mark.parametrize("inputs", [300, 5000])
def test_sums_beyond_a_byte(inputs: int) -> None:
    spec = DendriticColumnSpec(inputs, 2, inputs * 3, segments=2, w_res=4, stdp=LIVELY)
    rng = np.random.default_rng(inputs)
    network = as_network(spec)
    layer = replace(blank_state(network).layers[0], distal=rng.integers(0, 16, (1, *spec.distal_shape)))
    design = Design("wide", network, NetworkState((layer,)))
    waves = rng.integers(0, 8, (4, inputs)).astype(np.uint8)
    expected = ReferenceEngine().run(design, waves, True)
    got = CompiledEngine(1).run(design, waves, True)
    assert (expected.outputs != NO_SPIKE).any()
    assert np.array_equal(expected.outputs, got.outputs) and expected.final.fingerprint() == got.final.fingerprint()
