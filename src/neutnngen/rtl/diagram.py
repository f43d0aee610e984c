"""Block diagrams as Mermaid, for viewers of Markdown, and as a picture in SVG that needs nothing else."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neutnngen.files import write_atomic
from neutnngen.rtl.blocks import Blocks, Part, Stage
from neutnngen.rtl.text import render

CARD, GAP, MARGIN, END = 282, 118, 28, 96
"""Pixels: width of a stage, room for lines between two, border, width of the boxes at both ends."""
LINE, PAD, WRAP = 15, 9, 46
"""Pixels of a line of text and around it; characters of a line."""
ROW = 24
"""Pixels of a row of the time table."""
SHOWN = (4, 3, 12)
"""Neurons, dendrites and segments that are drawn of a column; more are only counted."""


def write_diagram(blocks: Blocks, folder: Path) -> tuple[Path, Path]:
    """``blocks.mmd`` and ``blocks.svg`` in ``folder``."""
    return write_atomic(folder / "blocks.mmd", mermaid(blocks)), write_atomic(folder / "blocks.svg", svg(blocks))


def mermaid(blocks: Blocks) -> str:
    """The diagram as a Mermaid flow chart."""
    return render("blocks.mmd.j2", {"b": blocks, "facts": stage_facts, "number": _number})


def svg(blocks: Blocks) -> str:
    """The diagram as SVG."""
    return render("blocks.svg.j2", _layout(blocks), escape=True)


def stage_facts(stage: Stage) -> str:
    """Size and time of a stage in a line."""
    return f"clocks {stage.begins} … {stage.ends - 1}, {_number(stage.synapses)} synapses"


def _number(value: int) -> str:
    return f"{value:,}"


@dataclass(frozen=True)
class _Box:
    part: Part
    lines: tuple[str, ...]
    names: tuple[str, ...]
    y: int
    height: int
    glyph: int  # pixels for a drawing of the cells


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WRAP, break_long_words=True) or [""]


def _boxes(stage: Stage) -> tuple[list[_Box], int]:
    """Boxes of a stage from its upper edge on, and its height."""
    y = 50 + LINE * len(_labels(stage))
    made = []
    for part in stage.parts:
        lines = tuple(row for text in part.details for row in _wrapped(text))
        names = tuple(row for text in (f"{', '.join(part.modules)}: {', '.join(part.instances)}",) for row in _wrapped(text))
        glyph = 14 * min(stage.cells[0], SHOWN[0]) + 8 if part.role == "dendrites" and stage.cells else 0
        height = 2 * PAD + LINE * (1 + len(lines) + len(names)) + glyph
        made.append(_Box(part, lines, names, y, height, glyph))
        y += height + 8
    return made, y + 4


def _labels(stage: Stage) -> list[str]:
    """Lines under a stage's title: its modules and instances."""
    modules = " … ".join(dict.fromkeys((stage.modules[0], stage.modules[-1]))) if stage.modules else ""
    text = [f"module {modules}"] if modules else []
    if len(stage.modules) > 1:
        text[0] = f"{len(stage.modules)} modules {modules}"
    text += [f"instance{'s' if stage.copies > 1 else ''} {', '.join(stage.instances)}"] if stage.instances else []
    return [row for line in text for row in _wrapped(line)]


def _cells(stage: Stage, top: int) -> list[dict[str, Any]]:
    """A small drawing: a row per neuron, a group per dendrite, a cell per segment."""
    if stage.cells is None:
        return []
    neurons, dendrites, segments = stage.cells
    made = []
    for j in range(min(neurons, SHOWN[0])):
        x = PAD + 4
        for _ in range(min(dendrites, SHOWN[1])):
            room = (CARD - 2 * PAD - 90) // min(dendrites, SHOWN[1])
            shown = min(segments, SHOWN[2] if dendrites == 1 else max(1, (room - 12) // 11))
            width = min(11, (room - 12) // shown) if shown else 0
            for _ in range(shown):
                made.append({"x": x, "y": top + 14 * j, "width": width - 2, "height": 9, "text": ""})
                x += width
            if segments > shown:
                made.append({"x": x, "y": top + 14 * j, "width": 0, "height": 0, "text": "…"})
                x += 8
            x += 10
        if dendrites > SHOWN[1]:
            made.append({"x": x - 6, "y": top + 14 * j, "width": 0, "height": 0, "text": "…"})
    if neurons > SHOWN[0]:
        made.append({"x": CARD - 66, "y": top + 14 * (SHOWN[0] - 1), "width": 0, "height": 0, "text": f"+{neurons - SHOWN[0]} more"})
    return made


def _layout(blocks: Blocks) -> dict[str, Any]:
    """Everything that the picture's template prints, in pixels."""
    far = _skips(blocks)
    top = 84 + 22 * len(far) + (16 if far else 0)
    x = MARGIN + END + GAP
    places = {"inputs": (MARGIN, MARGIN + END)}
    cards: list[dict[str, Any]] = []
    for stage in blocks.stages:
        boxes, height = _boxes(stage)
        cards.append({"stage": stage, "x": x, "height": height, "boxes": boxes, "labels": _labels(stage), "facts": stage_facts(stage)})
        for box in boxes:
            if box.glyph:
                cards[-1]["cells"] = _cells(stage, box.y + PAD + LINE * (1 + len(box.lines) + len(box.names)) + 4)
        places[stage.key] = (x, x + CARD)
        x += CARD + GAP
    places["outputs"] = (x, x + END)
    tall = max(card["height"] for card in cards)
    middle = top + 110
    order = list(places)
    arrows = []
    for link in blocks.links:
        near = order.index(link.target) == order.index(link.source) + 1
        number = 0 if near else far.index((link.source, link.target))
        lift, shift = None if near else 90 + 22 * number, 8 * number
        ends = {"x0": places[link.source][1], "x1": places[link.target][0]}
        arrows.append({"link": link, **ends, "y": middle, "lift": lift, "shift": shift})
    times = _times(blocks, x + END - MARGIN)
    chain_y = top + tall + 34
    time_y = chain_y + (52 if blocks.chain_bits else 18)
    return {
        "b": blocks,
        "width": x + END + MARGIN,
        "height": time_y + 62 + ROW * len(times["rows"]),
        "card_width": CARD,
        "end": END,
        "margin": MARGIN,
        "pad": PAD,
        "line": LINE,
        "row": ROW,
        "top": top,
        "middle": middle,
        "cards": cards,
        "arrows": arrows,
        "places": places,
        "chain_y": chain_y,
        "time_y": time_y,
        "times": times,
        "number": _number,
    }


def _skips(blocks: Blocks) -> list[tuple[str, str]]:
    """Links that pass over a stage."""
    order = ["inputs", *(stage.key for stage in blocks.stages), "outputs"]
    return [(link.source, link.target) for link in blocks.links if order.index(link.target) != order.index(link.source) + 1]


def _times(blocks: Blocks, width: int) -> dict[str, Any]:
    """The time table of a wave: rows of (label, first clock, end, role), and pixels of a clock."""
    rows = [("inputs may rise", 0, min(blocks.t_in_max + 1, blocks.clocks), "lines")]
    for stage in blocks.stages:
        rows.append((stage.title.partition(":")[0], stage.begins, stage.ends, "dendrites"))
        if stage.draws:
            rows.append(("its random draws", 0, stage.draws, "learning"))
    what = "update, clear" if blocks.kind == "learning" else "clear"
    rows.append((what, blocks.clocks - blocks.update, blocks.clocks, "neuron"))
    left = MARGIN + 150
    step = (width - left) / blocks.clocks
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1 << 30) if n * step >= 22)
    return {"rows": rows, "left": left, "step": step, "ticks": range(0, blocks.clocks, every)}
