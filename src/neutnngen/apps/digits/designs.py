"""Saved Designs of digits: what a study found, with what it is expected to score.

FOLDER/NAME/design/         the Design
FOLDER/NAME/waves.npz       the code of a few pairs, their classes, and what the Design named
FOLDER/NAME/expected.json   scores, sizes, seed, fingerprint
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.apps.digits.model import Model, load_model
from neutnngen.apps.digits.pairs import Split
from neutnngen.apps.digits.results import Row, Summary
from neutnngen.apps.digits.study import model_folder
from neutnngen.apps.expected import expected_of
from neutnngen.files import write_arrays, write_atomic

SAVED_WAVES = 32
FORMAT, VERSION = "neutnngen-digits-design", "1.0"


def save_design(summary: Summary, data: Split, out: Path, folder: Path, made_by: str) -> Path:
    """Save a network of a study in ``out``: of its seeds the one with the smallest online error in its last pass while it was trained, so
    that no pair that was held back has a say. Returns its folder."""
    models = {row.seed: load_model(model_folder(out, row)) for row in summary.rows}
    seed = min(models, key=lambda s: models[s].design.provenance["training"]["online_error"][-1])
    row = next(row for row in summary.rows if row.seed == seed)
    return save_model(models[seed], row, data, folder / _name(row), made_by, len(models))


def save_model(model: Model, row: Row, data: Split, place: Path, made_by: str, seeds: int) -> Path:
    """Write a network, a few waves and what it is expected to score into ``place``. row: of the network as it was trained."""
    wrong = int((model.predict(data.judged) != data.labels).sum())
    model.design.save(place / "design")
    waves = model.code.encode(data.train[:SAVED_WAVES])
    write_arrays(place / "waves.npz", waves=waves, classes=data.train_labels[:SAVED_WAVES].astype(np.uint8), named=model.named(waves))
    expected = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": made_by,
        "data": {"sound": row.sound, "image": row.image, "part": row.part, "pairs": len(data.judged), "learned": row.pairs},
        "training": {"passes": row.passes, "seed": row.seed, "seeds_tried": seeds},
        "pruning": model.design.provenance.get("pruning"),
        "synapses": model.design.synapses,
        "wrong": wrong,
        "accuracy": 1 - wrong / len(data.judged),
        "fingerprint": model.design.fingerprint(),
    }
    write_atomic(place / "expected.json", json.dumps(expected, indent=2) + "\n")
    return place


def read_expected(folder: Path) -> dict[str, Any]:
    """What a saved Design is expected to score. See ``expected_of``."""
    return expected_of(folder, FORMAT, VERSION)


def score_design(folder: Path, data: Split) -> dict[str, Any]:
    """Measure a saved Design on the judged pairs of a split: accuracy, wrong answers, pairs per second."""
    model = load_model(folder)
    began = time.perf_counter()
    named = model.predict(data.judged)
    seconds = time.perf_counter() - began
    wrong = int((named != data.labels).sum())
    return {
        "design": model.design.name,
        "sense": model.plan.sense,
        "synapses": model.design.synapses,
        "wrong": wrong,
        "pairs": len(named),
        "accuracy": 1 - wrong / len(named),
        "pairs_per_second": len(named) / seconds,
    }


def _name(row: Row) -> str:
    parts = [row.design, *([row.sense] if row.sense != "both" else []), *([row.masks] if row.masks != "dendrites" else [])]
    return "_".join(parts)
