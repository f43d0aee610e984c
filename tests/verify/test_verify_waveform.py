"""The recorded wave is the simulator's wave, clock by clock, and the picture shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import need
from neutnngen.errors import ConfigError, DataError
from neutnngen.spec import ColumnSpec, Design, StdpSpec
from neutnngen.verify.stimuli import random_waves
from neutnngen.verify.vcd_values import read_vcd_values
from neutnngen.verify.waveform import record_wave
from neutnngen.verify.waveform_plot import plot_wave, potentials, shown_lines

DUMP = """$timescale 1ns $end
$scope module tb $end $scope module dut $end
$var wire 1 ! a $end $var reg 3 " b [2:0] $end
$scope module inner $end $var wire 1 ! c $end $upscope $end
$upscope $end $upscope $end
$enddefinitions $end
#100
$dumpvars
0!
bx "
$end
#105
1!
b10 "
#120
0!
"""


def test_values_are_those_just_before_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.vcd"
    path.write_text(DUMP)
    values = read_vcd_values(path, [5, 6, 20])
    assert values == {"dut.a": [0, 1, 1], "dut.inner.c": [0, 1, 1], "dut.b": [None, 2, 2]}
    with pytest.raises(DataError, match="ends before"):
        read_vcd_values(path, [21])
    path.write_text("no dump")
    with pytest.raises(DataError, match="no complete header"):
        read_vcd_values(path, [1])


def small() -> Design:
    column = ColumnSpec(8, 3, 12, stdp=StdpSpec(mu_capture=900, mu_minus=900, mu_backoff=900, mu_min=1024))
    weights = np.random.default_rng(2).integers(1, 7, (3, 8))
    return Design.of_column("three_neurons", column, weights, np.ones((3, 8), dtype=bool), 5)


@pytest.mark.tool
def test_the_wave_follows_the_rules(tmp_path: Path, drawn: list[Any]) -> None:
    need("iverilog")
    design = small()
    wave = record_wave(design, random_waves(design.column, 40, 3, silent=0.3), tmp_path)
    column, times = design.column, wave.times.astype(int)
    assert wave.known("dut.count") == [*range(column.wave_clocks), 0]
    for j in range(column.neurons):  # G1, S2: the potential from the definition, up to the clock that decides
        expected = [
            int(np.minimum(np.maximum(t - times + 1, 0), wave.before[j].astype(int))[times < 200].sum()) for t in range(wave.decided + 1)
        ]
        assert potentials(wave, j)[: wave.decided + 1] == expected
    fired = [(word >> wave.winner) & 1 for word in wave.known("dut.spike_out")]
    assert fired == [int(wave.decided < t < column.wave_clocks) for t in range(column.wave_clocks + 1)]
    for j in range(column.neurons):
        for i in range(column.inputs):
            seen = wave.known(f"dut.weight_{j}_{i}")
            assert (set(seen[:-1]), seen[-1]) == ({int(wave.before[j, i])}, int(wave.after[j, i]))
    moved = wave.before != wave.after
    assert moved.any()
    plot_wave(wave, tmp_path / "wave.png")
    said = " ".join(text.get_text() for axes in drawn[0].axes for text in axes.texts)
    for i in shown_lines(wave):
        change = int(wave.after[wave.winner, i]) - int(wave.before[wave.winner, i])
        assert f"spike_in[{i}]" in said and (not change or f": {change:+d}" in said)
    assert (tmp_path / "wave.png").stat().st_size > 10_000


def test_nothing_to_show(tmp_path: Path) -> None:
    design = small()
    with pytest.raises(ConfigError, match="no weight moves"):
        record_wave(design, random_waves(design.column, 1, 3), tmp_path)  # one wave without a spike
