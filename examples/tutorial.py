"""The six levels of a NeuTNN, one after another: synapse, segment, dendrite, neuron, column, layer (and the network they make).

    python examples/tutorial.py [FOLDER]

prints what happens and draws a picture of each level into FOLDER (default: runs/tutorial). It takes a few seconds. Rule numbers are those
of docs/semantics.md.
"""

from __future__ import annotations

import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neutnngen import nn
from neutnngen.core.initial import uniform_weights
from neutnngen.core.response import potentials
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    Design,
    FieldWiring,
    HomeostasisSpec,
    LayerSpec,
    NetworkSpec,
    ProximalSpec,
    StdpSpec,
    VoterSpec,
    blank_state,
)
from neutnngen.train import train

Times = NDArray[np.uint8]
BLUE, ORANGE, GREY = "#0b6e99", "#c8641b", "#9aa0a6"


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write a picture and say where it is."""
    figure.savefig(folder / f"{name}.png", dpi=130)
    print(f"  picture: {folder / f'{name}.png'}")


def shown(times: Times | torch.Tensor) -> str:
    """Spike times as text, – where there is no spike."""
    return " ".join("–" if t == NO_SPIKE else str(int(t)) for t in times)


def draw_spikes(axes: object, times: Times, title: str) -> None:
    """One wave as a raster: a line each, a dot at its spike."""
    lines = np.flatnonzero(times != NO_SPIKE)
    axes.scatter(times[lines], lines, s=14, color=BLUE)  # type: ignore[attr-defined]
    axes.set(xlabel="unit clock", ylabel="line", title=title, xlim=(-0.5, 7.5), ylim=(-0.5, len(times) - 0.5))  # type: ignore[attr-defined]


def synapse(folder: Path) -> None:
    """Level 1: what a synapse of weight w makes of a spike at x (rules S2, S3)."""
    print("1 synapse: a spike at 2 through weights 0 … 7")
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, response, title in zip(figure.subplots(1, 2), ("rnl", "snl"), ("ramp-no-leak (S2)", "step-no-leak (S3)"), strict=True):
        weights = torch.arange(8, dtype=torch.uint8).reshape(8, 1)
        rho = potentials(torch.tensor([[2]], dtype=torch.uint8), weights, ColumnSpec(1, 8, threshold=7, response=response))[0]
        for w in (1, 3, 5, 7):
            axes.step(range(rho.shape[1]), rho[w], where="post", label=f"w = {w}")
        axes.set(xlabel="unit clock", ylabel="contribution", title=title)
        axes.legend(fontsize=8)
    save(figure, folder, "1_synapse")


def segment(folder: Path) -> None:
    """Level 2: a segment adds synapses up and fires when the sum reaches its threshold (rule G1)."""
    weights = torch.tensor([7, 5, 3, 0, 7, 2], dtype=torch.uint8)
    times = torch.tensor([[0, 1, 3, 2, NO_SPIKE, 5]], dtype=torch.uint8)
    module = nn.Segment(6, threshold=10, weights=weights).eval()
    fired = int(module(times)[0, 0])
    print(f"2 segment: inputs {shown(times[0])} fire it at {fired}")
    potential = potentials(times, weights.reshape(1, 6), ColumnSpec(6, 1, threshold=10))[0, 0]
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_spikes(left, times[0].numpy(), "input spikes")
    right.step(range(14), potential, where="post", color=BLUE)
    right.axhline(10, color=GREY, linestyle=":", label="threshold")
    right.axvline(fired, color=ORANGE, label=f"spike at {fired}")
    right.set(xlabel="unit clock", ylabel="potential", title="sum of the synapses")
    right.legend(fontsize=8)
    save(figure, folder, "2_segment")


def contexts(rng: np.random.Generator, count: int, lines: int = 24, kinds: int = 4) -> tuple[Times, NDArray[np.int64]]:
    """Noisy versions of a few patterns, each of early spikes on a third of the lines, and which pattern each is."""
    patterns = np.full((kinds, lines), NO_SPIKE)
    for pattern in patterns:
        pattern[rng.choice(lines, lines // 3, replace=False)] = rng.integers(0, 3, lines // 3)
    labels = rng.integers(0, kinds, count)
    waves = patterns[labels]
    flip = rng.random(waves.shape) < 0.05
    return np.where(flip, np.where(waves == NO_SPIKE, 1, NO_SPIKE), waves).astype(np.uint8), labels


def dendrite(folder: Path) -> None:
    """Level 3: the segments of an active dendrite compete, and each comes to stand for one context (rules D1, D2, R1…R4)."""
    rng = np.random.default_rng(3)
    waves, labels = contexts(rng, 600)
    initial = torch.from_numpy(rng.integers(2, 6, (4, 24)).astype(np.uint8))
    stdp = StdpSpec(mu_capture=640, mu_minus=640, mu_search=16, mu_backoff=640, mu_min=256)
    fair = HomeostasisSpec(alpha=4, beta=1, period=0, limit=20)  # a win makes the next one harder (R12)
    module = nn.Dendrite(24, 4, threshold=24, weights=initial, stdp=stdp, homeostasis=fair)
    before = module.distal.reshape(4, 24).clone()
    module.train()(torch.from_numpy(waves))  # one wave after another, learning after each
    after = module.distal.reshape(4, 24)
    winners = module.eval()(torch.from_numpy(waves)).argmin(dim=1).numpy()
    table = np.zeros((4, 4), dtype=int)
    np.add.at(table, (labels, winners), 1)
    own = max(sum(table[kind, place] for kind, place in enumerate(order)) for order in permutations(range(4))) / len(waves)
    print(f"3 dendrite: after 600 waves of four contexts, {100 * own:.0f} % of them go to a segment of their context alone")
    figure = Figure(figsize=(10, 3), layout="constrained")
    for axes, values, title in zip(figure.subplots(1, 3), (before, after, table), ("weights before", "weights after", "wins"), strict=True):
        image = axes.imshow(values, aspect="auto", cmap="viridis", vmin=0)
        axes.set_yticks(range(4))
        axes.set(title=title, xlabel="input line" if title != "wins" else "segment", ylabel="segment" if title != "wins" else "context")
        figure.colorbar(image, ax=axes)
    save(figure, folder, "3_dendrite")


def neuron(folder: Path) -> None:
    """Level 4: a neuron whose proximal input drives it, and whose distal context makes it fire earlier (rule P3)."""
    soma = ProximalSpec("soma", inputs=4, threshold=6, soma_threshold=6, weight_proximal=6, weight_distal=4)
    distal, proximal = torch.full((1, 1, 8), 6, dtype=torch.uint8), torch.full((1, 4), 7, dtype=torch.uint8)
    module = nn.Neuron(8, 1, 1, threshold=12, weights=distal, proximal=soma, proximal_weights=proximal).eval()
    silent, context = torch.full((1, 8), NO_SPIKE, dtype=torch.uint8), torch.zeros((1, 8), dtype=torch.uint8)
    drive = torch.tensor([[2, 2, 3, NO_SPIKE]], dtype=torch.uint8)
    none = torch.full((1, 4), NO_SPIKE, dtype=torch.uint8)
    cases = {
        "drive alone": module(silent, proximal=drive),
        "drive in its context": module(context, proximal=drive),
        "context alone": module(context, proximal=none),
    }
    print("4 neuron: " + ", ".join(f"{name}: {shown(times[0])}" for name, times in cases.items()))
    figure = Figure(figsize=(6, 2.4), layout="constrained")
    axes = figure.subplots()
    for row, times in enumerate(cases.values()):
        if int(times) != NO_SPIKE:
            axes.scatter([int(times)], [row], color=BLUE, s=60)
        else:
            axes.annotate("no spike", (0.2, row), va="center", color=GREY)
    axes.set_yticks(range(len(cases)), list(cases))
    axes.set(xlabel="unit clock of the output spike", xlim=(-0.5, 13.5), ylim=(-0.6, 2.6), title="context makes it earlier, never fires it")
    save(figure, folder, "4_neuron")


def column(folder: Path) -> None:
    """Level 5: neurons on the same lines; the label enables one of them while it learns, the earliest answers afterwards (P2, C1)."""
    rng = np.random.default_rng(5)
    waves, labels = contexts(rng, 900, kinds=3)
    stdp = StdpSpec(mu_capture=640, mu_minus=640, mu_search=2, mu_backoff=640, mu_min=256)
    spec = DendriticColumnSpec(24, 3, 30, segments=4, proximal=ProximalSpec("enable"), inhibition="one_largest_potential", stdp=stdp)
    initial = torch.from_numpy(rng.integers(2, 5, spec.distal_shape).astype(np.uint8))
    module = nn.Column(spec, initial)
    seen, unseen = slice(0, 600), slice(600, 900)
    label_lines = torch.from_numpy(np.eye(3, dtype=bool)[labels[seen]])
    module.train()(torch.from_numpy(waves[seen]), enable=label_lines)
    outputs = module.eval()(torch.from_numpy(waves[unseen]), enable=torch.ones(300, 3, dtype=torch.bool))
    right = (outputs.argmin(dim=1).numpy() == labels[unseen]) & (outputs.min(dim=1).values.numpy() != NO_SPIKE)
    print(f"5 column: {100 * right.mean():.0f} % of 300 unseen waves answered rightly")
    figure = Figure(figsize=(10, 3), layout="constrained")
    left, middle = figure.subplots(1, 2)
    draw_spikes(left, waves[0], f"one wave, class {labels[0]}")
    image = middle.imshow(module.distal.reshape(12, 24), aspect="auto", cmap="viridis", vmin=0, vmax=7)
    middle.set_yticks([1.5, 5.5, 9.5], ["neuron 0", "neuron 1", "neuron 2"])
    middle.set(title="weights: 4 segments each", xlabel="input line")
    figure.colorbar(image, ax=middle)
    save(figure, folder, "5_column")


def bars(rng: np.random.Generator, count: int) -> tuple[Times, NDArray[np.int64]]:
    """8 × 8 images of a horizontal, vertical or diagonal bar anywhere, two lines a pixel (PosNeg)."""
    labels = rng.integers(0, 3, count)
    image = np.zeros((count, 8, 8), dtype=bool)
    at = rng.integers(0, 8, count)
    for n, (label, place) in enumerate(zip(labels, at, strict=True)):
        if label == 0:
            image[n, place] = True
        elif label == 1:
            image[n, :, place] = True
        else:
            image[n] = np.eye(8, k=int(place) - 4, dtype=bool)
    image ^= rng.random(image.shape) < 0.02
    return nn.encoders.PosNeg(64)(torch.from_numpy(image.reshape(count, 64).astype(np.float32))).numpy(), labels


def layer_and_network(folder: Path) -> None:
    """Level 6: columns with receptive fields side by side, and a voter that learns what their spikes mean (rules L1, L2, R10)."""
    rng = np.random.default_rng(6)
    waves, labels = bars(rng, 3000)
    stdp = StdpSpec(mu_capture=640, mu_minus=640, mu_search=16, mu_backoff=640, mu_min=128)
    spec = DendriticColumnSpec(18, 1, 45, segments=12, output="segments", stdp=stdp)
    fields = FieldWiring(8, 8, 2, (3, 3))
    network = NetworkSpec(128, (LayerSpec(spec, fields),), voter=VoterSpec(3))
    start = Design("bars", network, blank_state(network))
    begun = start.with_state(uniform_weights(network, seed=1).state)
    learned = train(begun, waves[:2500], labels=labels[:2500], plan="layer_by_layer").design
    module = nn.module_from_design(learned).eval()
    votes = module(torch.from_numpy(waves[2500:]))
    right = (votes.argmax(dim=1).numpy() == labels[2500:]).mean()
    synapses = learned.synapses
    print(f"6 layer: {fields.columns} columns of 12 segments and a voter, {synapses} synapses: {100 * right:.0f} % of 500 unseen images")
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    left, right_axes = figure.subplots(1, 2)
    left.imshow(waves[0].reshape(8, 8, 2)[:, :, 0] == 0, cmap="Greys")
    left.set(title="one image; a column sees 3 × 3 of it", xticks=[], yticks=[])
    weights = learned.state.layers[0].distal[14, 0, 0].reshape(12, 3, 3, 2)
    tiles = np.full((2 * 4 - 1, 6 * 4 - 1), np.nan)
    for s in range(12):
        row, col = divmod(s, 6)
        tiles[4 * row : 4 * row + 3, 4 * col : 4 * col + 3] = weights[s, :, :, 0]
    image = right_axes.imshow(tiles, cmap="viridis", vmin=0, vmax=7)
    right_axes.set(title="one column: weights to pixels of the bar, segment by segment", xticks=[], yticks=[])
    figure.colorbar(image, ax=right_axes, shrink=0.6)
    save(figure, folder, "6_layer")


def main(folder: Path) -> None:
    """All levels."""
    folder.mkdir(parents=True, exist_ok=True)
    for level in (synapse, segment, dendrite, neuron, column, layer_and_network):
        level(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("runs/tutorial"))
