"""RTL of networks of every kind equals the simulator, and a wrong line is found and named."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from conftest import need
from neutnngen.apps.places.memory import EdgeMemory
from neutnngen.apps.places.sizes import Sizes
from neutnngen.errors import ConfigError
from neutnngen.rtl import structure
from neutnngen.rtl.network import generate_network, network_scan_image, open_network
from neutnngen.rtl.structure import check_network, counted_by_weight
from neutnngen.rtl.words import Kind
from neutnngen.spec import ColumnSpec, DenseWiring, Design, LayerSpec, NetworkSpec, NetworkState, VoterSpec, blank_state
from neutnngen.verify.compare import VerifyReport
from neutnngen.verify.network import verify_network
from random_designs import Case, random_case

SEEDS = 400


def buildable(seed: int) -> Case | None:
    """The random case of a seed, if there is hardware for all of it."""
    case = random_case(seed, 10)
    try:
        check_network(case.design.network)
    except ConfigError:
        return None
    return case if case.design.synapses else None


CASES = [seed for seed in range(SEEDS) if buildable(seed) is not None]


def small(seed: int) -> bool:
    """Few enough synapses for an interpreted simulation of a second or so."""
    case = buildable(seed)
    return case is not None and case.design.synapses <= 200


def verified(case: Case, folder: Path, **options: object) -> VerifyReport:
    return verify_network(case.design, case.waves, case.learn, folder, enable=case.enable, labels=case.labels, **options)  # type: ignore[arg-type]


def test_the_cases_have_every_kind_of_column() -> None:
    features = [buildable(seed).features for seed in CASES]  # type: ignore[union-attr]
    wanted = [f"proximal {mode}" for mode in ("none", "sum", "enable", "soma")]
    wanted += [f"inhibition {word}" for word in ("all_earliest", "one_lowest_index", "one_largest_potential", "k_earliest")]
    wanted += ["tie largest_potential", "response snl", "output segments", "reward True", "taught True", "layers 3", "pruned True"]
    wanted += [
        "homeostasis True",
        "sharing line",
        "other proximal width True",
        "outputs True",
        "base True",
        "stabiliser off",
        "stabiliser classic",
    ]
    for word in wanted:
        assert sum(word in f for f in features) >= 3, word


@pytest.mark.tool
@pytest.mark.parametrize("seed", [seed for seed in CASES if small(seed)][:50])
def test_rtl_of_a_random_network_equals_the_simulator(seed: int, tmp_path: Path) -> None:
    need("iverilog")
    case = buildable(seed)
    assert case is not None
    report = verified(case, tmp_path)
    assert report.ok and report.values > 0, report.message


@pytest.mark.tool
@pytest.mark.parametrize("kind", ["programmable", "frozen"])
@pytest.mark.parametrize("seed", [seed for seed in CASES if small(seed)][:12])
def test_hardware_that_does_not_learn_answers_as_the_simulator(kind: Kind, seed: int, tmp_path: Path) -> None:
    need("iverilog")
    case = buildable(seed)
    assert case is not None
    report = verify_network(case.design, case.waves, False, tmp_path, enable=case.enable, labels=case.labels, kind=kind)
    assert report.ok and report.learning_waves == 0 and report.values > 0, report.message
    top = (tmp_path / "rtl" / "random.sv").read_text()
    assert ("] learn," in top, "wire weight_shift" in top) == (False, kind == "programmable")
    with pytest.raises(ConfigError, match="does not learn"):
        verify_network(case.design, case.waves, True, tmp_path, enable=case.enable, labels=case.labels, kind=kind)


@pytest.mark.tool
def test_frozen_columns_counted_by_weight_answer_as_the_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever lines can be counted by weight they are, whether that is smaller or not."""
    need("iverilog")
    monkeypatch.setattr(structure, "counts_are_smaller", lambda segments, lines: True)
    wanted = {"proximal none", "proximal sum", "proximal enable", "proximal soma", "pruned True", "pruned False"}
    seen: list[str] = []
    for seed in [seed for seed in CASES if small(seed)]:
        case = buildable(seed)
        assert case is not None
        layers = zip(case.design.network.layers, case.design.state.layers, strict=True)
        if not case.features & (wanted - set(seen)) or not any(counted_by_weight(one.column, state, 0, "frozen") for one, state in layers):
            continue
        folder = tmp_path / str(seed)
        report = verify_network(case.design, case.waves, False, folder, enable=case.enable, labels=case.labels, kind="frozen")
        assert report.ok and report.values > 0, report.message
        if any(
            "delayed_sum #(" in path.read_text() for path in (folder / "rtl").glob("random_layer*.sv")
        ):  # a segment reaches its threshold
            seen += case.features
    assert wanted <= set(seen)


def emptied(design: Design) -> Design:
    """The same without the synapses of its first column."""
    first, *rest = design.state.layers
    parts = {}
    for weights in ("distal", "proximal"):
        mask = getattr(first, f"{weights}_mask").copy()
        mask[0] = False
        parts |= {f"{weights}_mask": mask, weights: getattr(first, weights) * mask}
    return design.with_state(dataclasses.replace(design.state, layers=(dataclasses.replace(first, **parts), *rest)))


@pytest.mark.tool
@pytest.mark.parametrize("kind", ["learning", "programmable", "frozen"])
def test_a_column_without_any_synapse_is_silent_hardware(kind: Kind, tmp_path: Path) -> None:
    need("iverilog")
    several = [seed for seed in CASES if small(seed) and emptied(random_case(seed).design).synapses]
    for seed in several[:6]:
        case = buildable(seed)
        assert case is not None
        design, learn = emptied(case.design), case.learn & (kind == "learning")
        report = verify_network(design, case.waves, learn, tmp_path / str(seed), enable=case.enable, labels=case.labels, kind=kind)
        assert report.ok and report.values > 0, report.message
    nothing = emptied(Design.of_column("nothing", ColumnSpec(2, 2, 3), np.ones((2, 2), dtype=int), np.ones((2, 2), dtype=bool), 1))
    with pytest.raises(ConfigError, match="no synapse left"):
        generate_network(nothing, tmp_path / "nothing", kind=kind)


@pytest.mark.tool
def test_a_place_cell_layer_in_rtl(tmp_path: Path) -> None:
    """Taught learning, dendrites, proximal sums, three columns on one bus: a small layer learns and answers as in the simulator."""
    need("iverilog")
    sizes = Sizes(3, 3, 2, 3, 3, 2)
    design = EdgeMemory(sizes).design()
    edges = np.array([[1, 0, 0, 0, 1], [-1, 1, 1, 2, 0], [0, 1, 1, 1, 2]])
    questions = edges.copy()
    questions[:, 2] = np.iinfo(np.int64).min
    waves = np.concatenate([np.repeat(sizes.waves(edges), 3, axis=0), sizes.waves(questions)])
    report = verify_network(design, waves, np.arange(len(waves)) < 9, tmp_path)
    assert report.ok and report.learning_waves == 9 and report.spikes > 9, report.message


@pytest.mark.tool
@pytest.mark.parametrize(
    ("file", "find", "put", "seen_by"),
    [
        ("early_register.sv", "if (!decided)", "if (1'b1)", "dendrites 2"),
        ("line_gate.sv", "line & (open | kept)", "line", "layers 3"),
        ("neuron_inhibition.sv", "if (passed == {NEURONS{1'b0}}) passed <= fire", "passed <= passed | fire", "inhibition all_earliest"),
        ("neuron_inhibition.sv", "& (count[j] < COUNT_W'(K))", "", "inhibition k_earliest"),
        ("soma.sv", "now_near + now_far", "now_near + ramp_far", "proximal soma"),
        ("winner_select.sv", "HOLD == 0 || !decided", "1'b1", "dendrites 2"),
        ("plasticity_line.sv", "(early & reverse) | ", "", "reward True"),
        ("voter_row.sv", "n < LINES", "n < LINES - 1", "read potential"),
        ("voter_row.sv", "down & spike[i] & (|weight)", "down & (|weight)", "read potential"),
        ("voter_compare.sv", "learns & rival[k]", "learns & first[k]", "read potential"),
        ("voter_compare.sv", "> strength[c*SUM_W+:SUM_W]) begin", ">= strength[c*SUM_W+:SUM_W]) begin", "voter segments 2"),
        (
            "voter_line.sv",
            "(PRODUCT_W'(weight) * PRODUCT_W'(BOTTOM) >= bar)",
            "(PRODUCT_W'(weight) * PRODUCT_W'(BOTTOM) > bar)",
            "read votes",
        ),
        ("voter_line.sv", "voted[c] & minus", "voted[c] & backoff", "read votes"),
        ("voter_tally.sv", "] > most", "] >= most", "read votes"),
        ("random_sets.sv", "PLACE_W'(SIZE - 1)", "PLACE_W'(SIZE - 2)", "sharing line"),
        ("homeostasis.sv", "fall ? BETA : 0", "fall ? 0 : 0", "homeostasis True"),
        ("fall_counter.sv", "&learned;", "|learned;", "homeostasis True"),
        ("biased_neuron.sv", " + COMPARE_W'(bias)", "", "homeostasis True"),
    ],
)
def test_a_wrong_line_is_caught(file: str, find: str, put: str, seen_by: str, tmp_path: Path) -> None:
    need("iverilog")
    for seed in CASES:
        case = buildable(seed)
        assert case is not None
        if seen_by not in case.features or not small(seed):
            continue
        package = generate_network(case.design, tmp_path / f"rtl{seed}")
        path = package.folder / file
        assert path.read_text().count(find) == 1
        path.write_text(path.read_text().replace(find, put))
        report = verified(case, tmp_path / f"run{seed}", package=package)
        if not report.ok:
            assert report.divergence is not None and re.search(r"first difference: \w+ at wave \d+", report.message)
            return
    pytest.fail("no case sees the wrong line")


@pytest.mark.tool
def test_a_lead_of_just_the_margin_does_not_learn(tmp_path: Path) -> None:
    """Rule R14 at its edge: strengths 5 and 2, margin 3."""
    need("iverilog")
    column = ColumnSpec(1, 1, 1)
    voter = VoterSpec(2, 3, read="potential", margin=3)
    network = NetworkSpec(1, (LayerSpec(column, DenseWiring(1, columns=2)),), voter=voter)  # type: ignore[arg-type]
    blank = blank_state(network)
    layer = dataclasses.replace(blank.layers[0], distal=np.full_like(blank.layers[0].distal, 7))
    assert blank.voter is not None
    state = NetworkState((layer,), dataclasses.replace(blank.voter, weights=np.array([[3, 1], [2, 1]], dtype=np.uint8)))
    design = Design("margin", network, state)
    waves, learn = np.zeros((2, 1), dtype=np.uint8), np.array([[False, True]] * 2)
    assert verify_network(design, waves, learn, tmp_path / "right", labels=np.array([0, 0])).ok
    package = generate_network(design, tmp_path / "rtl")
    path = package.folder / "voter_compare.sv"
    path.write_text(path.read_text().replace("lead < $signed", "lead <= $signed"))
    report = verify_network(design, waves, learn, tmp_path / "wrong", labels=np.array([0, 0]), package=package)
    assert not report.ok and "weight at wave 0" in report.message


def test_folders_and_refusals(tmp_path: Path) -> None:
    case = buildable(CASES[0])
    assert case is not None
    package = generate_network(case.design, tmp_path / "rtl")
    assert open_network(case.design, tmp_path / "rtl") == package
    assert len(network_scan_image(case.design)) > 0
    text = "".join(path.read_text() for path in package.sources)
    assert str(tmp_path) not in text, "no absolute paths"
    (tmp_path / "rtl" / "files.f").unlink()
    with pytest.raises(Exception, match="a file of the RTL is missing"):
        open_network(case.design, tmp_path / "rtl")
    network = case.design.network
    voted = dataclasses.replace(network, voter=VoterSpec(2, sharing="synapse"))
    layer = network.layers[0]
    apart = dataclasses.replace(layer, column=dataclasses.replace(layer.column, sharing="synapse"))
    for wrong, rule in ((voted, "R8"), (NetworkSpec(network.inputs, (apart,), network.t_res), "R8")):
        with pytest.raises(ConfigError, match=rule):
            check_network(wrong)
    check_network(NetworkSpec(network.inputs, (apart,), network.t_res), "frozen")  # it draws nothing
    with pytest.raises(ConfigError, match="did you mean 'frozen'"):
        check_network(network, "frozn")  # type: ignore[arg-type]
