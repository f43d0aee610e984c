"""A Design through one of the back ends: the same inputs and the same report as the embedded flow."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import unknown_name
from neutnngen.flow.backends import cadence, openroad
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.layout import prepared_run, run_layout
from neutnngen.flow.runner import Flow, FlowResult
from neutnngen.flow.step import Progress
from neutnngen.flow.steps.checks import Lvs
from neutnngen.flow.steps.common import KitStep, kit_fingerprint
from neutnngen.flow.steps.export import WholePicture
from neutnngen.flow.steps.gatesim import GateSim
from neutnngen.flow.steps.synth import Synth, by_modules
from neutnngen.pdk.technology import Kit
from neutnngen.rtl import RtlPackage
from neutnngen.rtl.network import NetworkPackage
from neutnngen.spec import Design
from neutnngen.tools import cadence as cadence_tools
from neutnngen.tools import openroad as openroad_tools
from neutnngen.tools import yosys

Backend = Literal["embedded", "openroad", "cadence"]
BACKENDS: tuple[Backend, ...] = ("embedded", "openroad", "cadence")


def layout_folder(run_folder: Path, backend: str) -> Path:
    """Where the layout of a back end lies: RUN/layout, or RUN/layout_NAME. Raises ConfigError for an unknown one."""
    if backend not in BACKENDS:
        raise unknown_name("there is no such back end", backend, BACKENDS)
    return run_folder / ("layout" if backend == "embedded" else f"layout_{backend}")


def backend_steps(backend: Backend, kit: Kit, sources: tuple[str, ...], top: str, *, modular: bool = False) -> tuple[KitStep, ...]:
    """The steps of a script back end in their order. Its netlist and GDSII go through our gate simulation and our LVS as any other."""
    mark = kit_fingerprint(kit)
    checks: tuple[KitStep, ...] = (GateSim(kit, mark),)
    ends: tuple[KitStep, ...] = (WholePicture(kit, mark), Lvs(kit, mark))
    if backend == "openroad":
        power = openroad.programs("power.tcl", openroad.POWER_LOG, kit.name)
        return (
            Synth(kit, mark, sources, top, modular),
            openroad.OpenRoadScripts(kit, mark, top, sources, not modular),
            openroad.OpenRoadLayout(kit, mark, top),
            *checks,
            openroad.OpenRoadPower(kit, mark, top, power, openroad_tools.INSTALL),
            *ends,
        )
    return (
        cadence.CadenceScripts(kit, mark, top, sources, not modular),
        cadence.CadenceLayout(kit, mark, top),
        *checks,
        cadence.CadencePower(kit, mark, top, cadence.power_programs(), cadence_tools.INSTALL),
        *ends,
    )


def run_backend(
    backend: str,
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
    """As :func:`run_layout`, by the back end of this name. run_folder: of the layout, see :func:`layout_folder`.

    A script back end whose programs are not installed raises MissingTool only after its scripts are written; what the scripts leave in
    ``run_folder/results`` on another machine is taken by the next call.
    """
    if backend not in BACKENDS:
        raise unknown_name("there is no such back end", backend, BACKENDS)
    if backend == "embedded":
        return run_layout(
            design,
            waves,
            learn,
            config,
            run_folder,
            progress,
            package=package,
            stop_after=stop_after,
            resume_line=resume_line,
            enable=enable,
            labels=labels,
        )
    with prepared_run(design, package, waves, learn, config, run_folder, enable=enable, labels=labels) as run:
        if backend == "openroad":
            yosys.require()
        steps = backend_steps(cast(Backend, backend), run.kit, run.sources, run.top, modular=by_modules(design, config.rings))
        flow: Flow[LayoutConfig] = Flow(steps)
        return flow.run(run.folder, config, run.initial, progress, stop_after=stop_after, resume_line=resume_line, locked=True)
