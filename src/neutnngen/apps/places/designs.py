"""Saved layers of place cells that have explored their worlds once, with what they are expected to recall.

FOLDER/design/            the Design
FOLDER/worlds.npz         positions: (environment, feature, 2) of the features; edges: (edge, label) all that were stored
FOLDER/expected.json      how many of them are recalled, sizes, seed, fingerprint
FOLDER/dendrite_LABEL/    of every column the dendrite that has learned most, as a classic column (rule C2): design/ and waves.npz, a run
                          folder as ``neutnngen rtl`` and ``neutnngen verify`` take it
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.apps.expected import expected_of
from neutnngen.apps.places.explore import explore
from neutnngen.apps.places.layer import START
from neutnngen.apps.places.memory import EdgeMemory
from neutnngen.apps.places.recall import score_recall
from neutnngen.apps.places.sizes import LABELS, RECALLED
from neutnngen.apps.places.study import named_setting
from neutnngen.errors import ConfigError, DataError
from neutnngen.files import write_arrays, write_atomic
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design, load_design

FORMAT, VERSION = "neutnngen-places-design", "1.0"


def save_design(name: str, folder: Path, seed: int, made_by: str) -> Path:
    """Let the layer of a setting explore its worlds, and save it under FOLDER/NAME. Returns that folder."""
    explored, place = explore(named_setting(name), seed), folder / name
    design = explored.frame.design()
    explored.frame.save(place / "design")
    write_arrays(place / "worlds.npz", positions=np.stack([w.positions for w in explored.worlds]), edges=explored.edges)
    expected = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": made_by,
        "setting": name,
        "seed": seed,
        "synapses": design.synapses,
        "edges": len(explored.edges),
        "observations": explored.observations,
        "recalled": _recalled(explored.frame.memory, explored.edges),
        "fingerprint": design.fingerprint(),
    }
    write_atomic(place / "expected.json", json.dumps(expected, indent=2) + "\n")
    waves = explored.setting.sizes.waves(explored.edges)
    for layer, label in enumerate(RECALLED):
        neuron, dendrite = busiest_dendrite(design, layer)
        lines = dendrite_lines(design, layer, neuron, dendrite)
        run = place / f"dendrite_{label}"
        dendrite_as_column(design, layer, neuron, dendrite).save(run / "design")
        seen = np.unique(waves[:, lines], axis=0)
        fullest = np.argsort((seen == NO_SPIKE).sum(axis=1), kind="stable")  # what makes it fire comes first
        write_arrays(run / "waves.npz", waves=seen[fullest])
    return place


def _recalled(memory: EdgeMemory, edges: Any) -> dict[str, int]:
    """Of every label, for how many edges it is recalled exactly."""
    return {label: round(score_recall(memory, edges, edges, label).exact * len(edges)) for label in LABELS}


def score_design(folder: Path) -> dict[str, Any]:
    """Ask a saved layer again for every edge that it has stored: exactly recalled labels, edges, synapses. Raises DataError where the
    folder is not what ``save_design`` wrote."""
    design = load_design(folder / "design")
    try:
        with np.load(folder / "worlds.npz", allow_pickle=False) as arrays:
            edges = arrays["edges"]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"the edges of a saved layer cannot be read: {error}", got=folder / "worlds.npz") from None
    return {"design": folder.name, "synapses": design.synapses, "edges": len(edges), "recalled": _recalled(EdgeMemory(design), edges)}


def read_expected(folder: Path) -> dict[str, Any]:
    """What a saved layer is expected to recall. See ``expected_of``."""
    return expected_of(folder, FORMAT, VERSION)


def busiest_dendrite(design: Design, layer: int) -> tuple[int, int]:
    """Neuron and dendrite of a column of which most segments have learned something."""
    state = design.state.layers[layer]
    changed = ((state.distal[0] != START) & state.distal_mask[0]).any(axis=-1).sum(axis=-1)
    neuron, dendrite = np.unravel_index(int(changed.argmax()), changed.shape)
    return int(neuron), int(dendrite)


def dendrite_lines(design: Design, layer: int, neuron: int, dendrite: int) -> np.ndarray[Any, Any]:
    """Lines of the network that a dendrite has synapses on, distal ones first."""
    spec, state = design.network.layers[layer], design.state.layers[layer]
    far = spec.wiring.table()[0][state.distal_mask[0, neuron, dendrite].any(axis=0)]
    near = None if spec.proximal_wiring is None else spec.proximal_wiring.table()[0][state.proximal_mask[0, neuron, dendrite].any(axis=0)]
    return far if near is None else np.concatenate([far, near])


def dendrite_as_column(design: Design, layer: int, neuron: int, dendrite: int) -> Design:
    """One dendrite as a Design of its own: by rules P1 and C2 it is a classic column on the lines that it sees, its segments the neurons.

    What decides whether it is taught (rule R15) stays outside: the column learns in every wave that it is asked to. Raises ConfigError
    for a dendrite whose proximal weights have another width than its distal ones.
    """
    spec, state = design.network.layers[layer].column, design.state.layers[layer]
    if spec.proximal.mode != "sum" or spec.proximal_w_max != spec.w_max:
        raise ConfigError("the dendrite is no classic column", got=spec.proximal, allowed="summed proximal input, one width of weights")
    at = (0, neuron, dendrite)
    weights, masks = (
        np.concatenate([far[at], near[at]], axis=1)
        for far, near in ((state.distal, state.proximal), (state.distal_mask, state.proximal_mask))
    )
    seen = masks.any(axis=0)
    column = ColumnSpec(
        int(seen.sum()), spec.segments, spec.threshold, spec.t_res, spec.w_res, spec.response, spec.tie, spec.stdp, spec.lfsr
    )
    origin = {"network": design.name, "layer": layer, "neuron": neuron, "dendrite": dendrite, "fingerprint": design.fingerprint()}
    name = f"{design.name}_{RECALLED[layer]}_{neuron}_{dendrite}"
    return Design.of_column(name, column, weights[:, seen], masks[:, seen], int(state.lfsr[0]), {"dendrite_of": origin})
