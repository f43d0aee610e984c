"""The compiled parts of the electrostatic placer: wire length and its slope, charge on the bins, force of the field.

Lengths are in bins of the density map (a cell at x = 3.5 is in the middle of bin 3), so that bins have area 1.
"""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, nogil=True, fastmath=True)
def wire_slope(net_start, net_weight, pin_cell, pin_x, pin_y, x, y, gamma, scale_x, scale_y, slope_x, slope_y):  # type: ignore[no-untyped-def]
    """Adds the slope of the weighted-average wire length by cell to ``slope_x`` and ``slope_y``; returns the half-perimeter of all nets.

    A net of two pins at distance d has the length d tanh(d / 2 gamma); others need two exponentials for every pin and axis.
    scale_x, scale_y: width and height of a bin in the unit of length.
    """
    total = 0.0
    for k in range(net_start.shape[0] - 1):
        first, last = net_start[k], net_start[k + 1]
        weight = net_weight[k]
        if last - first == 2:
            a, b = pin_cell[first], pin_cell[first + 1]
            total += weight * scale_x * _two(x, pin_x, first, a, b, gamma, weight * scale_x, slope_x)
            total += weight * scale_y * _two(y, pin_y, first, a, b, gamma, weight * scale_y, slope_y)
        else:
            total += weight * scale_x * _many(x, pin_x, pin_cell, first, last, gamma, weight * scale_x, slope_x)
            total += weight * scale_y * _many(y, pin_y, pin_cell, first, last, gamma, weight * scale_y, slope_y)
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _two(x, pin, first, a, b, gamma, weight, slope):  # type: ignore[no-untyped-def]
    d = x[a] + pin[first] - x[b] - pin[first + 1]
    half = abs(d) / (2.0 * gamma)
    e = math.exp(-2.0 * half)
    tanh = (1.0 - e) / (1.0 + e)
    s = weight * (tanh + half * (1.0 - tanh * tanh))
    if d < 0.0:
        s = -s
    slope[a] += s
    slope[b] -= s
    return abs(d)


@njit(cache=True, nogil=True, fastmath=True)
def _many(x, pin, pin_cell, first, last, gamma, weight, slope):  # type: ignore[no-untyped-def]
    low = high = x[pin_cell[first]] + pin[first]
    for i in range(first + 1, last):
        at = x[pin_cell[i]] + pin[i]
        low, high = min(low, at), max(high, at)
    inverse = 1.0 / gamma
    up = up_x = down = down_x = 0.0  # sums of exponentials, and of places weighted by them; places relative to the ends
    for i in range(first, last):
        at = x[pin_cell[i]] + pin[i]
        e = math.exp((at - high) * inverse)
        up += e
        up_x += e * (at - high)
        e = math.exp((low - at) * inverse)
        down += e
        down_x += e * (at - low)
    mean_up, mean_down = high + up_x / up, low + down_x / down
    for i in range(first, last):
        at = x[pin_cell[i]] + pin[i]
        e = math.exp((at - high) * inverse) / up
        f = math.exp((low - at) * inverse) / down
        slope[pin_cell[i]] += weight * (e * (1.0 + (at - mean_up) * inverse) - f * (1.0 - (at - mean_down) * inverse))
    return high - low


@njit(cache=True, nogil=True, fastmath=True)
def add_charge(x, y, half_width, half_height, charge, first, last, density):  # type: ignore[no-untyped-def]
    """Adds cells ``first … last - 1`` to the bins that they cover; ``charge``: density of each over its (widened) outline."""
    nx, ny = density.shape
    for k in range(first, last):
        x0, x1 = x[k] - half_width[k], x[k] + half_width[k]
        y0, y1 = y[k] - half_height[k], y[k] + half_height[k]
        for i in range(max(0, int(x0)), min(nx, math.ceil(x1))):
            across = (min(x1, i + 1.0) - max(x0, float(i))) * charge[k]
            for j in range(max(0, int(y0)), min(ny, math.ceil(y1))):
                density[i, j] += across * (min(y1, j + 1.0) - max(y0, float(j)))


@njit(cache=True, nogil=True, fastmath=True)
def field_force(x, y, half_width, half_height, charge, field_x, field_y, force_x, force_y):  # type: ignore[no-untyped-def]
    """Force of the field on every cell: the field over its outline times its charge."""
    nx, ny = field_x.shape
    for k in range(x.shape[0]):
        x0, x1 = x[k] - half_width[k], x[k] + half_width[k]
        y0, y1 = y[k] - half_height[k], y[k] + half_height[k]
        sum_x = sum_y = 0.0
        for i in range(max(0, int(x0)), min(nx, math.ceil(x1))):
            across = min(x1, i + 1.0) - max(x0, float(i))
            for j in range(max(0, int(y0)), min(ny, math.ceil(y1))):
                share = across * (min(y1, j + 1.0) - max(y0, float(j)))
                sum_x += share * field_x[i, j]
                sum_y += share * field_y[i, j]
        force_x[k] = charge[k] * sum_x
        force_y[k] = charge[k] * sum_y


@njit(cache=True, nogil=True, fastmath=True)
def overflow(movable, room):  # type: ignore[no-untyped-def]
    """Charge of movable cells above what the bins have room for."""
    total = 0.0
    for i in range(movable.shape[0]):
        for j in range(movable.shape[1]):
            total += max(0.0, movable[i, j] - room[i, j])
    return total


@njit(cache=True, nogil=True, fastmath=True)
def move(at, slope, step, low, high, out):  # type: ignore[no-untyped-def]
    """One step against the slope, kept within the limits of every cell."""
    for k in range(at.shape[0]):
        out[k] = min(max(at[k] - step * slope[k], low[k]), high[k])


@njit(cache=True, nogil=True, fastmath=True)
def look_ahead(new, old, share, low, high, out):  # type: ignore[no-untyped-def]
    """Nesterov's reference point: beyond ``new`` by a share of the last move."""
    for k in range(new.shape[0]):
        out[k] = min(max(new[k] + share * (new[k] - old[k]), low[k]), high[k])
