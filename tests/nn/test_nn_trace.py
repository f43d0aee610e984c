"""A Design traced from a user's module gives what the module gives, learning included; what cannot be one is refused with reasons."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import unfold

from neutnngen import nn as snn
from neutnngen.engine import ReferenceEngine
from neutnngen.errors import ConfigError
from neutnngen.nn import design_from_module, module_from_design
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    DenseWiring,
    FieldWiring,
    LayerSpec,
    ListWiring,
    NetworkSpec,
    ProximalSpec,
    StdpSpec,
    VoterSpec,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "engine"))
from random_designs import random_case

BUSY = StdpSpec(900, 700, 300, 500, 200)


def column(inputs: int, neurons: int, threshold: int = 6, **options: Any) -> snn.Column:
    return snn.Column(DendriticColumnSpec(inputs, neurons, threshold, segments=2, stdp=BUSY, **options), engine="reference")


def classic(inputs: int, neurons: int = 3, threshold: int = 5, t_res: int = 3) -> snn.Column:
    return snn.Column(ColumnSpec(inputs, neurons, threshold, t_res, stdp=BUSY), engine="reference")


class Residual(nn.Module):
    """Later columns see the inputs too."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = classic(6, 4), column(10, 3, inhibition="k_earliest", k=2)
        self.rebase = snn.Rebase.between(self.first, self.second)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.cat([x, self.rebase(self.first(x))], dim=1))


class Branches(nn.Module):
    """Two columns on overlapping halves, read in another order by a third and in part by a fourth; both are outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = classic(4), classic(4, 2, 3)
        self.top, self.side = classic(5, 2), column(2, 2, 3)
        self.register_buffer("order", torch.tensor([4, 0, 3, 1, 2]))
        self.rebase_left, self.rebase_right = snn.Rebase(1, 7), snn.Rebase(0, 7)

    def forward(self, x: Tensor) -> Tensor:
        a, b = x[:, :4], x[:, [5, 4, 3, 2]]
        both = torch.cat([self.rebase_left(self.left(a)), self.rebase_right(self.right(b))], 1)
        return torch.cat([self.top(both[:, self.order]), self.side(both.narrow(1, 1, 2).flip(1))], 1)


class Windows(nn.Module):
    """nn.Unfold and a loop of columns over the windows; then one column over all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.unfold = nn.Unfold(2)
        self.columns = nn.ModuleList(classic(4, 2, 4) for _ in range(4))
        self.last = classic(8, 3)
        self.rebase = snn.Rebase.between(self.columns[0], self.last)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        windows = self.unfold(x.unsqueeze(1).float()).to(torch.uint8)
        found = [one(windows[..., n]) for n, one in enumerate(self.columns)]
        return self.last(self.rebase(torch.stack(found, 1)).flatten(1))


class Context(nn.Module):
    """A driving input and a context, proximal by sum and by soma, and enable lines."""

    def __init__(self) -> None:
        super().__init__()
        self.context = classic(4)
        self.summed = column(3, 3, proximal=ProximalSpec("sum", 2))
        soma = ProximalSpec("soma", 2, soma_threshold=3, weight_proximal=3, weight_distal=2)
        self.soma = column(3, 3, 4, proximal=soma)
        self.enabled = column(6, 3, 4, proximal=ProximalSpec("enable"))
        self.rebase, self.rebase_sum = snn.Rebase(1, 7), snn.Rebase(0, 7)

    def forward(self, x: Tensor, enable: Tensor | None = None) -> Tensor:
        context = self.rebase(self.context(x[:, 2:]))
        a = self.summed(context, proximal=x[:, :2])
        b = self.soma(context, proximal=x[:, [0, 2]])
        return self.enabled(self.rebase_sum(torch.cat([a, b], 1)), enable=enable)


class Voting(nn.Module):
    """Two layers, the outputs of both to a voter; one of them learns from the labels as well."""

    def __init__(self) -> None:
        super().__init__()
        spec = DendriticColumnSpec(4, 2, 4, stdp=BUSY)
        self.layer = snn.Layer(LayerSpec(spec, FieldWiring(3, 3, 1, 2)), engine="reference")
        rewarded = DendriticColumnSpec(8, 1, 4, segments=3, output="segments", reward=True, stdp=BUSY)
        self.rewarded = snn.Column(rewarded, engine="reference")
        self.voter = snn.Voter(VoterSpec(3, t_res=4, mu_search=500), 11, engine="reference")
        self.first = snn.Rebase.between(self.layer, self.rewarded)
        self.last = snn.Rebase.between(self.layer, self.voter)
        self.other = snn.Rebase.between(self.rewarded, self.voter)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        times = self.layer(x.reshape(x.shape[0], x.shape[1] * x.size(2)))
        winners = self.other(self.rewarded(self.first(times), labels=labels))
        return self.voter(torch.cat([winners, self.last(times)], 1), labels=labels)


class Fields(nn.Module):
    """Layers behind one another, with a transposition that keeps no order, and a whole network inside."""

    def __init__(self) -> None:
        super().__init__()
        spec = DendriticColumnSpec(4, 2, 6, stdp=BUSY)
        self.low = snn.Layer(LayerSpec(spec, FieldWiring(3, 4, 1, 2)), engine="reference")
        self.high = snn.Layer(LayerSpec(spec, FieldWiring(2, 3, 2, (1, 2)), base=0), engine="reference")
        layers = (LayerSpec(ColumnSpec(4, 2, 3, 2, stdp=BUSY), DenseWiring(4, 1, 2)), LayerSpec(spec, ListWiring(((0, 9, 10, 8),))))
        self.inner = snn.Network(NetworkSpec(8, layers, outputs=(1, 0)), engine="reference")
        self.low_base, self.high_base = snn.Rebase(1, 7), snn.Rebase(0, 7)

    def forward(self, x: Tensor) -> Tensor:
        times = self.low_base(self.low(x.flatten(1)))
        times = self.high_base(self.high(times))
        return self.inner(times.reshape(-1, 4, 2).transpose(1, 2).flatten(1))


class Encoded(nn.Module):
    """Real values in."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = snn.encoders.Intensity(6, t_res=3)
        self.body = nn.Sequential(nn.Identity(), classic(6, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.encoder(x))


class Wired(nn.Module):
    """Many ways to move lines in front of a column each."""

    def __init__(self) -> None:
        super().__init__()
        self.unflatten, self.flatten, self.unshuffle = nn.Unflatten(1, (2, 4, 2)), nn.Flatten(), nn.PixelUnshuffle(2)
        self.columns = nn.ModuleList(classic(16, 2, 9) for _ in range(7))
        self.small = nn.ModuleList(classic(4, 2, 3) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        c, s = self.columns, self.small
        image = self.unflatten(x)
        half = x.shape[-1] // 2
        front, back = x.split(half, dim=1)
        left, _, right = torch.tensor_split(x, (4, 12), 1)
        return torch.cat(
            [
                c[0](torch.concat((back, front), 1)),
                c[1](self.flatten(image.permute(0, 3, 1, 2))),
                c[2](self.flatten(self.unshuffle(image))),
                c[3](torch.roll(x, 3, 1).contiguous()),
                c[4](torch.stack([front, back], dim=2).view(x.size(0), -1)),
                c[5](image[:, 1, :, None].movedim(1, 2).repeat(1, 1, 2, 1).flatten(1)),
                c[6](torch.cat([x[:, 1::2], x[:, ::2]], 1)),
                s[0](unfold(image[:, :1].double(), (2, 2))[:, :, 1].byte()),
                s[1](torch.index_select(x, 1, torch.tensor([3, 3, 9, 0]))),
                s[2](torch.cat([left[..., :2], right.unfold(1, 2, 2).select(1, 1)], 1)),
            ],
            1,
        )


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Sequential": (lambda: nn.Sequential(nn.Flatten(), classic(6, 4), snn.Rebase(0, 3), classic(4, 2, 3, 2)), (2, 3)),
    "Residual": (Residual, (6,)),
    "Branches": (Branches, (6,)),
    "Windows": (Windows, (3, 3)),
    "Context": (Context, (6,)),
    "Voting": (Voting, (3, 3)),
    "Fields": (Fields, (3, 4)),
    "Wired": (Wired, (16,)),
}


def fill(module: nn.Module, rng: np.random.Generator) -> None:
    """Random weights, masks and random states."""
    for part in module.modules():
        if isinstance(part, (snn.Column, snn.Layer)):
            for name in ("distal", "proximal"):
                weights, mask = getattr(part, name), getattr(part, f"{name}_mask")
                mask.copy_(torch.from_numpy(rng.random(mask.shape) < 0.9))
                weights.copy_(torch.from_numpy(rng.integers(0, 8, weights.shape)) * mask)
            part.lfsr.copy_(torch.from_numpy(rng.integers(1, 2**31 - 1, part.lfsr.shape)))
        if isinstance(part, snn.Voter):
            part.weights.copy_(torch.from_numpy(rng.integers(0, 8, part.weights.shape)))


@pytest.mark.parametrize("kind", NETWORKS)
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_design_equals_module(kind: str, seed: int, learn: bool) -> None:
    rng = np.random.default_rng(seed)
    make, shape = NETWORKS[kind]
    module = make().train(learn)
    fill(module, rng)
    design = design_from_module(module, shape, name="traced")
    count = 5
    waves = rng.integers(0, 8, (count, *shape)).astype(np.uint8)
    waves[rng.random(waves.shape) < 0.2] = NO_SPIKE
    enable = rng.random((count, 3)) < 0.7 if kind == "Context" else None
    labels = rng.integers(0, 3, count)
    extra: dict[str, Any] = {"enable": torch.from_numpy(enable)} if enable is not None else {}
    if kind == "Voting":
        extra["labels"] = torch.from_numpy(labels)

    expected = ReferenceEngine().run(design, waves.reshape(count, -1), learn, enable=enable, labels=labels)
    back = module_from_design(design, engine="compiled").train(learn)
    outputs = module(torch.from_numpy(waves), **extra)
    again = back(torch.from_numpy(waves).flatten(1), **extra)
    assert np.array_equal(outputs.numpy(), expected.outputs if expected.votes is None else expected.votes)
    assert torch.equal(outputs, again)
    final = design_from_module(module, shape, name="traced")
    assert final.fingerprint() == expected.final.fingerprint() == back.to_design("traced").fingerprint()
    assert learn or final.fingerprint() == design.fingerprint()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_network_inside_is_taken_apart(seed: int) -> None:
    case = random_case(seed)
    network, count = case.design.network, len(case.waves)
    inner = module_from_design(case.design, engine="reference")
    turned = torch.from_numpy(np.random.default_rng(seed).permutation(network.inputs))

    def forward(self: Any, x: Tensor, enable: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        return self.inner(x[:, turned], enable=enable if network.enables else None, labels=labels)

    design = design_from_module(user(forward, inner=inner), (network.inputs,), name="random", t_res=network.t_res)
    waves = np.empty_like(case.waves)
    waves[:, turned.numpy()] = case.waves
    learn = np.tile(case.learn[0], (count, 1))
    ours = ReferenceEngine().run(design, waves, learn, enable=case.enable, labels=case.labels, keep_layers=True)
    theirs = ReferenceEngine().run(case.design, case.waves, learn, enable=case.enable, labels=case.labels, keep_layers=True)
    assert np.array_equal(ours.outputs, theirs.outputs) and np.array_equal(ours.winners, theirs.winners)
    assert ours.final.state.equals(theirs.final.state)


def test_wirings_stay_short() -> None:
    """Neighbouring lines keep FieldWiring and DenseWiring; bases come from nn.Rebase, and its default is not written out."""
    network = design_from_module(Fields(), (3, 4), name="d").network
    low, high, *inner = network.layers
    assert low.wiring == FieldWiring(3, 4, 1, 2) and high.wiring == FieldWiring(2, 3, 2, (1, 2), first=12)
    assert (low.base, high.base) == (None, 0)  # 1 is the earliest output of both
    assert [layer.wiring.kind for layer in inner] == ["list", "list"] and network.outputs == (3, 2)
    network = design_from_module(nn.Sequential(classic(6), snn.Rebase.between(classic(6), classic(3)), classic(3)), (6,), name="d").network
    assert [layer.wiring for layer in network.layers] == [DenseWiring(6), DenseWiring(3, 6)] and network.outputs is None
    assert [layer.base for layer in network.layers] == [None, None]


def test_a_module_of_ours_is_its_own_design() -> None:
    one = classic(6)
    assert design_from_module(one, (2, 3), name="d").fingerprint() == one.to_design("d").fingerprint()
    assert design_from_module(nn.Sequential(one), (6,), name="d").fingerprint() == one.to_design("d").fingerprint()
    assert design_from_module(nn.Sequential(one), (6,), name="d").network.classic == one.spec
    network = snn.Network(NetworkSpec(6, (LayerSpec(ColumnSpec(6, 2, 3), DenseWiring(6)),), voter=VoterSpec(2)))
    assert design_from_module(nn.Sequential(network), (6,), name="d").fingerprint() == network.to_design("d").fingerprint()
    with pytest.raises(ConfigError, match="input_shape does not fit"):
        design_from_module(one, (7,), name="d")


def test_an_encoder_is_recorded() -> None:
    module = Encoded().eval()
    fill(module, np.random.default_rng(1))
    design = design_from_module(module, (6,), name="d", provenance={"note": "mine"})
    assert design.provenance == {"note": "mine", "encoder": module.encoder.to_dict()}
    values = torch.rand(4, 6)
    expected = ReferenceEngine().run(design, module.encoder(values).numpy())
    assert np.array_equal(module(values).numpy(), expected.outputs)
    with pytest.raises(ConfigError, match="encoder's times do not fit"):
        design_from_module(module, (6,), name="d", t_res=2)


def test_the_design_is_a_copy() -> None:
    module = nn.Sequential(classic(6))
    design = design_from_module(module, (6,), name="d")
    before = design.fingerprint()
    fill(module, np.random.default_rng(1))
    assert design.fingerprint() == before


def user(forward: Callable[..., Any], **parts: Any) -> nn.Module:
    """A module with these parts and this forward."""
    module = type("User", (nn.Module,), {"forward": forward})()
    for name, part in parts.items():
        setattr(module, name, part)
    return module


def twice(self: Any, x: Tensor) -> Tensor:
    return self.a(self.r(self.a(x).repeat(1, 2)))


def made_in_forward(self: Any, x: Tensor) -> Tensor:
    return self.b(snn.Rebase(1, 7)(self.a(x)))


def branch(self: Any, x: Tensor) -> Tensor:
    y = self.a(x)
    if (y < 3).any():
        return y
    return x


def added(self: Any, x: Tensor) -> Tensor:
    return self.a(x + x)


def two_inputs(self: Any, x: Tensor, context: Tensor) -> Tensor:
    return self.a(torch.cat([x, context], 1))


A, R = lambda: classic(6, 3, 9), lambda: snn.Rebase(1, 7)  # V = 6, 12: the earliest output is at 1
ERRORS: list[tuple[str, nn.Module, str, str]] = [
    ("add", user(added, a=A()), r"operation 'add' at test_nn_trace.py:\d+ `return self.a\(x \+ x\)`: add is more", "torch.cat"),
    ("Linear", nn.Sequential(A(), nn.Linear(3, 3)), r"module '1' \(Linear\): Linear is more", "nn.Column"),
    ("ReLU", nn.Sequential(nn.Sequential(A(), nn.ReLU())), r"module '0.1' \(ReLU\)", "inhibition"),
    ("Softmax", nn.Sequential(A(), nn.Softmax(1)), "Softmax", "inhibition"),
    ("MaxPool2d", nn.Sequential(nn.MaxPool2d(2), A()), "MaxPool2d", "one_lowest_index"),
    ("Conv2d", nn.Sequential(nn.Conv2d(1, 2, 2), A()), "Conv2d", "FieldWiring"),
    ("Dropout", nn.Sequential(nn.Dropout(), A()), "Dropout", "masks"),
    ("BatchNorm1d", nn.Sequential(A(), nn.BatchNorm1d(3)), "BatchNorm1d", "HomeostasisSpec"),
    ("GRUCell", nn.Sequential(A(), nn.GRUCell(3, 3)), "GRUCell", "T5"),
    ("near name", nn.Sequential(A(), nn.Softmin(1)), "Softmin", "as for Softmax"),
    ("far name", nn.Sequential(A(), nn.Hardshrink()), "Hardshrink", "torch.cat"),
    ("squeeze_", user(lambda s, x: s.a(x.squeeze_(2)), a=A()), "squeeze_ is more", "squeeze"),
    ("argmax", user(lambda s, x: s.a(x).argmax(1), a=A()), "argmax is more", "inhibition"),
    ("compare", user(lambda s, x: s.a(x[x > 3]), a=A()), "gt is more", "tie"),
    ("zeros", user(lambda s, x: s.a(torch.zeros_like(x)), a=A()), "zeros_like is more", "exist"),
    ("int8", user(lambda s, x: s.a(x.to(torch.int8)), a=A()), "to is more", ""),
    ("data", user(lambda s, x: s.a(x.data), a=A()), "getattr is more", ""),
    ("branch", user(branch, a=A()), "cannot be traced", "nn.Column"),
    ("made in forward", user(made_in_forward, a=A(), b=classic(3)), "cannot be traced", "__init__"),
    ("len", user(lambda s, x: s.a(x[:, : len(x)]), a=A()), "cannot be traced", ""),
    ("shared", user(twice, a=A(), r=R()), "used twice; columns do not share weights", "deepcopy"),
    ("raw", nn.Sequential(A(), classic(3)), "reads output times of module '0'", r"put nn.Rebase between them: nn.Rebase\(1, 7\)"),
    ("raw to voter", nn.Sequential(A(), snn.Voter(VoterSpec(2), 3)), "reads output times", "nn.Rebase"),
    ("re-based twice", nn.Sequential(A(), R(), snn.Rebase(0, 7), classic(3)), "re-based twice", ""),
    ("late base", nn.Sequential(A(), snn.Rebase(2, 7), classic(3)), "later than the earliest output", "between"),
    ("two bases", user(lambda s, x: torch.cat([s.p(s.r(y := s.a(x))), s.q(s.o(y))], 1), a=A(), p=classic(3), q=classic(3), r=R(),
                       o=snn.Rebase(0, 7)), "re-based in two ways", ""),
    ("based inputs", nn.Sequential(R(), A()), "based at 0 already", ""),
    ("cut short", nn.Sequential(A(), snn.Rebase(1, 3), classic(3)), "cut in another way", r"nn.Rebase\(1, 7\)"),
    ("cut long", nn.Sequential(A(), snn.Rebase(1, 8), classic(3)), "cut in another way", r"nn.Rebase\(1, 7\)"),
    ("inputs of another t_res", nn.Sequential(classic(6, t_res=2)), "cut in another way", "trace with its t_res"),
    ("re-based outputs", nn.Sequential(A(), R()), "output times are raw", ""),
    ("part of a layer", user(lambda s, x: s.a(x)[:, :2], a=A()), "not whole layers", "whole outputs"),
    ("inputs as outputs", nn.Sequential(nn.Identity()), "not whole layers", ""),
    ("turned layer", user(lambda s, x: s.a(x).flip(1), a=A()), "not whole layers", ""),
    ("turned for a voter", user(lambda s, x: s.v(s.r(s.a(x)).flip(1)), a=A(), r=R(), v=snn.Voter(VoterSpec(2), 3)), "not whole layers", ""),
    ("after a voter", nn.Sequential(A(), R(), snn.Voter(VoterSpec(2), 3), nn.Flatten()), "votes are the end", ""),
    ("two results", user(lambda s, x: (s.a(x), x), a=A()), "not one tensor", ""),
    ("wrong number", nn.Sequential(classic(5)), "wrong number of lines", ""),
    ("not flat", nn.Sequential(nn.Unflatten(1, (2, 3)), A()), r"takes \(batch, lines\)", "flatten"),
    ("bad index", user(lambda s, x: s.a(x[:, [0, 1, 2, 3, 4, 9]]), a=A()), "out of bounds|out of range", ""),
    ("mixed batch", user(lambda s, x: s.a(x.reshape(3, 4).repeat(1, 2)[:2, :6]), a=A()), "batch was mixed", "x.shape"),
    ("batch reversed", user(lambda s, x: s.a(x.flip(0)), a=A()), "batch was mixed", ""),
    ("padding", user(lambda s, x: s.a(unfold(x.view(-1, 1, 2, 3).float(), (2, 3), padding=(1, 0))[:, :, 0]), a=A()), "padding", ""),
    ("scaled", user(lambda s, x: s.a(x * s.c), a=A(), c=torch.ones(6)), "mul is more", "weights"),
    ("constant lines", user(lambda s, x: s.a(torch.cat([x[:, :5], s.c], 1)), a=A(), c=torch.zeros(2, 1).long()), "no lines", ""),
    ("second input", user(two_inputs, a=A()), "'context' is no spikes", "one input"),
    ("enable of lines", user(lambda s, x: s.a(x, enable=x), a=A()), "must be an argument", ""),
    ("unknown argument", user(lambda s, x: s.a(x, gain=3), a=A()), "gain", ""),
    ("late encoder", user(lambda s, x: s.a(s.e(x[:, :6])), a=A(), e=snn.encoders.Intensity(6)), "first and only", ""),
    ("no proximal", nn.Sequential(column(6, 2, proximal=ProximalSpec("sum", 2))), "proximal input does not fit", ""),
    ("wrong proximal", user(lambda s, x: s.a(x, proximal=x), a=column(6, 2, proximal=ProximalSpec("sum", 2))), "proximal lines", ""),
]  # fmt: skip


@pytest.mark.parametrize(("module", "message", "step"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS])
def test_what_is_no_design_is_refused(module: nn.Module, message: str, step: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        design_from_module(module, (6,), name="d")
    if step:
        assert caught.value.next_step is not None
        assert re.search(step, caught.value.next_step), caught.value.next_step


def test_control_flow_error_names_the_line() -> None:
    with pytest.raises(ConfigError, match="cannot be traced") as caught:
        design_from_module(user(branch, a=A()), (6,), name="d")
    assert caught.value.got is not None and "test_nn_trace.py" in caught.value.got and "if (y < 3).any():" in caught.value.got


def test_enable_lines_are_shared_by_all() -> None:
    def forward(self: Any, x: Tensor, enable: Tensor | None = None) -> Tensor:
        return torch.cat([self.a(x, enable=enable), self.b(x)], 1)

    parts = {name: column(6, 2, proximal=ProximalSpec("enable")) for name in "ab"}
    with pytest.raises(ConfigError, match="all modules share one enable"):
        design_from_module(user(forward, **parts), (6,), name="d")


def test_forward_without_input() -> None:
    with pytest.raises(ConfigError, match="takes no input"):
        design_from_module(user(lambda s: torch.zeros(1)), (6,), name="d")
