"""Standard delay format: the engine's delays and checks for gate simulation and other timers.

Format: IEEE 1497-2001 (SDF 3.0). Times are ns with six decimals. In each triple (min:typ:max) min is the early delay, typ and max the late
one. Names are those of ``place_route.verilog_netlist.write_netlist``; the file holds no date, so equal blocks give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neutnngen.files import write_atomic
from neutnngen.place_route.block import Block
from neutnngen.place_route.verilog_netlist import _vectors
from neutnngen.timing.engine import Engine
from neutnngen.timing.kernel import EARLY, LATE
from neutnngen.timing.library import FALL, FROM_FALL, FROM_RISE, HOLD, RISE, SETUP, Floats

_SPECIAL = re.compile(r"([^A-Za-z0-9_])")
_EDGES = ("posedge", "negedge")


def write_sdf(engine: Engine, path: Path, *, fold_wires: bool = False) -> None:
    """Analyse, and write every delay of a cell's arc, of a net, and every setup and hold time. Arcs that no signal passes are left out.

    fold_wires: add each wire's delay to the arcs of the cell behind it, for simulators that ignore INTERCONNECT (Icarus Verilog before 12);
    wires to output ports are lost.
    """
    engine.update()
    block = engine.graph.block
    before = np.zeros(engine.graph.size)
    if fold_wires:
        before[engine.graph.sinks] = engine.wires.delay
    lines = [
        "(DELAYFILE",
        '  (SDFVERSION "3.0")',
        f'  (DESIGN "{block.name}")',
        '  (PROGRAM "NeuTNNGen")',
        "  (DIVIDER /)",
        f'  (PROCESS "{engine.graph.library.corner}")',
        "  (TIMESCALE 1ns)",
        *_cell(block.name, "", [] if fold_wires else list(_wires(engine)), []),
    ]
    checks = _checks(engine)
    for number, name in enumerate(engine.graph.instances):
        lines += _cell(engine.graph.cells[number].name, _escape(name), list(_arcs(engine, number, before)), checks.get(number, []))
    write_atomic(path, "\n".join(lines) + "\n)\n")


def _cell(kind: str, instance: str, delays: list[str], checks: list[str]) -> list[str]:
    if not delays and not checks:
        return []
    rows = ["  (CELL", f'    (CELLTYPE "{kind}")', f"    (INSTANCE {instance})" if instance else "    (INSTANCE)"]
    if delays:
        rows += ["    (DELAY", "      (ABSOLUTE", *(f"        {row}" for row in delays), "      )", "    )"]
    if checks:
        rows += ["    (TIMINGCHECK", *(f"      {row}" for row in checks), "    )"]
    return [*rows, "  )"]


def _escape(name: str) -> str:
    return _SPECIAL.sub(r"\\\1", name)


def port_names(block: Block) -> dict[str, str]:
    """Ports as SDF names them: bits of a vector of the netlist keep their brackets."""
    named: dict[str, str] = {}
    for group in _vectors(block.ports):
        for bit in group.bits:
            named[bit] = _escape(bit) if group.range is None else _escape(group.base) + bit[len(group.base) :]
    return named


def _wires(engine: Engine) -> Iterator[str]:
    graph, ports = engine.graph, port_names(engine.graph.block)

    def name(node: int) -> str:
        ref = graph.ref(node)
        return ports[ref.pin] if ref.instance is None else f"{_escape(ref.instance)}/{_escape(ref.pin)}"

    for k, driver in enumerate(graph.net_driver):
        if driver >= 0:
            source = name(int(driver))
            for at in range(graph.sink_start[k], graph.sink_start[k + 1]):
                yield f"(INTERCONNECT {source} {name(int(graph.sinks[at]))} ({engine.wires.delay[at]:.6f}))"


def _triple(early: float, late: float) -> str:
    return "()" if np.isnan(late) else f"({early:.6f}:{late:.6f}:{late:.6f})"


def _arcs(engine: Engine, number: int, wire: Floats) -> Iterator[str]:
    """IOPATH of one cell, ``wire`` ns on top from each pin. Where the delay depends on the edge at the input, both edges follow the range
    that holds for either: simulators whose models have no edges there keep the range."""
    graph = engine.graph
    base, pins = int(graph.base[number]), graph.cells[number].pins
    first, last = (int(graph.in_start[graph.base[number + k]]) for k in (0, 1))
    merged: dict[tuple[int, int, int], Floats] = {}
    for e in range(first, last):
        sense = int(graph.edge_sense[e])
        delay = engine.delay[e].reshape(2, 2, 2)  # mode, edge in, edge out
        if graph.edge_instance[e] != number or np.isnan(delay).all():
            continue
        delay = delay + wire[graph.edge_from[e]]
        trigger = sense if sense in (FROM_RISE, FROM_FALL) else -1
        key = (int(graph.edge_from[e]), int(graph.edge_to[e]), trigger)
        before = merged.get(key)
        merged[key] = delay if before is None else _join(before, delay)
    for (source, to, trigger), delay in merged.items():
        start, end = _escape(pins[source - base]), _escape(pins[to - base])
        if trigger >= 0:
            edge = RISE if trigger == FROM_RISE else FALL
            yield _iopath(f"({_EDGES[edge]} {start})", end, delay[:, edge])
            continue
        either = _join(delay[:, RISE], delay[:, FALL])
        yield _iopath(start, end, either)
        both = ~np.isnan(delay).any(axis=1)
        if (both & (delay[:, RISE] != delay[:, FALL])).any():
            yield from (_iopath(f"({_EDGES[edge]} {start})", end, delay[:, edge]) for edge in (RISE, FALL))


def _join(one: Floats, other: Floats) -> Floats:
    """The earlier of early delays, the later of late ones."""
    joined = np.empty_like(one)
    joined[LATE], joined[EARLY] = np.fmax(one[LATE], other[LATE]), np.fmin(one[EARLY], other[EARLY])
    return joined


def _iopath(start: str, end: str, delay: Floats) -> str:
    return f"(IOPATH {start} {end} {_triple(delay[EARLY, RISE], delay[LATE, RISE])} {_triple(delay[EARLY, FALL], delay[LATE, FALL])})"


def _checks(engine: Engine) -> dict[int, list[str]]:
    """Setup and hold times by number of the instance, the largest where conditions make several."""
    graph = engine.graph
    times: dict[tuple[int, int, int, int, int], dict[int, float]] = {}
    for c, (data, clock, kind, edge) in enumerate(graph.checks):
        for way in (RISE, FALL):
            if kind == SETUP:
                spare = engine.arrival[clock, 2 * EARLY + edge] + engine.period - engine.arrival[data, 2 * LATE + way]
                need = spare - engine.setup[c, way]
            else:
                spare = engine.arrival[data, 2 * EARLY + way] - engine.arrival[clock, 2 * LATE + edge]
                need = spare - engine.hold[c, way]
            if not np.isnan(need):
                key = (int(graph.check_instance[c]), int(data), int(clock), int(edge), way)
                found = times.setdefault(key, {})
                found[int(kind)] = max(float(need), found.get(int(kind), -np.inf))
    rows: dict[int, list[str]] = {}
    for (number, data, clock, edge, way), found in times.items():
        base, pins = int(graph.base[number]), graph.cells[number].pins
        ports = f"({_EDGES[way]} {_escape(pins[data - base])}) ({_EDGES[edge]} {_escape(pins[clock - base])})"
        if len(found) == 2:  # may be negative, unlike SETUP and HOLD
            rows.setdefault(number, []).append(f"(SETUPHOLD {ports} ({found[SETUP]:.6f}) ({found[HOLD]:.6f}))")
        else:
            kind, need = next(iter(found.items()))
            rows.setdefault(number, []).append(f"({'SETUP' if kind == SETUP else 'HOLD'} {ports} ({max(0.0, need):.6f}))")
    return rows
