"""Saves the Designs of a set: its classic column and its NeuTNN, with what they are expected to score.

    FOLDER/SET/column/            the classic column p×q: design/, waves.npz
    FOLDER/SET/neutnn/            the layer of active dendrites: design/, waves.npz
    FOLDER/SET/neutnn_inference/  the same layer in inference as one classic column (rule C2): design/, waves.npz
    FOLDER/SET/expected.json      scores, sizes, seeds

Each of the three is a run folder, as ``neutnngen rtl`` and ``neutnngen verify`` take it. The waves are the code of a few series.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.column import ColumnClustering
from neutnngen.apps.ucr.dendrites import as_column
from neutnngen.apps.ucr.learning import Labels, Waves, code_distance
from neutnngen.apps.ucr.neutnn import NeuTNN, fit_neutnn
from neutnngen.apps.ucr.scores import Grouping, Scores, degenerate
from neutnngen.data import SeriesSet
from neutnngen.errors import ConfigError
from neutnngen.files import write_arrays, write_atomic
from neutnngen.spec import Design
from neutnngen.train.events import Progress

SAVED_WAVES = 64
FORMAT, VERSION = "neutnngen-ucr-designs", "1.0"


def save_designs(data: SeriesSet, folder: Path, made_by: str, seeds: int = 10, progress: Progress | None = None) -> dict[str, Any]:
    """Fit column and NeuTNN on all series from seeds 0 … seeds - 1, keep the best of each without looking at a label, and save them.

    The column with the best silhouette of its spike code and the NeuTNN with the smallest code distance are kept; labels only score them
    afterwards. Returns what is in expected.json.
    """
    if seeds < 1:
        raise ConfigError("the number of seeds is out of range", got=seeds, allowed="an integer ≥ 1")
    clusters = data.classes
    columns: list[ColumnClustering] = []
    best: tuple[float, NeuTNN, Waves] | None = None
    for seed in range(seeds):
        columns.append(ColumnClustering(clusters=clusters, seed=seed).fit(data.values))
        model = fit_neutnn(data.values, clusters, seed)
        waves = model.encoder.encode(data.values)
        value = code_distance(waves, model.labels)
        if best is None or value < best[0]:
            best = value, model, waves
        if progress is not None:
            progress(seed + 1, seeds)
    assert best is not None
    column = max(columns, key=lambda one: one.silhouette_)
    _, model, waves = best
    name = re.sub(r"\W", "_", data.name).lower()
    record = {
        "made_by": made_by,
        "data": {"set": data.name, "source": data.source, "series": len(data.values), "classes": data.classes},
    }
    layer = model.design(f"{name}_neutnn", record)
    designs = {
        "column": (column.to_design(f"{name}_column", record), column.encoder_.encode(data.values), column.labels_),
        "neutnn": (layer, waves, model.labels),
        "neutnn_inference": (as_column(layer, f"{name}_neutnn_inference"), waves, model.labels),
    }
    place = folder / data.name
    expected: dict[str, Any] = {"format": FORMAT, "version": VERSION, **record, "seeds_tried": seeds, "designs": {}}
    for kind, (design, code, labels) in designs.items():
        _save(place / kind, design, code, labels)
        expected["designs"][kind] = _facts(design, data.labels, labels, clusters)
    expected["designs"]["column"]["seed"] = column.kept_seed_
    expected["designs"]["neutnn"]["seed"] = model.seed
    write_atomic(place / "expected.json", json.dumps(expected, indent=2) + "\n")
    return expected


def _facts(design: Design, classes: NDArray[np.str_], labels: Labels, clusters: int) -> dict[str, Any]:
    facts = asdict(Grouping.of(labels))
    return {
        "scores": asdict(Scores.of(classes, labels)),
        **facts,
        "degenerate": degenerate(labels, clusters) or "",
        "inputs": design.network.inputs,
        "synapses": design.synapses,
        "fingerprint": design.fingerprint(),
    }


def _save(run: Path, design: Design, waves: Waves, labels: Labels) -> None:
    design.save(run / "design")
    chosen = np.unique(np.linspace(0, len(waves) - 1, min(SAVED_WAVES, len(waves))).astype(int))
    write_arrays(run / "waves.npz", waves=waves[chosen], groups=labels[chosen])
