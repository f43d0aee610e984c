"""snnTorch: ``nn.Linear``, ``Leaky`` and ``stdp_linear_single_step``."""

from __future__ import annotations

import torch
from peer_work import INPUTS, NEURONS, Network, main

NOTE = (
    "Linear 784->64 and Leaky with stdp_linear_single_step after every time step; T=16; no winner-take-all, so that nearly every "
    "neuron fires and learns; spike trains encoded beforehand"
)
RATE = 1e-3


def make() -> Network:
    """The network; it learns in every time step and forgets its state after a wave."""
    import snntorch
    from snntorch.functional.stdp_learner import stdp_linear_single_step

    layer = torch.nn.Linear(INPUTS, NEURONS, bias=False)
    torch.nn.init.uniform_(layer.weight, 0.0, 1.0)
    neurons = snntorch.Leaky(beta=0.95, threshold=INPUTS / 5, reset_mechanism="zero")

    def learn(train: torch.Tensor) -> torch.Tensor:
        membrane = neurons.reset_mem()
        before = after = None
        outputs = []
        for step in train:
            spikes = step[None]
            fired, membrane = neurons(layer(spikes), membrane)
            before, after, change = stdp_linear_single_step(layer, spikes, fired, before, after, tau_pre=4.0, tau_post=4.0)
            layer.weight.add_(change, alpha=RATE).clamp_(0.0, 1.0)
            outputs.append(fired)
        return torch.stack(outputs)

    return Network(learn, lambda: layer.weight)


if __name__ == "__main__":
    main("snntorch", "1.0.0", make, NOTE)
