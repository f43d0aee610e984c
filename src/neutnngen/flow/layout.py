"""From a Design to a checked layout with its figures: the steps in their order, and the files that they begin with."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.lock import run_lock
from neutnngen.flow.runner import Flow, FlowResult
from neutnngen.flow.step import Progress
from neutnngen.flow.steps.checks import Drc, Lvs
from neutnngen.flow.steps.common import KitStep, kit_fingerprint
from neutnngen.flow.steps.deck import DeckStep
from neutnngen.flow.steps.export import Export, Picture
from neutnngen.flow.steps.gatesim import GateSim
from neutnngen.flow.steps.lvs_devices import LvsDevices
from neutnngen.flow.steps.models import Models
from neutnngen.flow.steps.physical import Fill, Floorplan, Place, Route
from neutnngen.flow.steps.signoff import Extract, IrDrop, PowerStep, Timing
from neutnngen.flow.steps.summary import Summary
from neutnngen.flow.steps.synth import Synth, by_modules
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.macros import read_tnn7, with_adder
from neutnngen.pdk.technology import Kit
from neutnngen.rtl import RtlPackage
from neutnngen.rtl.elaborate import COLUMN_LEAVES, as_module
from neutnngen.rtl.network import NETWORK_LEAVES, NetworkPackage, build_rtl
from neutnngen.spec import Design
from neutnngen.tools import yosys
from neutnngen.tools.process import require

STEP_NAMES = (
    "synth",
    "floorplan",
    "place",
    "route",
    "fill",
    "gds",
    "drc",
    "lvs",
    "lvs_devices",
    "deck",
    "extract",
    "gatesim",
    "timing",
    "sdf",
    "power",
    "ir_drop",
    "picture",
    "signoff",
)
SOURCE = "source"
"""Folder in the run folder with copies of all that the flow begins with."""


def layout_steps(kit: Kit, sources: tuple[str, ...], top: str, *, modular: bool = False) -> tuple[KitStep, ...]:
    """The steps from RTL to the figures of sign-off, in their order; sources: names of the RTL files in the state; modular: of Synth."""
    mark = kit_fingerprint(kit)
    plain: tuple[type[KitStep], ...] = (
        Floorplan,
        Place,
        Route,
        Fill,
        Export,
        Drc,
        Lvs,
        LvsDevices,
        DeckStep,
        Extract,
        GateSim,
        Timing,
        Models,
        PowerStep,
        IrDrop,
        Picture,
        Summary,
    )
    return (Synth(kit, mark, sources, top, modular), *(step(kit, mark) for step in plain))


def configured_kit(config: LayoutConfig, folder: Path) -> Kit:
    """The kit of a configuration, with its macros where it has some; what is made for them goes to ``folder``."""
    kit = load_kit(config.kit, config.kit_folder)
    if config.macros_folder is None or not config.macros:
        return kit
    return with_adder(kit, read_tnn7(config.macros_folder, kit), folder / "macros")


def top_module(design: Design) -> str:
    """Name of the top module of a Design's RTL."""
    return as_module(design, COLUMN_LEAVES if design.network.classic is not None else NETWORK_LEAVES).name


def write_sources(
    design: Design,
    package: RtlPackage | NetworkPackage | None,
    waves: NDArray[np.uint8],
    learn: NDArray[np.bool_],
    config: LayoutConfig,
    folder: Path,
    *,
    enable: NDArray[np.bool_] | None = None,
    labels: NDArray[np.int64] | None = None,
) -> dict[str, Path]:
    """Copy what the flow begins with into ``folder``; returns state names to paths. The same content gives the same bytes.

    enable, labels: see :func:`run_layout`; without them the files hold nothing.
    """
    fresh = build_rtl(design, folder / "rtl", clock_period=config.clock_period_ns, rings=config.rings)
    files = {f"rtl/{path.name}": path for path in fresh.sources}
    if package is not None:
        files = {f"rtl/{path.name}": folder / "rtl" / path.name for path in package.sources}
        for source in package.sources:
            write_atomic(folder / "rtl" / source.name, source.read_bytes())
    design.save(folder / "design")
    files |= {
        "constraints": fresh.constraints,
        "design": folder / "design" / "design.json",
        "design_arrays": folder / "design" / "design.npz",
    }
    nothing = np.zeros(0, dtype=bool)
    arrays: dict[str, NDArray[Any]] = {"waves": waves, "learn": learn, "enable": nothing if enable is None else enable}
    arrays["labels"] = nothing if labels is None else labels
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        files[name] = write_atomic(folder / f"{name}.npy", buffer.getvalue())
    return files


@dataclass(frozen=True)
class PreparedRun:
    """A run folder, locked, with its sources written. sources: names of the RTL files; initial: all names and their paths."""

    folder: Path
    kit: Kit
    top: str
    sources: tuple[str, ...]
    initial: dict[str, Path]


@contextmanager
def prepared_run(
    design: Design,
    package: RtlPackage | NetworkPackage | None,
    waves: NDArray[np.uint8],
    learn: NDArray[np.bool_],
    config: LayoutConfig,
    run_folder: Path,
    *,
    enable: NDArray[np.bool_] | None = None,
    labels: NDArray[np.int64] | None = None,
) -> Iterator[PreparedRun]:
    """What every back end begins with; the lock lasts as long as the context. Arguments as of :func:`run_layout`. Raises ConfigError."""
    if len(waves) != len(learn):
        raise ConfigError("waves and learn differ in length", got=f"{len(waves)} and {len(learn)}")
    folder = run_folder.resolve()
    with run_lock(folder):
        kit = configured_kit(config, folder / SOURCE)
        initial = write_sources(design, package, waves, learn, config, folder / SOURCE, enable=enable, labels=labels)
        yield PreparedRun(folder, kit, top_module(design), tuple(name for name in initial if name.startswith("rtl/")), initial)


def run_layout(
    design: Design,
    waves: NDArray[np.uint8],
    learn: NDArray[np.bool_],
    config: LayoutConfig,
    run_folder: Path,
    progress: Progress | None = None,
    *,
    package: RtlPackage | NetworkPackage | None = None,
    stop_after: str | None = None,
    resume_line: str | None = None,
    enable: NDArray[np.bool_] | None = None,
    labels: NDArray[np.int64] | None = None,
) -> FlowResult:
    """Lay a Design out, check it and measure it; goes on where an earlier run in ``run_folder`` stopped.

    waves: (wave, input) uint8 spike times and learn: (wave,) of the gate simulation, whose activity gives the power. package: RTL to build
    instead of newly generated one.
    enable: (wave, line) and labels: (wave,) of a network that has such ports. stop_after: one of STEP_NAMES.

    Tools that the steps need are looked for before the first step.

    Raises ConfigError, MissingTool, ToolFailed, CheckFailed after the report of what was found is written, Interrupted after Ctrl-C.
    """
    with prepared_run(design, package, waves, learn, config, run_folder, enable=enable, labels=labels) as run:
        steps = layout_steps(run.kit, run.sources, run.top, modular=by_modules(design, config.rings))
        yosys.require()
        for step in steps:
            for tool in step.tools:
                require(tool)
            if step.name == stop_after:
                break
        flow: Flow[LayoutConfig] = Flow(steps)
        return flow.run(run.folder, config, run.initial, progress, stop_after=stop_after, resume_line=resume_line, locked=True)
