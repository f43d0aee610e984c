"""From a netlist of library cells to the gate simulator's model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product

from neutnngen.errors import ConfigError
from neutnngen.pdk.boolean import Expression, parse_expression
from neutnngen.pdk.technology import Cell, Kit, Memory
from neutnngen.place_route.block import Block
from neutnngen.verify.gate_model import Gate, GateModel, make_model

WIDEST = 12
"""Operands of a cell's function."""


def gate_model(block: Block, kit: Kit) -> GateModel:
    """The block as a model of gates, with the functions that the kit's Liberty files state.

    Raises ConfigError for what such a model cannot hold: cells without a function, latches, three-state outputs, asynchronous inputs,
    gated or several clocks, loops of gates.
    """
    nets = {net.name: number for number, net in enumerate(n for n in block.nets.values() if n.use not in ("power", "ground"))}
    pins: dict[str, dict[str, int]] = {}
    for net in block.nets.values():
        if net.name in nets:
            for ref in net.pins:
                if ref.instance is not None:
                    pins.setdefault(ref.instance, {})[ref.pin] = nets[net.name]
    gates: list[Gate] = []
    flops: list[Gate] = []
    triggers: list[tuple[str, int, bool]] = []  # instance, net, rising
    values = len(nets)
    for instance in block.instances.values():
        cell = kit.cells.get(instance.master)
        if cell is None or instance.name not in pins:
            continue  # a physical cell
        wired = dict(pins[instance.name])
        memory = cell.memory
        if memory is not None:
            trigger, rising = _trigger(cell, memory)
            triggers.append((instance.name, _net(wired, trigger, instance.name), rising))
            flops.append(_gate(values, memory.data, "", wired, instance.name))
            wired[memory.state] = values
            values += 1
        elif cell.sequential:
            raise ConfigError("a cell's state is not modelled", got=cell.name, allowed="cells with one flip-flop")
        for pin in cell.pins.values():
            if pin.direction == "output" and pin.name in pins[instance.name]:
                if pin.function is None or pin.three_state is not None:
                    raise ConfigError("a cell's output has no function that is always driven", got=f"{cell.name}.{pin.name}")
                inverse = memory.inverse if memory is not None else ""
                gates.append(_gate(pins[instance.name][pin.name], pin.function, inverse, wired, instance.name, memory))
    ports = {name: port for name, port in block.ports.items() if port.net in nets}
    clocks = [name for name, port in ports.items() if port.direction == "input" and name in ("clk", "CLK")]
    if len(clocks) != 1:
        raise ConfigError("the netlist must have one clock port", got=", ".join(clocks) or "none", allowed="clk")
    root = nets[ports[clocks[0]].net]
    tree = _clock_tree(root, gates)
    for name, at, rising in triggers:
        if tree.get(at) is not rising:
            raise ConfigError("a register is not on the clock's rising edge", got=name, allowed="one clock without gates")
    data = [gate for gate in gates if gate.result not in tree]
    inputs = {name: nets[port.net] for name, port in ports.items() if port.direction == "input" and name != clocks[0]}
    outputs = {name: nets[port.net] for name, port in ports.items() if port.direction == "output"}
    return make_model(tuple(nets), inputs, outputs, clocks[0], tree, data, flops, values)


def _net(wired: Mapping[str, int], pin: str, instance: str) -> int:
    if pin not in wired:
        raise ConfigError("a pin of a cell is not connected", got=f"{instance}/{pin}", allowed="all inputs connected")
    return wired[pin]


def _trigger(cell: Cell, memory: Memory) -> tuple[str, bool]:
    """Clock pin of a flip-flop, and whether its rising edge counts."""
    if memory.kind != "flip-flop" or memory.clear is not None or memory.preset is not None:
        raise ConfigError("a cell's state is not modelled", got=cell.name, allowed="flip-flops without asynchronous inputs")
    names, table = _table(memory.trigger, "", "")
    if len(names) != 1:
        raise ConfigError("a flip-flop's clock is gated", got=f"{cell.name}: {memory.trigger}", allowed="one pin")
    return names[0], table == b"\0\1"


def _gate(result: int, function: str, inverse: str, wired: Mapping[str, int], instance: str, memory: Memory | None = None) -> Gate:
    names, table = _table(function, inverse, "" if memory is None else memory.state)
    return Gate(result, tuple(_net(wired, name, instance) for name in names), table)


@cache
def _table(function: str, inverse: str, state: str) -> tuple[tuple[str, ...], bytes]:
    """Operands of an expression and its value for all of their values, the first operand in the lowest bit. inverse: the name that stands
    for the opposite of ``state``."""
    parsed: Expression = parse_expression(function)
    names = tuple(dict.fromkeys(state if inverse and name == inverse else name for name in parsed.names()))
    if len(names) > WIDEST:
        raise ConfigError("a cell's function has too many operands", got=function, allowed=f"at most {WIDEST}")
    table = bytearray()
    for bits in product((False, True), repeat=len(names)):
        values = dict(zip(names, reversed(bits), strict=True))
        if inverse:
            values[inverse] = not values.get(state, False)
        table.append(parsed.evaluate(values))
    return names, bytes(table)


def _clock_tree(root: int, gates: list[Gate]) -> dict[int, bool]:
    """Nets of the clock's tree and whether they rise with the clock; gates of one operand alone pass it on."""
    readers: dict[int, list[Gate]] = {}
    for gate in gates:
        if len(gate.operands) == 1:
            readers.setdefault(gate.operands[0], []).append(gate)
    tree, stack = {root: True}, [root]
    while stack:
        net = stack.pop()
        for gate in readers.get(net, ()):
            tree[gate.result] = tree[net] is (gate.table == b"\0\1")
            stack.append(gate.result)
    return tree
