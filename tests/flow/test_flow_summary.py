"""Common names of figures, and the verdict of sign-off."""

from __future__ import annotations

from neutnngen.flow.metric import metrics
from neutnngen.flow.metrics21 import metrics21
from neutnngen.flow.steps.summary import verdicts

KNOWN = metrics(
    "MEASURED",
    "x",
    ("cell_area", 12.5, "um2", "lower"),
    ("cells", 7, "cells", "lower"),
    ("setup_slack", 0.5, "ns", "higher"),
    ("setup_slack_slow", -0.1, "ns", "higher"),
    ("hold_slack", 0.05, "ns", "higher"),
    ("slew_violations", 0, "pins", "lower"),
    ("slew_violations_slow", 3, "pins", "lower"),
    ("total_power", 250.0, "uW", "lower"),
    ("drc_violations", 0, "", "lower"),
    ("lvs_differences", 0, "", "lower"),
    ("gate_mismatches", 0, "", "lower"),
    ("capacitance_violations", 2, "pins", "lower"),
    ("ir_drop_power", 1.5, "mV", "lower"),
    ("ir_drop_ground", 1.2, "mV", "lower"),
    ("deck_markers_unwaived", 0, "", "lower"),
    ("lvs_device_differences", 0, "", "lower"),
)


def test_metrics_get_common_names_units_and_corners() -> None:
    found = metrics21(KNOWN)
    assert found["design__instance__area"] == {"value": 12.5, "unit": "um2", "kind": "MEASURED", "source": "x"}
    assert found["design__instance__count__stdcell"]["value"] == 7
    assert found["power__total"]["value"] == 250e-6 and found["power__total"]["unit"] == "W"
    assert found["timing__setup__ws"]["value"] == 0.5 and found["timing__setup__ws__corner:slow"]["value"] == -0.1
    assert found["design_powergrid__drop__worst__net:power"] == {"value": 1.5e-3, "unit": "V", "kind": "MEASURED", "source": "x"}
    assert not any("corner:violations" in name or "area__corner" in name for name in found)


def test_the_verdict_names_what_failed_at_which_corner_and_what_was_left_out() -> None:
    found = verdicts(KNOWN, {"ran": True}, {"ran": True})
    bad = {name for name, check in found.items() if check["ok"] is False}
    assert bad == {"setup, slow", "slew, slow", "largest load of drivers"}
    assert found["independent deck"]["ok"] is True
    assert found["transistors against netlist"]["ok"] is True
    left = verdicts(KNOWN, {"ran": False, "reason": "no KLayout"}, {"ran": False, "reason": "no layers"})
    assert left["independent deck"] == {"ok": None, "reason": "no KLayout"}
    assert left["transistors against netlist"] == {"ok": None, "reason": "no layers"}
