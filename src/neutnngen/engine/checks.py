"""The checks on waves that every engine makes before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, ColumnSpec, NetworkSpec

Learn = NDArray[np.bool_] | bool


@dataclass(frozen=True, eq=False)
class Waves:
    """Checked input of a run. times: (wave, input) uint8. learn: (wave, stage) bool. enable: (wave, neuron) bool, None if the network has
    no enable lines. labels: (wave,) int64, None if there are none."""

    times: NDArray[np.uint8]
    learn: NDArray[np.bool_]
    enable: NDArray[np.bool_] | None
    labels: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.times)


def check_times(inputs: Any, lines: int, t_in_max: int) -> NDArray[np.uint8]:
    """Spike times as (wave, line) uint8; ConfigError that names the first one that is not legal (rules T1, T2)."""
    waves = np.asarray(inputs)
    if waves.ndim != 2 or waves.shape[1] != lines:
        raise ConfigError("the waves have the wrong shape", got=waves.shape, allowed=f"(wave, {lines})")
    if not np.issubdtype(waves.dtype, np.integer):
        raise ConfigError("spike times must be integers (rule T1)", got=waves.dtype, allowed="an integer type")
    # One pass tells that all is well: in a byte NO_SPIKE + 1 is 0, and a legal time + 1 at most t_in_max + 1.
    if waves.dtype != np.uint8 or (waves.size and int((waves + np.uint8(1)).max()) > t_in_max + 1):
        legal = ((waves >= 0) & (waves <= t_in_max)) | (waves == NO_SPIKE)
        if not legal.all():
            wave, line = np.argwhere(~legal)[0]
            raise ConfigError(
                f"wave {wave}, line {line} has no legal spike time (rule T2)",
                got=waves[wave, line],
                allowed=f"0 … {t_in_max}, or {NO_SPIKE} for no spike",
            )
    return waves.astype(np.uint8, copy=False)


def check_waves(column: ColumnSpec, inputs: Any, learn: Learn) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Of a classic column: waves as (wave, input) uint8 and learning as (wave,) bool; ConfigError where they are not legal."""
    waves = check_times(inputs, column.inputs, column.t_in_max)
    return waves, np.broadcast_to(np.asarray(learn, dtype=bool), (waves.shape[0],))


def check_run(network: NetworkSpec, inputs: Any, learn: Learn, enable: Any = None, labels: Any = None) -> Waves:
    """Everything that goes into a run; ConfigError where something is missing or does not fit.

    learn: for all, (wave,), or (wave, stage) with the layers and then the voter as stages (rule R11). enable: (wave, neuron); without it
    every neuron is enabled, which a learning wave of a layer with enable lines does not accept (rule P2). labels: (wave,) classes.
    """
    times = check_times(inputs, network.inputs, network.t_in_max)
    count = len(times)
    asked = np.asarray(learn, dtype=bool)
    if asked.shape not in ((), (count,), (count, network.stages)):
        allowed = f"one value, ({count},) or ({count}, {network.stages})"
        raise ConfigError("learn has the wrong shape", got=asked.shape, allowed=allowed)
    learning = np.broadcast_to(asked[:, None] if asked.ndim == 1 else asked, (count, network.stages))
    return Waves(times, learning, _check_enable(network, learning, enable), _check_labels(network, learning, labels))


def _check_enable(network: NetworkSpec, learning: NDArray[np.bool_], enable: Any) -> NDArray[np.bool_] | None:
    count = len(learning)
    if enable is None:
        for n, layer in enumerate(network.layers):
            if layer.column.proximal.mode == "enable" and learning[:, n].any():
                allowed = f"enable (wave, {network.enables}), for instance the label one-hot"
                raise ConfigError(f"layer {n} learns only what is enabled (rule P2)", got="no enable lines", allowed=allowed)
        return np.ones((count, network.enables), dtype=bool) if network.enables else None
    lines = np.asarray(enable)
    if not network.enables or lines.shape != (count, network.enables):
        allowed = f"({count}, {network.enables})" if network.enables else "none at all: no layer has enable lines (rule P2)"
        raise ConfigError("the enable has the wrong shape", got=lines.shape, allowed=allowed)
    return lines.astype(bool, copy=False)


def _check_labels(network: NetworkSpec, learning: NDArray[np.bool_], labels: Any) -> NDArray[np.int64] | None:
    count = len(learning)
    if labels is None:
        for n, needed in enumerate(network.needs_labels):
            if needed and learning[:, n].any():
                name = "the voter" if n == len(network.layers) else f"layer {n}"
                raise ConfigError(f"{name} learns from labels (rules R9, R10)", got="no labels", allowed=f"labels ({count},)")
        return None
    numbers = np.asarray(labels)
    if numbers.shape != (count,) or not np.issubdtype(numbers.dtype, np.integer):
        raise ConfigError("the labels are not legal", got=f"{numbers.dtype} {numbers.shape}", allowed=f"integers ({count},)")
    if network.voter is not None and count and not (numbers.min() >= 0 and numbers.max() < network.voter.classes):
        got = f"{numbers.min()} … {numbers.max()}"
        raise ConfigError("a label is no class of the voter", got=got, allowed=f"0 … {network.voter.classes - 1}")
    return numbers.astype(np.int64, copy=False)
