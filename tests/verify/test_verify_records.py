"""Stimuli, records and activity without a simulator: above all, that what is damaged is an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neutnngen.engine import ReferenceEngine
from neutnngen.errors import CheckFailed, ConfigError, DataError, ToolFailed
from neutnngen.rtl.scan import plain_order
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design
from neutnngen.verify import NetActivity, compare, random_waves, read_record, read_vcd_activity
from neutnngen.verify.simulate import delay_registers
from neutnngen.verify.stimuli import wave_words

TINY = Design.of_column("tiny", ColumnSpec(2, 2, 3, t_res=1, w_res=2), np.array([[1, 2], [3, 0]]), np.ones((2, 2)), 5)
GOOD = """\
wave 0 ffff 5 39
wave 1 03ff 6 39
chain 00111001
end 2
"""


def record_file(folder: Path, text: str) -> Path:
    path = folder / "record.txt"
    path.write_text(text)
    return path


def test_words_by_hand() -> None:
    inputs = np.array([[0, 1], [NO_SPIKE, 0]], dtype=np.uint8)
    # Two clocks per wave; bit 2 is learn, bits 1 and 0 the lines.
    assert wave_words(TINY.column, inputs, np.array([True, False])) == ["05", "07", "02", "02"]
    with pytest.raises(ConfigError, match="rule T2"):
        wave_words(TINY.column, np.array([[2, 0]], dtype=np.uint8), False)


def test_a_good_record(tmp_path: Path) -> None:
    record = read_record(record_file(tmp_path, GOOD), TINY, plain_order(TINY), 2, gates=False)
    assert record.outputs.tolist() == [[NO_SPIKE, NO_SPIKE], [NO_SPIKE, 3]]
    assert record.winners.tolist() == [-1, 1]
    assert record.weights is not None and record.weights[1].tolist() == [[1, 2], [3, 0]]
    assert record.final_weights is not None and record.final_weights.tolist() == [[1, 2], [3, 0]]
    assert record.faults == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace("end 2\n", ""),  # cut off
        GOOD.replace("wave 1 03ff 6 39\n", ""),  # a wave is missing
        GOOD.replace("wave 1", "wave 0"),
        GOOD.replace("chain 00111001\n", ""),
        GOOD.replace("6 39", "6"),  # cut within a line
        GOOD.replace("end 2", "end 1"),
        GOOD + "wave 2 ffff 5 39\n",
    ],
)
def test_a_damaged_record_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed):
        read_record(record_file(tmp_path, text), TINY, plain_order(TINY), 2, gates=False)


def test_a_missing_record_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed):
        read_record(tmp_path / "nothing", TINY, plain_order(TINY), 2, gates=False)


def test_unknown_values_and_errors_are_faults(tmp_path: Path) -> None:
    text = GOOD.replace("6 39", "6 3x").replace("wave 1", "error 1 4 wave_last is x\nwave 1").replace("chain 0", "chain x")
    record = read_record(record_file(tmp_path, text), TINY, plain_order(TINY), 2, gates=False)
    assert [(fault.wave, fault.clock) for fault in record.faults] == [(1, 4), (1, -1), (2, -1)]
    assert record.final_weights is None


def test_first_divergence_is_the_earliest(tmp_path: Path) -> None:
    inputs = random_waves(TINY.column, 20, seed=4)
    trace = ReferenceEngine().run(TINY, inputs, True, keep_states=True)
    text = "".join(
        f"wave {n} {sum(int(t) << (8 * j) for j, t in enumerate(trace.outputs[n])):04x} {int(trace.lfsr[n]):x} "
        f"{sum(int(w) << (2 * k) for k, w in enumerate(trace.weights[n].ravel())):02x}\n"
        for n in range(20)
    )
    chain = "".join(f"{w:02b}" for w in reversed(trace.final.weights.ravel()))
    record = read_record(record_file(tmp_path, f"{text}chain {chain}\nend 20\n"), TINY, plain_order(TINY), 20, gates=False)
    assert compare(trace, record, TINY, True, engine="reference", level="rtl").ok
    assert record.weights is not None and record.lfsr is not None

    weights, lfsr, outputs = record.weights.copy(), record.lfsr.copy(), record.outputs.copy()
    weights[7, 1, 0] ^= 1
    lfsr[9] ^= np.uint64(1)
    outputs[7, 0] ^= 1
    report = compare(trace, replace(record, weights=weights, lfsr=lfsr), TINY, True, engine="reference", level="rtl")
    assert not report.ok and report.divergence is not None
    assert (report.divergence.what, report.divergence.wave, report.divergence.neuron, report.divergence.input) == ("weight", 7, 1, 0)
    assert f"simulator {trace.weights[7, 1, 0]}, hardware {weights[7, 1, 0]}" in report.message
    both = compare(trace, replace(record, weights=weights, outputs=outputs), TINY, True, engine="reference", level="rtl")
    assert both.divergence is not None and both.divergence.what == "output", "a clock comes before the end of its wave"
    state = compare(trace, replace(record, lfsr=lfsr), TINY, True, engine="reference", level="rtl")
    assert state.divergence is not None and state.divergence.what == "random state"
    with pytest.raises(CheckFailed) as caught:
        state.raise_if_different()
    assert caught.value.exit_code == 1


VCD = """\
$date today $end
$timescale 1ps $end
$scope module tb $end
$scope module dut $end
$var wire 1 ! clk $end
$var wire 3 " bus [2:0] $end
$var wire 1 # \\line_0.age[2] $end
$var wire 1 $ late [4] $end
$var wire 1 ! clock_again $end
$upscope $end
$enddefinitions $end
#1000
$dumpvars
0!
bx "
1#
x$
$end
#1500
1!
b101 "
#2000
0!
b1 "
0#
#2500
1!
1$
#3000
0!
"""


def test_activity_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.vcd"
    path.write_text(VCD + "$dumpoff\nx!\nx#\n$end\n")
    activity = read_vcd_activity(path, clock_period=1.0)
    assert activity == {
        "clk": NetActivity(2.0, 0.5),
        "bus[2]": NetActivity(0.5, 0.25),
        "bus[1]": NetActivity(0.0, 0.0),
        "bus[0]": NetActivity(0.0, 0.75),
        "line_0.age[2]": NetActivity(0.5, 0.5),
        "late[4]": NetActivity(0.0, 0.25),
        "clock_again": NetActivity(2.0, 0.5),
    }


@pytest.mark.parametrize("text", ["", VCD, VCD[:120], "$dumpoff\n"])
def test_a_damaged_dump_is_an_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.vcd"
    path.write_text(text)
    with pytest.raises(DataError):
        read_vcd_activity(path, 1.0)


def test_only_sequential_primitives_are_delayed() -> None:
    models = """\
primitive \\seq_F  (Q, D, CK);
  output Q; reg Q;
endprimitive
primitive mux (Z, A, B);
  output Z;
endprimitive
module F (D, CK, Q);
  \\seq_F (IQ, D, CK);
  mux (Q, IQ, IQ);
endmodule
"""
    delayed = delay_registers(models)
    assert delayed == models.replace("  \\seq_F (IQ", "  \\seq_F #1 (IQ")
