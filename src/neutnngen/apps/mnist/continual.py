"""A stream of images whose world changes: one pass, learned online by every part of the network, and measured on the way.

Three worlds follow each other. First the images come as they are; then every image is transposed, so that what the layers know is wrong;
then the labels are swapped as well, by a seeded permutation that leaves no class its own, so that what the read-out knows is wrong.

Three networks live in them. *learning* learns from every block. *frozen* is the same up to the first change and keeps its weights from
there on (rule R11). *fresh* is the same too, but at every change a new network takes its place, built from the first images of that world
and learning only there: what a start from nothing reaches with as many images.

Every block is answered before it is learned from, by the weights that the blocks before it have left. Now and then, and before the first
image of a world, a held-back set is classified: in its *present* form, as the images of the stream come now, and in its *first* form,
which tells what is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import Blueprint
from neutnngen.apps.mnist.build import build
from neutnngen.apps.mnist.code import Images
from neutnngen.apps.mnist.learn import BLOCK, learn_block
from neutnngen.apps.mnist.model import CHUNK, Labels, Model
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import Design
from neutnngen.spec.column import check_range
from neutnngen.train.events import Progress

FORMAT, VERSION = "neutnngen-mnist-continual", "1.0"
RUNS = ("learning", "frozen", "fresh")
LOOKS = 15
"""Times that the held-back set is classified in a world, besides the one before its first image."""

BACK, BACK_POINTS = 1.2, 0.01
"""A network is back when its error is at most so many times, and at most so much above, that at the end of the world before."""

Errors = NDArray[np.float64]


@dataclass(frozen=True)
class Phase:
    """A world and the part of the stream that is in it: images ``start`` up to and without ``stop``."""

    name: str
    start: int
    stop: int
    transposed: bool
    swapped: bool


@dataclass(frozen=True, eq=False)
class Run:
    """Errors of one network, as shares. blocks: (block,) of every block before it was learned. present, first: (look,) on the held-back
    set in its present and in its first form."""

    blocks: Errors
    present: Errors
    first: Errors


@dataclass(frozen=True, eq=False)
class ContinualResult:
    """A finished stream.

    blocks: (block,) images seen after each block. looks: (look,) images seen at each look at the held-back set; at a change there are two,
    the last of the world before and the first of the new one. look_phase: (look,) the world whose form is the present one. swap: (class,)
    the label that takes the place of each, once labels are swapped. runs: by the names in ``RUNS``. held: images of the held-back set.
    """

    design: str
    seed: int
    synapses: int
    block: int
    held: int
    swap: tuple[int, ...]
    phases: tuple[Phase, ...]
    blocks: NDArray[np.int64]
    looks: NDArray[np.int64]
    look_phase: NDArray[np.int64]
    runs: dict[str, Run]

    def at_start(self, run: str, phase: int) -> float:
        """Error on the held-back set in the form of this world, before a single image of it was learned."""
        return float(self.runs[run].present[self.look_phase == phase][0])

    def at_end(self, run: str, phase: int) -> float:
        """The same after the last image of this world."""
        return float(self.runs[run].present[self.look_phase == phase][-1])

    def online(self, run: str, phase: int) -> float:
        """Share of the images of this world that were named wrongly before they were learned."""
        start, stop = self.phases[phase].start, self.phases[phase].stop
        inside = (self.blocks > start) & (self.blocks <= stop)
        sizes = np.diff(self.blocks[inside], prepend=start)
        return float(np.average(self.runs[run].blocks[inside], weights=sizes))

    def back_level(self, phase: int) -> float:
        """The error at which a network counts as back, from that of the learning network at the end of the world before."""
        before = self.at_end("learning", phase - 1)
        return min(BACK * before, before + BACK_POINTS)

    def recovered_after(self, run: str, phase: int) -> int | None:
        """Images of this world after which ``run`` is back: at the first look from which on the mean error stays at ``back_level`` too, so
        that one lucky look is no recovery. 0 if the change did no harm, None if it never is back."""
        inside = self.look_phase == phase
        errors, level = self.runs[run].present[inside], self.back_level(phase)
        rest = np.cumsum(errors[::-1])[::-1] / np.arange(len(errors), 0, -1)
        back = np.flatnonzero((errors <= level) & (rest <= level))
        return int(self.looks[inside][back[0]]) - self.phases[phase].start if len(back) else None

    def forgotten(self, run: str, phase: int) -> float:
        """How much the error on the first form of the held-back set has grown from the end of the first world to the end of this one."""
        first, learned = self.runs[run].first, self.runs["learning"].first
        return float(first[self.look_phase == phase][-1] - learned[self.look_phase == 0][-1])

    def summary(self) -> dict[str, Any]:
        """As JSON values, errors as shares.

        Of every phase and run: right_after, the error when no image of that world was learned yet; end, after its last; online, of its
        images, each before it was learned; back_after, images until the run is back, null if it is not; forgotten, by how much the error
        on the first form has grown since the end of the first world. look_every: images between two looks, the steps of back_after.
        """
        phases = []
        for number, phase in enumerate(self.phases):
            table: dict[str, Any] = {}
            for run in RUNS:
                cells = {"end": self.at_end(run, number), "online": self.online(run, number)}
                if number:
                    cells["right_after"] = self.at_start(run, number)
                    cells["forgotten"] = self.forgotten(run, number)
                    table[run] = {**cells, "back_after": self.recovered_after(run, number)}
                else:
                    table[run] = cells
            looks = np.diff(self.looks[self.look_phase == number])
            row = {"name": phase.name, "start": phase.start, "stop": phase.stop, "look_every": int(looks.max()), "runs": table}
            phases.append({**row, "back_level": self.back_level(number)} if number else row)
        return {
            "format": FORMAT,
            "version": VERSION,
            "design": self.design,
            "seed": self.seed,
            "synapses": self.synapses,
            "images": self.phases[-1].stop,
            "held": self.held,
            "block": self.block,
            "swap": list(self.swap),
            "phases": phases,
            "curves": {
                "blocks": self.blocks.tolist(),
                "looks": self.looks.tolist(),
                "look_phase": self.look_phase.tolist(),
                **{name: {k: getattr(run, k).tolist() for k in ("blocks", "present", "first")} for name, run in self.runs.items()},
            },
        }


def transpose(images: Images) -> Images:
    """(image, row, column) with rows and columns exchanged."""
    return np.ascontiguousarray(images.transpose(0, 2, 1))


def swap_of(classes: int, seed: int) -> tuple[int, ...]:
    """(class,) a seeded permutation without a fixed point, each with the same chance."""
    check_range("classes", classes, 2, 1 << 16)
    rng = np.random.default_rng([seed, 3])
    while True:
        swap = rng.permutation(classes)
        if (swap != np.arange(classes)).all():
            return tuple(swap.tolist())


def run_continual(
    blueprint: Blueprint,
    images: Images,
    labels: Labels,
    classes: int,
    seed: int = 0,
    *,
    held: tuple[Images, Labels],
    images_per_phase: Sequence[int] | None = None,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> ContinualResult:
    """Stream the images, in a seeded order, through three worlds, and three networks through them.

    images, labels: (image, row, column), square, and (image,), none shown twice. held: the same of images that are never learned.
    images_per_phase: of every world; half, a quarter and the rest of the images if not given. block: images between two measurements; it
    is also what a layer with classes is taught at once (see ``learn.fit``). progress: images of the stream done and in all. Raises
    ConfigError where something does not fit.
    """
    phases = _phases(len(images), images_per_phase)
    check_range("block", block, 1, 1 << 20)
    _check(images, labels, classes, "the stream")
    _check(*held, classes, "the held-back set")
    if held[0].shape[1:] != images.shape[1:]:
        raise ConfigError("the held-back images have another size", got=held[0].shape[1:], allowed=images.shape[1:])
    labels, held_labels = labels.astype(np.int64), held[1].astype(np.int64)
    total, swap = phases[-1].stop, swap_of(classes, seed)
    renamed = np.array(swap)
    order = np.random.default_rng([seed, 2]).permutation(len(images))[:total]
    log = _Log()
    networks: dict[str, _Network] = {}
    for number, phase in enumerate(phases):
        chosen = order[phase.start : phase.stop]
        shown = transpose(images[chosen]) if phase.transposed else images[chosen]
        told = renamed[labels[chosen]] if phase.swapped else labels[chosen]
        new = _Network(build(blueprint, shown, told, classes, seed), held[0])
        if number == 0:
            networks = dict.fromkeys(RUNS, new)
        else:
            networks["fresh"] = new
        if number == 1:
            networks["frozen"] = _Network(networks["learning"].session.design(), held[0])
        asked = renamed[held_labels] if phase.swapped else held_labels
        starts = range(0, len(chosen), block)
        stops = {round(n) for n in np.linspace(0, len(starts), LOOKS + 1)}
        log.look(networks, number, phase, asked, held_labels, phase.start)
        for count, start in enumerate(starts, 1):
            part = slice(start, start + block)
            log.block(networks, shown[part], told[part])
            if count in stops:
                log.look(networks, number, phase, asked, held_labels, log.seen[-1])
            if progress is not None:
                progress(log.seen[-1], total)
    design = networks["learning"].session.design()
    return ContinualResult(
        blueprint.name,
        seed,
        design.synapses,
        block,
        len(held[0]),
        swap,
        phases,
        np.array(log.seen, dtype=np.int64),
        np.array(log.looks, dtype=np.int64),
        np.array(log.look_phase, dtype=np.int64),
        {run: Run(*(np.array(curve) for curve in log.curves[run])) for run in RUNS},
    )


class _Network:
    """A network at work; what it says of the held-back set is kept until it learns."""

    def __init__(self, design: Design, held: Images) -> None:
        self.model, self.session, self._held = Model(design), get_engine().open(design), held
        self._known: dict[bool, Labels] = {}

    def winners(self, images: Images) -> Labels:
        parts = [self.session.run(self.model.code.encode(images[n : n + CHUNK])).winners for n in range(0, len(images), CHUNK)]
        return np.concatenate(parts).astype(np.int64)

    def held_winners(self, transposed: bool) -> Labels:
        if transposed not in self._known:
            self._known[transposed] = self.winners(transpose(self._held) if transposed else self._held)
        return self._known[transposed]

    def learn(self, images: Images, labels: Labels) -> None:
        self._known.clear()
        learn_block(self.model, self.session, images, labels, 0)


@dataclass(eq=False)
class _Log:
    """Curves that grow. curves: of every run its blocks, then its present and its first form of the held-back set."""

    seen: list[int] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    look_phase: list[int] = field(default_factory=list)
    curves: dict[str, tuple[list[float], list[float], list[float]]] = field(default_factory=lambda: {run: ([], [], []) for run in RUNS})

    def look(self, networks: dict[str, _Network], number: int, phase: Phase, present: Labels, first: Labels, seen: int) -> None:
        self.looks.append(seen)
        self.look_phase.append(number)
        for run, network in networks.items():
            self.curves[run][1].append(float((network.held_winners(phase.transposed) != present).mean()))
            self.curves[run][2].append(float((network.held_winners(False) != first).mean()))

    def block(self, networks: dict[str, _Network], images: Images, labels: Labels) -> None:
        """Answer, then learn; a network that goes by several names does both once."""
        self.seen.append((self.seen[-1] if self.seen else 0) + len(images))
        errors = {network: float((network.winners(images) != labels).mean()) for network in dict.fromkeys(networks.values())}
        for run, network in networks.items():
            self.curves[run][0].append(errors[network])
        for network in dict.fromkeys((networks["learning"], networks["fresh"])):
            network.learn(images, labels)


def _phases(count: int, lengths: Sequence[int] | None) -> tuple[Phase, ...]:
    if lengths is None:
        lengths = (count // 2, count // 4, count - count // 2 - count // 4)
    worlds = (("as they are", False, False), ("transposed", True, False), ("transposed, labels swapped", True, True))
    if len(lengths) != len(worlds) or min(lengths) < 1 or sum(lengths) > count:
        raise ConfigError(
            "the worlds do not fit the stream",
            got=f"{', '.join(map(str, lengths))} images of {count}",
            allowed=f"{len(worlds)} numbers of 1 or more, {count} in all at most",
        )
    ends = np.cumsum(lengths).tolist()
    return tuple(Phase(name, end - length, end, t, s) for (name, t, s), end, length in zip(worlds, ends, lengths, strict=True))


def _check(images: Images, labels: Labels, classes: int, what: str) -> None:
    if images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise ConfigError(
            f"images of {what} cannot be transposed", got=images.shape, allowed="(image, row, column), as many rows as columns"
        )
    if len(images) != len(labels) or not len(images):
        raise ConfigError(
            f"every image of {what} needs a label", got=f"{len(images)} images, {len(labels)} labels", allowed="equal, one or more"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ConfigError(f"a label of {what} is no class", got=f"{labels.min()} … {labels.max()}", allowed=f"0 … {classes - 1}")
