"""A memory of labelled edges: shown once it keeps an edge, asked with some labels it answers with the others.

Every question is one wave or a few; nothing here adds, sorts or searches but what the layer does, and a counter that tries one feature
after the other where the tail or the head is asked for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.layer import START, build_layer, sizes_of
from neutnngen.apps.places.sizes import LABELS, RECALLED, UNKNOWN, Edges, Sizes
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, Design

HEAD = LABELS.index("head")
WAVES = 3
"""Learning waves for an edge, after which the weights of its segments are START + WAVES or 0."""

FEWEST = 3
"""Labels that a question must give: two matches alone never reach the threshold."""


class Answers(NamedTuple):
    """What the columns answer to questions. firm: (question, label) bool, the neurons that fire at the clock at which everything that was
    given matches. vague: the same for those that fire later, on part of it."""

    firm: NDArray[np.bool_]
    vague: NDArray[np.bool_]


class EdgeMemory:
    """A layer of place cells at work. design: sizes, a Design of ``build_layer``, or what an earlier memory's ``design`` gave. engine: see
    ``get_engine``."""

    def __init__(self, design: Design | Sizes, engine: str = "auto") -> None:
        made = build_layer(design) if isinstance(design, Sizes) else design
        self.sizes = sizes_of(made)
        self._session = get_engine(engine).open(made)
        self._clocks = _clocks(made)

    def design(self) -> Design:
        """The layer as it is now."""
        return self._session.design()

    def store(self, edges: Edges) -> None:
        """Learn edges, one after the other, ``WAVES`` waves each. Raises ConfigError for a label that is out of range or not given."""
        if (edges == UNKNOWN).any():
            raise ConfigError("an edge that is to be learned needs all its labels", got="UNKNOWN", allowed=", ".join(LABELS))
        self._session.run(np.repeat(self.sizes.waves(edges), WAVES, axis=0), True)

    def outputs(self, waves: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(wave, line) what the three columns answer to waves, dx first; nothing is learned."""
        return self._session.run(waves).outputs

    def answers_of(self, questions: Edges, *labels: str) -> list[Answers]:
        """``answers`` for several unknown labels that have a column each, out of the same waves: the columns answer together."""
        places = [LABELS.index(label) for label in labels]
        for place in places:
            if (questions[:, place] != UNKNOWN).any():
                raise ConfigError(f"the {LABELS[place]} is asked for", got="it is given", allowed="UNKNOWN in its place")
        given = (questions != UNKNOWN).sum(axis=1)
        if len(questions) and (given.min() < FEWEST or (questions[:, HEAD] == UNKNOWN).any()):
            raise ConfigError("the question gives too little", got=f"{given.min()} labels", allowed="the head and two labels or more")
        outputs, found = self.outputs(self.sizes.waves(questions)), []
        for place in places:
            first = self.sizes.first[place]
            times = outputs[:, first : first + self.sizes.counts[place]]
            firm = times == self._clocks[given][:, None]
            found.append(Answers(firm, (times != NO_SPIKE) & ~firm))
        return found

    def answers(self, questions: Edges, label: str) -> Answers:
        """What fits an unknown label: of dx, dy and the environment what their columns say, of tail and head which of them, tried in turn,
        make the environment's column say the environment.

        questions: (question, label), with UNKNOWN for ``label`` and perhaps others; at least three labels are given, the head among them or
        asked for. Raises ConfigError for another question.
        """
        place = LABELS.index(label)
        if place < len(RECALLED):
            return self.answers_of(questions, label)[0]
        if (questions[:, place] != UNKNOWN).any():
            raise ConfigError(f"the {label} is asked for", got="it is given", allowed="UNKNOWN in its place")
        count = self.sizes.counts[place]
        tried = np.repeat(questions, count, axis=0)
        tried[:, place] = np.tile(np.arange(count), len(questions))
        found = self.known(tried).reshape(len(questions), count)
        return Answers(found, np.zeros_like(found))

    def known(self, edges: Edges) -> NDArray[np.bool_]:
        """(edge,) whether the edges are known: asked for the environment, its column says so. All labels must be given."""
        asked = edges.copy()
        place = LABELS.index("environment")
        asked[:, place] = UNKNOWN
        return np.asarray(self.answers(asked, "environment").firm[np.arange(len(edges)), edges[:, place]])


def _clocks(design: Design) -> NDArray[np.int64]:
    """(labels,) the clock at which so many matching lines reach the threshold, with weights that learning has made."""
    column = design.network.layers[0].column
    weight = min(START + WAVES, column.w_max)
    reached = [[t for t in range(column.horizon) if n * min(t + 1, weight) >= column.threshold] for n in range(len(LABELS) + 1)]
    return np.array([clocks[0] if clocks else -1 for clocks in reached])
