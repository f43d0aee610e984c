"""NeuTNN building blocks and encoders as PyTorch modules."""

from neutnngen.nn import encoders
from neutnngen.nn.column import Column
from neutnngen.nn.layer import Layer
from neutnngen.nn.network import Network, module_from_design
from neutnngen.nn.rebase import Rebase
from neutnngen.nn.structures import Dendrite, Neuron, Segment
from neutnngen.nn.trace import design_from_module
from neutnngen.nn.voter import Voter

__all__ = [
    "Column",
    "Dendrite",
    "Layer",
    "Network",
    "Neuron",
    "Rebase",
    "Segment",
    "Voter",
    "design_from_module",
    "encoders",
    "module_from_design",
]
