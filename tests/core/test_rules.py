"""Golden cases that can be checked by hand, one for each rule; the reference engine and the tensor core are both asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from neutnngen.core.draws import draw_wave
from neutnngen.core.lfsr import draw, step
from neutnngen.core.response import potentials
from neutnngen.engine import ReferenceEngine
from neutnngen.engine.reference_column import response
from neutnngen.errors import ConfigError
from neutnngen.nn import Column
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design, LfsrSpec, StdpSpec, as_dendritic

X = NO_SPIKE
ALWAYS = StdpSpec(mu_capture=1024, mu_minus=1024, mu_search=1024, mu_backoff=1024, mu_min=1024)
Wave = Callable[[ColumnSpec, list[list[int]], list[int], bool], tuple[list[int], list[list[int]]]]


def by_reference(column: ColumnSpec, weights: list[list[int]], times: list[int], learn: bool) -> tuple[list[int], list[list[int]]]:
    design = Design.of_column("d", column, np.array(weights), np.ones((column.neurons, column.inputs), bool), 1)
    trace = ReferenceEngine().run(design, np.array([times], dtype=np.uint8), learn)
    return trace.outputs[0].tolist(), trace.final.weights.tolist()


def by_module(column: ColumnSpec, weights: list[list[int]], times: list[int], learn: bool) -> tuple[list[int], list[list[int]]]:
    module = Column(column, torch.tensor(weights)).train(learn)
    output = module(torch.tensor([times], dtype=torch.uint8))
    return output[0].tolist(), module.weights.tolist()


@pytest.fixture(params=[by_reference, by_module])
def wave(request: pytest.FixtureRequest) -> Wave:
    return request.param  # type: ignore[no-any-return]


def test_s2_s3_response() -> None:
    rnl, snl = ColumnSpec(1, 1, 1), ColumnSpec(1, 1, 1, response="snl")
    assert [response(t, 2, 3, rnl) for t in range(7)] == [0, 0, 1, 2, 3, 3, 3]
    assert [response(t, 2, 3, snl) for t in range(4)] == [0, 0, 3, 3]
    assert [response(t, X, 3, rnl) for t in range(3)] == [0, 0, 0]  # S4
    times, weights = torch.tensor([[2, X]], dtype=torch.uint8), torch.tensor([[3, 7]])
    assert potentials(times, weights, ColumnSpec(2, 1, 1))[0, 0, :7].tolist() == [0, 0, 1, 2, 3, 3, 3]


def test_g1_fires_when_the_sum_reaches_the_threshold(wave: Wave) -> None:
    # two ramps from 0 and 1: V = 1, 3, 5, 6 (weights 3, 3)
    for threshold, time in ((1, 0), (2, 1), (3, 1), (4, 2), (6, 3)):
        assert wave(ColumnSpec(2, 1, threshold), [[3, 3]], [0, 1], False)[0] == [time]
    assert wave(ColumnSpec(2, 1, 7), [[3, 3]], [0, 1], False)[0] == [X]


def test_t3_last_possible_clock(wave: Wave) -> None:
    assert wave(ColumnSpec(1, 1, 7), [[7]], [7], False)[0] == [13]


def test_d1_one_winner_and_its_ties(wave: Wave) -> None:
    column = ColumnSpec(2, 3, 2)
    weights = [[1, 1], [2, 2], [0, 7]]
    assert wave(column, weights, [0, 0], False)[0] == [0, X, X]  # both fire at 0: the lowest index
    ties = ColumnSpec(2, 3, 2, response="snl", tie="largest_potential")
    assert wave(ties, weights, [0, 0], False)[0] == [X, X, 0]  # potentials 2, 4, 7
    assert wave(ties, [[2, 2], [2, 2], [0, 0]], [0, 0], False)[0] == [0, X, X]


def test_r1_r2_r4_for_the_winner_and_r3_for_the_others(wave: Wave) -> None:
    column = ColumnSpec(3, 2, 2, stdp=ALWAYS)
    # neuron 0 reaches 2 at t = 1; inputs: x = 0 (captured), x = 5 (late), none
    output, weights = wave(column, [[3, 3, 3], [0, 0, 0]], [0, 5, X], True)
    assert output == [1, X]
    assert weights == [[4, 2, 2], [1, 1, 0]]


def test_r3_when_nobody_fires_and_r5(wave: Wave) -> None:
    column = ColumnSpec(2, 2, 14, stdp=ALWAYS)
    assert wave(column, [[1, 1], [7, 0]], [3, X], True) == ([X, X], [[2, 1], [7, 0]])  # clamped at w_max


def test_the_winner_s_own_clock_counts_as_captured(wave: Wave) -> None:
    column = ColumnSpec(2, 1, 2, stdp=ALWAYS)
    assert wave(column, [[1, 1]], [0, 4], True) == ([4], [[2, 2]])  # x = y = 4


def test_weights_stay_in_range(wave: Wave) -> None:
    column = ColumnSpec(2, 1, 7, stdp=ALWAYS)
    assert wave(column, [[7, 0]], [0, X], True)[1] == [[7, 0]]


def test_stabiliser_holds_saturated_weights(wave: Wave) -> None:
    """With mu_min = 0 and F(0) = F(w_max) = 0 nothing moves a weight at its ends (rules R1, R4, R6)."""
    column = ColumnSpec(2, 1, 7, stdp=StdpSpec(1024, 1024, 0, 1024, 0))
    assert wave(column, [[7, 7]], [0, X], True)[1] == [[7, 7]]
    opened = ColumnSpec(2, 1, 7, stdp=StdpSpec(1024, 1024, 0, 1024, 0, at_max=1))
    assert wave(opened, [[7, 7]], [0, X], True)[1] == [[7, 6]]


def test_r7_register_by_hand() -> None:
    spec = LfsrSpec(width=16, taps=(16, 15, 13, 4), seed=1)
    states, state = [], 1
    for _ in range(5):
        state = step(state, spec)
        states.append(state)
    assert states == [2, 4, 8, 17, 34]  # bit 3 (tap 4) feeds back a 1 at the fourth step
    value, after = draw(1, spec)
    assert value == after & 1023


def test_r7_default_register_has_full_period_over_its_factors() -> None:
    """2^31 - 1 is prime, so a state that does not return at once returns only after the whole period."""
    spec = LfsrSpec()
    assert step(1, spec) != 1
    # x -> x^(2^31) is the identity in the field only if the polynomial is irreducible: square the step map 31 times
    matrix = [step(1 << i, spec) for i in range(31)]

    def apply(columns: list[int], vector: int) -> int:
        result = 0
        for i in range(31):
            if vector >> i & 1:
                result ^= columns[i]
        return result

    squared = matrix
    for _ in range(31):
        squared = [apply(squared, c) for c in squared]
    assert squared == matrix


def test_r8_draw_order() -> None:
    column = ColumnSpec(2, 1, 2, w_res=1)
    state, values = 99, []
    for _ in range(column.draws):
        value, state = draw(state, column.lfsr)
        values.append(value)
    [(bits, _)], after = draw_wave(99, as_dendritic(column))
    assert after == state
    mus = (640, 952, 2, 952, 70)
    assert [bits.capture, bits.minus, bits.search, bits.backoff, bits.minimum] == [v < m for v, m in zip(values, mus, strict=False)]
    assert len(bits.up) == len(bits.down) == 2


def test_r11_inference_changes_nothing() -> None:
    module = Column(ColumnSpec(2, 2, 2, stdp=ALWAYS), torch.tensor([[3, 3], [1, 0]])).eval()
    before = {k: v.clone() for k, v in module.state_dict().items()}
    module(torch.tensor([[0, 1], [X, X]], dtype=torch.uint8))
    assert all(torch.equal(before[k], v) for k, v in module.state_dict().items())


def test_s4_pruned_synapse_never_learns() -> None:
    module = Column(ColumnSpec(2, 1, 2, stdp=ALWAYS), torch.tensor([[3, 0]]), torch.tensor([[True, False]])).train()
    module(torch.tensor([[0, 0]], dtype=torch.uint8))
    assert module.weights.tolist() == [[4, 0]]


def test_networks_share_no_state() -> None:
    start = torch.tensor([[3, 3]])
    one, two = (Column(ColumnSpec(2, 1, 2, stdp=ALWAYS), start).train() for _ in range(2))
    one(torch.tensor([[0, 0]], dtype=torch.uint8))
    assert two.weights.tolist() == [[3, 3]] and start.tolist() == [[3, 3]]


def test_illegal_waves_are_named() -> None:
    design = Design.of_column("d", ColumnSpec(2, 1, 2), np.array([[1, 1]]), np.ones((1, 2), bool), 1)
    with pytest.raises(ConfigError, match="wave 1, line 0"):
        ReferenceEngine().run(design, np.array([[0, 1], [8, 0]]), False)
    with pytest.raises(ConfigError, match="shape"):
        ReferenceEngine().run(design, np.array([[0, 1, 2]]), False)
