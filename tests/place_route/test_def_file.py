"""DEF: what is written comes back equal, for any block; broken files are told."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnngen.errors import ConfigError, DataError
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port, Row, Via, Wire
from neutnngen.place_route.def_file import read_def, write_def


@cache
def the_kit() -> Kit:
    return load_kit()


coordinate = st.integers(-(10**6), 10**6)
names = st.one_of(
    st.text('ab[]().;+-*\\#"/$3', min_size=1, max_size=6),
    st.sampled_from(["PIN", "END", "NEW", "a[3]", "(", ";", "+", "u.g[3].h", "ROUTED"]),
)
layers = st.sampled_from(["metal1", "metal2", "metal4", "metal7"])
orients = st.sampled_from(["N", "S", "FN", "FS"])


@st.composite
def wires(draw: st.DrawFn) -> Wire:
    layer, x, y, length = draw(layers), draw(coordinate), draw(coordinate), draw(st.integers(0, 9999))
    width = draw(st.sampled_from([140, 280, 800, 1120]))
    flat = draw(st.booleans())
    extend = draw(st.sampled_from([width // 2, 0, 35]))
    return Wire(layer, x, y, x + (length if flat else 0), y + (0 if flat else length), width, extend)


@st.composite
def rects(draw: st.DrawFn, layer: str) -> Rect:
    x, y = draw(coordinate), draw(coordinate)
    return Rect(layer, x, y, x + draw(st.integers(1, 999)), y + draw(st.integers(1, 999)))


vias = st.builds(Via, st.sampled_from(["via1_4", "via6_0"]), coordinate, coordinate)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    block = Block(draw(names), draw(rects("")), draw(rects("")))
    masters = st.sampled_from(["INV_X1", "FILLCELL_X2", "WELLTAP_X1", "LOGIC0_X1", "BUF_X1"])
    kinds = st.sampled_from(["logic", "buffer", "clock", "tie", "tap", "filler", "antenna"])
    block.rows = draw(
        st.lists(st.builds(Row, names, st.just(the_kit().roles.core_site), coordinate, coordinate, orients, st.integers(0, 99)), max_size=2)
    )
    instances = st.builds(Instance, names, masters, coordinate, coordinate, orients, st.booleans(), st.booleans(), kinds)
    block.instances = {i.name: i for i in draw(st.lists(instances, max_size=4))}
    some = st.sampled_from([*block.instances, None])
    references = st.lists(st.builds(lambda i, p, port: PinRef(i, p if i else port), some, st.sampled_from(["A", "ZN"]), names), max_size=3)
    uses = st.sampled_from(["signal", "clock", "power", "ground"])
    nets = st.builds(Net, names, uses, references, st.lists(wires(), max_size=3), st.lists(vias, max_size=2))
    block.nets = {n.name: n for n in draw(st.lists(nets, max_size=4))}
    shapes = st.one_of(st.none(), rects("metal3"))
    ports = st.builds(Port, names, st.sampled_from(["input", "output", "inout"]), names, shapes)
    block.ports = {p.name: p for p in draw(st.lists(ports, max_size=3))}
    return block


@settings(max_examples=60, deadline=None)
@given(blocks())
def test_round_trip(block: Block) -> None:
    kit = the_kit()
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "1.def"), Path(folder, "2.def")
        write_def(block, kit, first)
        again = read_def(first, kit)
        write_def(again, kit, second)
        assert again == block
        assert list(again.nets) == list(block.nets)
        assert first.read_bytes() == second.read_bytes()


FOREIGN = """VERSION 5.8 ;
DESIGN d ; # from another tool
UNITS DISTANCE MICRONS 2000 ;
DIEAREA ( 0 0 ) ( 9000 9000 ) ;
ROW r FreePDK45_38x28_10R_NP_162NW_34O 380 2800 FS DO 10 BY 1 STEP 380 0 ;
COMPONENTS 1 ;
- f FILLCELL_X1 + SOURCE DIST + PLACED ( 380 2800 ) FS ;
END COMPONENTS
SPECIALNETS 1 ;
- VDD ( * VDD ) + ROUTED metal1 340 + SHAPE FOLLOWPIN ( 0 10 ) ( 500 * ) NEW metal4 560 ( 40 10 ) ( * 90 ) + USE POWER ;
END SPECIALNETS
NETS 1 ;
- n ( f VDD ) + ROUTED metal2 ( 100 200 ) ( * 50 ) via2_8 NEW metal3 ( 100 50 ) ( 300 * 0 ) + USE SIGNAL ;
END NETS
END DESIGN
"""


def test_paths_of_other_tools(tmp_path: Path) -> None:
    path = tmp_path / "a.def"
    path.write_text(FOREIGN.replace("( 100 50 ) ( 300", "( 100 50 0 ) ( 300"))
    block = read_def(path, the_kit())
    assert block.core == Rect("", 380, 2800, 380 + 3800, 5600)
    assert block.instances["f"].kind == "filler"
    assert block.nets["n"].wires == [Wire("metal2", 100, 50, 100, 200, 140, 70), Wire("metal3", 100, 50, 300, 50, 140, 0)]
    assert block.nets["n"].vias == [Via("via2_8", 100, 50)]
    assert block.nets["VDD"].wires == [Wire("metal1", 0, 10, 500, 10, 340, 0), Wire("metal4", 40, 10, 40, 90, 560, 0)]
    assert block.nets["VDD"].pins == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("MICRONS 2000", "MICRONS 1000", "units"),
        ("FILLCELL_X1", "NONE_X1", "no cell NONE_X1"),
        ("via2_8", "via2_99", "not understood"),
        ("metal3", "metal33", "metal33"),
        ("( 300 * 0 )", "( 300 70 0 )", "slanted"),
        ("( 300 * 0 )", "( 300 * 5 )", "two ways"),
        ("END NETS\nEND DESIGN\n", "", "ends inside"),
    ],
)
def test_broken_files_are_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "a.def"
    path.write_text(FOREIGN.replace("( 100 50 ) ( 300", "( 100 50 0 ) ( 300").replace(old, new))
    with pytest.raises(DataError, match=said):
        read_def(path, the_kit())


def test_names_that_def_cannot_hold(tmp_path: Path) -> None:
    block = Block("a b", Rect("", 0, 0, 1, 1), Rect("", 0, 0, 1, 1))
    with pytest.raises(ConfigError, match="blanks"):
        write_def(block, the_kit(), tmp_path / "a.def")
    assert not (tmp_path / "a.def").exists()
