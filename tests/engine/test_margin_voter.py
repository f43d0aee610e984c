"""Rule R14 by hand: class strengths, who learns and who does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, DendriticColumnSpec, Design, LayerSpec, NetworkSpec, VoterSpec, blank_state
from neutnngen.spec.wiring import FieldWiring

ENGINES = ("reference", "compiled", "torch")


def relayed(voter: VoterSpec, weights: list[list[int]], mask: list[list[bool]] | None = None) -> Design:
    """A voter behind columns that hand every line on."""
    lines = len(weights)
    network = NetworkSpec(lines, (LayerSpec(DendriticColumnSpec(1, 1, 1, w_res=1), FieldWiring(1, lines, 1, 1), base=0),), voter=voter)
    state = blank_state(network)
    layer = replace(state.layers[0], distal=np.ones_like(state.layers[0].distal))
    assert state.voter is not None
    there = np.ones((lines, voter.rows), bool) if mask is None else np.array(mask)
    return Design("d", network, replace(state, layers=(layer,), voter=replace(state.voter, weights=np.array(weights), mask=there)))


def run(engine: str, design: Design, wave: list[int], label: int | None = None) -> tuple[list[int], int, list[list[int]]]:
    learn = [False, label is not None]
    trace = get_engine(engine).run(design, np.array([wave], np.uint8), np.array([learn]), labels=None if label is None else [label])
    assert trace.votes is not None and trace.final.state.voter is not None
    return trace.votes[0].tolist(), int(trace.winners[0]), trace.final.state.voter.weights.tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_class_is_as_strong_as_its_strongest_segment(engine: str) -> None:
    design = relayed(VoterSpec(2, 8, read="potential", segments=2), [[9, 0, 3, 3], [0, 8, 4, 4], [200, 200, 200, 200]])
    assert run(engine, design, [0, 3, NO_SPIKE])[:2] == ([9, 7], 0)
    assert run(engine, design, [NO_SPIKE] * 3)[:2] == ([0, 0], -1)


@pytest.mark.parametrize("engine", ENGINES)
def test_learning_moves_two_segments_where_the_lead_is_below_the_margin(engine: str) -> None:
    weights = [[9, 0, 3, 3, 5, 1], [0, 8, 4, 4, 5, 1], [7, 7, 7, 7, 7, 7]]
    design = relayed(VoterSpec(3, 4, read="potential", segments=2, margin=4), weights)
    wave = [0, 0, NO_SPIKE]
    # strengths 9, 7, 10. Label 2: leads by 1, so its first segment rises and class 0's first falls, on the lines that spike.
    assert run(engine, design, wave, 2) == ([9, 7, 10], 2, [[8, 0, 3, 3, 6, 1], [0, 8, 4, 4, 6, 1], weights[2]])
    # Label 1: behind; of its equal segments the first rises; the rival is class 2, whose weights fall.
    assert run(engine, design, wave, 1)[2] == [[9, 0, 4, 3, 4, 1], [0, 8, 5, 4, 4, 1], weights[2]]
    far = relayed(replace(design.network.voter or VoterSpec(3), margin=1), weights)
    assert run(engine, far, wave, 2)[2] == weights, "a lead that reaches the margin teaches nothing"


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_are_clamped_and_pruned_synapses_stay_away(engine: str) -> None:
    voter = VoterSpec(2, 2, read="potential", margin=99)
    assert run(engine, relayed(voter, [[3, 0], [2, 1]]), [0, 0], 0)[2] == [[3, 0], [3, 0]]
    pruned = relayed(voter, [[0, 1], [2, 1]], [[False, True], [True, True]])
    assert run(engine, pruned, [0, 0], 0)[2] == [[0, 0], [3, 0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_random_bits_are_drawn(engine: str) -> None:
    design = relayed(VoterSpec(2, 4, read="potential", margin=9), [[5, 5]])
    end = get_engine(engine).run(design, np.zeros((4, 1), np.uint8), np.array([[False, True]] * 4), labels=[0, 1, 0, 1]).final
    assert end.state.voter is not None and design.state.voter is not None and end.state.voter.lfsr == design.state.voter.lfsr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"read": "loudest"}, r"voter\.read"),
        ({"segments": 2}, r"voter\.segments"),
        ({"margin": 1}, r"voter\.margin"),
        ({"w_res": 7}, r"voter\.w_res"),
        ({"w_res": 9, "read": "potential"}, r"voter\.w_res"),
    ],
)
def test_illegal_voters(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        VoterSpec(2, **options)  # type: ignore[arg-type]
