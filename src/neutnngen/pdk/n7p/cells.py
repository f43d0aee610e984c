"""The cells of n7p: function, chain of stages, gates behind every input."""

from __future__ import annotations

from dataclasses import dataclass, field

from neutnngen.pdk.n7p.model import FINS, Model, Stage

ENDS = 2
"""Sites of a cell beside its fingers: half a break of the diffusion on each side, and one for the pins."""


@dataclass(frozen=True)
class CellPlan:
    """A cell. outputs: pin to Liberty function. chains: stages from the inputs to each output, in the order of ``outputs``.

    gates: gate pairs of the first stage's size behind an input, where they are not one. extra: fingers beside those of the chains.
    kind: "logic", "flop", "tie" or "physical"; sites: width of a physical cell.
    """

    name: str
    inputs: tuple[str, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict)
    chains: tuple[tuple[Stage, ...], ...] = ()
    gates: dict[str, float] = field(default_factory=dict)
    extra: int = 0
    kind: str = "logic"
    sites: int = 0

    @property
    def width(self) -> int:
        """Width in sites."""
        stages = {id(stage): stage for chain in self.chains for stage in chain}
        return self.sites or ENDS + self.extra + sum(stage.fingers for stage in stages.values())

    def capacitance(self, pin: str, model: Model) -> float:
        """Input capacitance, fF."""
        return self.chains[0][0].gate(model) * self.gates.get(pin, 1.0)

    def leakage(self, model: Model) -> float:
        """pW."""
        stages = {id(stage): stage for chain in self.chains for stage in chain}
        inside = model.leak * 2 * FINS * model.leak_inside * self.extra
        return inside + sum(stage.leakage(model) for stage in stages.values())


def _inverter(size: int) -> Stage:
    return Stage(1, 3 * size, 3 * size)


def _simple(name: str, inputs: str, function: str, *chain: Stage, extra: int = 0, gates: dict[str, float] | None = None) -> CellPlan:
    return CellPlan(name, tuple(inputs.split()), {"Y": function}, (chain,), gates or {}, extra)


def _complex(name: str, inputs: str, function: str, stage: Stage, size: int, **options: int) -> CellPlan:
    """An inverting stage, followed by an inverter of a size (0: none)."""
    return _simple(name, inputs, function, stage, *([_inverter(size)] if size else []), **options)  # type: ignore[arg-type]


def all_cells() -> tuple[CellPlan, ...]:
    """Every cell, in the order of the files."""
    return (*_buffers(), *_gates(), *_arithmetic(), *_others())


def _buffers() -> list[CellPlan]:
    cells = [_simple(f"INV_X{n}", "A", "!A", _inverter(n)) for n in (1, 2, 4, 8)]
    first = {2: 1, 3: 1, 4: 2, 8: 2, 12: 2}
    cells += [_simple(f"BUF_X{n}", "A", "A", _inverter(k), _inverter(n)) for n, k in first.items()]
    # one finger of pull-up more than pull-down evens the edges of a clock
    cells += [_simple(f"CLKBUF_X{n}", "A", "A", _inverter(2), Stage(1, 3 * n - n // 2, 3 * n)) for n in (4, 8, 12)]
    return cells


def _gates() -> list[CellPlan]:
    names = ("A", "B", "C", "D")
    cells = []
    for n in (2, 3, 4):
        inputs = " ".join(names[:n])
        product, total = " * ".join(names[:n]), " + ".join(names[:n])
        cells.append(_complex(f"NAND{n}_XP5", inputs, f"!({product})", Stage(n, 3, 2, n, 1), 0))
        cells.append(_complex(f"NOR{n}_XP5", inputs, f"!({total})", Stage(n, 2, 3, 1, n), 0))
        size = 2 if n == 2 else 1
        cells.append(_complex(f"AND{n}_X{size}", inputs, product, Stage(n, 3, 2, n, 1), size))
        cells.append(_complex(f"OR{n}_X{size}", inputs, total, Stage(n, 2, 3, 1, n), size))
    cells.append(_complex("NAND2_X1", "A B", "!(A * B)", Stage(2, 6, 4, 2, 1), 0))
    cells.append(_complex("NOR2_X1", "A B", "!(A + B)", Stage(2, 4, 6, 1, 2), 0))
    cells.append(_complex("NOR3_X1", "A B C", "!(A + B + C)", Stage(3, 4, 9, 1, 3), 0))
    both = "(A1 * A2) + B", "(A1 * A2) + (B1 * B2)", "(A1 + A2) * B", "(A1 + A2) * (B1 + B2)"
    pins = "A1 A2 B", "A1 A2 B1 B2"
    cells.append(_complex("AOI21_XP5", pins[0], f"!({both[0]})", Stage(3, 3, 3, 2, 2), 0))
    cells.append(_complex("AOI22_XP5", pins[1], f"!({both[1]})", Stage(4, 3, 3, 2, 2), 0))
    cells.append(_complex("OAI21_XP5", pins[0], f"!({both[2]})", Stage(3, 3, 3, 2, 2), 0))
    cells.append(_complex("OAI22_XP5", pins[1], f"!({both[3]})", Stage(4, 3, 3, 2, 2), 0))
    cells.append(_complex("AOI21_X1", pins[0], f"!({both[0]})", Stage(3, 5, 6, 2, 2), 0))
    cells.append(_complex("AOI22_X1", pins[1], f"!({both[1]})", Stage(4, 5, 6, 2, 2), 0))
    cells.append(_complex("OAI21_X1", pins[0], f"!({both[2]})", Stage(3, 6, 5, 2, 2), 0))
    cells.append(_complex("OAI22_X1", pins[1], f"!({both[3]})", Stage(4, 6, 5, 2, 2), 0))
    cells.append(_complex("AO21_X2", pins[0], both[0], Stage(3, 3, 3, 2, 2), 2))
    cells.append(_complex("AO22_X1", pins[1], both[1], Stage(4, 2, 2, 2, 2), 1, extra=2))
    cells.append(_complex("OA21_X2", pins[0], both[2], Stage(3, 3, 3, 2, 2), 2))
    cells.append(_complex("OA22_X2", pins[1], both[3], Stage(4, 3, 3, 2, 2), 2, extra=2))
    return cells


def _arithmetic() -> list[CellPlan]:
    twice = dict.fromkeys("AB", 1.9)
    parity, equal = "(A * !B) + (!A * B)", "(A * B) + (!A * !B)"
    cells = []
    for name, function in (("XOR2", parity), ("XNOR2", equal)):
        # an input reaches the output through its inverse or directly: the stage in between is the mean of both
        cells.append(_simple(f"{name}_XP5", "A B", function, Stage(4, 3, 3, 2, 2), extra=3, gates=dict.fromkeys("AB", 1.6)))
        cells.append(_simple(f"{name}_X1", "A B", function, Stage(4, 6, 6, 2, 2), extra=2, gates=dict.fromkeys("AB", 1.25)))
        cells.append(_simple(f"{name}_X2", "A B", function, Stage(4, 3, 3, 2, 2), _inverter(2), extra=3, gates=dict.fromkeys("AB", 1.6)))
    cells.append(
        _simple("MUX2_X2", "A B S", "(A * !S) + (B * S)", Stage(4, 3, 3, 2, 2), _inverter(2), extra=1, gates={"S": 2.0}),
    )
    majority = "(A * B) + (A * C) + (B * C)"
    cells.append(_simple("MAJ_X2", "A B C", majority, Stage(5, 3, 3, 2, 2), _inverter(2), gates={"A": 1.0, "B": 1.9, "C": 1.6}))
    carry, total = Stage(5, 3, 3, 2, 2), Stage(7, 3, 3, 3, 3)
    full = {"CON": "!((A * B) + (A * CI) + (B * CI))", "SN": "!(A ^ B ^ CI)"}
    cells.append(CellPlan("FA_X1", ("A", "B", "CI"), full, ((carry,), (total,)), {"A": 3.1, "B": 3.3, "CI": 2.5}))
    half = {"CON": "!(A * B)", "SN": "!(A ^ B)"}
    cells.append(CellPlan("HA_X1", ("A", "B"), half, ((Stage(2, 3, 2, 2, 1),), (Stage(3, 3, 3, 2, 2),)), twice, extra=2))
    return cells


def _others() -> list[CellPlan]:
    inner = Stage(2, 3, 3, 2, 2)
    cells = [
        CellPlan(
            f"DFFQN_X{n}", ("CLK", "D"), {"QN": "IQN"}, ((_inverter(1), inner, inner, _inverter(n)),), {"CLK": 0.8, "D": 0.95}, 14, "flop"
        )
        for n in (1, 2)
    ]
    cells += [
        CellPlan("TIEHI_X1", (), {"H": "1"}, (), kind="tie", sites=3),
        CellPlan("TIELO_X1", (), {"L": "0"}, (), kind="tie", sites=3),
        CellPlan("TAP_X1", kind="physical", sites=2),
    ]
    cells += [CellPlan(f"FILL_X{n}", kind="physical", sites=n) for n in (1, 2, 4, 8, 16, 32)]
    cells += [CellPlan(f"DECAP_X{n}", kind="physical", sites=n) for n in (4, 8)]
    return cells
