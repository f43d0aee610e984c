"""A world of ten digits, small enough for tests: tones of two formants with a glide, and images of bars."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from neutnngen.data import ImageSet
from neutnngen.data.wav import wav_bytes

SIDE = 8
RATE = 8000


def spoken(digit: int, rng: np.random.Generator) -> np.ndarray:
    """(sample,) a vowel whose two formants move, between 0.25 and 0.4 s long, in some noise."""
    seconds = rng.uniform(0.25, 0.4)
    t = np.arange(int(seconds * RATE)) / RATE
    first, second = 300 + 70 * digit, 2800 - 190 * ((digit * 3) % 10)
    bend = 1 + 0.25 * (1 if digit % 2 else -1) * t / seconds
    wave = np.sin(2 * np.pi * np.cumsum(first * bend) / RATE) + 0.6 * np.sin(2 * np.pi * np.cumsum(second / bend) / RATE)
    return rng.uniform(0.2, 0.5) * wave + rng.normal(0, 0.01, len(t))


def write_spoken(folder: Path, takes: int = 10, seed: int = 0) -> Path:
    """A folder of ``DIGIT_anna_TAKE.wav``."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for digit in range(10):
        for take in range(takes):
            (folder / f"{digit}_anna_{take}.wav").write_bytes(wav_bytes(spoken(digit, rng), RATE))
    return folder


def images(train: int = 200, test: int = 100, seed: int = 1) -> ImageSet:
    """A bar for each digit, five rows and five columns, in noise."""
    rng = np.random.default_rng(seed)
    parts = []
    for count in (train, test):
        labels = (np.arange(count) % 10).astype(np.uint8)
        made = rng.integers(0, 40, (count, SIDE, SIDE)).astype(np.uint8)
        for n, label in enumerate(labels.tolist()):
            at = 1 + label % 5
            if label < 5:
                made[n, at : at + 2] += 180
            else:
                made[n, :, at : at + 2] += 180
        parts += [made, labels]
    return ImageSet("bars", *parts, "made")


def write_idx(folder: Path, data: ImageSet) -> Path:
    """The same as a folder of four IDX files."""
    folder.mkdir()
    parts = {"train": (data.train_images, data.train_labels), "t10k": (data.test_images, data.test_labels)}
    for part, (pictures, labels) in parts.items():
        for name, array in ((f"{part}-images-idx3-ubyte", pictures), (f"{part}-labels-idx1-ubyte", labels)):
            head = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
            (folder / name).write_bytes(head + array.tobytes())
    return folder
