"""Images and spoken words of the same class, put together; which of them are learned and which are judged never changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.encode_sound import maps_of
from neutnngen.core.log_mel import MelPlan
from neutnngen.data import ImageSet, SpokenSet
from neutnngen.data.spoken import digits_of
from neutnngen.errors import ConfigError, DataError

Pairs = NDArray[np.float64]
"""(pair, 2, row, column): grey values 0 … 255 of an image, and a log-mel map of as many frames as the image has rows and as many bins as it
has columns."""

Labels = NDArray[np.int64]
CLASSES = 10
LEARNED, JUDGED = 6_000, 10_000
HELD_IMAGES, HELD_EVERY = 10_000, 10
"""Of the training part a validation holds back: so many images, the last ones, and of the recordings of a class every tenth."""


@dataclass(frozen=True, eq=False)
class Split:
    """Pairs to learn from and pairs to classify. sound, image: names of the sets. part: ``test`` or ``validation``. recordings: how many
    different ones there are of either kind. mel: how sound became maps."""

    sound: str
    image: str
    part: str
    train: Pairs
    train_labels: Labels
    judged: Pairs
    labels: Labels
    recordings: tuple[int, int]
    mel: MelPlan


def split_of(spoken: SpokenSet, images: ImageSet, part: str = "test", learned: int = LEARNED, judged: int = JUDGED) -> Split:
    """The pairs of two sets of digits.

    ``test``: learn from the train parts, classify the test parts. ``validation``: what HELD_IMAGES and HELD_EVERY say is not learned but
    classified, and the test parts are not looked at. learned, judged: pairs; the first so many images of each part, in their order. Raises
    DataError where the labels of the recordings are not the ten digits, ConfigError where there are not so many images.
    """
    digits = digits_of(spoken.classes)
    if digits is None or sorted(digits) != list(range(CLASSES)):
        raise DataError("the recordings are not of the ten digits", got=", ".join(spoken.classes), allowed="labels 0 … 9 or zero … nine")
    if images.classes != CLASSES:
        raise DataError("the images are not of ten classes", got=images.classes, allowed="labels 0 … 9")
    words = np.array(digits)[spoken.labels]
    if part == "test":
        heard, asked = np.flatnonzero(~spoken.test), np.flatnonzero(spoken.test)
        seen, shown = (images.train_images, images.train_labels), (images.test_images, images.test_labels)
    elif part == "validation":
        heard, asked = _held_back(words, np.flatnonzero(~spoken.test))
        last = max(len(images.train_labels) - HELD_IMAGES, len(images.train_labels) // 2)
        seen = images.train_images[:last], images.train_labels[:last]
        shown = images.train_images[last:], images.train_labels[last:]
    else:
        raise ConfigError("there is no part of this name", got=part, allowed="test, validation")
    mel = MelPlan(spoken.rate, images.train_images.shape[1], images.train_images.shape[2])
    maps = maps_of(spoken.recordings, mel)
    train, labels = paired(seen, maps[heard], words[heard], learned, 0)
    others, answers = paired(shown, maps[asked], words[asked], judged, 1)
    return Split(spoken.name, images.name, part, train, labels, others, answers, (len(heard), len(asked)), mel)


def paired(
    images: tuple[NDArray[np.uint8], NDArray[np.uint8]], maps: NDArray[np.float64], words: Labels, count: int, seed: int
) -> tuple[Pairs, Labels]:
    """The first ``count`` images, each with a map of its class: the maps of a class take turns, every turn in a new random order.

    images: with their labels. words: classes of the maps. Raises ConfigError where there are not so many images, DataError where a class
    has no map.
    """
    pictures, labels = images[0], images[1].astype(np.int64)
    if not 1 <= count <= len(labels):
        raise ConfigError("the number of pairs is out of range", got=count, allowed=f"1 … {len(labels)}, the images of this part")
    rng = np.random.default_rng([seed, 10])
    chosen = np.zeros(count, dtype=np.int64)
    for digit in range(CLASSES):
        places, known = np.flatnonzero(labels[:count] == digit), np.flatnonzero(words == digit)
        if len(places) and not len(known):
            raise DataError("a digit has an image but no recording", got=digit, allowed="recordings of every digit in both parts")
        turns = [rng.permutation(known) for _ in range(-(-len(places) // max(len(known), 1)))]
        chosen[places] = np.concatenate([np.zeros(0, np.int64), *turns])[: len(places)]
    return np.stack([pictures[:count].astype(np.float64), maps[chosen]], axis=1), labels[:count]


def paired_anew(waves: NDArray[np.uint8], labels: Labels, image_lines: int, seed: Sequence[int]) -> NDArray[np.uint8]:
    """Encoded pairs with the sounds of each digit dealt anew among its images; where there is one sense only nothing changes.

    waves: (pair, line), of the image first. image_lines: how many are the image's.
    """
    if not 0 < image_lines < waves.shape[1]:
        return waves
    rng = np.random.default_rng(seed)
    dealt = waves.copy()
    for digit in range(CLASSES):
        own = np.flatnonzero(labels == digit)
        dealt[own, image_lines:] = waves[rng.permutation(own), image_lines:]
    return dealt


def _held_back(words: Labels, heard: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of recordings that are learned and of those that are held back, of ``heard``."""
    turn = np.zeros(len(heard), dtype=np.int64)
    for digit in range(CLASSES):
        own = np.flatnonzero(words[heard] == digit)
        turn[own] = np.arange(len(own))
    held = turn % HELD_EVERY == 0
    return heard[~held], heard[held]
