"""The chip: a column or network behind two streams of bytes, as a second top beside the bare one, with its data sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.rtl.chip_protocol import PROTOCOL, STATUS_BYTES, ChipFormat, Code, Command, constant_status
from neutnngen.rtl.elaborate import TEST_HALF_PERIOD, RtlPackage, as_module
from neutnngen.rtl.network import NetworkPackage, build_rtl, network_from_image
from neutnngen.rtl.rings import Rings
from neutnngen.rtl.text import leaf_text, render
from neutnngen.rtl.words import Kind, joined
from neutnngen.spec import Design
from neutnngen.spec.schedule import layer_starts

CHIP_LEAVES = (
    "chip_bits", "chip_chain", "chip_clock", "chip_control", "chip_counter", "chip_index", "chip_label", "chip_lines", "chip_times",
)  # fmt: skip


@dataclass(frozen=True)
class ChipPackage:
    """Where the parts of a chip lie; as in ``RtlPackage``.

    bare: the package of the column or network inside. form: sizes in the chip's bytes. unit: clocks of a unit clock. turn: clocks after
    which weights that circulate are where they were, 1 if they stand still. reset_clocks: for which rst must be high.
    """

    bare: RtlPackage | NetworkPackage
    form: ChipFormat
    top: str
    sources: tuple[Path, ...]
    testbench: Path
    file_list: Path
    data_sheet: Path
    unit: int
    turn: int
    reset_clocks: int

    @property
    def folder(self) -> Path:
        """Holds everything."""
        return self.bare.folder

    @property
    def wave(self) -> int:
        """Clocks of a wave."""
        return self.bare.clocks

    @property
    def sample_clocks(self) -> tuple[int, int]:
        """Clocks of a sample, from its first byte to the last one of its answer, at the least and at the most, if the host is never late:
        a byte a clock in, at most a wave until the next one begins, the wave, a byte a clock out."""
        streams = 1 + self.form.payload + 1 + self.form.reply
        return streams + self.wave + 1, streams + 2 * self.wave

    @property
    def byte_clocks(self) -> int:
        """Clocks of a byte of weights: its bits, and what its hand-over costs until the chain is where it has to be again."""
        return 8 + self.turn

    @property
    def image_clocks(self) -> int:
        """Clocks to load or to read all weights, from the command to the last byte of its answer, at the most, if the host is never
        late."""
        return 3 + self.turn + self.form.image_bytes * self.byte_clocks

    def image(self, design: Design) -> list[int]:
        """The scan image of a Design's weights."""
        return self.bare.scan_image(design)

    def design_of(self, design: Design, image: Sequence[int]) -> Design:
        """``design`` with the weights of a scan image."""
        if not isinstance(self.bare, RtlPackage):
            return network_from_image(design, image)
        column = Design.of_column(design.name, design.column, self.bare.scan.weights(list(image)), design.mask, design.lfsr_state)
        return design.with_state(column.state)


def generate_chip(
    design: Design, folder: Path | str, *, clock_period: float = 10.0, kind: Kind = "learning", rings: Rings | None = None
) -> ChipPackage:
    """Write the RTL of a Design and the chip around it: ``<name>_chip.sv``, its leaves, ``chip.f``, test bench and ``DATASHEET.md``.

    Arguments as of ``generate_rtl`` and ``generate_network``; a voter's votes get a port of the network. Raises ConfigError as these do,
    and where the Design does not fit the chip's bytes.
    """
    design = as_module(design, CHIP_LEAVES)
    return _wrap(design, build_rtl(design, folder, clock_period=clock_period, kind=kind, rings=rings, votes=True), kind)


def _wrap(design: Design, bare: RtlPackage | NetworkPackage, kind: Kind) -> ChipPackage:
    """The chip around a package."""
    form = ChipFormat.of(design, kind, len(bare.scan_image(design)))
    for what, got, most in (
        ("input lines", form.inputs, 65535),
        ("output lines", form.outputs, 65535),
        ("classes of the label", form.labels, 254),
        ("classes of the voter", form.classes, 255),
    ):
        if got > most:
            raise ConfigError(f"the {what} do not fit the chip's bytes", got=got, allowed=f"at most {most}")
    rings = bare.rings
    target, top = bare.folder, f"{bare.top}_chip"
    names = [*(f"{leaf}.sv" for leaf in CHIP_LEAVES), *(path.name for path in bare.sources), f"{top}.sv"]
    package = ChipPackage(
        bare,
        form,
        top,
        tuple(target / name for name in names),
        target / f"{top}_tb.sv",
        target / "chip.f",
        target / "DATASHEET.md",
        bare.unit,
        1 if rings is None else rings.slots * rings.members,
        bare.reset_clocks,
    )
    context = _context(design, package)
    for leaf in CHIP_LEAVES:
        write_atomic(target / f"{leaf}.sv", leaf_text(leaf))
    write_atomic(package.sources[-1], render("chip.sv.j2", context))
    write_atomic(package.testbench, render("chip_testbench.sv.j2", context))
    write_atomic(package.file_list, "".join(f"{name}\n" for name in names))
    write_atomic(package.data_sheet, render("chip_datasheet.md.j2", {**context, **_facts(package)}))
    return package


def _context(design: Design, package: ChipPackage) -> dict[str, Any]:
    """What the templates of the chip print."""
    form, network = package.form, design.network
    starts = layer_starts(network)
    output_starts = [starts[n] for n in network.output_layers for _ in range(network.layers[n].lines)]
    count_w = max((package.wave // package.unit).bit_length(), 1)
    last = max(network.layers[n].column.last_time for n in network.output_layers)
    votes = [f"votes[{c * form.vote_w}+:{form.vote_w}]" for c in range(form.classes)]
    return {
        "name": package.bare.top,
        "form": form,
        "kind": form.kind,
        "learning": form.kind == "learning",
        "chained": form.chain_bits > 0,
        "inputs": form.inputs,
        "outputs": form.outputs,
        "stages": form.stages,
        "labels": form.labels,
        "enables": form.enables,
        "classes": form.classes,
        "vote_w": form.vote_w,
        "vote_bytes": form.vote_bytes,
        "winner_bytes": form.winner_bytes,
        "learn_bytes": form.learn_bytes,
        "enable_bytes": form.enable_bytes,
        "payload": form.payload,
        "reply": form.reply,
        "status_bytes": STATUS_BYTES,
        "status_index_w": (STATUS_BYTES - 1).bit_length(),
        "index_w": max(form.payload - 1, form.reply - 1, STATUS_BYTES - 1).bit_length(),
        "time_w": network.t_res,
        "count_w": count_w,
        "unit": package.unit,
        "turn": package.turn,
        "chain_bits": form.chain_bits,
        "reset_clocks": package.reset_clocks,
        "starts": sorted(set(output_starts)),
        "time_out_w": max(last.bit_length(), 1),
        "now": joined([f"since_{start}" for start in output_starts]),
        "result": joined(["number", *(f"{8 * form.vote_bytes}'({vote})" for vote in votes)]),
        "status": _status_words(form),
        "half_period": TEST_HALF_PERIOD,
        "what": _what(design),
        "synapses": design.synapses,
        "biased": any(layer.column.homeostasis is not None for layer in network.layers),
    }


def _what(design: Design) -> str:
    """The core in words."""
    network = design.network
    if network.classic is not None:
        return f"A {network.inputs}×{network.lines} column"
    voter = "" if network.voter is None else f", a voter of {network.voter.classes} classes"
    return f"A network of {network.inputs} inputs, {len(network.layers)} layers, {network.lines} output lines{voter}"


def _status_words(form: ChipFormat) -> list[str]:
    """Bytes of a status as SystemVerilog, the last one first."""
    live = {4: "6'd0, permit, loaded", 5: "5'd0, held", 6: "samples[7:0]", 7: "samples[15:8]", 8: "learned[7:0]", 9: "learned[15:8]"}
    words = live | {at: f"8'h{value:02x}" for at, value in constant_status(form).items()}
    return [words[at] for at in reversed(range(STATUS_BYTES))]


def _facts(package: ChipPackage) -> dict[str, Any]:
    """Numbers and names of the data sheet beside those of the templates."""
    constant = constant_status(package.form)
    fastest, slowest = package.sample_clocks
    period = package.bare.clock_period
    return {
        "package": package,
        "facts": constant,
        "transcript_status": " ".join(f"{constant.get(at, 2 if at == 4 else 0):02x}" for at in range(STATUS_BYTES)),
        "commands": {command.name: f"0x{command.value:02x}" for command in Command},
        "codes": {code.name: code.value for code in Code},
        "protocol": PROTOCOL,
        "period": period,
        "fastest": fastest,
        "slowest": slowest,
        "per_second": [round(1e9 / (clocks * period)) for clocks in (slowest, fastest)],
    }
