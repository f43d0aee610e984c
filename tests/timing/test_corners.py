"""Timing at several corners."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from timed_block import KIT, PERIOD, part, star

from neutnngen.errors import ConfigError
from neutnngen.timing.corners import COLUMNS, analyse_corners, corner_row, figures, worst
from neutnngen.timing.engine import analyse
from neutnngen.timing.library import load_timing


def test_slow_is_worst_for_setup_and_fast_for_hold(tmp_path: Path, shared: Path) -> None:
    files = {name: shared / "pdk" / "nangate45" / f"nangate45_{name}.lib.gz" for name in ("slow", "fast")}
    if not all(path.is_file() for path in files.values()):
        pytest.skip("no Liberty files of other corners")
    for name, path in files.items():
        files[name] = tmp_path / f"{name}.lib"
        files[name].write_bytes(gzip.decompress(path.read_bytes()))
    block, kit = part(tmp_path), replace(KIT, corners={corner: (file,) for corner, file in files.items()})
    wires = star(block, wires=True)
    reports = analyse_corners(block, kit, PERIOD, wires)
    assert list(reports) == ["typical", "slow", "fast"] and worst(reports) == ("slow", "fast")
    assert reports["slow"].latency[1] > reports["typical"].latency[1] > reports["fast"].latency[1] > 0
    assert reports["typical"] == analyse(block, KIT, PERIOD, wires)
    assert reports["slow"] == analyse(block, kit, PERIOD, wires, load_timing(kit, "slow"))
    rows = [corner_row(report) for report in reports.values()]
    assert [row[0] for row in rows] == list(reports) and all(len(row) == len(COLUMNS) for row in rows)
    assert float(rows[1][1]) == pytest.approx(reports["slow"].setup_slack, abs=5e-4)
    with pytest.raises(ConfigError, match="no such corner"):
        load_timing(KIT, "slow")


def test_what_a_block_without_registers_lacks(tmp_path: Path) -> None:
    block = part(tmp_path)
    for name in [i.name for i in block.instances.values() if i.name.startswith(("f", "\\f"))]:
        for net in block.nets.values():
            net.pins[:] = [ref for ref in net.pins if ref.instance != name]
        del block.instances[name]
    report = analyse(block, KIT, PERIOD, star(block, wires=False))
    assert corner_row(report)[3] == "-" and figures(report)["shortest_period"] is None
    assert figures(report)["setup_slack"] == pytest.approx(report.setup_slack)
