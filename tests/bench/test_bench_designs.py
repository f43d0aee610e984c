"""Tables over Designs: pieces are what they say, rows are kept, limits and differences are told, the page shows the figures."""

from __future__ import annotations

import dataclasses
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, need
from neutnngen.bench import designs
from neutnngen.bench.designs import DesignRow, bench_designs, design_row, find_designs, read_rows, time_limit, write_rows
from neutnngen.bench.designs_page import markdown
from neutnngen.bench.pieces import WHOLE, one_column, one_dendrite, piece_waves, pieces, voter_pair
from neutnngen.cli.main import main
from neutnngen.engine import get_engine
from neutnngen.errors import DataError
from neutnngen.rtl import Rings, RtlPackage
from neutnngen.spec import Design, load_design
from random_designs import random_case

EXAMPLES = ROOT / "examples"
ROW = DesignRow("a/b", "f", "4×2", 8, "whole", "Icarus", 32, 9, 100, "equal", 1.0, 10, 80.0, 1e-6, 0.0, 2.0, 15, "done", 3.0, 60.0)


def cases(count: int) -> list[tuple[Design, np.ndarray]]:
    found = [random_case(seed, 6) for seed in range(count)]
    return [(case.design, case.waves) for case in found]


def test_a_column_alone_does_what_it_does_in_its_network() -> None:
    compared = 0
    for design, waves in cases(40):
        network = design.network
        if network.enables:
            continue
        whole = get_engine().run(design, waves, keep_layers=True).layers
        assert whole is not None
        for piece in pieces(design, 0):
            assert piece.layer is not None
            if "column" not in piece.what:
                continue
            spec = network.layers[piece.layer].column
            alone = get_engine().run(piece.design, piece_waves(design, piece, waves)).outputs
            first = piece.column * spec.lines
            assert np.array_equal(alone, whole[piece.layer][:, first : first + spec.lines])
            compared += 1
    assert compared > 10


def test_dendrites_and_voters_of_large_designs() -> None:
    design = load_design(EXAMPLES / "places" / "full" / "design")
    for piece, layer in zip(pieces(design), design.network.layers, strict=True):
        spec = piece.design.network.layers[0].column
        assert (spec.neurons, spec.dendrites, spec.segments) == (1, 1, layer.column.segments)
        assert piece.count == layer.columns * layer.column.neurons * layer.column.dendrites
        assert sum(p.count * p.design.synapses for p in pieces(design)) == design.synapses
    best = load_design(EXAMPLES / "mnist" / "tiny" / "design")
    pair = voter_pair(best)
    assert pair is not None and best.network.voter is not None
    both, base, factor = pair
    lines = (both.synapses - base.synapses) / best.network.voter.rows
    assert lines * factor == best.network.lines and voter_pair(base) is None


def test_dendrites_of_every_proximal_mode() -> None:
    seen = set()
    for design, _ in cases(200):
        for n, layer in enumerate(design.network.layers):
            made = one_dendrite(one_column(design, n, 0))
            assert made.network.layers[0].column.segments == layer.column.segments
            seen.add(layer.column.proximal.mode)
    assert seen == {"none", "sum", "enable", "soma"}


def test_rows_are_kept_and_made_again_when_they_must(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, made = tmp_path / "designs.csv", []
    name = "mnist/classic_small/column0"
    design = load_design(EXAMPLES / name / "design")
    fresh = dataclasses.replace(ROW, name=name, fingerprint=design.fingerprint())

    def fake(which: str, *_: object) -> DesignRow:
        made.append(which)
        return fresh

    monkeypatch.setattr(designs, "design_row", fake)
    monkeypatch.setattr(designs, "styles", lambda _: [("", None)])
    assert bench_designs(EXAMPLES, table, [name], limit=60)[name] == fresh
    assert bench_designs(EXAMPLES, table, [name], limit=90)[name] == fresh and made == [name]  # done: no limit matters
    write_rows(table, {name: dataclasses.replace(fresh, synthesis="not finished in 60 s")})
    bench_designs(EXAMPLES, table, [name], limit=60)
    assert len(made) == 1
    bench_designs(EXAMPLES, table, [name], limit=90)
    assert len(made) == 2
    write_rows(table, {name: dataclasses.replace(fresh, fingerprint="another")})
    bench_designs(EXAMPLES, table, [name], limit=60)
    assert len(made) == 3 and read_rows(table)[name] == fresh
    with pytest.raises(DataError, match="no such Design"):
        find_designs(EXAMPLES, ["mnist/nothing"])


def test_every_example_is_found() -> None:
    names = find_designs(EXAMPLES)
    assert len(names) == len(list(EXAMPLES.rglob("design.npz"))) and "columns/enable_18x10x24" in names
    assert set(find_designs(EXAMPLES, ["ucr/Beef"])) == {"ucr/Beef/column", "ucr/Beef/neutnn", "ucr/Beef/neutnn_inference"}


def test_the_page_tells_what_happened() -> None:
    text = markdown([ROW, dataclasses.replace(ROW, name="c/d", outcome="NOT EQUAL: wave 3", synthesis="not finished in 60 s")])
    assert "| a/b | 8 | whole | 10 | 80 | 10.0 | 1.0 | 2.00 | 15 | 33,333,333 | 3.0 |" in text
    assert "NOT EQUAL: wave 3" in text and "not finished in 60 s" in text and "Equal: 1. Different: 1." in text and "{{" not in text


def test_a_limit_stops_what_is_inside() -> None:
    began = time.perf_counter()
    with pytest.raises(Exception), time_limit(0.05):  # noqa: B017 - a class of the module's own
        time.sleep(5)
    assert time.perf_counter() - began < 2


@pytest.mark.tool
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for program in ("iverilog", "sta"):
        need(program)
    source = EXAMPLES / "mnist" / "classic_small" / "column0"
    shutil.copytree(source, tmp_path / "examples" / "column0")
    argv = ["bench", "designs", "--examples", str(tmp_path / "examples"), "--out", str(tmp_path), "--quick"]
    assert main(argv) == 0
    assert "column0" in capsys.readouterr().out
    row = read_rows(tmp_path / "designs.csv")["column0"]
    assert (row.outcome, row.synthesis, row.clocks, row.waves) == ("equal", "done", 15, 32)
    assert row.cells > 10 * row.synapses / 3 and 40 < row.area / row.synapses < 120 and 0.3 < row.path < 10 and row.leakage > 0
    assert "equal" in (tmp_path / "designs.md").read_text()


@pytest.mark.tool
def test_a_difference_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("iverilog")
    design = load_design(EXAMPLES / "mnist" / "classic_small" / "column0" / "design")
    right = designs.verify_rtl

    def wrong(one: Design, *rest: object, package: RtlPackage) -> object:
        made = package.sources[-1].read_text().replace(f"THRESHOLD({one.column.threshold})", "THRESHOLD(1)")
        package.sources[-1].write_text(made)
        return right(one, *rest, package=package)  # type: ignore[arg-type]

    monkeypatch.setattr(designs, "verify_rtl", wrong)
    monkeypatch.setattr(designs, "synthesised", lambda row, *_: row)
    row = design_row("x", design, EXAMPLES / "mnist" / "classic_small" / "column0" / "waves.npz", 60.0)
    assert row.outcome.startswith("NOT EQUAL") and "wave" in row.outcome
    # a comparison that came to an end is kept; one that was stopped, or of another Design, is made again
    place = EXAMPLES / "mnist" / "classic_small" / "column0" / "waves.npz"
    kept = design_row("x", design, place, 60.0, None, replace(row, outcome="equal", values=7))
    assert (kept.outcome, kept.values) == ("equal", 7)
    for old in (replace(row, outcome=f"{designs.OPEN} in 1 s"), replace(row, outcome="equal", fingerprint="other")):
        assert design_row("x", design, place, 60.0, None, old).outcome.startswith("NOT EQUAL")


def test_a_dense_classic_column_has_a_row_of_rings() -> None:
    dense = load_design(EXAMPLES / "ucr" / "SonyAIBORobotSurface2" / "column" / "design")
    assert designs.styles(dense) == [("", None), (" (rings)", Rings(2, 2))]
    assert designs.styles(load_design(EXAMPLES / "mnist" / "tiny" / "design")) == [("", None)]


def test_limit_of_whole_designs() -> None:
    assert all(piece.what == "whole" for design, _ in cases(20) for piece in pieces(design) if design.synapses <= WHOLE)
