"""Driver of a chip: samples, weights and status over whatever moves the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import CheckFailed
from neutnngen.rtl.chip import ChipPackage
from neutnngen.rtl.chip_protocol import (
    STATUS_BYTES,
    ChipFormat,
    Code,
    Command,
    Sample,
    SampleReply,
    Status,
    decode_sample,
    decode_status,
    encode_load,
    encode_sample,
    unpacked,
)
from neutnngen.spec import Design


class Transport(Protocol):
    """Moves bytes to a chip and back, in order; a serial line, a simulation."""

    def send(self, data: bytes) -> None:
        """Give bytes to the chip. It may return before the chip has taken them."""

    def receive(self, count: int) -> bytes:
        """The next ``count`` bytes that the chip gives; waits for them."""


@dataclass(frozen=True)
class Answers:
    """Of several samples. winners: (wave,) int32. times: (wave, output) uint8. votes: (wave, class) int32, None without a voter."""

    winners: NDArray[np.int32]
    times: NDArray[np.uint8]
    votes: NDArray[np.int32] | None


class Chip:
    """A chip at work. Every method raises CheckFailed where the chip answers with an error code."""

    def __init__(self, package: ChipPackage, transport: Transport) -> None:
        self.package = package
        self._transport = transport

    @property
    def form(self) -> ChipFormat:
        """Sizes in the chip's bytes."""
        return self.package.form

    def write_weights(self, design: Design) -> None:
        """Load a Design's weights. Random states stay as they are."""
        self._transport.send(encode_load(self.package.image(design)))
        self._expect_done("load")

    def read_weights(self, design: Design) -> Design:
        """``design`` with the weights of the chip, which keeps them."""
        self._transport.send(bytes([Command.READ]))
        self._expect_done("read")
        return self.package.design_of(design, unpacked(self._transport.receive(self.form.image_bytes), self.form.chain_bits))

    def infer(self, times: Any, *, enable: Any = None) -> Answers:
        """Samples without learning. times: (wave, input) uint8. enable: (wave, line) bool, all without it."""
        return self.samples(times, False, enable=enable)

    def learn(self, times: Any, *, enable: Any = None, labels: Any = None) -> Answers:
        """Samples from which every stage learns. labels: (wave,) classes, where the chip has a label byte."""
        return self.samples(times, True, enable=enable, labels=labels)

    def samples(self, times: Any, learn: Any, *, enable: Any = None, labels: Any = None) -> Answers:
        """Any samples, one after another; arguments as of ``Session.run``. All are sent before the first answer is read."""
        lines = np.asarray(times, dtype=np.uint8)
        count = len(lines)
        asked = np.asarray(learn, dtype=bool)
        stages = np.broadcast_to(asked[:, None] if asked.ndim == 1 else asked, (count, self.form.stages))
        for n in range(count):
            label = -1 if labels is None else int(labels[n])
            sample = Sample(lines[n], stages[n], label, None if enable is None else np.asarray(enable[n], dtype=bool))
            self._transport.send(encode_sample(self.form, sample))
        return self._joined([self._sample_reply() for _ in range(count)])

    def status(self) -> Status:
        """What the chip says of itself."""
        self._transport.send(bytes([Command.STATUS]))
        self._expect_done("status")
        return decode_status(self._transport.receive(STATUS_BYTES))

    def clear_error(self) -> None:
        """Make the pin ``error`` low and forget the sticky code."""
        self._transport.send(bytes([Command.CLEAR]))
        self._expect_done("clear")

    def _sample_reply(self) -> SampleReply:
        self._expect_done("sample")
        return decode_sample(self.form, self._transport.receive(self.form.reply))

    def _joined(self, replies: Sequence[SampleReply]) -> Answers:
        winners = np.array([reply.winner for reply in replies], dtype=np.int32)
        times = np.stack([reply.times for reply in replies]) if replies else np.zeros((0, self.form.outputs), dtype=np.uint8)
        votes = np.array([reply.votes for reply in replies], dtype=np.int32) if self.form.classes else None
        return Answers(winners, times, votes)

    def _expect_done(self, what: str) -> None:
        answer = self._transport.receive(1)[0]
        if answer != Code.DONE:
            got = Code(answer).name if answer in set(Code) else f"0x{answer:02x}, which is no code"
            raise CheckFailed(f"the chip refused a {what}", got=got, allowed="DONE", next_step="docs/chip.md, error codes")
