"""What the pictures share: looks of families, logarithmic axes of errors, names that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.figures import COLOURS, INK, SOFT

MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
SIDES = (0.0, 0.5, 1.0)
LEAST = 1e-5
"""Where an error of nothing is drawn on a logarithmic axis."""
NEAR = 13
"""Points up to which a name needs no line to what it names."""


def looks_of(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and kind of line; no two of eighteen are alike."""
    made: dict[str, dict[str, Any]] = {}
    for n, name in enumerate(names):
        turn = n // len(COLOURS)
        made[name] = {
            "color": COLOURS[n % len(COLOURS)],
            "marker": MARKERS[(n + turn) % len(MARKERS)],
            "linestyle": LINES[turn % len(LINES)],
        }
    return made


def name_points(
    axes: Any,
    texts: Sequence[tuple[str, float, float]],
    dots: Sequence[tuple[float, float, float]],
    paths: Sequence[NDArray[np.float64]],
) -> None:
    """Write names beside their points, clear of points, bars, lines and each other, with a thin line where a name had to move away.

    texts: (name, x, y). dots: (x, y, length of the bar). paths: (point, 2) lines. The layout must have been settled.
    """
    from matplotlib.transforms import Bbox

    figure = axes.get_figure()
    scale = figure.dpi / 72
    to_pixels = axes.transData.transform
    taken, centres = [], to_pixels([(x, y) for x, y, _ in dots])
    for x, y, sd in dots:
        (at, low), (_, high) = to_pixels([(x, max(y - sd, LEAST / 2)), (x, y + sd)])
        middle = to_pixels((x, y))[1]
        taken.append(Bbox.from_extents(at - 5 * scale, middle - 5 * scale, at + 5 * scale, middle + 5 * scale))
        taken.append(Bbox.from_extents(at - 2 * scale, low, at + 2 * scale, high))
    crossed = [_dense(to_pixels(path)) for path in paths if len(path) > 1]
    line = np.concatenate(crossed) if crossed else np.zeros((0, 2))
    room = axes.get_window_extent()
    for name, x, y in sorted(texts, key=lambda t: (t[1], t[2])):
        here, probe = to_pixels((x, y)), _note(axes, name, x, y, 0, 0)
        size = probe.get_window_extent()
        probe.remove()
        own = np.hypot(*(centres - here).T) < scale
        others = [other for other in taken if not other.contains(*here)]
        best: tuple[float, tuple[float, float], Any] | None = None
        for reach, angle in product((7, 12, 20, 30, 42, 56, 72), (45, 225, 0, 180, 90, 270, 135, 315, 22, 68, 202, 248)):
            if best is not None and best[0] <= reach:
                break
            dx, dy = reach * math.cos(math.radians(angle)), reach * math.sin(math.radians(angle))
            x0 = here[0] + dx * scale - SIDES[_side(dx)] * size.width
            y0 = here[1] + dy * scale - SIDES[_side(dy)] * size.height
            box = Bbox.from_bounds(x0, y0, size.width, size.height).padded(1.5 * scale)
            hits = sum(box.overlaps(other) for other in taken)
            inside = (line[:, 0] > box.x0) & (line[:, 0] < box.x1) & (line[:, 1] > box.y0) & (line[:, 1] < box.y1)
            out = box.x0 < room.x0 or box.x1 > room.x1 or box.y0 < room.y0 or box.y1 > room.y1
            gaps = np.maximum(np.maximum((box.x0, box.y0) - centres, centres - (box.x1, box.y1)), 0)
            far = np.hypot(*gaps.T)
            astray = far[~own].min(initial=math.inf) < 1.3 * far[own].min(initial=math.inf)
            lead = here + np.linspace(0.3, 0.9, 12)[:, None] * (dx * scale, dy * scale)
            cut = reach > NEAR and any(other.contains(*point) for other in others for point in lead)
            cost = 1000 * hits + 1000 * out + 300 * cut + 40 * inside.any() + 25 * astray + reach
            if best is None or cost < best[0]:
                best = (cost, (dx, dy), box)
        assert best is not None
        _note(axes, name, x, y, *best[1], line=math.hypot(*best[1]) > NEAR)
        taken.append(best[2])


def stairs(points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """(corner, 2) of the line that falls only where the next point is reached."""
    corners = [points[0]]
    for before, after in pairwise(points):
        corners += [(after[0], before[1]), after]
    return np.array(corners)


def _dense(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Many points of a line of corners."""
    return np.concatenate([np.linspace(a, b, 60, endpoint=False) for a, b in pairwise(corners)])


def _side(way: float) -> int:
    """Which side of a name is at its point, if it lies this way from there: 0 the left or lower one, 1 the middle, 2 the other."""
    return 1 if abs(way) < 3 else 0 if way > 0 else 2


def _note(axes: Any, name: str, x: float, y: float, dx: float, dy: float, line: bool = False) -> Any:
    """A name ``dx``, ``dy`` points away from (x, y), its near side towards it."""
    across, along = ("left", "center", "right")[_side(dx)], ("bottom", "center", "top")[_side(dy)]
    near = SIDES[_side(dx)], SIDES[_side(dy)]
    lead = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4, "relpos": near}
    place = {"xytext": (dx, dy), "textcoords": "offset points", "ha": across, "va": along}
    note = axes.annotate(name, (x, y), fontsize=8, color=INK, arrowprops=lead if line else None, zorder=6, **place)
    note.set_in_layout(False)
    return note


def stretched(values: Sequence[float], share: float) -> tuple[float, float]:
    """Limits of a logarithmic axis: the range of the values, and ``share`` of it on either side, of a factor of two at least."""
    low, high = min(values), max(values)
    room = max(high / low, 4.0) ** share
    return low / room, high * room


def error_limits(errors: Sequence[float]) -> tuple[float, float]:
    """Of an axis of errors. Bars that reach nothing do not count."""
    return stretched([e for e in errors if e >= LEAST] or [LEAST], 0.08)


def log_axis(axis: Any, low: float, high: float, words: Any) -> None:
    """A logarithmic axis with ticks at round numbers, few enough to be read."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, high)})
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9), (1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
        if len(ticks) <= 7:
            break
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: words(value))


def short_number(value: float) -> str:
    """12,000 as 12k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def percent(share: float) -> str:
    """A share in per cent, with as many digits as tell something."""
    value = 100 * share
    return f"{value:.0f}" if value >= 99.95 else f"{value:.3g}"


def exact_percent(share: float) -> str:
    """A share in per cent with two digits after the point, one above 10."""
    return f"{100 * share:.2f}" if share < 0.09995 else f"{100 * share:.1f}"
