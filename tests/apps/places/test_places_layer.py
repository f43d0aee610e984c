"""The place-cell layer: published counts, wiring, what three waves teach, and that engines agree on it."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.apps.places.layer import START, THRESHOLD, build_layer, sizes_of
from neutnngen.apps.places.memory import WAVES, EdgeMemory
from neutnngen.apps.places.sizes import FULL, LABELS, REDUCED, UNKNOWN, Sizes
from neutnngen.engine import ReferenceEngine, get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, load_design

EDGES = np.array([[1, 0, 0, 0, 1], [-1, 1, 2, 3, 4], [0, 1, 2, 3, 1], [1, -1, 3, 2, 0]])


def asked(edges: np.ndarray, *labels: str) -> np.ndarray:
    questions = edges.copy()
    questions[:, [LABELS.index(label) for label in labels]] = UNKNOWN
    return questions


def test_published_counts() -> None:
    distal, proximal = (
        [sum(int(getattr(s, f"{kind}_mask").sum()) for s in build_layer(FULL).state.layers)] for kind in ("distal", "proximal")
    )
    assert distal == [1_232_000] and proximal == [16_000]
    assert build_layer(REDUCED).synapses == REDUCED.synapses == 10_880
    assert FULL.lines == 120 and FULL.synapses == 1_248_000


def test_wiring_of_a_neuron() -> None:
    design = build_layer(REDUCED)
    masks = design.state.layers[0].distal_mask[0, 1]  # dx neuron 1, which stands for a displacement of 0
    assert (masks == masks[0, 0]).all(), "all of its segments see the same"
    assert masks[0, 0].tolist() == [False, True, False, *[True] * (3 + 4 + 5)], "its own line, dy, environments, tails"
    near = design.state.layers[2].proximal_mask[0, 3]
    assert (near == np.eye(5, dtype=bool)[:, None]).all(), "dendrite h sees head h"
    assert [layer.column.teacher for layer in design.network.layers] == [0, 3, 6]
    assert {layer.column.threshold for layer in design.network.layers} == {13}


def test_three_waves_make_weights_of_six_and_nothing_else_learns() -> None:
    memory = EdgeMemory(REDUCED)
    memory.store(EDGES[:1])
    state = memory.design().state.layers
    for layer, neuron in zip(state, (2, 1, 0), strict=True):
        changed = (layer.distal[0] != START) & layer.distal_mask[0]
        where = np.argwhere(changed.any(axis=-1))
        assert where.tolist() == [[neuron, 1, 0]], "the neuron of the label, the dendrite of the head, its first segment"
        weights = layer.distal[0, neuron, 1, 0][layer.distal_mask[0, neuron, 1, 0]]
        assert sorted(weights.tolist())[-4:] == [START + WAVES] * 4 and sorted(weights.tolist())[:-4] == [0] * (len(weights) - 4)
        assert layer.proximal[0, neuron, 1, 0].tolist() == [0, START + WAVES, 0, 0, 0]


def test_when_a_neuron_answers_says_how_well_the_question_matches() -> None:
    memory = EdgeMemory(REDUCED)
    memory.store(EDGES[:1])
    full, fewer, wrong = asked(EDGES[:1], "dx"), asked(EDGES[:1], "dx", "dy"), asked(EDGES[:1], "dx")
    wrong[0, LABELS.index("tail")] = 2
    times = [memory.outputs(REDUCED.waves(q))[0, :3].tolist() for q in (full, fewer, wrong)]
    assert times == [[255, 255, 3], [255, 255, 4], [255, 255, 4]], "four lines match, three, three"
    assert memory.answers(full, "dx").firm.tolist() == [[False, False, True]]
    assert memory.answers(fewer, "dx").firm.tolist() == [[False, False, True]], "all that was given matches"
    answers = memory.answers(wrong, "dx")
    assert not answers.firm.any() and answers.vague.tolist() == [[False, False, True]]
    other = asked(EDGES[:1], "dx")
    other[0, [1, 3]] = 1, 2
    assert (memory.outputs(REDUCED.waves(other)) == 255).all(), "two matches never fire"


def test_every_label_of_every_edge_comes_back_and_again_after_another_showing() -> None:
    memory = EdgeMemory(REDUCED)
    memory.store(EDGES)
    for _ in range(2):
        assert memory.known(EDGES).all()
        for place, label in enumerate(LABELS):
            firm = memory.answers(asked(EDGES, label), label).firm
            assert firm.sum(axis=1).tolist() == [1] * len(EDGES)
            assert firm.argmax(axis=1).tolist() == (EDGES[:, place] + REDUCED.zero[place]).tolist(), label
        before = memory.design().state
        memory.store(EDGES[1:2])
        after = memory.design().state
        segments = [np.argwhere((a.distal != b.distal).any(axis=-1)) for a, b in zip(before.layers, after.layers, strict=True)]
        assert all(len(s) <= 1 for s in segments), "an edge that is shown again meets the segment that has it"


def test_engines_agree_on_learning_and_answers() -> None:
    waves = np.concatenate([np.repeat(REDUCED.waves(EDGES), WAVES, axis=0), REDUCED.waves(asked(EDGES, "dy"))])
    learn = np.arange(len(waves)) < WAVES * len(EDGES)
    sizes = Sizes(3, 3, 4, 5, 5, segments=3)
    design = build_layer(sizes)
    expected = ReferenceEngine().run(design, waves, learn)
    for name in ("compiled", "torch"):
        got = get_engine(name).run(design, waves, learn)
        assert np.array_equal(got.outputs, expected.outputs) and got.final.state.equals(expected.final.state), name


def test_a_full_dendrite_writes_over_what_it_knows_least_or_stays_silent() -> None:
    sizes = Sizes(3, 3, 4, 5, 5, segments=1)
    memory = EdgeMemory(sizes)
    edges = np.array([[1, 0, 0, 0, 1], [1, 1, 2, 3, 1]])  # one dx neuron, one head, nothing else in common
    memory.store(edges)
    firm = memory.answers(asked(edges, "dx"), "dx").firm
    assert firm.tolist() == [[False, False, True], [False, False, False]], "no room: the second is not answered, the first is kept"
    assert memory.answers(asked(edges, "dy"), "dy").firm.any(axis=1).all(), "the other columns have room"


def test_saved_and_loaded(tmp_path: object) -> None:
    memory = EdgeMemory(REDUCED)
    memory.store(EDGES)
    folder = memory.design().save(f"{tmp_path}/places")
    again = EdgeMemory(load_design(folder))
    assert again.sizes == REDUCED and again.known(EDGES).all()


def test_wrong_input() -> None:
    memory = EdgeMemory(REDUCED)
    with pytest.raises(ConfigError, match=r"the dx of an edge is out of range\n  got:     2\n  allowed: -1 … 1"):
        memory.store(np.array([[2, 0, 0, 0, 1]]))
    with pytest.raises(ConfigError, match="needs all its labels"):
        memory.store(asked(EDGES, "tail"))
    with pytest.raises(ConfigError, match="gives too little"):
        memory.answers(asked(EDGES, "dx", "dy", "tail"), "dx")
    with pytest.raises(ConfigError, match="it is given"):
        memory.answers(EDGES, "dx")
    with pytest.raises(ConfigError, match="wrong shape"):
        memory.store(np.zeros((2, 4), dtype=np.int64))
    with pytest.raises(ConfigError, match=r"places\.dx is out of range"):
        Sizes(dx=2)
    with pytest.raises(ConfigError, match="the same features"):
        Sizes(tails=3)
    good = build_layer(REDUCED)
    with pytest.raises(ConfigError, match="no layer of place cells"):
        sizes_of(Design("other", good.network, good.state))
    with pytest.raises(ConfigError, match="another structure"):
        sizes_of(Design("other", good.network, good.state, {"places": {"segments": 8}}))
    assert THRESHOLD == 13
