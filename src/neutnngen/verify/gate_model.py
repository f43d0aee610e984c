"""A gate netlist as arrays, simulated clock by clock: two values, no delays, one clock.

What it cannot hold (latches, gated clocks, loops, registers with asynchronous inputs) is refused when the model is made. Registers start
with random bits, as hardware does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neutnngen.errors import ConfigError
from neutnngen.rtl.elaborate import TEST_HALF_PERIOD
from neutnngen.verify.activity import Activity, NetActivity

Bits = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]

NARROW = 0.1
"""Share of the gates up to which only those are computed that a changed input can reach."""
ANSWER = 1
"""Time after the clock's edge at which registers answer, ns, as in the models for the event-driven simulator (``delay_registers``)."""


class Gate(NamedTuple):
    """result: net. operands: nets. table: result for every combination of operand values, the first operand in the lowest bit."""

    result: int
    operands: tuple[int, ...]
    table: bytes


class _Cells(NamedTuple):
    """Gates or flip-flops as the kernel takes them: net of the result, first operand, operands, start of the table."""

    result: Ints
    first: Ints
    operands: Ints
    table: Ints


@dataclass(frozen=True, eq=False)
class GateModel:
    """A netlist that can be simulated.

    names: of the nets; further values, of registers, have none. inputs, outputs: port to net. clock: port; clock_nets: all nets of its
    tree. every: gates in the order of their levels; narrow: those that the inputs can reach which are not ``wide``.
    """

    names: tuple[str, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    clock: str
    clock_nets: frozenset[int]
    values: int
    gates: _Cells
    flops: _Cells
    tables: Bits
    every: Ints
    narrow: Ints
    wide: npt.NDArray[np.bool_]

    @property
    def cells(self) -> int:
        """Gates and flip-flops."""
        return len(self.gates.result) + len(self.flops.result)

    def start(self, seed: int = 0) -> GateRun:
        """A run whose registers begin with random bits."""
        value = np.zeros(self.values, np.uint8)
        value[self.flops.result] = np.random.default_rng(seed).integers(0, 2, len(self.flops.result), dtype=np.uint8)
        return GateRun(self, value, np.zeros(self.values, np.uint64), np.zeros(self.values, np.uint64))


@dataclass(eq=False)
class GateRun:
    """The state of a run. value: (net,) bits. toggles, high: sums over the clocks that were counted, the second in ns; clocks: how many."""

    model: GateModel
    value: Bits
    toggles: npt.NDArray[np.uint64]
    high: npt.NDArray[np.uint64]
    clocks: int = 0

    def play(self, stimulus: Bits, *, counting: bool = False) -> Bits:
        """Play (clock, input) levels, inputs in the order of ``model.inputs``; returns the (clock, output) levels that are seen at the
        beginning of each clock, before its inputs change. counting: the activity of these clocks is added up."""
        from neutnngen.verify.gate_kernel import run_clocks

        model = self.model
        seen = np.empty((len(stimulus), len(model.outputs)), np.uint8)
        inputs, outputs = (np.array(list(ports.values()), np.int32) for ports in (model.inputs, model.outputs))
        ticks = (int(TEST_HALF_PERIOD) + ANSWER, int(TEST_HALF_PERIOD) - ANSWER)
        # what the first inputs change is where the count begins, not a part of it
        fresh = counting and self.clocks == 0
        cells = (tuple(model.gates), tuple(model.flops))
        run_clocks(
            np.ascontiguousarray(stimulus, dtype=np.uint8), inputs, model.wide, model.narrow, model.every, self.value, *cells, model.tables,
            outputs, seen, self.value.copy(), self.toggles, self.high, ticks, counting, fresh,
        )  # fmt: skip
        self.clocks += len(stimulus) if counting else 0
        return seen

    @property
    def activity(self) -> Activity:
        """Of every net, over the clocks that were counted; the clock's own tree has two changes a clock. Raises ConfigError for none."""
        if self.clocks == 0:
            raise ConfigError("no clock was counted", got="0 clocks", allowed="play(…, counting=True) first")
        span = self.clocks * 2 * TEST_HALF_PERIOD
        found = {
            name: NetActivity(int(self.toggles[net]) / self.clocks, int(self.high[net]) / span) for net, name in enumerate(self.model.names)
        }
        return found | {self.model.names[net]: NetActivity(2.0, 0.5) for net in self.model.clock_nets}


def make_model(
    names: Sequence[str],
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    clock: str,
    clock_nets: Iterable[int],
    gates: Sequence[Gate],
    flops: Sequence[Gate],
    values: int,
) -> GateModel:
    """A model of gates and flip-flops (all on the rising edge of ``clock``, whose table is that of the next state).

    inputs: data inputs, without the clock. values: number of nets, with those of states after the named ones. Raises ConfigError for a
    loop of gates, and for a net without a driver.
    """
    driven = np.zeros(values, bool)
    tree = frozenset(clock_nets)
    driven[list(tree)] = True
    driven[list(inputs.values())] = True
    driven[[flop.result for flop in flops]] = True
    driver = {gate.result: number for number, gate in enumerate(gates)}
    driven[list(driver)] = True
    read = {net for gate in (*gates, *flops) for net in gate.operands}
    loose = [net for net in (*read, *outputs.values()) if not driven[net]]
    if loose:
        raise ConfigError(
            "a net has no driver", got=names[loose[0]] if loose[0] < len(names) else loose[0], allowed="one driver for each net"
        )
    if read & tree:
        raise ConfigError("the clock is read as data", got=names[min(read & tree)], allowed="a clock that drives registers alone")
    every = _levelled(gates, driver, names)
    near, wide = _reach(gates, inputs)
    tables: dict[bytes, int] = {}
    size = 0
    for gate in (*gates, *flops):
        if gate.table not in tables:
            tables[gate.table] = size
            size += len(gate.table)
    every_gate = np.array(every, np.int32)
    return GateModel(
        tuple(names),
        dict(inputs),
        dict(outputs),
        clock,
        tree,
        values,
        _packed(gates, tables),
        _packed(flops, tables),
        np.frombuffer(b"".join(tables) or b"\0", np.uint8),
        every_gate,
        every_gate[near[every_gate]],
        wide,
    )


def _packed(gates: Sequence[Gate], tables: Mapping[bytes, int]) -> _Cells:
    first = np.zeros(len(gates) + 1, np.int32)
    first[1:] = np.cumsum([len(gate.operands) for gate in gates])
    return _Cells(
        np.array([gate.result for gate in gates], np.int32),
        first,
        np.array([net for gate in gates for net in gate.operands], np.int32),
        np.array([tables[gate.table] for gate in gates], np.int32),
    )


def _levelled(gates: Sequence[Gate], driver: Mapping[int, int], names: Sequence[str]) -> list[int]:
    """Numbers of the gates such that each comes after those that it reads."""
    waits = [sum(net in driver for net in gate.operands) for gate in gates]
    readers: dict[int, list[int]] = {}
    for number, gate in enumerate(gates):
        for net in gate.operands:
            if net in driver:
                readers.setdefault(net, []).append(number)
    order = [number for number, count in enumerate(waits) if count == 0]
    for number in order:  # grows while it is read
        for reader in readers.get(gates[number].result, ()):
            waits[reader] -= 1
            if waits[reader] == 0:
                order.append(reader)
    if len(order) < len(gates):
        stuck = next(number for number, count in enumerate(waits) if count)
        raise ConfigError("gates form a loop", got=f"through {names[gates[stuck].result]}", allowed="registers in every loop")
    return order


def _reach(gates: Sequence[Gate], inputs: Mapping[str, int]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(gate,) whether an input that is not wide reaches it without a register between; (input,) whether it is wide."""
    readers: dict[int, list[int]] = {}
    for number, gate in enumerate(gates):
        for net in gate.operands:
            readers.setdefault(net, []).append(number)
    near, wide = np.zeros(len(gates), bool), np.zeros(len(inputs), bool)
    for k, net in enumerate(inputs.values()):
        found: set[int] = set()
        stack = [net]
        while stack and len(found) <= NARROW * len(gates):
            fresh = [number for number in readers.get(stack.pop(), ()) if number not in found]
            found.update(fresh)
            stack += [gates[number].result for number in fresh]
        wide[k] = len(found) > NARROW * len(gates)
        if not wide[k]:
            near[list(found)] = True
    return near, wide
