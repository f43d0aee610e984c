"""Models of the finished block for others: delays for simulation, timing for a chip around it, and our own timing at every corner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neutnngen.errors import DataError
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta, file_hash
from neutnngen.flow.steps.common import Context, KitStep, read_block, read_parasitics, write_report
from neutnngen.timing.corners import analyse_corners, figures, worst
from neutnngen.timing.engine import make_engine
from neutnngen.timing.model_file import write_block_model
from neutnngen.timing.sdf import write_sdf


@dataclass(frozen=True)
class Models(KitStep):
    """SDF and Liberty model of the block with its extracted wires; figures of our engine at each corner beside OpenSTA's."""

    name = "sdf"
    version = 2
    reads = ("layout", "timing_report")
    options = ("clock_period_ns",)

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        return {**super().inputs(config), "corners": {name: file_hash(path) for name, path in self.kit.corners.items()}}

    def run(self, context: Context) -> StateDelta:
        folder, period = context.folder, context.config.clock_period_ns
        block = read_block(context, self.kit)
        parasitics = read_parasitics(context, self.kit)
        sdf, model = folder / f"{block.name}.sdf", folder / f"{block.name}.lib"
        write_sdf(make_engine(block, self.kit, period, parasitics), sdf)
        context.say("timing model", None)
        write_block_model(block, self.kit, model, parasitics)
        context.say("corners", None)
        reports = analyse_corners(block, self.kit, period, parasitics)
        try:
            theirs = json.loads(context.file("timing_report").read_text(encoding="utf-8"))
            beside = {"setup_slack": theirs["setup"]["slack"], "hold_slack": theirs["hold"]["slack"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"the timing report cannot be read: {error!r}", got=context.file("timing_report")) from None
        document = {
            "clock_period_ns": period,
            "corners": {corner: figures(report) for corner, report in reports.items()},
            "opensta": {"typical": beside},
        }
        report = write_report(folder, "timing_own.json", document)
        late, early = worst(reports)
        typical = reports["typical"]
        numbers = metrics(
            "MEASURED",
            "timing",
            ("corners", len(reports), "corners", None),
            ("worst_setup_slack", reports[late].setup_slack, "ns", "higher"),
            ("worst_hold_slack", reports[early].hold_slack, "ns", "higher"),
            ("engine_setup_difference", typical.setup_slack - beside["setup_slack"], "ns", None),
            ("engine_hold_difference", typical.hold_slack - beside["hold_slack"], "ns", None),
        )
        summary = (
            f"{len(reports)} corners: setup {reports[late].setup_slack:+.3f} ns ({late}), "
            f"hold {reports[early].hold_slack:+.3f} ns ({early}); {sdf.name}, {model.name}"
        )
        return StateDelta({"sdf": sdf, "timing_model": model, "own_timing": report}, numbers, summary)
