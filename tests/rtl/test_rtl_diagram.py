"""Block diagrams say what the Design says, and what the RTL calls its parts."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from neutnngen.errors import ConfigError
from neutnngen.rtl import Rings, generate_rtl
from neutnngen.rtl.blocks import Blocks, column_blocks, network_blocks
from neutnngen.rtl.diagram import mermaid, svg
from neutnngen.rtl.network import generate_network, network_scan_image
from neutnngen.rtl.structure import check_network
from neutnngen.spec import ColumnSpec, Design
from random_designs import classic_case, random_case

SVG = "{http://www.w3.org/2000/svg}"


def buildable(wanted: int) -> list[Design]:
    """Random Designs that there is hardware for."""
    found = []
    for seed in range(1000):
        design = random_case(seed, 1).design
        try:
            check_network(design.network)
        except ConfigError:
            continue
        if all(state.distal_mask.any(axis=(1, 2, 3, 4)).all() for state in design.state.layers):
            found.append(design)
        if len(found) == wanted:
            return found
    raise AssertionError("too few")


DESIGNS = buildable(40)


def check_picture(blocks: Blocks) -> None:
    """Every stage, part and link is in both forms, and nothing in the picture lies outside it."""
    picture, chart = ET.fromstring(svg(blocks)), mermaid(blocks)
    width, height = (float(picture.attrib[name]) for name in ("width", "height"))
    groups = {g.attrib["id"]: g for g in picture.iter(f"{SVG}g") if "id" in g.attrib}
    assert list(groups) == [stage.key for stage in blocks.stages]
    wires = [p for p in picture.iter(f"{SVG}path") if p.get("class") == "wire" and "stroke-dasharray" not in p.attrib]
    assert len(wires) == len(blocks.links)
    for stage in blocks.stages:
        shown = " ".join(t.text or "" for t in groups[stage.key].iter(f"{SVG}text"))
        for part in stage.parts:
            assert part.title in shown and part.modules[0] in shown
            assert f"<b>{part.title}</b>" in chart
        assert f'subgraph {stage.key}["{stage.title}' in chart
    for link in blocks.links:
        assert re.search(rf"^    {link.source} -- .*{link.lines:,} lines.* --> {link.target}$", chart, re.MULTILINE)
    for box in picture.iter(f"{SVG}rect"):
        assert float(box.get("x", 0)) + float(box.attrib["width"]) <= width + 0.2
        assert float(box.get("y", 0)) + float(box.attrib["height"]) <= height


@pytest.mark.parametrize("number", range(len(DESIGNS)))
def test_a_network_s_blocks_follow_the_design(number: int) -> None:
    design = DESIGNS[number]
    network, blocks = design.network, network_blocks(design)
    layers = [stage for stage in blocks.stages if stage.key != "voter"]
    assert [stage.copies for stage in layers] == [layer.columns for layer in network.layers]
    assert (blocks.stages[-1].key == "voter") == (network.voter is not None)
    assert sum(stage.synapses for stage in blocks.stages) == design.synapses
    assert blocks.chain_bits == len(network_scan_image(design))
    assert all(stage.ends < blocks.clocks and stage.draws < blocks.clocks for stage in blocks.stages)
    check_picture(blocks)


def test_names_of_modules_and_instances_are_those_of_the_rtl(tmp_path: Path) -> None:
    for number, design in enumerate(DESIGNS[:12]):
        package = generate_network(design, tmp_path / str(number))
        text = "".join(path.read_text() for path in package.sources)
        for stage in network_blocks(design).stages:
            for module in [*stage.modules, *(m for part in stage.parts for m in part.modules)]:
                assert re.search(rf"^module {module}\b", text, re.MULTILINE), module
            instances = [*stage.instances, *(one for part in stage.parts for one in part.instances)]
            for name in (n for one in instances for n in one.split(" … ") if "<" not in one):
                assert re.search(rf"\) {name} \(|\b{name} \(", text) or "line_" in name, name


def test_a_package_brings_its_diagram(tmp_path: Path) -> None:
    design = classic_case(np.random.default_rng(1), 16, 4, threshold=20)
    package = generate_rtl(design, tmp_path)
    blocks = column_blocks(design)
    assert (tmp_path / "blocks.svg").read_text() == svg(blocks) and (tmp_path / "blocks.mmd").read_text() == mermaid(blocks)
    top = (package.folder / f"{design.name}.sv").read_text()
    for part in blocks.stages[0].parts:
        assert part.instances[0].split(" … ")[0] in top or "<" in part.instances[0]
    check_picture(blocks)


def test_kinds_without_learning_have_no_learning_parts() -> None:
    design = DESIGNS[0]
    for kind in ("programmable", "frozen"):
        blocks = network_blocks(design, kind)  # type: ignore[arg-type]
        assert not any(part.role == "learning" for stage in blocks.stages for part in stage.parts)
        assert (blocks.chain_bits > 0) == (kind == "programmable")
        check_picture(blocks)


def test_a_column_with_rings(tmp_path: Path) -> None:
    spec = ColumnSpec(16, 4, 28)
    design = Design.of_column("ringed", spec, np.full((4, 16), 3), np.ones((4, 16), dtype=bool), 1)
    package = generate_rtl(design, tmp_path, rings=Rings(2, 4))
    blocks = column_blocks(design, package.rings)
    assert (blocks.clocks, blocks.chain_bits, blocks.update) == (package.clocks, len(package.scan.places), 8)
    top = package.sources[-1].read_text()
    for part in blocks.stages[0].parts:
        assert all(f"    {module} #(" in top for module in part.modules), part.title
        for names in part.instances:
            assert all(f" {name} (" in top for name in names.split(" … ")), part.title
    assert f"({blocks.controller}: controller)" in (tmp_path / "blocks.svg").read_text()
