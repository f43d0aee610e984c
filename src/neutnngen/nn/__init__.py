"""NeuTNN building blocks and encoders as PyTorch modules."""

from neutnngen.nn import encoders
from neutnngen.nn.column import Column

__all__ = ["Column", "encoders"]
