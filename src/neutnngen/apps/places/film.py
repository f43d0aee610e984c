"""An animation: a world is explored, the robot is put down in it again, recognises it, and goes to a feature by name."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.figures import INK
from neutnngen.apps.places.explore import FULL_SETTING, Setting
from neutnngen.apps.places.frame import Frame
from neutnngen.apps.places.plots import LINES, SOFT, WAY, draw_edges, draw_world
from neutnngen.apps.places.world import Rng, World, sights, tour, walk
from neutnngen.files import write_atomic

MILLISECONDS = 450
"""Of a picture."""

EDGES, VOTES = "edges that are known", "votes of the environment column"
PAUSE = 5
"""Pictures for which an act's end stays."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of the film. title: what happens. at: feature where the robot is. seen: features of this act so far. edges: recalled.
    bars, what: a number for every environment, and what it is. goal, path: of the last act."""

    title: str
    at: int
    seen: tuple[int, ...]
    edges: Any
    bars: NDArray[np.int64]
    what: str
    goal: int | None = None
    path: tuple[int, ...] = ()


def make_film(path: Path, setting: Setting = FULL_SETTING, seed: int = 0) -> Path:
    """Write the film as an animated GIF. All environments are learned; the last is shown."""
    import matplotlib.pyplot as plt
    from PIL import Image

    rng = np.random.default_rng(seed)
    worlds = setting.worlds(rng)
    frame = Frame(setting.sizes, span=setting.span, tolerance=setting.tolerance)
    for world in worlds[:-1]:
        frame.enter()
        for sight in sights(world, tour(world, rng)):
            frame.observe(*sight)
    shots = []
    for picture in _pictures(frame, worlds[-1], len(worlds) - 1, rng):
        figure = _draw(picture, worlds[-1], len(worlds) - 1)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=80)
        plt.close(figure)
        shots.append(Image.open(buffer).convert("P", palette=Image.Palette.ADAPTIVE, colors=48))
    film = io.BytesIO()
    shots[0].save(film, format="GIF", save_all=True, append_images=shots[1:], duration=MILLISECONDS, loop=0, optimize=True)
    return write_atomic(path, film.getvalue())


def _pictures(frame: Frame, world: World, environment: int, rng: Rng) -> Iterator[Picture]:
    route = tour(world, rng)
    known = np.zeros(frame.sizes.environments, dtype=np.int64)
    known[:environment] = [len(frame.edges(n)) for n in range(environment)]
    frame.enter()
    picture = None
    for n, sight in enumerate(sights(world, route)):
        step = frame.observe(*sight)
        edges = frame.edges(environment)
        title = f"exploring environment {environment}: {len(edges)} edges known, {len(step.stored)} of them new"
        known[environment] = len(edges)
        picture = Picture(title, sight.feature, tuple(route[: n + 1]), edges, known.copy(), EDGES)
        yield picture
    assert picture is not None
    yield from [replace(picture, title=f"explored: {len(picture.edges)} edges, each shown in three waves")] * PAUSE
    frame.drop()
    seen = walk(world, 4, rng)
    for n, sight in enumerate(sights(world, seen)):
        frame.observe(*sight)
        place = frame.where()
        believes = "no idea yet" if place.environment is None else f"environment {place.environment}"
        believes += ", sure" if place.sure else ""
        edges = frame.edges(environment) if place.sure else picture.edges[:0]
        picture = Picture(
            f"put down somewhere, {n + 1} features seen: {believes}", sight.feature, tuple(seen[: n + 1]), edges, frame.votes, VOTES
        )
        yield from [picture] * 2
    yield from [picture] * PAUSE
    ways = [way for feature in range(len(world.positions)) if (way := frame.path_to(feature)) is not None]
    goal = int(max(ways, key=lambda way: len(way.features)).features[-1])
    path = [seen[-1]]
    while path[-1] != goal and len(path) < 9:
        onward = frame.path_to(goal)
        if onward is None:
            break
        title = f"on to feature {goal}: {' → '.join(map(str, onward.features))}"
        picture = Picture(title, path[-1], (), frame.edges(environment), frame.votes, VOTES, goal, tuple(path))
        yield from [picture] * 2
        following = int(onward.features[1])
        frame.observe(following, onward.steps[0])
        path.append(following)
    yield from [Picture(f"arrived at feature {goal}", path[-1], (), frame.edges(environment), frame.votes, VOTES, goal, tuple(path))] * (
        2 * PAUSE
    )


def _draw(picture: Picture, world: World, environment: int) -> Any:
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 5.2), width_ratios=(1.25, 1), layout="constrained")
    draw_world(left, world)
    draw_edges(left, world, picture.edges)
    for way, colour in ((picture.seen, LINES[1]), (picture.path, WAY)):
        points = world.positions[list(way)]
        left.plot(*points.T, color=colour, linewidth=2, alpha=0.8, zorder=2)
    if picture.goal is not None:
        left.scatter(*world.positions[picture.goal], s=420, facecolor="none", edgecolor=WAY, linewidth=2, zorder=3)
    left.scatter(*world.positions[picture.at], s=320, color=LINES[1], alpha=0.55, zorder=2.5)
    left.set_title(picture.title, loc="left", fontsize=10)
    bars = right.bar(range(len(picture.bars)), picture.bars, color=SOFT)
    bars[environment].set_color(LINES[0])
    right.set(ylim=(0, max(10, int(picture.bars.max()) + 2)), xlabel="environment")
    right.set_title(picture.what, loc="left", fontsize=10, color=INK)
    return figure
