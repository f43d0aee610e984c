"""The specification: what a NeuTNN is, as frozen data. It imports nothing of ours but the errors and file writing."""

from neutnngen.spec.column import DRAW_BITS, MU_ONE, NO_SPIKE, ColumnSpec, LfsrSpec, StdpSpec
from neutnngen.spec.dendritic import DendriticColumnSpec, HomeostasisSpec, ProximalSpec, as_classic, as_dendritic
from neutnngen.spec.design import Design, load_design
from neutnngen.spec.network import LayerSpec, NetworkSpec, VoterSpec, as_network, column_seeds
from neutnngen.spec.serial import check_keys, column_from_dict, dendritic_from_dict, network_from_dict, plain
from neutnngen.spec.state import LayerState, NetworkState, VoterState, blank_layer, blank_state, blank_voter
from neutnngen.spec.wiring import DenseWiring, FieldWiring, ListWiring, Wiring, shortest_wiring

__all__ = [
    "DRAW_BITS",
    "MU_ONE",
    "NO_SPIKE",
    "ColumnSpec",
    "DendriticColumnSpec",
    "DenseWiring",
    "Design",
    "FieldWiring",
    "HomeostasisSpec",
    "LayerSpec",
    "LayerState",
    "LfsrSpec",
    "ListWiring",
    "NetworkSpec",
    "NetworkState",
    "ProximalSpec",
    "StdpSpec",
    "VoterSpec",
    "VoterState",
    "Wiring",
    "as_classic",
    "as_dendritic",
    "as_network",
    "blank_layer",
    "blank_state",
    "blank_voter",
    "check_keys",
    "column_from_dict",
    "column_seeds",
    "dendritic_from_dict",
    "load_design",
    "network_from_dict",
    "plain",
    "shortest_wiring",
]
