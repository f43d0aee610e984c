"""Learning from images, one after another: a single pass first, more passes if asked for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import Blueprint
from neutnngen.apps.mnist.build import build
from neutnngen.apps.mnist.code import Images, moved
from neutnngen.apps.mnist.model import Labels, Model
from neutnngen.engine import Session, get_engine
from neutnngen.errors import ConfigError, NeutnngenError
from neutnngen.files import write_atomic
from neutnngen.spec import Design, load_design
from neutnngen.train.events import Progress

BLOCK = 500
"""Images between two looks at the clock, at the progress and at what is to be watched."""

FORMAT, VERSION = "neutnngen-mnist-fit", "1.0"


@dataclass(frozen=True, eq=False)
class Watch:
    """Images that are classified now and then while others are learned. at: after how many images of the first pass, to the block."""

    images: Images
    labels: Labels
    at: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network that has learned.

    first: the model after the first pass, None if there was one pass only. curve: (images seen, error on the watched images). online: error
    of every pass on its own images, each classified before it was learned. blocks: the same for every block of ``BLOCK`` images of the
    first pass. seconds: of learning, watching not counted.
    """

    model: Model
    first: Model | None
    curve: tuple[tuple[int, float], ...]
    online: tuple[float, ...]
    blocks: tuple[float, ...]
    seconds: float


@dataclass(eq=False)
class _Record:
    """How far a run has come; what ``keep`` holds besides the Designs."""

    passes: int = 0
    curve: list[tuple[int, float]] = field(default_factory=list)
    online: list[float] = field(default_factory=list)
    blocks: list[float] = field(default_factory=list)
    seconds: float = 0.0


def fit(
    blueprint: Blueprint,
    images: Images,
    labels: Labels,
    classes: int,
    seed: int = 0,
    *,
    passes: int | None = None,
    jitter: int | None = None,
    watch: Watch | None = None,
    progress: Progress | None = None,
    keep: Path | None = None,
) -> Fitted:
    """Build a network and let it learn.

    In the first pass every part learns: a layer with classes is taught a block of images by its enable lines (rule P2), then the voter
    learns from the same block with all neurons enabled. From the second pass on only the voter learns; of a network that counts votes
    without learning, the layers go on. images, labels: of the training part only. passes, jitter: the blueprint's own if not given.
    progress: images done and in all. keep: a folder that is written after every pass and from which a stopped run goes on.
    """
    passes = blueprint.passes if passes is None else passes
    jitter = blueprint.jitter if jitter is None else jitter
    if passes < 1 or jitter < 0:
        raise ConfigError("the training is not legal", got=f"{passes} passes, jitter {jitter}", allowed="passes ≥ 1, jitter ≥ 0")
    if len(images) != len(labels) or not len(images):
        raise ConfigError("every image needs a label", got=f"{len(images)} images, {len(labels)} labels", allowed="equal, one or more")
    identity: dict[str, Any] = {}
    if keep is not None:
        shown_to = {"images": len(images), "data": digest_of(images, labels), "watched": None if watch is None else len(watch.images)}
        identity = {"blueprint": dataclasses.asdict(blueprint), "seed": seed, "jitter": jitter, **shown_to}
    keeper = _Keeper(keep, identity)
    design, first, record = keeper.load(passes)
    model = Model(build(blueprint, images, labels, classes, seed) if design is None else design)
    session = get_engine().open(model.design)
    for number in range(record.passes, passes):
        rng = np.random.default_rng([seed, 1, number])
        order = rng.permutation(len(images))
        wrong = []
        for start in range(0, len(images), BLOCK):
            began = time.perf_counter()
            chosen = order[start : start + BLOCK]
            shown = moved(images[chosen], jitter, rng) if jitter and number else images[chosen]
            wrong.append(learn_block(model, session, shown, labels[chosen], number))
            record.seconds += time.perf_counter() - began
            seen = number * len(images) + start + len(chosen)
            due = watch is not None and number == 0 and any(seen - len(chosen) < at <= seen for at in watch.at)
            if watch is not None and (due or start + len(chosen) == len(images)):
                record.curve.append((seen, Model(session.design()).error(watch.images, watch.labels)))
            if progress is not None:
                progress(seen, passes * len(images))
        record.passes = number + 1
        record.online.append(sum(wrong) / len(images))
        if number == 0:
            sizes = [min(BLOCK, len(images) - start) for start in range(0, len(images), BLOCK)]
            record.blocks = [w / size for w, size in zip(wrong, sizes, strict=True)]
        design = _stamped(session.design(), record, jitter, len(images))
        first = design if number == 0 else first
        keeper.save(design, first, record)
    after_one = None if first is None or passes == 1 else Model(first)
    return Fitted(
        Model(model.design if design is None else design),
        after_one,
        tuple(record.curve),
        tuple(record.online),
        tuple(record.blocks),
        record.seconds,
    )


def _stamped(design: Design, record: _Record, jitter: int, images: int) -> Design:
    """With what it has been through in its provenance."""
    training = {"passes": record.passes, "jitter": jitter, "images": images, "online_error": list(record.online)}
    return dataclasses.replace(design, provenance={**design.provenance, "training": training})


def learn_block(model: Model, session: Session, images: Images, labels: Labels, number: int) -> int:
    """Learn a block of images by a session of the model; how many of them were named wrongly before each was learned.

    number: of the pass, 0 for the first. Where neurons are enabled by labels, the wrong ones are those before the block.
    """
    network, plan = session.network, model.blueprint
    waves = model.code.encode(images)
    layers, voter = len(network.layers), plan.readout.kind != "tally"
    learn = np.zeros((len(waves), network.stages), dtype=bool)
    layers_learn = number == 0 or not voter
    taught = any(one.classes for one in plan.layers)
    if layers_learn and taught:
        learn[:, :layers] = True
        winners = session.run(waves).winners
        session.run(waves, learn, enable=one_hot(labels, network.enables), labels=labels)
        learn[:] = False
    else:
        learn[:, :layers], winners = layers_learn, None
    if voter:
        learn[:, -1] = True
    if voter or winners is None:
        learned = session.run(waves, learn, labels=labels).winners
        winners = learned if winners is None else winners
    return int((winners != labels).sum())


def digest_of(images: Images, labels: Labels) -> str:
    """SHA-256 of what is learned from."""
    digest = hashlib.sha256(np.ascontiguousarray(images).tobytes())
    digest.update(np.ascontiguousarray(labels, dtype=np.int64).tobytes())
    return digest.hexdigest()


def one_hot(labels: Labels, classes: int) -> NDArray[np.bool_]:
    """(image, class)."""
    return np.asarray(labels[:, None] == np.arange(classes))


class _Keeper:
    """Writes a run after every pass and finds it again. identity: what another run would have otherwise."""

    def __init__(self, folder: Path | None, identity: dict[str, Any]) -> None:
        self._folder, self._identity = folder, json.loads(json.dumps(identity))

    def save(self, design: Design, first: Design | None, record: _Record) -> None:
        """The Designs are written before the record that counts on them."""
        if self._folder is None:
            return
        if record.passes == 1 and first is not None:
            first.save(self._folder / "first")
        design.save(self._folder / "design")
        document = {"format": FORMAT, "version": VERSION, "identity": self._identity, "design": design.fingerprint(), **asdict(record)}
        write_atomic(self._folder / "fit.json", json.dumps(document) + "\n")

    def load(self, passes: int) -> tuple[Design | None, Design | None, _Record]:
        """Where the run goes on, and its Design after the first pass; None where it begins anew, because there is no such run, or more of
        it than is asked for, or its Design is not the one that was recorded."""
        nothing = None, None, _Record()
        if self._folder is None:
            return nothing
        try:
            document = json.loads((self._folder / "fit.json").read_text(encoding="utf-8"))
            if (document["format"], document["version"], document["identity"]) != (FORMAT, VERSION, self._identity):
                return nothing
            record = _Record(**{f.name: document[f.name] for f in fields(_Record)})
            record.curve = [(int(n), float(e)) for n, e in record.curve]
            design, first = load_design(self._folder / "design"), load_design(self._folder / "first")
        except (OSError, ValueError, KeyError, TypeError, NeutnngenError):
            return nothing
        return (design, first, record) if design.fingerprint() == document["design"] and record.passes <= passes else nothing
