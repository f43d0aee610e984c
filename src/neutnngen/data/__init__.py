"""Data sets."""

from neutnngen.data.ucr import SeriesSet, available, load_ucr

__all__ = ["SeriesSet", "available", "load_ucr"]
