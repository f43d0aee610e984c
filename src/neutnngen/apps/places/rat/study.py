"""A run: learn place fields online on the first part of a recording, then say where the animal is in the rest of it."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from neutnngen.apps.places.rat.baseline import nearest_moments
from neutnngen.apps.places.rat.cells import POOL, CellSettings, answers, build, settled, untaught
from neutnngen.apps.places.rat.code import CodeSettings, Noise, RatCode, Times
from neutnngen.apps.places.rat.path import PathSettings, integrate
from neutnngen.apps.places.rat.readout import FieldLearner
from neutnngen.apps.places.rat.results import Errors, RatResult, Row, distances
from neutnngen.apps.places.rat.walk import walk_of
from neutnngen.data import Trajectory
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.train.events import Progress

LOOKS = 12
"""Times that the part that is not learned is looked at while the other is, the n-th after n² / 144 of it."""
NOISES = (Noise(), Noise(jitter=1), Noise(lost=10), Noise(jitter=1, lost=10))


@dataclass(frozen=True)
class RatSettings:
    """A run. hertz: waves a second. learn: share of the recording, from its start, that is learned from, to the second. noises: that the
    rest is asked with."""

    hertz: int = 25
    learn: float = 0.8
    code: CodeSettings = field(default_factory=CodeSettings)
    cells: CellSettings = field(default_factory=CellSettings)
    path: PathSettings = field(default_factory=PathSettings)
    noises: tuple[Noise, ...] = NOISES

    def __post_init__(self) -> None:
        object.__setattr__(self, "noises", tuple(self.noises))
        if not 0 < self.learn < 1:
            raise ConfigError("the share to learn from is out of range", got=self.learn, allowed="0 < learn < 1")
        if not self.noises or self.noises[0] != Noise():
            raise ConfigError("the first noise is none, which pictures show", got=self.noises[:1], allowed="Noise() first")


LARGE = RatSettings(hertz=10, cells=CellSettings(cells=512), path=PathSettings(landmarks=24))
"""For an arena of several square metres and a recording of hours."""


def usual_settings(trajectory: Trajectory) -> RatSettings:
    """The settings for an arena of this size: those of a box of a metre up to two square metres, else ``LARGE``."""
    return RatSettings() if trajectory.size[0] * trajectory.size[1] <= 2 else LARGE


def run_rat(trajectory: Trajectory, settings: RatSettings | None = None, seed: int = 0, progress: Progress | None = None) -> RatResult:
    """One run on one recording.

    Every wave of the learning part is shown once, in its order. seed: of code, wiring, random registers, noise, landmarks and errors of the
    senses. progress: waves learned and in all. The nearest moment is looked for in the lines that the columns see. Raises ConfigError for
    settings that do not fit the recording.
    """
    began = time.perf_counter()
    use = usual_settings(trajectory) if settings is None else settings
    walk = walk_of(trajectory, use.hertz)
    cut = max(1, round(use.learn * trajectory.seconds)) * use.hertz
    if not POOL // 10 <= cut < len(walk):
        raise ConfigError(
            "the recording is too short for both parts", got=f"{len(walk)} waves", allowed="a longer one, or more waves a second"
        )
    learned, asked = walk.part(0, cut), walk.part(cut)
    code = RatCode(use.code, walk.side, seed)

    def seen(times: Times) -> Times:
        return times if use.cells.directions else times[:, : code.grid_lines]

    taught, probed = seen(code.walked(learned)), seen(code.walked(asked))
    provenance = {"code": code.to_dict(), "data": trajectory.name, "cite": trajectory.cite, "seed": seed, **dataclasses.asdict(use.cells)}
    session = get_engine().open(build("place_cells", use.cells, taught[:POOL], seed, provenance))
    middle = walk.size[0] // 2, walk.size[1] // 2
    learner = FieldLearner(use.cells.columns, use.cells.cells)
    won, curve = [], []
    for first, last in pairwise(round(cut * (n / LOOKS) ** 2) for n in range(LOOKS + 1)):
        won.append(answers(session, taught[first:last], learn=True))
        learner.learn(won[-1], learned.positions[first:last])
        far = distances(learner.fields.locate(answers(session, probed), middle), asked)
        curve.append((last / use.hertz, float(np.median(far)), float((learner.fields.wins > 0).mean())))
        if progress is not None:
            progress(last, cut)
    fields = learner.fields
    control = get_engine().open(untaught(session.design(), seed))
    reader = FieldLearner(use.cells.columns, use.cells.cells)
    reader.learn(answers(control, taught), learned.positions)
    without = Errors.of(distances(reader.fields.locate(answers(control, probed), middle), asked))
    chance = np.random.default_rng([seed, 40]).permutation(len(asked))
    rows, kept = [], []
    for noise in use.noises:
        times = noise.on(probed, seed)
        winners = answers(session, times)
        located, nearest = fields.locate(winners, middle), learned.positions[nearest_moments(taught, times)]
        kept.append((winners, located, nearest))
        cells, moment, shuffled = (Errors.of(distances(where, asked)) for where in (located, nearest, located[chance]))
        rows.append(
            Row(
                trajectory.name, seed, noise.name, len(asked), cells.median, cells.mean, cells.high,
                moment.median, moment.mean, moment.high, shuffled.median, float((winners < 0).mean()),
            )
        )  # fmt: skip
    path = integrate(learned, asked, code, use.path, seed)
    recalled = fields.locate(answers(session, seen(code.encode(path.corrected, asked.headings))), middle)
    design = session.design()
    used = float((fields.wins > 0).mean())
    spent = time.perf_counter() - began
    return RatResult(
        trajectory.name, seed, learned, asked, design, fields, kept[0][0], np.concatenate(won), kept[0][1], kept[0][2],
        tuple(curve), tuple(rows), without, path, recalled, float(settled(design).mean()), used, spent,
    )  # fmt: skip
