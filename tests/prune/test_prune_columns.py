"""Whole columns and segments: those a voter can spare, what a neuron needs for its class, steps one after another, smaller networks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.prune import Choice, Plan, Step, drop_dead, exists_in, narrowed, parts_of, prune, prune_in_steps, scored
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    Design,
    LayerSpec,
    ListWiring,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    VoterSpec,
    blank_layer,
    blank_voter,
)

CLASSES, SEEN = 2, 4
WHOLE = Plan(0.5, "lead", Choice("column", "layer"), recalibrate=False)


def design(places: tuple[int, ...], segments: int = 2) -> Design:
    """A column for each of ``places``, four lines from there on: neuron 0 knows the first two of them by its segment 0, neuron 1 the
    others. The further segments know what the other neuron does, but fire later, so that they win only where the other class is shown. The
    voter counts.
    """
    spec = DendriticColumnSpec(
        SEEN, CLASSES, 9, segments=segments, proximal=ProximalSpec("enable"), inhibition="all_earliest", output="neurons"
    )
    layer = LayerSpec(spec, ListWiring(tuple(tuple(range(p, p + SEEN)) for p in places)))
    network = NetworkSpec(12, (layer,), voter=VoterSpec(CLASSES, w_res=1, fraction=(1, 1)))
    weights = np.zeros((len(places), *spec.distal_shape), dtype=np.uint8)
    for j in range(CLASSES):
        weights[:, j, 0, 0, 2 * j : 2 * j + 2] = 7
        weights[:, j, 0, 1:, 2 - 2 * j : 4 - 2 * j] = (7, 3)
    own = np.arange(network.lines)[:, None] % CLASSES == np.arange(CLASSES)
    assert network.voter is not None
    voter = dataclasses.replace(blank_voter(network.voter, network.lines), weights=own.astype(np.uint8), mask=own)
    return Design("counted", network, NetworkState((dataclasses.replace(blank_layer(layer), distal=weights),), voter))


def waves(count: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Lines 0 … 3 tell the class in every wave, lines 4 … 7 in three of four, 8 … 11 tell nothing."""
    labels = np.arange(count) % CLASSES
    told = np.stack([labels, np.where(np.arange(count) // 2 % 4 == 0, 1 - labels, labels), np.arange(count) // 4 % 2], axis=1)
    times = np.full((count, 12), NO_SPIKE, dtype=np.uint8)
    for place in range(3):
        for line in range(2):
            times[np.arange(count), 4 * place + 2 * told[:, place] + line] = 0
    return times, labels


def segments_read(strength: tuple[tuple[int, int], ...]) -> Design:
    """A column for each of ``strength``, four lines each, whose two segments know the first and the last two lines and are the lines of a
    voter by potentials: it gives the first number to the segment's own class, the second to the other."""
    spec = DendriticColumnSpec(SEEN, 1, 9, segments=CLASSES, output="segments")
    layer = LayerSpec(spec, ListWiring(tuple(tuple(range(4 * c, 4 * c + SEEN)) for c in range(len(strength)))))
    network = NetworkSpec(12, (layer,), voter=VoterSpec(CLASSES, w_res=4, read="potential", margin=14))
    weights = np.zeros((len(strength), *spec.distal_shape), dtype=np.uint8)
    for k in range(CLASSES):
        weights[:, 0, 0, k, 2 * k : 2 * k + 2] = 7
    given = np.array([[pair[k != c] for c in range(CLASSES)] for pair in strength for k in range(CLASSES)], dtype=np.uint8)
    assert network.voter is not None
    voter = dataclasses.replace(blank_voter(network.voter, network.lines), weights=given)
    return Design("read", network, NetworkState((dataclasses.replace(blank_layer(layer), distal=weights),), voter))


def columns_left(one: Design) -> list[int]:
    return np.flatnonzero(one.state.layers[0].distal_mask.any(axis=(1, 2, 3, 4))).tolist()


def test_columns_that_say_nothing_go_first_and_of_twins_one_stays() -> None:
    """Columns 0 and 1 are twins that know the class; 2 tells it mostly, 3 nothing."""
    times, labels = waves()
    given = design((0, 0, 4, 8))
    far = parts_of(given)[0]
    rank = scored(given, "lead", times, labels=labels)[far][:, 0, 0]
    assert rank.argmin() == 3 and set(np.argsort(rank)[-2:]) <= {0, 1, 2} and max(rank[0], rank[1]) == rank.max()
    made = prune(given, WHOLE, times, labels=labels).design
    assert set(columns_left(made)) <= {0, 1, 2} and len(columns_left(made)) == 2
    right = get_engine().open(made).run(times).winners == labels
    assert right.all()


def test_segments_that_say_nothing_go_first_and_the_voter_keeps_lines_that_are_left() -> None:
    times, labels = waves()
    given = segments_read(((7, 4), (5, 5), (6, 5)))  # tells the class; has the same weight for both; tells nothing, but votes
    far = parts_of(given)[0]
    rank = scored(given, "lead", times, labels=labels, structure="segment")[far][:, :, 0]
    assert rank[2].max() < rank[1].min() and rank[1].max() < rank[0].min()
    plan = Plan(1 / 3, "lead", Choice("segment", "layer"), recalibrate=False, in_turn=True)
    made = prune(given, plan, times, labels=labels).design
    assert made.state.voter is not None
    alive = made.state.layers[0].distal_mask.any(axis=-1).reshape(-1)
    assert alive.tolist() == [True, True, False, False, False, False]
    assert (made.state.voter.mask.any(axis=1) == alive).all() and made.state.voter.mask.sum() == 4
    at_once = prune(given, dataclasses.replace(plan, in_turn=False), times, labels=labels).design
    assert at_once.state.voter is not None and at_once.state.voter.mask.sum() < 4, "synapses on lines that go are lost"


def test_votes_of_columns_that_are_gone_go_too() -> None:
    times, labels = waves()
    given = design((0, 4, 8, 8))
    made = prune(given, WHOLE, times, labels=labels).design
    assert made.state.voter is not None
    assert np.flatnonzero(made.state.voter.mask.any(axis=1)).tolist() == [2 * c + j for c in columns_left(made) for j in range(2)]
    assert made.synapses == given.synapses // 2


def test_without_labels_the_networks_own_answers_count() -> None:
    times, _ = waves()
    given = design((0, 0, 4, 8))
    own = get_engine().open(given).run(times).winners
    part = parts_of(given)[0]
    assert (scored(given, "lead", times, 3)[part] == scored(given, "lead", times, 3, own)[part]).all()
    assert (scored(given, "taught", times, 3)[part] == scored(given, "taught", times, 3, own)[part]).all()


def test_a_neuron_keeps_what_it_uses_for_its_own_class() -> None:
    """Segments that win only while the other class is shown have a use, but none where labels enable the neurons."""
    times, labels = waves()
    given = design((0, 4))
    part = parts_of(given)[0]
    taught = scored(given, "taught", times, labels=labels)[part].reshape(2, CLASSES, 2, SEEN)
    assert (taught[0, :, 0].sum(axis=-1) > 100).all() and (taught[0, :, 1] < 1).all()
    plan = Plan(0.5, "taught", Choice("segment", "neuron"), recalibrate=False, stages=(0,))
    mask = exists_in(prune(given, plan, times, labels=labels).design, part).reshape(2, CLASSES, 2, SEEN)
    assert mask[0, :, 0].all() and not mask[0, :, 1].any()


def test_steps_follow_each_other_down_to_what_is_asked_for() -> None:
    times, labels = waves()
    given = design((0, 0, 4, 8), segments=4)
    steps = (
        Step(Plan(method="weight", recalibrate=False, stages=(0,)), 1 / 3),
        Step(Plan(method="taught", choice=Choice("segment", "neuron"), recalibrate=False, stages=(0,)), 1 / 3),
        Step(dataclasses.replace(WHOLE, stages=(0,)), 1 / 3),
    )
    made = prune_in_steps(given, steps, 0.125, times, labels)
    assert [one.number for one in made.rounds] == [1, 2, 3]
    assert made.kept <= 0.125 and made.before == given.synapses
    assert (get_engine().open(made.design).run(times).winners == labels).all()
    with pytest.raises(ConfigError, match="parts of the steps are not legal"):
        prune_in_steps(given, steps[:2], 0.5, times, labels)


def test_a_network_without_its_empty_columns_answers_and_learns_the_same() -> None:
    times, labels = waves()
    made = drop_dead(prune(design((0, 4, 8, 0)), WHOLE, times, labels=labels).design)
    small = narrowed(made)
    left = columns_left(made)
    assert small.design.network.layers[0].columns == len(left) == 2 and small.lines.tolist() == list(range(12))
    assert small.design.synapses == made.synapses and columns_left(small.design) == [0, 1]
    learn = np.ones((len(times), 2), dtype=bool)
    learn[:, 1] = False
    enable = labels[:, None] == np.arange(CLASSES)
    found = []
    for one in (made, small.design):
        session = get_engine().open(one)
        found.append((session.run(times).votes, session.run(times, learn, enable=enable, labels=labels), session.state().layers[0]))
    (before, _, wide), (after, _, slim) = found
    assert before is not None and after is not None and (before == after).all()
    assert (wide.distal[left] == slim.distal).all() and (wide.lfsr[left] == slim.lfsr).all()


def test_layers_that_others_read_keep_their_columns() -> None:
    spec = DendriticColumnSpec(2, 2, 2)
    first, second = LayerSpec(spec, ListWiring(((0, 1), (2, 3)))), LayerSpec(spec, ListWiring(((4, 5), (6, 7))))
    network = NetworkSpec(4, (first, second))
    states = [blank_layer(first), blank_layer(second)]
    gone = np.ones(states[0].distal.shape, dtype=bool)
    gone[1] = False
    states = [dataclasses.replace(one, distal_mask=gone) for one in states]
    small = narrowed(drop_dead(Design("two", network, NetworkState(tuple(states))))).design
    assert [layer.columns for layer in small.network.layers] == [2, 1]
    assert small.network.layers[1].wiring.table().tolist() == [[4, 5]]


def test_errors() -> None:
    times, _ = waves(4)
    given = design((0, 4))
    with pytest.raises(ConfigError, match="of whole columns or segments"):
        Plan(0.5, "lead")
    with pytest.raises(ConfigError, match="cannot be removed one by one"):
        Choice("column", "column")
    alone = Design("alone", dataclasses.replace(given.network, voter=None), NetworkState(given.state.layers))
    with pytest.raises(ConfigError, match="not all read by a voter"):
        scored(alone, "lead", times)
    with pytest.raises(ConfigError, match="segments of 'counted' are not all read"):
        scored(given, "lead", times, structure="segment")
    plain = Design.of_column("plain", ColumnSpec(4, 2, 3), np.ones((2, 4), dtype=int), np.ones((2, 4), dtype=bool), 1)
    with pytest.raises(ConfigError, match="no neuron of 'plain' is enabled"):
        scored(plain, "taught", times[:, :4])
    with pytest.raises(ConfigError, match="measures on training waves"):
        scored(given, "lead")
    with pytest.raises(ConfigError, match="no synapse left"):
        prune(given, dataclasses.replace(WHOLE, method="random", stages=(1,)), times)
