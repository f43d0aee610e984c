"""A reference frame for a robot: it tells the frame which feature it sees and how far it has moved, and asks where it is and how to go on.

>>> frame = Frame(features=["door", "table", "lamp"], cell=0.1)
>>> hall = frame.enter()                            # learn a new environment, on line
>>> frame.observe("door")
>>> frame.observe("table", (0.8, 0.3))              # metres moved since the door
>>> frame.drop()                                    # put down somewhere
>>> frame.observe("table"); frame.observe("door", (-0.8, -0.3))
>>> frame.where()                                   # the hall, at the door
>>> frame.path_to("table")
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.evidence import EXACT, Votes, ballots, support
from neutnngen.apps.places.graph import Graph, recall_graph
from neutnngen.apps.places.memory import EdgeMemory
from neutnngen.apps.places.sizes import FULL, Edges, Sizes
from neutnngen.apps.places.trail import Trail
from neutnngen.errors import ConfigError, unknown_name
from neutnngen.spec import Design, load_design

Feature = int | str
"""A feature by its number, or by its name where the frame was given names."""


@dataclasses.dataclass(frozen=True)
class Step:
    """What an observation did. stored: edges that were new and have been learned, (edge, label), none where nothing is learned. related:
    how many earlier sightings it was related to."""

    stored: Edges
    related: int


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the frame believes to be. environment: None while nothing speaks for any. feature: the one that is here; not always the one
    that was read. votes: for this environment; lead: how many more than for the next; sure: whether that is an exact match or more."""

    environment: int | None
    feature: Feature | None
    votes: int
    lead: int

    @property
    def sure(self) -> bool:
        """See above."""
        return self.environment is not None and self.lead >= EXACT


@dataclasses.dataclass(frozen=True)
class Path:
    """A way to a feature. features: on the way, from here to the goal. steps: displacement from each to the next, in the robot's units.
    length: along the steps."""

    features: tuple[Feature, ...]
    steps: tuple[tuple[float, float], ...]
    length: float


class Frame:
    """See the module's docstring.

    sizes: of the layer. features: names, by number; without them features are numbers. cell: length of a cell in the robot's units.
    span: to how many earlier sightings a new one is related. tolerance: cells by which a displacement may be off when a place is
    recognised. design: a layer that has learned before, instead of ``sizes``. engine: see ``get_engine``.

    A step is bounded: an observation costs at most 2 · span questions, times (2 · tolerance + 1)² where a place is recognised, and 3 · span
    learning waves where it is learned; ``predict`` as many questions as an observation, for every feature instead of every sighting; what
    else asks for the graph of an environment costs one for every pair of features and one for every edge, once until something is learned.
    """

    def __init__(
        self,
        sizes: Sizes = FULL,
        *,
        features: Sequence[str] | None = None,
        cell: float = 1.0,
        span: int = 15,
        tolerance: int = 0,
        design: Design | None = None,
        engine: str = "auto",
    ) -> None:
        self.memory = EdgeMemory(sizes if design is None else design, engine)
        self.sizes = self.memory.sizes
        self.names = None if features is None else tuple(features)
        if self.names is not None and not 1 <= len(set(self.names)) == len(self.names) <= self.sizes.features:
            raise ConfigError(
                "the names of the features do not fit", got=", ".join(self.names), allowed=f"up to {self.sizes.features}, all different"
            )
        if not (math.isfinite(cell) and cell > 0):
            raise ConfigError("the length of a cell is out of range", got=cell, allowed="a number > 0")
        for name, value, low, high in (("span", span, 1, 99), ("tolerance", tolerance, 0, 3)):
            if not low <= value <= high:
                raise ConfigError(f"{name} is out of range", got=value, allowed=f"{low} … {high}")
        self.cell, self.span, self.tolerance = cell, span, tolerance
        self.used = 0
        """Environments that have been entered: 0 … used - 1."""
        self.learning: int | None = None
        """The environment that is being learned, None while the frame only recognises."""
        self._trail, self._votes = Trail(span), Votes(self.sizes)
        self._graphs: dict[int, Graph] = {}

    # --- moving ---

    def enter(self, environment: int | None = None) -> int:
        """Be in an environment and learn it from now on; the next free one if none is named. Returns its number."""
        wanted = self.used if environment is None else environment
        if not 0 <= wanted < self.sizes.environments:
            raise ConfigError(
                "there is no such environment" if environment is not None else "all environments of the layer are in use",
                got=wanted,
                allowed=f"0 … {self.sizes.environments - 1}",
                next_step="enter(n) goes back into environment n and adds to it; larger Sizes hold more",
            )
        self.used = max(self.used, wanted + 1)
        self._begin(wanted)
        return wanted

    def drop(self) -> None:
        """Be put down somewhere unknown: nothing is learned until ``enter``."""
        self._begin(None)

    def _begin(self, learning: int | None) -> None:
        self.learning = learning
        self._trail.clear()
        self._votes.clear()

    def observe(self, feature: Feature, displacement: tuple[float, float] = (0.0, 0.0)) -> Step:
        """See a feature after having moved by ``displacement`` (robot's units) since the last observation.

        Learned or recognised are the edges from the last ``span`` sightings to this one, as far as they fit the layer. An edge that is
        known, either way, is not learned again.
        """
        number = self._number(feature)
        x, y = displacement
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ConfigError("a displacement is not a number", got=displacement, allowed="(x, y), in units of the robot")
        self._trail.add(number, x / self.cell, y / self.cell)
        edges = self._trail.edges(self.sizes, 0 if self.learning is None else self.learning)
        if self.learning is None:
            self._votes.add(ballots(self.memory, edges, self.tolerance))
            return Step(edges[:0], len(edges))
        new = edges[support(self.memory, edges, 0) < EXACT]
        if len(new):
            self.memory.store(new)
            self._graphs.clear()
        return Step(new, len(edges))

    # --- asking ---

    def where(self) -> Place:
        """The environment with most votes, and of all features the one that fits best, there, to what was seen before."""
        environment = self._votes.winner if self.learning is None else self.learning
        if not len(self._trail):
            return Place(environment, None, 0, 0)
        read = self._trail.last.feature
        if environment is None:
            return Place(None, self._named(read), 0, 0)
        if self.learning is not None:
            return Place(environment, self._named(read), 0, 0)
        return Place(environment, self._named(self._here(environment)), int(self._votes.counts[environment]), self._votes.lead)

    def _here(self, environment: int) -> int:
        """The feature that the trail speaks for; the one that was read, of equal ones."""
        graph = self._graph(environment)
        fits = [graph.votes(self._trail.edges(self.sizes, environment, head), self.tolerance) for head in range(self.sizes.features)]
        read = self._trail.last.feature
        return read if fits[read] == max(fits) else fits.index(max(fits))

    def predict(self, displacement: tuple[float, float]) -> Feature | None:
        """The feature that will be seen after moving by ``displacement`` from here; None where none is known."""
        environment, here = self._known_place()
        x, y = (round(v / self.cell) for v in displacement)
        heads = np.array([head for head in range(self.sizes.features) if head != here])
        edges = np.column_stack([np.broadcast_to([x, y, environment, here], (len(heads), 4)), heads])
        fits = support(self.memory, edges, self.tolerance)
        return self._named(int(edges[fits.argmax(), 4])) if fits.max() else None

    def ahead(self, direction: tuple[float, float]) -> Feature | None:
        """The nearest known feature within an eighth of a turn of ``direction``, either side half of it; None where there is none."""
        environment, here = self._known_place()
        graph, (x, y) = self._graph(environment), direction
        if not math.hypot(x, y) > 0:
            raise ConfigError("a direction has a length", got=direction, allowed="(x, y), not both 0")
        found = []
        for head in np.flatnonzero(graph.known[here]):
            dx, dy = graph.steps[here, head]
            turn = abs(math.atan2(x * dy - y * dx, x * dx + y * dy))
            if turn <= math.pi / 8:
                found.append((math.hypot(dx, dy), int(head)))
        return self._named(min(found)[1]) if found else None

    def path_to(self, feature: Feature) -> Path | None:
        """The shortest way from here over edges that were learned; None where there is none."""
        environment, here = self._known_place()
        graph = self._graph(environment)
        path = graph.path(here, self._number(feature))
        if path is None:
            return None
        steps = [graph.steps[a, b] * self.cell for a, b in pairwise(path)]
        moves = tuple((float(x), float(y)) for x, y in steps)
        return Path(tuple(map(self._named, path)), moves, sum(math.hypot(*move) for move in moves))

    def map(self) -> dict[Feature, tuple[float, float]]:
        """All features that are known here, and where they lie from here in the robot's units."""
        environment, here = self._known_place()
        places = self._graph(environment).places(here)
        return {self._named(feature): (x * self.cell, y * self.cell) for feature, (x, y) in places.items()}

    @property
    def votes(self) -> NDArray[np.int64]:
        """(environment,) what was counted for each since the frame was put down; a copy."""
        return self._votes.counts.copy()

    def edges(self, environment: int) -> Edges:
        """What the layer recalls of an environment, (edge, label), each edge one way."""
        graph = self._graph(environment)
        tails, heads = np.nonzero(np.triu(graph.known | graph.known.T))
        return np.column_stack([graph.steps[tails, heads], np.full(len(tails), environment), tails, heads])

    # --- keeping ---

    def design(self) -> Design:
        """The layer as it is now, with the frame's names and cell."""
        made = self.memory.design()
        frame = {"features": self.names, "cell": self.cell, "used": self.used}
        return dataclasses.replace(made, provenance={**made.provenance, "frame": frame})

    def save(self, folder: FilePath | str) -> FilePath:
        """Write what was learned as a Design."""
        return self.design().save(folder)

    @classmethod
    def load(cls, folder: FilePath | str, **options: Any) -> Frame:
        """A frame that goes on where a saved one was. options: of ``Frame``; names and cell are those that were saved, if not given."""
        design = load_design(folder)
        kept = dict(design.provenance.get("frame", {}))
        used = int(kept.pop("used", 0))
        frame = cls(design=design, **{**kept, **options})
        frame.used = used
        return frame

    # --- inside ---

    def _known_place(self) -> tuple[int, int]:
        place = self.where()
        if place.environment is None or place.feature is None:
            raise ConfigError(
                "the frame does not know yet where it is",
                got=f"{len(self._trail)} observations",
                allowed="a place that was recognised, or one that is being learned",
                next_step="observe(feature, displacement) until where() names an environment",
            )
        return place.environment, self._number(place.feature)

    def _graph(self, environment: int) -> Graph:
        if environment not in self._graphs:
            self._graphs[environment] = recall_graph(self.memory, environment)
        return self._graphs[environment]

    def _number(self, feature: Feature) -> int:
        if isinstance(feature, str):
            if self.names is None or feature not in self.names:
                raise unknown_name("there is no such feature", feature, self.names or [f"0 … {self.sizes.features - 1}"])
            return self.names.index(feature)
        if isinstance(feature, bool) or not 0 <= int(feature) < self.sizes.features:
            raise ConfigError("there is no such feature", got=feature, allowed=f"0 … {self.sizes.features - 1}")
        return int(feature)

    def _named(self, feature: int) -> Feature:
        return feature if self.names is None or feature >= len(self.names) else self.names[feature]
