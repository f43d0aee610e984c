"""State of modules as buffers: named as in ``spec.state``, with random states as int64 since PyTorch has no arithmetic on uint64."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neutnngen.errors import ConfigError
from neutnngen.spec import LayerState, NetworkSpec, NetworkState, VoterState, plain
from neutnngen.spec.state import state_from_arrays

LAYER_FIELDS = tuple(f.name for f in fields(LayerState))
VOTER_FIELDS = tuple(f.name for f in fields(VoterState))


def as_tensor(array: NDArray[Any]) -> Tensor:
    """A tensor over the memory of an array, or of a copy if it is read-only; uint64 becomes int64 (random states have 63 bits)."""
    array = np.asarray(array)
    array = array if array.flags.writeable else array.copy()
    return torch.from_numpy(array.view(np.int64) if array.dtype == np.uint64 else array)


def register_state(module: nn.Module, state: LayerState | VoterState, *, of_column: bool = False) -> None:
    """Copies of the arrays of ``state`` as buffers of the same names. of_column: of one column, without the leading column axis."""
    for f in fields(state):
        array = np.array(getattr(state, f.name))
        module.register_buffer(f.name, as_tensor(array[0].copy() if of_column and array.ndim else array))


def network_state(network: NetworkSpec, tensors: dict[str, Tensor]) -> NetworkState:
    """The tensors, by the names of ``NetworkState.arrays``, as a state; of tensors on the CPU it is a view."""
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    return state_from_arrays(network, {k: a.view(np.uint64) if k.endswith("lfsr") else a for k, a in arrays.items()})


def copy_state(tensors: dict[str, Tensor], state: NetworkState) -> None:
    """Write ``state`` into the tensors, in place."""
    for name, array in state.arrays():
        if name in tensors:
            tensors[name].copy_(as_tensor(array))


def is_legal(network: NetworkSpec, tensors: dict[str, Tensor]) -> bool:
    """Whether a Design would accept the state; decided on the tensors' own device, with one transfer."""
    wrong: list[Tensor] = []

    def outside(name: str, low: int, high: int) -> None:
        wrong.append(((tensors[name] < low) | (tensors[name] > high)).any())

    def weights(name: str, mask: str, w_max: int) -> None:
        outside(name, 0, w_max)
        wrong.append((~tensors[mask] & (tensors[name] != 0)).any())

    for n, layer in enumerate(network.layers):
        spec = layer.column
        weights(f"layer{n}.distal", f"layer{n}.distal_mask", spec.w_max)
        weights(f"layer{n}.proximal", f"layer{n}.proximal_mask", spec.proximal_w_max)
        outside(f"layer{n}.lfsr", 1, (1 << spec.lfsr.width) - 1)
        outside(f"layer{n}.bias", 0, 0 if spec.homeostasis is None else spec.homeostasis.limit)
        outside(f"layer{n}.learned", 0, 1 << 62)
    if network.voter is not None:
        weights("voter.weights", "voter.mask", network.voter.w_max)
        outside("voter.lfsr", 1, (1 << network.voter.lfsr.width) - 1)
    return not bool(torch.stack(wrong).any())


def check_same(ours: NetworkSpec, theirs: NetworkSpec) -> None:
    """Raise ConfigError, with the first difference, unless a Design's structure is that of the module."""
    if ours != theirs:
        where, expected, got = _difference(plain(ours), plain(theirs), "network") or ("network", ours, theirs)
        raise ConfigError(f"the Design has another structure than the module, first in {where}", got=got, allowed=expected)


def _difference(ours: Any, theirs: Any, where: str) -> tuple[str, Any, Any] | None:
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        pairs = [(f"{where}.{key}", ours[key], theirs[key]) for key in ours]
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return f"{where} (length)", len(ours), len(theirs)
        pairs = [(f"{where}.{n}", a, b) for n, (a, b) in enumerate(zip(ours, theirs, strict=True))]
    else:
        return None if ours == theirs else (where, ours, theirs)
    return next((found for name, a, b in pairs if (found := _difference(a, b, name)) is not None), None)
