"""Layout against netlist: a small block routed by hand is clean, and every kind of damage is found."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest

from neutnngen.errors import CheckFailed, DataError
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route import lvs
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port, Via, Wire, transform
from neutnngen.place_route.gds import write_gds
from neutnngen.place_route.lvs import LvsResult, compare_layout
from neutnngen.place_route.lvs_connect import NotRectilinear
from neutnngen.place_route.verilog_netlist import write_netlist


@cache
def the_kit() -> Kit:
    return load_kit()


def middle(block: Block, instance: str, pin: str) -> tuple[int, int]:
    """Centre of the largest rectangle of a pin."""
    placed = block.instances[instance]
    master = the_kit().masters[placed.master]
    rect = max((transform(r, master, placed) for r in master.pins[pin].rects), key=lambda r: (r.x1 - r.x0) * (r.y1 - r.y0))
    return (rect.x0 + rect.x1) // 2, (rect.y0 + rect.y1) // 2


def join(block: Block, net: str, ends: list[tuple[int, int]], track: int) -> None:
    """Route a net by hand: up from each end on metal2 to one horizontal metal3 wire at ``track``."""
    record = block.nets[net]
    for x, y in ends:
        record.vias += [Via("via1_4", x, y), Via("via2_5", x, track)]
        record.wires.append(Wire("metal2", x, min(y, track), x, max(y, track), 140, 70))
    xs = [x for x, _ in ends]
    record.wires.append(Wire("metal3", min(xs), track, max(xs), track, 140, 70))


def small_block() -> Block:
    """Two inverters in two rows (one turned over), a filler beside each, supplies on rails and two straps."""
    die = Rect("", 0, 0, 12000, 5600)
    block = Block("pair", die, die)
    for name, master, x, y, orient in (
        ("u.a[0]", "INV_X1", 760, 0, "N"),
        ("v", "INV_X1", 3800, 2800, "FS"),
        ("fa", "FILLCELL_X2", 1520, 0, "N"),
        ("fv", "FILLCELL_X2", 4560, 2800, "FS"),
    ):
        kind = "filler" if master.startswith("FILL") else "logic"
        block.instances[name] = Instance(name, master, x, y, orient, placed=True, kind=kind)  # type: ignore[arg-type]
    for name, pins in (
        ("in", [PinRef(None, "in"), PinRef("u.a[0]", "A")]),
        ("mid", [PinRef("u.a[0]", "ZN"), PinRef("v", "A")]),
        ("out[0]", [PinRef("v", "ZN"), PinRef(None, "out[0]")]),
    ):
        block.nets[name] = Net(name, pins=pins)
    block.ports["in"] = Port("in", "input", "in", Rect("metal3", 0, 1330, 280, 1470))
    block.ports["out[0]"] = Port("out[0]", "output", "out[0]", Rect("metal3", 11720, 4430, 12000, 4570))
    join(block, "in", [middle(block, "u.a[0]", "A")], 1400)
    block.nets["in"].wires.append(Wire("metal3", 140, 1400, middle(block, "u.a[0]", "A")[0], 1400, 140, 70))
    join(block, "mid", [middle(block, "u.a[0]", "ZN"), middle(block, "v", "A")], 2400)
    join(block, "out[0]", [middle(block, "v", "ZN")], 4500)
    block.nets["out[0]"].wires.append(Wire("metal3", middle(block, "v", "ZN")[0], 4500, 11860, 4500, 140, 70))
    for net, ys, x in (("VDD", [2800], 7000), ("VSS", [0, 5600], 9000)):
        supply = block.nets[net] = Net(net, "power" if net == "VDD" else "ground")
        for y in ys:
            supply.wires.append(Wire("metal1", 0, y, 12000, y, 340, 0))
            supply.vias += [Via("via1_8", x, y), Via("via2_8", x, y), Via("via3_2", x, y)]
        supply.wires.append(Wire("metal4", x, 0, x, 5600, 1120, 0))
    return block


def check(block: Block, folder: Path, netlist_of: Block | None = None) -> LvsResult:
    write_gds(block, the_kit(), folder / "a.gds")
    write_netlist(netlist_of or small_block(), folder / "a.v", the_kit())
    return compare_layout(folder / "a.gds", folder / "a.v", the_kit())


@pytest.fixture(autouse=True, params=["rectangles", "polygons"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of reading the layout must find the same."""
    if request.param == "polygons":

        def refuse(*_: object) -> None:
            raise NotRectilinear

        monkeypatch.setattr("neutnngen.place_route.lvs.extract_rectangles", refuse)
    return str(request.param)


def test_a_shape_that_is_no_rectangle_takes_the_general_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    block, kit = small_block(), the_kit()
    write_gds(block, kit, tmp_path / "plain.gds")
    layout: Any = kdb.Layout()
    layout.read(str(tmp_path / "plain.gds"))
    metal5 = layout.layer(*kit.technology.layers["metal5"].gds)
    layout.top_cell().shapes(metal5).insert(kdb.Polygon([kdb.Point(0, 0), kdb.Point(4000, 4000), kdb.Point(4000, 0)]))
    layout.write(str(tmp_path / "slanted.gds"))
    write_netlist(block, tmp_path / "n.v", kit)
    used = []
    general = lvs.extract_polygons
    monkeypatch.setattr(lvs, "extract_polygons", lambda *given: used.append(1) or general(*given))
    assert compare_layout(tmp_path / "slanted.gds", tmp_path / "n.v", kit).clean and used
    used.clear()
    assert compare_layout(tmp_path / "plain.gds", tmp_path / "n.v", kit).clean and bool(used) == (way == "polygons")


def test_the_block_is_clean(tmp_path: Path) -> None:
    result = check(small_block(), tmp_path)
    assert result.findings == ()
    assert (result.instances, result.nets) == (4, 5)
    assert result.terminals == 4 + 2 * 4 + 2 + 2  # signal pins, supply pins, ports, supply labels
    result.require_clean()


def test_a_missing_wire_is_an_open(tmp_path: Path) -> None:
    block = small_block()
    block.nets["mid"].wires.pop()
    result = check(block, tmp_path)
    (finding,) = result.findings
    assert (finding.kind, finding.nets) == ("open", ("mid",))
    assert "v/A" in finding.what
    x, y = middle(block, "v", "A")
    assert finding.place == pytest.approx((x / 2000, y / 2000))
    with pytest.raises(CheckFailed, match="open: net mid"):
        result.require_clean()


def test_a_missing_via_is_an_open(tmp_path: Path) -> None:
    block = small_block()
    block.nets["out[0]"].vias.pop(0)
    assert [(f.kind, f.nets) for f in check(block, tmp_path).findings] == [("open", ("out[0]",))]


def test_an_extra_wire_is_a_short(tmp_path: Path) -> None:
    block = small_block()
    x = middle(block, "u.a[0]", "ZN")[0]
    block.nets["in"].wires.append(Wire("metal3", 140, 1400, x, 1400, 140, 70))
    block.nets["in"].vias.append(Via("via2_5", x, 1400))
    (finding,) = check(block, tmp_path).findings
    assert finding.kind == "short"
    assert set(finding.nets) == {"in", "mid"}


def test_a_wire_on_a_rail_is_a_short_with_the_supply(tmp_path: Path) -> None:
    block = small_block()
    x, y = middle(block, "u.a[0]", "A")
    block.nets["in"].wires.append(Wire("metal1", x, 0, x, y, 140, 70))
    (finding,) = check(block, tmp_path).findings
    assert finding.kind == "short"
    assert set(finding.nets) == {"in", "VSS"}


def test_swapped_pins_are_found(tmp_path: Path) -> None:
    """The netlist has the two inverters the other way round."""
    other = small_block()
    for net in other.nets.values():
        net.pins = [ref if ref.instance is None else PinRef({"v": "u.a[0]", "u.a[0]": "v"}[ref.instance], ref.pin) for ref in net.pins]
    kinds = {finding.kind for finding in check(small_block(), tmp_path, other).findings}
    assert kinds == {"open", "short"}


def test_supplies_are_checked_for_every_instance(tmp_path: Path) -> None:
    block = small_block()
    block.nets["VSS"].wires.pop()  # the strap that joins the two ground rails
    findings = check(block, tmp_path).findings
    assert ("open", ("VSS",)) in [(f.kind, f.nets) for f in findings]
    alone = small_block()
    alone.instances["fa"].y = 20000  # a filler that no rail reaches
    found = [f.what for f in check(alone, tmp_path).findings]
    assert len(found) == 2
    assert all("fa/V" in what for what in found)


def test_instances_and_ports_are_compared(tmp_path: Path) -> None:
    block = small_block()
    block.instances["w"] = Instance("w", "INV_X1", 9500, 0, placed=True)
    del block.instances["v"]
    block.ports["foreign"] = Port("foreign", "input", "in", Rect("metal3", 140, 1330, 280, 1470))
    del block.ports["out[0]"]
    kinds = [finding.kind for finding in check(block, tmp_path).findings]
    for kind in ("missing instance", "extra instance", "missing port", "extra port"):
        assert kinds.count(kind) == 1, kind  # type: ignore[arg-type]
    other = small_block()
    other.instances["v"].master = "INV_X2"
    assert "wrong cell" in {finding.kind for finding in check(other, tmp_path).findings}


def test_metal_inside_a_cell_is_no_pin(tmp_path: Path) -> None:
    """A wire over the inner metal of a flip-flop joins nets that no pin shows."""
    kit = the_kit()
    block = small_block()
    block.instances["f"] = Instance("f", "DFF_X1", 760, 20000, placed=True)
    inner = next(r for r in kit.masters["DFF_X1"].obstructions if r.y1 - r.y0 > 400)
    placed = transform(inner, kit.masters["DFF_X1"], block.instances["f"])
    x, y = (placed.x0 + placed.x1) // 2, (placed.y0 + placed.y1) // 2
    zn = middle(block, "u.a[0]", "ZN")[0]
    block.nets["mid"].wires += [Wire("metal2", x, 2400, x, y, 140, 70), Wire("metal3", x, 2400, zn, 2400, 140, 70)]
    block.nets["mid"].vias += [Via("via1_4", x, y), Via("via2_5", x, 2400)]
    found = [f for f in check(block, tmp_path).findings if f.kind == "internal metal"]
    assert len(found) == 1
    assert found[0].nets == ("mid",)


def test_wrong_files_are_told(tmp_path: Path) -> None:
    check(small_block(), tmp_path)
    text = (tmp_path / "a.v").read_text()
    (tmp_path / "a.v").write_text(text.replace("module pair", "module large"))
    with pytest.raises(DataError, match="pair"):
        compare_layout(tmp_path / "a.gds", tmp_path / "a.v", the_kit())
    (tmp_path / "a.gds").write_bytes(b"no layout")
    with pytest.raises(DataError, match="cannot read"):
        compare_layout(tmp_path / "a.gds", tmp_path / "a.v", the_kit())
