"""The voltage drop as a picture: one map for each supply net."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.ir_drop import Drop

PIXELS = 400
ALONG_ROWS = 6.0
"""How much nearer a cell of the same row is than one above: the current comes along the rows."""


def draw_ir_drop(drops: Sequence[Drop], block: Block, kit: Kit, png: Path) -> Path:
    """Draw the drop at every place of the core as that of the nearest cell with current; in mV. ConfigError if no cell has any."""
    from io import BytesIO

    from matplotlib.figure import Figure  # slow to load

    dbu, core = kit.technology.dbu, block.core
    if not any(len(drop.drops) for drop in drops):
        raise ConfigError("no cell draws current, so there is no voltage drop to draw", got=block.name)
    wide, tall = (core.x1 - core.x0) / dbu, (core.y1 - core.y0) / dbu
    step = max(wide, tall) / PIXELS
    x, y = np.meshgrid(np.arange(step / 2, wide, step), np.arange(step / 2, tall, step))
    figure = Figure(figsize=(5.6 * len(drops), 5.2 * min(2.0, max(0.5, tall / wide))), facecolor="white", layout="constrained")
    for axes, drop in zip(figure.subplots(1, len(drops), squeeze=False)[0], drops, strict=True):
        axes.set_title(f"{drop.net}: worst {1e3 * drop.worst:.3g} mV, mean {1e3 * drop.mean:.3g} mV", fontsize=10)
        axes.set_xlabel("um")
        if not len(drop.drops):
            continue
        at = np.array([_middle(name, block, kit) for name in drop.instances], float)
        at = (at - [core.x0, core.y0]) / dbu
        stretch = np.array([1.0, ALONG_ROWS])
        nearest = cKDTree(at * stretch).query(np.stack([x.ravel(), y.ravel()], axis=1) * stretch)[1]
        shown = axes.imshow(
            1e3 * drop.drops[nearest].reshape(x.shape), origin="lower", extent=(0, wide, 0, tall), cmap="inferno", interpolation="nearest"
        )
        figure.colorbar(shown, ax=axes, label="mV", shrink=0.8)
        worst = at[int(drop.drops.argmax())]
        axes.plot(*worst, marker="+", markersize=12, color="#56d4dd", markeredgewidth=2)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return write_atomic(png, buffer.getvalue())


def _middle(name: str, block: Block, kit: Kit) -> tuple[float, float]:
    instance = block.instances[name]
    master = kit.masters[instance.master]
    return instance.x + master.width / 2, instance.y + master.height / 2
