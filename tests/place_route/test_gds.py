"""GDSII: same bytes for the same block, cells where the data base has them, nothing that is not used."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import klayout.db as kdb
import pytest

from neutnngen.errors import ConfigError
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, Port, Via, Wire, transform
from neutnngen.place_route.gds import INSTANCE_PROPERTY, write_gds


@cache
def the_kit() -> Kit:
    return load_kit()


def four_ways() -> Block:
    """One cell in each orientation, a wire, a via, a port and a strap."""
    block = Block("top", Rect("", 0, 0, 20000, 5600), Rect("", 0, 0, 20000, 5600))
    for i, orient in enumerate(("N", "S", "FN", "FS")):
        block.instances[f"i[{i}]"] = Instance(f"i[{i}]", "AOI21_X1", 4000 * i, 2800, orient, placed=True)  # type: ignore[arg-type]
    block.nets["n"] = Net("n", wires=[Wire("metal2", 95, 200, 95, 900, 140, 70)], vias=[Via("via1_4", 95, 200)])
    block.ports["p[0]"] = Port("p[0]", "input", "n", Rect("metal2", 25, 0, 165, 300))
    block.nets["VDD"] = Net(
        "VDD", "power", wires=[Wire("metal1", 0, 2800, 20000, 2800, 340, 0), Wire("metal4", 500, 0, 500, 5600, 1120, 0)]
    )
    return block


def read(path: Path) -> kdb.Layout:
    layout = kdb.Layout()
    layout.read(str(path))
    return layout


def test_same_block_same_bytes(tmp_path: Path) -> None:
    write_gds(four_ways(), the_kit(), tmp_path / "a.gds")
    write_gds(four_ways(), the_kit(), tmp_path / "b.gds")
    assert (tmp_path / "a.gds").read_bytes() == (tmp_path / "b.gds").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.gds", "b.gds"]


def test_only_used_cells_and_all_names(tmp_path: Path) -> None:
    write_gds(four_ways(), the_kit(), tmp_path / "a.gds")
    layout = read(tmp_path / "a.gds")
    assert sorted(cell.name for cell in layout.each_cell()) == ["AOI21_X1", "VIA_via1_4", "top"]
    top = layout.cell("top")
    assert [cell.name for cell in layout.top_cells()] == ["top"]
    assert {i.property(INSTANCE_PROPERTY) for i in top.each_inst() if i.cell.name == "AOI21_X1"} == {f"i[{k}]" for k in range(4)}
    unit = 1 / layout.dbu / the_kit().technology.dbu
    outline = top.shapes(layout.layer(*the_kit().outline_gds))
    assert [shape.box for shape in outline.each()] == [kdb.Box(0, 0, round(unit * 20000), round(unit * 5600))]
    texts = {s.text.string: (s.layer, s.text.x, s.text.y) for i in layout.layer_indexes() for s in top.shapes(i).each(kdb.Shapes.STexts)}
    assert texts == {
        "p[0]": (layout.layer(13, 0), round(unit * 95), round(unit * 150)),
        "VDD": (layout.layer(17, 0), round(unit * 500), round(unit * 2800)),
    }


def test_drawn_pins_lie_where_the_data_base_says(tmp_path: Path) -> None:
    """In every orientation the metal of the cell covers the pin shapes as ``transform`` places them."""
    kit, block = the_kit(), four_ways()
    write_gds(block, kit, tmp_path / "a.gds")
    layout = read(tmp_path / "a.gds")
    unit = round(1 / layout.dbu / kit.technology.dbu)
    drawn = kdb.Region(layout.cell("top").begin_shapes_rec(layout.layer(*kit.technology.layers["metal1"].gds)))
    for instance in block.instances.values():
        master = kit.masters[instance.master]
        for pin in master.pins.values():
            for rect in pin.rects:
                box = kdb.Box(*(unit * v for v in transform(rect, master, instance)[1:]))
                assert (kdb.Region(box) - drawn).is_empty(), (instance.orient, pin.name)
    wire = kdb.Region(layout.cell("top").begin_shapes_rec(layout.layer(13, 0))).merged()
    assert wire.area() == unit * unit * 140 * 970  # the wire, its port and the via's metal are one strip


def test_refusals(tmp_path: Path) -> None:
    block = four_ways()
    block.instances["i[0]"].placed = False
    with pytest.raises(ConfigError, match="not placed"):
        write_gds(block, the_kit(), tmp_path / "a.gds")
    block = four_ways()
    block.name = "INV_X1"
    with pytest.raises(ConfigError, match="name of a library cell"):
        write_gds(block, the_kit(), tmp_path / "a.gds")
    assert list(tmp_path.iterdir()) == []
