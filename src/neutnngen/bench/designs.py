"""Two tables over saved Designs: simulator against RTL, and cells after synthesis. A stopped run goes on after its last row."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from neutnngen.bench.mapped import Mapped, map_design
from neutnngen.bench.pieces import Piece, piece_waves, pieces, voter_pair
from neutnngen.bench.rows import read_table, write_table
from neutnngen.errors import DataError, NeutnngenError
from neutnngen.rtl import Rings, generate_rtl
from neutnngen.rtl.rings import check_rings, clocks_of
from neutnngen.spec import NO_SPIKE, Design, load_design
from neutnngen.verify import Stimuli, verify_rtl
from neutnngen.verify.compare import VerifyReport
from neutnngen.verify.fast import verify_fast
from neutnngen.verify.network import verify_network

WAVES = 32
"""Waves of a verification; every second learns."""
INTERPRETED = 400
"""Synapses up to which Icarus interprets the RTL; beyond, Verilator compiles it where it is installed."""
QUICK = 300
"""Synapses up to which a Design is taken with ``quick``."""
OPEN = "not finished"
RINGED = " (rings)"
"""At the end of the name of a row of the style rings."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class DesignRow:
    """A Design's figures.

    name: folder under the examples. scope: what was simulated and synthesised. spikes: of all output lines. outcome: ``equal``, or what was
    found. area: µm². leakage: W. power: W, see ``Mapped``, 0 where it was not asked for. path: ns. clocks: of a wave. synthesis: ``done``,
    or why not. limit: seconds that each half had.
    """

    name: str
    fingerprint: str
    shape: str
    synapses: int
    scope: str
    simulator: str = ""
    waves: int = 0
    spikes: int = 0
    values: int = 0
    outcome: str = ""
    verify_seconds: float = 0.0
    cells: int = 0
    area: float = 0.0
    leakage: float = 0.0
    voter_area: float = 0.0
    path: float = 0.0
    clocks: int = 0
    synthesis: str = ""
    synthesis_seconds: float = 0.0
    limit: float = 0.0
    power: float = 0.0

    @property
    def rate(self) -> float:
        """Samples per second at the longest path."""
        return 1e9 / (self.path * self.clocks) if self.path else 0.0

    def stands(self, fingerprint: str, limit: float) -> bool:
        """Whether the row need not be made again for this Design within this limit."""
        unfinished = any(text.startswith(OPEN) for text in (self.outcome, self.synthesis))
        return self.fingerprint == fingerprint and not (unfinished and limit > self.limit)


def find_designs(examples: Path, only: Sequence[str] = ()) -> dict[str, Path]:
    """Folders of Designs under ``examples`` by name, small ones first. only: names, or the beginnings of their paths. Raises DataError."""
    places = {str(path.parent.parent.relative_to(examples)): path.parent for path in examples.rglob("design/design.json")}
    wanted = {name: place for name, place in places.items() if not only or any(name == one or name.startswith(f"{one}/") for one in only)}
    if not wanted:
        raise DataError(
            "there is no such Design", got=", ".join(only) or examples, allowed=", ".join(sorted(places)) or "…/design/design.json"
        )
    return wanted


def read_rows(path: Path) -> dict[str, DesignRow]:
    """Rows of an earlier run by name; none if there is no file. Raises DataError for a file of another kind."""
    return {row.name: row for row in read_table(path, DesignRow)}


def write_rows(path: Path, rows: dict[str, DesignRow]) -> Path:
    """As CSV, smallest Design first."""
    return write_table(path, DesignRow, sorted(rows.values(), key=lambda one: (one.synapses, one.name)))


def bench_designs(
    examples: Path, table: Path, only: Sequence[str] = (), *, quick: bool = False, limit: float = 300.0, tell: Tell | None = None
) -> dict[str, DesignRow]:
    """Bring ``table`` (CSV) up to date, smallest Designs first, and return all its rows by name.

    only: see ``find_designs``. quick: only small Designs. limit: seconds for each half of a row.
    """
    known = read_rows(table)
    found = [(name, place, load_design(place)) for name, place in find_designs(examples, only).items()]
    found = [one for one in found if not quick or one[2].synapses <= QUICK]
    wanted = [(name + tail, place, design, rings) for name, place, design in found for tail, rings in styles(design)]
    for number, (name, place, design, rings) in enumerate(sorted(wanted, key=lambda one: (one[2].synapses, one[0]))):
        if name not in known or not known[name].stands(design.fingerprint(), limit):
            known[name] = design_row(name, design, place.parent / "waves.npz", limit, rings, known.get(name))
            write_rows(table, known)
        if tell is not None:
            tell(number + 1, len(wanted))
    return known


def styles(design: Design) -> list[tuple[str, Rings | None]]:
    """Ways to build a Design: what its row's name ends with, and the style; rings where they can do it (rule C2)."""
    try:
        check_rings(design)
    except NeutnngenError:
        return [("", None)]
    return [("", None), (RINGED, Rings().fitted(design.column))]


def design_row(
    name: str, design: Design, waves: Path, limit: float, rings: Rings | None = None, before: DesignRow | None = None
) -> DesignRow:
    """Both halves of a row. waves: an .npz with the Design's own waves; random ones where it is absent. before: the row of an earlier run,
    whose comparison stays if it came to an end for this Design."""
    parts = pieces(design)
    scope = "; ".join(dict.fromkeys(part.what for part in parts))
    clocks = clocks_of(design, rings)
    row = DesignRow(name, design.fingerprint(), shape_of(design), design.synapses, scope, clocks=clocks, limit=limit)
    if before is not None and before.fingerprint == row.fingerprint and before.scope == scope and not before.outcome.startswith(OPEN):
        kept = ("simulator", "waves", "spikes", "values", "outcome", "verify_seconds")
        row = replace(row, **{field: getattr(before, field) for field in kept})
    else:
        began = time.perf_counter()
        try:
            with time_limit(limit), tempfile.TemporaryDirectory(prefix="neutnngen-") as folder:
                row = verified(row, design, parts, own_waves(design, waves), Path(folder), rings)
        except (LimitError, NeutnngenError) as problem:
            row = replace(row, outcome=_why(problem, limit))
        row = replace(row, verify_seconds=time.perf_counter() - began)
    began = time.perf_counter()
    try:
        with time_limit(limit), tempfile.TemporaryDirectory(prefix="neutnngen-") as folder:
            row = synthesised(row, design, parts, Path(folder), rings)
    except (LimitError, NeutnngenError) as problem:
        row = replace(row, synthesis=_why(problem, limit))
    return replace(row, synthesis_seconds=time.perf_counter() - began)


def shape_of(design: Design) -> str:
    """Layers and voter in short: columns × inputs×neurons×dendrites×segments, ones left out."""
    parts = []
    for layer in design.network.layers:
        spec = layer.column
        sizes = [spec.inputs, *(n for n in (spec.neurons, spec.dendrites, spec.segments) if n > 1)]
        mode = "" if spec.proximal.mode == "none" else f" {spec.proximal.mode}"
        parts.append((f"{layer.columns} × " if layer.columns > 1 else "") + "×".join(map(str, sizes)) + mode)
    if design.network.voter is not None:
        parts.append(f"voter {design.network.lines}×{design.network.voter.rows}")
    return ", ".join(parts)


def own_waves(design: Design, path: Path, count: int = WAVES) -> NDArray[np.uint8]:
    """So many waves, again from the start where there are fewer; seeded random ones where there are none."""
    if path.is_file():
        with np.load(path, allow_pickle=False) as archive:
            return np.asarray(np.resize(archive["waves"], (count, design.network.inputs)), dtype=np.uint8)
    rng = np.random.default_rng(1)
    times = rng.integers(0, design.network.t_in_max + 1, (count, design.network.inputs)).astype(np.uint8)
    times[rng.random(times.shape) < 0.5] = NO_SPIKE
    return times


def verified(
    row: DesignRow, design: Design, parts: Sequence[Piece], waves: NDArray[np.uint8], folder: Path, rings: Rings | None
) -> DesignRow:
    """Every piece in the simulator and in RTL, every second wave learning, with enable lines and labels where they are needed."""
    values, spikes, simulators = 0, 0, []
    for number, part in enumerate(parts):
        report, simulator = _verify(part.design, piece_waves(design, part, waves), folder / str(number), rings)
        values += report.values
        spikes += report.spikes
        simulators.append(simulator)
        if not report.ok:
            return replace(row, outcome=f"NOT EQUAL: {report.message}", values=values, spikes=spikes, waves=len(waves), simulator=simulator)
    return replace(row, outcome="equal", values=values, spikes=spikes, waves=len(waves), simulator=", ".join(dict.fromkeys(simulators)))


def lines_beside(design: Design, waves: int) -> tuple[NDArray[np.bool_] | None, NDArray[np.int64]]:
    """Enable lines, None where there are none, and labels of so many waves, seeded: every fourth wave enables all, as in inference."""
    network = design.network
    order = np.random.default_rng(1).integers(0, 1 << 16, waves)
    rewarded = [layer.column.segments for layer in network.layers if layer.column.reward]
    labels = order % max([1, network.enables, *rewarded, 0 if network.voter is None else network.voter.classes])
    enable = labels[:, None] == np.arange(network.enables) if network.enables else None
    if enable is not None:
        enable[::4] = True
    return enable, labels


def beside_waves(design: Design, waves: NDArray[np.uint8]) -> Stimuli:
    """The waves with learning in every second one, and what :func:`lines_beside` gives them."""
    return Stimuli(waves, np.arange(len(waves)) % 2 == 0, *lines_beside(design, len(waves)))


def _verify(design: Design, waves: NDArray[np.uint8], folder: Path, rings: Rings | None) -> tuple[VerifyReport, str]:
    network, played = design.network, beside_waves(design, waves)
    compiled = design.synapses > INTERPRETED and shutil.which("verilator") is not None
    if network.classic is not None:
        package = generate_rtl(design, folder / "rtl", rings=rings)
        judged = (verify_fast if compiled else verify_rtl)(design, waves, played.learn, folder, package=package)
        return judged, "Verilator" if compiled else "Icarus"
    check = verify_fast if compiled else verify_network
    return check(design, waves, played.learn, folder, enable=played.enable, labels=played.labels), "Verilator" if compiled else "Icarus"


def synthesised(
    row: DesignRow, design: Design, parts: Sequence[Piece], folder: Path, rings: Rings | None, waves: NDArray[np.uint8] | None = None
) -> DesignRow:
    """Cells of the pieces times their number, and of the voter where the Design is not whole.

    waves: of the Design, for the power of the pieces, every second one learning; the voter's is left out.
    """
    made = []
    for number, part in enumerate(parts):
        played = None if waves is None else beside_waves(part.design, piece_waves(design, part, waves))
        made.append((part, map_design(part.design, folder / str(number), rings=rings, waves=played)))
    voter = Mapped(0, 0.0, 0.0, 0.0, 0.0)
    pair = None if parts[0].layer is None else voter_pair(design)
    if pair is not None:
        both, base, factor = pair
        voter = map_design(both, folder / "voter").minus(map_design(base, folder / "lines")).times(factor)
    return replace(
        row,
        cells=sum(part.count * one.cells for part, one in made) + voter.cells,
        area=sum(part.count * one.area for part, one in made) + voter.area,
        leakage=sum(part.count * one.leakage for part, one in made) + voter.leakage,
        power=sum(part.count * one.power for part, one in made),
        voter_area=voter.area,
        path=max(one.path for _, one in made),
        synthesis="done",
    )


class LimitError(Exception):
    """The time for a part of a row is over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop what is inside, and the programs that it started, after so many seconds (main thread of a Unix process)."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise LimitError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _why(problem: Exception, limit: float) -> str:
    return f"{OPEN} in {limit:.0f} s" if isinstance(problem, LimitError) else str(problem).splitlines()[0]
