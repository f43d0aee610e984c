"""What the steps share: the kit, scripts from templates, the block between steps."""

from __future__ import annotations

import gzip
import hashlib
import importlib.metadata
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from jinja2 import Environment, StrictUndefined

from neutnngen.errors import CheckFailed
from neutnngen.files import write_atomic
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.state import StateDelta, file_hash
from neutnngen.flow.step import StepContext
from neutnngen.pdk.cell_models import write_models
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.def_file import read_def
from neutnngen.place_route.extract import Parasitics, extract
from neutnngen.tools.process import ToolInfo, probe

Context = StepContext[LayoutConfig]
T = TypeVar("T")


def kit_fingerprint(kit: Kit) -> str:
    """SHA-256 over everything of a kit that results depend on, wherever its files lie."""
    digest = hashlib.sha256()
    names = ("name", "technology", "masters", "cells", "roles", "straps", "signal_layers", "pin_layers", "outline_gds", "chip_wires")
    parts = tuple(getattr(kit, name) for name in names)
    digest.update(repr(parts).encode())
    for path in (*kit.liberty, *([] if kit.verilog is None else [kit.verilog]), kit.cell_gds):
        digest.update(file_hash(path).encode())
    return digest.hexdigest()


def corner_hashes(kit: Kit) -> dict[str, list[str]]:
    """Content of the Liberty files of every corner."""
    return {name: [file_hash(path) for path in paths] for name, paths in kit.corners.items()}


@dataclass(frozen=True)
class KitStep(ABC):
    """A step that works with a process kit. options: the keys of the configuration that it uses; tools: the programs that it runs;
    scripts: the templates that it fills."""

    kit: Kit
    kit_hash: str

    options: ClassVar[tuple[str, ...]] = ()
    tools: ClassVar[tuple[ToolInfo, ...]] = ()
    scripts: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def version(self) -> int: ...

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]: ...

    @abstractmethod
    def run(self, context: Context) -> StateDelta: ...

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        """The release, the options it uses, the kit, its scripts and the versions of its programs."""
        return {
            "neutnngen": _release(),
            "kit": self.kit.name,
            "kit_hash": self.kit_hash,
            "options": {name: getattr(config, name) for name in self.options},
            "scripts": {name: hashlib.sha256(_script(name).encode()).hexdigest() for name in self.scripts},
            "tools": {tool.name: probe(tool).version for tool in self.tools},
        }


def _release() -> str:
    try:
        return importlib.metadata.version("neutnngen")
    except importlib.metadata.PackageNotFoundError:  # run from a source tree that is not installed
        return "source"


class _Latest(Generic[T]):
    """What was made last of a file: the steps of a run that read the same layout share it. Nothing changes a block in place."""

    def __init__(self) -> None:
        self._known: tuple[str, Kit, T] | None = None

    def get(self, path: Path, kit: Kit, make: Callable[[], T]) -> T:
        """What ``make`` gave for a file of the same content, else what it gives now."""
        content = file_hash(path)
        if self._known is None or self._known[0] != content or self._known[1] is not kit:
            self._known = None  # two of them at a time would be twice the memory
            self._known = (content, kit, make())
        return self._known[2]


_BLOCK: _Latest[Block] = _Latest()
_PARASITICS: _Latest[Parasitics] = _Latest()


def read_block(context: Context, kit: Kit, name: str = "layout") -> Block:
    """The layout as the step before left it. name: of the file in the state."""
    path = context.file(name)
    return _BLOCK.get(path, kit, lambda: read_def(path, kit))


def read_parasitics(context: Context, kit: Kit) -> Parasitics:
    """Parasitics of the layout's nets."""
    return _PARASITICS.get(context.file("layout"), kit, lambda: extract(read_block(context, kit), kit))


def _script(template: str) -> str:
    return files("neutnngen.flow").joinpath("scripts", template).read_text(encoding="utf-8")


def render_script(template: str, path: Path, values: Mapping[str, Any]) -> Path:
    """Fill a template of ``flow/scripts`` into ``path``."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
    return write_atomic(path, environment.from_string(_script(template)).render(values))


def beside(path: Path, folder: Path) -> str:
    """``path`` as a program sees it that runs in ``folder``: scripts that hold such paths can be moved with the run folder."""
    return Path(os.path.relpath(path, folder)).as_posix()


def link_libraries(kit: Kit, folder: Path) -> list[str]:
    """Names without special characters for the kit's Liberty files, in ``folder``; what is compressed is written anew, as not every program
    reads it."""
    names = []
    for number, path in enumerate(kit.liberty):
        link = folder / (f"cells_{number}.lib" if len(kit.liberty) > 1 else "cells.lib")
        if path.suffix == ".gz":
            link.write_bytes(gzip.decompress(path.read_bytes()))
        else:
            link.symlink_to(path)
        names.append(link.name)
    return names


def cell_models(kit: Kit, folder: Path) -> Path:
    """Verilog of the kit's cells: the kit's own, or models made from Liberty and written into ``folder``."""
    return write_models(kit, folder / "cell_models.v") if kit.verilog is None else kit.verilog


def write_report(folder: Path, name: str, document: Any) -> Path:
    """Write a report of the step as JSON."""
    return write_atomic(folder / name, json.dumps(document, indent=1) + "\n")


def left_out(context: Context, step: str, reason: str | None) -> StateDelta:
    """What a step gives that does not run: a report that says why."""
    report = write_report(context.folder, f"{step}.json", {"ran": False, "reason": reason})
    return StateDelta({f"{step}_report": report}, summary=f"left out: {reason}")


class _Compared(Protocol):
    def require_clean(self) -> None: ...


def require_clean(result: _Compared, report: Path) -> None:
    """Raise the CheckFailed of a comparison that found something, with where all of it is written."""
    try:
        result.require_clean()
    except CheckFailed as problem:
        raise CheckFailed(problem.what, got=problem.got, allowed=problem.allowed, next_step=f"all places: {report}") from None
