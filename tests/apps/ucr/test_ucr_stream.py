"""The stream: what drifts, who learns, that one wave is as good as two, and that learning follows a drift which frozen weights do not."""

from __future__ import annotations

import dataclasses
import functools
import io
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from neutnngen.apps.ucr.drift import Drift, inject_drift
from neutnngen.apps.ucr.learning import winners
from neutnngen.apps.ucr.neutnn import Settings
from neutnngen.apps.ucr.stream import StreamSettings, as_stream, fair_share, run_stream
from neutnngen.apps.ucr.stream_plot import plot_stream
from neutnngen.apps.ucr.stream_result import StreamResult, _recovery, sliding_ari
from neutnngen.apps.ucr.transforms import z_normalise
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, NetworkSpec
from neutnngen.spec.network import as_network

QUICK = Settings(pairs=4, segments=2, epochs=3, restarts=2, layer_epochs=2, rounds=2, layer_restarts=1)


def two_kinds(count: int = 160, length: int = 48, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Noisy series with one slow swing or two abrupt ones."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2, count)
    time = np.linspace(0, 1, length) + rng.normal(0, 0.01, (count, 1))
    values = np.where(classes[:, None] == 1, np.sin(2 * np.pi * time), np.sign(np.sin(4 * np.pi * time)))
    return values + rng.normal(0, 0.3, (count, length)), classes


@functools.cache
def small(drift: Drift, waves: int = 160, seed: int = 1, window: int = 40) -> StreamResult:
    values, classes = two_kinds()
    return run_stream(values, classes, 2, seed=seed, waves=waves, drift=drift, settings=StreamSettings(QUICK, window=window))


def test_shift_moves_every_series_in_a_circle() -> None:
    values, _ = two_kinds(10, 40)
    plain = z_normalise(values)
    assert np.array_equal(inject_drift(values, Drift("shift", 0.25)), np.roll(plain, 10, axis=1))
    assert np.array_equal(inject_drift(values, Drift("shift", -0.25)), np.roll(plain, -10, axis=1))
    share = np.linspace(0, 1, 10)
    moved = inject_drift(values, Drift("shift", 0.5), share)
    for n in range(10):
        assert np.array_equal(moved[n], np.roll(plain[n], round(20 * share[n])))


def test_offset_adds_one_curve_of_the_stated_size() -> None:
    values, _ = two_kinds(10, 40)
    plain = z_normalise(values)
    added = inject_drift(values, Drift("offset", 1.5, seed=3)) - plain
    assert np.allclose(added, added[0]), "the same to all series"
    assert added[0].std() == pytest.approx(1.5)
    assert added[0].mean() == pytest.approx(0, abs=1e-12)
    assert np.abs(np.diff(added[0])).max() < 1.5, "it is smooth"
    half = inject_drift(values, Drift("offset", 1.5, seed=3), 0.5) - plain
    assert np.allclose(half, added / 2)
    assert not np.allclose(inject_drift(values, Drift("offset", 1.5, seed=4)) - plain, added)
    assert np.array_equal(inject_drift(values, Drift("offset", 1.5), 0.0), plain)


def test_drift_begins_half_way_and_grows() -> None:
    sudden, gradual = small(Drift(over=0)), small(Drift(over=20))
    assert (sudden.onset, sudden.settled, gradual.settled) == (80, 80, 100)
    assert not sudden.share[:80].any()
    assert (sudden.share[80:] == 1).all()
    assert not gradual.share[:80].any()
    assert np.allclose(np.diff(gradual.share[79:100]), 0.05)
    assert (gradual.share[99:] == 1).all()


def test_series_of_the_stream_come_in_turn_and_none_is_of_the_warm_up() -> None:
    result = small(Drift())
    assert len(result.warm) == 80
    assert not set(result.warm.tolist()) & set(result.order.tolist())
    for turn in (result.order[:80], result.order[80:]):
        assert len(set(turn.tolist())) == 80
    assert not np.array_equal(result.order[:80], result.order[80:])
    assert result.summary()["visits"] == 2
    assert np.array_equal(result.classes, two_kinds()[1][result.order])


@pytest.mark.parametrize(("sharing", "fair"), [("line", True), ("column", True), ("column", False)])
def test_one_wave_is_as_good_as_two(sharing: str, fair: bool) -> None:
    """A slow loop in the reference engine: answered with all neurons enabled, then learned from with the answering one alone (rule P2)."""
    values, classes = two_kinds(60, 24)
    settings = StreamSettings(dataclasses.replace(QUICK, pairs=1), window=10, sharing=sharing, fair=fair)  # type: ignore[arg-type]
    result = run_stream(values, classes, 2, seed=3, waves=48, drift=Drift("shift", 0.3, 6), settings=settings)
    code = np.vstack(
        [
            result.model.encoder.encode(inject_drift(values[n][None], result.drift, s))
            for n, s in zip(result.order, result.share, strict=True)
        ]
    )
    spec = result.model.layer.network.layers[0].column
    rule = fair_share(4, spec.threshold) if fair else None
    stream = dataclasses.replace(spec, stdp=settings.stdp, sharing=sharing, homeostasis=rule)
    network: NetworkSpec = as_network(stream)
    session = get_engine("reference").open(Design("slow", network, result.model.layer.state, {}))
    answers = []
    for wave in code:
        answer = int(session.run(wave[None]).winners[0])
        session.run(wave[None], learn=True, enable=np.arange(2)[None] == answer)
        answers.append(answer)
    assert answers == result.learning.tolist()
    slow, fast = session.state().layers[0], result.layer.state.layers[0]
    for name in ("distal", "bias", "lfsr", "learned"):
        assert np.array_equal(getattr(slow, name).ravel(), getattr(fast, name).ravel()), name
    assert not np.array_equal(fast.distal.ravel(), result.model.layer.state.layers[0].distal.ravel()), "it has learned"


def test_an_unanswered_wave_teaches_nobody() -> None:
    """No segment reaches θ, so no weight moves in either spelling; only the random state goes on."""
    result = small(Drift())
    layer = result.model.layer
    spec = dataclasses.replace(layer.network.layers[0].column, threshold=layer.network.layers[0].column.potential_max)
    mute = as_stream(Design("mute", as_network(spec), layer.state, {}), StreamSettings(QUICK))
    session = get_engine().open(mute)
    assert (session.run(result.model.encoder.encode(two_kinds(8)[0]), learn=True).winners == -1).all()
    assert np.array_equal(session.state().layers[0].distal, mute.state.layers[0].distal)


def test_frozen_never_changes_a_weight() -> None:
    """Rule R11: whatever came before, the same series is answered alike, and as by the fitted model."""
    result = small(Drift())
    before = result.model.layer.fingerprint()
    values, _ = two_kinds()
    expected = result.model.assign(inject_drift(values, result.drift))
    assert np.array_equal(result.frozen[80:], expected[result.order[80:]])
    winners(result.model.layer, result.model.encoder.encode(values))
    assert result.model.layer.fingerprint() == before
    assert result.layer.provenance["stream_of"] == before


def test_deterministic_for_a_seed() -> None:
    first, again, other = (small.__wrapped__(Drift("offset", 1.0, 20), seed=seed) for seed in (1, 1, 2))
    for name in ("order", "share", "frozen", "learning", "refitted"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name
    assert first.layer.fingerprint() == again.layer.fingerprint()
    assert first.summary() == again.summary()
    assert not np.array_equal(first.order, other.order)


def test_learning_follows_what_frozen_weights_do_not() -> None:
    values, classes = two_kinds()
    gained = []
    for seed in range(3):
        result = run_stream(
            values, classes, 2, seed=seed, waves=2000, drift=Drift("shift", 0.5, 400), settings=StreamSettings(QUICK, window=100)
        )
        ari = result.summary()["ari"]
        assert ari["learning"]["before"] > 0.85
        gained.append(ari["learning"]["end"] - ari["frozen"]["end"])
    assert min(gained) > 0.1, gained
    assert np.mean(gained) > 0.25, gained


def test_sliding_index_and_shares_by_hand() -> None:
    rng = np.random.default_rng(0)
    classes, answers = rng.integers(0, 3, 60), rng.integers(-1, 2, 60)
    answers[20:40] = classes[20:40] > 0
    curve = sliding_ari(classes, answers, 12)
    assert np.isnan(curve[:11]).all()
    for wave in range(11, 60):
        assert curve[wave] == pytest.approx(adjusted_rand_score(classes[wave - 11 : wave + 1], answers[wave - 11 : wave + 1]))
    assert sliding_ari(np.zeros(4, dtype=int), np.zeros(4, dtype=int), 4)[3] == 1, "one group in both"
    result = dataclasses.replace(small(Drift()), learning=np.array([0, 1, 1, -1]), window=2)
    assert result.wins(result.learning)[1:].tolist() == [[0.5, 0.5], [0, 1], [0, 0.5]]


def test_recovery_is_more_than_one_lucky_window() -> None:
    lucky = np.array([0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1])
    back = np.array([0.1, 0.1, 0.6, 0.7, 0.7, 0.7, 0.7])
    assert _recovery(lucky, 0.5, 2) is None
    assert _recovery(back, 0.5, 2) == 2 + 2
    assert _recovery(lucky[::-1], 0.95, 2) is None
    assert _recovery(np.array([0.1] * 6 + [0.9]), 0.5, 2) is None, "nothing follows it"


def test_plot_is_drawn(tmp_path: Path) -> None:
    for drift in (Drift(), Drift("offset", 1.0, 20)):
        path = plot_stream(small(drift), tmp_path / "deep" / f"{drift.kind}.png", "two kinds")
        image = matplotlib.image.imread(io.BytesIO(path.read_bytes()))[..., :3]
        dark = (image < 0.98).any(axis=2)
        assert 0.1 < dark.mean() < 0.6
        assert not np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]]).any(), "something is cut off at an edge"


def test_what_does_not_fit_is_refused() -> None:
    values, classes = two_kinds(20)
    with pytest.raises(ConfigError, match="waves is out of range"):
        run_stream(values, classes, 2, waves=100)
    with pytest.raises(ConfigError, match=r"drift\.over"):
        run_stream(values, classes, 2, waves=1000, drift=Drift(over=500))
    with pytest.raises(ConfigError, match="one class"):
        run_stream(values, classes[:-1], 2)
    with pytest.raises(ConfigError, match="too few series"):
        run_stream(values[:3], classes[:3], 2)
    with pytest.raises(ConfigError, match=r"drift\.kind"):
        Drift("warp")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"drift\.size"):
        Drift(size=float("nan"))
