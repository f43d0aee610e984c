"""The elaborator: files, scan order, what is not built, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from neutnngen.errors import ConfigError, DataError
from neutnngen.rtl import generate_rtl, open_rtl, scan_chain
from neutnngen.rtl.network import generate_network, open_network
from neutnngen.rtl.scan import plain_order
from neutnngen.spec import ColumnSpec, Design


def design(name: str = "tiny", mask: list[list[int]] | None = None, **options: object) -> Design:
    exists = np.array([[1, 0, 1], [0, 0, 1]] if mask is None else mask, dtype=bool)
    column = ColumnSpec(3, 2, 8, **options)  # type: ignore[arg-type]
    weights = np.array([[5, 6, 3], [1, 2, 7]]) * exists
    return Design.of_column(name, column, weights, exists, 77)


def test_scan_image_by_hand() -> None:
    tiny = design()
    assert scan_chain(tiny) == ((0, 0), (0, 2), (1, 2))
    order = plain_order(tiny)
    image = order.image(tiny.weights)
    assert image == [1, 1, 1, 0, 1, 1, 1, 0, 1]  # 7, 3, 5: last synapse first, highest bit first
    assert (order.weights(image) == tiny.weights).all()
    with pytest.raises(DataError):
        order.weights(image[1:])


def test_package(tmp_path: Path) -> None:
    package = generate_rtl(design(), tmp_path, clock_period=1.5)
    listed = package.file_list.read_text().split()
    assert [tmp_path / name for name in listed] == list(package.sources)
    assert all(path.is_file() for path in (*package.sources, package.testbench, package.constraints))
    for source in package.sources:  # architecture, rule 9: one module per file, file name = module name
        assert re.findall(r"^module (\w+)", source.read_text(), re.MULTILINE) == [source.stem]
    assert "set clock_period 1.5000" in package.constraints.read_text()
    hierarchy = json.loads(package.hierarchy.read_text())
    assert hierarchy["instances"]["neuron/0/synapse/2"] == "synapse_0_2"
    assert hierarchy["scan_chain"] == ["synapse_0_0", "synapse_0_2", "synapse_1_2"]
    top = (tmp_path / "tiny.sv").read_text()
    assert all(f" {path} (" in top for path in hierarchy["instances"].values())


def test_pruned_parts_have_no_hardware(tmp_path: Path) -> None:
    generate_rtl(design(), tmp_path)
    instances = re.findall(r"\) (\w+) \(", (tmp_path / "tiny.sv").read_text())
    assert sorted(instances) == [
        "controller",
        "inhibition",
        "line_0",
        "line_2",
        "neuron_0",  # neuron 1 has one synapse, 7 < 8: it can never fire
        "plasticity_0",
        "plasticity_2",
        "random",
        "synapse_0_0",
        "synapse_0_2",
        "synapse_1_2",
    ]


def test_generation_is_repeatable(tmp_path: Path) -> None:
    first, second = generate_rtl(design(), tmp_path / "a"), generate_rtl(design(), tmp_path / "b")
    assert [path.read_bytes() for path in first.sources] == [path.read_bytes() for path in second.sources]


@pytest.mark.parametrize("name", ["module", "before", "neuron"])
def test_names_that_cannot_be_modules(name: str, tmp_path: Path) -> None:
    package = generate_rtl(design(name), tmp_path)
    assert package.top == f"{name}_top" and package.sources[-1].name == f"{name}_top.sv"
    hierarchy = json.loads(package.hierarchy.read_text())
    assert (hierarchy["design"], hierarchy["top"], hierarchy["fingerprint"]) == (name, package.top, design(name).fingerprint())
    assert open_rtl(design(name), tmp_path).testbench == package.testbench
    network = generate_network(design(name), tmp_path / "network")
    assert network.top == f"{name}_top" and open_network(design(name), tmp_path / "network").sources == network.sources


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no synapse left"):
        generate_rtl(design(mask=[[0, 0, 0], [0, 0, 0]]), tmp_path)
    with pytest.raises(ConfigError, match="period"):
        generate_rtl(design(), tmp_path, clock_period=0.0)
