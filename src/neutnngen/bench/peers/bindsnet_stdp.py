"""BindsNET: its ``DiehlAndCook2015v2``, a layer with ``PostPre`` learning and recurrent inhibition."""

from __future__ import annotations

import torch
from peer_work import INPUTS, NEURONS, STEPS, Network, main

NOTE = (
    "DiehlAndCook2015v2 784->64 with PostPre in every time step, recurrent inhibition, adaptive thresholds and weights normalised "
    "after every wave; T=16; threshold and inhibition set for about one winner a wave; spike trains encoded beforehand"
)


def make() -> Network:
    """The network; it learns in every time step and forgets its state, but not its thresholds, after a wave."""
    from bindsnet.models import DiehlAndCook2015v2
    from bindsnet.network.monitors import Monitor

    # the weights onto a neuron add up to 78.4: half of the inputs lift it from its rest of -65 by about 39
    network = DiehlAndCook2015v2(n_inpt=INPUTS, n_neurons=NEURONS, inh=120.0, exc_thresh=-26.0)
    outputs = Monitor(network.layers["Y"], state_vars=["s"], time=STEPS)
    network.add_monitor(outputs, name="outputs")
    synapses = network.connections["X", "Y"]
    synapses.normalize()  # so that a change of the weights is learnt and does not come from the first normalisation

    def learn(train: torch.Tensor) -> torch.Tensor:
        network.run(inputs={"X": train[:, None]}, time=STEPS)
        spikes: torch.Tensor = outputs.get("s").clone()
        network.reset_state_variables()
        return spikes

    return Network(learn, lambda: synapses.w)


if __name__ == "__main__":
    main("bindsnet", "0.3.4", make, NOTE)
