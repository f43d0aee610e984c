"""The test bench for the gate simulator: it plays what the Verilog test benches play and writes the record that they write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.spec import NO_SPIKE
from neutnngen.verify.activity import Activity
from neutnngen.verify.gate_model import Bits, GateModel, GateRun

CHUNK = 1 << 24
"""Bits of stimulus at a time."""


@dataclass(frozen=True, eq=False)
class Session:
    """What is played. levels: port vector to (wave, step, bit) levels in the first steps of a wave; afterwards they stay. image: bits of
    the scan chain in the order in which they go in. clocks: of a wave. unit: clocks of a unit clock. reset_clocks: with ``rst``. narrow:
    times are those of unit clocks, 8 bits, one less (a column's), else of clocks, 16 bits (a network's). winner: port vector whose last
    levels are recorded as well, "" if none."""

    levels: Mapping[str, Bits]
    image: Sequence[int]
    clocks: int
    unit: int
    reset_clocks: int
    narrow: bool
    winner: str = ""


def play_session(model: GateModel, session: Session, out: Path, tell: Callable[[int, int], None] | None = None) -> Activity:
    """Play a session, write its record to ``out`` and return the activity of its waves. tell: gets waves done and their number."""
    run = model.start()
    places = {name: k for k, name in enumerate(model.inputs)}
    state = np.zeros(len(places), np.uint8)
    missing = [name for name in ("rst", "weight_shift", "weight_in")[: 3 if session.image else 1] if name not in places]
    if missing:
        raise ConfigError("the netlist lacks a port", got=", ".join(missing), allowed="ports of the Design's RTL")

    def still(clocks: int, **ports: int) -> Bits:
        for name, level in ports.items():
            if name in places:
                state[places[name]] = level
        return np.repeat(state[None], clocks, axis=0)

    run.play(still(session.reset_clocks, rst=1))
    load = still(len(session.image), rst=0, weight_shift=1)
    if len(session.image):
        load[:, places["weight_in"]] = session.image
        run.play(load)
    still(0, weight_shift=0, rst=0)
    if len(session.image):
        state[places["weight_in"]] = session.image[-1]
    waves = len(next(iter(session.levels.values())))
    columns = {name: _columns(places, name, levels.shape[2]) for name, levels in session.levels.items()}
    watched = _columns({name: k for k, name in enumerate(model.outputs)}, "spike_out")
    last = list(model.outputs).index("wave_last")
    winner = _columns({name: k for k, name in enumerate(model.outputs)}, session.winner) if session.winner else np.zeros(0, np.int64)
    rows: list[str] = []
    chunk = max(1, CHUNK // (session.clocks * max(len(places), len(model.outputs))))
    for start in range(0, waves, chunk):
        part = slice(start, min(start + chunk, waves))
        seen = run.play(_stimulus(session, columns, part, state), counting=True).reshape(-1, session.clocks, len(model.outputs))
        for wave, levels in enumerate(seen, start):
            rows += _rows(session, wave, levels[:, watched], levels[:, last], levels[-1, winner])
        if tell is not None:
            tell(part.stop, waves)
    activity = run.activity
    rows += _read_back(session, run, still, places, columns)
    write_atomic(out, "\n".join([*rows, f"end {waves}"]) + "\n")
    return activity


def _columns(places: Mapping[str, int], vector: str, width: int | None = None) -> npt.NDArray[np.int64]:
    """Where the bits of a port vector lie, lowest first; -1 for those that are no ports. Without width: all that there are."""
    if vector in places:
        return np.array([places[vector], *[-1] * ((width or 1) - 1)], np.int64)
    if width is None:
        width = sum(name.startswith(f"{vector}[") for name in places)
        if not width:
            raise ConfigError("the netlist lacks a port", got=vector, allowed="ports of the Design's RTL")
    return np.array([places.get(f"{vector}[{bit}]", -1) for bit in range(width)], np.int64)


def _stimulus(session: Session, columns: Mapping[str, npt.NDArray[np.int64]], part: slice, state: Bits) -> Bits:
    """(clock, input) levels of some waves; ``state`` becomes the last of them."""
    step = np.minimum(np.arange(session.clocks) // session.unit, next(iter(session.levels.values())).shape[1] - 1)
    made = np.repeat(state[None], (part.stop - part.start) * session.clocks, axis=0)
    for name, levels in session.levels.items():
        there = columns[name] >= 0
        made[:, columns[name][there]] = levels[part][:, step][:, :, there].reshape(len(made), -1)
    state[:] = made[-1]
    return made


def _rows(session: Session, wave: int, lines: Bits, wave_last: Bits, winner: Bits) -> list[str]:
    """The record of a wave: what was wrong, then the times of its lines."""
    clocks, rows = session.clocks, []
    before = np.vstack([np.zeros((1, lines.shape[1]), np.uint8), lines[:-1]])
    changed = lines != before
    clock = np.arange(clocks)
    for t in np.flatnonzero(wave_last != (clock == clocks - 1)):
        rows.append(f"error {wave} {t} wave_last is {wave_last[t]}")
    for t in np.flatnonzero((before & ~lines & 1).any(axis=1)):
        rows.append(f"error {wave} {t} spike_out is {_bits(lines[t])} after {_bits(before[t])}")
    if session.narrow:
        for t in np.flatnonzero(changed.any(axis=1) & ((clock % session.unit != 0) | (clock == 0))):
            rows.append(f"error {wave} {t} spike_out is {_bits(lines[t])} within a unit clock")
    # the last change counts, as in the test bench
    when = np.where(changed.any(axis=0), clocks - 1 - changed[::-1].argmax(axis=0), -1)
    times = np.where(when < 0, NO_SPIKE, when // session.unit - 1) if session.narrow else np.where(when < 0, 0xFFFF, when)
    word = times[::-1].astype(np.uint8 if session.narrow else ">u2").tobytes().hex()
    won = f" {int(_bits(winner), 2):x}" if len(winner) else ""
    return [*rows, f"wave {wave} {word}{won}"]


def _read_back(
    session: Session, run: GateRun, still: Callable[..., Bits], places: Mapping[str, int], columns: Mapping[str, npt.NDArray[np.int64]]
) -> list[str]:
    """The scan chain's bits as they come out; nothing where there is no chain."""
    if not len(session.image):
        return []
    quiet = {name: 0 for name, k in places.items() if k in columns["spike_in"]}
    seen = run.play(still(len(session.image), weight_shift=1, **quiet))
    out = seen[:, list(run.model.outputs).index("weight_out")]
    return [f"chain {''.join(map(str, out.tolist()))}"]


def _bits(levels: Bits) -> str:
    return "".join(map(str, levels[::-1].tolist()))
