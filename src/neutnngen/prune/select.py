"""Which synapses stay: the most valuable ones of every pool, one by one or in whole structures.

Structures are removed whole. segment: a row. dendrite: all its segments. input: a line of a column, for all its segments at once, which
takes the line's own logic along. column: all its neurons. block: of a segment, all its inputs in one of the given blocks, for instance a
modality. A structure is worth the mean of its synapses, so that large and small ones are comparable.
Pools keep their share each: network, layer (a stage), column, neuron, segment (a row), or block (the inputs of one block within a layer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, unknown_name
from neutnngen.prune.stages import PROXIMAL, VOTER, Bools, Floats, Keep, Part, Scores

Structure = Literal["synapse", "segment", "dendrite", "input", "column", "block"]
Pool = Literal["network", "layer", "column", "neuron", "segment", "block"]
STRUCTURES: tuple[Structure, ...] = ("synapse", "segment", "dendrite", "input", "column", "block")
POOLS: tuple[Pool, ...] = ("network", "layer", "column", "neuron", "segment", "block")
Blocks = Sequence[tuple[int, int]]
"""(first input, number of inputs) of each block, as the columns of a layer number their inputs."""


@dataclass(frozen=True)
class Choice:
    """What is removed at once, who shares a fraction, and the blocks of inputs, which *block* needs. Raises ConfigError."""

    structure: Structure = "synapse"
    pool: Pool = "neuron"
    blocks: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for what, name, legal in (("structure", self.structure, STRUCTURES), ("pool", self.pool, POOLS)):
            if name not in legal:
                raise unknown_name(f"there is no such {what} of pruning", name, legal)
        if "block" in (self.structure, self.pool) and not self.blocks:
            raise ConfigError("pruning by blocks needs to know them", got="none", allowed="(first input, inputs) of each block")
        if _SIZE[self.structure] > _ROOM[self.pool]:
            raise ConfigError(
                f"{self.structure}s of a {self.pool} cannot be removed one by one",
                got=f"structure {self.structure}, pool {self.pool}",
                allowed=", ".join(p for p in POOLS if _ROOM[p] >= _SIZE[self.structure]),
            )


_SIZE = {"synapse": 0, "block": 1, "segment": 2, "dendrite": 2, "input": 3, "column": 4}
_ROOM = {"block": 1, "segment": 1, "neuron": 2, "column": 3, "layer": 4, "network": 5}
"""A structure fits into the pools that are as large or larger."""


def kept(scores: Scores, keep: float, choice: Choice | None = None) -> Keep:
    """(column, row, line) of every part that is pruned, which synapses stay: of what exists in each pool the share ``keep``, the most
    valuable first.

    A structure is kept or removed whole, so a pool may keep less by up to one structure, but always one. The voter is pruned by synapse, or
    by input, whatever the structure is; where columns go it is left alone, and loses what was theirs (``drop_dead``). Raises ConfigError
    for a share that is not in 0 … 1 or keeps nothing.
    """
    chosen = choice or Choice()
    if not 0 < keep <= 1:
        raise ConfigError("the share of synapses to keep is out of range", got=keep, allowed="above 0, at most 1")
    parts = [part for part in scores if chosen.structure != "column" or part.kind != VOTER]
    if not any(np.isfinite(scores[part]).any() for part in parts):
        raise ConfigError("the design has no synapse left", got=0, next_step="prune a Design that has synapses")
    pools, units = [], []
    pool_base, unit_base = (0, 0), (0, 0)  # first number of a part, and the next free one
    whole = chosen.structure in ("segment", "dendrite")
    for part in parts:
        pool = np.broadcast_to(_pool_of(part, chosen), part.shape).reshape(-1)
        unit = np.broadcast_to(_unit_of(part, chosen), part.shape).reshape(-1)
        # the proximal synapses of a segment are removed with its distal ones, and share its pool
        pool_base = _base(pool_base, pool, part.summed and chosen.pool in ("neuron", "segment", "column"))
        unit_base = _base(unit_base, unit, part.kind == PROXIMAL and (chosen.structure == "column" or (part.summed and whole)))
        pools.append(pool + pool_base[0])
        units.append(unit + unit_base[0])
    if chosen.pool in ("network", "layer"):
        pools = [np.full(scores[p].size, p.stage if chosen.pool == "layer" else 0) for p in parts]
    values = np.concatenate([scores[p].reshape(-1) for p in parts])
    stays = _most_valuable(np.concatenate(pools), None if chosen.structure == "synapse" else np.concatenate(units), values, keep)
    ends = np.cumsum([0, *(scores[p].size for p in parts)])
    return {p: stays[a:b].reshape(p.shape) for p, a, b in zip(parts, ends[:-1], ends[1:], strict=True)}


def _base(before: tuple[int, int], numbers: NDArray[np.int64], same: bool) -> tuple[int, int]:
    """(first, next): where the numbers of a part begin, with those of the part before or after them, and where the next one's do."""
    first = before[0] if same else before[1]
    return first, max(before[1], first + int(numbers.max()) + 1)


def _most_valuable(pool: NDArray[np.int64], unit: NDArray[np.int64] | None, values: Floats, keep: float) -> Bools:
    """Flat arrays of one length: which pool and which unit each synapse is of (None: it is one of its own), and its worth, nan where there
    is none."""
    there = np.isfinite(values)
    unit_of = np.arange(np.count_nonzero(there)) if unit is None else np.unique(unit[there], return_inverse=True)[1]
    size = np.bincount(unit_of)
    worth = np.bincount(unit_of, weights=values[there]) / size
    pool_of = np.zeros(len(size), dtype=np.int64)
    pool_of[unit_of] = pool[there]
    order = np.lexsort((-worth, pool_of))  # pool by pool, the most valuable unit first
    sizes, of_pool = size[order], pool_of[order]
    begin = np.flatnonzero(np.concatenate([[True], of_pool[1:] != of_pool[:-1]]))
    total = np.add.reduceat(sizes, begin)
    run = np.repeat(np.arange(len(begin)), np.diff(np.append(begin, len(sizes))))
    before = np.cumsum(sizes) - sizes
    in_pool = before - before[begin][run] + sizes  # synapses of the pool up to and with this unit
    wanted = np.maximum(np.rint(keep * total), 1)[run]
    chosen = (in_pool <= wanted) | (np.arange(len(sizes)) == begin[run])
    stays_unit = np.zeros(len(size), dtype=bool)
    stays_unit[order] = chosen
    stays = np.zeros(len(values), dtype=bool)
    stays[there] = stays_unit[unit_of]
    return stays


def _indices(part: Part) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    column, row, line = (np.arange(n, dtype=np.int64) for n in part.shape)
    return column[:, None, None], row[None, :, None], line[None, None, :]


def _unit_of(part: Part, choice: Choice) -> NDArray[np.int64]:
    column, row, line = _indices(part)
    structure = choice.structure
    if part.kind == VOTER:
        return line if structure == "input" else row * part.lines + line
    if structure == "segment":
        return column * part.rows + row
    if structure == "dendrite":
        return column * part.rows + row // part.segments
    if structure == "column":
        return column
    if structure == "input":
        return column * part.lines + line
    if structure == "block":
        return (column * part.rows + row) * (len(choice.blocks) + 1) + _block_of(part, choice)
    return (column * part.rows + row) * part.lines + line


def _pool_of(part: Part, choice: Choice) -> NDArray[np.int64]:
    column, row, _ = _indices(part)
    if part.kind == VOTER:
        return row if choice.pool == "segment" else np.zeros((1, 1, 1), dtype=np.int64)
    if choice.pool == "column":
        return column
    if choice.pool == "neuron":
        return column * part.rows + row // (part.segments * part.dendrites)
    if choice.pool == "segment":
        return column * part.rows + row
    if choice.pool == "block":
        return _block_of(part, choice)
    return np.zeros((1, 1, 1), dtype=np.int64)


def _block_of(part: Part, choice: Choice) -> NDArray[np.int64]:
    """(1, 1, line) block of a distal input; the number of blocks for an input of none, and for proximal ones."""
    block = np.full(part.lines, len(choice.blocks), dtype=np.int64)
    if part.kind == "distal":
        for number, (first, count) in enumerate(choice.blocks):
            if first < 0 or count < 1 or first + count > part.lines:
                got, allowed = f"(first {first}, count {count})", f"inputs 0 … {part.lines - 1}, one or more"
                raise ConfigError(f"block {number} is not among the inputs of stage {part.stage}", got=got, allowed=allowed)
            block[first : first + count] = number
    return block[None, None, :]
