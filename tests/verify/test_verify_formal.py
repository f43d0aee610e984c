"""Proofs hold for the RTL as it is, and every planted fault is refuted with a counterexample that says what goes wrong."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from neutnngen.cli.main import main
from neutnngen.errors import CheckFailed, MissingTool
from neutnngen.flow.steps.synth import synthesise
from neutnngen.pdk.kits import load_kit
from neutnngen.pipeline import prove_design
from neutnngen.rtl import Rings, generate_rtl
from neutnngen.spec import ColumnSpec, Design, StdpSpec
from neutnngen.verify.formal import Netlist, Proof, conclude, leaf_parameters, parallel, prove_column, prove_leaf, standard_designs
from neutnngen.verify.formal.column import WAYS, prove_counting
from neutnngen.verify.formal.netlist import correspondence, prove_netlist
from neutnngen.verify.formal.prover import formal_text, prove, read_outcome, read_witness
from neutnngen.verify.formal.step import build_step
from neutnngen.verify.formal.wave import prove_wave
from neutnngen.verify.mutants import MUTANTS, RING_MUTANTS, mutate

SMALL = ColumnSpec(2, 2, 2, t_res=1, w_res=2)
TINY = ColumnSpec(2, 2, 1, t_res=1, w_res=1)
FAULTS = {
    "wave_one_clock_short": "wave: times",
    "age_wraps": "wave: times",
    "minus_and_backoff_swapped": "wave: weights",
    "search_does_not_saturate": "wave: weights",
    "draws_while_not_learning": "wave: random",
    "limit_included": "wave: random",
    "potential_kept": "boundary",
    "threshold_exceeded": "clock: potentials",
    "highest_index_wins": "clock: potentials",
    "a_line_crossed": "clock: potentials",
    "late_spikes_count_as_early": "clock: hold",
    "no_borrow": "clock: learning",
    "capture_without_order": "clock: learning",
}
LEAF = {"lfsr_draw": "nine_steps_per_draw", "spike_input": "late_spikes_count_as_early", "synapse_response": "ramp_compares_or_equal"}


def small(column: ColumnSpec = SMALL, **changes: object) -> Design:
    column = dataclasses.replace(column, **changes)  # type: ignore[arg-type]
    shape = (column.neurons, column.inputs)
    return Design.of_column("column", column, np.zeros(shape, dtype=np.uint8), np.ones(shape, dtype=bool), 1)


def by_name(proofs: list[Proof]) -> dict[str, Proof]:
    return {proof.name: proof for proof in proofs}


def test_logs_and_counterexamples_are_read() -> None:
    assert read_outcome("…\nSAT proof finished - no model found: SUCCESS!\n") == "proved"
    assert read_outcome("SAT proof finished - model found: FAIL!") == "refuted"
    assert read_outcome("Interrupted SAT solver: TIMEOUT!") == "timeout"
    assert read_outcome("ERROR: no such module") is None
    wave = {"signal": [{"name": "\\x", "wave": "=4", "data": ["0110", ""]}, {"name": "learn", "wave": "14"}, {"name": "rst", "wave": "04"}]}
    assert read_witness(json.dumps(wave)) == {"x": 6, "learn": 1, "rst": 0}


def test_what_follows_from_which_proofs() -> None:
    def proofs(*names: str) -> list[Proof]:
        return [Proof(name, "", "2×2", "proved", 1.0) for name in names]

    assert [conclude(proofs(*way), "").how for way in WAYS] == ["outright", "outright", "composition", "composition"]
    for way in WAYS:
        for left_out in range(len(way)):
            made = conclude(proofs(*way[:left_out], *way[left_out + 1 :]), "")
            assert made.outcome == "timeout" and "not proved: " in made.counterexample
    assert conclude(proofs(*WAYS[0][:-1]), "").counterexample == "not proved: boundary"
    wrong = dataclasses.replace(proofs("netlist")[0], outcome="refuted")
    assert conclude([*proofs(*WAYS[0]), wrong], "").outcome == "refuted"


@pytest.mark.tool
@pytest.mark.parametrize(
    ("response", "tie", "stabiliser"),
    [("rnl", "lowest_index", "symmetric"), ("rnl", "largest_potential", "classic"), ("snl", "largest_potential", "off")],
)
def test_columns_are_proved_outright(
    response: Literal["rnl", "snl"],
    tie: Literal["lowest_index", "largest_potential"],
    stabiliser: Literal["symmetric", "classic", "off"],
    tmp_path: Path,
) -> None:
    design = small(response=response, tie=tie, stdp=StdpSpec(stabiliser=stabiliser, at_max=1))
    told: list[tuple[int, int]] = []
    names = {name for way in WAYS for name in way} - {"wave: cleared", "reset"}  # those are of rings
    proofs = prove_column(design, tmp_path, only=sorted(names), progress=lambda done, total: told.append((done, total)))
    assert {proof.name for proof in proofs} == names | {"conclusion"}
    assert {proof.name: proof.outcome for proof in proofs} == dict.fromkeys(by_name(proofs), "proved")
    assert proofs[-1].name == "conclusion" and proofs[-1].how == "outright" and proofs[-1].lemmas == WAYS[0]
    assert told[-1] == (len(proofs) - 1, len(proofs) - 1)


@pytest.mark.tool
def test_a_larger_column_is_proved_by_composition_also_with_synapses_pruned(tmp_path: Path) -> None:
    mask = np.ones((3, 8), dtype=bool)
    mask[:, 3] = False  # a line without a synapse
    mask[2, 1:] = False  # a neuron that cannot fire
    column = ColumnSpec(8, 3, 9, w_res=2)
    design = Design.of_column("column", column, np.zeros((3, 8), dtype=np.uint8), mask, 1)
    proofs = prove_column(design, tmp_path, outright=False)
    assert all(proof.outcome == "proved" for proof in proofs)
    assert proofs[-1].how == "composition" and proofs[-1].lemmas == WAYS[-1]


@pytest.mark.tool
@pytest.mark.parametrize(("name", "theorem"), FAULTS.items())
def test_planted_faults_are_refuted(name: str, theorem: str, tmp_path: Path) -> None:
    design = small()
    mutant = next(m for m in MUTANTS if m.name == name)
    package = mutate(generate_rtl(design, tmp_path / "rtl"), mutant, tmp_path / "wrong")
    found, conclusion = prove_column(design, tmp_path, package=package, only=[theorem])
    assert found.outcome == conclusion.outcome == "refuted"
    assert re.search("should be|not cleared|right length|as they should be", found.counterexample), found


@pytest.mark.tool
def test_a_counterexample_is_one(tmp_path: Path) -> None:
    """The simulator agrees with the golden side of a counterexample, and not with the RTL's."""
    from neutnngen.engine import ReferenceEngine
    from neutnngen.spec import NO_SPIKE
    from neutnngen.verify.formal.witness import fields, input_times

    design = small()
    package = mutate(generate_rtl(design, tmp_path / "rtl"), next(m for m in MUTANTS if m.name == "threshold_exceeded"), tmp_path / "wrong")
    step = build_step(package.sources, package.top, tmp_path)
    verdict = prove_wave(design, step, parallel(design.column), tmp_path, "times")
    assert verdict.outcome == "refuted"
    x = [NO_SPIKE if t == "none" else t for t in input_times(design.column, verdict.values["x"])]
    weights = np.reshape(fields(verdict.values["weights"], 2, 4), (2, 2))
    loaded = Design.of_column("column", design.column, weights, design.mask, 1)
    run = ReferenceEngine().run(loaded, np.array([x], dtype=np.uint8), False)
    assert run.outputs[0].tolist() == fields(verdict.values["golden_out"], 8, 2) != fields(verdict.values["rtl_out"], 8, 2)


@pytest.mark.tool
def test_leaves_one_by_one(tmp_path: Path) -> None:
    design = small()
    package = generate_rtl(design, tmp_path / "rtl")
    wrong = {m.file: mutate(package, m, tmp_path / m.name) for m in MUTANTS if m.name in LEAF.values()}
    for leaf, parameters in leaf_parameters(design):
        assert prove_leaf(leaf, parameters, tmp_path / leaf).outcome == "proved", leaf
        if leaf in LEAF:
            source = wrong[f"{leaf}.sv"].folder / f"{leaf}.sv"
            assert prove_leaf(leaf, parameters, tmp_path / f"{leaf}_wrong", source=source).outcome == "refuted", leaf


@pytest.mark.tool
def test_the_lemma_about_one_ramp_can_fail(tmp_path: Path) -> None:
    assert prove_counting(tmp_path).outcome == "proved"
    text = formal_text("theorems/counting.sv")
    for right, wrong in (
        ("t - x < w", "t - x <= w"),
        ("t >= t_in_max + w_max", "t >= t_in_max + w_max - 1"),
        ("(t == x) ? w", "(t == x + 1) ? w"),
    ):
        assert text.count(right) >= 1
        assert prove("wrong", text.replace(right, wrong), tmp_path).outcome == "refuted", wrong


@pytest.mark.tool
def test_what_is_undefined_counts_as_any_value(tmp_path: Path) -> None:
    source = tmp_path / "half.sv"
    source.write_text(
        "module half(input wire clk, input wire a, input wire [1:0] k, output reg y);\n"
        "  wire [2:0] three = 3'b111;\n  always @(posedge clk) y <= a | three[k];\nendmodule\n"
    )
    step = build_step([source], "half", tmp_path)
    assert step.bits == 1 and step.undefined >= 1 and step.label(0) == "y[0]"
    theorem = (
        "module theorem(input wire a, input wire [1:0] k, input wire [{top}:0] free, output wire holds);\n  wire y;\n"
        "  step dut(.state(1'b0), .state_next(y), .a(a), .k(k), .free(free));\n  assign holds = {claim};\nendmodule\n"
    )
    top = step.undefined - 1
    assert prove("defined", theorem.format(top=top, claim="y || k == 3"), tmp_path, steps=[step.file]).outcome == "proved"
    assert prove("undefined", theorem.format(top=top, claim="y"), tmp_path, steps=[step.file]).outcome == "refuted"
    assert prove("undefined", theorem.format(top=top, claim="!y || k != 3"), tmp_path, steps=[step.file]).outcome == "refuted"
    with pytest.raises(CheckFailed, match="not in the design"):
        step.place("z", 0)


@pytest.mark.tool
def test_a_netlist_is_its_rtl_and_a_wrong_gate_is_found(tmp_path: Path) -> None:
    try:
        load_kit()
    except MissingTool as missing:
        pytest.skip(str(missing))
    design = small(TINY)
    proofs, note = prove_design(design, tmp_path)
    assert not note and proofs[-1].outcome == by_name(proofs)["netlist"].outcome == "proved"
    gates = tmp_path / "gates/synth"
    text = (gates / "netlist.v").read_text()
    rtl = build_step(
        [tmp_path / "rtl" / name for name in (tmp_path / "rtl/files.f").read_text().split()], "column", tmp_path / "again", adders=True
    )
    for right, wrong in (("NAND3_X1", "NOR3_X1"), ("AND2_X1", "OR2_X1")):
        assert right in text
        (tmp_path / "wrong.v").write_text(text.replace(right, wrong, 1))
        step = build_step([tmp_path / "wrong.v"], "column", tmp_path / "again", module="gates", liberty=gates / "cells.lib")
        assert prove_netlist(rtl, step, tmp_path / "again").outcome == "refuted"


@pytest.mark.tool
def test_flip_flops_that_never_change_may_be_left_out(tmp_path: Path) -> None:
    """A neuron whose synapses cannot reach the threshold never wins, and synthesis knows."""
    try:
        kit = load_kit()
    except MissingTool as missing:
        pytest.skip(str(missing))
    design = next(design for design, _ in standard_designs() if design.name == "pruned")
    package = generate_rtl(design, tmp_path / "rtl")
    netlist, _ = synthesise(kit, package.sources, package.top, tmp_path)
    mapped = Netlist(netlist, tmp_path / "synth/cells.lib")
    proved, _ = prove_column(design, tmp_path, package=package, netlist=mapped, only=["netlist"])
    assert proved.outcome == "proved"
    rtl = build_step(package.sources, package.top, tmp_path / "again", adders=True)
    gates = build_step([netlist], package.top, tmp_path / "again", module="gates", liberty=mapped.liberty)
    (place,) = [place for place, gate in enumerate(correspondence(rtl, gates).gate) if gate is None]
    assert rtl.label(place) == "inhibition.winner[2]"
    for constants in ({}, {place: 1}):  # any value, or another one than it has
        assert prove_netlist(rtl, gates, tmp_path / "wrong", constants=constants).outcome == "refuted"


RING_FAULTS = {
    "threshold_exceeded": "wave: cleared",  # where a potential starts
    "potentials_stay": "wave: times",
    "highest_index_wins": "wave: times",
    "ages_kept": "wave: cleared",
    "loser_backs_off": "wave: weights",
    "winner_only_rises": "wave: weights",
    "one_draw_missing": "wave: random",
}


@pytest.mark.tool
def test_rings_are_proved_outright_and_their_faults_refuted(tmp_path: Path) -> None:
    design = small(t_res=2, w_res=2)
    package = generate_rtl(design, tmp_path / "rtl", rings=Rings(2, 2))
    proofs = prove_column(design, tmp_path, package=package)
    assert {proof.name: proof.outcome for proof in proofs} == dict.fromkeys([*WAYS[1], "conclusion"], "proved")
    assert proofs[-1].how == "outright" and proofs[-1].lemmas == WAYS[1]
    for mutant in RING_MUTANTS:
        if mutant.name in RING_FAULTS:
            wrong = mutate(package, mutant, tmp_path / mutant.name)
            found, _ = prove_column(design, tmp_path / f"{mutant.name}_proof", package=wrong, only=[RING_FAULTS[mutant.name]])
            assert found.outcome == "refuted" and found.counterexample, mutant.name


@pytest.mark.tool
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small(TINY).save(tmp_path / "design")
    assert main(["verify", str(tmp_path), "--formal", "--no-netlist", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] and document["designs"][0]["proofs"][-1]["outcome"] == "proved"
    assert json.loads((tmp_path / "verify/formal/proofs.json").read_text()) == document
    rtl = tmp_path / "verify/formal/rtl"
    leaf = rtl / "neuron.sv"
    leaf.write_text(leaf.read_text().replace("(sum >= POT", "(sum > POT"))
    assert main(["verify", str(tmp_path), "--formal", "--no-netlist", "--rtl", str(rtl)]) == 1
    said = capsys.readouterr().out
    assert "refuted" in said and "inputs at times" in said and "output times should be" in said
