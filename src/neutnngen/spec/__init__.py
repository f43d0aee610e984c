"""The specification: what a NeuTNN is, as frozen data. It imports nothing of ours but the errors."""

from neutnngen.spec.column import DRAW_BITS, MU_ONE, NO_SPIKE, ColumnSpec, LfsrSpec, StdpSpec
from neutnngen.spec.dendritic import DendriticColumnSpec, HomeostasisSpec, ProximalSpec, as_dendritic
from neutnngen.spec.design import Design, check_keys, column_from_dict, load_design

__all__ = [
    "DRAW_BITS",
    "MU_ONE",
    "NO_SPIKE",
    "ColumnSpec",
    "DendriticColumnSpec",
    "Design",
    "HomeostasisSpec",
    "LfsrSpec",
    "ProximalSpec",
    "StdpSpec",
    "as_dendritic",
    "check_keys",
    "column_from_dict",
    "load_design",
]
