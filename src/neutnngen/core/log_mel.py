"""Sound to a log-mel map: a fixed number of frames over what is spoken, however long it is, and energies in bands as the ear has them.

The mel scale is m(f) = 2595 log10(1 + f / 700) (O'Shaughnessy 1987). Plain NumPy in float64, no state, nothing random.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError

FLOOR = 1e-10
"""Energy that is added before the logarithm, of full scale: far below the noise of 16 bits."""


@dataclass(frozen=True)
class MelPlan:
    """How sound becomes a map of ``frames`` × ``bins`` numbers.

    rate: samples per second. window: seconds of a frame, Hann. low, high: Hz, edges of the outermost bands; high is at most rate / 2.
    quiet: a recording begins with its first and ends with its last sample that is at least so large a share of its largest one; 0: it is
    taken whole. level: ``recording`` takes the mean over the whole map from every number, so that loudness does not matter; ``bin`` takes
    the mean over the frames from every bin, which also removes a constant colour of the sound; ``none`` takes nothing.
    """

    rate: int = 8000
    frames: int = 28
    bins: int = 28
    window: float = 0.032
    low: float = 100.0
    high: float = 4000.0
    quiet: float = 0.1
    level: str = "recording"

    def __post_init__(self) -> None:
        for name, low, high in (("rate", 1, 1 << 20), ("frames", 1, 1 << 12), ("bins", 1, 1 << 12)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ConfigError(f"mel.{name} is out of range", got=value, allowed=f"an integer {low} … {high}")
        if not 0 <= self.low < self.high <= self.rate / 2:
            raise ConfigError(
                "the bands lie outside of what is recorded",
                got=f"{self.low:g} … {self.high:g} Hz",
                allowed=f"within 0 … {self.rate / 2:g} Hz",
            )
        if not 2 <= self.samples <= 1 << 16:
            raise ConfigError("mel.window is out of range", got=self.window, allowed=f"{2 / self.rate:g} … {(1 << 16) / self.rate:g} s")
        if not 0 <= self.quiet < 1:
            raise ConfigError("mel.quiet is out of range", got=self.quiet, allowed="0 or more and less than 1")
        if self.level not in ("recording", "bin", "none"):
            raise ConfigError("mel.level is not legal", got=self.level, allowed="recording, bin, none")
        empty = ~mel_filters(self.rate, self.size, self.bins, self.low, self.high).any(axis=1)
        if empty.any():
            raise ConfigError(
                "a band is so narrow that no frequency of a frame lies in it", got=f"bin {int(empty.argmax())} of {self.bins}",
                allowed="fewer bins, or a longer window",
            )  # fmt: skip

    @property
    def samples(self) -> int:
        """Samples of a frame."""
        return round(self.window * self.rate)

    @property
    def size(self) -> int:
        """Samples of the transform, four times a frame's and a power of 2: frames are filled up with zeros, so that narrow low bands are
        not empty."""
        return 1 << (4 * self.samples - 1).bit_length()


def mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Hz to mel."""
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hertz, dtype=np.float64) / 700.0))


def hertz(mels: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Mel to Hz."""
    return np.asarray(700.0 * (10.0 ** (np.asarray(mels, dtype=np.float64) / 2595.0) - 1.0))


@lru_cache(maxsize=16)
def mel_filters(rate: int, size: int, bins: int, low: float, high: float) -> NDArray[np.float64]:
    """(bin, size // 2 + 1) weights of the frequencies of a transform of ``size`` samples: triangles that each reach from the middle of the
    bin below to that of the bin above, equally far apart in mel, with a peak of 1. The array is shared: read only."""
    edges = hertz(np.linspace(mel(low), mel(high), bins + 2))
    at = np.arange(size // 2 + 1) * (rate / size)
    rise = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    made = np.clip(np.minimum(rise, fall), 0.0, None)
    made.setflags(write=False)
    return made


def spoken_part(wave: NDArray[np.floating], quiet: float) -> tuple[int, int]:
    """First sample and one past the last that is at least ``quiet`` × the largest, in size; all of a recording that is silent."""
    size = np.abs(wave)
    loud = np.flatnonzero(size >= quiet * size.max()) if size.size else size
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(wave))


def log_mel(wave: NDArray[np.floating], plan: MelPlan) -> NDArray[np.float64]:
    """The map of one recording.

    wave: (sample,) at ``plan.rate``, full scale −1 … 1. Returns (frame, bin): natural logarithms of energy, less the level. Frames lie
    equally far apart from the first sample of what is spoken to its last, so a word that is spoken slowly gives the same map as one that is
    spoken fast. Raises ConfigError for an array of another shape, NaN or infinity.
    """
    plain = np.asarray(wave, dtype=np.float64)
    if plain.ndim != 1 or not plain.size:
        raise ConfigError("sound is one row of samples", got=f"shape {plain.shape}", allowed="(sample,), not empty")
    if not np.isfinite(plain).all():
        raise ConfigError("a sample is not a number", got=f"sample {int((~np.isfinite(plain)).argmax())}", allowed="finite numbers")
    first, last = spoken_part(plain, plan.quiet)
    part, length = plain[first:last], plan.samples
    centres = np.linspace(0, len(part) - 1, plan.frames) if plan.frames > 1 else np.array([(len(part) - 1) / 2])
    starts = np.round(centres).astype(np.int64)  # in the padded part a frame that begins at s is centred on sample s
    padded = np.pad(part, (length // 2, length))
    framed = padded[starts[:, None] + np.arange(length)] * np.hanning(length + 2)[1:-1]
    energy = np.abs(np.fft.rfft(framed, plan.size, axis=1)) ** 2 / length
    filters = mel_filters(plan.rate, plan.size, plan.bins, plan.low, plan.high)
    made = np.log(np.einsum("fk,bk->fb", energy, filters) + FLOOR)
    if plan.level == "recording":
        made -= made.mean()
    elif plan.level == "bin":
        made -= made.mean(axis=0)
    return np.asarray(made)
