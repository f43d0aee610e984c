"""A chip answers, over its bytes, what the reference engine says: learning, weights in and out, errors, late hosts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import need
from neutnngen.cli.main import main
from neutnngen.errors import CheckFailed, ConfigError, ToolFailed
from neutnngen.rtl.chip import generate_chip
from neutnngen.rtl.chip_driver import Chip
from neutnngen.rtl.chip_protocol import Code, Command, Sample, encode_sample, packed
from neutnngen.rtl.words import KINDS, Kind
from neutnngen.spec import Design
from neutnngen.verify import random_waves
from neutnngen.verify.chip import SimulatedChip, verify_chip
from random_designs import classic_case, random_case, ring_case

pytestmark = pytest.mark.tool


@pytest.fixture(autouse=True)
def icarus() -> None:
    need("iverilog")


def classic(seed: int = 1) -> Design:
    return classic_case(np.random.default_rng(seed), 10, 3, threshold=12)


def opened(design: Design, folder: Path, **options: int) -> tuple[Chip, SimulatedChip]:
    package = generate_chip(design, folder / "rtl")
    transport = SimulatedChip(package, folder / "play", **options)
    return Chip(package, transport), transport


@pytest.mark.parametrize(("seed", "late"), [(0, 0), (1, 60), (2, 220)])
def test_learning_column(seed: int, late: int, tmp_path: Path) -> None:
    design = classic(seed)
    learn = np.random.default_rng(seed).random(24) < 0.7
    report = verify_chip(
        design, random_waves(design.column, 24, seed), learn, tmp_path, generate_chip(design, tmp_path / "rtl"), late=late, seed=seed
    )
    assert report.ok, report.message
    assert report.spikes > 10 and report.learning_waves > 5


@pytest.mark.parametrize(("seed", "late"), [(0, 0), (1, 60), (2, 200), (3, 120), (5, 30), (6, 90)])
def test_column_with_rings(seed: int, late: int, tmp_path: Path) -> None:
    """Shapes whose weights come home after 1 to 16 clocks."""
    design, rings = ring_case(seed)
    package = generate_chip(design, tmp_path / "rtl", rings=rings)
    learn = np.random.default_rng(seed).random(16) < 0.7
    report = verify_chip(design, random_waves(design.column, 16, seed, silent=0.3), learn, tmp_path, package, late=late, seed=seed)
    assert report.ok, report.message
    assert package.turn == rings.slots * rings.members


NETWORKS: tuple[tuple[int, Kind, int], ...] = (
    (70, "learning", 0),
    (109, "learning", 60),
    (111, "learning", 200),
    (64, "learning", 120),
    (294, "learning", 0),
    (109, "programmable", 60),
    (109, "frozen", 60),
    (32, "frozen", 0),
    (25, "programmable", 200),
)


@pytest.mark.parametrize(("seed", "kind", "late"), NETWORKS)
def test_networks(seed: int, kind: Kind, late: int, tmp_path: Path) -> None:
    """Voters by votes and by potential, labels, enable lines, one stage that learns or another."""
    case = random_case(seed, 6)
    learn = case.learn if kind == "learning" else False
    package = generate_chip(case.design, tmp_path / "rtl", kind=kind)
    report = verify_chip(case.design, case.waves, learn, tmp_path, package, enable=case.enable, labels=case.labels, late=late, seed=seed)
    assert report.ok, report.message
    assert report.spikes


def test_weights_go_in_and_come_back_between_samples(tmp_path: Path) -> None:
    design = classic()
    chip, _ = opened(design, tmp_path, late=100)
    chip.write_weights(design)
    assert np.array_equal(chip.read_weights(design).weights, design.weights)
    other = classic_case(np.random.default_rng(9), 10, 3, threshold=12)
    other = Design.of_column(design.name, design.column, other.weights * design.mask, design.mask, design.lfsr_state)
    chip.write_weights(other)
    chip.infer(random_waves(design.column, 3, 1))
    assert np.array_equal(chip.read_weights(design).weights, other.weights)
    assert np.array_equal(chip.read_weights(design).weights, other.weights)


def test_nothing_learns_while_the_pin_is_low(tmp_path: Path) -> None:
    design = classic()
    chip, transport = opened(design, tmp_path)
    waves = random_waves(design.column, 12, 5)
    chip.write_weights(design)
    transport.set_learn_enable(False)
    still = chip.learn(waves)
    assert np.array_equal(chip.read_weights(design).weights, design.weights)
    status = chip.status()
    assert (status.learn_enable, status.samples, status.learned) == (False, 12, 0)
    transport.set_learn_enable(True)
    moved = chip.learn(waves)
    assert chip.status().learned == 12
    assert not np.array_equal(chip.read_weights(design).weights, design.weights)
    assert np.array_equal(still.times[0], moved.times[0])


def test_wrong_bytes_are_answered_and_harm_nothing(tmp_path: Path) -> None:
    design = classic()
    chip, transport = opened(design, tmp_path, late=50)
    chip.write_weights(design)
    good = encode_sample(chip.form, Sample(np.zeros(10, dtype=np.uint8), np.array([False])))
    late_line = bytes([*good[:-1], 8])  # 0 … 7 are times
    no_stage = bytes([good[0], 2, *good[2:]])
    transport.send(b"\x00\xee" + late_line + no_stage)
    assert transport.receive(4) == bytes([Code.UNKNOWN_COMMAND] * 2 + [Code.OUT_OF_RANGE] * 2)
    assert transport.unread == 0
    assert transport.pins() == (False, True)
    status = chip.status()
    assert (status.error, status.samples) == (Code.UNKNOWN_COMMAND, 0)  # the first one stays
    chip.clear_error()
    assert transport.pins() == (False, False) and chip.status().error is Code.DONE
    assert np.array_equal(chip.read_weights(design).weights, design.weights)
    transport.send(good)
    assert transport.receive(1 + chip.form.reply)[0] == Code.DONE


def test_every_label_and_enable_line_is_checked(tmp_path: Path) -> None:
    """Seed 109: a voter of three classes, three enable lines."""
    case = random_case(109, 1)
    chip, transport = opened(case.design, tmp_path)
    form = chip.form
    assert form.labels and form.enables and form.labels < 9 and form.enables < 8
    chip.write_weights(case.design)
    quiet = Sample(np.full(form.inputs, 255, dtype=np.uint8), np.zeros(form.stages, dtype=bool))
    transport.send(encode_sample(form, replace(quiet, label=form.labels)))
    transport.send(encode_sample(form, quiet)[:-1] + bytes([1 << form.enables]))
    assert transport.receive(2) == bytes([Code.OUT_OF_RANGE] * 2)
    transport.send(encode_sample(form, replace(quiet, label=form.labels - 1)))
    assert transport.receive(1 + form.reply)[0] == Code.DONE
    assert transport.unread == 0


def test_before_the_weights_there_is_no_sample(tmp_path: Path) -> None:
    design = classic()
    chip, transport = opened(design, tmp_path)
    transport.send(bytes([Command.READ]))
    with pytest.raises(CheckFailed, match="NOT_LOADED"):
        chip.infer(random_waves(design.column, 1, 1))
    transport.send(encode_sample(chip.form, Sample(np.zeros(10, dtype=np.uint8), np.array([True]))))
    assert transport.receive(2) == bytes([Code.NOT_LOADED] * 2)
    assert not chip.status().loaded
    chip.write_weights(design)
    assert chip.status().loaded and chip.infer(random_waves(design.column, 2, 1)).winners[0] == -1


def test_frozen_weights_cannot_be_moved(tmp_path: Path) -> None:
    design = classic()
    transport = SimulatedChip(generate_chip(design, tmp_path / "rtl", kind="frozen"), tmp_path / "play")
    transport.send(bytes([Command.LOAD, Command.READ]))
    assert transport.receive(2) == bytes([Code.NO_WEIGHTS] * 2)
    with pytest.raises(ConfigError, match="does not learn"):
        verify_chip(design, random_waves(design.column, 2, 1), True, tmp_path, transport.package)


def test_a_status_says_what_the_chip_is(tmp_path: Path) -> None:
    for design, rings in (ring_case(3), (classic(), None)):
        package = generate_chip(design, tmp_path / design.name, rings=rings)
        status = Chip(package, SimulatedChip(package, tmp_path / "play")).status()
        column = design.column
        assert (status.inputs, status.outputs, status.t_in_max) == (column.inputs, column.neurons, column.t_in_max)
        assert (status.kind, status.stages, status.labels, status.classes, status.enables) == ("learning", 1, 0, 0, 0)
        assert status.chain_bits == package.form.chain_bits and design.fingerprint().startswith(status.fingerprint)


@pytest.mark.parametrize("rings", [False, True])
def test_times_of_the_data_sheet(rings: bool, tmp_path: Path) -> None:
    design, wanted = ring_case(3) if rings else (classic(), None)
    package = generate_chip(design, tmp_path / "rtl", rings=wanted)
    transport = SimulatedChip(package, tmp_path / "play")
    chip = Chip(package, transport)
    chip.write_weights(design)
    loaded = transport.clocks[-1]
    assert package.image_clocks - 2 * package.byte_clocks < loaded <= package.image_clocks
    chip.read_weights(design)
    assert package.image_clocks - 2 * package.byte_clocks < transport.clocks[-1] - loaded <= package.image_clocks
    least, most = package.sample_clocks
    chip.infer(random_waves(design.column, 20, 1))
    ends = np.array(transport.clocks[-1 :: -1 - package.form.reply][:20])
    assert (least <= -np.diff(ends)).all() and (-np.diff(ends) <= most).all()


def spoken(text: str, weights: bytes) -> bytes:
    """Bytes of a line of the data sheet's conversation."""
    for byte, times in re.findall(r"(..) × (\d+)", text):
        text = text.replace(f"{byte} × {times}", " ".join([byte] * int(times)), 1)
    return bytes.fromhex(text.replace("weights", weights.hex()))


@pytest.mark.parametrize("seed", [None, 1, 64, 109, 111])
def test_the_conversation_of_the_data_sheet(seed: int | None, tmp_path: Path) -> None:
    design = classic() if seed is None else random_case(seed, 1).design
    for kind in ("learning",) if seed is None else KINDS:
        package = generate_chip(design, tmp_path / kind, kind=kind)
        talk = re.search(r"```text\n(.*?)```", package.data_sheet.read_text(), re.DOTALL)
        assert talk is not None
        transport, said = SimulatedChip(package, tmp_path / "play"), b""
        for line in talk[1].splitlines():
            data = spoken(line[2:], packed(package.image(design)) if kind != "frozen" else b"")
            if line.startswith(">"):
                transport.send(data)
            else:
                said += data
        assert transport.receive(len(said)) == said and transport.unread == 0


WRONG = (
    ("chip_times.sv", ": now[", ": ~now["),
    ("chip_lines.sv", "now >= {", "now > {"),
    ("chip_index.sv", "if (more | ~one) number = {8*BYTES{1'b1}}", "if (more | ~one) number = {8*BYTES{1'b0}}"),
    ("chip_control.sv", "(state == BODY) ? reply_byte", "(state == READ) ? reply_byte"),
    ("chip_control.sv", "WAVE: if (wave_last) state <= ANSWER", "WAVE: state <= ANSWER"),
    ("chip_chain.sv", "loading ? data[0] : weight_out", "loading ? data[0] : 1'b0"),
    ("chip_chain.sv", "assign aligned = (now == wanted)", "assign aligned = 1'b1"),
    ("ring_1_chip.sv", "asked & ", "1'b1 | asked & "),
)
"""A line of a file, and what it is made."""


@pytest.mark.parametrize(("name", "good", "bad"), WRONG, ids=[f"{name}: {bad}" for name, _, bad in WRONG])
def test_a_wrong_chip_is_noticed(name: str, good: str, bad: str, tmp_path: Path) -> None:
    design, rings = ring_case(1)
    package = generate_chip(design, tmp_path / "rtl", rings=rings)
    text = (package.folder / name).read_text()
    assert text.count(good) == 1
    (package.folder / name).write_text(text.replace(good, bad))
    waves, learn = random_waves(design.column, 12, 3, silent=0.3), np.arange(12) % 3 > 0
    try:
        report = verify_chip(design, waves, learn, tmp_path, package, late=30)
    except ToolFailed:
        return
    assert not report.ok


@pytest.mark.parametrize("style", ["parallel", "rings"])
def test_commands(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, design = tmp_path / "run", classic() if style == "parallel" else ring_case(3)[0]
    design.save(run / "design")
    np.savez(run / "waves.npz", waves=random_waves(design.column, 9, 1))
    assert main(["rtl", str(run), "--chip", "--style", style, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["chip"] == f"{said['top']}_chip"
    for name in ("DATASHEET.md", "chip.f", *(run / "rtl" / "chip.f").read_text().split()):
        assert (run / "rtl" / name).is_file()
    assert "chip" not in (run / "rtl" / "files.f").read_text()
    assert main(["verify", str(run), "--chip", "--style", style, "--waves", "6", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] and report["waves"] == 12 and report["values"] > 2 * design.synapses
    assert json.loads((run / "verify" / "chip" / "verify.json").read_text())["ok"]
    assert main(["verify", str(run), "--chip", "--mutants"]) == 2
