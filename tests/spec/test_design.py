"""Designs are checked at construction and survive the disk; damage is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neutnngen.errors import ConfigError, DataError
from neutnngen.spec import ColumnSpec, Design, LfsrSpec, StdpSpec, column_from_dict, load_design


def small() -> Design:
    column = ColumnSpec(3, 2, 4)
    mask = np.array([[True, True, False], [True, True, True]])
    return Design.of_column("small", column, np.array([[1, 7, 0], [0, 2, 3]]), mask, 5, {"note": "test"})


def test_round_trip(tmp_path: Path) -> None:
    design = small()
    loaded = load_design(design.save(tmp_path / "d"))
    assert loaded.fingerprint() == design.fingerprint()
    assert loaded.provenance == {"note": "test"}
    assert loaded.synapses == 5
    assert Design.of_column("small", loaded.column, loaded.weights, loaded.mask, 6).fingerprint() != design.fingerprint()


def test_derived_widths() -> None:
    column = ColumnSpec(24, 2, 12)
    assert (column.t_in_max, column.w_max, column.horizon) == (7, 7, 14)  # T3
    assert (column.potential_max, column.potential_bits) == (168, 8)
    assert (column.draws, column.wave_clocks) == (13, 15)
    assert ColumnSpec(24, 2, 12, response="snl").horizon == 8


def test_stabiliser_tables_by_hand() -> None:
    """w_max = 3: u(1-u) = 2/9 at w = 1, 2; u(2-u) = 5/9, 8/9; (1-u)(1+u) = 8/9, 5/9; over 1024 (rule R6)."""
    assert StdpSpec().stabiliser_table(3) == ((0, 228, 228, 0), (0, 228, 228, 0))
    assert StdpSpec(stabiliser="classic", at_zero=1).stabiliser_table(3) == ((1024, 569, 910, 0), (1024, 910, 569, 0))
    assert StdpSpec(stabiliser="off").stabiliser_table(3)[0] == (1024,) * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": 22}, "can never be reached"),
        ({"threshold": 0}, "column.threshold"),
        ({"inputs": 0}, "column.inputs"),
        ({"response": "ramp"}, "column.response"),
        ({"t_res": 9}, "column.t_res"),
    ],
)
def test_illegal_columns(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ColumnSpec(**({"inputs": 3, "neurons": 2, "threshold": 4} | change))  # type: ignore[arg-type]


def test_illegal_parts() -> None:
    with pytest.raises(ConfigError, match="mu_capture"):
        StdpSpec(mu_capture=1025)
    with pytest.raises(ConfigError, match="taps"):
        LfsrSpec(width=16, taps=(15, 3))
    with pytest.raises(ConfigError, match="did you mean 'threshold'"):
        column_from_dict({"inputs": 3, "neurons": 2, "treshold": 4})
    with pytest.raises(ConfigError, match="pruned synapse carries a weight"):
        Design.of_column("d", ColumnSpec(2, 1, 2), np.array([[1, 1]]), np.array([[True, False]]), 1)
    with pytest.raises(ConfigError, match="weight \\(rule S1\\) is out of range"):
        Design.of_column("d", ColumnSpec(2, 1, 2), np.array([[1, 8]]), np.ones((1, 2), bool), 1)
    with pytest.raises(ConfigError, match="module name"):
        Design.of_column("2d", ColumnSpec(2, 1, 2), np.array([[1, 1]]), np.ones((1, 2), bool), 1)


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no Design here"):
        load_design(tmp_path)
    folder = small().save(tmp_path / "d")
    (folder / "design.npz").write_bytes(b"rubbish")
    with pytest.raises(DataError, match="checksum"):
        load_design(folder)
    document = json.loads((folder / "design.json").read_text())
    (folder / "design.json").write_text(json.dumps(document | {"version": "3.0"}))
    with pytest.raises(DataError, match="version"):
        load_design(folder)
    (folder / "design.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        load_design(folder)
