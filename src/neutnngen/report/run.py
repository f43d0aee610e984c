"""The report of one run, put together from the files that its stages left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.report.figures import bars, group_means, name_of, spike_raster, weight_map
from neutnngen.report.html import Row, Section, render_report
from neutnngen.spec import Design


@dataclass(frozen=True, eq=False)
class RunFacts:
    """All that a report may show; what a run does not have is None or empty.

    waves: (wave, line) times; outputs: (wave, neuron) times of the same waves; groups: (wave,) winners; values: (wave, sample) series.
    training, verification: the documents of train.json and verify.json. figures: numbers of the layout in their order.
    steps: (name, seconds, what it did). pictures: (file, caption).
    """

    design: Design
    waves: NDArray[np.uint8] | None = None
    outputs: NDArray[np.uint8] | None = None
    groups: NDArray[np.int64] | None = None
    values: NDArray[np.float64] | None = None
    training: dict[str, Any] | None = None
    verification: dict[str, Any] | None = None
    figures: Sequence[Row] = ()
    steps: Sequence[tuple[str, float, str]] = ()
    pictures: Sequence[tuple[Path, str]] = ()
    tiles: Sequence[tuple[str, str]] = ()
    files: Sequence[tuple[str, str]] = field(default_factory=tuple)


def run_report(facts: RunFacts, version: str) -> str:
    """The HTML page."""
    design, column = facts.design, facts.design.column
    sections: list[Section] = []
    if facts.training is not None:
        sections.append(_training(facts.training))
    if facts.values is not None and facts.groups is not None:
        sections.append(
            Section(
                "What the column found",
                "Mean series of each group; the band holds the middle half.",
                group_means(facts.values, facts.groups),
            )
        )
    if facts.waves is not None and facts.groups is not None and facts.outputs is not None:
        text = (
            "Input spikes of the first waves of every group (above) and the output spike of each wave (below); the colour is the winner's."
        )
        sections.append(Section("Spikes", text, spike_raster(facts.waves, facts.groups, facts.outputs)))
    shape = f"{column.inputs} inputs × {column.neurons} neurons"
    text = f"{shape}, {design.synapses} synapses of {column.w_res} bits, threshold {column.threshold}."
    sections.append(Section("Weights", text, weight_map(design)))
    if facts.verification is not None:
        sections.append(_verification(facts.verification))
    sections += [Section("Layout" if i == 0 else "", png=png, png_caption=caption) for i, (png, caption) in enumerate(facts.pictures)]
    if facts.figures:
        text = "MEASURED is post-layout, SYNTHESIS before it, ESTIMATED from a model."
        sections.append(Section("Area, timing, power", text, facts=list(facts.figures)))
    if facts.steps:
        names = [name for name, _, _ in facts.steps]
        seconds = [value for _, value, _ in facts.steps]
        rows = [[name, f"{value:.1f}", what] for name, value, what in facts.steps]
        sections.append(Section("Time of each step", svg=bars(names, seconds, "seconds"), header=["step", "seconds", "result"], rows=rows))
    if facts.files:
        sections.append(Section("Files", header=["file", "path in the run folder"], rows=[list(f) for f in facts.files]))
    tiles = list(facts.tiles) or [("synapses", str(design.synapses))]
    return render_report(design.name, tiles, sections, f"made by neutnngen {version}; design {design.fingerprint()[:16]}")


def _training(document: dict[str, Any]) -> Section:
    def row(name: str, scores: dict[str, float]) -> list[str]:
        return [name, *(f"{scores[key]:.4f}" for key in ("rand", "adjusted_rand", "nmi"))]

    rows = [row("NeuTNN column", document["column"]), *(row(name, scores) for name, scores in document["baselines"].items())]
    silent = document["silent"]
    text = f"{document['series']} series of {document['set']}, no labels used in training; scores are against the set's classes. "
    if silent:
        text += f"{silent} series make no neuron fire and count as a group of their own ({name_of(-1)})."
    else:
        text += "Every series makes a neuron fire."
    return Section("Clustering", text, header=["method", "Rand index", "adjusted Rand index", "NMI"], rows=rows)


def _verification(document: dict[str, Any]) -> Section:
    verdict = "Every value is equal" if document["ok"] else "NOT EQUAL"
    text = (
        f"{verdict}: {document['waves']} real waves, {document['learning_waves']} of them learning; {document['values']:,} spike times, "
        f"winners, weights and random states compared after every wave."
    )
    return Section("RTL against the simulator", text)
