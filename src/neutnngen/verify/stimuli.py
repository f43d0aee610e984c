"""Waves as the files that the test bench reads, and random waves to check with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine.checks import check_waves
from neutnngen.files import write_atomic
from neutnngen.rtl import ScanOrder
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design


@dataclass(frozen=True, eq=False)
class Stimuli:
    """What a verification runs, as in ``Session.run``. inputs: (wave, line). learn: (wave,). enable: (wave, neuron), labels: (wave,), each
    None where the Design has no use for it."""

    inputs: NDArray[np.uint8]
    learn: NDArray[np.bool_]
    enable: NDArray[np.bool_] | None = None
    labels: NDArray[np.int64] | None = None

    def first(self, count: int) -> Stimuli:
        """The first ``count`` waves."""
        cut = [None if part is None else part[:count] for part in (self.enable, self.labels)]
        return Stimuli(self.inputs[:count], self.learn[:count], *cut)  # type: ignore[arg-type]


def random_waves(column: ColumnSpec, waves: int, seed: int, *, silent: float = 0.2) -> NDArray[np.uint8]:
    """Seeded uniform spike times, (wave, input) uint8; ``silent`` is the fraction of lines without a spike.

    The first wave has no spike at all and the second one all spikes at time 0, so that the extremes are always among them.
    """
    rng = np.random.default_rng(seed)
    times = rng.integers(0, column.t_in_max + 1, (waves, column.inputs)).astype(np.uint8)
    times[rng.random(times.shape) < silent] = NO_SPIKE
    times[:1] = NO_SPIKE
    times[1:2] = 0
    return times


def wave_levels(column: ColumnSpec, inputs: NDArray[np.uint8], learn: NDArray[np.bool_] | bool) -> dict[str, NDArray[np.uint8]]:
    """Levels of ``spike_in`` and ``learn``, (wave, clock, bit), in the clocks 0 … t_in_max of each wave. Checks the waves first."""
    waves, learning = check_waves(column, inputs, learn)
    clocks = np.arange(column.t_in_max + 1, dtype=np.uint8)
    levels = waves[:, None, :] <= clocks[None, :, None]  # NO_SPIKE is larger than every clock
    still = np.broadcast_to(learning[:, None, None], (*levels.shape[:2], 1))
    return {"spike_in": levels.view(np.uint8), "learn": still.astype(np.uint8)}


def wave_words(column: ColumnSpec, inputs: NDArray[np.uint8], learn: NDArray[np.bool_] | bool) -> list[str]:
    """Hexadecimal words {learn, spike_in}, one for each of the clocks 0 … t_in_max of each wave. Checks the waves first."""
    bits = np.concatenate(list(wave_levels(column, inputs, learn).values()), axis=2)
    packed = np.packbits(bits.reshape(-1, column.inputs + 1), axis=1, bitorder="little")[:, ::-1]
    return [row.tobytes().hex() for row in packed]


def write_stimulus(
    design: Design, scan: ScanOrder, inputs: NDArray[np.uint8], learn: NDArray[np.bool_] | bool, folder: Path
) -> tuple[Path, Path]:
    """Write ``waves.hex`` and the scan image ``weights.bits`` into ``folder``; returns both paths."""
    waves = folder / "waves.hex"
    weights = folder / "weights.bits"
    for path, rows in ((waves, wave_words(design.column, inputs, learn)), (weights, [str(bit) for bit in scan.image(design.weights)])):
        write_atomic(path, "\n".join(rows) + "\n")
    return waves, weights
