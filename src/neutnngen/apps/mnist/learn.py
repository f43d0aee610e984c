"""Learning from images, one after another: a single pass first, more passes if asked for."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import Blueprint
from neutnngen.apps.mnist.build import build
from neutnngen.apps.mnist.code import Images, moved
from neutnngen.apps.mnist.model import Labels, Model
from neutnngen.engine import Session, get_engine
from neutnngen.errors import ConfigError, DataError
from neutnngen.files import write_atomic
from neutnngen.spec import load_design
from neutnngen.train.events import Progress

BLOCK = 500
"""Images between two looks at the clock, at the progress and at what is to be watched."""

FORMAT, VERSION = "neutnngen-mnist-fit", "1.0"


@dataclass(frozen=True, eq=False)
class Watch:
    """Images that are classified now and then while others are learned. at: after how many images of the first pass."""

    images: Images
    labels: Labels
    at: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Fitted:
    """curve: (images seen, error on the watched images). online: error of every pass on its own images, each classified before it was
    learned. seconds: of learning, watching not counted."""

    model: Model
    curve: tuple[tuple[int, float], ...]
    online: tuple[float, ...]
    seconds: float


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
    identity = {"blueprint": dataclasses.asdict(blueprint), "seed": seed, "images": len(images), "jitter": jitter}
    identity = json.loads(json.dumps(identity))
    kept = None if keep is None else _kept(keep, identity, passes)
    if kept is None:
        model, done = Model(build(blueprint, images, labels, classes, seed)), 0
        curve, online, seconds = [], [], 0.0
    else:
        model = Model(load_design(keep / "design")) if keep is not None else None  # type: ignore[assignment]
        done, curve, online, seconds = kept["passes"], [tuple(p) for p in kept["curve"]], list(kept["online"]), kept["seconds"]
    session = get_engine().open(model.design)
    for number in range(done, passes):
        rng = np.random.default_rng([seed, 1, number])
        order = rng.permutation(len(images))
        wrong, stops = 0, set() if watch is None or number else set(watch.at)
        for start in range(0, len(images), BLOCK):
            began = time.perf_counter()
            chosen = order[start : start + BLOCK]
            shown = moved(images[chosen], jitter, rng) if jitter and number else images[chosen]
            wrong += _learn_block(model, session, shown, labels[chosen], number)
            seconds += time.perf_counter() - began
            seen = number * len(images) + start + len(chosen)
            if watch is not None and (seen in stops or (start + len(chosen) == len(images))):
                curve.append((seen, Model(session.design()).error(watch.images, watch.labels)))
            if progress is not None:
                progress(seen, passes * len(images))
        online.append(wrong / len(images))
        if keep is not None and number + 1 < passes:
            _keep(keep, Model(session.design()), identity, number + 1, curve, online, seconds)
    trained = {"passes": passes, "jitter": jitter, "images": len(images), "online_error": online}
    design = session.design()
    design = dataclasses.replace(design, provenance={**design.provenance, "training": trained})
    if keep is not None:
        _keep(keep, Model(design), identity, passes, curve, online, seconds)
    return Fitted(Model(design, model.classes), tuple((int(n), float(e)) for n, e in curve), tuple(online), seconds)


def _learn_block(model: Model, session: Session, images: Images, labels: Labels, number: int) -> int:
    """Learn a block; how many of its images were named wrongly before they were learned (or while they were)."""
    network, plan = session.network, model.blueprint
    waves = model.code.encode(images)
    layers, voter = len(network.layers), plan.readout.kind != "tally"
    learn = np.zeros((len(waves), network.stages), dtype=bool)
    layers_learn = number == 0 or not voter
    taught = any(one.classes for one in plan.layers)
    if layers_learn and taught:
        learn[:, :layers] = True
        winners = None if voter else session.run(waves).winners
        session.run(waves, learn, enable=one_hot(labels, network.enables), labels=labels)
        learn[:] = False
    else:
        learn[:, :layers], winners = layers_learn, None
    if voter:
        learn[:, -1] = True
        winners = session.run(waves, learn, labels=labels).winners
    elif winners is None:
        winners = session.run(waves, learn, labels=labels).winners
    return int((winners != labels).sum())


def one_hot(labels: Labels, classes: int) -> NDArray[np.bool_]:
    """(image, class)."""
    return np.asarray(labels[:, None] == np.arange(classes))


def _keep(
    folder: Path, model: Model, identity: dict[str, Any], passes: int, curve: list[Any], online: list[float], seconds: float
) -> None:
    """The Design is written before the record that counts on it."""
    model.design.save(folder / "design")
    record = {"format": FORMAT, "version": VERSION, "identity": identity, "passes": passes, "curve": curve, "online": online, "seconds": seconds}
    record["fingerprint"] = model.design.fingerprint()
    write_atomic(folder / "fit.json", json.dumps(record, indent=2) + "\n")


def _kept(folder: Path, identity: dict[str, Any], passes: int) -> dict[str, Any] | None:
    """The record of a run that can go on; None where there is none, or it is of another run, or its Design was written later."""
    path = folder / "fit.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        same = record["format"] == FORMAT and record["identity"] == identity and record["passes"] <= passes
        if same and load_design(folder / "design").fingerprint() == record["fingerprint"]:
            return dict(record)
    except (FileNotFoundError, DataError):
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None
