"""Prune a Design: in one go or in rounds of scoring, removing, recalibrating and retraining; or to the sparsest within a loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import get_engine
from neutnngen.engine.checks import check_run
from neutnngen.errors import ConfigError
from neutnngen.prune.calibrate import Loss, agreement, answers_of, recalibrated
from neutnngen.prune.draws import best_draw
from neutnngen.prune.regrow import regrown
from neutnngen.prune.scores import METHODS, Method, scored
from neutnngen.prune.select import Choice, kept
from neutnngen.prune.stages import Scores, drop_dead, exists_in, grounded, parts_of, stage_synapses, with_masks
from neutnngen.spec import Design
from neutnngen.spec.column import check_range
from neutnngen.train import train

Waves = NDArray[np.uint8]
Retrain = Callable[[Design, int], Design]
"""(design, round from 1) → the Design after it has learned again, only over the synapses that are left."""
Tell = Callable[[int, int], None]
"""Called with steps done and in all."""

STEPS = 8
"""Of the bisection: keeps that are tried between 1 and the smallest."""


class NothingLeft(ConfigError):
    """Every segment is too sparse to fire."""


@dataclass(frozen=True)
class Plan:
    """How to prune. keep: share of the Design's synapses that stays, in every pool of ``choice``.

    method, choice: which ones, see ``scored`` and ``kept``. rounds: the share falls geometrically from 1 to ``keep`` over so many; each
    scores anew. recalibrate: search θ after each. epochs: of online learning after each, 0 for none. regrow: share of what stays that is
    taken away in addition and given to the most promising of the pruned synapses instead. seed: of random order and presentation. stages:
    that are pruned (layers are 0, 1, …, then the voter), all if None; ``keep`` is a share of their synapses. draws: with the method
    *random*, so many choices are judged as wholes in each round, see ``best_draw``. searched: θ is searched on the first so many waves, on
    all if None. in_turn: stages are pruned one after another, each scored when what feeds it has gone already.
    """

    keep: float = 0.5
    method: Method = "weight"
    choice: Choice = field(default_factory=Choice)
    rounds: int = 1
    recalibrate: bool = True
    epochs: int = 0
    regrow: float = 0.0
    seed: int = 0
    stages: tuple[int, ...] | None = None
    draws: int = 1
    searched: int | None = None
    in_turn: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.keep <= 1:
            raise ConfigError("the share of synapses to keep is out of range", got=self.keep, allowed="above 0, at most 1")
        if not 0 <= self.regrow < 1:
            raise ConfigError("the share of synapses to regrow is out of range", got=self.regrow, allowed="0 or more, below 1")
        if self.method == "lead" and self.choice.structure not in ("column", "segment"):
            got = f"structure {self.choice.structure}"
            raise ConfigError("the lead is measured of whole columns or segments", got=got, allowed="structure column or segment")
        check_range("rounds", self.rounds, 1, 1000)
        check_range("epochs", self.epochs, 0, 1 << 16)
        check_range("seed", self.seed, 0, 1 << 30)
        check_range("draws", self.draws, 1, 1 << 16)
        if self.searched is not None:
            check_range("searched", self.searched, 1, 1 << 30)
        if self.draws > 1 and self.method != "random":
            raise ConfigError("only random choices are drawn more than once", got=f"method {self.method}", allowed="method random")


@dataclass(frozen=True)
class Round:
    """After a round. synapses: that are left. thresholds: θ of every layer. agreement: with the answers before any pruning, on the given
    waves; None without waves."""

    number: int
    synapses: int
    thresholds: tuple[int, ...]
    agreement: float | None


@dataclass(frozen=True, eq=False)
class Pruned:
    """The pruned Design, and how it came about. before: synapses of the Design that was given."""

    design: Design
    before: int
    rounds: tuple[Round, ...]

    @property
    def kept(self) -> float:
        """Share of the given synapses that is left."""
        return self.design.synapses / self.before


def prune(
    design: Design,
    plan: Plan,
    waves: Waves | None = None,
    *,
    labels: NDArray[np.integer] | None = None,
    retrain: Retrain | None = None,
    scores: Scores | None = None,
    progress: Tell | None = None,
) -> Pruned:
    """A new Design with fewer synapses; ``design`` is not changed.

    waves: (wave, input) uint8 training waves; not needed to prune by weight or at random without recalibrating or retraining. labels:
    (wave,) classes, for stages and methods that learn from them. retrain: instead of ``plan.epochs`` passes over the waves. scores: of the
    first round, if they are known already (``first_scores``). What can do nothing after it (``drop_dead``) goes too, so less than ``keep``
    may be left.
    Raises ConfigError where waves are missing or nothing is left.
    """
    if plan.method not in METHODS:
        scored(design, plan.method)  # its error
    needs = plan.recalibrate or plan.regrow > 0 or plan.draws > 1 or (plan.epochs > 0 and retrain is None)
    if needs and (waves is None or not len(waves)):
        raise ConfigError(
            "recalibrating, regrowing, retraining and drawing more than once need training waves",
            got="none",
            allowed="waves (wave, input), or a plan without them",
            next_step="give the file with --waves, or --no-recalibrate",
        )
    if waves is not None:
        waves = check_run(design.network, waves, False).times
    learn = retrain or (None if plan.epochs == 0 or waves is None else _online(waves, labels, plan))
    wanted = None if waves is None else answers_of(design, waves)
    whole = {part: exists_in(design, part) for part in parts_of(design)}
    wanted_stages = range(design.network.stages) if plan.stages is None else plan.stages
    if not set(wanted_stages) <= set(range(design.network.stages)) or not wanted_stages:
        raise ConfigError("there is no such stage to prune", got=plan.stages, allowed=f"of 0 … {design.network.stages - 1}")
    given = _count(design, wanted_stages)
    now, records = grounded(design), []
    for number in range(1, plan.rounds + 1):
        target = plan.keep ** (number / plan.rounds) * given
        share = min(1.0, target / max(_count(now, wanted_stages), 1)) * (1 - plan.regrow)
        if plan.draws > 1 and waves is not None and wanted is not None:
            now = best_draw(now, share, plan.choice, wanted_stages, waves, wanted, plan.draws, plan.seed + number)
        else:
            counts = stage_synapses(now)
            known = scores if number == 1 else None
            for turn in [[stage] for stage in wanted_stages] if plan.in_turn else [list(wanted_stages)]:
                found = known or scored(now, plan.method, waves, plan.seed + number, labels, plan.choice.structure)
                part_of = min(1.0, share * sum(counts[stage] for stage in turn) / max(_count(now, turn), 1))
                now = with_masks(now, kept({part: found[part] for part in found if part.stage in turn}, part_of, plan.choice))
                now, known = drop_dead(now) if plan.in_turn else now, None
        if plan.regrow and waves is not None:
            now = regrown(now, waves, whole, round(target) - _count(now, wanted_stages))
        now = _recalibrated(now, plan, waves, wanted)
        if learn is not None:
            now = _recalibrated(learn(now, number), plan, waves, wanted)
        now = drop_dead(now)
        if now.synapses == 0:
            raise NothingLeft("no synapse is left that can do anything", got=f"keep {plan.keep:g}", next_step="keep more")
        met = None if waves is None or wanted is None else agreement(now, waves, wanted)
        records.append(Round(number, now.synapses, tuple(layer.column.threshold for layer in now.network.layers), met))
        if progress is not None:
            progress(number, plan.rounds)
    record = {**asdict(plan), "synapses_before": design.synapses, "synapses": now.synapses, "of": design.fingerprint()}
    now = dataclasses.replace(now, provenance={**now.provenance, "pruning": record})
    return Pruned(now, design.synapses, tuple(records))


def first_scores(design: Design, plan: Plan, waves: Waves | None = None, labels: NDArray[np.integer] | None = None) -> Scores:
    """What the first round of ``prune`` goes by; the same for every ``keep``."""
    return scored(grounded(design), plan.method, waves, plan.seed + 1, labels, plan.choice.structure)


@dataclass(frozen=True)
class Step:
    """One of several ways to prune that follow each other. plan: all but its ``keep``. part: the share that is left after this step is
    ``keep`` to the power of the parts up to it; those of all steps add up to 1."""

    plan: Plan
    part: float


def prune_in_steps(
    design: Design,
    steps: Sequence[Step],
    keep: float,
    waves: Waves | None = None,
    labels: NDArray[np.integer] | None = None,
    retrain: Retrain | None = None,
) -> Pruned:
    """Prune by one plan after another until the share ``keep`` of all synapses is left; for instance light synapses, then segments, then
    columns. A step that left more or less than its share is made up for by the next one. See ``prune``; retrain: of steps with ``epochs``,
    their rounds counted on. Raises ConfigError for parts that do not add up to 1."""
    if not steps or abs(sum(step.part for step in steps) - 1) > 1e-9 or min(step.part for step in steps) <= 0:
        raise ConfigError("the parts of the steps are not legal", got=[step.part for step in steps], allowed="above 0, 1 in all")
    now, done = design, 0.0
    records: list[Round] = []
    for step in steps:
        done += step.part
        share = min(1.0, keep**done * design.synapses / now.synapses)
        made = prune(
            now,
            dataclasses.replace(step.plan, keep=share),
            waves,
            labels=labels,
            retrain=_later(retrain if step.plan.epochs else None, len(records)),
        )
        now = made.design
        records += [dataclasses.replace(one, number=len(records) + n) for n, one in enumerate(made.rounds, 1)]
    return Pruned(now, design.synapses, tuple(records))


def _later(retrain: Retrain | None, rounds: int) -> Retrain | None:
    """``retrain`` with its rounds counted on."""
    return None if retrain is None else lambda design, number: retrain(design, rounds + number)


def sparsest(
    design: Design,
    plan: Plan,
    max_loss: float,
    loss: Loss | None = None,
    waves: Waves | None = None,
    *,
    labels: NDArray[np.integer] | None = None,
    retrain: Retrain | None = None,
    smallest: float = 0.01,
    progress: Tell | None = None,
) -> Pruned:
    """The sparsest Design whose loss is at most ``max_loss``: ``keep`` is bisected on a logarithmic scale between 1 and ``smallest``.

    loss: of a Design; by default the share of ``waves`` that it answers otherwise than ``design`` does. The loss is taken to grow as
    synapses go; where it does not, the result still keeps within ``max_loss``, but a sparser one may exist. ``plan.keep`` is not used.
    Raises ConfigError where no waves say what is lost.
    """
    if not max_loss >= 0:
        raise ConfigError("the largest loss is out of range", got=max_loss, allowed="0 or more")
    if loss is None:
        if waves is None or not len(waves):
            raise ConfigError("the loss is measured on waves", got="none", allowed="waves (wave, input)", next_step="give --waves FILE")
        loss = disagreement(design, waves)
    low, high = np.log(smallest), 0.0
    best = Pruned(design, design.synapses, ())
    scores = first_scores(design, plan, waves, labels)
    for step in range(STEPS):
        keep = float(np.exp(low if step == 0 else (low + high) / 2))
        try:
            made = prune(design, dataclasses.replace(plan, keep=keep), waves, labels=labels, retrain=retrain, scores=scores)
            good = loss(made.design) <= max_loss
        except NothingLeft:
            good = False
        if good:
            best = min(best, made, key=lambda one: one.design.synapses)
            high = np.log(keep)
        else:
            low = np.log(keep)
        if progress is not None:
            progress(step + 1, STEPS)
        if good and step == 0:
            break
    return best


def disagreement(design: Design, waves: Waves) -> Loss:
    """The share of waves (of columns in them) that a Design answers otherwise than this one."""
    wanted = answers_of(design, waves)
    return lambda other: 1 - agreement(other, waves, wanted)


def accuracy_loss(design: Design, waves: Waves, labels: NDArray[np.integer]) -> Loss:
    """How much smaller the share of waves is whose winner is their label."""

    def right(one: Design) -> float:
        return float((get_engine().open(one).run(waves).winners == labels).mean())

    before = right(design)
    return lambda other: before - right(other)


def _count(design: Design, stages: Sequence[int]) -> int:
    counts = stage_synapses(design)
    return sum(counts[n] for n in stages)


def _recalibrated(design: Design, plan: Plan, waves: Waves | None, wanted: Any) -> Design:
    if not plan.recalibrate or waves is None:
        return design
    return recalibrated(design, waves[: plan.searched], tuple(one[: plan.searched] for one in wanted))


def _online(waves: Waves, labels: NDArray[np.integer] | None, plan: Plan) -> Retrain:
    """Passes of STDP over the waves. Without labels, neurons with enable lines (rule P2) are taught by the network's own answers."""

    def learn(design: Design, number: int) -> Design:
        enable = None
        given = None if labels is None else np.asarray(labels, dtype=np.int64)
        if design.network.enables and labels is None:
            winners = get_engine().open(design).run(waves).winners
            enable = winners[:, None] == np.arange(design.network.enables)
        seed = plan.seed + number
        return train(design, waves, labels=given, enable=enable, epochs=plan.epochs, order="shuffled", seed=seed, every=1 << 30).design

    return learn
