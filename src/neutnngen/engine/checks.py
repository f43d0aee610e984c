"""The checks on waves that every engine makes before it runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, ColumnSpec


def check_waves(
    column: ColumnSpec, inputs: NDArray[np.uint8], learn: NDArray[np.bool_] | bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Waves as (wave, input) uint8 and learning as (wave,) bool; ConfigError if a shape or a time is not legal (rule T2)."""
    waves = np.asarray(inputs)
    if waves.ndim != 2 or waves.shape[1] != column.inputs:
        raise ConfigError("the waves have the wrong shape", got=waves.shape, allowed=f"(wave, {column.inputs})")
    if not np.issubdtype(waves.dtype, np.integer):
        raise ConfigError("spike times must be integers (rule T1)", got=waves.dtype, allowed="an integer type")
    legal = ((waves >= 0) & (waves <= column.t_in_max)) | (waves == NO_SPIKE)
    if not legal.all():
        wave, line = np.argwhere(~legal)[0]
        raise ConfigError(
            f"wave {wave}, line {line} has no legal spike time (rule T2)",
            got=waves[wave, line],
            allowed=f"0 … {column.t_in_max}, or {NO_SPIKE} for no spike",
        )
    learning = np.broadcast_to(np.asarray(learn, dtype=bool), (waves.shape[0],))
    return waves.astype(np.uint8), learning
