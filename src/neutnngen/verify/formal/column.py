"""Everything that is proved of one classic column, and what follows from it (docs/formal.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from neutnngen.rtl import RtlPackage, generate_rtl
from neutnngen.spec import Design
from neutnngen.verify.formal import clockwise, wave
from neutnngen.verify.formal.leaves import RULES as LEAF_RULES
from neutnngen.verify.formal.leaves import Parameters, leaf_parameters, prove_leaf
from neutnngen.verify.formal.machine import Machine, circulating, parallel
from neutnngen.verify.formal.netlist import prove_netlist
from neutnngen.verify.formal.prover import Outcome, Verdict, formal_text, prove
from neutnngen.verify.formal.step import Step, build_step
from neutnngen.verify.formal.witness import explain

SMALL = 260
"""Synapses × weight bits × unit clocks up to which the output times of a whole wave are proved outright; 3 × 2 of 3 bits is 252."""
SMALL_LEARNING = 32
"""Synapses up to which the weights after a whole wave are proved outright."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Netlist:
    """A mapped netlist (flat Verilog), and the Liberty file with the functions of its cells."""

    verilog: Path
    liberty: Path


@dataclass(frozen=True)
class Proof:
    """One theorem about a design.

    rule: what it rests on or shows. size: of the design. how: "outright": the solver covered all inputs and states at this size;
    "composition": it follows from the proofs named in ``lemmas``. counterexample: in words, with "refuted".
    """

    name: str
    rule: str
    size: str
    outcome: Outcome
    seconds: float
    how: Literal["outright", "composition"] = "outright"
    counterexample: str = ""
    lemmas: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


WAVE = {"times": "T3, S1 … S4, G1, D1, C1", "weights": "R1 … R6, R11", "random": "R7, R8", "cleared": "T5"}
CLOCK = {"potentials": "S2 … S4, G1, D1", "hold": "D1, C1", "learning": "R1 … R6, R11"}


def prove_column(
    design: Design,
    folder: Path,
    *,
    package: RtlPackage | None = None,
    netlist: Netlist | None = None,
    machine: Machine | None = None,
    outright: bool | None = None,
    only: Sequence[str] | None = None,
    timeout: float = 300.0,
    progress: Progress | None = None,
) -> list[Proof]:
    """Prove a classic column: every theorem that applies, and what follows from them.

    folder: gets scripts, theorems, logs. package: RTL that stands already (default: new). netlist: also prove it equivalent to the RTL.
    machine: architecture of the RTL, default that of the package; the theorems about single clocks are of the style parallel alone.
    outright: prove whole waves outright (default: if the column is small enough). only: names of theorems, to prove no others. timeout:
    seconds of the solver for each proof. progress: done, in all.

    Raises ConfigError if the design is no classic column, CheckFailed if registers that a proof names are not there.
    """
    column = design.column
    made = generate_rtl(design, folder / "rtl") if package is None else package
    own = machine is None and made.rings is None
    if machine is None:
        machine = parallel(column) if made.rings is None else circulating(design, made.rings)
    step = build_step(made.sources, made.top, folder)
    size = f"{column.inputs}×{column.neurons}"
    effort = design.synapses * column.w_res * column.horizon
    small = effort <= SMALL if outright is None else outright
    small_learning = design.synapses <= SMALL_LEARNING if outright is None else outright
    wanted: dict[wave.Claim, bool] = {"times": small, "weights": small_learning, "random": True, "cleared": machine.reset > 0}
    claims = [claim for claim, chosen in wanted.items() if chosen]

    jobs = [_wave_job(design, step, machine, folder, claim, timeout) for claim in claims]
    jobs.append((_reset_job if machine.reset else _boundary_job)(design, step, machine, folder, timeout))
    if own:
        jobs += [_clock_job(design, step, machine, folder, name, timeout) for name in clockwise.RULES]
        jobs.append(_Job("counting", "S2, S3, T3", lambda: (prove_counting(folder, timeout=timeout), "")))
        jobs += [
            _leaf_job(leaf, parameters, source, folder / "leaves" / str(k), timeout)
            for k, leaf, parameters, source in _leaves(design, made)
        ]
    if netlist is not None:
        jobs.append(_netlist_job(design, made, machine, netlist, folder / "netlist", timeout))
    jobs = [job for job in jobs if only is None or job.name in only]
    proofs: list[Proof] = []
    for job in jobs:
        verdict, words = job.run()
        proofs.append(Proof(job.name, job.rule, size, verdict.outcome, verdict.seconds, counterexample=words))
        if progress is not None:
            progress(len(proofs), len(jobs))
    return [*proofs, conclude(proofs, size)]


@dataclass(frozen=True)
class _Job:
    """A theorem that waits for its proof. run: verdict, and the counterexample in words."""

    name: str
    rule: str
    run: Callable[[], tuple[Verdict, str]]


def _words(design: Design, claim: str, verdict: Verdict, registers: Sequence[str] = ()) -> tuple[Verdict, str]:
    return verdict, explain(design, claim, verdict.values, registers) if verdict.outcome == "refuted" else ""


def _wave_job(design: Design, step: Step, machine: Machine, folder: Path, claim: wave.Claim, timeout: float) -> _Job:
    def run() -> tuple[Verdict, str]:
        names = [step.label(place) for place in wave.cleared_places(design, step, machine)]
        return _words(design, claim, wave.prove_wave(design, step, machine, folder, claim, timeout=timeout), names)

    return _Job(f"wave: {claim}", WAVE[claim], run)


def _boundary_job(design: Design, step: Step, machine: Machine, folder: Path, timeout: float) -> _Job:
    def run() -> tuple[Verdict, str]:
        names = [step.label(place) for place in wave.cleared_places(design, step, machine)]
        return _words(design, "boundary", clockwise.prove_boundary(design, step, machine, folder, timeout=timeout), names)

    return _Job("boundary", "T5, R11", run)


def _reset_job(design: Design, step: Step, machine: Machine, folder: Path, timeout: float) -> _Job:
    def run() -> tuple[Verdict, str]:
        names = [step.label(place) for place in wave.cleared_places(design, step, machine)]
        return _words(design, "reset", wave.prove_reset(design, step, machine, folder, timeout=timeout), names)

    return _Job("reset", "T5, R7", run)


def _clock_job(design: Design, step: Step, machine: Machine, folder: Path, claim: clockwise.ClockClaim, timeout: float) -> _Job:
    def run() -> tuple[Verdict, str]:
        return _words(design, claim, clockwise.prove_clock(design, step, machine, folder, claim, timeout=timeout))

    return _Job(f"clock: {claim}", CLOCK[claim], run)


def _leaves(design: Design, package: RtlPackage) -> Iterator[tuple[int, str, Parameters, Path]]:
    """Leaves that have a theorem of their own: a number, name, parameters, source."""
    sources = {path.stem: path for path in package.sources}
    for k, (leaf, parameters) in enumerate(leaf_parameters(design)):
        yield k, leaf, parameters, sources[leaf]


def _leaf_job(leaf: str, parameters: Parameters, source: Path, folder: Path, timeout: float) -> _Job:
    def run() -> tuple[Verdict, str]:
        verdict = prove_leaf(leaf, parameters, folder, source=source, timeout=timeout)
        return verdict, ", ".join(f"{name} = {value}" for name, value in verdict.values.items() if name != "free")

    return _Job(f"leaf: {leaf}", LEAF_RULES[leaf], run)


def _netlist_job(design: Design, package: RtlPackage, machine: Machine, netlist: Netlist, folder: Path, timeout: float) -> _Job:
    """Theorem 4. RTL with its sums as trees, as synthesis makes them: with chains, large columns are beyond the solver."""

    def run() -> tuple[Verdict, str]:
        rtl = build_step(package.sources, package.top, folder, adders=True)
        gates = build_step([netlist.verilog], package.top, folder, module="gates", liberty=netlist.liberty)
        constants = {place: machine.cleared_value(rtl, place) for place in wave.cleared_places(design, rtl, machine)}
        verdict = prove_netlist(rtl, gates, folder, constants=constants, timeout=timeout)
        return _words(design, "netlist", verdict, [rtl.label(k) for k in range(rtl.bits)])

    return _Job("netlist", "gates equal to the RTL", run)


def prove_counting(folder: Path, *, timeout: float = 60.0) -> Verdict:
    """The lemma about one ramp: theorems/counting.sv, for all widths that there are."""
    return prove("counting", formal_text("theorems/counting.sv"), folder, show=("now", "then_"), timeout=timeout)


WAYS: tuple[tuple[str, ...], ...] = (
    ("wave: times", "wave: weights", "wave: random", "boundary"),
    ("wave: times", "wave: weights", "wave: random", "wave: cleared", "reset"),
    ("wave: times", "clock: potentials", "clock: hold", "clock: learning", "wave: random", "boundary"),
    ("counting", "clock: potentials", "clock: hold", "clock: learning", "wave: random", "boundary"),
)
"""What suffices for "the RTL equals the simulator for every sequence of waves"; the first two are outright."""


def conclude(proofs: list[Proof], size: str) -> Proof:
    """Whether the RTL equals the simulator for every input sequence, and by what: the last line of every table."""
    by_name = {proof.name: proof for proof in proofs}
    rule = "RTL equals the simulator for every sequence of waves"
    bad = [proof for proof in proofs if proof.outcome == "refuted"]
    proved = [way for way in WAYS if all(name in by_name and by_name[name].outcome == "proved" for name in way)]
    seconds = sum(proof.seconds for proof in proofs)
    made = Proof("conclusion", rule, size, "timeout", seconds, "composition")
    if bad:
        return replace(made, outcome="refuted", counterexample=f"see {bad[0].name}", lemmas=tuple(proof.name for proof in bad))
    if not proved:
        missing = [[name for name in way if name not in by_name or by_name[name].outcome != "proved"] for way in WAYS]
        open_ = min(missing, key=len)
        return replace(made, counterexample="not proved: " + ", ".join(open_))
    return replace(made, outcome="proved", how="outright" if proved[0] in WAYS[:2] else "composition", lemmas=proved[0])
