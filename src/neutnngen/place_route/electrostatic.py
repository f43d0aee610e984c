"""Global placement as electrostatics: cells are charges that repel each other while the nets pull them together.

The method of ePlace and DREAMPlace: a smooth wire length (weighted average) plus a growing weight times the energy of the charges, whose
field comes from Poisson's equation by cosine transforms, minimised by Nesterov's method with a step from the estimated Lipschitz constant.
Charges without nets ("filler cells") take up the room that the target density leaves, so that the rest may stay close together.

Sources: J. Lu et al., "ePlace: Electrostatics-Based Placement Using Fast Fourier Transform and Nesterov's Method", ACM TODAES 20(2),
2015; Y. Lin et al., "DREAMPlace: Deep Learning Toolkit-Enabled GPU Acceleration for Modern VLSI Placement", DAC 2019.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from neutnngen.pdk.technology import Rect
from neutnngen.place_route.electrostatic_kernel import add_charge, field_force, look_ahead, move, overflow, wire_slope
from neutnngen.place_route.placement_arrays import Floats, PlacementArrays

WIDEST_NET = 400
"""Nets with more pins (clocks and resets before their trees) do not pull: trees will take them apart."""

FIRST_WEIGHT = 1e-3
"""Share of the wires' slope that the field has at the start."""

PRESENT_WEIGHT = 0.2
"""The same where placement goes on from present places."""

GAMMA_BINS = 6.0
"""Smoothing of the wire length in bins at an overflow of 0.55; a tenth of that at 0.1, ten times at 1."""


WORSE = 0.004
"""Relative growth of the wires in an iteration at which the weight of the field stays as it is."""


@dataclass(frozen=True)
class Schedule:
    """growth: of the field's weight, at most, in an iteration. overflow: share of cell area above the target density at which to stop.
    iterations: at most. cells_per_bin: of the density map."""

    growth: float = 1.05
    overflow: float = 0.07
    iterations: int = 1500
    cells_per_bin: float = 1.0


@dataclass(frozen=True)
class Spread:
    """x, y: centres of all cells in database units. overflow: share of the area of movable cells above the target density."""

    x: Floats
    y: Floats
    iterations: int
    overflow: float


def spread(
    arrays: PlacementArrays,
    core: Rect,
    blocked: Sequence[Rect] = (),
    *,
    density: float,
    schedule: Schedule | None = None,
    seed: int = 0,
    from_present: bool = False,
    watch: Callable[[int, float, float], None] | None = None,
) -> Spread:
    """Places of the movable cells for short wires at no more than the target density; cells may still overlap a little.

    core: where they may be. blocked: rectangles without room for cells, besides the fixed cells. density: share of the room that cells may
    take, above their share of the core. from_present: start from the present places instead of the middle of the core.
    watch: called with (iteration, half-perimeter in bins, overflow).
    """
    schedule = schedule or Schedule()
    return _Spreader(arrays, core, blocked, density, schedule, seed, from_present).run(watch)


class _Spreader:
    """State of one placement; all lengths are in bins, charges of cells are their areas in bins."""

    def __init__(
        self,
        arrays: PlacementArrays,
        core: Rect,
        blocked: Sequence[Rect],
        density: float,
        schedule: Schedule,
        seed: int,
        from_present: bool,
    ) -> None:
        self.schedule, self.arrays, self.from_present = schedule, arrays, from_present
        wide, high = core.x1 - core.x0, core.y1 - core.y0
        movable = arrays.movable
        count = max(64.0, float(movable.sum()) / schedule.cells_per_bin)
        side = math.sqrt(wide * high / count)
        self.nx = scipy.fft.next_fast_len(max(8, round(wide / side)), real=True)
        self.ny = scipy.fft.next_fast_len(max(8, round(high / side)), real=True)
        self.bin_x, self.bin_y = wide / self.nx, high / self.ny
        mean = math.sqrt(self.bin_x * self.bin_y)
        self.scale_x, self.scale_y = self.bin_x / mean, self.bin_y / mean
        self.corner = core.x0, core.y0
        random = np.random.default_rng(seed)

        width, height = arrays.width / self.bin_x, arrays.height / self.bin_y
        x, y = (arrays.x - core.x0) / self.bin_x, (arrays.y - core.y0) / self.bin_y
        fixed = ~movable & (arrays.width > 0)
        self.fixed = np.zeros((self.nx, self.ny))
        add_charge(x[fixed], y[fixed], width[fixed] / 2, height[fixed] / 2, np.ones(int(fixed.sum())), 0, int(fixed.sum()), self.fixed)
        for rect in blocked:
            one = np.ones(1)
            across, up = (rect.x1 - rect.x0) / self.bin_x / 2, (rect.y1 - rect.y0) / self.bin_y / 2
            middle = (rect.x0 - core.x0) / self.bin_x + across, (rect.y0 - core.y0) / self.bin_y + up
            add_charge(middle[0] * one, middle[1] * one, across * one, up * one, one, 0, 1, self.fixed)
        np.minimum(self.fixed, 1.0, out=self.fixed)
        area = np.where(movable, width * height, 0.0)
        self.area = float(area.sum())
        free = float((1.0 - self.fixed).sum())
        target = min(1.0, max(density, self.area / max(free, 1e-9)))
        self.fixed *= target
        self.room = target - self.fixed

        # fillers have the size of an average cell and take up what the target density leaves
        inner = np.sort(width[movable])
        inner = inner[len(inner) // 20 : max(1, len(inner) - len(inner) // 20)]
        size = float(inner.mean()), float(height[movable].mean())
        fillers = int(max(0.0, float(self.room.sum()) - self.area) / (size[0] * size[1]))
        self.cells = len(x)
        x, y = self._start(x, y, movable, fillers, size, random)
        width = np.concatenate([width, np.full(fillers, size[0])])
        height = np.concatenate([height, np.full(fillers, size[1])])
        can = np.concatenate([movable, np.ones(fillers, np.bool_)])
        # a cell that is smaller than a bin is widened and thinned: its slope would jump otherwise
        self.half_x, self.half_y = np.maximum(width, math.sqrt(2.0)) / 2, np.maximum(height, math.sqrt(2.0)) / 2
        charge = np.where(can, width * height, 0.0)
        self.charge = charge / (4 * self.half_x * self.half_y)
        self.total = charge
        self.low_x, self.high_x = np.where(can, width / 2, x), np.where(can, np.maximum(self.nx - width / 2, width / 2), x)
        self.low_y, self.high_y = np.where(can, height / 2, y), np.where(can, np.maximum(self.ny - height / 2, height / 2), y)
        self.x, self.y = np.clip(x, self.low_x, self.high_x), np.clip(y, self.low_y, self.high_y)
        self.can = can
        self._nets()

        u = np.pi * np.arange(self.nx) / (self.nx * self.scale_x)
        v = np.pi * np.arange(self.ny) / (self.ny * self.scale_y)
        square = u[:, None] ** 2 + v[None, :] ** 2
        square[0, 0] = 1.0
        # both inverse transforms below are those without their usual factors
        self.kernel_x = (u[:, None] / square / (self.nx * self.ny)).astype(np.float32)
        self.kernel_y = (v[None, :] / square / (self.nx * self.ny)).astype(np.float32)
        self.overflow = 1.0
        self.hpwl = 0.0

    def _start(
        self, x: Floats, y: Floats, movable: NDArray[np.bool_], fillers: int, size: tuple[float, float], random: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """First places: cells in the middle (or where they are), fillers wherever cells leave room in the end."""
        if not self.from_present:
            # as wide as a hundredth of the core: enough to break the symmetry
            x = np.where(movable, self.nx * (0.5 + 0.01 * random.standard_normal(len(x))), x)
            y = np.where(movable, self.ny * (0.5 + 0.01 * random.standard_normal(len(y))), y)
            chance = self.room.ravel()
        else:
            taken = np.zeros((self.nx, self.ny))
            charge = np.ones(int(movable.sum()))
            half = self.arrays.width[movable] / self.bin_x / 2, self.arrays.height[movable] / self.bin_y / 2
            add_charge(x[movable], y[movable], half[0], half[1], charge, 0, len(charge), taken)
            chance = np.maximum(self.room - taken, 0.0).ravel()
        if fillers:
            edges = np.cumsum(chance)
            # evenly along the bins, so that no clump of fillers has to dissolve first
            at = (np.arange(fillers) + random.random(fillers)) * (edges[-1] / fillers)
            chosen = np.minimum(np.searchsorted(edges, at), len(edges) - 1)
            x = np.concatenate([x, chosen // self.ny + random.random(fillers)])
            y = np.concatenate([y, chosen % self.ny + random.random(fillers)])
        return x, y

    def _nets(self) -> None:
        """Nets that pull, their pins' offsets in bins, and the weight of every cell's pins."""
        arrays = self.arrays
        pins = np.diff(arrays.net_start)
        kept = pins <= WIDEST_NET
        of_pin = np.repeat(kept, pins)
        self.net_start = np.concatenate([[0], np.cumsum(pins[kept])]).astype(np.int32)
        self.net_weight = arrays.net_weight[kept]
        self.pin_cell = arrays.pin_cell[of_pin]
        self.pin_x = arrays.pin_x[of_pin] / self.bin_x
        self.pin_y = arrays.pin_y[of_pin] / self.bin_y
        weights = np.repeat(self.net_weight, pins[kept])
        self.pull = np.bincount(self.pin_cell, weights, minlength=len(self.x))

    def slopes(self, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Slopes by x and y of the wires' length and of the charges' energy; notes overflow and length."""
        gamma = GAMMA_BINS * 10.0 ** ((self.overflow - 0.1) * 20.0 / 9.0 - 1.0)
        wire_x, wire_y = np.zeros(len(x)), np.zeros(len(x))
        self.hpwl = wire_slope(
            self.net_start, self.net_weight, self.pin_cell, self.pin_x, self.pin_y, x, y, gamma, self.scale_x, self.scale_y, wire_x, wire_y
        )  # fmt: skip
        map_ = np.zeros((self.nx, self.ny))
        add_charge(x, y, self.half_x, self.half_y, self.charge, 0, self.cells, map_)
        self.overflow = overflow(map_, self.room) / self.area
        map_ += self.fixed
        add_charge(x, y, self.half_x, self.half_y, self.charge, self.cells, len(x), map_)
        waves = scipy.fft.dctn(map_.astype(np.float32), 2, overwrite_x=True)
        waves[0, :] /= 2
        waves[:, 0] /= 2
        field_x = _cosines(_sines(waves * self.kernel_x, 0), 1) * self.scale_x
        field_y = _cosines(_sines(waves * self.kernel_y, 1), 0) * self.scale_y
        force_x, force_y = np.empty(len(x)), np.empty(len(x))
        field_force(x, y, self.half_x, self.half_y, self.charge, field_x, field_y, force_x, force_y)
        wire_x[~self.can] = wire_y[~self.can] = 0.0
        return wire_x, wire_y, -force_x, -force_y

    def run(self, watch: Callable[[int, float, float], None] | None) -> Spread:
        """Nesterov's iterations until the overflow is small enough."""
        schedule = self.schedule
        x, y = self.x, self.y  # the last solution
        at_x, at_y = x.copy(), y.copy()  # the reference point
        parts = self.slopes(at_x, at_y)
        parts = self.slopes(at_x, at_y)  # now with the smoothing that belongs to the overflow
        norm = float(np.abs(parts[2]).sum() + np.abs(parts[3]).sum())
        weight = (float(np.abs(parts[0]).sum() + np.abs(parts[1]).sum()) / norm if norm > 0 else 1.0) * (
            PRESENT_WEIGHT if self.from_present else FIRST_WEIGHT
        )
        momentum = 1.0
        step = 0.0
        slope = self._combine(parts, weight)
        before = self.hpwl
        done = 0
        for done in range(1, schedule.iterations + 1):
            if done == 1:
                largest = max(float(np.abs(slope[0]).max()), float(np.abs(slope[1]).max()), 1e-12)
                step = 0.1 / largest
            following = (1.0 + math.sqrt(4.0 * momentum * momentum + 1.0)) / 2.0
            share = (momentum - 1.0) / following
            for _ in range(4):
                new_x, new_y, next_x, next_y = (np.empty(len(x)) for _ in range(4))
                move(at_x, slope[0], step, self.low_x, self.high_x, new_x)
                move(at_y, slope[1], step, self.low_y, self.high_y, new_y)
                look_ahead(new_x, x, share, self.low_x, self.high_x, next_x)
                look_ahead(new_y, y, share, self.low_y, self.high_y, next_y)
                parts = self.slopes(next_x, next_y)
                fresh = self._combine(parts, weight)
                moved = math.sqrt(float(((next_x - at_x) ** 2).sum() + ((next_y - at_y) ** 2).sum()))
                turned = math.sqrt(float(((fresh[0] - slope[0]) ** 2).sum() + ((fresh[1] - slope[1]) ** 2).sum()))
                estimate = moved / max(turned, 1e-12)
                good = estimate > 0.95 * step
                step = estimate
                if good:
                    break
            x, y, at_x, at_y, momentum = new_x, new_y, next_x, next_y, following
            if watch is not None:
                watch(done, self.hpwl, self.overflow)
            if self.overflow < schedule.overflow:
                break
            # the weight grows while wires do not suffer from it
            worse = (self.hpwl - before) / max(before, 1e-9) / WORSE
            weight *= min(schedule.growth, max(0.95, schedule.growth ** (1.0 - worse)))
            before = self.hpwl
            slope = self._combine(parts, weight)
        cells = slice(0, self.cells)
        return Spread(
            np.where(self.arrays.movable, x[cells] * self.bin_x + self.corner[0], self.arrays.x),
            np.where(self.arrays.movable, y[cells] * self.bin_y + self.corner[1], self.arrays.y),
            done,
            self.overflow,
        )

    def _combine(self, parts: tuple[Floats, Floats, Floats, Floats], weight: float) -> tuple[Floats, Floats]:
        """Both slopes, each cell's divided by what it has of pins and charge, so that all move alike."""
        stiff = np.maximum(1.0, self.pull + weight * self.total)
        return (parts[0] + weight * parts[2]) / stiff, (parts[1] + weight * parts[3]) / stiff


def _cosines(waves: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Sum of amplitudes times cosines at the bins' middles."""
    doubled = waves.copy()
    first = [slice(None), slice(None)]
    first[axis] = slice(0, 1)
    doubled[tuple(first)] *= 2
    found: NDArray[np.float32] = scipy.fft.dct(doubled, 3, axis=axis, overwrite_x=True)
    return found


def _sines(waves: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Sum of amplitudes times sines at the bins' middles, likewise (the wave of order 0 is none)."""
    shifted = np.roll(waves, -1, axis)
    last = [slice(None), slice(None)]
    last[axis] = slice(-1, None)
    shifted[tuple(last)] = 0
    found: NDArray[np.float32] = scipy.fft.dst(shifted, 3, axis=axis, overwrite_x=True)
    return found
