"""A small image set whose classes are known, and small designs that learn it in a second."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import Blueprint, CodePlan, LayerPlan, ReadoutPlan
from neutnngen.data import ImageSet

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
SIDE = 10


def shapes(count: int, seed: int = 0, side: int = SIDE) -> tuple[Images, Labels]:
    """A horizontal bar, a vertical bar and a diagonal, each anywhere by a pixel or two, in noise; the classes in turn."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = np.zeros((count, side, side))
    for image, label, (down, right) in zip(images, labels, rng.integers(-1, 2, (count, 2)), strict=True):
        middle = side // 2
        if label == 0:
            image[middle + down - 1 : middle + down + 1, 1:-1] = 220
        elif label == 1:
            image[1:-1, middle + right - 1 : middle + right + 1] = 220
        else:
            for k in range(1, side - 1):
                image[k, max(k + right, 0) : k + right + 2] = 220
    noise = rng.random(images.shape) < 0.04
    return np.where(noise, 220 - images, images).astype(np.uint8), labels


def shape_set(train: int = 300, test: int = 90, name: str = "Shapes") -> ImageSet:
    """The shapes as a set with two parts."""
    images, labels = shapes(train, 1)
    others, answers = shapes(test, 2)
    return ImageSet(name, images, labels.astype(np.uint8), others, answers.astype(np.uint8), "made by the test")


FIELDS = LayerPlan(5, 5, dendrites=2, segments=6, share=0.6, threshold=0.4)

MARGIN = Blueprint("margin", (FIELDS,), ReadoutPlan(), CodePlan("population"))
CLASSIC = Blueprint("classic_one", (replace(FIELDS, dendrites=1, share=1.0),), ReadoutPlan(), CodePlan("population"))
TALLY = Blueprint(
    "tally",
    (LayerPlan(5, 5, segments=3, classes=True, output="neurons", threshold=0.4),),
    ReadoutPlan("tally", w_res=1),
    CodePlan("posneg"),
)
TWO = Blueprint(
    "two",
    (LayerPlan(4, 2, segments=6, threshold=0.4), LayerPlan(3, 1, segments=8, threshold=0.3, t_res=4)),
    ReadoutPlan(),
    CodePlan("posneg"),
)
CLASS_SEGMENTS = Blueprint("class_segments", (LayerPlan(5, 5, segments=3, classes=True, threshold=0.4),), ReadoutPlan(), CodePlan("posneg"))
