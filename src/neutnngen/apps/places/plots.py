"""Pictures of the benchmark of place cells: capacity, recognition, and worlds with what the layer recalls of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.apps.figures import INK, save_figure
from neutnngen.apps.places.explore import Explored
from neutnngen.apps.places.navigate import Journey, travel
from neutnngen.apps.places.recall import Score
from neutnngen.apps.places.recognise import ENOUGH, SIGHTINGS, settle
from neutnngen.apps.places.results import Figure
from neutnngen.apps.places.world import CLEAN, NOISES, World

COLOURS = {"exact": "#0b6e99", "extra": "#7fb5cc", "silent": "#d9dcdf", "wrong": "#c8641b"}
NAMES = {"exact": "what was stored, and nothing else", "extra": "that, and more", "silent": "no answer", "wrong": "something else"}
LINES = ("#0b6e99", "#4a8f4d", "#c8641b", "#7a5195", "#404040")
SOFT, WAY = "#9aa0a6", "#c8641b"
PANELS = 4
"""Worlds in one picture."""


def plot_capacity(figures: Sequence[Figure], path: Path) -> Path:
    """Kinds of answers as areas over the number of stored edges, and the share that is exact without taught learning as a line."""
    import matplotlib.pyplot as plt

    found = {(f.condition, f.measure): f.mean for f in figures}
    conditions = list(dict.fromkeys(f.condition for f in figures))
    stored = [int(condition.split()[0]) for condition in conditions]
    shares = {kind: np.array([found[c, kind] for c in conditions]) for kind in ("exact", "extra", "silent", "wrong")}
    assert set(shares) == set(Score._fields)
    figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
    axes.stackplot(stored, list(shares.values()), colors=[COLOURS[k] for k in shares], labels=[NAMES[k] for k in shares], linewidth=0)
    plain = [found.get((c, "exact, not taught"), np.nan) for c in conditions]
    axes.plot(stored, plain, color=INK, linestyle="--", marker="o", markersize=3.5, label="exact without taught learning (R15)")
    latest = [found[c, "latest, exact or more"] for c in conditions]
    axes.plot(
        stored, latest, color="black", linewidth=0.9, marker="o", markerfacecolor="white", markersize=4, label="of the latest hundred"
    )
    axes.set(xscale="log", xlim=(stored[0], stored[-1]), ylim=(0, 1), xlabel="random edges stored", ylabel="share of answers")
    axes.set_xticks(stored, [f"{n:,}" for n in stored], rotation=45)
    axes.minorticks_off()
    axes.set_title("A layer that is filled beyond what it holds", loc="left")
    axes.legend(loc="lower left", frameon=True, framealpha=0.9, fontsize=8.5)
    return save_figure(figure, path)


def plot_recognition(figures: Sequence[Figure], path: Path) -> Path:
    """Share of environments that are recognised, by the number of features seen, for every kind of noise."""
    import matplotlib.pyplot as plt

    found = {(f.condition, f.measure): f for f in figures}
    after = list(range(2, SIGHTINGS + 1))
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for colour, noise in zip(LINES, NOISES, strict=True):
        points = [found[noise, f"environment after {n}"] for n in after]
        sd = np.nan_to_num([p.sd for p in points])
        axes.errorbar(after, [p.mean for p in points], sd, color=colour, marker="o", markersize=4, capsize=2, label=noise)
    axes.axhline(1, color=SOFT, linewidth=0.8)
    axes.axvline(ENOUGH, color=SOFT, linewidth=0.8, linestyle=":")
    axes.set(xticks=after, xlabel="features seen, the first among them", ylabel="environment recognised", ylim=(None, 1.01))
    axes.set_title("Put down somewhere", loc="left")
    axes.legend(title="senses", frameon=False, loc="lower right")
    return save_figure(figure, path)


def plot_worlds(explored: Explored, path: Path) -> Path:
    """The first worlds: features where they are, the edges that the layer recalls drawn from them, and one journey each."""
    import matplotlib.pyplot as plt

    count = min(PANELS, len(explored.worlds))
    figure, panels = plt.subplots(1, count, figsize=(3.4 * count, 3.9), layout="constrained", squeeze=False)
    rng = np.random.default_rng(0)
    for number, axes in enumerate(panels[0]):
        world = explored.worlds[number]
        start = settle(explored.frame, world, rng)
        goal = int(rng.choice(np.delete(np.arange(len(world.positions)), start)))
        journey = travel(explored, world, start, goal, CLEAN, rng)
        draw_world(axes, world)
        draw_edges(axes, world, explored.frame.edges(number))
        draw_way(axes, world, journey)
        axes.set_title(f"environment {number}: from {start} to {goal}", fontsize=10, loc="left")
    figure.suptitle("Features of four worlds, the edges that the layer recalls (exact ones in blue), and a journey", fontsize=11)
    return save_figure(figure, path)


def draw_world(axes: Any, world: World) -> None:
    """Features with their numbers."""
    axes.scatter(*world.positions.T, s=150, color="white", edgecolor=INK, zorder=3)
    for feature, (x, y) in enumerate(world.positions.tolist()):
        axes.text(x, y, str(feature), ha="center", va="center", fontsize=8, color=INK, zorder=4)
    margin = 0.08 * world.size
    axes.set(xlim=(-margin, world.size - 1 + margin), ylim=(-margin, world.size - 1 + margin), xticks=[], yticks=[], aspect="equal")
    for side in axes.spines.values():
        side.set_color(SOFT)


def draw_edges(axes: Any, world: World, edges: Any) -> None:
    """Recalled edges, each from where its tail is by the displacement that was recalled; orange where it does not end at its head."""
    for dx, dy, _, tail, head in edges.tolist():
        x, y = world.positions[tail].tolist()
        right = (world.positions[head] == (x + dx, y + dy)).all()
        axes.plot([x, x + dx], [y, y + dy], color=LINES[0] if right else WAY, linewidth=0.7, alpha=0.45, zorder=1)


def draw_way(axes: Any, world: World, journey: Journey) -> None:
    """A journey as arrows."""
    for tail, head in zip(journey.path[:-1], journey.path[1:], strict=True):
        arrow = {"arrowstyle": "-|>", "color": WAY, "linewidth": 2, "shrinkA": 8, "shrinkB": 8}
        axes.annotate("", world.positions[head], world.positions[tail], arrowprops=arrow, zorder=2)
