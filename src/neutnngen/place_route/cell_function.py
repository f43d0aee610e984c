"""Does a cell's transistor circuit do what Liberty states of the cell? Decided by switches, over all values of its inputs.

A cell without a state starts from unknown nets for every value of its inputs, so its answer rests on nothing else. A cell with a flip-flop
or a latch is compared state by state: from unknown nets on, one input changes at a time, and every pair of nets and Liberty state
that can be reached is visited. Where Liberty states a value, the output has it and is driven; where Liberty states that an output drives
nothing, it is not driven. No gate inside rests on charge alone. Sizes and races between transistors are beyond switches.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from neutnngen.pdk.boolean import Expression, parse_expression
from neutnngen.pdk.technology import Cell, Memory, Roles
from neutnngen.place_route.switch_level import Rest, Transistors, Values, X, settle

WIDEST = 10
"""Inputs of a cell up to which it is decided."""
MOST_STATES = 20_000
"""Reachable states of a cell up to which it is decided."""

_States = tuple[int, int]  # Liberty's state and its inverse: 0, 1 or X


def undecided(cell: Cell) -> str | None:
    """Why a cell's function cannot be decided, None where it can."""
    if len(_inputs(cell)) > WIDEST:
        return f"more than {WIDEST} inputs"
    if cell.sequential and cell.memory is None:
        return "its state is a table in Liberty"
    if any(pin.direction == "output" and pin.function is None for pin in cell.pins.values()):
        return "Liberty states no function of an output"
    return None


def check_function(circuit: Transistors, cell: Cell, roles: Roles) -> str | None:
    """The first contradiction between transistors and Liberty in words, None where there is none. The cell must not be undecided."""
    return (_Combinational if cell.memory is None else _Sequential)(circuit, cell, roles).check()


def _inputs(cell: Cell) -> list[str]:
    return [pin.name for pin in cell.pins.values() if pin.direction in ("input", "inout")]


class _Proof:
    """What both kinds of cells need: pins, parsed functions, one comparison of outputs."""

    def __init__(self, circuit: Transistors, cell: Cell, roles: Roles) -> None:
        self.circuit, self.cell = circuit, cell
        self.inputs = _inputs(cell)
        self.supplies = [circuit.pins[pin] for pin in (roles.ground_net, roles.power_net)]
        self.sources = [*self.supplies, *(circuit.pins[name] for name in self.inputs)]
        self.outputs = [pin for pin in cell.pins.values() if pin.direction == "output"]
        self.gates = sorted({device.gate for device in circuit.devices} - set(self.sources))
        self.functions = {pin.name: parse_expression(pin.function or "") for pin in self.outputs}
        self.off = {pin.name: parse_expression(pin.three_state) for pin in self.outputs if pin.three_state is not None}

    def start(self, cases: list[tuple[int, ...]]) -> Values:
        """Unknown nets, with the supplies and the inputs of each case."""
        values = np.full((self.circuit.nets, len(cases)), X, np.int8)
        values[self.supplies[0]], values[self.supplies[1]] = 0, 1
        for number, name in enumerate(self.inputs):
            values[self.circuit.pins[name]] = [case[number] for case in cases]
        return values

    def wrong(self, rest: Rest, case: int, known: Mapping[str, int], *, charge: bool = False) -> str | None:
        """Compare the outputs of a case. known: value of every name that functions use; charge: whether a gate may rest on it."""
        at = ", ".join(f"{name}={value if value != X else 'X'}" for name, value in known.items()) or "any start"
        if not rest.stable[case]:
            return f"the transistors do not come to rest at {at}"
        if not charge and any(not rest.driven[net, case] and rest.values[net, case] != X for net in self.gates):
            return f"a gate inside is not driven, it keeps its charge alone, at {at}"
        for pin in self.outputs:
            net = self.circuit.pins[pin.name]
            off = _value(self.off[pin.name], known) if pin.name in self.off else 0
            wanted = _value(self.functions[pin.name], known)
            if X in (off, wanted):
                continue
            driven, value = bool(rest.driven[net, case]), int(rest.values[net, case])
            if off and driven:
                return f"{pin.name} is driven at {at}, where Liberty states that it is not"
            if not off and (not driven or value != wanted):
                got = "not driven" if not driven and value != X else "X" if value == X else str(value)
                return f"{pin.name} is {got} at {at}, where Liberty states {wanted}"
        return None


def _value(expression: Expression, known: Mapping[str, int]) -> int:
    """Value of an expression, X where that depends on an unknown value."""
    names = [name for name in expression.names() if known[name] == X]
    found = {
        expression.evaluate({**{name: value == 1 for name, value in known.items()}, **dict(zip(names, some, strict=True))})
        for some in product((False, True), repeat=len(names))
    }
    return X if len(found) > 1 else int(found.pop())


class _Combinational(_Proof):
    def check(self) -> str | None:
        if not self.inputs:
            return self.constant()
        cases = list(product((0, 1), repeat=len(self.inputs)))
        rest = settle(self.circuit, self.start(cases), self.sources)
        found = (self.wrong(rest, i, dict(zip(self.inputs, case, strict=True))) for i, case in enumerate(cases))
        return next((text for text in found if text is not None), None)

    def constant(self) -> str | None:
        """A tie cell: from all values of its nets it comes to drive its outputs. Its diode ends a gate's charge, which then rests."""
        free = [net for net in range(self.circuit.nets) if net not in self.supplies][:WIDEST]
        cases = list(product((0, 1), repeat=len(free)))
        start = self.start([()] * len(cases))
        start[free] = np.array(cases, np.int8).T
        rest = settle(self.circuit, start, self.sources)
        found = (self.wrong(rest, case, {}, charge=True) for case in range(len(cases)))
        return next((text for text in found if text is not None), None)


class _Sequential(_Proof):
    """All states that nets and Liberty can be in together, found breadth first."""

    def __init__(self, circuit: Transistors, cell: Cell, roles: Roles) -> None:
        super().__init__(circuit, cell, roles)
        assert cell.memory is not None
        self.memory: Memory = cell.memory
        self.trigger, self.data = parse_expression(self.memory.trigger), parse_expression(self.memory.data)
        self.clear = None if self.memory.clear is None else parse_expression(self.memory.clear)
        self.preset = None if self.memory.preset is None else parse_expression(self.memory.preset)

    def check(self) -> str | None:
        cases = list(product((0, 1), repeat=len(self.inputs)))
        states = [self.next_state((X, X), case, case) for case in cases]
        values, seen, defined = self.start(cases), set(), False
        while cases:
            rest = settle(self.circuit, values, self.sources)
            fresh: list[int] = []
            for i, (case, state) in enumerate(zip(cases, states, strict=True)):
                key = (case, state, rest.values[:, i].tobytes())
                if key in seen:
                    continue
                seen.add(key)
                fresh.append(i)
                defined |= state[0] != X
                text = self.wrong(rest, i, self.known(case, state))
                if text is not None:
                    return text
            if len(seen) > MOST_STATES:
                return f"more than {MOST_STATES:,} states can be reached"
            flips = [(i, number) for i in fresh for number in range(len(self.inputs))]
            values = rest.values[:, [i for i, _ in flips]]
            after = [tuple(bit ^ (n == number) for n, bit in enumerate(cases[i])) for i, number in flips]
            states = [self.next_state(states[i], cases[i], case) for (i, _), case in zip(flips, after, strict=True)]
            for number, name in enumerate(self.inputs):
                values[self.circuit.pins[name]] = [case[number] for case in after]
            cases = after
        return None if defined else "no state of Liberty can be reached"

    def known(self, case: tuple[int, ...], state: _States) -> dict[str, int]:
        return {**dict(zip(self.inputs, case, strict=True)), self.memory.state: state[0], self.memory.inverse: state[1]}

    def next_state(self, state: _States, before: tuple[int, ...], after: tuple[int, ...]) -> _States:
        """Liberty's state and its inverse after the inputs have changed."""
        old, new = self.known(before, state), self.known(after, state)
        clear = self.clear is not None and _value(self.clear, new) == 1
        preset = self.preset is not None and _value(self.preset, new) == 1
        if clear and preset:
            known = {"L": (0, 0), "H": (1, 1), "N": state}  # Liberty's letters; of the others nothing is expected
            one, other = self.memory.both
            return known.get(one, (X, X))[0], known.get(other, (X, X))[1]
        if clear or preset:
            return (0, 1) if clear else (1, 0)
        if self.memory.kind == "latch":
            stored = _value(self.trigger, new) == 1
        else:
            stored = _value(self.trigger, old) == 0 and _value(self.trigger, new) == 1
        if not stored:
            return state
        value = _value(self.data, new)
        return value, _not(value)


def _not(value: int) -> int:
    return X if value == X else 1 - value
