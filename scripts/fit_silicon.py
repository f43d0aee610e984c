"""Measure columns by synthesis, gate simulation and OpenSTA, and fit what the forecast counts with.

    nice -n 10 .venv/bin/python scripts/fit_silicon.py --work build/silicon

Writes ``src/neutnngen/forecast/coefficients.toml``. Measurements are kept in the work folder and used again; delete it to measure anew.
It takes about half an hour on one core. Needs pyosys, iverilog and opensta.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from neutnngen.files import write_atomic
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.layout import run_layout
from neutnngen.flow.power_model import PREFIX, drive_inputs, group_power, pin_activity
from neutnngen.flow.steps import synth as synthesis
from neutnngen.flow.steps.common import cell_models, link_libraries, render_script
from neutnngen.forecast.features import FEATURES, column_counts
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist
from neutnngen.rtl import generate_rtl
from neutnngen.spec import ColumnSpec, Design, as_dendritic
from neutnngen.tools import opensta, yosys
from neutnngen.verify import measure_gates, random_waves

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "neutnngen" / "forecast" / "coefficients.toml"
TOP = "column"
PERIOD = 10.0  # ns: 100 MHz
WAVES = 64
SILENT = 0.2
CELLS = ("DFF_X1", "FA_X1", "HA_X1", "MUX2_X1", "AND2_X1", "OR2_X1", "XOR2_X1", "XNOR2_X1", "INV_X1")
LIMIT = 0.01
"""Relative improvement of the leave-one-out error that a coefficient must bring to have a place in the fit."""


@dataclass(frozen=True)
class Point:
    """One column to build. learning: with the hardware of plasticity; power, layout: measure energy before and after layout too."""

    p: int
    q: int
    w_res: int = 3
    response: str = "rnl"
    tie: str = "lowest_index"
    learning: bool = True
    power: bool = False
    layout: bool = False
    silent: float = SILENT
    share: float = 0.25  # threshold over the largest potential
    keep: float = 1.0  # of the synapses; pruned columns check the fit and are no part of it

    @property
    def name(self) -> str:
        pruned = "" if self.keep == 1 else f"_keep{self.keep:g}"
        tie = "largest" if self.tie == "largest_potential" else "lowest"
        tail = "" if self.silent == SILENT else f"_silent{self.silent:g}"
        tail += "" if self.share == 0.25 else f"_theta{self.share:g}"
        return f"{self.p}x{self.q}_w{self.w_res}_{self.response}_{tie}_{'learn' if self.learning else 'fixed'}{tail}{pruned}"

    @property
    def column(self) -> ColumnSpec:
        threshold = max(1, round(self.p * ((1 << self.w_res) - 1) * self.share))
        return ColumnSpec(self.p, self.q, threshold, w_res=self.w_res, response=self.response, tie=self.tie)  # type: ignore[arg-type]

    @property
    def design(self) -> Design:
        rng = np.random.default_rng(1)
        weights = rng.integers(0, 1 << self.w_res, (self.q, self.p))
        mask = rng.random((self.q, self.p)) < self.keep
        return Design.of_column(TOP, self.column, weights * mask, mask, 1)

    def counts(self) -> tuple[dict[str, float], float]:
        """Features and flip-flops, without those of the table of limits."""
        share = int(self.design.mask.sum()) / (self.p * self.q)
        return column_counts(as_dendritic(self.column), share, learning=self.learning)


POINTS = (
    Point(16, 4, power=True, layout=True),
    Point(24, 2, power=True, layout=True),
    Point(16, 4, learning=False, power=True),
    Point(32, 8, power=True),
    Point(32, 8, learning=False, power=True),
    Point(32, 8, response="snl", power=True),
    Point(32, 8, w_res=2, power=True),
    Point(32, 8, w_res=4, power=True),
    Point(18, 24, power=True),
    Point(64, 8, power=True),
    Point(32, 8, response="snl", learning=False),
    Point(65, 2),
    Point(98, 8),
    Point(128, 4),
    Point(48, 16),
    Point(8, 12),
    Point(18, 24, learning=False),
    Point(64, 8, learning=False),
    Point(32, 8, w_res=2, learning=False),
    Point(32, 8, w_res=4, learning=False),
    Point(16, 4, w_res=2),
    Point(48, 6, w_res=4),
    Point(24, 4, w_res=5),
    Point(32, 8, w_res=1),
    Point(16, 4, response="snl", power=True),
    Point(64, 8, response="snl"),
    Point(18, 24, response="snl"),
    Point(32, 8, w_res=2, response="snl"),
    Point(32, 8, w_res=4, response="snl"),
    Point(64, 8, response="snl", learning=False),
    Point(32, 8, w_res=4, response="snl", learning=False),
    Point(32, 8, tie="largest_potential"),
    Point(18, 24, tie="largest_potential"),
    Point(64, 8, tie="largest_potential", response="snl"),
    Point(16, 4, tie="largest_potential"),
    Point(32, 8, silent=0.7, power=True),
    Point(32, 8, share=0.5, power=True),
    Point(32, 8, keep=0.5),
    Point(32, 8, keep=0.7),
    Point(48, 6, keep=0.3, learning=False),
)


def synthesise(point: Point, kit: Kit, folder: Path) -> tuple[Path, yosys.Statistics]:
    """Netlist and statistics. A column without learning is the same RTL with ``learn`` tied low inside, so that plasticity falls away."""
    package = generate_rtl(point.design, folder / "rtl", clock_period=PERIOD)
    if not point.learning:
        top, horizon = package.sources[-1], point.column.horizon
        text = top.read_text(encoding="utf-8")
        changes = {
            r"\.learn\(learn\)": (".learn(1'b0)", 1),
            r"\.CLOCKS\(\d+\)": (f".CLOCKS({horizon + 1})", 1),
            r"\.DRAWS\(\d+\)": (".DRAWS(0)", 1),
            r"\.COUNT_W\(\d+\)": (f".COUNT_W({horizon.bit_length()})", 2),
            r"wire \[\d+:0\] count;": (f"wire [{horizon.bit_length() - 1}:0] count;", 1),
        }
        for pattern, (new, expected) in changes.items():
            text, count = re.subn(pattern, new, text)
            assert count == expected, f"{pattern} was found {count} times"
        write_atomic(top, text)
    return synthesis.synthesise(kit, package.sources, TOP, folder)


def netlist_energy(point: Point, kit: Kit, netlist: Path, folder: Path) -> dict[str, float]:
    """Joule per wave of the netlist without wires and clock tree, learning off; ideal clock.

    The test bench plays waves of the column with learning, so without learning this is for columns whose horizon is as long.
    """
    design = point.design
    waves = random_waves(point.column, WAVES + 2, 7, silent=point.silent)[2:]
    report, activity = measure_gates(netlist, cell_models(kit), design, waves, False, folder / "simulation")
    assert report.ok, report.message
    block = read_netlist(netlist, kit)
    harness = drive_inputs(block, kit)
    pins = pin_activity(harness, kit, activity)
    assert not pins.unknown, pins.unknown[:5]
    write_netlist(harness.block, folder / "harness.v", kit)
    write_atomic(folder / "activity.tsv", "".join(f"{p}\t{a.toggles:.9g}\t{a.duty:.9g}\n" for p, a in pins.table.items()))
    values = {
        "libraries": link_libraries(kit, folder),
        "netlist": "harness.v",
        "spef": None,
        "activity": "activity.tsv",
        "top": TOP,
        "clocks": (harness.clock, harness.harness_clock),
        "harness_prefix": PREFIX,
        "clock_period": PERIOD,
        "clock_driver": kit.roles.clock_buffers[-1],
        "output_load": kit.roles.output_load,
    }
    script = render_script("power.tcl.j2", folder / "power.tcl", values)
    # One driver for all registers would make absurd slews: the clock is ideal until there is a tree.
    lines = [row for row in script.read_text().splitlines() if not row.startswith(("set_propagated_clock", "set_driving_cell"))]
    write_atomic(script, "\n".join(lines) + "\n")
    text = opensta.run_script(Path("power.tcl"), folder, folder / "power.log")
    assert opensta.values(text)["missing"] == 0
    groups = group_power(block, kit, opensta.parse_instance_power(opensta.section(text, "instances")))
    wave = point.column.wave_clocks * PERIOD * 1e-9
    found = {name: (power.internal + power.switching) * wave for name, power in groups.items()}
    return {
        "registers": found["registers"],
        "combinational": found["combinational"] + found["ties"],
        "leakage": sum(power.leakage for power in groups.values()),
        "mean_toggles": sum(net.toggles for net in activity.values()) / len(activity),
    }


def layout_energy(point: Point, folder: Path) -> dict[str, float]:
    """Joule per wave by group, and cell area without fillers and taps, of the finished layout, learning off."""
    waves = random_waves(point.column, WAVES + 2, 7, silent=point.silent)[2:]
    config = LayoutConfig(clock_period_ns=PERIOD, picture_width=64, utilisation=0.6)
    result = run_layout(point.design, waves, np.zeros(len(waves), bool), config, folder, stop_after="power")
    groups = json.loads(result.path("power_report").read_text(encoding="utf-8"))["groups_w"]
    wave = point.column.wave_clocks * PERIOD * 1e-9
    found = {name: (power["internal"] + power["switching"]) * wave for name, power in groups.items()}
    kit = load_kit()
    block = read_netlist(result.path("netlist"), kit)
    kinds = {"area": 0.0, "leakage": 0.0}
    for instance in block.instances.values():
        if instance.kind not in ("tap", "filler", "antenna"):
            kinds["area"] += kit.cells[instance.master].area
            kinds["leakage"] += kit.cells[instance.master].leakage * 1e-9
    numbers = {f"metric_{name}": metric.value for name, metric in result.state.metrics.items() if isinstance(metric.value, int | float)}
    return {**{f"energy_{k.replace(' ', '_')}": v for k, v in found.items()}, **kinds, **numbers}


def measure(point: Point, kit: Kit, work: Path) -> dict[str, Any]:
    """The measurements of a point, from the work folder where they are there already."""
    folder, kept = work / point.name, work / f"{point.name}.json"
    if kept.is_file():
        known: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return known
    folder.mkdir(parents=True)
    netlist, made = synthesise(point, kit, folder)
    flop = kit.cells[kit.roles.flop]
    registers = sum(count for name, (count, _) in made.by_type.items() if kit.cells[name].sequential)
    assert {name for name in made.by_type if kit.cells[name].sequential} == {flop.name}, made.by_type
    row: dict[str, Any] = {
        "cells": made.cells,
        "area": made.area,
        "registers": registers,
        "leakage": sum(kit.cells[name].leakage * count for name, (count, _) in made.by_type.items()) * 1e-9,
    }
    if point.power:
        row["energy"] = netlist_energy(point, kit, netlist, folder)
    if point.layout:
        row["layout"] = layout_energy(point, folder / "layout")
    write_atomic(kept, json.dumps(row, indent=1))
    return row


# --- fit --------------------------------------------------------------------------------------------------------------------------------

Rows = list[tuple[Point, dict[str, Any]]]
AREA_FEATURES = tuple(name for name in FEATURES if name not in ("ramp_clock", "largest_bit"))
ENERGY_FEATURES = ("synapse_rnl", "ramp_clock", "synapse_bit_snl", "adder_bit_snl", "potential_bit", "line", "column", "learn_line")


@dataclass(frozen=True)
class Fit:
    """coefficients: per unit. errors: leave-one-out, per cent of the whole, by point; None where nothing else has a feature."""

    coefficients: dict[str, float]
    errors: tuple[float | None, ...]

    @property
    def mean(self) -> float:
        return float(np.mean([abs(error) for error in self.errors if error is not None]))

    @property
    def worst(self) -> float:
        return float(np.max([abs(error) for error in self.errors if error is not None]))


def fit(table: NDArray[np.float64], target: NDArray[np.float64], base: NDArray[np.float64], whole: NDArray[np.float64]) -> Any:
    """Coefficients >= 0 that minimise relative errors of ``whole`` = base + table @ coefficients, and leave-one-out errors in per cent."""

    def solve(rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        size = np.maximum(table[rows].max(axis=0), 1e-300)
        found, _ = nnls(table[rows] / size / whole[rows, None], target[rows] / whole[rows])
        return np.asarray(found / size)

    errors: list[float | None] = []
    for out in range(len(whole)):
        rest = np.arange(len(whole)) != out
        if ((table[rest] > 0).any(axis=0) | (table[out] == 0)).all():
            errors.append(float(100 * (base[out] + table[out] @ solve(rest) - whole[out]) / whole[out]))
        else:
            errors.append(None)
    return solve(np.ones(len(whole), bool)), errors


def fit_features(names: tuple[str, ...], rows: Rows, base: list[float], whole: list[float]) -> Fit:
    """The fit with those of ``names`` that earn their place by the leave-one-out error: stepwise, from all of them and from one."""
    counts = [point.counts()[0] for point, _ in rows]
    start, goal = np.array(base), np.array(whole)

    def made(chosen: tuple[str, ...]) -> Fit:
        table = np.array([[one.get(name, 0.0) for name in chosen] for one in counts])
        values, errors = fit(table, goal - start, start, goal)
        return Fit(dict(zip(chosen, map(float, values), strict=True)), tuple(errors))

    def score(one: Fit) -> float:
        squares = [100.0 if error is None else error**2 for error in one.errors]
        return float(np.sqrt(np.mean(squares)) * (1 + LIMIT) ** len(one.coefficients))

    def better(best: Fit) -> Fit:
        """The best after taking one feature away, adding one or exchanging one for another."""
        inside, outside = tuple(best.coefficients), [name for name in names if name not in best.coefficients]
        fewer = [tuple(name for name in inside if name != left) for left in inside]
        tried = [made(chosen) for chosen in [*fewer, *((*some, new) for new in outside for some in (inside, *fewer))] if chosen]
        return min(tried, key=score)

    found = []
    for start_from in (names, names[:1]):
        best = made(start_from)
        while score(following := better(best)) < score(best):
            best = following
        found.append(best)
    return min(found, key=score)


def fit_pairs(rows: Rows, key: str, flop: float) -> Fit:
    """Area or leakage of all columns: fitted where the lowest index decides, and per ``largest_bit`` what the twins of these add."""
    lowest = [(point, row) for point, row in rows if point.tie == "lowest_index"]
    main = fit_features(AREA_FEATURES, lowest, [row["registers"] * flop for _, row in lowest], [row[key] for _, row in lowest])
    known = {point.name: row[key] for point, row in lowest}
    added = {
        point.name: (row[key] - known[point.name.replace("largest", "lowest")]) / point.counts()[0]["largest_bit"]
        for point, row in rows
        if point.tie != "lowest_index"
    }
    errors: list[float | None] = []
    for point, row in rows:
        if point.name in known:
            errors.append(main.errors[list(known).index(point.name)])
            continue
        others = [value for name, value in added.items() if name != point.name]
        count = point.counts()[0]
        made = row["registers"] * flop + sum(value * count.get(name, 0.0) for name, value in main.coefficients.items())
        made += float(np.mean(others)) * count["largest_bit"]
        errors.append(100 * (made - row[key]) / row[key])
    return Fit({**main.coefficients, "largest_bit": float(np.mean(list(added.values())))}, tuple(errors))


def coefficients(rows: Rows, kit: Kit) -> str:
    """The file of coefficients."""
    plain = [(point, row) for point, row in rows if (point.silent, point.share, point.keep) == (SILENT, 0.25, 1.0)]
    rom: dict[int, int] = {}
    for point, row in plain:
        extra = row["registers"] - round(point.counts()[1])
        assert extra == (rom.setdefault(point.w_res, extra) if point.learning else 0), (point.name, extra)
    flop = kit.cells[kit.roles.flop]
    area = fit_pairs(plain, "area", flop.area)
    leakage = fit_pairs(plain, "leakage", flop.leakage * 1e-9)

    powered = [(point, row) for point, row in plain if "energy" in row]
    laid = [(point, row) for point, row in powered if "layout" in row]
    energies = [row["energy"] for _, row in powered]
    clocked = [row["registers"] * point.column.wave_clocks for point, row in powered]
    register = float(np.mean([one["registers"] / count for one, count in zip(energies, clocked, strict=True)]))
    energy = fit_features(
        ENERGY_FEATURES,
        powered,
        [register * count for count in clocked],
        [one["registers"] + one["combinational"] for one in energies],
    )
    gates = [(row["area"] - row["registers"] * flop.area) * point.column.wave_clocks for point, row in powered]
    composed = float(np.mean([one["combinational"] / count for one, count in zip(energies, gates, strict=True)]))

    def layout_mean(number: Any) -> float:
        return float(np.mean([number(point, row) for point, row in laid]))

    register_factor = layout_mean(lambda _, row: row["layout"]["energy_registers"] / row["energy"]["registers"])
    gate_factor = layout_mean(
        lambda _, row: (row["layout"]["energy_combinational"] + row["layout"]["energy_buffers"]) / row["energy"]["combinational"]
    )
    tree = layout_mean(lambda point, row: row["layout"]["energy_clock_tree"] / (row["registers"] * point.column.wave_clocks))
    area_factor = layout_mean(lambda _, row: row["layout"]["area"] / row["area"])
    leakage_factor = layout_mean(lambda _, row: row["layout"]["leakage"] / row["leakage"])
    apart = {point.name: row["energy"] for point, row in rows if "energy" in row}
    usual = apart[Point(32, 8).name]

    def relative(point: Point) -> float:
        one = apart[point.name]
        return float((one["registers"] + one["combinational"]) / (usual["registers"] + usual["combinational"]))

    checked = []
    for point, row in rows:
        if point.keep < 1:
            count, registers = point.counts()
            registers += rom[point.w_res] if point.learning else 0
            made = registers * flop.area + sum(value * count.get(name, 0.0) for name, value in area.coefficients.items())
            checked.append((point.name, 100 * (made - row["area"]) / row["area"]))

    said = (
        f"forecast/coefficients.toml: {len(plain)} columns synthesised at NanGate45 typical with Yosys {yosys.version()} and ABC; "
        f"leave-one-out error of area {area.mean:.1f} % (worst {area.worst:.1f} %), "
        f"of leakage {leakage.mean:.1f} % (worst {leakage.worst:.1f} %), of energy {energy.mean:.1f} % (worst {energy.worst:.1f} %)"
    )
    text = [
        "# What a forecast of silicon counts with. Made by scripts/fit_silicon.py; do not edit.",
        "# Units: um2, W, J. Coefficients are of combinational cells, per unit of a feature (forecast/features.py); registers are apart.",
        'format = "neutnngen-silicon"',
        "version = 1",
        f'kit = "{kit.name}"',
        'kind = "SYNTHESIS"',
        f'source = "{said}"',
        "",
        "[cells] # Liberty: area, and leakage as the mean over the states",
        *(f"{name} = {{ area = {kit.cells[name].area:g}, leakage = {kit.cells[name].leakage * 1e-9:.6g} }}" for name in CELLS),
        "",
        "[area] # um2",
        *_numbers(area.coefficients),
        "",
        "[leakage] # W",
        *_numbers(leakage.coefficients),
        "",
        f"[energy] # J per sample, learning off, {100 * (1 - SILENT):g} % of the lines with a spike at a uniform time; gates after layout",
        *_numbers({name: value * gate_factor for name, value in energy.coefficients.items()}),
        "",
        "[clock] # register: J per flip-flop and clock, clock tree included; composed: J per um2 of other gates and clock",
        f"register = {register * register_factor + tree:.6g}",
        f"composed = {composed * gate_factor:.6g}",
        "",
        "[rom_registers] # flip-flops that Yosys adds at the table of limits, by bits of a weight",
        *(f"{bits} = {count}" for bits, count in sorted(rom.items())),
        "",
        "[errors] # leave-one-out, per cent",
        *_numbers(
            {
                "area_mean": area.mean,
                "area_worst": area.worst,
                "leakage_mean": leakage.mean,
                "leakage_worst": leakage.worst,
                "energy_mean": energy.mean,
                "energy_worst": energy.worst,
            },
            digits=3,
        ),
        "",
        "[layout] # after layout over after synthesis, mean of the columns that were laid out; only the energies use these",
        f'columns = "{", ".join(point.name for point, _ in laid)}"',
        *_numbers(
            {
                "area": area_factor,
                "leakage": leakage_factor,
                "register_energy": register_factor,
                "gate_energy": gate_factor,
                "clock_tree_per_register_clock": tree,
            },
            digits=4,
        ),
        "",
        "[sensitivity] # dynamic energy of a 32 x 8 column over its usual one",
        f"silent_70_percent = {relative(Point(32, 8, silent=0.7)):.3f}",
        f"threshold_twice = {relative(Point(32, 8, share=0.5)):.3f}",
        "",
        "[pruned] # error of the area of pruned columns, which are no part of the fit, per cent",
        *(f'"{name}" = {error:.2f}' for name, error in checked),
    ]
    for (point, row), area_error, leakage_error in zip(plain, area.errors, leakage.errors, strict=True):
        text += ["", "[[measured]]", *_row(point, row)]
        number = next((n for n, (one, _) in enumerate(powered) if one == point), None)
        errors = {"area": area_error, "leakage": leakage_error, "energy": None if number is None else energy.errors[number]}
        text += [f"{name}_error = {error:.2f}" for name, error in errors.items() if error is not None]
    return "\n".join(text) + "\n"


def _numbers(values: dict[str, float], digits: int = 6) -> list[str]:
    return [f"{name} = {float(f'{value:.{digits}g}')!r}" for name, value in values.items() if value]


def _row(point: Point, row: dict[str, Any]) -> list[str]:
    text = [
        f'name = "{point.name}"',
        f"inputs = {point.p}",
        f"neurons = {point.q}",
        f"threshold = {point.column.threshold}",
        f"w_res = {point.w_res}",
        f'response = "{point.response}"',
        f'tie = "{point.tie}"',
        f"learning = {str(point.learning).lower()}",
        f"area = {row['area']:.3f}",
        f"leakage = {row['leakage']:.6g}",
        f"registers = {row['registers']}",
    ]
    if "energy" in row:
        text += [f"energy_{name} = {row['energy'][name]:.6g}" for name in ("registers", "combinational")]
    if "layout" in row:
        laid = row["layout"]
        energy = sum(value for name, value in laid.items() if name.startswith("energy_"))
        text += [f"layout_area = {laid['area']:.3f}", f"layout_energy = {energy:.6g}"]
    return text


def main() -> None:
    """Measure what is not measured yet, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "silicon", help="folder that keeps the measurements")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write")
    arguments = parser.parse_args()
    kit, work = load_kit(), arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    rows: Rows = []
    for number, point in enumerate(POINTS, 1):
        print(f"{number}/{len(POINTS)} {point.name}", flush=True)
        rows.append((point, measure(point, kit, work)))
    write_atomic(arguments.out, coefficients(rows, kit))
    print(arguments.out)


if __name__ == "__main__":
    main()
