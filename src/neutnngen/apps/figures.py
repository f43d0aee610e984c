"""What the pictures of all applications share: colours, a plain frame, saving."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from neutnngen.files import write_atomic

COLOURS = ("#c8641b", "#0b6e99", "#9aa0a6", "#4a8f4d", "#7a5195", "#c9a227")
INK, SOFT = "#404040", "#70757a"


def plain_frame(axes: Any) -> None:
    """A light grid behind the data, and no frame at the top and on the right."""
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def save_figure(figure: Any, path: Path) -> Path:
    """As PNG, whole or not at all; the figure is closed."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    try:
        figure.savefig(buffer, format="png", dpi=150, bbox_inches="tight", facecolor="white", metadata={"Software": None})
    finally:
        plt.close(figure)
    return write_atomic(path, buffer.getvalue())
