"""NeuTNN building blocks as PyTorch modules."""

from neutnngen.nn.column import Column

__all__ = ["Column"]
