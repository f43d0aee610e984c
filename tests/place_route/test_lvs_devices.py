"""Transistors of a layout against its netlist: a routed block is equal, and every kind of damage is found."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest
from routed_block import finished_block

from neutnngen.errors import CheckFailed, ConfigError, DataError
from neutnngen.flow import planted
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import DeviceLayers, Kit, Rect
from neutnngen.place_route import lvs_devices
from neutnngen.place_route.block import Block, Net, PinRef, Port
from neutnngen.place_route.gds import write_gds
from neutnngen.place_route.lvs import compare_layout
from neutnngen.place_route.lvs_devices import DevicesResult, compare_devices
from neutnngen.place_route.lvs_transistors import extract_transistors
from neutnngen.place_route.verilog_netlist import write_netlist

Edit = Callable[[Any], None]
Plant = Callable[[Block, Kit, random.Random], planted.Fault | None]


@cache
def the_kit() -> Kit:
    return load_kit()


@cache
def layers() -> DeviceLayers:
    found = the_kit().devices
    assert found is not None
    return found


@pytest.fixture(scope="module")
def block() -> Block:
    return finished_block(the_kit(), 60)


def compare(block: Block, folder: Path, edit: Edit | None = None, *, of: Block | None = None, kit: Kit | None = None) -> DevicesResult:
    """Compare a block, changed by ``edit`` in its GDSII file, with its netlist or that of ``of``."""
    kit = kit or the_kit()
    gds, netlist = folder / "a.gds", folder / "a.v"
    write_gds(block, kit, gds)
    write_netlist(of or block, netlist, kit)
    if edit is not None:
        layout: Any = kdb.Layout()
        layout.read(str(gds))
        edit(layout)
        layout.write(str(gds))
    return compare_devices(gds, netlist, kit)


def kinds(result: DevicesResult) -> set[str]:
    return {finding.kind for finding in result.findings}


def drawn(layout: Any, cell: str, layer: str) -> Any:
    """Shapes of a cell on one of the layers of transistors."""
    return layout.cell(cell).shapes(layout.layer(*getattr(layers(), layer)))


def placed(layout: Any, cell: str) -> Any:
    """A reference to a cell."""
    return next(reference for reference in layout.top_cell().each_inst() if reference.cell.name == cell)


def test_the_block_is_equal_and_its_cells_are_proven(block: Block, tmp_path: Path) -> None:
    told: list[str] = []
    first = compare(block, tmp_path)
    result = compare_devices(tmp_path / "a.gds", tmp_path / "a.v", the_kit(), told.append)
    assert result == first and told == ["cells", "extraction", "comparison"]
    assert result.findings == () and result.differences == 0 and result.clean
    used = {i.master for i in block.instances.values() if i.kind not in ("filler", "tap")}
    assert set(result.proven) == used and "DFF_X1" in used and not result.undecided
    assert result.transistors > 600 and result.nets > 300 and result.instances == len(block.instances)
    result.require_clean()


def test_flat_shapes_give_the_same_transistors(block: Block, tmp_path: Path) -> None:
    """KLayout works cell by cell where it may; where all shapes are in the top cell it cannot."""
    expected = compare(block, tmp_path)
    layout: Any = kdb.Layout()
    layout.read(str(tmp_path / "a.gds"))
    layout.top_cell().flatten(True)
    found = extract_transistors(layout, layout.top_cell(), the_kit(), [])
    assert sum(1 for _ in found.circuit.each_device()) == expected.transistors
    assert sum(1 for _ in found.circuit.each_net()) == expected.nets


# --------------------------------------------------------------------------------------------------------- faults inside and between cells


def no_gate(layout: Any) -> None:
    shapes = drawn(layout, "NAND2_X1", "poly")
    shapes.erase(next(shapes.each()))


def no_gate_contact(layout: Any) -> None:
    poly = kdb.Region(drawn(layout, "INV_X1", "poly"))
    shapes = drawn(layout, "INV_X1", "contact")
    for shape in [shape for shape in shapes.each() if not (kdb.Region(shape.polygon) & poly).is_empty()]:
        shapes.erase(shape)


def active_over_a_gate_of_another_cell(layout: Any) -> None:
    """Between the two rows of transistors of a gate."""
    low, high = sorted((shape.bbox() for shape in drawn(layout, "NAND2_X1", "active").each()), key=lambda box: box.bottom)
    x = next(drawn(layout, "NAND2_X1", "poly").each()).bbox().center().x
    at = placed(layout, "NAND2_X1").trans * kdb.Point(x, (low.top + high.bottom) // 2)
    half = round(0.02 / layout.dbu)
    top, stranger = layout.top_cell(), layout.create_cell("stranger")
    stranger.shapes(layout.layer(*layers().active)).insert(kdb.Box(-10 * half, -half, 10 * half, half))
    top.insert(kdb.CellInstArray(stranger.cell_index(), kdb.Trans(at.x, at.y)))


def two_gates_joined(layout: Any) -> None:
    reference = placed(layout, "NAND2_X1")
    one, other = (shape.bbox().transformed(reference.trans) for shape in list(drawn(layout, "NAND2_X1", "poly").each())[:2])
    strip = kdb.Box(one.left, one.bottom, other.right, one.bottom + round(0.02 / layout.dbu))
    layout.top_cell().shapes(layout.layer(*layers().poly)).insert(strip)


def wider_active(layout: Any) -> None:
    shapes = drawn(layout, "INV_X1", "active")
    box = max((shape.bbox() for shape in shapes.each()), key=lambda box: box.top)
    shapes.insert(kdb.Box(box.left, box.bottom - round(0.05 / layout.dbu), box.right, box.top))


def no_tap_contacts(layout: Any) -> None:
    drawn(layout, "WELLTAP_X1", "contact").clear()


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        (no_gate, {"extra transistor", "missing transistor"}),
        (no_gate_contact, {"missing transistor", "net"}),
        (active_over_a_gate_of_another_cell, {"extra transistor"}),
        (two_gates_joined, {"short"}),
        (wider_active, {"transistor size"}),
        (no_tap_contacts, {"well"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_the_comparison_of_cells_cannot_see_is_found(block: Block, tmp_path: Path, edit: Edit, wanted: set[str]) -> None:
    result = compare(block, tmp_path, edit)
    assert kinds(result) & wanted, [finding.what for finding in result.findings[:5]]
    assert compare_layout(tmp_path / "a.gds", tmp_path / "a.v", the_kit()).clean
    with pytest.raises(CheckFailed, match="transistors"):
        result.require_clean()


def test_a_finding_has_its_place(block: Block, tmp_path: Path) -> None:
    inverters = [i for i in block.instances.values() if i.master == "INV_X1"]
    result = compare(block, tmp_path, wider_active)
    sizes = [finding for finding in result.findings if finding.kind == "transistor size"]
    assert {finding.what.split("/")[0] for finding in sizes} == {i.name for i in inverters}
    for finding in sizes:
        owner = block.instances[finding.what.split("/")[0]]
        assert finding.place is not None and "0.68 by 0.05 um in the layout, 0.63 by 0.05 um in the library" in finding.what
        x, y = owner.x / 2000, owner.y / 2000
        assert x < finding.place[0] < x + the_kit().masters["INV_X1"].width / 2000 and y < finding.place[1] < y + 1.4


# ------------------------------------------------------------------------------------------------------------------- faults of the wiring


@pytest.mark.parametrize(
    ("plant", "wanted"),
    [
        (planted.remove_via, {"missing transistor"}),
        (planted.short_wires, {"short"}),
        (planted.swap_cell, {"missing transistor", "extra transistor"}),
        (planted.cut_rail, {"missing transistor", "extra transistor"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_faults_of_the_wiring_are_found(block: Block, tmp_path: Path, plant: Plant, wanted: set[str]) -> None:
    wrong = block.copy()
    fault = plant(wrong, the_kit(), random.Random(0))
    assert fault is not None
    result = compare(wrong, tmp_path, of=block)
    assert kinds(result) & wanted, [finding.what for finding in result.findings[:5]]


def test_a_well_does_not_heal_a_rail_that_is_cut_off(block: Block, tmp_path: Path) -> None:
    wrong = block.copy()
    assert planted.cut_rail(wrong, the_kit(), random.Random(0)) is not None
    result = compare(wrong, tmp_path, of=block)
    clean = compare(block, tmp_path)
    assert result.nets == clean.nets + 1 and result.transistors == clean.transistors


def test_swapped_pins_of_the_netlist_are_found(block: Block, tmp_path: Path) -> None:
    """The two inputs of a gate are alike in what they do, not in where their transistors are."""
    other = block.copy()
    gate = next(i.name for i in block.instances.values() if i.master == "NAND2_X1")
    swap = {PinRef(gate, "A1"): PinRef(gate, "A2"), PinRef(gate, "A2"): PinRef(gate, "A1")}
    for net in other.nets.values():
        net.pins = [swap.get(ref, ref) for ref in net.pins]
    assert compare(block, tmp_path, of=other).differences > 0


def test_swapped_labels_of_ports_are_found(block: Block, tmp_path: Path) -> None:
    def swap(layout: Any) -> None:
        metal3 = layout.top_cell().shapes(layout.layer(*the_kit().technology.layers["metal3"].gds))
        one, other = [shape for shape in metal3.each(kdb.Shapes.STexts) if shape.text.string.startswith("p[")][:2]
        first, second = one.text.string, other.text.string
        one.text_string, other.text_string = second, first

    assert compare(block, tmp_path, swap).differences > 0


def test_a_port_without_transistors_is_compared(block: Block, tmp_path: Path) -> None:
    """An input that nothing reads."""
    made = block.copy()
    made.nets["spare"] = Net("spare", "signal", [PinRef(None, "spare")])
    made.ports["spare"] = Port("spare", "input", "spare", Rect("metal3", 0, made.die.y1 - 420, 280, made.die.y1 - 280))
    assert compare(made, tmp_path).clean
    assert "missing port" in kinds(compare(block, tmp_path, of=made))
    widths = {name: master.width for name, master in the_kit().masters.items()}
    diode = next(i for i in made.instances.values() if i.kind == "filler" and widths[i.master] == widths["ANTENNA_X1"])
    diode.master, diode.kind = "ANTENNA_X1", "antenna"
    made.nets["spare"].pins.insert(0, PinRef(diode.name, "A"))  # which no wire joins
    assert kinds(compare(made, tmp_path)) == {"open"}


def test_a_missing_label_of_a_port_is_found(block: Block, tmp_path: Path) -> None:
    def remove(layout: Any) -> None:
        metal3 = layout.top_cell().shapes(layout.layer(*the_kit().technology.layers["metal3"].gds))
        metal3.erase(next(shape for shape in metal3.each(kdb.Shapes.STexts) if shape.text.string == "p[0]"))

    assert "missing port" in kinds(compare(block, tmp_path, remove))


# ------------------------------------------------------------------------------------------------------------------------------- library


def test_a_cell_that_does_not_do_what_liberty_states_is_found(block: Block, tmp_path: Path) -> None:
    kit = the_kit()
    nand = kit.cells["NAND2_X1"]
    wrong = replace(nand, pins={**nand.pins, "ZN": replace(nand.pins["ZN"], function="!(A1 | A2)")})
    result = compare(block, tmp_path, kit=replace(kit, cells={**kit.cells, "NAND2_X1": wrong}))
    assert [finding.kind for finding in result.findings] == ["cell function"]
    assert result.findings[0].what == "NAND2_X1: ZN is 1 at A1=0, A2=1, where Liberty states 0"
    assert "NAND2_X1" not in result.proven


def test_a_cell_that_cannot_be_decided_is_named(block: Block, tmp_path: Path) -> None:
    kit = the_kit()
    flop = replace(kit.cells["DFF_X1"], memory=None)
    result = compare(block, tmp_path, kit=replace(kit, cells={**kit.cells, "DFF_X1": flop}))
    assert result.clean and result.undecided == {"DFF_X1": "its state is a table in Liberty"} and "DFF_X1" not in result.proven


def test_transistors_of_cells_without_signals_count(block: Block, tmp_path: Path) -> None:
    """A decoupling capacitor, which the netlist does not have: a gate that nothing is wired to."""
    kit = the_kit()
    library: Any = kdb.Layout()
    library.read(str(kit.cell_gds))
    library.create_cell("DECAP").copy_tree(library.cell("NAND3_X1"))
    library.write(str(tmp_path / "cells.gds"))
    gate = kit.masters["NAND3_X1"]
    assert gate.width == kit.masters["FILLCELL_X4"].width
    supplies = {name: pin for name, pin in gate.pins.items() if pin.use in ("power", "ground")}
    masters = {**kit.masters, "DECAP": replace(gate, name="DECAP", kind="core spacer", pins=supplies)}
    kit = replace(kit, masters=masters, cell_gds=tmp_path / "cells.gds")
    made = block.copy()
    gap = next(i for i in made.instances.values() if i.master == "FILLCELL_X4")
    gap.master = "DECAP"
    before = compare(block, tmp_path).transistors
    result = compare(made, tmp_path, kit=kit)
    assert result.clean and result.transistors == before + 6

    def no_poly(layout: Any) -> None:
        drawn(layout, "DECAP", "poly").clear()

    assert "short" in kinds(compare(made, tmp_path, no_poly, kit=kit))  # active goes on from supply to supply


def test_what_cannot_be_compared_is_an_error(block: Block, tmp_path: Path) -> None:
    compare(block, tmp_path)
    with pytest.raises(ConfigError, match="does not describe its transistors"):
        compare_devices(tmp_path / "a.gds", tmp_path / "a.v", replace(the_kit(), devices=None))
    (tmp_path / "b.gds").write_bytes(b"no layout")
    with pytest.raises(DataError, match="cannot read"):
        compare_devices(tmp_path / "b.gds", tmp_path / "a.v", the_kit())


@pytest.mark.parametrize("seed", range(8))
def test_any_transistor_wired_otherwise_is_found(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """The marks give every net its name on both sides, and still the comparison sees one end of one transistor on another net."""
    chance = random.Random(seed)

    class Changed(lvs_devices.Reference):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            device = chance.choice(list(self.circuit.each_device()))
            terminal = chance.choice("SGDB")
            others = [net for net in self.circuit.each_net() if net.name != device.net_for_terminal(terminal).name]
            device.connect_terminal(terminal, chance.choice(others))

    monkeypatch.setattr(lvs_devices, "Reference", Changed)
    assert kinds(compare(block, tmp_path)) & {"missing transistor", "net"}
