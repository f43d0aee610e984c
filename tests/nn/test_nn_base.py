"""What every module promises: PyTorch citizenship, Designs there and back, frozen in evaluation, errors that say what to do."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from neutnngen.engine import ReferenceEngine
from neutnngen.errors import ConfigError
from neutnngen.nn import Column, Dendrite, Layer, Network, Neuron, Segment, Voter
from neutnngen.nn.base import EngineModule
from neutnngen.nn.state import copy_state, is_legal, network_state
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    DenseWiring,
    Design,
    FieldWiring,
    HomeostasisSpec,
    LayerSpec,
    NetworkSpec,
    ProximalSpec,
    StdpSpec,
    VoterSpec,
)

ALWAYS = StdpSpec(1024, 1024, 1024, 1024, 1024)
FIELDS = LayerSpec(DendriticColumnSpec(4, 2, 6, stdp=ALWAYS, homeostasis=HomeostasisSpec(1, 1, 1, 4)), FieldWiring(3, 3, 1, 2))
NETWORK = NetworkSpec(9, (FIELDS, LayerSpec(ColumnSpec(8, 3, 5, stdp=ALWAYS), DenseWiring(8, 9))), voter=VoterSpec(2))


def seeded(module: EngineModule, seed: int = 3) -> EngineModule:
    """The module with random weights."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_tensors().items():
        if name.endswith(("distal", "weights")) and not (isinstance(module, Voter) and "distal" in name):
            tensor.copy_(torch.randint(0, 8, tensor.shape, generator=generator))
    return module


MAKE: dict[str, Callable[[str], EngineModule]] = {
    "Segment": lambda engine: Segment(6, 5, engine=engine, stdp=ALWAYS),
    "Dendrite": lambda engine: Dendrite(6, 3, 5, engine=engine, stdp=ALWAYS),
    "Neuron": lambda engine: Neuron(6, 2, 3, 5, engine=engine, stdp=ALWAYS),
    "Column": lambda engine: Column(ColumnSpec(6, 3, 5, stdp=ALWAYS), engine=engine),
    "dendritic Column": lambda engine: Column(DendriticColumnSpec(6, 3, 5, dendrites=2, stdp=ALWAYS), engine=engine),
    "Layer": lambda engine: Layer(FIELDS, engine=engine),
    "Voter": lambda engine: Voter(VoterSpec(2), 6, engine=engine),
    "Network": lambda engine: Network(NETWORK, engine=engine),
}
ENGINES = ("reference", "compiled", "torch")


@pytest.fixture(params=[(kind, engine) for engine in ENGINES for kind in MAKE], ids="-".join)
def module(request: pytest.FixtureRequest) -> EngineModule:
    kind, engine = request.param
    return seeded(MAKE[kind](engine))


def waves(module: EngineModule, count: int = 8, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    times = torch.randint(0, 8, (count, module.network.inputs), generator=generator, dtype=torch.uint8)
    return torch.where(torch.rand(times.shape, generator=generator) < 0.3, NO_SPIKE, times)


def call(module: EngineModule, times: Tensor) -> Tensor:
    result: Tensor = module(times, labels=torch.arange(len(times)) % 2)
    return result


def same(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(t, theirs[name]) and t.dtype == theirs[name].dtype for name, t in ours.items())


def test_training_learns_as_the_reference_does_and_evaluation_changes_nothing(module: EngineModule) -> None:
    design, times = module.to_design("d"), waves(module)
    labels = torch.arange(len(times)).numpy() % 2
    learn = torch.tensor(module._learning()).repeat(len(times), 1).numpy()
    trace = ReferenceEngine().run(design, times.numpy(), learn, labels=labels)
    outputs = call(module, times)
    assert outputs.tolist() == (trace.outputs if trace.votes is None else trace.votes).tolist()
    assert module.to_design("d").fingerprint() == trace.final.fingerprint() != design.fingerprint()
    module.eval()
    before = copy.deepcopy(module)
    assert torch.equal(call(module, times), call(module, times)) and same(module, before)  # R11


def test_one_batch_is_its_waves_one_after_another(module: EngineModule) -> None:
    other, times = copy.deepcopy(module), waves(module)
    together = call(module, times)
    labels = torch.arange(len(times)) % 2
    singly = [other(times[n : n + 1], labels=labels[n : n + 1]) for n in range(len(times))]
    assert torch.equal(together, torch.cat(singly)) and same(module, other)
    before = copy.deepcopy(module)
    assert call(module, times[:0]).shape == (0, together.shape[1]) and same(module, before)


def test_state_dict_round_trip(module: EngineModule) -> None:
    call(module, waves(module))
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(module)
    seeded(other, 9)
    assert not same(other, module)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert same(other, module)
    times = waves(module, seed=5)
    assert torch.equal(call(other, times), call(module, times)) and same(other, module)  # random states went along


def test_the_whole_module_can_be_saved(module: EngineModule) -> None:
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    other = torch.load(file, weights_only=False)
    assert type(other) is type(module) and other.network == module.network and same(other, module)
    assert torch.equal(call(other, waves(module)), call(module, waves(module))) and same(other, module)


def test_copies_share_no_state(module: EngineModule) -> None:
    other, design = copy.deepcopy(module), module.to_design("d")
    fresh = module.from_design(design, engine=module.engine)  # type: ignore[attr-defined]
    call(module, waves(module))
    assert not same(other, module) and same(other, fresh)
    assert design.fingerprint() == other.to_design("d").fingerprint()


def test_two_of_a_kind_share_no_state() -> None:
    for make in MAKE.values():
        one, other = make("auto"), make("auto")
        seeded(one)
        assert not same(one, other)


def test_designs_there_and_back(module: EngineModule) -> None:
    call(module, waves(module))
    design = module.to_design("d", {"note": 1})
    assert design.provenance == {"note": 1} and design.network == module.network
    other = seeded(copy.deepcopy(module), 9)
    other.load_design(design)
    assert same(other, module)
    again = type(module).from_design(design, engine=module.engine)  # type: ignore[attr-defined]
    assert type(again) is type(module) and same(again, module)


def test_float_types_leave_the_buffers(module: EngineModule) -> None:
    before = copy.deepcopy(module)
    assert same(module.half(), before) and same(module.float(), before) and same(module.double(), before) and same(module.to("cpu"), before)
    assert same(nn.Sequential(module).to(torch.float16)[0], before)  # type: ignore[arg-type]


def test_no_gradients(module: EngineModule) -> None:
    with torch.enable_grad():
        assert not call(module, waves(module)).requires_grad
    with torch.inference_mode():
        call(module, waves(module))
    with torch.no_grad():
        call(module, waves(module))
    assert not list(module.parameters())


def test_repr_tells_the_structure(module: EngineModule) -> None:
    text = repr(module)
    for part in ("lines", "classes") if isinstance(module, Voter) else ("inputs", "threshold=", "proximal=none", "segments"):
        assert part in text
    assert f"synapses={module.to_design('d').synapses - (6 if isinstance(module, Voter) else 0)}" in text  # less a voter's relays


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda t: t[:, :-1], "wrong shape"),
        (lambda t: t[0], "wrong shape"),
        (lambda t: t.float(), "must be integers"),
        (lambda t: t == 0, "must be integers"),
        (lambda t: torch.full_like(t, 8), "wave 0, line 0 has no legal spike time"),
        (lambda t: t.to(torch.int64) - 9, "no legal spike time"),
    ],
)
def test_illegal_times_are_refused_and_change_nothing(module: EngineModule, wrong: Callable[[Tensor], Tensor], message: str) -> None:
    before, times = copy.deepcopy(module), torch.where(waves(module) == NO_SPIKE, 0, waves(module))
    with pytest.raises(ConfigError, match=message) as caught:
        call(module, wrong(times))
    if "no legal" in message:
        assert caught.value.next_step is not None and "nn.Rebase" in caught.value.next_step
    assert same(module, before)


def test_other_integer_types_are_taken(module: EngineModule) -> None:
    module.eval()
    assert torch.equal(call(module, waves(module).to(torch.int64)), call(module, waves(module)))


def test_a_state_dict_of_another_shape_gives_the_usual_error() -> None:
    with pytest.raises(RuntimeError, match="size mismatch for distal"):
        Segment(6, 5).load_state_dict(Segment(5, 5).state_dict())
    with pytest.raises(RuntimeError, match=r"Missing key.*distal"):
        Segment(6, 5).load_state_dict({})


def test_illegal_content_of_a_state_dict_is_found_at_the_next_forward(module: EngineModule) -> None:
    module.eval()
    good = copy.deepcopy(module.state_dict())
    name = next(n for n in good if n.endswith(("distal", "weights")))
    mask = name.removesuffix("weights") + "mask" if name.endswith("weights") else f"{name}_mask"
    lfsr = next(n for n in good if n.endswith("lfsr"))
    pruned = torch.zeros_like(good[mask])
    cases = [(name, torch.full_like(good[name], 8), "S1"), (mask, pruned, "S4"), (lfsr, torch.zeros_like(good[lfsr]), "random state")]
    for key, value, message in cases:
        assert is_legal(module.network, module.state_tensors())
        module.load_state_dict({**good, key: value})
        assert not is_legal(module.network, module.state_tensors())
        with pytest.raises(ConfigError, match=message):
            call(module, waves(module))
        module.load_state_dict(good)
    call(module, waves(module))


def test_load_design_names_the_first_difference() -> None:
    column = Column(ColumnSpec(6, 3, 5))
    with pytest.raises(ConfigError, match=r"network\.layers\.0\.column\.threshold") as caught:
        column.load_design(Column(ColumnSpec(6, 3, 7)).to_design("d"))
    assert (caught.value.got, caught.value.allowed) == ("7", "5")
    with pytest.raises(ConfigError, match=r"network\.layers \(length\)"):
        Network(NETWORK).load_design(Layer(FIELDS).to_design("d"))
    with pytest.raises(ConfigError, match="has no voter"):
        Voter(VoterSpec(2), 6).load_design(column.to_design("d"))
    with pytest.raises(ConfigError, match="has no voter"):
        Voter.from_design(column.to_design("d"))


def test_from_design_refuses_what_is_more() -> None:
    network = Network(NETWORK).to_design("d")
    with pytest.raises(ConfigError, match="more than a layer"):
        Layer.from_design(network)
    with pytest.raises(ConfigError, match="another structure"):
        Column.from_design(network)
    neuron = Column(DendriticColumnSpec(6, 2, 5, dendrites=2)).to_design("d")
    for kind in (Segment, Dendrite, Neuron):
        with pytest.raises(ConfigError, match=f"not a {kind.__name__.lower()}"):
            kind.from_design(neuron)


def test_an_unknown_engine_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="no such engine") as caught:
        Segment(6, 5, engine="refrence")
    assert caught.value.next_step == "did you mean 'reference'?"


def test_devices_must_agree() -> None:
    with pytest.raises(ConfigError, match="different devices"):
        Column(ColumnSpec(6, 3, 5)).to("meta")._run(torch.zeros(1, 6, dtype=torch.uint8), [False], None, None)


def test_proximal_state_is_checked_too() -> None:
    column = Column(DendriticColumnSpec(4, 2, 3, proximal=ProximalSpec("sum", 2), homeostasis=HomeostasisSpec(1, 1, 1, 3)))
    tensors = column.state_tensors()
    for name in ("layer0.proximal", "layer0.bias"):
        tensors[name].fill_(8)
        assert not is_legal(column.network, tensors)
        tensors[name].zero_()
    assert is_legal(column.network, tensors)


def test_state_views_and_copies() -> None:
    column = seeded(Column(ColumnSpec(6, 3, 5)))
    state = network_state(column.network, column.state_tensors())
    state.layers[0].distal[0, 0, 0, 0, 0] = 6
    assert int(column.distal[0, 0, 0, 0]) == 6  # a view
    design = Design("d", column.network, state)
    other = Column(ColumnSpec(6, 3, 5))
    copy_state(other.state_tensors(), design.state)
    assert same(other, column)
