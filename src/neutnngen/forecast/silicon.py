"""Silicon of a network at NanGate45 without running a tool: cell area, leakage and energy per sample.

What the RTL generator builds (synapses, segments, lines, random unit, the winner of a dendrite) is counted with coefficients that were
measured by synthesis of classic columns. What has no RTL yet (proximal input, homeostasis, inhibition among neurons, re-basing, voters)
is composed from cells of the library by explicit counts (:mod:`neutnngen.forecast.bill`). Both are ESTIMATED. See ``docs/forecast.md``.

A wave is not pipelined: one sample at a time. A layer begins at the clock at which the last of the layers it reads can first be heard
(the base of rule T4, and one clock for the register of the output); all layers end together with the network's wave. Outside of a wave of
its own a layer waits with its clock gated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from neutnngen.errors import ConfigError
from neutnngen.forecast.bill import (
    FLOP,
    Bill,
    column_extras,
    delay,
    rebase,
    total,
    voter_adders,
    voter_store,
    voter_votes,
    winners,
)
from neutnngen.forecast.coefficients import Coefficients, load_coefficients
from neutnngen.forecast.features import column_counts
from neutnngen.spec import LayerSpec, NetworkSpec, VoterSpec
from neutnngen.spec.schedule import column_draws, heard_from, layer_starts, lines_of_sources, own_clocks, voter_start

CLOCK = 100e6
"""Hz of the unit clock where none is said."""

Basis = Literal["fitted", "composed"]


@dataclass(frozen=True)
class SiliconPart:
    """A part of the network. area: um2; leakage: W; energy: J per sample, leakage included.

    basis: *fitted* on measured synthesis, or *composed* of library cells by counts because there is no RTL of it yet.
    """

    name: str
    columns: int
    synapses: int
    area: float
    leakage: float
    energy: float
    basis: Basis
    registers: int


@dataclass(frozen=True)
class SiliconEstimate:
    """What a network costs in silicon.

    kind: ESTIMATED. cell_area: um2 of library cells after synthesis; a layout adds buffers, clock tree and white space. leakage: W at
    the typical corner. energy_per_sample: J with learning off at the stated clock, leakage over the wave included. wave_clocks: unit
    clocks of one sample through the whole network, not pipelined. latency: s. parts: layer by layer, then the voter; they add up exactly.
    source: where the coefficients come from, with their error.
    """

    kind: str
    cell_area: float
    leakage: float
    energy_per_sample: float
    wave_clocks: int
    latency: float
    parts: tuple[SiliconPart, ...]
    source: str


@dataclass(frozen=True)
class _Counts:
    """What a part is priced by. bill: composed cells; registers: flip-flops of fitted parts; clocks: in which composed gates switch;
    clocked: in which registers are clocked. still: composed cells that do not switch, such as a store whose clock is gated."""

    name: str
    columns: int
    synapses: int
    features: dict[str, float]
    registers: float
    bill: Bill
    clocks: int
    clocked: int
    still: Bill = field(default_factory=Bill)


def estimate(
    network: NetworkSpec, synapses_kept: Sequence[int] | None = None, *, learning: bool = True, clock: float = CLOCK
) -> SiliconEstimate:
    """Area, leakage and energy per sample of ``network`` at NanGate45 (typical corner).

    Parameters
    ----------
    synapses_kept: for every layer, and the voter if there is one, how many of its synapses exist (rule S4); None: all.
    learning: whether the hardware of plasticity is there. The energy is that of a sample with learning off either way.
    clock: unit clock in Hz.

    Raises
    ------
    ConfigError: the clock is not positive, ``synapses_kept`` does not fit, or learning needs random bits per synapse (rule R8:
        simulation only).
    """
    if not (math.isfinite(clock) and clock > 0):
        raise ConfigError("the clock of a forecast must be positive", got=clock, allowed="Hz > 0, for example 100e6")
    kept = _kept(network, synapses_kept)
    if learning:
        _check_sharing(network)
    table = load_coefficients()
    sources = lines_of_sources(network)
    starts = layer_starts(network)
    clocks = _wave_clocks(network, starts, learning)
    counts = [
        _layer(network, number, layer, kept[number], sources[number], starts, learning, table)
        for number, layer in enumerate(network.layers)
    ]
    if network.voter is not None:
        counts.append(_voter(network, network.voter, kept[-1], learning))
    parts = tuple(part for one in counts for part in _priced(one, table, clocks, clock))
    return SiliconEstimate(
        kind="ESTIMATED",
        cell_area=math.fsum(part.area for part in parts),
        leakage=math.fsum(part.leakage for part in parts),
        energy_per_sample=math.fsum(part.energy for part in parts),
        wave_clocks=clocks,
        latency=clocks / clock,
        parts=parts,
        source=table.source,
    )


def _stages(network: NetworkSpec) -> list[tuple[str, int]]:
    """Names and numbers of synapses of all that learns."""
    stages = [(f"layer {number}", layer.synapses) for number, layer in enumerate(network.layers)]
    if network.voter is not None:
        stages.append(("the voter", network.lines * _rows(network.voter)))
    return stages


def _kept(network: NetworkSpec, synapses_kept: Sequence[int] | None) -> list[int]:
    stages = _stages(network)
    if synapses_kept is None:
        return [count for _, count in stages]
    values = list(synapses_kept)
    if len(values) != len(stages):
        raise ConfigError(
            "synapses_kept has the wrong length",
            got=len(values),
            allowed=f"{len(stages)}: one for each of {', '.join(n for n, _ in stages)}",
        )
    for (name, count), value in zip(stages, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value <= count:
            raise ConfigError(f"synapses_kept of {name} is out of range", got=value, allowed=f"an integer 0 … {count}")
    return [int(value) for value in values]


def _check_sharing(network: NetworkSpec) -> None:
    shared = [(f"layer {number}", layer.column.sharing) for number, layer in enumerate(network.layers)]
    if network.voter is not None and _read(network.voter) == "votes":
        shared.append(("the voter", network.voter.sharing))
    for name, sharing in shared:
        if sharing == "synapse":
            raise ConfigError(
                f"{name} draws random bits per synapse, for which there is no hardware (rule R8)",
                got="synapse",
                allowed="column, line",
                next_step="set sharing to 'column' or 'line', or forecast with learning=False",
            )


def _read(voter: VoterSpec) -> str:
    return str(getattr(voter, "read", "votes"))


def _rows(voter: VoterSpec) -> int:
    """Weights of a line of the voter."""
    return voter.classes * int(getattr(voter, "segments", 1))


# --- time -------------------------------------------------------------------------------------------------------------------------------


def _read_clocks(network: NetworkSpec, voter: VoterSpec) -> int:
    """Clocks from the end of the voter's window to the label: one, or one for every line that can spike and one for the largest (R14)."""
    if _read(voter) == "votes":
        return 1
    return sum(winners(network.layers[number]) for number in network.output_layers) + 1


def _wave_clocks(network: NetworkSpec, starts: Sequence[int], learning: bool) -> int:
    """All layers and the voter have decided, all bits of a learning wave are drawn, and one clock to update and clear."""
    ends = [start + own_clocks(layer) for start, layer in zip(starts, network.layers, strict=True)]
    if network.voter is not None:
        ends.append(voter_start(network, starts) + network.voter.t_in_max + 1 + _read_clocks(network, network.voter))
    if learning:
        ends += [column_draws(layer.column) for layer in network.layers]
    return max(ends) + 1


# --- counts -----------------------------------------------------------------------------------------------------------------------------


def _layer(
    network: NetworkSpec,
    number: int,
    layer: LayerSpec,
    kept: int,
    sources: Sequence[int],
    starts: Sequence[int],
    learning: bool,
    table: Coefficients,
) -> _Counts:
    spec, columns = layer.column, layer.columns
    features, registers = column_counts(spec, kept / layer.synapses, learning=learning)
    if learning:
        registers += rom_registers(spec.w_res, table)
    bills = [column_extras(spec, learning=learning).times(columns)]
    for source, lines in enumerate(sources):
        heard = 0 if source == 0 else heard_from(network, starts, source - 1)
        if lines:
            bills.append(delay(lines, starts[number] - heard))
            if source:
                bills.append(rebase(lines, spec.t_in_max))
    clocked = max(own_clocks(layer), column_draws(spec) if learning else 0) + 1
    scaled = {name: value * columns for name, value in features.items()}
    return _Counts(f"layer {number}", columns, kept, scaled, registers * columns, total(bills), spec.horizon, clocked)


def rom_registers(w_res: int, table: Coefficients) -> int:
    """Flip-flops that Yosys adds at the table of limits; of the nearest width that was measured."""
    return table.rom_registers[min(table.rom_registers, key=lambda bits: (abs(bits - w_res), bits))]


def _voter(network: NetworkSpec, voter: VoterSpec, kept: int, learning: bool) -> _Counts:
    lines, rows = network.lines, _rows(voter)
    clocked = voter.t_in_max + 1 + _read_clocks(network, voter) + 1
    window = rebase(lines, voter.t_in_max)
    if _read(voter) == "votes":
        bill = total([window, voter_votes(voter, lines, kept, learning=learning)])
        return _Counts("voter", 1, kept, {}, 0.0, bill, voter.t_in_max + 2, clocked)
    bill = total([window, voter_adders(voter, lines, rows, learning=learning)])
    return _Counts("voter", 1, kept, {}, 0.0, bill, _read_clocks(network, voter), clocked, voter_store(voter, kept))


# --- prices -----------------------------------------------------------------------------------------------------------------------------


def _priced(counts: _Counts, table: Coefficients, clocks: int, clock: float) -> list[SiliconPart]:
    """The fitted and the composed part of what was counted; what is empty is left out."""
    wave = clocks / clock
    parts = []
    if counts.features:
        flop_area, flop_leakage = table.cells[FLOP]
        area = counts.registers * flop_area + sum(table.area.get(name, 0.0) * value for name, value in counts.features.items())
        leakage = counts.registers * flop_leakage + sum(table.leakage.get(name, 0.0) * value for name, value in counts.features.items())
        energy = counts.registers * counts.clocked * table.register_clock
        energy += sum(table.energy.get(name, 0.0) * value for name, value in counts.features.items())
        parts.append(_part(counts, "fitted", area, leakage, energy + leakage * wave, counts.registers))
    whole = total([counts.bill, counts.still])
    if any(whole.cells.values()):
        area = sum(table.cells[name][0] * count for name, count in whole.cells.items())
        leakage = sum(table.cells[name][1] * count for name, count in whole.cells.items())
        gates = sum(table.cells[name][0] * count for name, count in counts.bill.cells.items() if name != FLOP)
        energy = (whole.registers - whole.gated) * counts.clocked * table.register_clock + gates * counts.clocks * table.composed_clock
        parts.append(_part(counts, "composed", area, leakage, energy + leakage * wave, whole.registers))
    return parts


def _part(counts: _Counts, basis: Basis, area: float, leakage: float, energy: float, registers: float) -> SiliconPart:
    extra = basis == "composed" and bool(counts.features)
    name = f"{counts.name}, beyond a classic column" if extra else counts.name
    return SiliconPart(name, counts.columns, 0 if extra else counts.synapses, area, leakage, energy, basis, round(registers))
