"""Saved Designs of images: what a study found, with what it is expected to score.

FOLDER/NAME/design/         the Design
FOLDER/NAME/waves.npz       the code of a few images, their classes, and what the Design named
FOLDER/NAME/expected.json   scores, sizes, seed, fingerprint
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from neutnngen.apps.mnist.model import Model, load_model
from neutnngen.apps.mnist.results import Summary
from neutnngen.apps.mnist.study import Split
from neutnngen.errors import DataError
from neutnngen.files import write_arrays, write_atomic

SAVED_WAVES = 32
FORMAT, VERSION = "neutnngen-mnist-design", "1.0"


def save_design(summary: Summary, data: Split, out: Path, folder: Path, made_by: str) -> Path:
    """Save a design of a study in ``out``: of its seeds the one with the smallest online error in its last pass, so that no image that was
    held back has a say. data: what it learned from. Returns its folder."""
    models = {row.seed: load_model(out / "models" / f"{row.design}-{row.seed}") for row in summary.rows}
    seed = min(models, key=lambda s: models[s].design.provenance["training"]["online_error"][-1])
    model, row = models[seed], next(row for row in summary.rows if row.seed == seed)
    place = folder / row.design
    model.design.save(place / "design")
    chosen = data.train_images[:SAVED_WAVES]
    write_arrays(place / "waves.npz", waves=model.code.encode(chosen), classes=data.train_labels[:SAVED_WAVES], named=model.predict(chosen))
    expected = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": made_by,
        "data": {"set": row.data, "part": row.part, "images": len(data.images), "learned": row.images},
        "training": {"passes": row.passes, "jitter": row.jitter, "seed": seed, "seeds_tried": len(summary.rows)},
        "synapses": row.synapses,
        "weight_bits": row.weight_bits,
        "wrong": round(row.error * len(data.images)),
        "error": row.error,
        "fingerprint": model.design.fingerprint(),
    }
    write_atomic(place / "expected.json", json.dumps(expected, indent=2) + "\n")
    return place


def read_expected(folder: Path) -> dict[str, Any]:
    """What a saved Design is expected to score. Raises DataError where the file is not there or not what it should be."""
    path = folder / "expected.json"
    try:
        document = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DataError(f"what the Design is expected to score cannot be read: {error}", got=path) from None
    if document.get("format") != FORMAT or str(document.get("version")).split(".")[0] != VERSION.split(".", maxsplit=1)[0]:
        raise DataError("the file does not say what a Design is expected to score", got=path, allowed=f"{FORMAT}, version {VERSION}")
    return document


def score_design(folder: Path, data: Split) -> dict[str, Any]:
    """Measure a saved Design on the images of a split: error, wrong images, images per second."""
    model: Model = load_model(folder)
    began = time.perf_counter()
    named = model.predict(data.images)
    seconds = time.perf_counter() - began
    wrong = int((named != data.labels).sum())
    return {
        "design": model.design.name,
        "synapses": model.design.synapses,
        "wrong": wrong,
        "images": len(data.images),
        "error": wrong / len(data.images),
        "images_per_second": len(data.images) / seconds,
    }
