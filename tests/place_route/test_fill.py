"""Taps and fillers: wells are tied often enough, rows are closed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from netlist_block import the_kit

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Rect
from neutnngen.place_route.block import Block, Instance, Row
from neutnngen.place_route.fill import add_fillers, add_taps
from neutnngen.place_route.placement_check import check_placement
from neutnngen.place_route.verilog_netlist import instance_kind


def empty_rows(sites: int, rows: int = 3) -> Block:
    site = the_kit().roles.core_site
    made = [Row(f"row_{i}", site, 760, 2800 * (i + 1), "N" if i % 2 == 0 else "FS", sites) for i in range(rows)]
    core = Rect("", 760, 2800, 760 + 380 * sites, 2800 * (rows + 1))
    return Block("rows", Rect("", 0, 0, core.x1 + 760, core.y1 + 2800), core, made)


@pytest.mark.parametrize("sites", [8, 631, 632, 2000])
def test_no_place_is_far_from_a_tap(sites: int) -> None:
    kit = the_kit()
    block = add_taps(empty_rows(sites), kit)
    assert check_placement(block, kit) == []
    assert {(i.kind, i.fixed) for i in block.instances.values()} == {("tap", True)}
    for row in block.rows:
        middles = sorted(i.x + 380 for i in block.instances.values() if i.y == row.y)
        # no place of the row is farther from a tap than the interval, which is twice the reach that the rule wants
        assert middles[0] - row.x <= kit.roles.tap_interval and row.x + sites * 380 - middles[-1] <= kit.roles.tap_interval
        assert all(b - a <= kit.roles.tap_interval for a, b in pairwise(middles))


def test_fillers_close_every_gap_and_nothing_else() -> None:
    kit = the_kit()
    block = add_taps(empty_rows(101), kit)
    block.instances["u"] = Instance("u", "DFF_X1", 760 + 380 * 20, 2800, "FN", placed=True)
    full = add_fillers(block, kit)
    assert check_placement(full, kit) == []
    for row in full.rows:
        assert sum(kit.masters[i.master].width for i in full.instances.values() if i.y == row.y) == 101 * 380
    added = [i for name, i in full.instances.items() if name not in block.instances]
    assert {i.kind for i in added} == {"filler"} and {i.master for i in added} <= set(kit.roles.fillers)
    assert {name: full.instances[name] for name in block.instances} == block.instances
    assert add_fillers(full, kit).instances == full.instances


def test_a_gap_that_no_filler_fits_is_named() -> None:
    kit = the_kit()
    wide = replace(kit, roles=replace(kit.roles, fillers=("FILLCELL_X4",)))
    with pytest.raises(ConfigError, match="narrower than any filler"):
        add_fillers(empty_rows(5), wide)


def test_a_kit_without_taps() -> None:
    kit = the_kit()
    without = replace(kit, roles=replace(kit.roles, tap=None))
    assert add_taps(empty_rows(50), without).instances == {}


def test_capacitors_fill_the_wide_gaps_where_the_kit_has_some() -> None:
    """The widest filler, given the part of a capacitor, is taken where it fits, and the netlist reader knows it as a filler."""
    kit = the_kit()
    first, *others = kit.roles.fillers
    own = replace(kit, roles=replace(kit.roles, fillers=tuple(others), decaps=(first,)))
    full = add_fillers(empty_rows(101), own)
    assert check_placement(full, own) == []
    assert sum(i.master == first for i in full.instances.values()) == 3 * (101 // (kit.masters[first].width // 380))
    assert instance_kind(first, own) == "filler"
