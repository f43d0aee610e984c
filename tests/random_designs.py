"""Random Designs and waves that together use every option of the specification; the features of a case say which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neutnngen.core.lfsr import draw
from neutnngen.rtl import Rings
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    DenseWiring,
    Design,
    FieldWiring,
    HomeostasisSpec,
    LayerSpec,
    LfsrSpec,
    ListWiring,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    StdpSpec,
    VoterSpec,
    VoterState,
    as_network,
    blank_state,
)

Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Case:
    """A Design and what to run it on; see Session.run."""

    design: Design
    waves: np.ndarray
    learn: np.ndarray
    enable: np.ndarray | None
    labels: np.ndarray
    features: frozenset[str]


def pick(rng: Rng, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def random_stdp(rng: Rng) -> StdpSpec:
    mu = [int(pick(rng, 0, 100, 500, 900, 1024)) for _ in range(5)]
    return StdpSpec(*mu, pick(rng, "symmetric", "classic", "off"), pick(rng, 0, 1), pick(rng, 0, 1))


def random_lfsr(rng: Rng) -> LfsrSpec:
    known = [LfsrSpec(), LfsrSpec(16, (16, 15, 13, 4), 77), LfsrSpec(63, (63, 62), 5), LfsrSpec(20, (20, 17), 9), LfsrSpec(11, (11, 9), 3)]
    return replace(known[int(rng.integers(len(known)))], seed=int(rng.integers(1, 2000)))


def random_proximal(rng: Rng, mode: str) -> ProximalSpec:
    if mode in ("none", "enable"):
        return ProximalSpec(mode)  # type: ignore[arg-type]
    lines, w_res = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    if mode == "sum":
        return ProximalSpec("sum", lines, w_res)
    near = int(rng.integers(1, 6))
    theta = int(rng.integers(1, near + 3))
    far = int(rng.integers(max(0, theta - near), theta))
    threshold = int(rng.integers(1, lines * (2**w_res - 1) + 1))
    return ProximalSpec("soma", lines, w_res, int(rng.integers(1, 3)), threshold, theta, near, far)


def random_column(rng: Rng, inputs: int, classes: int) -> DendriticColumnSpec:
    """Half of them classic in their dendritic spelling, perhaps with reward; ``classes``: neurons where there are enable lines."""
    w_res, t_res = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    limit = inputs * (2**w_res - 1)
    common: dict[str, Any] = {
        "threshold": int(rng.integers(1, max(2, limit // pick(rng, 1, 2, 4)) + 1)) if limit > 1 else 1,
        "t_res": t_res,
        "w_res": w_res,
        "response": pick(rng, "rnl", "snl"),
        "tie": pick(rng, "lowest_index", "largest_potential"),
        "stdp": random_stdp(rng),
        "lfsr": random_lfsr(rng),
        "sharing": pick(rng, "column", "column", "line", "synapse"),
        "homeostasis": pick(rng, None, None, HomeostasisSpec(int(rng.integers(1, 4)), int(rng.integers(0, 3)), pick(rng, 0, 1, 2), 5)),
    }
    common["threshold"] = min(common["threshold"], limit)
    if rng.random() < 0.4:
        segments = int(rng.integers(1, 7))
        return DendriticColumnSpec(inputs, 1, segments=segments, output="segments", reward=rng.random() < 0.4, **common)
    mode = pick(rng, "none", "sum", "enable", "soma")
    neurons = classes if mode == "enable" else int(rng.integers(1, 5))
    inhibition = pick(rng, "all_earliest", "one_lowest_index", "one_largest_potential", "k_earliest")
    output = pick(rng, "neurons", "neurons", "segments") if mode != "soma" else "neurons"
    taught = mode != "soma" and inputs >= neurons and rng.random() < 0.4
    return DendriticColumnSpec(
        inputs,
        neurons,
        teacher=int(rng.integers(0, inputs - neurons + 1)) if taught else None,
        dendrites=int(rng.integers(1, 4)),
        segments=int(rng.integers(1, 5)),
        proximal=random_proximal(rng, mode),
        inhibition=inhibition,
        output=output,
        k=int(rng.integers(1, neurons + 1)),
        **common,
    )


def random_wiring(rng: Rng, known: int) -> Any:
    """A wiring over the lines 0 … known - 1."""
    kind = pick(rng, "dense", "list", "field")
    if kind == "dense":
        lines = int(rng.integers(1, min(known, 9) + 1))
        return DenseWiring(lines, int(rng.integers(0, known - lines + 1)), int(rng.integers(1, 4)))
    if kind == "list" or known < 6:
        shape = (int(rng.integers(1, 4)), int(rng.integers(1, 8)))
        return ListWiring(tuple(map(tuple, rng.integers(0, known, shape).tolist())))
    height, width = pick(rng, (2, 3), (3, 2), (1, 6))
    channels = int(rng.integers(1, known // 6 + 1)) if known < 18 else int(rng.integers(1, 4))
    size = (int(rng.integers(1, height + 1)), int(rng.integers(1, width + 1)))
    stride = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    return FieldWiring(height, width, channels, size, stride, bool(rng.integers(2)), int(rng.integers(0, known - 6 * channels + 1)))


def random_classic(rng: Rng) -> NetworkSpec:
    """One classic column on all inputs."""
    inputs, neurons, w_res = int(rng.integers(1, 80)), int(rng.integers(1, 9)), int(rng.integers(1, 6))
    threshold = int(rng.integers(1, max(2, inputs * (2**w_res - 1) // 2)))
    options = (pick(rng, "rnl", "snl"), pick(rng, "lowest_index", "largest_potential"), random_stdp(rng), random_lfsr(rng))
    return as_network(ColumnSpec(inputs, neurons, threshold, int(rng.integers(1, 6)), w_res, *options))


def random_network(rng: Rng) -> NetworkSpec:
    if rng.random() < 0.15:
        return random_classic(rng)
    inputs, classes = int(rng.integers(1, 20)), int(rng.integers(1, 4))
    layers: list[LayerSpec] = []
    known = inputs
    for _ in range(pick(rng, 1, 1, 2, 3)):
        wiring = random_wiring(rng, known)
        column = random_column(rng, wiring.inputs, classes)
        near = None
        if column.proximal.inputs:
            near = ListWiring(tuple(map(tuple, rng.integers(0, known, (wiring.columns, column.proximal.inputs)).tolist())))
        base = pick(rng, None, int(rng.integers(0, column.earliest_output + 1)))
        layers.append(LayerSpec(column, wiring, near, base))
        known += layers[-1].lines
    fraction = pick(rng, (1, 2), (0, 1), (1, 1), (3, 4))
    voter = None
    if rng.random() < 0.35:
        stdp = random_stdp(rng)
        voter = VoterSpec(
            classes,
            int(rng.integers(1, 4)),
            int(rng.integers(1, 4)),
            fraction,
            stdp.mu_capture,
            stdp.mu_backoff,
            stdp.mu_minus,
            stdp.mu_search,
            stdp.mu_min,
            stdp.stabiliser,
            stdp.at_zero,
            stdp.at_max,
            pick(rng, "column", "line", "synapse"),
            random_lfsr(rng),
        )
        if rng.random() < 0.5:
            margin = int(pick(rng, 0, 3, 40, 1 << 12))
            voter = VoterSpec(
                classes, int(rng.integers(1, 9)), voter.t_res, read="potential", segments=int(rng.integers(1, 4)), margin=margin
            )
    outputs = tuple(rng.permutation(len(layers))[: int(rng.integers(1, len(layers) + 1))].tolist()) if rng.random() < 0.3 else None
    return NetworkSpec(inputs, tuple(layers), int(rng.integers(1, 5)), voter, outputs)


def random_state(rng: Rng, network: NetworkSpec) -> NetworkState:
    exist = pick(rng, 1.0, 0.8)

    def weighted(mask: np.ndarray, w_max: int) -> tuple[np.ndarray, np.ndarray]:
        there = rng.random(mask.shape) < exist
        return (rng.integers(0, w_max + 1, mask.shape) * there).astype(np.uint8), there

    blank = blank_state(network)
    layers = []
    for spec, state in zip(network.layers, blank.layers, strict=True):
        column = spec.column
        distal, distal_mask = weighted(state.distal, column.w_max)
        proximal, proximal_mask = weighted(state.proximal, column.proximal_w_max)
        lfsr = rng.integers(1, 1 << column.lfsr.width, spec.columns).astype(np.uint64)
        bias = state.bias if column.homeostasis is None else rng.integers(0, column.homeostasis.limit + 1, state.bias.shape)
        layers.append(
            replace(
                state,
                distal=distal,
                distal_mask=distal_mask,
                proximal=proximal,
                proximal_mask=proximal_mask,
                lfsr=lfsr,
                bias=bias,
                learned=rng.integers(0, 9),
            )
        )
    voter = None
    if network.voter is not None and blank.voter is not None:
        weights, mask = weighted(blank.voter.weights, network.voter.w_max)
        voter = VoterState(weights, mask, np.array(rng.integers(1, 1 << network.voter.lfsr.width), dtype=np.uint64))
    return NetworkState(tuple(layers), voter)


def features_of(network: NetworkSpec, state: NetworkState) -> frozenset[str]:
    """Every option that the case uses, as text."""
    found = {f"layers {len(network.layers)}", f"outputs {network.outputs is not None}", f"classic {network.classic is not None}"}
    for layer, one in zip(network.layers, state.layers, strict=True):
        c = layer.column
        found |= {f"{name} {getattr(c, name)}" for name in ("response", "tie", "inhibition", "output", "sharing", "reward")}
        found |= {f"proximal {c.proximal.mode}", f"stabiliser {c.stdp.stabiliser}", f"at_zero {c.stdp.at_zero}", f"at_max {c.stdp.at_max}"}
        found |= {f"wiring {layer.wiring.kind}", f"homeostasis {c.homeostasis is not None}", f"base {layer.base is not None}"}
        found |= {f"lfsr width {c.lfsr.width}", f"w_res {c.w_res}", f"t_res {c.t_res}", f"dendrites {min(c.dendrites, 2)}"}
        found |= {f"taught {c.teacher is not None}"}
        found |= {f"pruned {not one.distal_mask.all()}", f"other proximal width {c.proximal_w_max not in (0, c.w_max)}"}
        if isinstance(layer.wiring, FieldWiring):
            found |= {f"corners {layer.wiring.corners}", f"stride {layer.wiring.stride}"}
    if network.voter is not None:
        read = network.voter.read
        found |= {f"read {read}", f"voter segments {min(network.voter.segments, 2)}"}
        found |= {f"voter sharing {network.voter.sharing}", f"voter fraction {network.voter.fraction}"} if read == "votes" else set()
    return frozenset(found)


def random_case(seed: int, count: int = 8) -> Case:
    """The case of a seed: a Design and ``count`` waves of which some learn, with enable lines and labels where they are needed."""
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    state = random_state(rng, network)
    waves = rng.integers(0, network.t_in_max + 1, (count, network.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < pick(rng, 0.0, 0.3, 0.8)] = NO_SPIKE
    learn = rng.random((count, network.stages)) < 0.8
    enable = rng.random((count, network.enables)) < 0.6 if network.enables else None
    labels = rng.integers(0, 3 if network.voter is None else network.voter.classes, count)
    return Case(Design("random", network, state), waves, learn, enable, labels, features_of(network, state))


def classic_case(rng: Rng, inputs: int, neurons: int, **options: Any) -> Design:
    """A classic column with random weights, a tenth of its synapses pruned."""
    column = ColumnSpec(inputs, neurons, **options)
    mask = rng.random((neurons, inputs)) < 0.9
    weights = rng.integers(0, column.w_max + 1, mask.shape) * mask
    return Design.of_column("random", column, weights, mask, int(rng.integers(1, 2**column.lfsr.width)))


RING_SHAPES = ((8, 3, 1, 1), (8, 4, 2, 2), (7, 3, 3, 3), (9, 2, 3, 2), (1, 1, 1, 1), (5, 4, 4, 4), (6, 6, 2, 3))
"""Inputs, neurons, slots, members; some with lines that are not there."""


def ring_case(seed: int) -> tuple[Design, Rings]:
    """Shapes and stabilisers in turn, everything else random."""
    rng = np.random.default_rng(seed)
    inputs, neurons, slots, members = RING_SHAPES[seed % len(RING_SHAPES)]
    mu = [int(value) for value in rng.choice([0, 100, 500, 900, 1024], 5)]
    w_res = int(rng.integers(1, 5))
    column = ColumnSpec(
        inputs,
        neurons,
        threshold=int(rng.integers(1, max(2, inputs * (2**w_res - 1) * 2 // 3))),
        t_res=int(rng.integers(1, 5)),
        w_res=w_res,
        stdp=StdpSpec(*mu, ("symmetric", "classic", "off")[seed % 3], at_zero=seed % 2, at_max=seed // 2 % 2),  # type: ignore[arg-type]
        lfsr=LfsrSpec() if seed % 5 else LfsrSpec(16, (16, 15, 13, 4), 77),
    )
    weights = rng.integers(0, column.w_max + 1, (neurons, inputs))
    state = int(rng.integers(1, 2**column.lfsr.width))
    return Design.of_column(f"ring_{seed}", column, weights, np.ones(weights.shape, dtype=bool), state), Rings(slots, members)


def mutant_design(seed: int, neurons: int) -> Design:
    """A column on which every mutant matters, whose first draw equals its limit (strictly less is what counts)."""
    lfsr = LfsrSpec()
    rng = np.random.default_rng(seed)
    first = 0
    while not 600 < first < 900:
        state = int(rng.integers(1, 2**lfsr.width))
        first, _ = draw(state, lfsr)
    column = ColumnSpec(6, neurons, 9, stdp=StdpSpec(mu_capture=first, mu_search=300, mu_min=300, at_zero=1, at_max=1), lfsr=lfsr)
    return Design.of_column("mutated", column, rng.integers(0, 8, (neurons, 6)), np.ones((neurons, 6)), state)
