"""Verification: RTL and gates against the simulator, exactly, in a way that can fail."""

from neutnngen.verify.activity import Activity, NetActivity, read_vcd_activity
from neutnngen.verify.compare import (
    Divergence,
    VerifyReport,
    compare,
    first_divergence,
    measure_gates,
    measure_model,
    verify_gates,
    verify_rtl,
)
from neutnngen.verify.record import Fault, Record, read_record
from neutnngen.verify.simulate import GateRecord, simulate_gates, simulate_rtl
from neutnngen.verify.stimuli import random_waves

__all__ = [
    "Activity",
    "Divergence",
    "Fault",
    "GateRecord",
    "NetActivity",
    "Record",
    "VerifyReport",
    "compare",
    "first_divergence",
    "measure_gates",
    "measure_model",
    "random_waves",
    "read_record",
    "read_vcd_activity",
    "simulate_gates",
    "simulate_rtl",
    "verify_gates",
    "verify_rtl",
]
