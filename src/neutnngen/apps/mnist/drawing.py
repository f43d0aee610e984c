"""From a drawing of any size to an image as those of MNIST.

What the images of MNIST have in common, counted over 3,000 of its test images: the longer side of the ink's bounding box is 20 of the 28
pixels, the centre of mass lies in pixel (14, 14), and the strongest pixel is 254 or 255. They were made so by LeCun et al. 1998 (doi
10.1109/5.726791).
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError

LARGEST_SIDE = 1024
FILLED = 20 / 28  # of each side of the image: what the ink's bounding box may take


def drawing_of(body: bytes) -> NDArray[np.uint8]:
    """The drawing in a request: JSON with ``width``, ``height`` and ``pixels``, base64 of width · height gray values, row by row.

    Returns (height, width) uint8, 0 paper … 255 ink. Errors: ConfigError, the first thing that is wrong.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ConfigError("the request is not JSON", got=error, allowed="an object with width, height, pixels") from error
    if not isinstance(request, dict) or set(request) != {"width", "height", "pixels"}:
        got = ", ".join(request) if isinstance(request, dict) else type(request).__name__
        raise ConfigError("the request has the wrong keys", got=got[:80], allowed="an object with width, height, pixels")
    width, height = _side("width", request["width"]), _side("height", request["height"])
    try:
        raw = base64.b64decode(request["pixels"], validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise ConfigError("the pixels are not base64", got=error, allowed="base64 of one byte per pixel") from error
    if len(raw) != width * height:
        raise ConfigError(
            "the pixels do not fill the drawing", got=f"{len(raw)} bytes", allowed=f"{width} × {height} = {width * height} bytes"
        )
    return np.frombuffer(raw, dtype=np.uint8).reshape(height, width)


def _side(name: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= LARGEST_SIDE:
        raise ConfigError(f"the drawing's {name} is not legal", got=repr(value)[:40], allowed=f"a whole number, 1 … {LARGEST_SIDE}")
    return value


def prepare(drawing: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The drawing as an image of ``shape`` (rows, columns) that looks as those of MNIST do.

    The ink is cropped and scaled, each new pixel the mean of the area that it covers, until it fits a box of 20/28 of each side; it moves
    by whole pixels until its centre of mass lies in pixel (rows // 2, columns // 2), or as near as it can without a part of it leaving the
    image; and its strongest pixel becomes 255, so that a thin line does not fade. A drawing without ink gives an image without ink.

    drawing: (height, width) uint8, 0 paper … 255 ink. Returns ``shape`` uint8. Errors: ConfigError.
    """
    if drawing.ndim != 2 or drawing.dtype != np.uint8:
        raise ConfigError("this is no drawing", got=f"{drawing.shape} {drawing.dtype}", allowed="(height, width) uint8")
    if min(shape) < 2:
        raise ConfigError("the image is too small to draw on", got=shape, allowed="two rows and two columns or more")
    inked = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if not len(inked[0]):
        return np.zeros(shape, dtype=np.uint8)
    ink = drawing[inked[0][0] : inked[0][-1] + 1, inked[1][0] : inked[1][-1] + 1].astype(np.float64)
    scale = min(max(round(FILLED * side), 1) / length for side, length in zip(shape, ink.shape, strict=True))
    rows, columns = (
        _areas(length, side, scale, _start(ink.sum(axis=1 - axis), side, scale))
        for axis, (length, side) in enumerate(zip(ink.shape, shape, strict=True))
    )
    image = rows @ ink @ columns.T
    full: NDArray[np.uint8] = np.rint(image * (255 / image.max())).astype(np.uint8)
    return full


def _start(mass: NDArray[np.float64], side: int, scale: float) -> int:
    """The pixel at which the scaled ink begins. mass: (length,) ink along this axis."""
    centre = scale * float(mass @ (np.arange(len(mass)) + 0.5)) / float(mass.sum())
    return int(np.clip(side // 2 - int(centre), 0, side - int(np.ceil(scale * len(mass) - 1e-9))))


def _areas(length: int, side: int, scale: float, start: int) -> NDArray[np.float64]:
    """How much of every new pixel an old one covers: (side, length)."""
    edges = start + scale * np.arange(length + 1)
    pixel = np.arange(side)[:, None]
    shared: NDArray[np.float64] = np.clip(np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel), 0.0, None)
    return shared
