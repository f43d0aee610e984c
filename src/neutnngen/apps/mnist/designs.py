"""Saved Designs of images: what a study found, with what it is expected to score.

FOLDER/NAME/design/         the Design
FOLDER/NAME/waves.npz       the code of a few images, their classes, and what the Design named
FOLDER/NAME/expected.json   scores, sizes, seed, fingerprint
FOLDER/NAME/column0/        of every layer of classic columns the column whose inputs change most: design/ and waves.npz, a run folder as
                            ``neutnngen rtl`` and ``neutnngen verify`` take it
"""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.apps.expected import expected_of
from neutnngen.apps.mnist.blueprint import blueprint_from_dict
from neutnngen.apps.mnist.code import ImageCode, Images
from neutnngen.apps.mnist.model import Model, load_model
from neutnngen.apps.mnist.results import Row, Summary
from neutnngen.apps.mnist.study import Split, run_folder
from neutnngen.core.lines import lines_read
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.files import write_arrays, write_atomic
from neutnngen.spec import Design, NetworkState, as_classic

SAVED_WAVES = 32
FORMAT, VERSION = "neutnngen-mnist-design", "1.0"
LAYERS_FORMAT = "neutnngen-mnist-layers"


def save_design(summary: Summary, data: Split, out: Path, folder: Path, made_by: str) -> Path:
    """Save a design of a study in ``out``: of its seeds the one with the smallest online error in its last pass, so that no image that was
    held back has a say. data: what it learned from. Returns its folder."""
    model, row = _best(summary, out)
    seed = row.seed
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
    _save_columns(model, chosen, place)
    return place


def _best(summary: Summary, out: Path) -> tuple[Model, Row]:
    """Of the seeds the one with the smallest online error in its last pass."""
    models = {row.seed: load_model(run_folder(out, row.key)) for row in summary.rows}
    seed = min(models, key=lambda s: models[s].design.provenance["training"]["online_error"][-1])
    return models[seed], next(row for row in summary.rows if row.seed == seed)


def layers_alone(design: Design) -> Design:
    """The Design without its voter: the output line that spikes first names the class, as the inhibition lets it pass (rule C1)."""
    network = dataclasses.replace(design.network, voter=None)
    return dataclasses.replace(design, network=network, state=NetworkState(design.state.layers))


def score_layers(design: Design, data: Split) -> int:
    """How many images of a split ``layers_alone`` names wrongly; lines are classes."""
    code = ImageCode(blueprint_from_dict(design.provenance["blueprint"]).code, tuple(design.provenance["image"]))
    return int((get_engine().run(design, code.encode(data.images)).winners != data.labels).sum())


def save_layers(summary: Summary, data: Split, out: Path, folder: Path, made_by: str) -> Path:
    """Like ``save_design``, of a design whose read-out only counts and is left out: design/, waves.npz, expected.json. Returns its folder.

    Raises ConfigError where the read-out has learned, or the output lines are not one per class.
    """
    model, row = _best(summary, out)
    if model.blueprint.readout.kind != "tally" or model.design.network.lines != data.classes:
        got = f"readout {model.blueprint.readout.kind}, {model.design.network.lines} output lines"
        raise ConfigError("the design needs its read-out", got=got, allowed=f'readout "tally", {data.classes} output lines')
    design, place, chosen = layers_alone(model.design), folder / row.design, data.train_images[:SAVED_WAVES]
    design.save(place / "design")
    waves = model.code.encode(chosen)
    named = get_engine().run(design, waves).winners
    write_arrays(place / "waves.npz", waves=waves, classes=data.train_labels[:SAVED_WAVES], named=named)
    expected = {
        "format": LAYERS_FORMAT,
        "version": VERSION,
        "made_by": made_by,
        "data": {"set": row.data, "part": row.part, "images": len(data.images), "learned": row.images},
        "training": {"passes": row.passes, "jitter": row.jitter, "seed": row.seed, "seeds_tried": len(summary.rows)},
        "synapses": design.synapses,
        "wrong": score_layers(design, data),
        "fingerprint": design.fingerprint(),
    }
    write_atomic(place / "expected.json", json.dumps(expected, indent=2) + "\n")
    return place


def _save_columns(model: Model, images: Images, place: Path) -> None:
    """The columns that the hardware of today can be made of, each with what it sees of these images."""
    design = model.design
    times = [model.code.encode(images)]
    layers = get_engine().run(design, times[0], keep_layers=True).layers or ()
    for number, layer in enumerate(design.network.layers):
        if as_classic(layer.column) is None:
            continue
        seen = lines_read(design.network, [times[0], *layers[:number]], layer.column.t_in_max)[:, layer.wiring.table()]
        busiest = int(np.argmax([len(np.unique(seen[:, c], axis=0)) for c in range(layer.columns)]))
        run = place / f"column{number}"
        column_of(design, number, busiest, f"{design.name}_column{number}").save(run / "design")
        write_arrays(run / "waves.npz", waves=np.ascontiguousarray(seen[:, busiest]))


def column_of(design: Design, layer: int, column: int, name: str) -> Design:
    """One classic column of a network as a Design of its own, with its weights and its random state (rule C2).

    Raises ConfigError where the layer is not made of classic columns.
    """
    spec, state = design.network.layers[layer], design.state.layers[layer]
    classic = as_classic(spec.column)
    if classic is None:
        raise ConfigError(
            f"layer {layer} of {design.name!r} is not made of classic columns", allowed="one dendrite a column, one winner (rule C2)"
        )
    shape = (classic.neurons, classic.inputs)
    weights, mask = state.distal[column].reshape(shape), state.distal_mask[column].reshape(shape)
    origin = {"network": design.name, "layer": layer, "column": column, "fingerprint": design.fingerprint()}
    return Design.of_column(name, classic, weights, mask, int(state.lfsr[column]), {"column_of": origin})


def read_expected(folder: Path) -> dict[str, Any]:
    """What a saved Design is expected to score. See ``expected_of``."""
    return expected_of(folder, FORMAT, VERSION)


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
