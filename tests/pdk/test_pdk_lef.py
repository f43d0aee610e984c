"""LEF reader: units, tables, vias, and polygons cut without loss of area."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neutnngen.errors import DataError
from neutnngen.pdk.lef import read_masters, read_technology, slice_polygon
from neutnngen.pdk.technology import Rect

TECH = """
VERSION 5.8 ; # a comment ; with a semicolon
UNITS
  DATABASE MICRONS 2000 ;
END UNITS
MANUFACTURINGGRID 0.0025 ;
PROPERTYDEFINITIONS LAYER LEF58_X STRING ; END PROPERTYDEFINITIONS
LAYER imp TYPE IMPLANT ; END imp
LAYER m1
  TYPE ROUTING ; DIRECTION HORIZONTAL ; PITCH 0.14 ; OFFSET 0.095 0.07 ; WIDTH 0.1 ; AREA 0.02 ;
  PROPERTY LEF58_X " SPACING 0.5 ; " ;
  SPACINGTABLE PARALLELRUNLENGTH 0.0 0.3 WIDTH 0.0 0.07 0.08 WIDTH 0.2 0.09 0.1 ;
  RESISTANCE RPERSQ 0.5 ; CAPACITANCE CPERSQDIST 2e-05 ; EDGECAPACITANCE 3e-05 ;
END m1
LAYER v1 TYPE CUT ; SPACING 0.08 ; WIDTH 0.07 ; RESISTANCE 5 ; END v1
LAYER m2 TYPE ROUTING ; DIRECTION VERTICAL ; PITCH 0.19 0.2 ; OFFSET 0.095 0.07 ; WIDTH 0.07 ; SPACING 0.07 ; END m2
VIA v1_0 DEFAULT
  LAYER v1 ; RECT -0.035 -0.035 0.035 0.035 ;
  LAYER m2 ; RECT -0.07 -0.035 0.07 0.035 ;
  LAYER m1 ; RECT -0.035 -0.07 0.035 0.07 ;
END v1_0
VIARULE gen GENERATE LAYER m1 ; ENCLOSURE 0 0 ; END gen
SITE core SIZE 0.19 BY 1.4 ; CLASS core ; END core
END LIBRARY
"""
FINE = """
UNITS DATABASE MICRONS 1000 ; END UNITS
LAYER m1 TYPE ROUTING ; DIRECTION VERTICAL ; PITCH 0.036 ; WIDTH 0.018 ; SPACING 0.018 ; END m1
LAYER v1 TYPE CUT ;
  PROPERTY LEF58_SPACINGTABLE "
    SPACINGTABLE DEFAULT 0.034 CUTCLASS a b a - - b - - ; " ;
END v1
LAYER m2 TYPE ROUTING ; DIRECTION HORIZONTAL ; PITCH 0.048 ; WIDTH 0.024 ; SPACING 0.024 ; END m2
VIA via DEFAULT
  LAYER m1 ; RECT -0.009 -0.017 0.009 0.017 ;
  LAYER v1 ; RECT -0.009 -0.012 0.009 0.012 ;
  LAYER m2 ; RECT -0.02 -0.012 0.02 0.012 ;
END via
END LIBRARY
"""
GDS = {"m1": (11, 0), "v1": (12, 0), "m2": (13, 0)}


def test_cut_rules_that_stand_in_properties_and_vias(tmp_path: Path) -> None:
    path = tmp_path / "fine.lef"
    path.write_text(FINE)
    cut = read_technology(path, "fine", GDS).layers["v1"]
    assert (cut.width, cut.spacing) == (24, 34)  # the longer side of the via's cut; the spacing of all classes


def test_technology(tmp_path: Path) -> None:
    path = tmp_path / "tech.lef"
    path.write_text(TECH)
    technology = read_technology(path, "node", GDS, {"m2": (3.0, 0.1)})
    m1, v1, m2 = technology.layers.values()
    assert (technology.dbu, technology.manufacturing_grid) == (2000, 5)
    assert (m1.direction, m1.pitch, m1.offset, m1.width, m1.spacing, m1.min_area) == ("horizontal", 280, 140, 200, 140, 80000)
    assert m1.spacing_table == ((0, ((0, 140), (600, 160))), (400, ((0, 180), (600, 200))))
    assert m1.resistance == pytest.approx(5.0)
    assert m1.capacitance == pytest.approx(1000 * (2e-5 * 0.1 + 2 * 3e-5))
    assert (m2.direction, m2.pitch, m2.offset, m2.resistance, m2.capacitance) == ("vertical", 380, 190, 3.0, 0.1)
    assert (v1.kind, v1.width, v1.spacing, v1.resistance) == ("cut", 140, 160, 5.0)
    via = technology.vias["v1_0"]
    assert (via.lower, via.cut, via.upper, via.default) == ("m1", "v1", "m2", True)
    assert Rect("m2", -140, -70, 140, 70) in via.rects
    assert technology.sites["core"].height == 2800


def test_broken_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "tech.lef"
    path.write_text(TECH[:400])
    with pytest.raises(DataError, match=r"tech\.lef"):
        read_technology(path, "node", GDS)
    path.write_text(TECH)
    with pytest.raises(DataError, match="no GDS layer for v1"):
        read_technology(path, "node", {"m1": (11, 0)})


def test_macro_with_origin_and_polygon(tmp_path: Path) -> None:
    path = tmp_path / "cells.lef"
    path.write_text(
        "MACRO C CLASS CORE SPACER ; ORIGIN 0.1 0.2 ; SIZE 1.0 BY 1.4 ; SITE core ;"
        " PIN A DIRECTION INPUT ; USE CLOCK ; PORT LAYER m1 ; POLYGON 0 0 0.3 0 0.3 0.1 0.1 0.1 0.1 0.4 0 0.4 ; END END A"
        " PIN V DIRECTION INOUT ; USE POWER ; PORT LAYER m1 ; RECT 0 1 1 1.1 ; END END V"
        " OBS LAYER m1 ; RECT 0.9 0.3 0.8 0.2 ; END END C END LIBRARY"
    )
    master = read_masters(path, 1000)["C"]
    assert (master.kind, master.width, master.height, master.site) == ("core spacer", 1000, 1400, "core")
    assert master.pins["A"].rects == (Rect("m1", 100, 200, 400, 300), Rect("m1", 100, 300, 200, 600))
    assert (master.pins["A"].use, master.pins["V"].use, master.pins["V"].direction) == ("clock", "power", "inout")
    assert master.obstructions == (Rect("m1", 900, 400, 1000, 500),)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=7))
def test_slices_cover_a_skyline_exactly(heights: list[int]) -> None:
    """A skyline of columns of width 2: area is the sum, slices are disjoint and inside."""
    points = [(0, 0)]
    for i, height in enumerate(heights):
        points += [(2 * i, height), (2 * i + 2, height)]
    points.append((2 * len(heights), 0))
    rects = slice_polygon(points, "m")
    cells = [(x, y) for r in rects for x in range(r.x0, r.x1) for y in range(r.y0, r.y1)]
    assert len(cells) == len(set(cells))
    assert set(cells) == {(x, y) for i, h in enumerate(heights) for x in (2 * i, 2 * i + 1) for y in range(h)}


def test_slanted_polygon_is_refused() -> None:
    with pytest.raises(ValueError, match="slanted"):
        slice_polygon([(0, 0), (2, 2), (0, 2)], "m")
