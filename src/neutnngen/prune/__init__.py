"""Pruning: which synapses a network can do without, and the network without them (rule S4).

>>> from neutnngen.prune import Choice, Plan, prune
>>> pruned = prune(design, Plan(keep=0.5, method="information"), waves)
>>> pruned.design.synapses, pruned.rounds[-1].agreement
"""

from neutnngen.prune.calibrate import agreement, answers_of, recalibrated, with_threshold
from neutnngen.prune.draws import best_draw
from neutnngen.prune.narrow import Narrowed, narrowed
from neutnngen.prune.prune import Plan, Pruned, Round, Step, accuracy_loss, disagreement, prune, prune_in_steps, sparsest
from neutnngen.prune.scores import METHODS, Method, scored
from neutnngen.prune.select import POOLS, STRUCTURES, Choice, kept
from neutnngen.prune.stages import density, drop_dead, exists_in, parts_of, stage_synapses, weights_in, with_masks

__all__ = [
    "METHODS",
    "POOLS",
    "STRUCTURES",
    "Choice",
    "Method",
    "Narrowed",
    "Plan",
    "Pruned",
    "Round",
    "Step",
    "accuracy_loss",
    "agreement",
    "answers_of",
    "best_draw",
    "density",
    "disagreement",
    "drop_dead",
    "exists_in",
    "kept",
    "narrowed",
    "parts_of",
    "prune",
    "prune_in_steps",
    "recalibrated",
    "scored",
    "sparsest",
    "stage_synapses",
    "weights_in",
    "with_masks",
    "with_threshold",
]
