"""The reference column: golden cases by hand for every rule, and the two spellings of a classic column."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from neutnngen.engine.reference_column import ColumnState, WaveResult, run_wave
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, DendriticColumnSpec, HomeostasisSpec, ProximalSpec, StdpSpec, as_classic, as_dendritic
from random_designs import random_classic

X = NO_SPIKE
ALWAYS = StdpSpec(mu_capture=1024, mu_minus=1024, mu_search=1024, mu_backoff=1024, mu_min=1024)


def times(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint8)


def state_with(spec: DendriticColumnSpec, distal: object, proximal: object = ()) -> ColumnState:
    """A column with these weights and every synapse present."""
    state = ColumnState.constant(spec, 0)
    state.distal = np.array(distal, dtype=np.uint8).reshape(spec.distal_shape)
    state.proximal = np.array(proximal, dtype=np.uint8).reshape(spec.proximal_shape)
    return state


@pytest.mark.parametrize("seed", range(60))
def test_c2_both_spellings_are_the_same_column(seed: int) -> None:
    """One dendrite of q segments has one spelling as a ColumnSpec, and infers what q one-segment neurons with one winner do."""
    rng = np.random.default_rng(seed)
    spec = random_classic(rng).layers[0].column
    column = as_classic(spec)
    assert column is not None and as_dendritic(column) == spec
    inhibition = "one_lowest_index" if spec.tie == "lowest_index" else "one_largest_potential"
    other = dataclasses.replace(spec, neurons=spec.segments, segments=1, output="neurons", inhibition=inhibition)
    weights = rng.integers(0, spec.w_max + 1, spec.distal_shape)
    waves = rng.integers(0, spec.t_in_max + 1, (8, spec.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < 0.3] = X
    for wave in waves:
        one, two = run_wave(spec, state_with(spec, weights), wave), run_wave(other, state_with(other, weights), wave)
        assert one.outputs.tolist() == two.outputs.tolist() and one.winner == two.winner


def test_d1_d2_n1_dendrites_compete_inside_and_the_neuron_takes_the_earliest() -> None:
    spec = DendriticColumnSpec(2, 1, 3, dendrites=2, segments=2, stdp=ALWAYS)
    # dendrite 0: segment 1 reaches 3 at t = 2; dendrite 1: segment 0 at t = 1 (two ramps)
    state = state_with(spec, [[[[1, 1], [7, 0]], [[2, 2], [2, 2]]]])
    result = run_wave(spec, state, times(0, 0), learn=True)
    assert result.segments.tolist() == [[[X, 2], [1, X]]]
    assert result.outputs.tolist() == [1]
    # every dendrite learns by its own winner: capture there, search in the loser
    assert state.distal.tolist() == [[[[2, 2], [7, 1]], [[3, 3], [3, 3]]]]


def test_p1_proximal_synapses_are_part_of_every_segment_and_learn() -> None:
    spec = DendriticColumnSpec(1, 1, 4, segments=2, proximal=ProximalSpec("sum", inputs=2, w_res=2), stdp=ALWAYS)
    assert spec.proximal_w_max == 3
    state = state_with(spec, [[[[2], [2]]]], [[[[3, 0], [0, 3]]]])
    # ramps 1, 2, 2 and 1, 2, 3 reach 4 at t = 1 in segment 0; segment 1's proximal line is silent
    result = run_wave(spec, state, times(0), proximal=times(0, X), learn=True)
    assert result.segments.tolist() == [[[1, X]]]
    assert state.proximal.tolist() == [[[[3, 0], [1, 3]]]], "R1 clamped, R4 clamped; the loser searches on the line that spiked"


def test_p2_a_disabled_neuron_neither_fires_nor_learns() -> None:
    spec = DendriticColumnSpec(1, 2, 1, proximal=ProximalSpec("enable"), stdp=ALWAYS)
    state = state_with(spec, [3, 3])
    result = run_wave(spec, state, times(0), enable=np.array([False, True]), learn=True)
    assert result.outputs.tolist() == [X, 0]
    assert state.distal.ravel().tolist() == [3, 4]


def test_p3_context_makes_a_soma_earlier_but_never_fires_it_alone() -> None:
    soma = ProximalSpec("soma", inputs=1, threshold=1, soma_threshold=4, weight_proximal=4, weight_distal=3)
    spec = DendriticColumnSpec(1, 1, 1, proximal=soma)
    state = state_with(spec, [7], [7])
    assert spec.last_time == 16
    # proximal alone: ramp 1, 2, 3, 4 from t = 2
    assert run_wave(spec, state, times(X), proximal=times(2)).outputs.tolist() == [5]
    # with context from t = 1: at t = 3 2 + 3 = 5; at t = 2 1 + 2 = 3
    assert run_wave(spec, state, times(1), proximal=times(2)).outputs.tolist() == [3]
    assert run_wave(spec, state, times(0), proximal=times(X)).outputs.tolist() == [X]
    insufficient = dataclasses.replace(soma, weight_proximal=2)
    spec = DendriticColumnSpec(1, 1, 1, proximal=insufficient)
    assert run_wave(spec, state, times(X), proximal=times(2)).outputs.tolist() == [X]


@pytest.mark.parametrize(
    ("inhibition", "k", "outputs"),
    [
        ("all_earliest", 1, [X, 1, 1, X]),
        ("one_lowest_index", 1, [X, 1, X, X]),
        ("one_largest_potential", 1, [X, X, 1, X]),
        ("k_earliest", 3, [3, 1, 1, X]),
        ("k_earliest", 1, [X, 1, X, X]),
    ],
)
def test_c1_inhibition(inhibition: str, k: int, outputs: list[int]) -> None:
    spec = DendriticColumnSpec(3, 4, 4, inhibition=inhibition, k=k)  # type: ignore[arg-type]
    # potentials: 1, 2, 3, 4 | 2, 4 | 3, 6 | 0
    state = state_with(spec, [[7, 0, 0], [7, 7, 0], [7, 7, 7], [0, 0, 0]])
    result = run_wave(spec, state, times(0, 0, 0))
    assert result.neurons.tolist() == [3, 1, 1, X]
    assert result.outputs.tolist() == outputs


def rewarded(label: int, threshold: int = 2) -> tuple[WaveResult, list[list[int]]]:
    spec = DendriticColumnSpec(3, 1, threshold, segments=2, output="segments", reward=True, stdp=ALWAYS)
    state = state_with(spec, [[3, 3, 3], [0, 0, 0]])
    result = run_wave(spec, state, times(0, 5, X), learn=True, label=label)
    return result, state.distal[0, 0].tolist()


def test_r9_reward() -> None:
    """Segment 0 fires at t = 1; line 0 is captured, line 1 late, line 2 silent."""
    assert rewarded(0)[1] == [[4, 2, 2], [0, 0, 0]]  # right: R1, R2, R4, no search
    assert rewarded(1)[1] == [[2, 3, 3], [1, 1, 0]]  # wrong: capture reversed, the rest searches
    result, weights = rewarded(0, threshold=9)
    assert result.winner == -1 and weights == [[4, 4, 3], [1, 1, 0]]  # nobody fired: R3 only


def test_r12_homeostasis() -> None:
    rule = HomeostasisSpec(alpha=2, beta=1, period=1, limit=4)
    spec = DendriticColumnSpec(1, 1, 1, segments=2, homeostasis=rule, stdp=StdpSpec(0, 0, 0, 0, 0))
    state = state_with(spec, [7, 7])
    seen = []
    for _ in range(4):
        result = run_wave(spec, state, times(0), learn=True)
        seen.append((result.segments[0, 0].tolist(), state.bias[0, 0].tolist()))
    # θ is 1 + bias; ties go to the lowest index; after waves 2 and 4 all biases fall by 1
    assert seen == [([0, X], [2, 0]), ([X, 0], [1, 1]), ([1, X], [3, 1]), ([X, 1], [2, 2])]
    before = state.bias.copy()
    run_wave(spec, state, times(0))
    assert (state.bias == before).all(), "R11"


def test_r15_only_the_dendrite_that_is_taught_learns() -> None:
    spec = DendriticColumnSpec(3, 2, 2, dendrites=2, proximal=ProximalSpec("sum", inputs=2, w_res=2), stdp=ALWAYS, teacher=1)
    state = state_with(spec, np.full(spec.distal_shape, 1), np.full(spec.proximal_shape, 1))
    state.proximal_mask[:, 0, :, 1] = state.proximal_mask[:, 1, :, 0] = False  # dendrite d sees proximal line d
    state.proximal[~state.proximal_mask] = 0
    # input 0 is context, inputs 1 and 2 are the own lines of neurons 0 and 1; neuron 1 and dendrite 0 are meant
    result = run_wave(spec, state, times(0, X, 0), proximal=times(0, X), learn=True)
    assert (result.segments == 0).all(), "all fire: being taught changes no time"
    assert state.distal[1, 0, 0].tolist() == [2, 0, 2] and state.proximal[1, 0, 0].tolist() == [2, 0]
    state.distal[1, 0, 0], state.proximal[1, 0, 0] = 1, [1, 0]
    assert (state.distal == 1).all() and (state.proximal == state.proximal_mask).all(), "nobody else has learned"
    run_wave(spec, state, times(0, X, X), proximal=times(0, X), learn=True)
    run_wave(spec, state, times(0, X, 0), proximal=times(X, X), learn=True)
    assert (state.distal == 1).all(), "without an own line, or without a proximal spike, nobody learns"
    with pytest.raises(ConfigError, match=r"R15"):
        DendriticColumnSpec(3, 1, 2, segments=2, output="segments", reward=True, teacher=0)
    with pytest.raises(ConfigError, match=r"teacher"):
        DendriticColumnSpec(3, 2, 2, teacher=2)


def test_r8_sharing_draws_as_many_sets_as_it_says() -> None:
    draws = {}
    for sharing in ("column", "line", "synapse"):
        spec = DendriticColumnSpec(3, 2, 2, segments=2, w_res=1, sharing=sharing, stdp=ALWAYS)  # type: ignore[arg-type]
        state = ColumnState.constant(spec, 1)
        run_wave(spec, state, times(0, 1, X), learn=True)
        from neutnngen.core.lfsr import step

        at, count = spec.lfsr.seed, 0
        while at != state.lfsr:
            at = step(at, spec.lfsr)
            count += 1
        draws[sharing] = count
    one = 10 * (5 + 2)
    assert draws == {"column": one, "line": 3 * one, "synapse": 12 * one}


def test_s4_and_masks_by_modality() -> None:
    spec = DendriticColumnSpec(2, 1, 1, stdp=ALWAYS)
    state = state_with(spec, [3, 0])
    state.distal_mask[..., 1] = False
    run_wave(spec, state, times(0, 0), learn=True)
    assert state.distal.ravel().tolist() == [4, 0]


def test_illegal_columns_and_inputs() -> None:
    with pytest.raises(ConfigError, match="neurons with a soma"):
        DendriticColumnSpec(1, 2, 1, output="segments", proximal=ProximalSpec("soma", inputs=1))
    with pytest.raises(ConfigError, match="one purely distal dendrite"):
        DendriticColumnSpec(1, 2, 1, output="segments", reward=True)
    with pytest.raises(ConfigError, match="reward needs one winner"):
        DendriticColumnSpec(1, 2, 1, reward=True)
    with pytest.raises(ConfigError, match="weight_distal"):
        ProximalSpec("soma", inputs=1, soma_threshold=2, weight_proximal=2, weight_distal=2)
    with pytest.raises(ConfigError, match=r"column\.threshold"):
        DendriticColumnSpec(2, 1, 15)
    spec = DendriticColumnSpec(1, 2, 1, proximal=ProximalSpec("enable"))
    with pytest.raises(ConfigError, match="enable has the wrong shape"):
        run_wave(spec, ColumnState.constant(spec, 1), times(0))
    with pytest.raises(ConfigError, match="not legal"):
        run_wave(DendriticColumnSpec(1, 1, 1), ColumnState.constant(DendriticColumnSpec(1, 1, 1), 1), times(9))
