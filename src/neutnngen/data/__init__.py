"""Data sets."""

from neutnngen.data.download import fetch
from neutnngen.data.formats import read_series
from neutnngen.data.rows import SeriesTable
from neutnngen.data.ucr import SeriesSet, available, load_ucr

__all__ = ["SeriesSet", "SeriesTable", "available", "fetch", "load_ucr", "read_series"]
