"""A chip in the simulator: its driver talks to generated RTL, and what comes back is compared with an engine (rule A2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import Engine, ReferenceEngine, Trace
from neutnngen.engine.checks import Learn, Waves, check_run
from neutnngen.errors import CheckFailed, ConfigError, DataError, ToolFailed
from neutnngen.files import write_atomic
from neutnngen.rtl.chip import ChipPackage
from neutnngen.rtl.chip_driver import Answers, Chip
from neutnngen.spec import NO_SPIKE, Design
from neutnngen.tools.iverilog import simulate
from neutnngen.verify.compare import Divergence, VerifyReport, time_text

SEND, LEARN_ENABLE, PINS = 0, 1, 2
"""What a word of the test bench's transcript asks for."""


class SimulatedChip:
    """A transport whose far end is the RTL in Icarus Verilog.

    Bytes that are sent wait until some are to be received; then the whole transcript since reset is played, the new bytes at its end. The
    simulation is the same every time, so that its earlier answers stay true. Send much before receiving: every play starts from reset.

    late: in so many of 256 clocks the host has no byte to offer, and takes none. seed: of these gaps. folder: gets the transcript, the
    record and the logs. clocks: since reset, in which each byte came back. Raises MissingTool, and ToolFailed where the chip breaks the
    protocol of its pins or gives fewer bytes.
    """

    def __init__(self, package: ChipPackage, folder: Path | str, *, late: int = 0, seed: int = 1, timeout: float = 3600.0) -> None:
        if not 0 <= late <= 250:
            raise ConfigError("the share of late clocks is out of range", got=late, allowed="0 … 250 of 256")
        self.package = package
        self._folder = Path(folder).resolve()
        self._settings = {"late": str(late), "seed": str(seed)}
        self._limit = 20 * package.wave + 64 * package.byte_clocks + 1000 * (256 // (256 - late))
        self._timeout = timeout
        self._script: list[int] = []
        self._compiled: Path | None = None
        self._played = 0
        self._bytes = b""
        self._pins: list[tuple[bool, bool]] = []
        self.clocks: list[int] = []
        self._taken = 0

    def send(self, data: bytes) -> None:
        """See ``Transport``."""
        self._script += data

    def receive(self, count: int) -> bytes:
        """See ``Transport``."""
        if self._taken + count > len(self._bytes):
            self._play()
        if self._taken + count > len(self._bytes):
            got = f"{len(self._bytes) - self._taken} of {count}"
            raise ToolFailed("the chip gave fewer bytes than it should", got=got, next_step=f"read the record in {self._folder}")
        self._taken += count
        return self._bytes[self._taken - count : self._taken]

    def set_learn_enable(self, level: bool) -> None:
        """Set the pin, once the chip is not busy."""
        self._script.append(LEARN_ENABLE << 8 | int(level))

    def pins(self) -> tuple[bool, bool]:
        """Levels of ``busy`` and ``error``, once the chip is not busy."""
        self._script.append(PINS << 8)
        self._play()
        return self._pins[-1]

    @property
    def unread(self) -> int:
        """Bytes that the chip has given and nobody has received."""
        if len(self._script) > self._played:
            self._play()
        return len(self._bytes) - self._taken

    def _play(self) -> None:
        """The whole transcript from reset."""
        folder = self._folder
        folder.mkdir(parents=True, exist_ok=True)
        script, out = folder / "transcript.hex", folder / "record.txt"
        write_atomic(script, "".join(f"{word:03x}\n" for word in self._script))
        plusargs: dict[str, str | Path] = {"bytes": script.name, "out": out.name, **self._settings}
        self._compiled = simulate(
            (self.package.testbench, *self.package.sources),
            f"{self.package.top}_tb",
            folder,
            plusargs,
            [out],
            parameters={"LIMIT": self._limit},
            compiled=self._compiled,
            timeout=self._timeout,
        )
        rows = [row.split() for row in out.read_text(encoding="ascii").splitlines()]
        wrong = [row for row in rows if row[0] == "error"]
        if wrong or not rows or rows[-1] != ["end", str(len(self._script))]:
            got = " ".join(wrong[0][1:]) if wrong else "a record without an end"
            raise ToolFailed("the chip broke the protocol of its pins", got=got, next_step=f"read the record in {folder}")
        before = self._bytes
        self._bytes = bytes(int(row[1], 16) for row in rows if row[0] == "byte")
        self.clocks = [int(row[2]) for row in rows if row[0] == "byte"]
        self._pins = [(row[1] == "1", row[2] == "1") for row in rows if row[0] == "pins"]
        self._played = len(self._script)
        if self._bytes[: len(before)] != before:
            raise ToolFailed("the chip answered the same bytes in another way", got=folder)


def verify_chip(
    design: Design,
    inputs: NDArray[np.uint8],
    learn: Learn,
    folder: Path,
    package: ChipPackage,
    *,
    enable: Any = None,
    labels: Any = None,
    late: int = 0,
    seed: int = 1,
    engine: Engine | None = None,
) -> VerifyReport:
    """Load a Design's weights into its chip, play samples, read the weights back, and compare everything with an engine.

    Arguments as of ``Session.run``; late, seed: gaps of ``SimulatedChip``. package: of the same Design. Every winner, time and vote is
    compared, the weights before the first sample and after the last one, and the counters. A difference makes ``report.ok`` False; raises
    ConfigError, MissingTool, ToolFailed.
    """
    judge = engine or ReferenceEngine()
    asked = check_run(design.network, inputs, learn, enable, labels)
    if package.form.kind != "learning" and asked.learn.any():
        raise ConfigError(f"{package.form.kind} hardware does not learn", got="learning waves", allowed="learn=False")
    expected = judge.run(design, inputs, learn, enable=enable, labels=labels)
    chip = Chip(package, SimulatedChip(package, folder, late=late, seed=seed))
    learning = int(asked.learn.any(axis=1).sum())
    spikes = int((expected.outputs != NO_SPIKE).sum())
    try:
        found, values = _talk(chip, design, asked, expected)
    except (CheckFailed, DataError) as refused:
        found, values = Divergence(0, -1, "protocol", -1, -1, str(refused.allowed), str(refused.got)), 0
    return VerifyReport(found is None, "chip", design.name, judge.name, len(asked), learning, spikes, values, found)


def _talk(chip: Chip, design: Design, asked: Waves, expected: Trace) -> tuple[Divergence | None, int]:
    """The first difference and how many values were compared."""
    chained, count = chip.form.chain_bits > 0, len(asked)
    values = 0
    if chained:
        chip.write_weights(design)
        found, values = _compare_weights(design, chip.read_weights(design), 0)
        if found is not None:
            return found, values
    # A label of which nothing here learns is none.
    labels = None if asked.labels is None else np.where(asked.labels < chip.form.labels, asked.labels, -1)
    answers = chip.samples(asked.times, asked.learn, enable=asked.enable, labels=labels)
    found, more = _compare(answers, expected, count)
    values += more
    if found is None and chained:
        found, more = _compare_weights(expected.final, chip.read_weights(design), count - 1)
        values += more
    want, status = (count % 65536, int(asked.learn.any(axis=1).sum()) % 65536), chip.status()
    if found is None and (status.samples, status.learned) != want:
        got = f"{status.samples} samples, {status.learned} learned"
        found = Divergence(count - 1, -1, "protocol", -1, -1, f"{want[0]} samples, {want[1]} learned", got)
    return found, values


def _compare(answers: Answers, expected: Trace, waves: int) -> tuple[Divergence | None, int]:
    """The first answer that is not the engine's, and how many values were compared."""
    values = 0
    for n in range(waves):
        wrong = np.flatnonzero(answers.times[n] != expected.outputs[n])
        values += answers.times.shape[1] + 1
        if len(wrong):
            j = int(wrong[0])
            want, got = int(expected.outputs[n, j]), int(answers.times[n, j])
            return Divergence(n, min(want, got), "output", j, -1, time_text(want), time_text(got)), values
        if answers.winners[n] != expected.winners[n]:
            return Divergence(n, -1, "winner", -1, -1, str(expected.winners[n]), str(answers.winners[n])), values
        if answers.votes is not None and expected.votes is not None:
            values += answers.votes.shape[1]
            other = np.flatnonzero(answers.votes[n] != expected.votes[n])
            if len(other):
                c = int(other[0])
                return Divergence(n, -1, "votes", c, -1, str(expected.votes[n, c]), str(answers.votes[n, c])), values
    return None, values


def _compare_weights(want: Design, got: Design, wave: int) -> tuple[Divergence | None, int]:
    """All weights, after a wave."""
    ours, theirs = dict(want.state.arrays()), dict(got.state.arrays())
    values = 0
    for name, array in ours.items():
        if name.rpartition(".")[2] in ("distal", "proximal", "weights"):
            values += array.size
            wrong = np.argwhere(array != theirs[name])
            if len(wrong):
                place = tuple(wrong[0].tolist())
                where = f"{array[place]} of {name}{list(place)}"
                return Divergence(wave, -1, "weight", -1, -1, where, str(theirs[name][place])), values
    return None, values
