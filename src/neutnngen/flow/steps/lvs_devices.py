"""The transistors of the layout against the netlist, where the kit describes its transistors."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, left_out, read_block, require_clean, write_report
from neutnngen.place_route.lvs_devices import compare_devices

AUTO = 20_000
"""Instances, fillers included, up to which ``layout.lvs_devices = "auto"`` compares: about a minute."""


@dataclass(frozen=True)
class LvsDevices(KitStep):
    """Transistors extracted from the GDSII file against those of the netlist's cells. Left out, and said so, where the kit does not
    describe them."""

    name = "lvs_devices"
    version = 1
    reads = ("gds", "netlist", "layout")
    options = ("lvs_devices",)

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        layers = None if self.kit.devices is None else asdict(self.kit.devices)
        return {**super().inputs(config), "devices": layers, "klayout": importlib.metadata.version("klayout")}

    def run(self, context: Context) -> StateDelta:
        reason = self._left_out(context)
        if reason is not None:
            return left_out(context, self.name, reason)
        result = compare_devices(context.file("gds"), context.file("netlist"), self.kit, lambda what: context.say(what, None))
        report = write_report(context.folder, "lvs_devices.json", {"ran": True, **asdict(result)})
        require_clean(result, report)
        numbers = metrics(
            "MEASURED",
            "lvs_devices",
            ("lvs_device_differences", 0, "", "lower"),
            ("lvs_devices", result.transistors, "transistors", None),
            ("lvs_cells_proven", len(result.proven), "cells", None),
        )
        cells = f"{len(result.proven)} cells do what Liberty states"
        if result.undecided:
            cells += f", {len(result.undecided)} are taken from their layout"
        return StateDelta({"lvs_devices_report": report}, numbers, f"equal: {result.transistors:,} transistors; {cells}")

    def _left_out(self, context: Context) -> str | None:
        if context.config.lvs_devices == "off":
            return "switched off (layout.lvs_devices)"
        if self.kit.devices is None:
            return f"kit {self.kit.name} does not describe its transistors"
        if context.config.lvs_devices == "auto" and len(read_block(context, self.kit).instances) > AUTO:
            return f'the block has more than {AUTO:,} instances (layout.lvs_devices = "on" compares it all the same)'
        return None
