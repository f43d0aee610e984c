"""Chips of frames: the file of an assembled chip is clean, and what is wrong in it is found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import klayout.db as kdb
import numpy as np
import pytest
from hierarchy_cases import frame, grid_design, pin_directions

from neutnngen.errors import ConfigError
from neutnngen.hierarchy.check import ChipCheck, check_chip, trace_wires
from neutnngen.hierarchy.chip import BANK, Chip, assemble, plan_repeaters
from neutnngen.hierarchy.chip_def import write_chip_def
from neutnngen.hierarchy.drive import longest_wire, wire_model
from neutnngen.hierarchy.export import write_chip_verilog, write_layouts
from neutnngen.hierarchy.fit import choose_repeater
from neutnngen.hierarchy.floorplan import free_slots, glue_slots, make_bands, plan_array
from neutnngen.hierarchy.layers import chip_layers, stack
from neutnngen.hierarchy.netlist import GLUE, chip_netlist
from neutnngen.hierarchy.timing import time_wires
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.gds import gds_scale

REACH_UM = 700.0


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit()


@pytest.fixture(scope="module")
def chip(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Chip:
    return chip_of_frames(kit, tmp_path_factory.mktemp("frames"))


def chip_of_frames(kit: Kit, folder: Path, size: int = 12, reach_um: float = REACH_UM) -> Chip:
    """size: repeaters of a bank."""
    netlist = chip_netlist(grid_design(3))
    layers = chip_layers(kit)
    column = netlist.macros["column_0_0"]
    macros = {column: frame(column, pin_directions(netlist, "column_0_0"), kit, folder, rows=40)}
    strap = max(r.y1 - r.y0 for m in macros.values() for _, r in m.straps)
    plan = plan_array(netlist, macros, layers, strap)
    glue_pins = pin_directions(netlist, GLUE)
    free = free_slots(macros, layers)
    macros[netlist.macros[GLUE]] = frame(netlist.macros[GLUE], glue_pins, kit, folder, free=glue_slots(plan, len(glue_pins))[1])
    bank = {name: way for k in range(size) for name, way in ((f"a[{k}]", "input"), (f"z[{k}]", "output"))}
    macros[BANK] = frame(BANK, {**bank, "high": "output", "low": "output"}, kit, folder, free=free, rows=8)
    bands = make_bands(
        plan, macros[column].height, macros[BANK].height, macros[netlist.macros[GLUE]].height, np.zeros(plan.rows, dtype=np.int64)
    )
    reach = reach_um * kit.technology.dbu
    planner = plan_repeaters(netlist, plan, macros, bands, plan.x_of(glue_slots(plan, len(glue_pins))[0]), reach, size)
    assert planner.plan.used, "the case has repeaters"
    return assemble(netlist, plan, macros, kit, planner.plan.segments, planner.plan.used, size)


def checked(chip: Chip, kit: Kit, folder: Path, change: Chip | None = None) -> ChipCheck:
    """The check of a file that was written of another chip."""
    return check_chip(chip, kit, write_layouts(change or chip, kit, folder)["gds"])


def test_an_assembled_chip_is_clean(chip: Chip, kit: Kit, tmp_path: Path) -> None:
    found = checked(chip, kit, tmp_path)
    assert found.clean and chip.wiring.missing == 0, found.findings
    assert found.pins == sum(len(e) for e in chip.wiring.ends) > 200


@pytest.mark.parametrize("part", ["vertical", "horizontal", "vias", "risers"])
def test_a_piece_of_a_wire_that_is_gone_is_an_open(part: str, chip: Chip, kit: Kit, tmp_path: Path) -> None:
    shapes = getattr(chip.wiring, part)
    # the longest wire: vias at both ends of a short one may touch
    gone = int(np.argmax(shapes[:, 3] - shapes[:, 1])) if part == "horizontal" else 0
    less = dataclasses.replace(chip, wiring=dataclasses.replace(chip.wiring, **{part: np.delete(shapes, gone, axis=0)}))
    found = checked(chip, kit, tmp_path, less)
    assert found.counts.get("open", 0) >= 1


def test_a_wire_that_goes_on_too_far_is_a_short(chip: Chip, kit: Kit, tmp_path: Path) -> None:
    shapes = chip.wiring.horizontal.copy()
    row = np.argsort(shapes[:, 3] - shapes[:, 1])[len(shapes) // 2]
    shapes[row, 1], shapes[row, 3] = 0, chip.die[0]
    shapes[row, 4] += 4 * chip.plan.layers.h_pitch
    wrong = dataclasses.replace(chip, wiring=dataclasses.replace(chip.wiring, horizontal=shapes))
    assert checked(chip, kit, tmp_path, wrong).counts.get("short", 0) >= 1


def test_a_wire_too_close_to_another_and_a_narrow_one_are_found(chip: Chip, kit: Kit, tmp_path: Path) -> None:
    shapes = chip.wiring.vertical.copy()
    shapes[0, 3] = shapes[0, 1] + chip.plan.layers.vertical.width // 2
    narrow = dataclasses.replace(chip, wiring=dataclasses.replace(chip.wiring, vertical=shapes))
    assert checked(chip, kit, tmp_path / "a", narrow).counts.get("width", 0) >= 1
    extra = chip.wiring.vertical[:1].copy()
    extra[0, [1, 3]] += chip.plan.layers.vertical.width + chip.plan.layers.vertical.spacing // 2
    beside = np.concatenate([chip.wiring.vertical, extra])
    close = dataclasses.replace(chip, wiring=dataclasses.replace(chip.wiring, vertical=beside))
    assert checked(chip, kit, tmp_path / "b", close).counts.get("spacing", 0) >= 1


def test_a_macro_out_of_place_is_found(chip: Chip, kit: Kit, tmp_path: Path) -> None:
    first, second, *rest = chip.placements
    moved = dataclasses.replace(chip, placements=(first, dataclasses.replace(second, x=first.x + 100, y=first.y), *rest))
    counts = checked(chip, kit, tmp_path, moved).counts
    assert counts.get("instance", 0) == 2 and counts.get("overlap", 0) >= 1


def test_the_same_chip_gives_the_same_bytes(chip: Chip, kit: Kit, tmp_path: Path) -> None:
    one, two = write_layouts(chip, kit, tmp_path / "1"), write_layouts(chip, kit, tmp_path / "2")
    assert one["gds"].read_bytes() == two["gds"].read_bytes()


def test_delays_grow_along_the_tree_and_slews_are_legal(chip: Chip, kit: Kit) -> None:
    layers = chip_layers(kit)
    wires = wire_model(layers, kit)
    timing = time_wires(chip, choose_repeater(kit, wires), wires)
    clocked = [pin for pin in timing.delay if pin.name == "clk"]
    assert len(clocked) == len(chip.netlist.macros)
    assert 0 < timing.latency[0] <= timing.latency[1] and timing.overloads == 0 and timing.slew_violations == 0
    assert timing.repeaters == sum(chip.repeaters.values())


def test_a_longer_wire_needs_a_stronger_buffer_or_a_lighter_end(kit: Kit) -> None:
    wires = wire_model(chip_layers(kit), kit)
    best = choose_repeater(kit, wires)
    assert longest_wire(best, wires, kit, 8) < longest_wire(best, wires, kit, 1)


def test_patches_of_a_stack_have_the_least_area(kit: Kit) -> None:
    technology = kit.technology
    names = [layer.name for layer in technology.routing_layers]
    rects = stack(technology, names[1], names[5])
    assert {r.layer for r in rects} >= set(names[1:6])
    for name in names[2:5]:
        assert max((r.x1 - r.x0) * (r.y1 - r.y0) for r in rects if r.layer == name) >= technology.layers[name].min_area


def test_verilog_of_a_chip_connects_every_instance(chip: Chip, tmp_path: Path) -> None:
    top, _ = write_chip_verilog(chip, tmp_path / "top.v", tmp_path / "bank.v")
    text = top.read_text()
    for placed in chip.placements:
        assert f" {placed.instance} (" in text


@pytest.mark.parametrize("wires", [1, 2])
def test_def_of_a_chip_reads_back_as_the_metal_of_its_gds(wires: int, kit: Kit, tmp_path: Path) -> None:
    """wires: in default widths of their layers."""
    kit = dataclasses.replace(kit, chip_wires=(wires, wires))
    chip = chip_of_frames(kit, tmp_path, size=12 * wires)
    vertical = chip.wiring.vertical
    assert (vertical[:, 3] - vertical[:, 1] == wires * kit.technology.layers[chip.plan.layers.vertical.name].width).all()
    assert checked(chip, kit, tmp_path).clean
    files = write_layouts(chip, kit, tmp_path)
    path = write_chip_def(chip, kit, tmp_path / "top.def")
    lefs = []
    for module, macro in chip.macros.items():
        size = f"  SIZE {kit.technology.to_um(macro.width)} BY {kit.technology.to_um(macro.height)} ;"
        (tmp_path / f"{module}.lef").write_text(f"MACRO {module}\n  CLASS BLOCK ;\n  ORIGIN 0 0 ;\n{size}\nEND {module}\nEND LIBRARY\n")
        lefs.append(str(tmp_path / f"{module}.lef"))
    options = kdb.LoadLayoutOptions()
    config = options.lefdef_config
    config.read_lef_with_def = False
    config.lef_files = [str(kit.lef[0]), *lefs]
    config.dbu = 1 / kit.technology.dbu
    config.produce_lef_pins = config.produce_obstructions = config.produce_pin_names = False
    config.layer_map = kdb.LayerMap()
    config.create_other_layers = True
    said = kdb.Layout()
    said.read(str(path), options)
    drawn = kdb.Layout()
    drawn.read(str(files["gds"]))
    scale = gds_scale(kit, drawn.dbu)
    assert {cell.name for cell in said.each_cell()} >= set(chip.macros)
    for layer in (chip.plan.layers.vertical, chip.plan.layers.horizontal, chip.plan.layers.pin):
        theirs = kdb.Region()
        for info in said.layer_infos():
            if info.name.split(".")[0] == layer.name and not info.name.endswith((".LABEL", ".BLOCKAGE")):
                theirs += kdb.Region(said.top_cell().begin_shapes_rec(said.find_layer(info)))
        top = drawn.cell(chip.netlist.name)
        shapes = top.begin_shapes_rec(drawn.find_layer(*layer.gds))
        shapes.unselect_cells([drawn.cell(module).cell_index() for module in chip.macros])
        ours = kdb.Region(shapes)
        assert not ours.is_empty()
        assert (theirs.merged().transformed(kdb.ICplxTrans(scale)) ^ ours.merged()).is_empty(), layer.name


def test_horizontal_wires_keep_away_from_stacks_that_pass_their_layer(shared: Path, tmp_path: Path) -> None:
    """At ASAP7 the vertical wires lie on top, and their stacks of vias pass the layer of the horizontal ones."""
    kit = load_kit("asap7", shared / "pdk" / "asap7")
    chip = chip_of_frames(kit, tmp_path, size=40, reach_um=60)
    assert chip.plan.layers.beside_risers > 0 == chip_layers(load_kit()).beside_risers
    found = checked(chip, kit, tmp_path)
    assert found.clean and chip.wiring.missing == 0, found.findings


def test_a_pin_on_the_wrong_driver_is_found(chip: Chip) -> None:
    assert not trace_wires(chip)
    ends = list(chip.wiring.ends)
    several = [k for k, e in enumerate(ends) if len(e) > 1 and e[-1].instance.startswith("column") and e[0].name not in ("high", "low")]
    one, other = several[0], several[-1]
    ends[one], ends[other] = (*ends[one][:-1], ends[other][-1]), (*ends[other][:-1], ends[one][-1])
    wrong = dataclasses.replace(chip, wiring=dataclasses.replace(chip.wiring, ends=tuple(ends)))
    assert {f.kind for f in trace_wires(wrong)} == {"wiring"} and len(trace_wires(wrong)) == 2


def test_columns_that_differ_cannot_share_a_macro() -> None:
    design = grid_design(2)
    layer = design.state.layers[0]
    mask = layer.distal_mask.copy()
    mask[0, 0, 0, 0, 0] = False
    weights = np.where(mask, layer.distal, 0).astype(np.uint8)
    pruned = design.with_state(dataclasses.replace(design.state, layers=(dataclasses.replace(layer, distal=weights, distal_mask=mask),)))
    with pytest.raises(ConfigError, match="columns of a layer differ"):
        chip_netlist(pruned)
