"""From a user's own module to a Design: symbolic tracing, with line numbers in place of spike times.

The module is traced by torch.fx, its graph run once on tensors whose elements are the numbers of the network's lines. What only moves
elements (indexing, cat, reshape, nn.Unfold …) runs as itself and thereby wires; a module of ours becomes a layer that reads the numbers it
gets, and hands on the numbers of its own lines.
"""

from __future__ import annotations

import inspect
import linecache
import math
import operator
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

import neutnngen
from neutnngen.errors import ConfigError
from neutnngen.nn import trace_operations as known
from neutnngen.nn.base import EngineModule
from neutnngen.nn.column import Column
from neutnngen.nn.encoders import Encoder
from neutnngen.nn.layer import Layer
from neutnngen.nn.network import Network
from neutnngen.nn.rebase import Rebase
from neutnngen.nn.trace_lines import LIMIT_BITS, LINE_BITS, RAW, Lines, Lineup, decode, encode, moved_wiring
from neutnngen.nn.voter import Voter
from neutnngen.spec import Design, LayerSpec, VoterSpec, VoterState, shortest_wiring

LEAVES = (EngineModule, Rebase, Encoder)
OWN_FOLDERS = (str(Path(torch.__file__).parent), str(Path(neutnngen.__file__).parent))


class _Tracer(fx.Tracer):
    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        node = super().create_node(*args, **kwargs)
        frame = inspect.currentframe()
        while frame is not None and frame.f_code is not design_from_module.__code__:  # what is further out is the caller's
            if not frame.f_code.co_filename.startswith(OWN_FOLDERS):
                file, number = frame.f_code.co_filename, frame.f_lineno
                node.meta["line"] = f"{Path(file).name}:{number} `{linecache.getline(file, number).strip()}`"
                break
            frame = frame.f_back
        return node

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, LEAVES) or super().is_leaf_module(m, module_qualified_name)


@dataclass(frozen=True)
class _Extra:
    """A forward argument that is no spikes, and may only be handed on as ``enable`` or ``labels``."""

    name: str


@dataclass(frozen=True)
class _Votes:
    """What a voter gives; nothing but the end of the network may follow."""

    spec: VoterSpec
    state: VoterState
    outputs: tuple[int, ...]


def design_from_module(
    module: nn.Module, input_shape: tuple[int, ...], *, name: str, t_res: int = 3, provenance: dict[str, Any] | None = None
) -> Design:
    """The Design of a module that is made of modules of ``neutnngen.nn`` and of wiring, with its present weights and random states.

    input_shape: shape of one sample of the first argument of ``forward``, without the batch; where an encoder comes first, that of its raw
    values. t_res: of the network's input times; a single module of ``neutnngen.nn`` has its own. name, provenance: of the Design; an
    encoder is recorded in ``provenance["encoder"]``. Further arguments of ``forward`` may be handed on as ``enable`` and ``labels``.
    Supported between the modules is whatever only moves lines (see ``nn.trace_operations``), with nn.Rebase from module to module (rule T4)
    and a Voter last.

    Raises ConfigError, with the place in the module and the nearest supported form, for any other operation, for control flow that depends
    on data, for a module used twice (rule L1: no weight sharing), and for outputs that are not whole layers.
    """
    if isinstance(module, EngineModule):
        if math.prod(input_shape) != module.network.inputs:
            raise ConfigError("input_shape does not fit the module", got=input_shape, allowed=f"{module.network.inputs} lines")
        return module.to_design(name, provenance)
    try:
        graph = _Tracer().trace(module)
    except (fx.proxy.TraceError, NameError, RuntimeError, TypeError, ValueError) as error:
        loop = "loop over numbers that are known while tracing; decisions between spikes belong into an nn.Column"
        made = "make every module in __init__ and keep it as an attribute"
        raise ConfigError(
            f"the module cannot be traced: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            got=_line_of(error),
            allowed="control flow that does not depend on data",
            next_step=made if isinstance(error, NameError) else loop,
        ) from error
    return _Run(module, graph, input_shape, t_res).design(name, dict(provenance or {}))


def _line_of(error: BaseException) -> str | None:
    """The user's line that an error came from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(OWN_FOLDERS)]
    return f"{frames[-1].filename}:{frames[-1].lineno}: {frames[-1].line}" if frames else None


class _Run:
    """The graph of a module, run once on line numbers."""

    def __init__(self, module: nn.Module, graph: fx.Graph, input_shape: tuple[int, ...], t_res: int) -> None:
        self.module, self.graph, self.t_res = module, graph, t_res
        self.values: dict[fx.Node, Any] = {}
        self.used: dict[int, str] = {}
        self.extras: dict[str, str | None] = {}
        self.placeholders = [node for node in graph.nodes if node.op == "placeholder"]
        if not self.placeholders:
            raise ConfigError("the module's forward takes no input", got="no arguments", allowed="forward(self, times, …)")
        self.encoder = self._encoder()
        if self.encoder is not None and self.encoder.times[1] > (1 << t_res) - 1:
            allowed = f"0 … {(1 << t_res) - 1}"
            raise ConfigError("the encoder's times do not fit t_res", got=f"0 … {self.encoder.times[1]}", allowed=allowed)
        self.shape = tuple(input_shape) if self.encoder is None else (self.encoder.lines,)
        self.lineup = Lineup(math.prod(self.shape), t_res)

    def _encoder(self) -> Encoder | None:
        """The encoder that reads the input, if there is one."""
        first = self.placeholders[0]
        found: Encoder | None = None
        for node in self.graph.nodes:
            if node.op == "call_module" and isinstance(made := self.module.get_submodule(node.target), Encoder):
                if node.args != (first,) or node.kwargs or len(first.users) != 1:
                    raise ConfigError(
                        f"{self._place(node)}: an encoder must be the first and only thing that reads the input",
                        allowed="encoder(x) of the forward argument itself",
                        next_step="prepare the values before the module, or give it spike times",
                    )
                found = made
        return found

    def design(self, name: str, provenance: dict[str, Any]) -> Design:
        """The network that the graph is."""
        for node in self.graph.nodes:
            if node.op == "output":
                return self._finish(name, provenance, fx.node.map_arg(node.args[0], self.values.__getitem__))
            self.values[node] = self._step(node)
        raise AssertionError("a graph ends in its output")

    def _finish(self, name: str, provenance: dict[str, Any], result: Any) -> Design:
        voter, state = None, None
        if isinstance(result, _Votes):
            voter, state, outputs = result.spec, result.state, result.outputs
        else:
            where = "the module's result"
            if not isinstance(result, Tensor):
                raise ConfigError(f"{where} is not one tensor", got=type(result).__name__, allowed="output times, or a voter's votes")
            lines, limits = decode(result, where)
            outputs = self.lineup.whole_layers(lines, where)
            if (limits != RAW).any():
                raise ConfigError(f"{where}: a network's output times are raw", got="re-based times", allowed="no nn.Rebase at the end")
        if not outputs:
            raise ConfigError("the module has no outputs", allowed="at least one nn.Column or nn.Layer")
        if self.encoder is not None:
            provenance = {**provenance, "encoder": self.encoder.to_dict()}
        return Design(name, self.lineup.network(outputs, voter), self.lineup.state(state), provenance)

    def _step(self, node: fx.Node) -> Any:
        if node.op == "placeholder":
            if node is self.placeholders[0]:
                return encode(np.arange(self.lineup.inputs).reshape(self.shape), 1 << self.t_res)
            return _Extra(str(node.target))
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self.module)
        args: tuple[Any, ...] = fx.node.map_arg(node.args, self.values.__getitem__)
        kwargs: dict[str, Any] = fx.node.map_arg(node.kwargs, self.values.__getitem__)
        target = self.module.get_submodule(str(node.target)) if node.op == "call_module" else node.target
        if isinstance(target, EngineModule):
            return self._leaf(node, target, args, kwargs)
        self._no_extras(node, args, kwargs)
        if isinstance(target, Encoder):
            return args[0]  # the input already stands for its lines
        if isinstance(target, Rebase):
            return self._rebase(node, target, args[0])
        return self._wire(node, target, args, kwargs)

    def _name(self, node: fx.Node) -> str:
        """The operation of a node, as a person calls it."""
        if node.op == "call_module":
            return type(self.module.get_submodule(str(node.target))).__name__
        return str(node.target if isinstance(node.target, str) else getattr(node.target, "__name__", node.target))

    def _place(self, node: fx.Node) -> str:
        """Where a node is: the module's path or the node's name, and the user's line where it is known."""
        where = f"module {str(node.target)!r} ({self._name(node)})" if node.op == "call_module" else f"operation {node.name!r}"
        return f"{where} at {node.meta['line']}" if "line" in node.meta else where

    def _no_extras(self, node: fx.Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for value in _flat([args, kwargs]):
            if isinstance(value, _Extra):
                raise ConfigError(
                    f"{self._place(node)}: the argument {value.name!r} is no spikes of the network",
                    got=f"{value.name} in {self._name(node)}",
                    allowed="enable= or labels= of a module of neutnngen.nn",
                    next_step="a network has one input: give more lines in it and cut them out by indexing, as x[:, 4:]",
                )
            if isinstance(value, _Votes):
                raise ConfigError(
                    f"{self._place(node)}: votes are the end of a network", got=f"{self._name(node)} of votes", allowed="return votes"
                )

    def _wire(self, node: fx.Node, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What only moves elements, run as itself."""
        call = self._wiring_call(node, target, args, kwargs)
        if call is None:
            name = self._name(node)
            raise ConfigError(
                f"{self._place(node)}: {name} is more than wiring",
                got=name,
                allowed=known.ALLOWED,
                next_step=f"write instead: {known.nearest_form(name)}",
            )
        try:
            return call()
        except (RuntimeError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"{self._place(node)}: {str(error).splitlines()[0]}", got=self._name(node)) from error

    def _wiring_call(self, node: fx.Node, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], Any] | None:
        if isinstance(target, nn.Unfold):
            return lambda: _unfold(args[0], target.kernel_size, target.dilation, target.padding, target.stride)
        if isinstance(target, nn.Module):
            return (lambda: target(*args, **kwargs)) if type(target) in known.WIRING_MODULES else None
        if node.op == "call_method":
            if target in known.CASTS and _keeps_times(args[1:], kwargs):
                return lambda: args[0]
            return (lambda: getattr(args[0], target)(*args[1:], **kwargs)) if target in known.WIRING_METHODS else None
        if target is getattr:
            return (lambda: getattr(args[0], args[1])) if args[1] in known.ATTRIBUTES else None
        if target in known.UNFOLDS:
            return lambda: _unfold(*args, **kwargs)
        sizes = target in known.SIZE_ARITHMETIC and all(isinstance(a, int) for a in args)
        return (lambda: target(*args, **kwargs)) if sizes or target in known.WIRING_FUNCTIONS else None

    def _rebase(self, node: fx.Node, module: Rebase, elements: Any) -> Tensor:
        if not isinstance(elements, Tensor):
            raise ConfigError(f"{self._place(node)}: this is no tensor of spike times", got=type(elements).__name__)
        lines, limits = decode(elements.flatten(1) if elements.ndim > 1 else elements, self._place(node))
        new = self.lineup.rebase(lines, limits, module.base, module.t_in_max, self._place(node))
        cleared = elements.to(torch.int64) & ~(((1 << LIMIT_BITS) - 1) << LINE_BITS)
        return cleared | torch.from_numpy(new << LINE_BITS).reshape(1, *elements.shape[1:])

    def _leaf(self, node: fx.Node, module: EngineModule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        where = self._place(node)
        try:
            bound = inspect.signature(module.forward).bind(*args, **kwargs).arguments
        except TypeError as error:
            raise ConfigError(f"{where}: {error}", got=self._name(node), allowed=f"forward{inspect.signature(module.forward)}") from error
        for part in module.modules():
            if id(part) in self.used:
                raise ConfigError(
                    f"{where} is used twice; columns do not share weights (rule L1)",
                    got=f"before at {self.used[id(part)]}",
                    allowed="a module of its own for every place",
                    next_step="copy.deepcopy(module), or one nn.Layer with a wiring for all places",
                )
        self.used.update({id(part): where for part in module.modules()})
        self._hand_on(where, module, bound)
        near = bound.get("proximal")
        self._no_extras(node, (bound["times"], near), {})
        lines, limits = decode(bound["times"], where)
        inputs = getattr(module, "inputs", len(lines))
        if len(lines) != inputs:
            raise ConfigError(f"{where} gets the wrong number of lines", got=len(lines), allowed=inputs)
        if isinstance(module, Voter):
            self.lineup.check_read(lines, limits, module.t_in_max, module.t_in_max, where)
            state = module.to_design("voter").state.voter
            assert state is not None
            return _Votes(module.spec, state, self.lineup.whole_layers(lines, where))
        if isinstance(module, Column):
            return self._column(where, module, lines, limits, near)
        assert isinstance(module, (Layer, Network))
        return self._network(where, module, lines, limits)

    def _hand_on(self, where: str, module: EngineModule, bound: dict[str, Any]) -> None:
        """Every module with enable lines must get the same ones, since the network's are shared; labels likewise."""
        needed = {"enable": bool(module.network.enables), "labels": any(module.network.needs_labels)}
        for name, value in bound.items():
            if name in needed and value is not None and not isinstance(value, _Extra):
                raise ConfigError(f"{where}: {name} must be an argument of the traced module's forward as it is", got=type(value).__name__)
        for name, wanted in needed.items():
            value = bound.get(name)
            if (wanted and name == "enable") or value is not None:
                got = None if value is None else value.name
                if self.extras.setdefault(name, got) != got:
                    raise ConfigError(f"{where}: all modules share one {name}", got=got, allowed=f"{self.extras[name]}, as elsewhere")

    def _column(self, where: str, module: Column, lines: Lines, limits: Lines, near: Any) -> Tensor:
        self.lineup.check_read(lines, limits, module.t_in_max, module.t_in_max, where)
        wanted = module.dendritic.proximal.inputs
        wiring = None
        if (near is not None) != bool(wanted):
            raise ConfigError(f"{where}: the proximal input does not fit", got=near if near is None else "lines", allowed=f"{wanted} lines")
        if near is not None:
            proximal, proximal_limits = decode(near, f"{where}, proximal")
            if len(proximal) != wanted:
                raise ConfigError(f"{where} gets the wrong number of proximal lines", got=len(proximal), allowed=wanted)
            self.lineup.check_read(proximal, proximal_limits, module.t_in_max, module.t_in_max, where)
            wiring = shortest_wiring(proximal[None])
        spec = LayerSpec(module.dendritic, shortest_wiring(lines[None]), wiring)
        return self.lineup.add(spec, module.to_design("column").state.layers[0], where)

    def _network(self, where: str, module: Layer | Network, lines: Lines, limits: Lines) -> Any:
        """The layers of a module, on the lines that it reads."""
        network, design, nested = module.network, module.to_design("part"), isinstance(module, Network)
        for layer in network.layers:
            self.lineup.check_read(lines, limits, layer.column.t_in_max, network.t_in_max, where)
        first, made = len(self.lineup.layers), []
        for n, (layer, state) in enumerate(zip(network.layers, design.state.layers, strict=True)):
            near = None if layer.proximal_wiring is None else moved_wiring(layer.proximal_wiring, lines)
            spec = LayerSpec(layer.column, moved_wiring(layer.wiring, lines), near, layer.base)
            place = f"{where}, layer {n}" if nested else where
            made.append(self.lineup.add(spec, state, place, layer.rebase if nested else None))
            lines = np.concatenate([lines, decode(made[-1], place)[0]])
        if network.voter is not None and design.state.voter is not None:
            return _Votes(network.voter, design.state.voter, tuple(first + n for n in network.output_layers))
        return torch.cat([made[n] for n in network.output_layers], dim=1)


def _keeps_times(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a cast leaves every spike time as it is."""
    return all(not isinstance(a, torch.dtype) or a in known.CAST_TYPES for a in [*args, *kwargs.values()])


def _unfold(elements: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """F.unfold, which exists for floating types only; line numbers are exact in them."""
    return functional.unfold(elements.to(torch.float64), *args, **kwargs).to(torch.int64)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [leaf for one in value for leaf in _flat(one)]
    if isinstance(value, dict):
        return _flat(list(value.values()))
    return [value]
