"""The compiled engine equals the reference to the bit (rule A2)."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neutnngen.engine import CompiledEngine, ReferenceEngine
from neutnngen.engine.compiled import ColumnBank
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design, LfsrSpec, StdpSpec


def _designs() -> Any:
    """The strategy of the test of the other engines; the tests are no package, so it is loaded by path."""
    spec = importlib.util.spec_from_file_location("engines_agree", Path(__file__).with_name("test_engines_agree.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.designs()


def make_waves(design: Design, count: int, seed: int, silent: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    waves = rng.integers(0, design.column.t_in_max + 1, (count, design.column.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < silent] = NO_SPIKE
    return waves, rng.random(count) < 0.8


def assert_equal_runs(design: Design, waves: np.ndarray, learn: np.ndarray | bool) -> None:
    before = design.fingerprint()
    expected = ReferenceEngine().run(design, waves, learn, keep_weights=True)
    got = CompiledEngine().run(design, waves, learn, keep_weights=True)
    for name in ("outputs", "winners", "weights", "lfsr"):
        a, b = getattr(expected, name), getattr(got, name)
        assert a.dtype == b.dtype and np.array_equal(a, b), name
    assert got.final.fingerprint() == expected.final.fingerprint()
    assert design.fingerprint() == before, "the Design that comes in is never changed"


def make_design(column: ColumnSpec, seed: int, exist: float = 0.9) -> Design:
    rng = np.random.default_rng(seed)
    mask = rng.random((column.neurons, column.inputs)) < exist
    weights = rng.integers(0, column.w_max + 1, mask.shape) * mask
    return Design("random", column, weights, mask, int(rng.integers(1, 2**column.lfsr.width)))


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_designs(), st.integers(0, 2**32), st.sampled_from([0.0, 0.3, 0.9]))
def test_random_designs_equal_the_reference(design: Design, seed: int, silent: float) -> None:
    assert_equal_runs(design, *make_waves(design, 12, seed, silent))


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
    design = Design("full", column, weights, np.ones(weights.shape, dtype=bool), 1)
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


@pytest.mark.parametrize("threads", [1, 2])
def test_bank_of_columns_equals_the_columns_alone(threads: int) -> None:
    import numba

    if threads > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("this machine has one core")
    column = ColumnSpec(32, 5, threshold=32, stdp=LIVELY)
    designs = [make_design(column, seed) for seed in range(7)]
    pairs = [make_waves(d, 20, seed) for seed, d in enumerate(designs)]
    learn = pairs[0][1]
    bank = ColumnBank(designs)
    waves = np.stack([w for w, _ in pairs])
    outputs, winners, states = (np.concatenate(parts, axis=1) for parts in zip(
        bank.run(waves[:, :8], learn[:8], threads=threads), bank.run(waves[:, 8:], learn[8:], threads=threads), strict=True
    ))  # fmt: skip
    for c, design in enumerate(designs):
        alone = ReferenceEngine().run(design, waves[c], learn)
        assert np.array_equal(outputs[c], alone.outputs) and np.array_equal(winners[c], alone.winners)
        assert np.array_equal(states[c], alone.lfsr)
        assert bank.designs()[c].fingerprint() == alone.final.fingerprint()


def test_bank_refuses_what_does_not_fit() -> None:
    design = make_design(ColumnSpec(8, 2, threshold=8), 0)
    other = replace(design, column=replace(design.column, threshold=9))
    with pytest.raises(ConfigError, match="columns of one kind"):
        ColumnBank([design, other])
    bank = ColumnBank([design])
    with pytest.raises(ConfigError, match="wrong shape"):
        bank.run(np.zeros((2, 3, 8), np.uint8), True)
    with pytest.raises(ConfigError, match="threads"):
        bank.run(np.zeros((1, 3, 8), np.uint8), True, threads=0)
