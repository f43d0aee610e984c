"""Verification: RTL and gates against the simulator, exactly, in a way that can fail."""

from neutnngen.verify.activity import Activity, NetActivity, read_vcd_activity
from neutnngen.verify.compare import (
    Divergence,
    VerifyReport,
    compare,
    first_divergence,
    measure_gates,
    verify_rtl,
)
from neutnngen.verify.record import Fault, Record, read_record
from neutnngen.verify.simulate import GateRecord, Gates, NetlistFiles, simulate_gates, simulate_rtl
from neutnngen.verify.stimuli import Stimuli, random_waves

__all__ = [
    "Activity",
    "Divergence",
    "Fault",
    "GateRecord",
    "Gates",
    "NetActivity",
    "NetlistFiles",
    "Record",
    "Stimuli",
    "VerifyReport",
    "compare",
    "first_divergence",
    "measure_gates",
    "random_waves",
    "read_record",
    "read_vcd_activity",
    "simulate_gates",
    "simulate_rtl",
    "verify_rtl",
]
