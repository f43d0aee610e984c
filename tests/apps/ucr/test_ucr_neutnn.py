"""Clustering by a NeuTNN, from views to dendrites, on small sets whose groups are known."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from neutnngen.apps.ucr.context import agreement
from neutnngen.apps.ucr.dendrites import as_column, dendritic_spec, learn_dendrites
from neutnngen.apps.ucr.learning import STDP, Labels, Waves, code_distance
from neutnngen.apps.ucr.motifs import FLAT, MOTIFS, POINTS, MotifCounter, window_means
from neutnngen.apps.ucr.neutnn import MOST_SEGMENTS, SERIES_PER_SEGMENT, NeuTNN, Settings, fit_neutnn, segments_for
from neutnngen.apps.ucr.transforms import segment_means, slopes, z_normalise
from neutnngen.apps.ucr.views import LEAST, PARTS, VIEWS, ViewEncoder
from neutnngen.core.initial import weights_of_times
from neutnngen.core.lines import only_line
from neutnngen.engine import get_engine
from neutnngen.engine.protocol import Trace
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, LfsrSpec

Known = tuple[np.ndarray, np.ndarray]  # series and their classes
SMALL = Settings(pairs=8, epochs=3, restarts=2, layer_epochs=2, rounds=2, layer_restarts=2)
LEAN = Settings(pairs=4, epochs=1, restarts=1, layer_epochs=1, rounds=1, layer_restarts=1)


def three_shapes(count: int = 60, length: int = 48, seed: int = 0) -> Known:
    """A swing, a step and a bump, in noise."""
    rng, t = np.random.default_rng(seed), np.linspace(0, 1, length)
    classes = np.arange(count) % 3
    shapes = np.stack([np.sin(2 * np.pi * t), np.where(t > 0.5, 1.0, -1.0), 2 * np.exp(-(((t - 0.3) / 0.07) ** 2))])
    return shapes[classes] + rng.normal(0, 0.2, (count, length)), classes


def two_frequencies(count: int = 60, length: int = 48, seed: int = 0) -> Known:
    """Three or six periods at any phase, so that no sample alone tells the classes apart."""
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % 2
    phase = rng.uniform(0, 1, count)[:, None] + np.where(classes == 1, 6, 3)[:, None] * np.arange(length) / length
    return np.sin(2 * np.pi * phase) + rng.normal(0, 0.2, (count, length)), classes


def two_motifs(count: int = 60, seed: int = 0) -> Known:
    """A smooth or a square up and down, three times at six possible places."""
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % 2
    motifs = np.array([[0, 2, 4, 2, 0, -2, -4, -2], [2, 2, 2, 2, -2, -2, -2, -2]])
    values = rng.normal(0, 0.1, (count, 60))
    for row, motif in zip(values, motifs[classes], strict=True):
        for place in rng.permutation(6)[:3]:
            row[10 * place + 1 : 10 * place + 9] += motif
    return values, classes


def two_places(count: int = 60, length: int = 48, seed: int = 0) -> Known:
    """The same bump, early or late."""
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % 2
    values = rng.normal(0, 0.2, (count, length))
    for row, at in zip(values, np.where(classes == 1, 30, 6) + rng.integers(-2, 3, count), strict=True):
        row[at : at + 8] += [0.5, 1, 1.5, 2, 2, 1.5, 1, 0.5]
    return values, classes


@pytest.fixture(scope="module")
def shapes() -> Known:
    return three_shapes()


@pytest.fixture(scope="module")
def fitted(shapes: Known) -> NeuTNN:
    return fit_neutnn(shapes[0], 3, 0, SMALL)


@pytest.fixture(scope="module")
def waves(shapes: Known, fitted: NeuTNN) -> Waves:
    return fitted.encoder.encode(shapes[0])


# What is found


@pytest.mark.parametrize("make", [three_shapes, two_frequencies, two_motifs])
@pytest.mark.parametrize("seed", [0, 1])
def test_finds_the_classes(make: Callable[..., Known], seed: int) -> None:
    values, classes = make(seed=seed)
    model = fit_neutnn(values, int(classes.max()) + 1, seed, SMALL)
    assert adjusted_rand_score(classes, model.labels) >= 0.8


@pytest.mark.parametrize(
    ("make", "view", "blind"),
    [(two_places, "values", "long motifs"), (two_motifs, "long motifs", "values"), (two_frequencies, "order", "values")],
)
def test_each_view_sees_what_it_is_for(make: Callable[..., Known], view: str, blind: str) -> None:
    """Where something is, what occurs, how fast it swings: the column of one view groups by it, that of another cannot."""
    values, classes = make(seed=2)
    groups = fit_neutnn(values, 2, 2, SMALL).context.view_labels
    assert adjusted_rand_score(classes, groups[VIEWS.index(view)]) >= 0.8
    assert adjusted_rand_score(classes, groups[VIEWS.index(blind)]) < 0.3


def test_no_label_is_asked_for() -> None:
    """Nothing in the signatures could take one; the dendrites' ``context`` is what ``learn_context`` found."""
    assert list(inspect.signature(fit_neutnn).parameters) == ["values", "clusters", "seed", "settings", "progress"]
    assert list(inspect.signature(ViewEncoder.fit).parameters) == ["values", "pairs", "seed"]
    assert list(inspect.signature(MotifCounter.fit).parameters) == ["values", "fraction", "seed"]


def test_a_seed_decides_everything(shapes: Known, fitted: NeuTNN) -> None:
    again, other = fit_neutnn(shapes[0], 3, 0, SMALL), fit_neutnn(shapes[0], 3, 1, SMALL)
    assert np.array_equal(again.labels, fitted.labels) and again.encoder.to_dict() == fitted.encoder.to_dict()
    for name in ("layer", "context"):
        one, two, three = (m.layer if name == "layer" else m.context.design for m in (fitted, again, other))
        assert one.fingerprint() == two.fingerprint() != three.fingerprint()


def test_the_order_of_samples_in_memory_and_their_scale_do_not_matter(shapes: Known, fitted: NeuTNN) -> None:
    for values in (np.asfortranarray(shapes[0]), np.repeat(4 * shapes[0], 2, axis=1)[:, ::2]):
        assert fit_neutnn(values, 3, 0, SMALL).layer.fingerprint() == fitted.layer.fingerprint()


def test_assign_gives_the_labels_of_the_fitted_series(shapes: Known, fitted: NeuTNN) -> None:
    before = fitted.layer.fingerprint()
    assert np.array_equal(fitted.assign(shapes[0]), fitted.labels)
    one_by_one = [fitted.assign(row[None])[0] for row in shapes[0]]
    assert one_by_one == fitted.labels.tolist()
    assert np.array_equal(fitted.assign(3 * shapes[0] + 7), fitted.labels)  # offset and scale do not count
    assert fitted.layer.fingerprint() == before


def test_assign_names_new_series(shapes: Known, fitted: NeuTNN) -> None:
    fresh, classes = three_shapes(90, seed=7)
    labels = fitted.assign(fresh)
    assert labels.shape == (90,) and adjusted_rand_score(classes, labels) >= 0.8
    assert adjusted_rand_score(np.r_[shapes[1], classes], np.r_[fitted.labels, labels]) >= 0.8  # the same names as before


def test_progress_and_provenance(shapes: Known) -> None:
    told: list[tuple[int, int]] = []
    model = fit_neutnn(shapes[0][:12], 2, 3, LEAN, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    design = model.design("mine", {"data": "three shapes"})
    assert design.name == "mine" and design.state.equals(model.layer.state)
    record = json.loads(json.dumps(design.provenance))
    assert record["training"]["seed"] == 3 and record["training"]["pairs"] == LEAN.pairs and record["data"] == "three shapes"
    assert record["encoder"] == model.encoder.to_dict() and record["initial_weights"] == model.layer.provenance["initial_weights"]


# Views


def test_views_are_what_they_are_named(shapes: Known, fitted: NeuTNN, waves: Waves) -> None:
    encoder = fitted.encoder
    assert len(VIEWS) == len(set(VIEWS)) == len(encoder.encoders) == len(encoder.view_lines) == len(encoder.features(shapes[0]))
    at = 0
    for (first, lines), one in zip(encoder.view_lines, encoder.encoders, strict=True):
        assert first == at and lines == one.lines == 2 * SMALL.pairs
        at += lines
    assert at == encoder.lines == waves.shape[1] and waves.dtype == np.uint8
    features = encoder.features(shapes[0])
    for (first, lines), one, feature in zip(encoder.view_lines, encoder.encoders, features, strict=True):
        assert np.array_equal(waves[:, first : first + lines], one.encode(feature))


def test_features_of_the_views(shapes: Known, fitted: NeuTNN) -> None:
    plain = z_normalise(shapes[0])
    features = dict(zip(VIEWS, fitted.encoder.features(shapes[0]), strict=True))
    assert np.array_equal(features["values"], segment_means(plain, PARTS))
    for name in ("order", "long order", "slope order"):
        shares = (features[name] ** 2).reshape(60, -1, 24).sum(axis=2)
        assert np.allclose(shares, 1), name
    shares = []
    for counter, source in zip(fitted.encoder.counters, (plain, plain, plain, slopes(plain)), strict=True):
        places = len(range(0, source.shape[1] - counter.window + 1, counter.step))
        shares.append(np.sqrt(counter.count(source) / places))
    assert np.allclose(features["motifs"], np.hstack(shares[:3])) and np.allclose(features["long motifs"], shares[2])
    assert np.allclose(features["slope motifs"], shares[3])


def test_every_wave_of_a_view_carries_the_same_drive(fitted: NeuTNN, waves: Waves) -> None:
    for first, lines in fitted.encoder.view_lines:
        assert (waves[:, first : first + lines].reshape(len(waves), -1, 2).sum(axis=2) == 7).all()


def test_shape_of_a_moved_series_stays_nearer_than_its_values() -> None:
    values, _ = two_places(seed=1)
    encoder = ViewEncoder.fit(values, 8)
    row = np.zeros((1, 48))
    row[0, 12:20] = [1, 2, 3, 4, -4, -3, -2, -1]
    (a, moved_a), (b, moved_b) = (encoder.features(v)[:2] for v in (row, np.roll(row, 10, axis=1)))
    assert np.linalg.norm(moved_a - moved_b) < 0.2 * np.linalg.norm(a - b)


@pytest.mark.parametrize("length", [LEAST, LEAST + 1, 17, 29, 64, 131, 300])
def test_any_length_can_be_described(length: int) -> None:
    values = np.random.default_rng(length).normal(size=(6, length))
    encoder = ViewEncoder.fit(values, 3)
    assert encoder.encode(values).shape == (6, len(VIEWS) * 6) == (6, encoder.lines)


# Motifs


def test_window_means() -> None:
    values = np.arange(40.0).reshape(2, 20) ** 2
    means = window_means(values, 16, 3)  # windows at 0 and 3
    assert means.shape == (4, POINTS)
    for row, (series, first) in zip(means, [(0, 0), (0, 3), (1, 0), (1, 3)], strict=True):
        window = segment_means(values[series : series + 1, first : first + 16], POINTS)
        assert np.allclose(row, z_normalise(window)[0])
    assert window_means(values, 5, 1).shape == (32, 5)  # fewer samples than points


def test_a_flat_window_is_not_stretched_to_noise() -> None:
    steep, flat = np.tile([-1.0, 1], 4), np.tile([-FLAT, FLAT], 4) / 4
    means = window_means(np.stack([steep, flat, np.full(8, 3.0)]), 8, 1)
    assert np.allclose(means, np.stack([steep, flat / FLAT, np.zeros(8)]))


def test_motif_counts(shapes: Known) -> None:
    values = z_normalise(shapes[0])
    counter = MotifCounter.fit(values, 0.2, 4)
    assert (counter.window, counter.step) == (9, 1)
    found = counter.count(values)
    windows = 48 - 9 + 1
    assert found.shape == (60, MOTIFS) and found.min() >= 0 and (found.sum(axis=1) <= windows).all()
    assert found.sum() > 0.5 * 60 * windows and (found.sum(axis=0) > 0).sum() > MOTIFS // 2
    assert np.array_equal(counter.count(values[5:6])[0], found[5])
    waves = counter.encoder.encode(window_means(values[5:6], 9, 1))
    won = get_engine("reference").run(counter.column, waves).winners
    assert [int((won == n).sum()) for n in range(MOTIFS)] == found[5].tolist()


def test_motif_counts_ignore_where_a_motif_is() -> None:
    values = two_motifs()[0]
    counter = MotifCounter.fit(values, 0.1, 0)
    at_ten, at_thirty = np.zeros((1, 60)), np.zeros((1, 60))
    at_ten[0, 10:18] = at_thirty[0, 30:38] = [0, 2, 4, 2, 0, -2, -4, -2]
    assert np.array_equal(counter.count(at_ten), counter.count(at_thirty))
    assert not np.array_equal(counter.count(at_ten), counter.count(-at_thirty))


# Context


def joined_run(fitted: NeuTNN, waves: Waves, engine: str = "auto") -> Trace:
    return get_engine(engine).run(fitted.context.design, waves, keep_layers=True)


def test_the_context_network_names_the_groups_of_the_views(fitted: NeuTNN, waves: Waves) -> None:
    context, network = fitted.context, fitted.context.design.network
    assert len(network.layers) == len(VIEWS) + 1 and network.inputs == waves.shape[1]
    assert context.view_labels.shape == (len(VIEWS), len(waves))
    layers = joined_run(fitted, waves).layers
    assert layers is not None
    for name, times, labels in zip(VIEWS, layers, context.view_labels, strict=False):
        assert np.array_equal(only_line(times), labels), name
    assert len({labels.tobytes() for labels in context.view_labels}) > len(VIEWS) // 2  # else this could not tell views apart


@pytest.mark.parametrize("make", [three_shapes, two_places])
def test_the_context_network_names_the_groups_of_the_consensus(make: Callable[..., Known]) -> None:
    """The whole network, whose layers meet by rule T4, gives the labels that taught the dendrites."""
    values, classes = make()
    model = fit_neutnn(values, int(classes.max()) + 1, 0, SMALL)
    assert np.array_equal(joined_run(model, model.encoder.encode(values)).winners, model.context.labels)


def test_the_context_network_is_the_same_in_the_reference_engine(fitted: NeuTNN, waves: Waves) -> None:
    fast, slow = joined_run(fitted, waves[:10], "compiled"), joined_run(fitted, waves[:10], "reference")
    assert np.array_equal(fast.outputs, slow.outputs)
    for one, two in zip(fast.layers or (), slow.layers or (), strict=True):
        assert np.array_equal(one, two)


def test_agreement_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        first, second = (rng.integers(-1, rng.integers(1, 6), 60) for _ in range(2))
        assert agreement(first, second) == pytest.approx(normalized_mutual_info_score(first, second), abs=1e-9)


# Dendrites


def learned_layer(waves: Waves, context: Labels) -> tuple[Design, Labels]:
    """Three neurons of two segments, seed 5."""
    return learn_dendrites(waves, context, 3, 2, seed=5, epochs=2, rounds=1, restarts=1, lfsr=LfsrSpec())


def start_weights(layer: Design, waves: Waves) -> np.ndarray:
    """(neuron, segment, line) what the segments copied before they learned."""
    return weights_of_times(waves[np.array(layer.provenance["initial_weights"]["waves"])], 7, 7)


def segment_weights(layer: Design) -> np.ndarray:
    """(neuron, segment, line)"""
    return layer.state.layers[0].distal[0, :, 0]


def test_the_layer_is_one_of_active_dendrites(fitted: NeuTNN, waves: Waves) -> None:
    network = fitted.layer.network
    column = network.layers[0].column
    assert len(network.layers) == 1 and (column.inputs, column.neurons, column.dendrites) == (waves.shape[1], 3, 1)
    assert column.segments == segments_for(60, 3) and column.stdp == STDP
    assert column.proximal.mode == "enable" and column.inhibition == "one_largest_potential"
    four = fit_neutnn(three_shapes()[0], 3, 0, dataclasses.replace(LEAN, segments=4))
    assert four.layer.network.layers[0].column.segments == 4


def test_the_layer_runs_and_learns_equally_in_two_engines(fitted: NeuTNN, waves: Waves) -> None:
    """Rule A2, learning with enable included (rule P2)."""
    few = waves[:20]
    enable = fitted.context.labels[:20, None] == np.arange(3)
    traces = [get_engine(name).run(fitted.layer, few, True, enable=enable) for name in ("reference", "compiled")]
    plain = [get_engine(name).run(fitted.layer, few) for name in ("reference", "compiled")]
    for one, two in (traces, plain):
        assert np.array_equal(one.outputs, two.outputs) and np.array_equal(one.winners, two.winners)
        assert one.final.fingerprint() == two.final.fingerprint()
    assert traces[0].final.fingerprint() != fitted.layer.fingerprint() == plain[0].final.fingerprint()
    assert np.array_equal(plain[0].winners, fitted.labels[:20])


def test_each_dendrite_starts_from_series_of_its_group(fitted: NeuTNN, waves: Waves) -> None:
    context = fitted.context.labels
    layer, labels = learned_layer(waves, context)
    numbers = np.array(layer.provenance["initial_weights"]["waves"])
    assert numbers.shape == (3, 2) and [set(context[row]) for row in numbers] == [{0}, {1}, {2}]
    assert all(len({waves[n].tobytes() for n in row}) == 2 for row in numbers)
    assert labels.shape == (60,) and np.array_equal(get_engine().run(layer, waves).winners, labels)
    moved = np.abs(segment_weights(layer).astype(int) - start_weights(layer, waves))
    assert 0 < moved.mean() < 3  # it has learned, and each segment is still near what it copied


def test_a_group_without_series_and_series_without_a_group_teach_nobody(fitted: NeuTNN, waves: Waves) -> None:
    layer, labels = learned_layer(waves, np.where(fitted.context.labels == 2, -1, fitted.context.labels))
    same = (segment_weights(layer) == start_weights(layer, waves)).all(axis=(1, 2))
    assert same.tolist() == [False, False, True] and set(labels.tolist()) <= {-1, 0, 1, 2}
    nobody, _ = learned_layer(waves, np.full(60, -1))
    assert np.array_equal(segment_weights(nobody), start_weights(nobody, waves))


def test_the_context_decides_which_neuron_learns_what(fitted: NeuTNN, waves: Waves) -> None:
    for context in (fitted.context.labels, (fitted.context.labels + 1) % 3):
        assert np.mean(learned_layer(waves, context)[1] == context) > 0.8


def test_the_restart_with_the_smallest_code_distance_is_kept(fitted: NeuTNN, waves: Waves) -> None:
    context = fitted.context.labels
    distances = [code_distance(waves, learn_dendrites(waves, context, 3, 2, 5, 2, 1, restarts, LfsrSpec())[1]) for restarts in range(1, 5)]
    assert (np.diff(distances) <= 0).all()


def test_a_layer_in_inference_is_a_classic_column(fitted: NeuTNN, waves: Waves) -> None:
    layer = fit_neutnn(three_shapes()[0], 3, 0, dataclasses.replace(SMALL, segments=3)).layer
    column = as_column(layer, "column")
    assert column.column.neurons == 9 and column.synapses == layer.synapses
    won, named = (get_engine().run(one, waves).winners for one in (column, layer))
    assert np.array_equal(won // 3, named) and len(set(won.tolist())) > 3


def test_segments_for() -> None:
    per = SERIES_PER_SEGMENT
    assert segments_for(2, 2) == 1 and segments_for(2 * 3 * per - 1, 3) == 1 and segments_for(2 * 3 * per, 3) == 2
    assert segments_for(10**6, 2) == MOST_SEGMENTS and segments_for(5, 5) == 1
    assert dendritic_spec(20, 3, segments_for(10**6, 2), LfsrSpec()).segments == MOST_SEGMENTS


# Degenerate and wrong input


@pytest.mark.parametrize("case", ["constant", "duplicates", "all constant", "identical", "two series", "a cluster each", "huge offset"])
def test_degenerate_sets_are_clustered(case: str) -> None:
    plain = three_shapes(12)[0]
    values, clusters = {
        "constant": (np.vstack([plain, np.ones((1, 48)), np.zeros((2, 48))]), 3),
        "duplicates": (np.vstack([plain, plain, plain[:1]]), 3),
        "all constant": (np.arange(6.0)[:, None] * np.ones((1, 48)), 2),
        "identical": (np.tile(plain[:1], (8, 1)), 2),
        "two series": (plain[:2], 2),
        "a cluster each": (plain, 12),
        "huge offset": (plain + 1e9, 3),
    }[case]
    model = fit_neutnn(values, clusters, 0, LEAN)
    assert model.labels.shape == (len(values),) and set(model.labels.tolist()) <= set(range(-1, clusters))
    assert np.array_equal(model.assign(values), model.labels)
    named = {(row.tobytes(), label) for row, label in zip(values, model.labels.tolist(), strict=True)}
    assert len(named) == len({row for row, _ in named})  # equal series are in one cluster


def changed(values: np.ndarray, value: float) -> np.ndarray:
    values = values.copy()
    values[4, 7] = value
    return values


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda v: fit_neutnn(changed(v, np.nan), 3), "series 4, sample 7 is missing"),
        (lambda v: fit_neutnn(changed(v, -np.inf), 3), "series 4, sample 7 is missing"),
        (lambda v: fit_neutnn(v, 1), "number of clusters"),
        (lambda v: fit_neutnn(v, 13), "number of clusters"),
        (lambda v: fit_neutnn(v, True), "number of clusters"),
        (lambda v: fit_neutnn(v[:1], 2), "at least two series"),
        (lambda v: fit_neutnn(v[0], 2), "at least two series"),
        (lambda v: fit_neutnn(v[:, : LEAST - 1], 2), "too short"),
        (lambda v: fit_neutnn(v, 2, -1), "seed"),
        (lambda v: Settings(pairs=0), "pairs"),
        (lambda v: Settings(segments=0), "segments"),
        (lambda v: Settings(rounds=1.5), "rounds"),
    ],
)
def test_wrong_input_is_refused(make: Callable[[np.ndarray], object], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        make(three_shapes(12)[0])


def test_assign_refuses_what_does_not_fit(shapes: Known, fitted: NeuTNN) -> None:
    for wrong in (shapes[0][:, :-1], np.hstack([shapes[0], shapes[0]]), shapes[0][0], changed(shapes[0], np.nan)):
        with pytest.raises(ConfigError):
            fitted.assign(wrong)


@pytest.mark.parametrize("seed", [1 << 20, 1 << 28, 1 << 30])
def test_every_legal_seed_works(seed: int) -> None:
    model = fit_neutnn(three_shapes(12)[0], 3, seed, LEAN)
    assert model.seed == seed and len(model.labels) == 12


def test_numpy_integers_are_integers() -> None:
    values = three_shapes(12)[0]
    model = fit_neutnn(values, np.int64(3), np.int64(2), LEAN)  # type: ignore[arg-type]
    assert model.layer.fingerprint() == fit_neutnn(values, 3, 2, LEAN).layer.fingerprint()
