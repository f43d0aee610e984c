"""SpikingJelly: ``layer.Linear``, ``neuron.IFNode`` and ``learning.STDPLearner``."""

from __future__ import annotations

import torch
from peer_work import INPUTS, NEURONS, Network, main

NOTE = (
    "Linear 784->64 and IFNode in multi-step mode (the faster of its two), the STDPLearner's sum over the wave added after the wave; "
    "T=16; no winner-take-all, so that nearly every neuron fires and learns; spike trains encoded beforehand"
)
RATE = 1e-3


def make() -> Network:
    """The network; it learns after a wave and forgets its state."""
    from spikingjelly.activation_based import functional, layer, learning, neuron

    synapses = layer.Linear(INPUTS, NEURONS, bias=False)
    neurons = neuron.IFNode(v_threshold=INPUTS / 5)
    network = torch.nn.Sequential(synapses, neurons)
    functional.set_step_mode(network, "m")
    torch.nn.init.uniform_(synapses.weight, 0.0, 1.0)
    learner = learning.STDPLearner(step_mode="m", synapse=synapses, sn=neurons, tau_pre=4.0, tau_post=4.0)

    def learn(train: torch.Tensor) -> torch.Tensor:
        fired: torch.Tensor = network(train[:, None])
        synapses.weight.add_(learner.step(on_grad=False, scale=RATE)).clamp_(0.0, 1.0)
        functional.reset_net(network)
        learner.reset()
        return fired

    return Network(learn, lambda: synapses.weight)


if __name__ == "__main__":
    main("spikingjelly", "2.0.0", make, NOTE)
