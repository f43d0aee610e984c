"""The log-mel map and its code: bands, frames, loudness, silence, and the median threshold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neutnngen.core.encode_sound import LogMelEncoder, maps_of
from neutnngen.core.encode_values import MedianThresholdEncoder
from neutnngen.core.log_mel import FLOOR, MelPlan, hertz, log_mel, mel, mel_filters, spoken_part
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE

RATE = 8000


def tone(frequency: float, seconds: float = 0.3, rate: int = RATE) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def test_the_mel_scale() -> None:
    assert mel(0) == 0 and mel(1000) == pytest.approx(1000, abs=0.1)  # the scale's own definition, to its rounding
    assert np.allclose(hertz(mel(np.array([0.0, 55, 700, 3999]))), [0, 55, 700, 3999])


def test_filters_are_triangles_over_their_neighbours() -> None:
    filters = mel_filters(RATE, 1024, 20, 100.0, 4000.0)
    at = np.arange(513) * RATE / 1024
    middles = hertz(np.linspace(mel(100), mel(4000), 22))[1:-1]
    assert np.allclose(at[filters.argmax(axis=1)], middles, atol=RATE / 1024)
    inside = (at >= middles[0]) & (at <= middles[-1])
    assert np.allclose(filters[:, inside].sum(axis=0), 1)  # what one triangle loses, the next one gains
    assert filters.min() == 0 and not filters[:, at < 100].any()


@pytest.mark.parametrize("frequency", [200, 500, 1000, 2000, 3500])
def test_a_tone_is_loudest_in_its_band_in_every_frame(frequency: float) -> None:
    plan = MelPlan(bins=20, frames=9)
    middles = hertz(np.linspace(mel(plan.low), mel(plan.high), 22))[1:-1]
    nearest = int(np.abs(mel(middles) - mel(frequency)).argmin())
    assert (log_mel(tone(frequency), plan)[1:-1].argmax(axis=1) == nearest).all()


def test_energy_by_hand() -> None:
    # one frame of N ones, Hann window w: the transform at 0 Hz is Σw = (N + 1) / 2, its square over N the energy of the band around 0
    plan = MelPlan(frames=1, bins=1, low=0, high=8.0, rate=RATE, window=0.032, quiet=0, level="none")
    n = plan.samples
    peak = mel_filters(RATE, plan.size, 1, 0.0, 8.0)[0]
    bins = np.arange(plan.size // 2 + 1)
    window = np.hanning(n + 2)[1:-1]
    power = np.abs(np.exp(-2j * np.pi * np.outer(bins[:3], np.arange(n)) / plan.size) @ window) ** 2 / n
    assert log_mel(np.ones(2 * n), plan)[0, 0] == pytest.approx(np.log((power * peak[:3]).sum() + FLOOR))


def test_how_fast_and_how_loud_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    slow = np.concatenate([tone(400, 0.4), tone(1500, 0.4)])
    fast = np.concatenate([tone(400, 0.2), tone(1500, 0.2)])
    plan = MelPlan(frames=12, bins=12)
    assert np.abs(log_mel(slow, plan) - log_mel(fast, plan))[[1, 3, 8, 10]].max() < 0.5
    noisy = slow + rng.normal(0, 0.01, len(slow))  # with something in every band, as any recording has, far above FLOOR
    assert np.allclose(log_mel(noisy, plan), log_mel(0.1 * noisy, plan), atol=1e-3)
    silence = np.zeros(1000)
    assert np.allclose(log_mel(np.concatenate([silence, slow, silence]), plan), log_mel(slow, plan), atol=0.05)
    whole = MelPlan(frames=12, bins=12, quiet=0)
    assert np.abs(log_mel(np.concatenate([silence, slow, silence]), whole) - log_mel(slow, whole)).max() > 1
    assert log_mel(rng.normal(0, 0.1, 3), plan).shape == (12, 12)  # shorter than a frame


def test_levels() -> None:
    wave = np.concatenate([tone(400), tone(900)])
    plain = log_mel(wave, MelPlan(level="none"))
    assert np.allclose(log_mel(wave, MelPlan()), plain - plain.mean())
    assert np.allclose(log_mel(wave, MelPlan(level="bin")), plain - plain.mean(axis=0))


def test_spoken_part() -> None:
    assert spoken_part(np.array([0, 0.01, 0.5, -1.0, 0.2, 0.05, 0]), 0.1) == (2, 5)
    assert spoken_part(np.zeros(5), 0.1) == (0, 5)
    assert np.isfinite(log_mel(np.zeros(500), MelPlan())).all()


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"high": 5000.0}, "outside of what is recorded"),
        ({"low": 4000.0}, "outside of what is recorded"),
        ({"frames": 0}, "mel.frames"),
        ({"bins": 2.0}, "mel.bins"),
        ({"window": 1e-5}, "mel.window"),
        ({"quiet": 1.0}, "mel.quiet"),
        ({"level": "loud"}, "mel.level"),
        ({"bins": 2000}, "narrow"),
    ],
)
def test_settings_that_are_not_legal(settings: dict[str, object], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        MelPlan(**settings)  # type: ignore[arg-type]


def test_waves_that_are_not_legal() -> None:
    for wave in (np.zeros((2, 5)), np.zeros(0), np.array([0.0, np.nan])):
        with pytest.raises(ConfigError, match=r"one row of samples|not a number"):
            log_mel(wave, MelPlan())


def test_the_code_is_the_median_code_of_the_map() -> None:
    rng = np.random.default_rng(1)
    recordings = [rng.normal(0, 0.2, int(rng.integers(800, 2000))) for _ in range(30)]
    plan = MelPlan(frames=4, bins=5)
    encoder = LogMelEncoder.fit(recordings, plan, 2)
    assert (encoder.lines, encoder.times, encoder.samples, encoder.plan) == (20, (0, 3), max(map(len, recordings)), plan)
    padded = np.stack([np.pad(one, (0, encoder.samples - len(one))) for one in recordings])
    times = encoder.encode(padded)
    maps = maps_of(recordings, plan)
    assert np.array_equal(times, MedianThresholdEncoder.fit(maps.reshape(30, -1), 2).encode(maps.reshape(30, -1)))
    assert np.array_equal(times, encoder.map_times(torch.from_numpy(maps)).numpy())
    assert (np.abs((times != NO_SPIKE).mean(axis=0) - 0.5) <= 0.05).all()  # half of the recordings lie above each median


def test_cuts_must_fit_the_map() -> None:
    with pytest.raises(ConfigError, match="cuts have the wrong shape"):
        LogMelEncoder(100, torch.zeros(7, 2), frames=2, bins=4)
