"""Text that lies beside the code: SystemVerilog of leaves, templates, lists of words."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined


def package_text(*path: str) -> str:
    """A file of this room."""
    return files("neutnngen.rtl").joinpath(*path).read_text(encoding="utf-8")


def leaf_text(leaf: str) -> str:
    """Source of a leaf module."""
    return package_text("leaves", f"{leaf}.sv")


def _load_template(name: str) -> str:
    return package_text("templates", name)


def render(template: str, context: dict[str, Any], *, escape: bool = False) -> str:
    """A template with its gaps filled; one that is not filled is an error. escape: values for XML."""
    environment = Environment(
        loader=FunctionLoader(_load_template),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=escape,
    )
    return environment.get_template(template).render(context)
