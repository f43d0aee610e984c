"""Networks of blueprints: the published sizes exactly, wiring, thresholds, first weights, seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mnist_cases import CLASSIC, MARGIN, TALLY, TWO, Images, Labels, shapes
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import Blueprint, CodePlan, LayerPlan, ReadoutPlan
from neutnngen.apps.mnist.build import POOL, VOTER_NOISE, build
from neutnngen.apps.mnist.catalogue import CATALOGUE
from neutnngen.apps.mnist.code import ImageCode
from neutnngen.apps.mnist.study import synapses_by_stage
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, FieldWiring, ListWiring


def blots(count: int = 20, side: int = 28) -> tuple[Images, Labels]:
    """Anything of the size of a digit, of ten classes; a small pool, as sizes do not depend on it."""
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (count, side, side))
    return np.where(rng.random(grey.shape) < 0.2, grey, 0).astype(np.uint8), np.arange(count) % 10


def layer_built(plan: LayerPlan, images: Images, labels: Labels, code: CodePlan | None = None, seed: int = 0) -> Design:
    return build(Blueprint("one", (plan,), ReadoutPlan(), CodePlan() if code is None else code), images, labels, 3, seed)


# Published sizes


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("prototype", [625 * 12 * 32, 625 * 12 * 10]),
        ("classic", [676 * 12 * 8, 576 * 20 * 48, 484 * 32 * 80, 484 * 32 * 10]),
        ("classic_small", [25 * 12 * 8, 9 * 20 * 48, 32 * 80, 32 * 10]),
        ("enabled", [576 * 10 * 24 * 18, 576 * 10]),
        ("enabled_small", [2 * 10 * 24 * 18, 2 * 10]),
        ("tiny", [64 * 2 * 6 * 48, 64 * 2 * 6 * 10]),
        ("small", [121 * 3 * 15 * 48, 121 * 3 * 15 * 10]),
        ("best", [81 * 8 * 24 * 60, 81 * 8 * 24 * 4 * 10]),
    ],
)
def test_synapses_of_every_stage(name: str, stages: list[int]) -> None:
    """As published, or as worked out by hand: columns × segments × inputs, and read-out."""
    design = build(CATALOGUE[name], *blots(), 10, 0)
    assert synapses_by_stage(design) == stages and design.synapses == sum(stages)
    totals = {"prototype": 315_000, "classic": 2_011_776, "classic_small": 13_920}
    assert design.synapses == totals.get(name, design.synapses)
    assert design.synapses <= {"small": 320_000, "best": 2_500_000}.get(name, design.synapses)
    assert {"enabled": 2_488_320, "enabled_small": 8_640}.get(name, stages[0]) == stages[0]


def test_voter_of_the_published_network_is_a_vote_for_each_line_and_class() -> None:
    design = build(CATALOGUE["classic_small"], *blots(), 10, 0)
    voter, state = design.network.voter, design.state.voter
    assert voter is not None and state is not None
    assert (voter.read, voter.classes, voter.w_res, voter.fraction) == ("votes", 10, 3, (1, 2))
    assert state.mask.all() and (state.weights == 4).all()


# Seeds and provenance


@pytest.mark.parametrize("plan", [MARGIN, CLASSIC, TALLY, TWO], ids=lambda plan: plan.name)
def test_a_seed_decides_everything(plan: Blueprint) -> None:
    images, labels = shapes(60)
    one, two, other = (build(plan, images, labels, 3, seed) for seed in (4, 4, 5))
    assert one.fingerprint() == two.fingerprint() != other.fingerprint()
    assert one.name == plan.name and one.provenance["seed"] == 4
    assert one.provenance["image"] == [10, 10] and one.provenance["pool"] == 60
    for ours, theirs in zip(one.state.layers, other.state.layers, strict=True):
        assert not np.array_equal(ours.lfsr, theirs.lfsr) and not np.array_equal(ours.distal, theirs.distal)
    registers = [lfsr for layer in one.state.layers for lfsr in layer.lfsr.tolist()]
    assert len(set(registers)) == len(registers), "no two columns draw the same"


def test_only_the_first_images_are_looked_at() -> None:
    images, labels = shapes(POOL + 30)
    other, named = images.copy(), labels.copy()
    other[POOL:], named[POOL:] = 255 - other[POOL:], 0
    assert build(TALLY, images, labels, 3, 0).fingerprint() == build(TALLY, other, named, 3, 0).fingerprint()
    assert build(TALLY, images[:POOL], labels[:POOL], 3, 0).fingerprint() == build(TALLY, images, labels, 3, 0).fingerprint()
    assert build(TALLY, images[:60], labels[:60], 3, 0).fingerprint() != build(TALLY, images, labels, 3, 0).fingerprint()


def test_labels_matter_to_layers_of_classes_alone() -> None:
    images, labels = shapes(60)
    turned = (labels + 1) % 3
    for plan in (MARGIN, CLASSIC, TWO):
        assert build(plan, images, labels, 3, 0).fingerprint() == build(plan, images, turned, 3, 0).fingerprint()
    assert build(TALLY, images, labels, 3, 0).fingerprint() != build(TALLY, images, turned, 3, 0).fingerprint()


# Wiring


@pytest.mark.parametrize(("share", "places"), [(0.5, 12), (0.2, 5), (0.01, 1), (0.96, 24)])
def test_every_dendrite_of_a_window_sees_its_share_of_the_places(share: float, places: int) -> None:
    images, labels = shapes(30)
    design = layer_built(LayerPlan(5, 2, dendrites=4, segments=2, share=share), images, labels, CodePlan("population"))
    layer = design.network.layers[0]
    table, windows = layer.wiring.table(), FieldWiring(10, 10, 2, (5, 5), (2, 2)).table()
    assert isinstance(layer.wiring, ListWiring) and layer.column.dendrites == 1
    assert table.shape == (9 * 4, 2 * places) and layer.lines == 9 * 4 * 2
    for number, lines in enumerate(table):
        window = windows[number // 4]
        assert len(set(lines.tolist())) == 2 * places and set(lines.tolist()) <= set(window.tolist())
        assert np.array_equal(lines[0::2] // 2, lines[1::2] // 2) and (lines[0::2] % 2 == 0).all(), "both lines of each place"
    apart = {tuple(lines.tolist()) for lines in table}
    assert len(apart) > 20, "each draws for itself"
    if share == 0.5:
        assert all(len({*table[4 * n : 4 * n + 4].reshape(-1).tolist()}) > 2 * 20 for n in range(9)), "together they see most of it"


def test_whole_windows_and_corners() -> None:
    images, labels = shapes(30)
    whole = layer_built(LayerPlan(5, 5, dendrites=3, segments=4), images, labels).network.layers[0]
    assert isinstance(whole.wiring, FieldWiring)
    assert (whole.columns, whole.column.inputs, whole.column.dendrites, whole.lines) == (4, 50, 3, 4 * 3 * 4)
    corners = layer_built(LayerPlan(3, 1, True, segments=4), images, labels).network.layers[0]
    assert (corners.columns, corners.column.inputs) == (64, 8)
    first = corners.wiring.table()[0]
    assert first.tolist() == [0, 1, 4, 5, 40, 41, 44, 45], "places (0, 0), (0, 2), (2, 0), (2, 2) of rows of 10, two lines each"


def test_few_windows_from_the_middle() -> None:
    images, labels = shapes(30)
    layer = layer_built(LayerPlan(3, 1, segments=2, windows=2), images, labels).network.layers[0]
    every = FieldWiring(10, 10, 2, (3, 3)).table()
    assert np.array_equal(layer.wiring.table(), every[31:33])
    with pytest.raises(ConfigError, match=r"not so many windows(.|\n)*65(.|\n)*1 … 64"):
        layer_built(LayerPlan(3, 1, segments=2, windows=65), images, labels)


def test_a_layer_looks_at_the_layer_before() -> None:
    images, labels = shapes(60)
    plan = Blueprint(
        "deep", (LayerPlan(4, 2, dendrites=2, segments=5, share=0.5), LayerPlan(3, 1, segments=7, share=0.5, dendrites=3)), code=CodePlan()
    )
    design = build(plan, images, labels, 3, 0)
    first, second = design.network.layers
    assert first.columns == 16 * 2 and first.lines == 16 * 10
    table = second.wiring.table()
    assert second.columns == 4 * 3 and second.column.inputs == round(0.5 * 9) * 10
    assert table.min() >= 200 and table.max() < 200 + 160, "lines of the first layer alone"
    window = {200 + 10 * place + line for place in (0, 1, 2, 4, 5, 6, 8, 9, 10) for line in range(10)}
    assert set(table[0].tolist()) <= window
    assert (np.diff(np.unique(table[0] // 10)) > 0).all() and all((table[0] // 10 == place).sum() == 10 for place in set(table[0] // 10))
    assert design.network.output_layers == (1,)


def test_a_window_larger_than_what_it_looks_at() -> None:
    images, labels = shapes(30)
    with pytest.raises(ConfigError, match=r"layer 0: the window is larger(.|\n)*11(.|\n)*1 … 10"):
        layer_built(LayerPlan(11), images, labels)
    with pytest.raises(ConfigError, match=r"layer 1: the window is larger(.|\n)*5(.|\n)*1 … 4"):
        build(Blueprint("deep", (LayerPlan(4, 2, segments=2), LayerPlan(5))), images, labels, 3, 0)


# Thresholds and margins


def test_threshold_is_a_share_of_the_largest_weight_times_the_lines_that_spike() -> None:
    images, labels = shapes(60)
    for code, lines in ((CodePlan("posneg"), 9), (CodePlan("population"), 18)):  # of a place one line spikes, or both
        for share, bits in ((0.5, 3), (0.3, 3), (0.5, 1), (0.01, 1)):
            design = layer_built(LayerPlan(3, 1, segments=2, threshold=share, w_res=bits), images, labels, code)
            assert design.network.layers[0].column.threshold == max(1, round(share * (2**bits - 1) * lines))
    grey = ImageCode(CodePlan("intensity"), (10, 10))
    plan = LayerPlan(5, 5, segments=2, threshold=0.5)
    column = layer_built(plan, images, labels, grey.plan).network.layers[0].column
    spikes = np.mean([(grey.encode(images) != 255)[:, lines].sum(axis=1) for lines in FieldWiring(10, 10, 1, (5, 5), (5, 5)).table()])
    assert 2 < spikes < 20 and column.threshold == round(0.5 * 7 * spikes)
    blank = layer_built(plan, np.zeros_like(images), labels, grey.plan).network.layers[0].column
    assert blank.threshold == 1, "legal even where nothing spikes"


def test_options_of_a_layer_reach_its_column() -> None:
    images, labels = shapes(60)
    plan = LayerPlan(5, 5, segments=3, classes=True, output="neurons", inhibition="one_lowest_index", response="snl", tie="lowest_index")
    column = layer_built(replace(plan, w_res=2, t_res=4), images, labels).network.layers[0].column
    assert (column.neurons, column.proximal.mode, column.output, column.inhibition) == (3, "enable", "neurons", "one_lowest_index")
    assert (column.response, column.tie, column.w_res, column.t_res, column.stdp) == ("snl", "lowest_index", 2, 4, plan.stdp)
    plain = layer_built(LayerPlan(5, 5, segments=3), images, labels).network.layers[0].column
    assert (plain.neurons, plain.proximal.mode, plain.output) == (1, "none", "segments")


def test_margin_is_a_multiple_of_the_lines_that_spike() -> None:
    images, labels = shapes(60)
    layer = LayerPlan(5, 5, dendrites=3, segments=4, threshold=0.05)  # all dendrites fire
    for margin, segments in ((4.0, 1), (0.5, 2), (0.0, 3)):
        design = build(Blueprint("m", (layer,), ReadoutPlan(segments=segments, margin=margin)), images, labels, 3, 0)
        voter, state = design.network.voter, design.state.voter
        assert voter is not None and state is not None
        assert (voter.read, voter.segments, voter.w_res, voter.margin) == ("potential", segments, 8, max(1, round(margin * 4 * 3)))
        assert state.weights.shape == (48, 3 * segments) and state.mask.all()
        if segments == 1:
            assert (state.weights == 128).all()
        else:
            assert state.weights.min() == 128 - VOTER_NOISE and state.weights.max() == 128 + VOTER_NOISE


def test_a_tally_counts_columns_and_nothing_else() -> None:
    images, labels = shapes(60)
    design = build(TALLY, images, labels, 3, 0)
    state = design.state.voter
    assert state is not None and state.weights.shape == (4 * 3, 3)
    assert np.array_equal(state.weights, np.tile(np.eye(3, dtype=np.uint8), (4, 1))) and np.array_equal(state.mask, state.weights == 1)


# First weights


def patches(images: Images, plan: LayerPlan, code: CodePlan) -> NDArray[np.uint8]:
    """(image, column, input) spike times of what each window sees."""
    made = ImageCode(code, (images.shape[1], images.shape[2]))
    wiring = FieldWiring(*made.places, made.channels, (plan.size, plan.size), (plan.stride, plan.stride))
    return made.encode(images)[:, wiring.table()]


def test_first_weights_are_samples() -> None:
    """Early is strong: time 0 is 6, the latest 1, no spike 1, so that no weight begins at an end; of one bit, a spike is 1."""
    images, labels = shapes(40)
    for code, bits, table in (
        (CodePlan("population"), 3, {0: 6, 1: 6, 2: 5, 3: 4, 4: 4, 5: 3, 6: 2, 7: 1}),
        (CodePlan("posneg"), 3, {0: 6, 255: 1}),
        (CodePlan("posneg"), 1, {0: 1, 255: 0}),
        (CodePlan("posneg"), 2, {0: 2, 255: 1}),
    ):
        plan = LayerPlan(5, 5, dendrites=2, segments=3, w_res=bits)
        seen = patches(images, plan, code)
        strengths = np.vectorize(table.__getitem__, otypes=[np.uint8])(seen)
        weights = layer_built(plan, images, labels, code).state.layers[0].distal
        assert weights.shape == (4, 1, 2, 3, 50)
        for column in range(4):
            known = {row.tobytes() for row in strengths[:, column]}
            assert all(row.tobytes() in known for row in weights[column].reshape(-1, 50)), (code.kind, bits)


def test_samples_of_a_segment_lie_apart() -> None:
    """Three patterns, one of them rare: a pattern that was drawn is at no distance, so each of three segments gets its own."""
    images, labels = np.repeat(shapes(3)[0], [40, 40, 1], axis=0), np.zeros(81, np.int64)
    for seed in range(5):
        weights = layer_built(LayerPlan(10, 1, dendrites=4, segments=3), images, labels, seed=seed).state.layers[0].distal
        for dendrite in weights[0, 0]:
            assert len({row.tobytes() for row in dendrite}) == 3
    more = layer_built(LayerPlan(10, 1, segments=7), images, labels).state.layers[0].distal[0, 0, 0]
    assert len({row.tobytes() for row in more}) == 3, "more segments than patterns: some are drawn twice"


def test_a_neuron_starts_from_images_of_its_class() -> None:
    images, labels = shapes(60)
    plan = LayerPlan(5, 5, segments=3, classes=True)
    seen = patches(images, plan, CodePlan())
    strengths = np.where(seen == 255, 1, 6).astype(np.uint8)
    weights = layer_built(plan, images, labels).state.layers[0].distal
    assert weights.shape == (4, 3, 1, 3, 50)
    for column in range(4):
        for neuron in range(3):
            known = {row.tobytes() for row in strengths[labels == neuron, column]}
            assert all(row.tobytes() in known for row in weights[column, neuron, 0])


def test_a_class_without_an_image_in_the_pool() -> None:
    images, labels = shapes(60)
    with pytest.raises(ConfigError, match=r"class 3 has no image among the first 60"):
        build(TALLY, images, labels, 4, 0)
    build(MARGIN, images, labels, 4, 0)


def test_uniform_first_weights() -> None:
    images, labels = shapes(30)
    plan = LayerPlan(5, 2, segments=8, start="uniform", w_res=2)
    counts = np.bincount(layer_built(plan, images, labels).state.layers[0].distal.reshape(-1), minlength=4)
    assert len(counts) == 4 and counts.min() > 0.2 * counts.sum()
    other = np.zeros_like(images)
    assert np.array_equal(
        layer_built(plan, images, labels).state.layers[0].distal, layer_built(plan, other, labels).state.layers[0].distal
    ), "whatever the images"
