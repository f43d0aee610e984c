"""The independent rule deck: what is waived and what is not, and the real deck on a small block with and without a fault."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest

from conftest import need
from neutnngen.errors import DataError
from neutnngen.flow.deck_check import check_with_deck, judge, write_cells_alone
from neutnngen.flow.decks import Waiver, find_deck
from neutnngen.flow.steps.deck import available_deck, deck_document
from neutnngen.pdk.kits import load_kit
from neutnngen.place_route.block import Wire
from neutnngen.place_route.fill import add_fillers
from neutnngen.place_route.gds import write_gds
from neutnngen.tools.klayout import DeckReport, Marker

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "place_route"))
from routed_block import placed_block

WAIVERS = (Waiver(rule="R", cells=("A*",), cause="known"),)


def two_cells() -> Any:
    layout = kdb.Layout()
    layout.dbu = 0.001
    top = layout.create_cell("top")
    for name, x in (("A1", 0), ("B1", 5000)):
        cell = layout.create_cell(name)
        cell.shapes(layout.layer(1, 0)).insert(kdb.Box(0, 0, 2000, 1000))
        top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(kdb.Trans.M90, x + 2000, 0)))
    return layout


def judged(*markers: Marker, alone: tuple[Marker, ...] = (Marker("R", "A1", (0.1, 0.1, 0.3, 0.2)),)) -> tuple[int, int]:
    found = judge(DeckReport("top", {"R": "rule"}, markers), DeckReport("x", {}, alone), WAIVERS, two_cells())
    return sum(count.waived for count in found), sum(count.unwaived for count in found)


def test_only_what_the_cell_has_alone_is_waived() -> None:
    inside = Marker("R", "A1", (0.1, 0.1, 0.3, 0.2))
    assert judged(inside) == (1, 0)
    assert judged(Marker("R", "A1$VAR1", (0.1, 0.1, 0.3, 0.2))) == (1, 0)
    assert judged(inside, alone=()) == (0, 1), "the cell alone is clean, so its surroundings are the cause"
    assert judged(Marker("R", "A1", (0.1, 0.1, 0.4, 0.2))) == (0, 1), "larger than the one of the cell alone"
    assert judged(Marker("Q", "A1", (0.1, 0.1, 0.3, 0.2))) == (0, 1), "a rule without a waiver"
    assert judged(Marker("R", "B1", (0.1, 0.1, 0.3, 0.2)), alone=(Marker("R", "B1", (0.1, 0.1, 0.3, 0.2)),)) == (0, 1)


def test_a_marker_of_the_top_cell_is_looked_for_in_the_cells_under_it() -> None:
    # A1 lies mirrored: x becomes 2 - x
    assert judged(Marker("R", "top", (1.7, 0.1, 1.9, 0.2))) == (1, 0)
    assert judged(Marker("R", "top", (0.1, 0.1, 0.3, 0.2))) == (0, 1)


def test_cells_alone_are_far_apart(tmp_path: Path) -> None:
    name = write_cells_alone(two_cells(), tmp_path / "alone.gds")
    layout: Any = kdb.Layout()
    layout.read(str(tmp_path / "alone.gds"))
    first, second = (instance.dbbox() for instance in layout.cell(name).each_inst())
    assert second.left - first.right >= 20


def test_a_missing_deck_is_a_reason_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available_deck("asap7")[2] == "there is no deck for asap7"
    assert "switched off" in str(available_deck("nangate45", wanted=False)[2])
    deck = find_deck("nangate45")
    assert deck is not None
    monkeypatch.setattr("neutnngen.flow.decks.Deck.file", lambda self: None)
    assert "pip install --no-deps openram" in str(available_deck("nangate45")[2])
    text = Path(__file__)
    with pytest.raises(DataError, match="antenna"):
        deck.text(text, antenna=False)


@pytest.mark.tool
def test_the_real_deck_waives_cells_only_and_finds_a_planted_fault(tmp_path: Path) -> None:
    need("klayout")
    deck, path, reason = available_deck("nangate45")
    if deck is None or path is None:
        pytest.skip(str(reason))
    kit = load_kit()
    block = add_fillers(placed_block(kit, 12), kit)
    # two wires of different nets 60 nm apart, where 70 nm is the least
    x, y = block.core.x0, block.core.y0 + 1400
    for net, above in zip([n for n in block.nets.values() if n.use == "signal"][:2], (0, 260), strict=True):
        net.wires.append(Wire("metal3", x, y + above, x + 4000, y + above, 140, 70))
    write_gds(block, kit, tmp_path / "b.gds")
    result = check_with_deck(tmp_path / "b.gds", deck, path, tmp_path, antenna=True)
    bad = [count for count in result.found if count.unwaived]
    assert [count.rule for count in bad] == ["METAL3.2"] and result.rules > 100
    cell, box = bad[0].places[0]
    assert cell == block.name and box[1] == pytest.approx((y + 70) / 2000) and box[3] == pytest.approx((y + 190) / 2000)
    waived = {count.rule: count for count in result.found if count.waived}
    assert set(waived) >= {"POLY.3", "VIA1.1"} and all(count.cause for count in waived.values())
    assert deck_document(result, deck)["unwaived"] == result.unwaived > 0
