"""The forecast of silicon: sums are exact, more costs more, measured columns come out within the stated error, and errors are clear."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from neutnngen.errors import ConfigError, DataError
from neutnngen.forecast import SiliconEstimate, estimate, load_coefficients
from neutnngen.forecast.coefficients import parse_coefficients
from neutnngen.forecast.features import FEATURES, column_counts
from neutnngen.spec import (
    ColumnSpec,
    DendriticColumnSpec,
    DenseWiring,
    FieldWiring,
    HomeostasisSpec,
    LayerSpec,
    NetworkSpec,
    ProximalSpec,
    VoterSpec,
    as_dendritic,
    as_network,
)

TABLE = load_coefficients()
ROWS = {row["name"]: row for row in TABLE.measured}


def column_of(row: Any) -> ColumnSpec:
    return ColumnSpec(row["inputs"], row["neurons"], row["threshold"], w_res=row["w_res"], response=row["response"], tie=row["tie"])


def area(column: ColumnSpec | DendriticColumnSpec, *, learning: bool = True) -> float:
    return estimate(as_network(column), learning=learning).cell_area


def digits(voter: VoterSpec | None = None, outputs: tuple[int, ...] | None = None) -> NetworkSpec:
    """Two layers, the second of which also reads the inputs."""
    first = LayerSpec(ColumnSpec(8, 6, 12), FieldWiring(4, 4, 2, 2, 2))
    second = LayerSpec(DendriticColumnSpec(24 + 32, 3, 60, dendrites=2, segments=4), DenseWiring(56))
    return NetworkSpec(32, (first, second), voter=voter, outputs=outputs)


# --- measured ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_measured_columns_come_out_within_the_stated_error(name: str) -> None:
    row = ROWS[name]
    made = estimate(as_network(column_of(row)), learning=row["learning"])
    assert made.kind == "ESTIMATED" and len(made.parts) == 1
    (part,) = made.parts
    assert part.basis == "fitted" and part.registers == row["registers"]
    assert made.cell_area == pytest.approx(row["area"], rel=TABLE.errors["area_worst"] / 100)
    assert made.leakage == pytest.approx(row["leakage"], rel=TABLE.errors["leakage_worst"] / 100)


def test_energy_agrees_with_the_layouts() -> None:
    """Energy before layout times the factors of the layouts; the energy of a layout itself is closer than the worst error."""
    laid = [row for row in TABLE.measured if "layout_energy" in row]
    assert laid
    for row in laid:
        column = column_of(row)
        made = estimate(as_network(column), clock=1e8)
        dynamic = made.energy_per_sample - made.leakage * made.wave_clocks / 1e8
        assert dynamic == pytest.approx(row["layout_energy"], rel=max(TABLE.errors["energy_worst"], 5.0) / 100)


def test_the_table_separates_the_terms() -> None:
    assert len(ROWS) >= 10
    assert {row["response"] for row in ROWS.values()} == {"rnl", "snl"}
    assert {row["tie"] for row in ROWS.values()} == {"lowest_index", "largest_potential"}
    assert {row["learning"] for row in ROWS.values()} == {True, False}
    assert {2, 3, 4} <= {row["w_res"] for row in ROWS.values()}
    for group in (TABLE.area, TABLE.leakage, TABLE.energy):
        assert group and set(group) <= set(FEATURES) and all(value > 0 for value in group.values())
    assert TABLE.errors["area_mean"] <= TABLE.errors["area_worst"] < 15


def test_a_classic_column_by_hand() -> None:
    column = ColumnSpec(16, 4, 28)
    counts, registers = column_counts(as_dendritic(column), learning=False)
    # weights, potentials of 7 bits and winners, ages, counter of 15 clocks
    assert registers == 16 * 4 * 3 + 4 * (7 + 1) + 16 * 3 + 4
    assert counts["synapse_rnl"] == 64 and counts["synapse_bit_rnl"] == 192 and counts["line"] == 16
    by_hand = registers * TABLE.cells["DFF_X1"][0] + sum(TABLE.area.get(name, 0.0) * value for name, value in counts.items())
    made = estimate(as_network(column), learning=False)
    assert made.cell_area == pytest.approx(by_hand, rel=1e-12)
    wave = made.wave_clocks / 1e8
    energy = registers * made.wave_clocks * TABLE.register_clock + sum(TABLE.energy.get(name, 0.0) * n for name, n in counts.items())
    assert made.energy_per_sample == pytest.approx(energy + made.leakage * wave, rel=1e-12)
    assert made.latency == wave


# --- sums and time ----------------------------------------------------------------------------------------------------------------------

VOTERS: list[Any] = [None, VoterSpec(4), VoterSpec(4, sharing="column"), VoterSpec(4, w_res=5, stabiliser="classic")]
POTENTIAL = VoterSpec(4, w_res=8, read="potential", segments=3, margin=5)


@pytest.mark.parametrize("voter", [*VOTERS, "potential"])
@pytest.mark.parametrize("learning", [True, False])
def test_parts_add_up_exactly(voter: Any, learning: bool) -> None:
    network = digits(POTENTIAL if voter == "potential" else voter, outputs=(0, 1))
    made = estimate(network, learning=learning)
    assert made.cell_area == math.fsum(part.area for part in made.parts)
    assert made.leakage == math.fsum(part.leakage for part in made.parts)
    assert made.energy_per_sample == math.fsum(part.energy for part in made.parts)
    assert sum(part.synapses for part in made.parts) == network.synapses
    assert all(part.area > 0 and part.leakage > 0 and part.energy > 0 for part in made.parts)
    assert {part.basis for part in made.parts if part.name == "voter"} <= {"composed"}


def test_columns_side_by_side_cost_as_many_times_one() -> None:
    one = estimate(as_network(ColumnSpec(8, 6, 12)))
    many = estimate(NetworkSpec(32, (LayerSpec(ColumnSpec(8, 6, 12), FieldWiring(4, 4, 2, 2, 2)),)))
    assert many.cell_area == pytest.approx(4 * one.cell_area, rel=1e-12)
    assert many.energy_per_sample == pytest.approx(4 * one.energy_per_sample, rel=1e-12)
    assert many.wave_clocks == one.wave_clocks and many.parts[0].columns == 4


@pytest.mark.parametrize("column", [ColumnSpec(24, 2, 12), ColumnSpec(24, 2, 12, response="snl"), ColumnSpec(24, 2, 12, w_res=5)])
def test_a_classic_column_has_the_wave_of_the_rtl(column: ColumnSpec) -> None:
    assert estimate(as_network(column)).wave_clocks == column.wave_clocks
    assert estimate(as_network(column), learning=False).wave_clocks == column.horizon + 1


def test_a_layer_begins_when_the_one_before_can_be_heard() -> None:
    first = LayerSpec(ColumnSpec(8, 6, 12), FieldWiring(4, 4, 2, 2, 2), base=1)
    chain = NetworkSpec(32, (first, LayerSpec(ColumnSpec(24, 2, 60), DenseWiring(24, 32))))
    assert estimate(chain, learning=False).wave_clocks == (1 + 1) + 14 + 1
    side = NetworkSpec(32, (first, LayerSpec(ColumnSpec(32, 2, 60), DenseWiring(32))))
    assert estimate(side, learning=False).wave_clocks == 14 + 1
    voted = replace(side, voter=VoterSpec(3), outputs=(0,))
    assert estimate(voted, learning=False).wave_clocks == max(14, 2 + 8 + 1) + 1


def test_a_potential_voter_reads_one_line_a_clock() -> None:
    network = digits(POTENTIAL, outputs=(0,))
    # four columns with one winner each, then the largest
    start = network.layers[0].rebase + 1
    assert estimate(network, learning=False).wave_clocks == max(start + 8 + 4 + 1, 14 + start) + 1
    wide = NetworkSpec(32, (LayerSpec(ColumnSpec(8, 6, 12), DenseWiring(8, columns=100)),), voter=network.voter)
    assert wide.layers[0].rebase == 1
    assert estimate(wide).wave_clocks == 2 + 8 + 100 + 1 + 1


def test_a_layer_that_waits_only_leaks() -> None:
    layer = LayerSpec(ColumnSpec(8, 6, 12), DenseWiring(8, columns=100))
    alone, read = estimate(NetworkSpec(32, (layer,))), estimate(NetworkSpec(32, (layer,), voter=POTENTIAL))
    longer = read.latency - alone.latency
    assert longer > 0
    assert read.parts[0].energy == pytest.approx(alone.parts[0].energy + longer * alone.parts[0].leakage, rel=1e-12)
    assert (read.parts[0].area, read.parts[0].leakage) == (alone.parts[0].area, alone.parts[0].leakage)


# --- monotony ---------------------------------------------------------------------------------------------------------------------------

BASE = DendriticColumnSpec(12, 4, 20, dendrites=2, segments=3)
NEAR = DendriticColumnSpec(12, 4, 20, dendrites=2, segments=3, proximal=ProximalSpec("sum", 5))
MORE: list[tuple[str, DendriticColumnSpec, DendriticColumnSpec]] = [
    ("inputs", BASE, replace(BASE, inputs=13)),
    ("neurons", BASE, replace(BASE, neurons=5)),
    ("dendrites", BASE, replace(BASE, dendrites=3)),
    ("segments", BASE, replace(BASE, segments=4)),
    ("weight bits", BASE, replace(BASE, w_res=4)),
    ("largest tie", BASE, replace(BASE, tie="largest_potential")),
    ("lowest index", BASE, replace(BASE, inhibition="one_lowest_index")),
    ("largest wins", BASE, replace(BASE, inhibition="one_largest_potential")),
    ("k earliest", BASE, replace(BASE, inhibition="k_earliest", k=2)),
    ("enable", BASE, replace(BASE, proximal=ProximalSpec("enable"))),
    ("sum", BASE, NEAR),
    ("wider sum", NEAR, replace(NEAR, proximal=ProximalSpec("sum", 5, w_res=4))),
    ("soma", BASE, replace(BASE, proximal=ProximalSpec("soma", 5, segments=2, threshold=4))),
    ("homeostasis", BASE, replace(BASE, homeostasis=HomeostasisSpec(2, 1, 6, 31))),
    ("bits per line", BASE, replace(BASE, sharing="line")),
    ("two tables", BASE, replace(BASE, stdp=replace(BASE.stdp, stabiliser="classic"))),
]


@pytest.mark.parametrize(("less", "more"), [case[1:] for case in MORE], ids=[case[0] for case in MORE])
def test_more_costs_more(less: DendriticColumnSpec, more: DendriticColumnSpec) -> None:
    a, b = estimate(as_network(less)), estimate(as_network(more))
    assert b.cell_area > a.cell_area and b.leakage > a.leakage and b.energy_per_sample > a.energy_per_sample


@pytest.mark.parametrize("column", [case[2] for case in MORE], ids=[case[0] for case in MORE])
def test_learning_costs(column: DendriticColumnSpec) -> None:
    assert area(column) > area(column, learning=False)


def test_fewer_synapses_cost_less() -> None:
    network = digits(POTENTIAL)
    full = [layer.synapses for layer in network.layers] + [network.lines * 12]
    assert estimate(network, full) == estimate(network)
    last = estimate(network)
    for share in (0.9, 0.5, 0.1, 0.0):
        made = estimate(network, [int(count * share) for count in full])
        assert made.cell_area < last.cell_area and made.energy_per_sample < last.energy_per_sample
        assert made.wave_clocks == last.wave_clocks
        last = made


def test_a_slower_clock_leaks_longer() -> None:
    network = digits()

    def dynamic(made: SiliconEstimate) -> float:
        return made.energy_per_sample - made.leakage * made.latency

    fast, slow = estimate(network, clock=1e8), estimate(network, clock=1e5)
    assert slow.latency == pytest.approx(1000 * fast.latency)
    assert dynamic(slow) == pytest.approx(dynamic(fast), rel=1e-6)
    assert slow.cell_area == fast.cell_area


# --- errors -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clock", [0, -1.0, float("nan"), float("inf")])
def test_a_clock_must_be_positive(clock: float) -> None:
    with pytest.raises(ConfigError, match="clock") as caught:
        estimate(digits(), clock=clock)
    assert caught.value.allowed


@pytest.mark.parametrize(
    ("kept", "said"), [([1], "wrong length"), ([1, -1], "layer 1"), ([193, 1], "layer 0"), ([1.5, 1], "layer 0"), ([True, 1], "layer 0")]
)
def test_synapses_that_do_not_fit(kept: list[Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        estimate(digits(), kept)
    assert caught.value.allowed


def test_bits_per_synapse_have_no_hardware() -> None:
    column = replace(BASE, sharing="synapse")
    with pytest.raises(ConfigError, match="layer 0 draws") as caught:
        estimate(as_network(column))
    assert caught.value.next_step
    assert area(column, learning=False) == area(BASE, learning=False)
    with pytest.raises(ConfigError, match="the voter draws"):
        estimate(digits(VoterSpec(4, sharing="synapse")))
    estimate(digits(replace(POTENTIAL, sharing="synapse")))  # rule R14 draws nothing


@pytest.mark.parametrize("text", ["", "format = 1", 'format = "neutnngen-silicon"\nversion = 2', "["])
def test_damaged_coefficients(text: str) -> None:
    with pytest.raises(DataError, match="coefficients") as caught:
        parse_coefficients(text)
    assert caught.value.next_step


# --- the real tool ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.tool
def test_a_column_that_is_synthesised_now(tmp_path: Path) -> None:
    from neutnngen.flow.config import LayoutConfig
    from neutnngen.flow.state import State
    from neutnngen.flow.step import StepContext
    from neutnngen.flow.steps.synth import Synth
    from neutnngen.pdk.kits import load_kit
    from neutnngen.rtl import generate_rtl
    from neutnngen.spec import Design
    from neutnngen.tools import yosys

    if yosys.version() is None:
        pytest.skip("pyosys is not installed")
    import numpy as np

    column = ColumnSpec(16, 4, 28)
    design = Design.of_column("column", column, np.full((4, 16), 3), np.ones((4, 16), bool), 1)
    package = generate_rtl(design, tmp_path / "rtl")
    names = tuple(f"rtl/{path.name}" for path in package.sources)
    (tmp_path / "synth").mkdir()
    state = State({name: Path(name) for name in names})  # type: ignore[misc]
    kit = load_kit()
    made = Synth(kit, "", names, "column").run(StepContext(tmp_path / "synth", tmp_path, state, LayoutConfig()))
    assert area(column) == pytest.approx(made.metrics["synth_area"].value, rel=TABLE.errors["area_worst"] / 100)
    for name, (cell_area, leakage) in TABLE.cells.items():
        assert (cell_area, leakage) == pytest.approx((kit.cells[name].area, kit.cells[name].leakage * 1e-9), rel=1e-5)
