"""Data sets."""

from neutnngen.data.download import fetch
from neutnngen.data.formats import read_series
from neutnngen.data.idx import read_idx
from neutnngen.data.image_download import fetch_images
from neutnngen.data.images import ImageSet, load_images
from neutnngen.data.rows import SeriesTable
from neutnngen.data.spoken import SpokenSet, load_spoken
from neutnngen.data.trajectories import load_trajectory
from neutnngen.data.trajectory_fetch import fetch_trajectories
from neutnngen.data.trajectory_sets import Trajectory
from neutnngen.data.ucr import SeriesSet, available, load_ucr

__all__ = [
    "ImageSet",
    "SeriesSet",
    "SeriesTable",
    "SpokenSet",
    "Trajectory",
    "available",
    "fetch",
    "fetch_images",
    "fetch_trajectories",
    "load_images",
    "load_spoken",
    "load_trajectory",
    "load_ucr",
    "read_idx",
    "read_series",
]
