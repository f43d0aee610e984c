"""Path integration: where the animal thinks it is, from how fast it goes and from its head-direction cells, set right at landmarks.

Everything after the senses is whole numbers. Speed and direction are sensed with errors, so the estimate drifts. Some places are
landmarks: near one, cells that tell the way to it (object-vector cells, Høydal et al. 2019, doi 10.1038/s41586-019-1077-7) spike, a
column of place cells that has learned them answers, and the estimate becomes the middle of its field. A landmark also tells the
animal which way it is turned: the error that its sense of direction has gathered since the last one is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.rat.cells import CellSettings, answers, build
from neutnngen.apps.places.rat.code import LEVELS, RatCode, Times, spikes_of
from neutnngen.apps.places.rat.readout import FRACTION, FieldLearner, Fields
from neutnngen.apps.places.rat.walk import Walk
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, Design
from neutnngen.spec.column import check_range

UNIT = 64
"""Length of a head-direction cell's vector."""
TRIES = 8
VECTORS = 4
"""Object-vector cells of a landmark along either axis."""
Path2 = NDArray[np.int64]


@dataclass(frozen=True)
class PathSettings:
    """How badly the animal senses its movement, and what it meets.

    speed_noise: per cent, standard deviation of the speed of every wave. gain: per cent, standard deviation of a factor that stays. bias:
    degrees, an error of direction that stays, to the left or right. drift: degrees per square root of a second, an error of direction that
    walks at random. landmarks: places; reach: millimetres around each in which it is sensed. cells: of the column that learns them.
    """

    speed_noise: float = 10.0
    gain: float = 5.0
    bias: float = 3.0
    drift: float = 5.0
    landmarks: int = 6
    reach: int = 60
    cells: int = 64

    def __post_init__(self) -> None:
        for name in ("speed_noise", "gain", "bias", "drift"):
            if not 0 <= getattr(self, name) <= 100:
                raise ConfigError(f"path.{name} is out of range", got=getattr(self, name), allowed="0 … 100")
        check_range("path.landmarks", self.landmarks, 1, 64)
        check_range("path.reach", self.reach, 1, 10_000)
        check_range("path.cells", self.cells, 2, 1 << 12)


@dataclass(frozen=True, eq=False)
class Integrated:
    """An animal that integrates its path.

    landmarks: (landmark, 2) millimetres. alone: (wave, 2) int64 millimetres, the estimate that nothing sets right; corrected: the one that
    landmarks do. met: (wave,) bool, whether a landmark set it right. design: the column of landmarks.
    """

    landmarks: NDArray[np.int64]
    alone: Path2
    corrected: Path2
    met: NDArray[np.bool_]
    design: Design


def integrate(learned: Walk, asked: Walk, code: RatCode, settings: PathSettings, seed: int) -> Integrated:
    """Learn the landmarks on one walk, then integrate another from its true start. Raises ConfigError for a code without directions."""
    if code.settings.directions < 4:
        raise ConfigError("path integration needs head-direction cells", got=code.settings.directions, allowed="code.directions ≥ 4")
    places = _landmarks(learned, settings, seed)
    start = asked.positions[0] << FRACTION
    alone = start + np.cumsum(sensed_steps(asked, code, settings, seed), axis=0)
    design, fields, recall = _recall(learned, asked, places, settings, seed)
    known = (recall >= 0) & (fields.wins[0][np.maximum(recall, 0)] > 0)
    corrected = np.empty_like(alone)
    now = start
    for wave, step in enumerate(sensed_steps(asked, code, settings, seed, known)):
        now = fields.middles[0, recall[wave]] if known[wave] else now + step
        corrected[wave] = now
    return Integrated(places, alone >> FRACTION, corrected >> FRACTION, known, design)


def sensed_steps(walk: Walk, code: RatCode, settings: PathSettings, seed: int, met: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """(wave, 2) steps in 1/16 mm as the animal senses them; the first is none.

    Its speed, a whole number, times the sum of the vectors of the head-direction cells that spike, each as often as it has clocks left.
    met: (wave,) whether a landmark takes away what the drift of the direction has gathered.
    """
    rng = np.random.default_rng([seed, 30])
    way = np.diff(walk.positions, axis=0, prepend=walk.positions[:1]).astype(np.float64)
    gain = 1 + settings.gain / 100 * rng.standard_normal()
    speed = np.hypot(*way.T) * gain * (1 + settings.speed_noise / 100 * rng.standard_normal(len(way)))
    drift = np.cumsum(rng.standard_normal(len(way))) * settings.drift / np.sqrt(walk.hertz)
    if met is not None:
        last = np.maximum.accumulate(np.where(met, np.arange(len(way)), -1))
        drift = drift - np.where(last < 0, 0.0, drift[last])
    turned = np.arctan2(way[:, 1], way[:, 0]) + np.deg2rad(settings.bias * rng.choice([-1, 1]) + drift)
    vectors = np.rint(UNIT * np.stack([np.cos(code.preferred), np.sin(code.preferred)], axis=1)).astype(np.int64)
    length = _length(code, vectors)
    fast = np.rint(speed * (1 << FRACTION)).astype(np.int64)
    return np.asarray((fast[:, None] * _strength(code.directions(turned)) @ vectors + length // 2) // length)


def _strength(times: Times) -> NDArray[np.int64]:
    """Clocks that are left when a line spikes, 8 … 1, and 0 where it does not."""
    return np.where(times == NO_SPIKE, 0, LEVELS - times.astype(np.int64))


def _length(code: RatCode, vectors: NDArray[np.int64]) -> int:
    """Mean length of the sum of vectors over all directions."""
    around = code.directions(np.linspace(0, 2 * np.pi, 720, endpoint=False))
    return int(np.rint(np.hypot(*(_strength(around) @ vectors).T).mean()))


def _landmarks(walk: Walk, settings: PathSettings, seed: int) -> NDArray[np.int64]:
    """(landmark, 2) places, ``reach`` or more from the walls where there is room for that; each the one of some that is farthest from
    those before it."""
    rng = np.random.default_rng([seed, 31])
    room = np.minimum(settings.reach, np.array(walk.size) // 2)
    tries = rng.integers(room, np.array(walk.size) - room + 1, (settings.landmarks, TRIES, 2))
    places = [tries[0, 0]]
    for some in tries[1:]:
        gaps = np.hypot(*(some[:, None] - np.stack(places)).transpose(2, 0, 1)).min(axis=1)
        places.append(some[gaps.argmax()])
    return np.stack(places)


def landmark_code(walk: Walk, places: NDArray[np.int64], reach: int) -> Times:
    """(wave, 16 × landmark) uint8: object-vector cells, on a 4 × 4 lattice of vectors to each landmark. Within reach of a landmark a cell
    spikes the earlier, the nearer the way to it is to the cell's own vector; from a distance of ``reach`` on it does not."""
    axis = np.linspace(-0.75, 0.75, VECTORS)
    own = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    parts = []
    for place in places:
        way = (place - walk.positions) / reach
        far = np.hypot(*(way[:, None] - own).transpose(2, 0, 1))
        seen = (np.hypot(*way.T) <= 1)[:, None] & (far < 1)
        parts.append(np.where(seen, spikes_of(1 - far, 0.0), NO_SPIKE).astype(np.uint8))
    return np.concatenate(parts, axis=1)


def _recall(
    learned: Walk, asked: Walk, places: NDArray[np.int64], settings: PathSettings, seed: int
) -> tuple[Design, Fields, NDArray[np.int64]]:
    """The column of landmarks after learning, its fields, and (wave,) the cell that answers in the other walk, -1 where none does."""
    times = landmark_code(learned, places, settings.reach)
    near = (times != NO_SPIKE).any(axis=1)
    one = CellSettings(columns=1, cells=settings.cells, share=100, drive=4)
    if not near.any():
        raise ConfigError("no landmark was met while learning", got=f"{settings.landmarks} landmarks", allowed="more, or a longer reach")
    design = build("landmarks", one, times[near], seed, {"landmarks_mm": places.tolist(), "reach_mm": settings.reach, "seed": seed})
    session = get_engine().open(design)
    winners = answers(session, times, learn=True)
    learner = FieldLearner(1, settings.cells)
    learner.learn(winners, learned.positions)
    recall = answers(session, landmark_code(asked, places, settings.reach))
    return session.design(), learner.fields, recall[:, 0]
