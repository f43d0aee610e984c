"""NeuTNN building blocks and encoders as PyTorch modules."""

from neutnngen.nn import encoders
from neutnngen.nn.column import Column
from neutnngen.nn.dendritic import DendriticColumn

__all__ = ["Column", "DendriticColumn", "encoders"]
