"""Norse: ``functional.linear``, ``LIFCell`` and ``stdp_step_linear``."""

from __future__ import annotations

import torch
from peer_work import INPUTS, NEURONS, Network, main

NOTE = (
    "linear 784->64 and LIFCell with stdp_step_linear after every time step; T=16; no winner-take-all, so that nearly every neuron "
    "fires and learns; spike trains encoded beforehand"
)


def make() -> Network:
    """The network; it learns in every time step and forgets its state after a wave."""
    from norse.torch import LIFCell, LIFParameters
    from norse.torch.functional.stdp import STDPParameters, STDPState, stdp_step_linear

    weights = torch.rand(NEURONS, INPUTS)
    neurons = LIFCell(LIFParameters(v_th=torch.as_tensor(INPUTS / 20)))
    rule = STDPParameters(eta_plus=1e-3, eta_minus=1e-3)

    def learn(train: torch.Tensor) -> torch.Tensor:
        nonlocal weights
        state = None
        traces = STDPState(t_pre=torch.zeros(1, INPUTS), t_post=torch.zeros(1, NEURONS))
        outputs = []
        for step in train:
            spikes = step[None]
            fired, state = neurons(torch.nn.functional.linear(spikes, weights), state)
            weights, traces = stdp_step_linear(spikes, fired, weights, traces, rule)
            outputs.append(fired)
        return torch.stack(outputs)

    return Network(learn, lambda: weights)


if __name__ == "__main__":
    main("norse", "1.1.0", make, NOTE)
