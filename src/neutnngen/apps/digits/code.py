"""Pairs to spike times: the only place where numbers are not integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neutnngen.apps.digits.pairs import Pairs
from neutnngen.apps.digits.plan import Sense
from neutnngen.core.encode_values import IntensityEncoder, MedianThresholdEncoder
from neutnngen.errors import ConfigError

WHITE = 255.0


class DigitsCode:
    """Encodes pairs of ``shape`` (row, column). cuts: (place, L) medians and levels of the log-mel map; None where sound is not heard.

    An image has a line per pixel, the brighter the earlier, black silent; a map has a line per place, silent below its median, the further
    above the earlier.
    """

    def __init__(self, sense: Sense, shape: tuple[int, int], t_res: int, cuts: NDArray[np.float64] | None) -> None:
        self.sense, self.shape, self.t_res, self.cuts = sense, shape, t_res, cuts
        self._image = IntensityEncoder(self.places, 0.0, WHITE, t_res, 1) if sense != "sound" else None
        self._sound = None if sense == "image" else MedianThresholdEncoder(torch.from_numpy(np.asarray(cuts, dtype=np.float64).copy()))
        if self._sound is not None and self._sound.lines != self.places:
            raise ConfigError("the medians do not fit the map", got=self._sound.lines, allowed=f"{self.places} places")

    @classmethod
    def fit(cls, sense: Sense, pairs: Pairs, t_res: int) -> DigitsCode:
        """Take the medians from pairs; no labels are used."""
        shape = _checked(pairs).shape[2:]
        maps = pairs[:, 1].reshape(len(pairs), -1)
        cuts = None if sense == "image" else MedianThresholdEncoder.fit(maps, t_res).cuts.numpy()
        return cls(sense, (shape[0], shape[1]), t_res, cuts)

    @property
    def places(self) -> int:
        """Of an image, and of a map."""
        return self.shape[0] * self.shape[1]

    @property
    def lines(self) -> int:
        """Of the image, then of the sound; row by row."""
        return self.places * ((self._image is not None) + (self._sound is not None))

    @property
    def image_lines(self) -> int:
        """Those of the image, which come first."""
        return 0 if self._image is None else self.places

    def encode(self, pairs: Pairs) -> NDArray[np.uint8]:
        """(pair, line) uint8 spike times. Raises ConfigError where the pairs have another size."""
        if _checked(pairs).shape[2:] != self.shape:
            raise ConfigError("the pairs have another size", got=pairs.shape[2:], allowed=self.shape)
        parts = [np.zeros((len(pairs), 0), np.uint8)]
        for channel, encoder in enumerate((self._image, self._sound)):
            if encoder is not None:
                parts.append(encoder.encode(pairs[:, channel].reshape(len(pairs), -1)))
        return np.concatenate(parts, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for a Design's provenance."""
        cuts = None if self.cuts is None else self.cuts.tolist()
        return {"sense": self.sense, "shape": list(self.shape), "t_res": self.t_res, "cuts": cuts}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DigitsCode:
        """The code that ``to_dict`` described."""
        cuts = values["cuts"]
        rows, columns = values["shape"]
        return cls(values["sense"], (int(rows), int(columns)), int(values["t_res"]), None if cuts is None else np.array(cuts))


def _checked(pairs: Pairs) -> Pairs:
    if np.ndim(pairs) != 4 or np.shape(pairs)[1] != 2:
        raise ConfigError("these are no pairs of image and map", got=np.shape(pairs), allowed="(pair, 2, row, column)")
    return pairs
