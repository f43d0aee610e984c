"""Compiled RTL of columns and networks equals the engine, and a wrong line is found, named and shown."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_verify_network import CASES, buildable

from conftest import need
from neutnngen.engine import ReferenceEngine
from neutnngen.engine.checks import check_run
from neutnngen.errors import ConfigError, ToolFailed
from neutnngen.rtl import generate_rtl
from neutnngen.rtl.network import generate_network
from neutnngen.spec import NO_SPIKE
from neutnngen.verify import random_waves
from neutnngen.verify.compare import VerifyReport
from neutnngen.verify.compiled_model import compile_model, run_model
from neutnngen.verify.fast import verify_fast
from neutnngen.verify.network import verify_network
from random_designs import Case, classic_case

PROGRAMS = ("verilator", "g++", "make")


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("tool"):
        for program in PROGRAMS:
            need(program)


def smallest(*features: str) -> Case:
    """Of the cases that have all of these features and spike, the one with the fewest synapses."""
    found = []
    for case in map(buildable, CASES):
        if case is not None and set(features) <= case.features and case.design.synapses <= 150:
            trace = ReferenceEngine().run(case.design, case.waves, case.learn, enable=case.enable, labels=case.labels)
            found += [case] if (trace.outputs != NO_SPIKE).any() else []
    return min(found, key=lambda case: case.design.synapses)


def verified(case: Case, folder: Path, **options: object) -> VerifyReport:
    return verify_fast(case.design, case.waves, case.learn, folder, enable=case.enable, labels=case.labels, **options)  # type: ignore[arg-type]


@pytest.mark.tool
@pytest.mark.parametrize(
    "features",
    [
        ("proximal enable", "homeostasis True"),
        ("layers 2", "proximal sum", "reward True"),
        ("proximal soma", "read votes"),
        ("read potential",),
    ],
    ids=lambda features: features[0].replace(" ", "_"),
)
def test_compiled_rtl_of_a_network_equals_the_engine(features: tuple[str, ...], tmp_path: Path) -> None:
    case = smallest(*features)
    package = generate_network(case.design, tmp_path / "rtl")
    report = verified(case, tmp_path, package=package)
    assert report.ok and report.spikes > 0 and report.waveform is None, report.message
    need("iverilog")
    slow = verify_network(case.design, case.waves, case.learn, tmp_path / "icarus", enable=case.enable, labels=case.labels, package=package)
    assert (report.spikes, report.learning_waves) == (slow.spikes, slow.learning_waves) and report.values >= slow.values


@pytest.mark.tool
def test_a_classic_column_and_what_is_found_in_a_wrong_one(tmp_path: Path) -> None:
    design = classic_case(np.random.default_rng(3), 9, 3, threshold=14)
    waves = random_waves(design.column, 700, 5)
    learn = np.arange(700) % 3 > 0
    package = generate_rtl(design, tmp_path / "rtl")
    model = compile_model(design, package, tmp_path / "run")
    for every, points in ((1, 700), (64, 11), (1000, 1)):
        report = verify_fast(design, waves, learn, tmp_path / "run", model=model, every=every)
        assert report.ok and report.values == 700 * 3 + points * (design.synapses + 1), report.message
    other = design.with_state(replace(design.state, layers=(replace(design.state.layers[0], distal=design.state.layers[0].distal // 2),)))
    assert verify_fast(other, waves, learn, tmp_path / "run", model=model).ok, "weights are loaded, not compiled"
    stamp = (model.program.stat().st_mtime_ns, compile_model(design, package, tmp_path / "run").program.stat().st_mtime_ns)
    assert stamp[0] == stamp[1], "what is compiled already is taken as it is"

    state = check_run(design.network, waves, learn)
    with pytest.raises(ConfigError, match="recorded that often"):
        run_model(model, design, state, tmp_path / "run", every=0)
    with pytest.raises(ConfigError, match="no wave to simulate"):
        verify_fast(design, waves[:0], False, tmp_path / "run", model=model)
    short = replace(model, state_words=model.state_words + 1)
    with pytest.raises(ToolFailed, match="not complete"):
        run_model(short, design, state, tmp_path / "run")

    # No search: what differs are weights, once a wave has no winner.
    path = tmp_path / "rtl" / "plasticity_line.sv"
    text = path.read_text()
    path.write_text(re.sub(r"assign search = .*;", "assign search = 1'b0;", text))
    assert path.read_text() != text
    report = verify_fast(design, waves, learn, tmp_path / "wrong", package=package, every=50)
    assert not report.ok and report.divergence is not None and report.waveform is not None
    found = report.divergence
    assert found.what == "weight" and found.clock == -1 and 0 <= found.neuron < 3 and 0 <= found.input < 9
    expected = ReferenceEngine().run(design, waves[: found.wave + 1], learn[: found.wave + 1]).final.weights
    assert found.expected == str(expected[found.neuron, found.input]) and int(found.got) == int(found.expected) - 1
    assert str(report.waveform) in report.message and f"weight at wave {found.wave}, end of wave" in report.message
    clocks = [int(word[1:]) for word in report.waveform.read_text().splitlines() if word.startswith("#")]
    length = 2 * design.column.wave_clocks
    assert clocks[0] == length * (found.wave - 1) and clocks[-1] == length * (found.wave + 2) - 1
    assert f"synapse_{found.neuron}_{found.input}" in report.waveform.read_text()


@pytest.mark.tool
def test_a_wrong_network_is_found_where_icarus_finds_it(tmp_path: Path) -> None:
    need("iverilog")
    case = smallest("layers 2")
    package = generate_network(case.design, tmp_path / "rtl")
    path = package.folder / "wave_controller.sv"
    path.write_text(path.read_text().replace("COUNT_W'(CLOCKS - 1)", "COUNT_W'(CLOCKS - 2)"))
    report = verified(case, tmp_path, package=package)
    slow = verify_network(case.design, case.waves, case.learn, tmp_path / "icarus", enable=case.enable, labels=case.labels, package=package)
    assert report.divergence is not None and slow.divergence is not None
    assert (report.divergence.what, report.divergence.wave, report.divergence.clock) == ("protocol", 0, slow.divergence.clock)


@pytest.mark.tool
@pytest.mark.parametrize("kind", ["programmable", "frozen"])
def test_hardware_that_does_not_learn(kind: str, tmp_path: Path) -> None:
    case = smallest("layers 2")
    package = generate_network(case.design, tmp_path / "rtl", kind=kind)  # type: ignore[arg-type]
    report = verify_fast(case.design, case.waves, False, tmp_path, enable=case.enable, labels=case.labels, package=package)
    assert report.ok and report.learning_waves == 0 and report.spikes > 0, report.message
    with pytest.raises(ConfigError, match="does not learn"):
        verified(case, tmp_path, package=package)
