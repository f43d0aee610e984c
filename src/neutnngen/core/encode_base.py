"""What all tensor encoders share: input checks, levels to spike times, and the form in which they are stored (rule T2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, check_keys

MAX_T_RES = 7  # time 255 is NO_SPIKE, so the times of eight bits would not all be legal


@dataclass(frozen=True, eq=False)
class TensorEncoder(ABC):
    """Base of the encoders: frozen settings and constants, and a pure function from real values to spike times.

    ``lines`` is the number of output lines, ``times`` the first and last possible spike time. Where a value makes several lines, they
    are adjacent (channel fastest, rule L1). A field with ``dtype`` in its metadata is a constant: a tensor, a buffer in the module.
    """

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        for f in fields(self):
            if "dtype" in f.metadata:
                value = torch.as_tensor(getattr(self, f.name), dtype=f.metadata["dtype"])
                object.__setattr__(self, f.name, value)
                if value.numel() == 0:
                    raise ConfigError(f"the {self.kind} encoder's {f.name} are empty", got=tuple(value.shape))
                refuse_non_finite(value, f"the {self.kind} encoder's {f.name} are not finite")
        self._check()

    @abstractmethod
    def _check(self) -> None:
        """Raise ConfigError where the settings are not legal."""

    @property
    @abstractmethod
    def lines(self) -> int:
        """Number of output lines."""

    @property
    @abstractmethod
    def times(self) -> tuple[int, int]:
        """First and last possible spike time, unit clocks."""

    @abstractmethod
    def spike_times(self, values: Tensor) -> Tensor:
        """values: (batch, …) as the encoder states. Returns (batch, line) uint8 on the same device; ConfigError where it does not fit."""

    @overload
    def encode(self, values: Tensor) -> Tensor: ...
    @overload
    def encode(self, values: NDArray[Any]) -> NDArray[np.uint8]: ...
    def encode(self, values: Tensor | NDArray[Any]) -> Tensor | NDArray[np.uint8]:
        """``spike_times`` of a tensor or of an array; the answer is of the same sort."""
        if isinstance(values, Tensor):
            return self.spike_times(values)
        return self.spike_times(as_tensor(values)).numpy()

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for a Design's provenance; ``kind`` says which encoder it is."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"kind": self.kind, **{k: v.tolist() if isinstance(v, Tensor) else v for k, v in plain.items()}}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The encoder that ``to_dict`` wrote. Errors: ConfigError for another kind, an unknown or a missing key."""
        if values.get("kind") != cls.kind:
            raise ConfigError("this describes another kind of encoder", got=values.get("kind"), allowed=cls.kind)
        rest = {k: v for k, v in values.items() if k != "kind"}
        names = [f.name for f in fields(cls)]
        check_keys("encoder", rest, names)
        missing = [n for n in names if n not in rest]
        if missing:
            raise ConfigError(f"the {cls.kind} encoder's description lacks a key", got=", ".join(rest), allowed=", ".join(names))
        return cls(**rest)


def as_tensor(values: NDArray[Any] | Tensor) -> Tensor:
    """An array as a tensor; ConfigError where its elements are not numbers. A copy, as arrays may be read-only."""
    if isinstance(values, Tensor):
        return values
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ConfigError("encoders take real numbers", got=array.dtype, allowed="bool, integer or float elements")
    return torch.from_numpy(np.array(array, dtype=np.float64) if array.dtype.kind == "f" else array.astype(np.int64))


def real_values(values: Tensor, shape: tuple[int, ...], kind: str) -> Tensor:
    """``values`` as float64, after checks: shape (batch, *shape) and finite. Errors: ConfigError that names the first bad element."""
    if values.ndim != len(shape) + 1 or tuple(values.shape[1:]) != shape:
        wanted = ", ".join(["batch", *map(str, shape)])
        hint = "flatten(1) makes (batch, value) of images" if len(shape) == 1 and values.ndim > 2 else None
        raise ConfigError(f"the input does not fit the {kind} encoder", got=tuple(values.shape), allowed=f"({wanted})", next_step=hint)
    if values.is_complex():
        raise ConfigError(f"the {kind} encoder takes real numbers", got=values.dtype, allowed="bool, integer or float elements")
    refuse_non_finite(values, f"the {kind} encoder takes finite values only")
    return values.to(torch.float64)


def sample_values(values: NDArray[Any] | Tensor, kind: str) -> Tensor:
    """The (sample, value) data that an encoder is fitted on, as float64. Errors: ConfigError for another shape, no data, NaN or inf."""
    plain = as_tensor(values).detach()
    if plain.ndim != 2 or plain.numel() == 0:
        raise ConfigError(f"the {kind} encoder cannot be fitted on this", got=tuple(plain.shape), allowed="(sample, value), not empty")
    return real_values(plain, (plain.shape[1],), kind)


def refuse_non_finite(values: Tensor, what: str) -> None:
    """Raise ConfigError that names the first NaN or infinity."""
    if values.is_floating_point():
        bad = ~torch.isfinite(values)
        if bad.any():
            at = tuple(bad.nonzero()[0].tolist())
            raise ConfigError(what, got=f"element {list(at)} = {values[at].item()}", allowed="finite numbers")


def check_levels(kind: str, t_res: int, drop: int = 0) -> None:
    """Raise ConfigError unless 2^t_res levels, of which the lowest ``drop`` stay silent, can be coded."""
    if not 0 <= t_res <= MAX_T_RES:
        raise ConfigError(f"the {kind} encoder's t_res is out of range", got=t_res, allowed=f"0 … {MAX_T_RES}")
    if not 0 <= drop < 1 << t_res:
        raise ConfigError(f"the {kind} encoder's drop is out of range", got=drop, allowed=f"0 … {(1 << t_res) - 1}")


def check_count(kind: str, name: str, value: int, least: int = 1) -> None:
    """Raise ConfigError unless the setting is an integer of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"the {kind} encoder's {name} is not legal", got=value, allowed=f"an integer ≥ {least}")


def check_range(kind: str, names: str, low: float, high: float) -> None:
    """Raise ConfigError unless both are finite and low < high."""
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ConfigError(f"the {kind} encoder's {names} are not legal", got=f"{low}, {high}", allowed="two finite numbers, ascending")


def check_cuts(kind: str, cuts: Tensor, most: int) -> None:
    """Raise ConfigError unless ``cuts`` are (line, cut), ascending along a line and 1 … ``most`` to a line."""
    if cuts.ndim != 2 or cuts.shape[1] > most:
        raise ConfigError(f"the {kind} encoder's cuts have the wrong shape", got=tuple(cuts.shape), allowed=f"(line, 1 … {most})")
    falls = cuts[:, 1:] < cuts[:, :-1]
    if falls.any():
        line, at = falls.nonzero()[0].tolist()
        raise ConfigError(f"the {kind} encoder's cuts do not ascend", got=f"element [{line}, {at + 1}]", allowed="ascending cuts")


def equal_cuts(low: float, high: float, steps: int, first: int) -> list[float]:
    """low + k (high − low) / steps for k = first … steps − 1: constants that values are compared with."""
    return [low + k * (high - low) / steps for k in range(first, steps)]


def level_times(level: Tensor, top: int, drop: int) -> Tensor:
    """Level l spikes at time top − l, levels below ``drop`` not at all (rule T2): uint8."""
    return torch.where(level < drop, NO_SPIKE, top - level).to(torch.uint8)


def cuts_below(values: Tensor, cuts: Tensor) -> Tensor:
    """How many of its line's cuts are smaller than each value. values: (batch, line), cuts: (line, cut). Returns (batch, line) int64."""
    return torch.searchsorted(cuts.contiguous(), values.T.contiguous()).T


def on_off_times(signed: Tensor, threshold: float, high: float, t_res: int) -> Tensor:
    """On and off lines of signed sizes: (batch, value) to (batch, 2 · value), on before off.

    With L = 2^t_res, a size of at least threshold + k (high − threshold) / L, k = 0 … L − 1 the largest such, spikes at time L − 1 − k on
    the line of its sign; a size below ``threshold`` does not spike.
    """
    levels = 1 << t_res
    cuts = torch.tensor(equal_cuts(threshold, high, levels, 0), dtype=torch.float64, device=signed.device)
    both = torch.stack([signed, -signed], dim=-1).flatten(1)
    return level_times(torch.bucketize(both, cuts, right=True), levels, 1)
