"""Looking at pictures that a test has made."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib.image
import numpy as np


def ink(path: Path) -> float:
    """Share of pixels that are not white; the edges of the picture must be."""
    image = matplotlib.image.imread(io.BytesIO(path.read_bytes()))[..., :3]
    dark = (image < 0.98).any(axis=2)
    assert not np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]]).any(), "something is cut off at an edge"
    return float(dark.mean())
