"""The bytes that a chip takes and gives (docs/chip.md); pure functions, for any way of moving bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import DataError
from neutnngen.rtl.voting import label_lines, vote_bits
from neutnngen.rtl.words import KINDS, Kind
from neutnngen.spec import Design

PROTOCOL = 1
"""Version of the protocol, byte 2 of a status."""
STATUS_BYTES = 28
NONE = 0xFF
"""No spike, no label; a winner of which every byte is this is none."""


class Command(IntEnum):
    """First byte of a command."""

    SAMPLE = 0x10
    LOAD = 0x20
    READ = 0x30
    STATUS = 0x40
    CLEAR = 0x50


class Code(IntEnum):
    """First byte of an answer, and the sticky error of a status."""

    DONE = 0
    UNKNOWN_COMMAND = 1
    OUT_OF_RANGE = 2
    NOT_LOADED = 3
    NO_WEIGHTS = 4


@dataclass(frozen=True)
class ChipFormat:
    """Sizes of everything in a chip's bytes.

    stages: parts that learn, a bit each. labels: classes of the label byte, 0 if a sample has none. enables: enable lines (rule P2).
    classes: of the voter, 0 without one. vote_w: bits of a class's votes. chain_bits: of the scan image, 0 for frozen weights.
    fingerprint: first four bytes of the Design's.
    """

    kind: Kind
    inputs: int
    outputs: int
    t_in_max: int
    stages: int
    labels: int
    enables: int
    classes: int
    vote_w: int
    chain_bits: int
    fingerprint: str

    @classmethod
    def of(cls, design: Design, kind: Kind, chain_bits: int) -> ChipFormat:
        """Sizes of a Design as hardware of a kind."""
        network = design.network
        return cls(
            kind,
            network.inputs,
            network.lines,
            network.t_in_max,
            network.stages,
            label_lines(network) if kind == "learning" else 0,
            network.enables,
            0 if network.voter is None else network.voter.classes,
            vote_bits(network),
            chain_bits,
            design.fingerprint()[:8],
        )

    @property
    def learn_bytes(self) -> int:
        """Bytes that say which stages learn; hardware that does not learn has one, which is 0."""
        return -(-self.stages // 8) if self.kind == "learning" else 1

    @property
    def enable_bytes(self) -> int:
        """Bytes of the enable lines."""
        return -(-self.enables // 8)

    @property
    def payload(self) -> int:
        """Bytes of a sample after its command."""
        return self.learn_bytes + self.inputs + (self.labels > 0) + self.enable_bytes

    @property
    def winner_bytes(self) -> int:
        """Bytes of the winner's number: all ones are left for none."""
        return -(-(self.classes or self.outputs).bit_length() // 8)

    @property
    def vote_bytes(self) -> int:
        """Bytes of the votes of a class."""
        return -(-self.vote_w // 8)

    @property
    def reply(self) -> int:
        """Bytes of a sample's answer after its code."""
        return self.winner_bytes + self.outputs + self.classes * self.vote_bytes

    @property
    def image_bytes(self) -> int:
        """Bytes of a scan image."""
        return -(-self.chain_bits // 8)


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample. times: (input,) uint8. learn: (stage,) bool. label: -1 for none. enable: (line,) bool; None where there are none."""

    times: NDArray[np.uint8]
    learn: NDArray[np.bool_]
    label: int = -1
    enable: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class SampleReply:
    """What a sample gave. winner: the voter's class, else the one line that spikes; -1 if none. times: (output,) uint8. votes: (class,)
    int32, None without a voter."""

    winner: int
    times: NDArray[np.uint8]
    votes: NDArray[np.int32] | None


@dataclass(frozen=True)
class Status:
    """What a chip says of itself. error: the first that failed since the last clearing. samples, learned: waves since reset modulo 65536,
    and those of them in which something learned. Sizes as in ``ChipFormat``."""

    protocol: int
    kind: str
    loaded: bool
    learn_enable: bool
    error: Code
    samples: int
    learned: int
    inputs: int
    outputs: int
    labels: int
    enables: int
    stages: int
    classes: int
    t_in_max: int
    chain_bits: int
    fingerprint: str


def packed(bits: Sequence[int] | NDArray[Any]) -> bytes:
    """Eight bits a byte, the first one lowest; what is left of the last byte is 0."""
    return np.packbits(np.asarray(bits, dtype=np.uint8), bitorder="little").tobytes()


def unpacked(data: bytes, count: int) -> list[int]:
    """The inverse: the first ``count`` bits."""
    return [int(bit) for bit in np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")[:count]]


def encode_sample(form: ChipFormat, sample: Sample) -> bytes:
    """The command of a sample. Nothing is checked: the chip does that."""
    parts = [bytes([Command.SAMPLE])]
    parts.append(packed(sample.learn) if form.kind == "learning" else bytes([int(np.any(sample.learn))]))
    parts.append(np.asarray(sample.times, dtype=np.uint8).tobytes())
    if form.labels:
        parts.append(bytes([NONE if sample.label < 0 else sample.label]))
    if form.enables:
        lines = np.ones(form.enables, dtype=bool) if sample.enable is None else sample.enable
        parts.append(packed(lines))
    return b"".join(parts)


def encode_load(image: Sequence[int]) -> bytes:
    """The command that loads a scan image."""
    return bytes([Command.LOAD]) + packed(image)


def decode_sample(form: ChipFormat, data: bytes) -> SampleReply:
    """The answer of a sample, after its code."""
    _expect(data, form.reply)
    number, rest = data[: form.winner_bytes], data[form.winner_bytes :]
    winner = -1 if set(number) == {NONE} else int.from_bytes(number, "little")
    times = np.frombuffer(rest[: form.outputs], dtype=np.uint8)
    if not form.classes:
        return SampleReply(winner, times, None)
    tally, size = rest[form.outputs :], form.vote_bytes
    votes = [int.from_bytes(tally[c * size : (c + 1) * size], "little") for c in range(form.classes)]
    return SampleReply(winner, times, np.array(votes, dtype=np.int32))


def constant_status(form: ChipFormat) -> dict[int, int]:
    """Bytes of a status that never change, by their place."""
    words = [(10, 2, form.inputs), (12, 2, form.outputs), (14, 1, form.labels), (15, 2, form.enables), (17, 1, form.stages)]
    words += [(18, 1, form.classes), (19, 1, form.t_in_max), (20, 4, form.chain_bits)]
    made = {0: ord("N"), 1: ord("T"), 2: PROTOCOL, 3: KINDS.index(form.kind)}
    for at, size, value in words:
        made |= {at + k: byte for k, byte in enumerate(value.to_bytes(size, "little"))}
    return made | {24 + k: byte for k, byte in enumerate(bytes.fromhex(form.fingerprint))}


def decode_status(data: bytes) -> Status:
    """A status, after its code. Raises DataError if it is not that of a chip of this protocol."""
    _expect(data, STATUS_BYTES)
    if data[:2] != b"NT" or data[2] != PROTOCOL:
        raise DataError("this is not a chip of the protocol", got=data[:3].hex(" "), allowed=f"4e 54 {PROTOCOL:02x}")

    def word(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "little")

    return Status(
        data[2],
        KINDS[data[3]],
        bool(data[4] & 1),
        bool(data[4] & 2),
        Code(data[5]),
        word(6, 2),
        word(8, 2),
        word(10, 2),
        word(12, 2),
        data[14],
        word(15, 2),
        data[17],
        data[18],
        data[19],
        word(20, 4),
        data[24:28].hex(),
    )


def _expect(data: bytes, count: int) -> None:
    if len(data) != count:
        raise DataError("the chip's answer has the wrong length", got=f"{len(data)} bytes", allowed=count)
