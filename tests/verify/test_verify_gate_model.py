"""The gate simulator alone, on netlists made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.errors import ConfigError
from neutnngen.verify.gate_model import Gate, GateModel, make_model

AND, XOR, NOT, BUFFER = b"\0\0\0\1", b"\0\1\1\0", b"\1\0", b"\0\1"
NAMES = ("clk", "a", "b", "q", "sum", "carry", "out")


def half_adder() -> GateModel:
    """``out`` is the registered exclusive or of a, b and itself's last value; carry is combinational."""
    gates = [Gate(6, (3,), BUFFER), Gate(4, (1, 2), XOR), Gate(5, (1, 2), AND)]
    flops = [Gate(3, (4, 3), XOR)]
    return make_model(NAMES, {"a": 1, "b": 2}, {"out": 6, "carry": 5}, "clk", [0], gates, flops, len(NAMES))


def test_registers_sample_at_the_edge_and_outputs_are_seen_before_the_inputs_change() -> None:
    run = half_adder().start()
    run.value[3] = run.value[6] = 0
    a, b = np.random.default_rng(0).integers(0, 2, (2, 50), dtype=np.uint8)
    seen = run.play(np.stack([a, b], axis=1))
    state = np.concatenate([[0], np.bitwise_xor.accumulate(a ^ b)])
    assert (seen[:, 0] == state[:50]).all(), "a register shows what the clock before gave it"
    assert (seen[1:, 1] == (a & b)[:49]).all(), "gates follow the inputs of the clock before"


def test_activity_counts_changes_and_the_time_at_one() -> None:
    run = half_adder().start()
    run.value[3] = run.value[6] = 0
    a = np.array([0, 1, 1, 0, 1, 0], np.uint8)
    run.play(np.stack([a, np.ones(6, np.uint8)], axis=1)[:3], counting=True)
    run.play(np.stack([a, np.ones(6, np.uint8)], axis=1)[3:], counting=True)
    activity = run.activity
    assert activity["clk"] == (2.0, 0.5)
    assert activity["b"] == (0.0, 1.0), "the first level is where the count begins"
    assert activity["a"].toggles == pytest.approx(4 / 6) and activity["a"].duty == pytest.approx(0.5)
    assert activity["carry"] == activity["a"]
    # the sum is 1 in clocks 0, 3, 5: the register turns at the end of each, 1 ns after the clock in the middle of it
    assert activity["q"].toggles == pytest.approx(3 / 6)
    assert activity["q"].duty == pytest.approx((4 + 20 + 6 + 4) / 60)


def test_an_input_that_reaches_few_gates_moves_them_all_the_same() -> None:
    """Inputs that reach little of the netlist do not ask for all of it; what they reach must follow."""
    names = ("clk", "near", "far", *(f"n{k}" for k in range(40)))
    gates = [Gate(3 + k, (2 + k,), NOT) for k in range(39)] + [Gate(42, (1, 41), AND)]
    model = make_model(names, {"near": 1, "far": 2}, {"end": 42}, "clk", [0], gates[::-1], [], len(names))
    assert not model.wide[0] and model.wide[1] and len(model.narrow) == 1
    run = model.start()
    levels = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [1, 1], [1, 0], [1, 0]], np.uint8)
    seen = run.play(levels)[1:, 0]
    assert seen.tolist() == [int(near & (1 - far)) for near, far in levels[:-1].tolist()], "39 inverters between"


@pytest.mark.parametrize(
    ("gates", "flops", "what"),
    [
        ([Gate(3, (4,), NOT), Gate(4, (3,), BUFFER)], [], "loop"),
        ([Gate(3, (4,), NOT)], [], "driver"),
        ([Gate(3, (0, 1), AND)], [], "clock is read"),
    ],
)
def test_what_a_model_cannot_hold_is_refused(gates: list[Gate], flops: list[Gate], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        make_model(NAMES, {"a": 1, "b": 2}, {"out": 3}, "clk", [0], gates, flops, len(NAMES))


def test_nothing_counted_has_no_activity() -> None:
    with pytest.raises(ConfigError, match="counted"):
        _ = half_adder().start().activity
