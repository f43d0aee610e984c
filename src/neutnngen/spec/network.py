"""Layers, voter and network as frozen data (rules L1, L2, T4, R10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec.column import MAX_RES, MU_ONE, ColumnSpec, LfsrSpec, StdpSpec, check_range, check_word
from neutnngen.spec.dendritic import DendriticColumnSpec, Sharing, as_classic, as_dendritic
from neutnngen.spec.wiring import MAX_LINES, DenseWiring, Wiring

SEED_STEP = 0x9E3779B97F4A7C15  # the golden ratio in 64 bits: neighbouring columns get distant seeds


def column_seeds(lfsr: LfsrSpec, columns: int) -> NDArray[np.uint64]:
    """First random states of a layer's columns: 1 + (seed - 1 + column × SEED_STEP) mod (2^width - 1), so column 0 has the seed itself."""
    period = (1 << lfsr.width) - 1
    return np.array([1 + (lfsr.seed - 1 + c * SEED_STEP) % period for c in range(columns)], dtype=np.uint64)


@dataclass(frozen=True)
class LayerSpec:
    """Columns of one kind side by side without weight sharing (rule L1).

    column: every column; a ColumnSpec stands for its dendritic spelling (rule C2). wiring, proximal_wiring: the lines of its distal and
    proximal inputs. base: the clock that is 0 for whatever reads this layer (rule T4); by default the earliest possible output.
    """

    column: DendriticColumnSpec
    wiring: Wiring
    proximal_wiring: Wiring | None = None
    base: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.column, ColumnSpec):
            object.__setattr__(self, "column", as_dendritic(self.column))
        wanted = self.column.proximal.inputs
        for name, wiring, length in (("wiring", self.wiring, self.column.inputs), ("proximal_wiring", self.proximal_wiring, wanted)):
            got = 0 if wiring is None else wiring.inputs
            if got != length:
                raise ConfigError(f"layer.{name} does not fit the column", got=f"{got} lines a column", allowed=f"{length} lines a column")
        if self.proximal_wiring is not None and self.proximal_wiring.columns != self.wiring.columns:
            raise ConfigError(
                "layer.proximal_wiring is for another number of columns",
                got=self.proximal_wiring.columns,
                allowed=f"{self.wiring.columns}, as layer.wiring",
            )
        if self.base is not None:
            check_range("layer.base", self.base, 0, self.column.earliest_output)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.wiring.columns

    @property
    def lines(self) -> int:
        """Output lines: column by column."""
        return self.columns * self.column.lines

    @property
    def rebase(self) -> int:
        """What is taken from an output time on the way to a reader (rule T4)."""
        return self.column.earliest_output if self.base is None else self.base

    @property
    def synapses(self) -> int:
        """Synapses of the layer before any is pruned."""
        return self.columns * self.column.synapses


@dataclass(frozen=True)
class VoterSpec:
    """A voter: every line has a weight to every class (rule R10), or to every segment of every class (rule R14).

    read: ``votes`` is R-STDP as follows. ``potential`` is rule R14 and uses only classes, segments, margin, w_res (up to 8) and t_res: a
    class is as strong as the largest potential of its ``segments`` segments, the sum of the weights of the lines that spike; in a learning
    wave in which the label leads the strongest other class by less than ``margin``, the label's winning segment gains 1 from every line
    that spikes and the other's loses 1. It draws no random bits.

    A line that spikes votes for each class whose weight is at least ``fraction`` (numerator, denominator) of the line's largest. Its input
    times come from the network's outputs by rule T4 with ``t_res``. The class with most votes wins, the lowest index of equal ones. Draws
    of a set: capture, backoff_simple, search, backoff, min, then a level each (rules R6, R7); capture and backoff are gated by
    [B(μ_min) or F(w)], search and backoff_simple are not. sharing: per voter ("column"), per line or per synapse (rule R8).
    """

    classes: int
    w_res: int = 3
    t_res: int = 3
    fraction: tuple[int, int] = (1, 2)
    mu_capture: int = 952
    mu_backoff: int = 128
    mu_backoff_simple: int = 512
    mu_search: int = 832
    mu_min: int = 32
    stabiliser: str = "symmetric"
    at_zero: int = 0
    at_max: int = 0
    sharing: Sharing = "line"
    lfsr: LfsrSpec = field(default_factory=LfsrSpec)
    read: Literal["votes", "potential"] = "votes"
    segments: int = 1
    margin: int = 0

    def __post_init__(self) -> None:
        check_word("voter.read", self.read, ("votes", "potential"))
        potential = self.read == "potential"
        check_range("voter.classes", self.classes, 1, 1 << 16)
        check_range("voter.segments", self.segments, 1, 1 << 10 if potential else 1)
        check_range("voter.margin", self.margin, 0, 1 << 24 if potential else 0)
        check_range("voter.w_res", self.w_res, 1, 8 if potential else MAX_RES)
        check_range("voter.t_res", self.t_res, 1, MAX_RES)
        for name in ("mu_capture", "mu_backoff", "mu_backoff_simple", "mu_search", "mu_min"):
            check_range(f"voter.{name}", getattr(self, name), 0, MU_ONE)
        check_word("voter.sharing", self.sharing, ("column", "line", "synapse"))
        object.__setattr__(self, "fraction", tuple(self.fraction))
        top, bottom = self.fraction
        check_range("voter.fraction (denominator)", bottom, 1, 1 << 10)
        check_range("voter.fraction (numerator)", top, 0, bottom)
        self.stdp  # noqa: B018 - its own checks

    @property
    def w_max(self) -> int:
        """Largest weight."""
        return (1 << self.w_res) - 1

    @property
    def rows(self) -> int:
        """Weights of a line: one for each segment of each class, class by class."""
        return self.classes * self.segments

    @property
    def t_in_max(self) -> int:
        """Latest input time."""
        return (1 << self.t_res) - 1

    @property
    def stdp(self) -> StdpSpec:
        """The rules in the order in which they are drawn; backoff_simple stands in the place of minus."""
        return StdpSpec(
            self.mu_capture,
            self.mu_backoff_simple,
            self.mu_search,
            self.mu_backoff,
            self.mu_min,
            self.stabiliser,  # type: ignore[arg-type]
            self.at_zero,  # type: ignore[arg-type]
            self.at_max,  # type: ignore[arg-type]
        )


@dataclass(frozen=True)
class NetworkSpec:
    """Layers on ``inputs`` lines of times 0 … 2^t_res - 1, and perhaps a voter (rule L2).

    A layer may read the inputs and every layer before it, by the line numbers of its wiring. outputs: the layers whose lines, one after
    the other, are the network's; by default the last layer alone.
    """

    inputs: int
    layers: tuple[LayerSpec, ...]
    t_res: int = 3
    voter: VoterSpec | None = None
    outputs: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        check_range("network.inputs", self.inputs, 1, MAX_LINES)
        check_range("network.t_res", self.t_res, 1, MAX_RES)
        if not self.layers:
            raise ConfigError("a network has at least one layer", got=0, allowed="one layer or more")
        if self.outputs is not None:
            object.__setattr__(self, "outputs", tuple(self.outputs))
        chosen = self.output_layers
        if not chosen or len(set(chosen)) != len(chosen) or min(chosen) < 0 or max(chosen) >= len(self.layers):
            raise ConfigError("network.outputs is not legal", got=self.outputs, allowed=f"distinct layers 0 … {len(self.layers) - 1}")
        for number, (layer, known) in enumerate(zip(self.layers, self.line_offsets[1:], strict=True)):
            for name in ("wiring", "proximal_wiring"):
                wiring = getattr(layer, name)
                last = -1 if wiring is None else int(wiring.table().max())
                if last >= known:
                    raise ConfigError(
                        f"layer {number}: {name} reads a line that is not there yet",
                        got=f"line {last}",
                        allowed=f"0 … {known - 1} (inputs 0 … {self.inputs - 1}, then the layers before it)",
                    )
        widths = {layer.column.neurons for layer in self.layers if layer.column.proximal.mode == "enable"}
        if len(widths) > 1:
            raise ConfigError("all layers with enable lines share them", got=f"{sorted(widths)} neurons", allowed="one number of neurons")

    @property
    def line_offsets(self) -> tuple[int, ...]:
        """Number of the first line of the inputs, of layer 0, of layer 1 …, and of what would come next."""
        at = [0, self.inputs]
        for layer in self.layers:
            at.append(at[-1] + layer.lines)
        return tuple(at[:-1])

    @property
    def output_layers(self) -> tuple[int, ...]:
        """See ``outputs``."""
        return (len(self.layers) - 1,) if self.outputs is None else self.outputs

    @property
    def lines(self) -> int:
        """Output lines."""
        return sum(self.layers[n].lines for n in self.output_layers)

    @property
    def t_in_max(self) -> int:
        """Latest legal input time."""
        return (1 << self.t_res) - 1

    @property
    def enables(self) -> int:
        """Enable lines of a wave (rule P2), 0 if no layer has them."""
        return max((layer.column.neurons for layer in self.layers if layer.column.proximal.mode == "enable"), default=0)

    @property
    def stages(self) -> int:
        """Parts that learn: the layers and the voter."""
        return len(self.layers) + (self.voter is not None)

    @property
    def needs_labels(self) -> tuple[bool, ...]:
        """For every stage, whether it learns from labels (rules R9, R10, R14)."""
        return (*(layer.column.reward for layer in self.layers), *([True] if self.voter is not None else []))

    @property
    def synapses(self) -> int:
        """Synapses before any is pruned, those of the voter included."""
        voter = 0 if self.voter is None else self.lines * self.voter.rows
        return sum(layer.synapses for layer in self.layers) + voter

    @property
    def classic(self) -> ColumnSpec | None:
        """The one classic column that this network is, if it is one (rule C2)."""
        layer = self.layers[0]
        plain = DenseWiring(self.inputs)
        if len(self.layers) > 1 or self.voter is not None or layer.wiring != plain or layer.base is not None:
            return None
        return as_classic(layer.column) if layer.column.t_res == self.t_res else None


def as_network(column: ColumnSpec | DendriticColumnSpec) -> NetworkSpec:
    """One column on all inputs as a network; only for columns without proximal lines, which would need a wiring of their own."""
    spec = as_dendritic(column) if isinstance(column, ColumnSpec) else column
    lines = spec.proximal.inputs
    near = DenseWiring(lines, spec.inputs) if lines else None
    return NetworkSpec(spec.inputs + lines, (LayerSpec(spec, DenseWiring(spec.inputs), near),), spec.t_res)
