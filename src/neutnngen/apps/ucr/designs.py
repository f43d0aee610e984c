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
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.column import ColumnClustering, code_silhouette
from neutnngen.apps.ucr.dendrites import as_column
from neutnngen.apps.ucr.learning import Labels, Waves, code_distance
from neutnngen.apps.ucr.neutnn import NeuTNN, fit_neutnn
from neutnngen.apps.ucr.scores import Grouping, Scores, degenerate
from neutnngen.data import SeriesSet
from neutnngen.files import write_atomic
from neutnngen.spec import Design

SAVED_WAVES = 64
FORMAT, VERSION = "neutnngen-ucr-designs", "1.0"
Progress = Callable[[int, int], None]


def save_designs(data: SeriesSet, folder: Path, made_by: str, seeds: int = 10, progress: Progress | None = None) -> dict[str, Any]:
    """Fit column and NeuTNN on all series from seeds 0 … seeds - 1, keep the best of each without looking at a label, and save them.

    The column with the best silhouette of its spike code and the NeuTNN with the smallest code distance are kept; labels only score them
    afterwards. Returns what is in expected.json.
    """
    clusters = data.classes
    columns = []
    models: list[tuple[float, NeuTNN]] = []
    for seed in range(seeds):
        column = ColumnClustering(clusters=clusters, seed=seed).fit(data.values)
        columns.append((-code_silhouette(column.encoder_.encode(data.values), column.labels_), column))
        model = fit_neutnn(data.values, clusters, seed)
        models.append((code_distance(model.encoder.encode(data.values), model.labels), model))
        if progress is not None:
            progress(seed + 1, seeds)
    column = min(columns, key=lambda pair: pair[0])[1]
    model = min(models, key=lambda pair: pair[0])[1]
    name = re.sub(r"\W", "_", data.name).lower()
    record = {
        "made_by": made_by,
        "data": {"set": data.name, "source": data.source, "series": len(data.values), "classes": data.classes},
    }
    layer = model.design(f"{name}_neutnn", record)
    designs = {
        "column": (column.to_design(f"{name}_column", record), column.encoder_.encode(data.values), column.labels_),
        "neutnn": (layer, model.encoder.encode(data.values), model.labels),
        "neutnn_inference": (as_column(layer, f"{name}_neutnn_inference"), model.encoder.encode(data.values), model.labels),
    }
    place = folder / data.name
    expected: dict[str, Any] = {"format": FORMAT, "version": VERSION, **record, "seeds_tried": seeds, "designs": {}}
    for kind, (design, waves, labels) in designs.items():
        _save(place / kind, design, waves, labels)
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
    scratch = run / "waves.tmp.npz"
    np.savez_compressed(scratch, waves=waves[chosen], groups=labels[chosen])
    scratch.replace(run / "waves.npz")
