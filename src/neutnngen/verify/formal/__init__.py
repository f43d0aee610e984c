"""Proofs about generated RTL and its netlists with Yosys's SAT solver: for all inputs, weights, states and random bits (docs/formal.md)."""

from neutnngen.verify.formal.column import Netlist, Proof, conclude, prove_column
from neutnngen.verify.formal.leaves import leaf_parameters, prove_leaf
from neutnngen.verify.formal.machine import Machine, parallel
from neutnngen.verify.formal.standard import standard_designs

__all__ = [
    "Machine",
    "Netlist",
    "Proof",
    "conclude",
    "leaf_parameters",
    "parallel",
    "prove_column",
    "prove_leaf",
    "standard_designs",
]
