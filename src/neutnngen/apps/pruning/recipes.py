"""Ways to prune that are compared with each other, by name."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from neutnngen.errors import unknown_name
from neutnngen.prune import Choice, Plan, Step

DENSE = "dense"
RANDOM = "random"


@dataclass(frozen=True)
class Recipe:
    """A way to prune. plan: all but its ``keep`` and its seed. about: one line for people. control: what others have to beat. steps: more
    than one plan, one after another, instead of ``plan``."""

    name: str
    plan: Plan
    about: str
    control: bool = False
    steps: tuple[Step, ...] = ()

    def at(self, keep: float, seed: int) -> Plan:
        """The plan for one point of a curve."""
        return dataclasses.replace(self.plan, keep=keep, seed=seed)

    def steps_of(self, seed: int, stages: tuple[int, ...] | None) -> tuple[Step, ...]:
        """The steps for one seed, on some of the stages."""
        return tuple(dataclasses.replace(one, plan=dataclasses.replace(one.plan, seed=seed, stages=stages)) for one in self.steps)


LINES = Choice("input", "column")
SHARED = Choice("synapse", "network")
LAYERS = Choice("synapse", "layer")
COLUMNS = Choice("column", "layer")
TO_CLASSES = (
    Step(Plan(method="weight", recalibrate=False), 0.3),
    Step(Plan(method="taught", choice=Choice("segment", "neuron"), recalibrate=False), 0.235),
    Step(Plan(method="lead", choice=COLUMNS, recalibrate=False), 0.465),
)
"""For networks with a neuron for every class and a voter that counts. At a tenth half of the synapses of a segment, 14 of 24 segments and a
third of the columns are left, the best of several on validation images."""
SEGMENTS = Choice("segment", "layer")
TRAINED = 2
"""Passes in each round of the recipes that learn."""
TRAINED_LAYERS = 4
"""The same of the recipes that prune layer by layer."""
ROUNDS = 3
SEARCHED = 600
"""Waves on which the recipes of layers search θ, which takes some forty runs of them a round."""

TO_SEGMENTS = (
    Step(Plan(method="use", choice=LAYERS, rounds=2, epochs=TRAINED_LAYERS, recalibrate=False), 0.6),
    Step(Plan(method="lead", choice=SEGMENTS, epochs=TRAINED_LAYERS, recalibrate=False, in_turn=True), 0.4),
)
"""For networks whose segments are the lines of a voter. At a tenth a quarter of the synapses is left before whole segments go, chosen on
held-back pairs of digits."""

RECIPES: dict[str, Recipe] = {
    r.name: r
    for r in (
        Recipe("weight", Plan(method="weight"), "smallest weights of each neuron, in one go"),
        Recipe("use", Plan(method="use"), "least contribution before the spike, in one go"),
        Recipe("information", Plan(method="information"), "fewest changed answers, in one go"),
        Recipe(
            "weight, rounds",
            Plan(method="weight", rounds=ROUNDS, epochs=TRAINED),
            "smallest weights, in three rounds of pruning, recalibrating and learning",
        ),
        Recipe("lines, weight", Plan(method="weight", choice=LINES), "whole input lines by mean weight, in one go"),
        Recipe(
            "lines, weight, rounds",
            Plan(method="weight", choice=LINES, rounds=ROUNDS, epochs=TRAINED),
            "whole input lines by mean weight, in three rounds",
        ),
        Recipe(
            "lines, drawn",
            Plan(method="random", choice=LINES, rounds=8, draws=300),
            "whole input lines, in eight rounds the best of 300 random sets, judged as wholes",
        ),
        Recipe("network, weight", Plan(method="weight", choice=SHARED), "smallest weights of the whole network, in one go"),
        Recipe("network, use", Plan(method="use", choice=SHARED), "least contribution in the whole network, in one go"),
        Recipe("network, information", Plan(method="information", choice=SHARED), "fewest changed answers in the whole network"),
        Recipe(
            "layers, use, rounds",
            Plan(method="use", choice=LAYERS, rounds=ROUNDS, epochs=TRAINED_LAYERS, searched=SEARCHED),
            "least contribution in each layer and in the voter, in three rounds of pruning, recalibrating and learning",
        ),
        Recipe(
            "layers, information, rounds",
            Plan(method="information", choice=LAYERS, rounds=ROUNDS, epochs=TRAINED_LAYERS, searched=SEARCHED),
            "fewest changed answers in each layer and in the voter, in three rounds",
        ),
        Recipe(
            "layers, random, rounds",
            Plan(method="random", choice=LAYERS, rounds=ROUNDS, epochs=TRAINED_LAYERS, searched=SEARCHED),
            "at random in each layer and in the voter, in three rounds",
            control=True,
        ),
        Recipe(
            "steps to columns",
            Plan(),
            "smallest weights of each neuron, then segments least used for its class, then columns by the lead of the right class",
            steps=TO_CLASSES,
        ),
        Recipe(
            "steps to segments",
            Plan(),
            "least contribution in each layer and in the voter, then segments by the lead of the right class, learning after each",
            steps=TO_SEGMENTS,
        ),
        Recipe("columns, lead", Plan(method="lead", choice=COLUMNS, recalibrate=False), "whole columns by the lead of the right class"),
        Recipe(RANDOM, Plan(method="random"), "at random in each neuron", control=True),
        Recipe("columns, random", Plan(method="random", choice=COLUMNS, recalibrate=False), "whole columns at random", control=True),
        Recipe("lines, random", Plan(method="random", choice=LINES), "whole input lines at random", control=True),
    )
}


OF_COLUMNS = tuple(name for name in RECIPES if not name.startswith(("network", "layers", "steps", "columns")))
"""For one column; the others divide synapses among many."""
OF_MEMORIES = ("network, weight", "network, use", "weight", RANDOM)
"""For networks whose segments hold a thing each, or nothing, and that do not learn again."""
OF_NETWORKS = ("weight", "use", "information", "weight, rounds", RANDOM)


def recipe(name: str) -> Recipe:
    """The recipe of this name. Raises ConfigError for an unknown one."""
    if name not in RECIPES:
        raise unknown_name("there is no such recipe of pruning", name, RECIPES)
    return RECIPES[name]
