"""The torch engine: the same results as the reference (rule A2), all columns of a layer at once, on a CPU or a CUDA device.

Waves in which a layer does not learn are taken as a batch, learning waves one after another. A layer takes a whole chunk of waves before
the next one begins: that one needs only its outputs, and learning needs only a layer's own inputs, outputs and labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neutnngen.core.columns import (
    LayerTensors,
    LayerWaves,
    VoterTensors,
    compare_and_learn,
    layer_gates,
    layer_moves,
    learn,
    most_votes,
    only_line,
    rebased,
    respond,
    response_bytes,
    strengths,
    vote,
    vote_and_learn,
    voter_gates,
    waves_of_gates,
)
from neutnngen.core.draws import set_count, voter_sets
from neutnngen.engine.checks import Learn, Waves
from neutnngen.engine.protocol import Engine, Result, Session
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, NetworkSpec, NetworkState
from neutnngen.spec.state import state_from_arrays
from neutnngen.spec.wiring import Wiring

BATCH_BYTES = {"cpu": 1 << 24, "cuda": 1 << 28}
"""Working memory of one batch; on a CPU small enough to stay near the caches."""

CHUNK_BYTES = 1 << 26
"""Size of the inputs of all layers for one chunk of waves."""


class TensorResult(NamedTuple):
    """``engine.Result`` as tensors: outputs (wave, line) uint8, winners (wave,) int32, votes (wave, class) int32 or None, layers."""

    outputs: Tensor
    winners: Tensor
    votes: Tensor | None
    layers: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class _Reader:
    """A wiring as a gather. parts: of the inputs (0) and the layers (1 …) those that it reads, as first and last + 1. index: (column ×
    input,) line numbers from the first of them on. shape: (column, input)."""

    parts: tuple[int, int]
    index: Tensor
    shape: tuple[int, int]

    def read(self, network: NetworkSpec, times: Sequence[Tensor], t_in_max: int) -> Tensor:
        """(wave, column, input) uint8 as a reader with ``t_in_max`` sees it (rule T4). times: inputs, then layer after layer."""
        lines = [_seen(network, times, part, t_in_max) for part in range(*self.parts)]
        return torch.cat(lines, dim=1).index_select(1, self.index).view(-1, *self.shape)


def _seen(network: NetworkSpec, times: Sequence[Tensor], part: int, t_in_max: int) -> Tensor:
    return rebased(times[part], 0 if part == 0 else network.layers[part - 1].rebase, t_in_max)


def _reader(network: NetworkSpec, wiring: Wiring | None, device: torch.device) -> _Reader | None:
    if wiring is None:
        return None
    table = wiring.table()
    offsets = np.array(network.line_offsets)
    first, last = (int(np.searchsorted(offsets, n, side="right")) - 1 for n in (table.min(), table.max()))
    index = torch.tensor(table.reshape(-1) - offsets[first], device=device)
    return _Reader((first, last + 1), index, (wiring.columns, wiring.inputs))


@lru_cache(maxsize=32)
def _readers(network: NetworkSpec, device: torch.device) -> tuple[tuple[_Reader, _Reader | None], ...]:
    """Of every layer, the distal and the proximal wiring."""
    found = []
    for layer in network.layers:
        distal = _reader(network, layer.wiring, device)
        assert distal is not None
        found.append((distal, _reader(network, layer.proximal_wiring, device)))
    return tuple(found)


def _stretches(learning: NDArray[np.bool_]) -> Iterator[tuple[bool, int, int]]:
    """Consecutive waves of one kind: whether they learn, the first, the last + 1."""
    cuts = [0, *(np.flatnonzero(learning[1:] != learning[:-1]) + 1).tolist(), len(learning)]
    for start, stop in pairwise(cuts):
        if start < stop:
            yield bool(learning[start]), start, stop


class TorchSession(Session):
    """A Design, or a network and its state as tensors, at work on one device. Made by ``TorchEngine.open`` or ``from_tensors``."""

    def __init__(self, network: NetworkSpec, tensors: dict[str, Tensor], opened: Design | None = None) -> None:
        """See ``from_tensors``. opened: the Design that this is."""
        if opened is not None:
            super().__init__(opened)
        self._network, self._design = network, opened
        kept = _legal_tensors(network, tensors)
        self.device = kept["layer0.distal"].device
        self._layers = [
            LayerTensors(**{f.name: kept[f"layer{n}.{f.name}"] for f in fields(LayerTensors)}) for n in range(len(network.layers))
        ]
        voter = network.voter
        self._voter = None if voter is None else VoterTensors(**{f.name: kept[f"voter.{f.name}"] for f in fields(VoterTensors)})

    @classmethod
    def from_tensors(cls, network: NetworkSpec, tensors: dict[str, Tensor]) -> Self:
        """A session on the tensors' device.

        tensors: names and shapes of ``NetworkState.arrays``, random states as int64; their values are trusted. They are never written to.
        Raises ConfigError where one is missing, has the wrong shape or lies on another device than the first.
        """
        return cls(network, tensors)

    @property
    def network(self) -> NetworkSpec:
        """The structure."""
        return self._network

    def tensors(self) -> dict[str, Tensor]:
        """The present state, named as in ``from_tensors``. The session goes on with these very tensors: do not write to them."""
        named = {f"layer{n}.{f.name}": getattr(layer, f.name) for n, layer in enumerate(self._layers) for f in fields(layer)}
        if self._voter is not None:
            named |= {f"voter.{f.name}": getattr(self._voter, f.name) for f in fields(self._voter)}
        return named

    def state(self) -> NetworkState:
        """See Session.state."""
        arrays = {name: np.array(tensor.cpu().numpy()) for name, tensor in self.tensors().items()}
        return state_from_arrays(self._network, {k: a.astype(np.uint64) if k.endswith(".lfsr") else a for k, a in arrays.items()})

    def design(self) -> Design:
        """See Session.design; of a session that was made from tensors, a Design named ``network``."""
        return Design("network", self._network, self.state()) if self._design is None else self._design.with_state(self.state())

    def _run(self, waves: Waves, keep_layers: bool) -> Result:
        enable, labels = (None if a is None else torch.tensor(a, device=self.device) for a in (waves.enable, waves.labels))
        found = self._take(torch.tensor(waves.times, device=self.device), waves.learn, enable, labels)
        votes = None if found.votes is None else found.votes.cpu().numpy()
        layers = tuple(layer.cpu().numpy() for layer in found.layers) if keep_layers else None
        return Result(found.outputs.cpu().numpy(), found.winners.cpu().numpy(), votes, layers)

    def run_tensors(
        self, times: Tensor, learn: Learn | Tensor = False, enable: Tensor | None = None, labels: Tensor | None = None
    ) -> TensorResult:
        """``Session.run`` on tensors of the session's device, where the results stay.

        times: (wave, input) uint8; their values are trusted, and those of ``labels``. learn: as in ``Session.run``; a tensor on another
        device than the CPU costs a transfer. Raises ConfigError where a shape is not legal or a learning stage misses what it learns from.
        """
        asked = np.asarray(learn.cpu().numpy() if isinstance(learn, Tensor) else learn, dtype=bool)
        learning = _checked_run(self._network, times, asked, enable, labels)
        return self._take(times.to(torch.uint8), learning, None if enable is None else enable.to(torch.bool), labels)

    def _take(self, times: Tensor, learning: NDArray[np.bool_], enable: Tensor | None, labels: Tensor | None) -> TensorResult:
        network, count = self._network, len(times)
        layers = tuple(torch.empty(count, layer.lines, dtype=torch.uint8, device=self.device) for layer in network.layers)
        votes = None if network.voter is None else torch.empty(count, network.voter.classes, dtype=torch.int32, device=self.device)
        chunk = max(1, CHUNK_BYTES // (network.line_offsets[-1] + sum(_read_lines(network))))
        for start in range(0, count, chunk):
            rows = slice(start, min(start + chunk, count))
            lines, numbers = (None if t is None else t[rows] for t in (enable, labels))
            known = [times[rows]]
            for n, readers in enumerate(_readers(network, self.device)):
                waves = self._layer_waves(n, readers, known, lines, numbers)
                self._run_layer(n, waves, learning[rows, n], layers[n][rows])
                known.append(layers[n][rows])
            if votes is not None:
                self._run_voter(known, learning[rows, -1], numbers, votes[rows])
        outputs = torch.cat([layers[n] for n in network.output_layers], dim=1)
        return TensorResult(outputs, only_line(outputs) if votes is None else most_votes(votes), votes, layers)

    def _layer_waves(
        self, n: int, readers: tuple[_Reader, _Reader | None], known: list[Tensor], enable: Tensor | None, labels: Tensor | None
    ) -> LayerWaves:
        column = self._network.layers[n].column
        distal, proximal = (None if one is None else one.read(self._network, known, column.t_in_max) for one in readers)
        assert distal is not None
        return LayerWaves(distal, proximal, enable if column.proximal.mode == "enable" else None, labels if column.reward else None)

    def _run_layer(self, n: int, waves: LayerWaves, learning: NDArray[np.bool_], outputs: Tensor) -> None:
        """Write (wave, line) ``outputs`` of a chunk and move the layer's state on."""
        for learns, start, stop in _stretches(learning):
            step = self._gated_waves(n) if learns else self._batch(n)
            for first in range(start, stop, step):
                last = min(first + step, stop)
                take = self._learn_layer if learns else self._infer_layer
                take(n, waves.part(first, last), outputs[first:last])

    def _batch(self, n: int) -> int:
        layer = self._network.layers[n]
        return max(1, BATCH_BYTES[self.device.type] // response_bytes(layer.column, layer.columns))

    def _gated_waves(self, n: int) -> int:
        layer = self._network.layers[n]
        column = layer.column
        return waves_of_gates(layer.columns, set_count(column), column.w_max, column.inputs + column.proximal.inputs)

    def _infer_layer(self, n: int, waves: LayerWaves, outputs: Tensor) -> None:
        outputs.copy_(respond(self._network.layers[n].column, self._layers[n], waves).outputs.flatten(1))

    def _learn_layer(self, n: int, waves: LayerWaves, outputs: Tensor) -> None:
        column, state = self._network.layers[n].column, self._layers[n]
        gates, lfsr = layer_gates(column, state.lfsr, len(outputs))
        for n_wave, moves in enumerate(layer_moves(gates, waves)):
            one = waves.part(n_wave, n_wave + 1)
            response = respond(column, state, one)
            outputs[n_wave] = response.outputs.flatten()
            state = learn(column, state, one, response, moves)
        self._layers[n] = replace(state, lfsr=lfsr)

    def _run_voter(self, known: list[Tensor], learning: NDArray[np.bool_], labels: Tensor | None, votes: Tensor) -> None:
        """Write (wave, class) ``votes`` of a chunk and move the voter's state on (rules R10, R14)."""
        voter, state = self._network.voter, self._voter
        assert voter is not None and state is not None
        seen = torch.cat([_seen(self._network, known, n + 1, voter.t_in_max) for n in self._network.output_layers], dim=1)
        lines, read = seen.shape[1], strengths if voter.read == "potential" else vote
        for learns, start, stop in _stretches(learning):
            if not learns:
                votes[start:stop] = read(voter, state, seen[start:stop])[0]
                continue
            assert labels is not None
            if voter.read == "potential":
                for n in range(start, stop):
                    one = slice(n, n + 1)
                    votes[one], state = compare_and_learn(voter, state, seen[one], labels[one])
                continue
            step = waves_of_gates(1, voter_sets(voter, lines), voter.w_max, lines)
            for first in range(start, stop, step):
                last = min(first + step, stop)
                gates, lfsr = voter_gates(voter, lines, state.lfsr, last - first)
                for n in range(first, last):
                    one = slice(n, n + 1)
                    votes[one], state = vote_and_learn(voter, state, seen[one], labels[one], gates.part(n - first))
                state = replace(state, lfsr=lfsr)
        self._voter = state


def _read_lines(network: NetworkSpec) -> list[int]:
    """Lines that each layer gathers for one wave."""
    return [layer.columns * (layer.column.inputs + layer.column.proximal.inputs) for layer in network.layers]


def _legal_tensors(network: NetworkSpec, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a state in their own types; see ``from_tensors``."""
    kept: dict[str, Tensor] = {}
    for name, (shape, dtype) in _layout(network).items():
        tensor = tensors.get(name)
        if tensor is None:
            raise ConfigError("a tensor of the state is missing", got=", ".join(tensors), allowed=name)
        if tuple(tensor.shape) != shape:
            raise ConfigError(f"the tensor {name} has the wrong shape", got=tuple(tensor.shape), allowed=shape)
        device = kept["layer0.distal"].device if kept else tensor.device
        if tensor.device != device:
            raise ConfigError(f"the tensor {name} is on another device", got=tensor.device, allowed=device)
        kept[name] = tensor.detach().to(dtype)
    return kept


def _layout(network: NetworkSpec) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Shape and type of every tensor of a state, by its name."""
    found: dict[str, tuple[tuple[int, ...], torch.dtype]] = {}
    for n, layer in enumerate(network.layers):
        column, columns = layer.column, layer.columns
        for kind, shape in (("distal", column.distal_shape), ("proximal", column.proximal_shape)):
            found[f"layer{n}.{kind}"] = ((columns, *shape), torch.uint8)
            found[f"layer{n}.{kind}_mask"] = ((columns, *shape), torch.bool)
        found[f"layer{n}.lfsr"] = ((columns,), torch.int64)
        found[f"layer{n}.bias"] = ((columns, *column.distal_shape[:3]), torch.int64)
        found[f"layer{n}.learned"] = ((), torch.int64)
    if network.voter is not None:
        weights = (network.lines, network.voter.rows)
        found |= {"voter.weights": (weights, torch.uint8), "voter.mask": (weights, torch.bool), "voter.lfsr": ((), torch.int64)}
    return found


def _checked_run(
    network: NetworkSpec, times: Tensor, learn: NDArray[np.bool_], enable: Tensor | None, labels: Tensor | None
) -> NDArray[np.bool_]:
    """(wave, stage) learning; ConfigError where a shape is not legal or something is missing. Looks at no value of a tensor."""
    count, stages = len(times), network.stages
    _check_shape("times", times.shape, (count, network.inputs))
    _check_shape("learn", learn.shape, (), (count,), (count, stages))
    if enable is not None:
        _check_shape("enable", enable.shape, *([(count, network.enables)] if network.enables else []))
    if labels is not None:
        _check_shape("labels", labels.shape, (count,))
    learning = np.broadcast_to(learn[:, None] if learn.ndim == 1 else learn, (count, stages))
    for n, needs_label in enumerate(network.needs_labels):
        is_enabled = n < len(network.layers) and network.layers[n].column.proximal.mode == "enable"
        for missing, what in ((needs_label and labels is None, "labels"), (is_enabled and enable is None, "enable")):
            if missing and learning[:, n].any():
                raise ConfigError(f"stage {n} cannot learn without {what} (rules P2, R9, R10)", got="none", allowed=f"{what} of every wave")
    return learning


def _check_shape(name: str, shape: tuple[int, ...], *allowed: tuple[int, ...]) -> None:
    if tuple(shape) not in allowed:
        legal = " or ".join(map(str, allowed)) or "none at all: no layer has enable lines (rule P2)"
        raise ConfigError(f"the shape of {name} is not legal", got=tuple(shape), allowed=legal)


def _device(wanted: Any) -> torch.device:
    """The device; ConfigError that names those that are there if it is not."""
    there = ["cpu", *(f"cuda:{n}" for n in range(torch.cuda.device_count()))]
    try:
        device = torch.device(wanted)
    except (RuntimeError, TypeError):
        device = None
    index = 0 if device is None or device.index is None else device.index
    if device is None or (device.type if device.type == "cpu" else f"{device.type}:{index}") not in there:
        raise ConfigError("the torch engine has no such device", got=wanted, allowed=", ".join(there), next_step="neutnngen doctor")
    return device


class TorchEngine(Engine):
    """See the module's docstring. device: ``cpu`` or a CUDA device, by name or as torch.device; ConfigError if it is not there."""

    name = "torch"

    def __init__(self, device: Any = "cpu") -> None:
        self.device = _device(device)

    def open(self, design: Design) -> TorchSession:
        """See Engine.open."""
        arrays = {k: a.astype(np.int64) if k.endswith(".lfsr") else a for k, a in design.state.arrays()}
        tensors = {name: torch.tensor(array, device=self.device) for name, array in arrays.items()}
        return TorchSession(design.network, tensors, design)
