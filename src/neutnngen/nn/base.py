"""What the modules that an engine runs have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neutnngen.engine import ENGINES, get_engine
from neutnngen.errors import ConfigError
from neutnngen.nn.state import check_same, copy_state, is_legal, network_state
from neutnngen.spec import NO_SPIKE, Design, NetworkSpec


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a module's engine gave, as tensors: outputs (batch, line) uint8, winners (batch,) int64, votes (batch, class) int32 or None."""

    outputs: Tensor
    winners: Tensor
    votes: Tensor | None


class EngineModule(nn.Module):
    """Base of Segment, Dendrite, Neuron, Column, Layer, Voter and Network.

    network: what the module is as a network of its own (of a Voter: on a layer of relays). engine: "auto", or a name of
    ``neutnngen.engine.ENGINES``. In training mode the waves of a batch are taken one after another, with learning after each (online STDP);
    in evaluation mode nothing changes (rule R11). Nothing here has a gradient.
    """

    def __init__(self, network: NetworkSpec, engine: str) -> None:
        super().__init__()
        if engine not in ENGINES:
            get_engine(engine)  # its error names the nearest
        self.network = network
        self.engine = engine

    @abstractmethod
    def state_tensors(self) -> dict[str, Tensor]:
        """The state by the names of ``NetworkState.arrays``; views of the buffers, so that writing into them changes the module."""

    @abstractmethod
    def _learning(self) -> list[bool]:
        """For every stage of ``network``, whether it is in training mode."""

    @property
    def t_in_max(self) -> int:
        """Latest legal input time."""
        return self.network.t_in_max

    @property
    def base(self) -> int:
        """The clock that is 0 for whatever reads the outputs (rule T4). Raises ConfigError if there are several, or votes."""
        bases = {self.network.layers[n].rebase for n in self.network.output_layers}
        if self.network.voter is not None or len(bases) > 1:
            got = "votes" if self.network.voter is not None else f"bases {sorted(bases)}"
            raise ConfigError(f"nn.{type(self).__name__} has no one base for its outputs (rule T4)", got=got, allowed="times of one base")
        return bases.pop()

    def _check_times(self, times: Tensor, lines: int, what: str = "spike times") -> Tensor:
        """The times as uint8; ConfigError where shape, type or a time is not legal."""
        name = f"nn.{type(self).__name__}"
        if times.ndim != 2 or times.shape[1] != lines:
            raise ConfigError(f"{name}: the {what} have the wrong shape", got=tuple(times.shape), allowed=f"(batch, {lines})")
        if times.dtype.is_floating_point or times.dtype.is_complex or times.dtype == torch.bool:
            raise ConfigError(f"{name}: {what} must be integers (rule T1)", got=times.dtype, allowed="torch.uint8")
        wrong = ((times > self.t_in_max) | (times < 0)) & (times != NO_SPIKE)
        if wrong.any():
            wave, line = wrong.nonzero()[0].tolist()
            raise ConfigError(
                f"{name}: wave {wave}, line {line} has no legal spike time (rule T2)",
                got=int(times[wave, line]),
                allowed=f"0 … {self.t_in_max}, or {NO_SPIKE} for no spike",
                next_step="put nn.Rebase between layers (rule T4): nn.Rebase.between(first, second)",
            )
        return times.to(torch.uint8)

    def _run(self, times: Tensor, learn: list[bool], enable: Tensor | None, labels: Tensor | None) -> Outcome:
        """One run of the engine; the buffers follow where something learned."""
        tensors = self.state_tensors()
        device = next(iter(tensors.values())).device
        if times.device != device:
            raise ConfigError(
                f"nn.{type(self).__name__} and its spike times are on different devices",
                got=times.device,
                allowed=device,
                next_step="move one of them with .to(device)",
            )
        stages = np.tile(np.array(learn, dtype=bool), (len(times), 1))
        if self.engine == "torch" or (self.engine == "auto" and device.type != "cpu"):
            return self._run_torch(tensors, times, stages, enable, labels)
        engine = get_engine(self.engine, device=device)
        session = engine.open(Design("module", self.network, network_state(self.network, tensors)))
        lines, numbers = (None if t is None else t.detach().cpu().numpy() for t in (enable, labels))
        result = session.run(times.detach().numpy(), stages, enable=lines, labels=numbers)
        if stages.any():
            copy_state(tensors, session.state())
        votes = None if result.votes is None else torch.from_numpy(result.votes)
        return Outcome(torch.from_numpy(result.outputs), torch.from_numpy(result.winners).to(torch.int64), votes)

    def _run_torch(
        self, tensors: dict[str, Tensor], times: Tensor, learn: NDArray[np.bool_], enable: Tensor | None, labels: Tensor | None
    ) -> Outcome:
        from neutnngen.engine.torch_engine import TorchSession

        if not is_legal(self.network, tensors):
            Design("module", self.network, network_state(self.network, tensors))  # says what is not legal
        session = TorchSession.from_tensors(self.network, tensors)
        lines, numbers = (None if t is None else t.to(times.device) for t in (enable, labels))
        self._check_labels(numbers)
        outputs, winners, votes, _ = session.run_tensors(times, learn, lines, numbers)
        if learn.any():
            moved = session.tensors()
            for name, tensor in tensors.items():
                tensor.copy_(moved[name])
        return Outcome(outputs, winners.to(torch.int64), votes)

    def _check_labels(self, labels: Tensor | None) -> None:
        """What the torch engine takes on trust."""
        if labels is None:
            return
        if labels.dtype.is_floating_point or labels.dtype == torch.bool:
            raise ConfigError("the labels are not legal", got=labels.dtype, allowed="integers (batch,)")
        voter = self.network.voter
        if voter is not None and ((labels < 0) | (labels >= voter.classes)).any():
            got = f"{int(labels.min())} … {int(labels.max())}"
            raise ConfigError("a label is no class of the voter", got=got, allowed=f"0 … {voter.classes - 1}")

    def to_design(self, name: str, provenance: dict[str, Any] | None = None) -> Design:
        """The present structure and state as a Design; a copy."""
        copies = {key: tensor.detach().clone() for key, tensor in self.state_tensors().items()}
        return Design(name, self.network, network_state(self.network, copies), dict(provenance or {}))

    def load_design(self, design: Design) -> None:
        """Continue where the Design stands. Raises ConfigError if it has another structure."""
        check_same(self.network, design.network)
        copy_state(self.state_tensors(), design.state)

    def extra_repr(self) -> str:
        return f"{self.network.inputs} inputs, engine={self.engine!r}"
