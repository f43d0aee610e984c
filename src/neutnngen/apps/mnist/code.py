"""Images to spike times: the only place where numbers are not integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import CodePlan
from neutnngen.core.encode_base import TensorEncoder
from neutnngen.core.encode_fields import OnOffCentreSurroundEncoder
from neutnngen.core.encode_values import IntensityEncoder, PosNegEncoder
from neutnngen.errors import ConfigError

Images = NDArray[np.uint8]
WHITE = 255


class ImageCode:
    """Encodes images of ``shape`` (rows, columns) by a plan. places: (rows, columns) of what is encoded; channels: lines of a place."""

    def __init__(self, plan: CodePlan, shape: tuple[int, int]) -> None:
        self.plan, self.shape = plan, shape
        rows, columns = ((extent - 2 * plan.crop) // plan.shrink for extent in shape)
        if rows < 1 or columns < 1:
            raise ConfigError(
                "nothing of the image is left", got=f"{shape}, crop {plan.crop}, shrink {plan.shrink}", allowed="smaller numbers"
            )
        self.places = (rows, columns)
        values = rows * columns
        self._encoder: TensorEncoder
        if plan.kind == "posneg":
            self._encoder = PosNegEncoder(values, plan.cut)
        elif plan.kind == "onoff":
            self._encoder = OnOffCentreSurroundEncoder(rows, columns, 1, max(plan.cut, 1e-6), 1.0, plan.t_res)
        else:
            self._encoder = IntensityEncoder(values, 0.0, 1.0, plan.t_res, int(plan.kind == "intensity"))
        self.channels = 1 if plan.kind == "intensity" else 2
        self.t_res = plan.t_res

    @property
    def lines(self) -> int:
        """Lines of an image: place by place, channel fastest (rule L1)."""
        return self.places[0] * self.places[1] * self.channels

    def encode(self, images: Images) -> NDArray[np.uint8]:
        """images: (image, row, column). Returns (image, line) uint8 spike times."""
        if images.shape[1:] != self.shape:
            raise ConfigError("the images have another size", got=images.shape[1:], allowed=self.shape)
        c, s, (rows, columns) = self.plan.crop, self.plan.shrink, self.places
        cut = images[:, c : c + rows * s, c : c + columns * s].astype(np.float64)
        values = cut.reshape(-1, rows, s, columns, s).mean(axis=(2, 4)) / WHITE
        if self.plan.kind == "onoff":
            return np.asarray(self._encoder.encode(values))
        times = np.asarray(self._encoder.encode(values.reshape(-1, rows * columns)))
        if self.plan.kind != "population":
            return times
        return np.stack([times, (1 << self.plan.t_res) - 1 - times], axis=2).reshape(-1, self.lines)


def moved(images: Images, jitter: int, rng: np.random.Generator) -> Images:
    """Every image moved by up to ``jitter`` pixels each way, uniformly; what moves in is black."""
    count, rows, columns = images.shape
    padded = np.pad(images, ((0, 0), (jitter, jitter), (jitter, jitter)))
    shifts = rng.integers(0, 2 * jitter + 1, (count, 2))
    made = np.empty_like(images)
    for dy in range(2 * jitter + 1):
        for dx in range(2 * jitter + 1):
            chosen = (shifts == (dy, dx)).all(axis=1)
            made[chosen] = padded[chosen, dy : dy + rows, dx : dx + columns]
    return made
