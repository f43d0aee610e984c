"""Which lines the columns of a layer see (rule L1).

Lines are numbered through a network: its inputs, then the outputs of layer after layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec.column import check_range

MAX_LINES = 1 << 24


@dataclass(frozen=True)
class DenseWiring:
    """Every one of ``columns`` columns sees the ``lines`` lines from number ``first`` on."""

    lines: int
    first: int = 0
    columns: int = 1
    kind: ClassVar[str] = "dense"

    def __post_init__(self) -> None:
        check_range("wiring.lines", self.lines, 1, MAX_LINES)
        check_range("wiring.first", self.first, 0, MAX_LINES)
        check_range("wiring.columns", self.columns, 1, MAX_LINES)

    @property
    def inputs(self) -> int:
        """Lines of one column."""
        return self.lines

    def table(self) -> NDArray[np.int64]:
        """(column, input): number of the line."""
        return np.broadcast_to(self.first + np.arange(self.lines, dtype=np.int64), (self.columns, self.lines))


@dataclass(frozen=True)
class FieldWiring:
    """Receptive fields: windows over a ``height`` × ``width`` grid of places with ``channels`` lines each.

    size, stride: (rows, columns) of places; one integer stands for both. Windows stay inside the grid (valid padding); they and the
    places in them are taken row by row, the channel runs fastest. corners: only the (up to four) corners of each window. first: number of
    the grid's first line.
    """

    height: int
    width: int
    channels: int
    size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    corners: bool = False
    first: int = 0
    kind: ClassVar[str] = "field"

    def __post_init__(self) -> None:
        for name in ("size", "stride"):
            value: Any = getattr(self, name)
            pair = (value, value) if isinstance(value, int) else tuple(value)
            if len(pair) != 2:
                raise ConfigError(f"wiring.{name} is not legal", got=value, allowed="one integer or (rows, columns)")
            object.__setattr__(self, name, pair)
        for name in ("height", "width", "channels"):
            check_range(f"wiring.{name}", getattr(self, name), 1, MAX_LINES)
        for label, size, stride, extent in zip(("rows", "columns"), self.size, self.stride, (self.height, self.width), strict=True):
            check_range(f"wiring.size ({label})", size, 1, extent)
            check_range(f"wiring.stride ({label})", stride, 1, MAX_LINES)
        check_range("wiring.first", self.first, 0, MAX_LINES)

    @property
    def grid(self) -> tuple[int, int]:
        """(rows, columns) of windows, hence of the layer's columns."""
        rows = (self.height - self.size[0]) // self.stride[0] + 1
        return rows, (self.width - self.size[1]) // self.stride[1] + 1

    @property
    def columns(self) -> int:
        """Number of windows."""
        return self.grid[0] * self.grid[1]

    @property
    def inputs(self) -> int:
        """Lines of one window."""
        return len(self._offsets(0)) * len(self._offsets(1)) * self.channels

    def _offsets(self, axis: int) -> list[int]:
        size = self.size[axis]
        return sorted({0, size - 1}) if self.corners else list(range(size))

    def table(self) -> NDArray[np.int64]:
        """(column, input): number of the line."""
        rows, columns = self.grid
        y = np.arange(rows)[:, None] * self.stride[0] + np.array(self._offsets(0))  # (window row, place)
        x = np.arange(columns)[:, None] * self.stride[1] + np.array(self._offsets(1))
        place = y[:, None, :, None] * self.width + x[None, :, None, :]
        line = place[..., None] * self.channels + np.arange(self.channels)
        return np.asarray(self.first + line, dtype=np.int64).reshape(self.columns, self.inputs)


@dataclass(frozen=True)
class ListWiring:
    """Any wiring: for every column the numbers of its lines, all of one length."""

    lines: tuple[tuple[int, ...], ...]
    kind: ClassVar[str] = "list"

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(tuple(int(n) for n in row) for row in self.lines))
        lengths = {len(row) for row in self.lines}
        if len(lengths) != 1 or 0 in lengths:
            raise ConfigError("wiring.lines is not legal", got=f"rows of {sorted(lengths)} lines", allowed="rows of one length ≥ 1")
        if min(min(row) for row in self.lines) < 0:
            raise ConfigError("wiring.lines is not legal", got="a negative number", allowed="line numbers ≥ 0")

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.lines)

    @property
    def inputs(self) -> int:
        """Lines of one column."""
        return len(self.lines[0])

    def table(self) -> NDArray[np.int64]:
        """(column, input): number of the line."""
        return np.array(self.lines, dtype=np.int64)


Wiring = DenseWiring | FieldWiring | ListWiring
WIRINGS: tuple[type[DenseWiring] | type[FieldWiring] | type[ListWiring], ...] = (DenseWiring, FieldWiring, ListWiring)


def shortest_wiring(table: NDArray[np.int64]) -> Wiring:
    """The wiring of a (column, input) table, as DenseWiring where it is one."""
    table = np.asarray(table, dtype=np.int64)
    first = int(table[0, 0])
    if (table == first + np.arange(table.shape[1])).all():
        return DenseWiring(table.shape[1], first, table.shape[0])
    return ListWiring(tuple(map(tuple, table.tolist())))
