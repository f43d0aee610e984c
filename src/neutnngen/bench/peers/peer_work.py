"""The work that every peer does, how it is timed and how it is reported.

One layer of 784 inputs and 64 neurons; a wave is 16 time steps, in the first of which its inputs spike once each or not at all; after
(or during) every wave the weights are learnt before the next one starts; one thread. The peers' scripts use this module, which lies
beside them, and PyTorch and NumPy of the peer's environment.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

import numpy as np
import torch

INPUTS = 784
NEURONS = 64
STEPS = 16
NO_SPIKE = 255
SEED = 7


@dataclass(frozen=True)
class Network:
    """A peer's network.

    learn: takes the spikes of a wave, float32 (step, input) of 0 and 1, learns from them and returns the output spikes, (step, neuron)
    in any shape and type. weights: the weights as they are now.
    """

    learn: Callable[[torch.Tensor], torch.Tensor]
    weights: Callable[[], torch.Tensor]


def spike_trains(waves: np.ndarray) -> torch.Tensor:
    """Spikes (wave, step, input), float32, of spike times (wave, input), uint8 with 255 for no spike.

    Ends the script if a time lies beyond the last step or the shape is another.
    """
    if waves.dtype != np.uint8 or waves.ndim != 2 or waves.shape[1] != INPUTS or not len(waves):
        raise SystemExit(f"waves must be uint8 of shape (wave, {INPUTS}); got {waves.dtype} {waves.shape}")
    if ((waves >= STEPS) & (waves != NO_SPIKE)).any():
        raise SystemExit(f"spike times must be below {STEPS}, or {NO_SPIKE} for no spike")
    return torch.from_numpy(waves)[:, None, :].eq(torch.arange(STEPS)[None, :, None]).float()


def main(package: str, written_for: str, make: Callable[[], Network], note: str) -> None:
    """Run a peer and print one JSON object; the arguments on the command line are the waves' file (.npz) and the number of rounds.

    package: name of the peer's distribution. written_for: the version whose interface the script uses. make: imports the peer and
    makes the network. note: what the run does and lacks. The first round warms up and is not reported. Ends with a message and exit
    code 1 if the peer's interface is another or nothing was learnt.
    """
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal() or int(sys.argv[2]) < 1:
        raise SystemExit(f"usage: {sys.argv[0]} WAVES.npz ROUNDS, with at least one round")
    with contextlib.redirect_stdout(sys.stderr):  # whatever the peer prints: standard output holds the result alone
        result = _measure(package, written_for, make, note, sys.argv[1], int(sys.argv[2]))
    print(json.dumps(result))


def _measure(package: str, written_for: str, make: Callable[[], Network], note: str, path: str, rounds: int) -> dict[str, object]:
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    with np.load(path) as file:
        trains = spike_trains(file["waves"])
    version = metadata.version(package)
    seconds = []
    spikes = 0.0
    with torch.no_grad():
        try:
            network = make()
            before = network.weights().clone()
            network.learn(trains[0])
        except (ImportError, AttributeError, TypeError) as error:
            raise SystemExit(
                f"{package} {version} does not work as this script uses it (written for {written_for}): {type(error).__name__}: {error}"
            ) from error
        for number in range(rounds + 1):
            start = time.perf_counter()
            for train in trains:
                spikes += float(network.learn(train).sum())
            if number:
                seconds.append(time.perf_counter() - start)
        change = float((network.weights() - before).abs().mean())
    if not change > 0:
        raise SystemExit(f"{package} {version} learnt nothing: no weight changed")
    return {
        "name": package,
        "version": version,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "waves": len(trains),
        "steps": STEPS,
        "inputs": INPUTS,
        "neurons": NEURONS,
        "seconds": seconds,
        "output_spikes_per_wave": spikes / ((rounds + 1) * len(trains)),
        "mean_weight_change": change,
        "note": note,
    }
