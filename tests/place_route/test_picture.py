"""Pictures: of the asked size and region, with metal where the layout has it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import klayout.db as kdb
import klayout.lay as klay
import pytest

from neutnngen.errors import ConfigError, DataError
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.picture import render_layout


@cache
def the_kit() -> Kit:
    return load_kit()


@pytest.fixture
def half_metal(tmp_path: Path) -> Path:
    """A die of 10 by 5 micrometres, its left half metal1."""
    layout = kdb.Layout()
    top = layout.create_cell("top")
    top.shapes(layout.layer(*the_kit().outline_gds)).insert(kdb.DBox(0, 0, 10, 5))
    top.shapes(layout.layer(*the_kit().technology.layers["metal1"].gds)).insert(kdb.DBox(0, 0, 5, 5))
    path = tmp_path / "a.gds"
    layout.write(str(path))
    return path


def test_metal_is_where_it_should_be(half_metal: Path, tmp_path: Path) -> None:
    png = render_layout(half_metal, the_kit(), tmp_path / "new" / "a.png", width=400, region=(0, 0, 10, 5))
    picture = klay.PixelBuffer.read_png(str(png))
    assert (picture.width(), picture.height()) == (400, 200)
    left, right = picture.pixel(100, 100) & 0xFFFFFF, picture.pixel(300, 100) & 0xFFFFFF
    assert (left, right) == (0x274A86, 0x0E1116)
    assert [file.name for file in png.parent.iterdir()] == ["a.png"]


def test_the_whole_die_by_default(half_metal: Path, tmp_path: Path) -> None:
    picture = klay.PixelBuffer.read_png(str(render_layout(half_metal, the_kit(), tmp_path / "a.png", width=520)))
    assert (picture.width(), picture.height()) == (520, 270)  # 2 % of the longer side around the die


def test_refusals(half_metal: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to draw"):
        render_layout(half_metal, the_kit(), tmp_path / "a.png", region=(5, 5, 5, 9))
    with pytest.raises(ConfigError, match="size"):
        render_layout(half_metal, the_kit(), tmp_path / "a.png", width=0, height=10)
    half_metal.write_bytes(b"no layout")
    with pytest.raises(DataError, match="cannot read"):
        render_layout(half_metal, the_kit(), tmp_path / "a.png")
