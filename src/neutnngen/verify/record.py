"""What a simulation of hardware recorded, and how it is read: whatever is missing or not legible is an error, never a pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ToolFailed
from neutnngen.rtl import ScanOrder
from neutnngen.spec import NO_SPIKE, Design


@dataclass(frozen=True)
class Fault:
    """Something that hardware must never do, seen by the test bench: ``clock`` is -1 where it belongs to no single clock."""

    wave: int
    clock: int
    text: str


@dataclass(frozen=True, eq=False)
class Record:
    """A simulated run, in the terms of :class:`neutnngen.engine.Trace`.

    outputs: (wave, neuron) uint8. winners: (wave,) int32, -1 if none. weights: (wave, neuron, input) uint8 and lfsr: (wave,) uint64
    after every wave; both None for gates. final_weights: (neuron, input) uint8, read through the scan chain after the last wave; None
    where a bit is unknown. faults: in order of time.
    """

    outputs: NDArray[np.uint8]
    winners: NDArray[np.int32]
    weights: NDArray[np.uint8] | None
    lfsr: NDArray[np.uint64] | None
    final_weights: NDArray[np.uint8] | None
    faults: tuple[Fault, ...]


def _damaged(path: Path, why: str) -> ToolFailed:
    return ToolFailed(f"the simulation's record is not complete: {why}", got=path, next_step=f"read the logs in {path.parent}")


def _fields(word: str, count: int, width: int) -> list[int]:
    """``count`` numbers of ``width`` bits, the first lowest."""
    value = int(word, 16)
    return [(value >> (k * width)) & ((1 << width) - 1) for k in range(count)]


def read_record(path: Path, design: Design, scan: ScanOrder, waves: int, *, gates: bool) -> Record:
    """Read the file that the test bench wrote. scan: the order of its scan image.

    Raises ToolFailed unless it holds every wave, in order, and its end.
    """
    column = design.column
    try:
        rows = [row.split() for row in path.read_text(encoding="ascii").splitlines() if row]
    except OSError as error:
        raise _damaged(path, str(error)) from None
    if not rows or rows[-1] != ["end", str(waves)]:
        raise _damaged(path, f"it does not end after {waves} waves")
    outputs = np.full((waves, column.neurons), NO_SPIKE, dtype=np.uint8)
    weights = np.zeros((waves, column.neurons, column.inputs), dtype=np.uint8)
    lfsr = np.zeros(waves, dtype=np.uint64)
    final: NDArray[np.uint8] | None = None
    faults: list[Fault] = []
    done = 0
    chain_seen = False
    for row in rows[:-1]:
        if row[0] == "error" and len(row) > 3:
            faults.append(Fault(int(row[1]), int(row[2]), " ".join(row[3:])))
        elif row[0] == "chain" and len(row) == 2 and not chain_seen:
            chain_seen = True
            if set(row[1]) <= {"0", "1"}:
                final = scan.weights([int(bit) for bit in row[1]])
            else:
                faults.append(Fault(waves, -1, f"unknown bits in the scan chain: {row[1]}"))
        elif row[0] == "wave" and len(row) == (3 if gates else 5) and row[1] == str(done):
            unknown = [word for word in row[2:] if set(word.lower()) & set("xz")]
            if unknown:
                faults.append(Fault(done, -1, f"unknown bits: {' '.join(row[2:])}"))
            else:
                outputs[done] = _fields(row[2], column.neurons, 8)
                if not gates:
                    lfsr[done] = int(row[3], 16)
                    weights[done] = np.reshape(_fields(row[4], column.neurons * column.inputs, column.w_res), design.mask.shape)
            done += 1
        else:
            raise _damaged(path, f"it has an unexpected line: {' '.join(row)[:80]}")
    if done != waves or not chain_seen:
        raise _damaged(path, f"it holds {done} of {waves} waves and {'a' if chain_seen else 'no'} scan image")
    fired = outputs != NO_SPIKE
    winners = np.where(fired.any(axis=1), fired.argmax(axis=1), -1).astype(np.int32)
    return Record(outputs, winners, None if gates else weights, None if gates else lfsr, final, tuple(faults))
