"""The HTML report of a run: one self-contained file."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, select_autoescape
from markupsafe import Markup


@dataclass(frozen=True)
class Row:
    """A figure of the table: every number carries its kind, unit and source."""

    name: str
    value: str
    unit: str
    kind: str
    source: str


UNITS = {"um": "µm", "um2": "µm²", "um3": "µm³", "uW": "µW"}
"""Units of files, which are plain ASCII, as a page shows them."""


def shown_unit(unit: str) -> str:
    """A unit as a person reads it."""
    return UNITS.get(unit, unit)


@dataclass(frozen=True)
class Section:
    """A part of the report; any of the pieces may be absent. ``svg`` is trusted text of our own figures."""

    title: str
    text: str = ""
    svg: str = ""
    png: Path | None = None
    png_caption: str = ""
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)

    @property
    def svg_markup(self) -> Markup:
        return Markup(self.svg)

    @property
    def png_data(self) -> str:
        """The picture as a data address, so that the report needs no other file."""
        if self.png is None:
            return ""
        return "data:image/png;base64," + base64.b64encode(self.png.read_bytes()).decode()


def render_report(title: str, summary: list[tuple[str, str]], sections: list[Section], footer: str) -> str:
    """The whole page. summary: (label, value) tiles at the top."""
    environment = Environment(autoescape=select_autoescape(default=True), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    room = files("neutnngen.report")
    template = environment.from_string((room / "report.html.j2").read_text(encoding="utf-8"))
    style = (room / "report.css").read_text(encoding="utf-8")
    values: dict[str, Any] = {"title": title, "summary": summary, "sections": sections, "footer": footer, "style": Markup(style)}
    return template.render(**values)
