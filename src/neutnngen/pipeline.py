"""The stages of a run, one function each, as the commands call them; every stage reads and writes files of one run folder.

run folder/  design/  waves.npz  train.json   (train)
             rtl/                             (rtl)
             verify/                          (verify)
             layout/                          (layout)
             report.html                      (report)
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neutnngen import __version__
from neutnngen.apps.ucr.baselines import baseline
from neutnngen.apps.ucr.column import ColumnClustering
from neutnngen.apps.ucr.scores import Scores
from neutnngen.config import RunConfig
from neutnngen.data import SeriesSet, load_ucr
from neutnngen.errors import ConfigError, DataError, MissingTool, unknown_name
from neutnngen.files import write_arrays, write_atomic
from neutnngen.flow.backends.run import layout_folder, run_backend
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.layout import SOURCE
from neutnngen.flow.planted import Outcome, run_planted
from neutnngen.flow.runner import FlowResult, read_result
from neutnngen.flow.step import Progress as FlowProgress
from neutnngen.flow.steps.synth import by_modules, synthesise
from neutnngen.hierarchy.build import BuiltChip, build_chip
from neutnngen.hierarchy.part import first_columns, without_voter
from neutnngen.hierarchy.prove import prove_chip
from neutnngen.nn import Column
from neutnngen.pdk.kits import load_kit
from neutnngen.place_route.def_file import read_def
from neutnngen.report import Row, shown_unit
from neutnngen.report.run import RunFacts, run_report
from neutnngen.rtl import Rings, generate_rtl, open_rtl
from neutnngen.rtl.chip import generate_chip
from neutnngen.rtl.network import check_style, generate_network, open_network
from neutnngen.spec import Design, load_design
from neutnngen.train.online import Progress
from neutnngen.verify import Stimuli, VerifyReport, verify_rtl
from neutnngen.verify.chip import verify_chip
from neutnngen.verify.fast import verify_fast
from neutnngen.verify.formal import Netlist, Proof, prove_column
from neutnngen.verify.mutants import MutantResult, run_mutants
from neutnngen.verify.network import verify_network
from neutnngen.verify.waveform import record_wave
from neutnngen.verify.waveform_plot import plot_wave


@dataclass(frozen=True)
class TrainResult:
    """Scores are against the classes of the set; they played no part in training."""

    design: Design
    folder: Path
    set_name: str
    series: int
    silent: int
    groups: int
    column: Scores
    baselines: dict[str, Scores]
    seconds: float

    def score_rows(self) -> list[list[str]]:
        """Rows of the table that is printed: method, RI, ARI, NMI."""
        named = {"NeuTNN column": self.column, **self.baselines}
        return [[name, f"{s.rand:.4f}", f"{s.adjusted_rand:.4f}", f"{s.nmi:.4f}"] for name, s in named.items()]

    def summary(self) -> dict[str, Any]:
        return {
            "set": self.set_name,
            "series": self.series,
            "silent": self.silent,
            "groups": self.groups,
            "threshold": self.design.column.threshold,
            "synapses": self.design.synapses,
            "column": asdict(self.column),
            "baselines": {name: asdict(s) for name, s in self.baselines.items()},
            "seconds": self.seconds,
            "design": str(self.folder / "design"),
        }


def train_design(config: RunConfig, folder: Path, progress: Progress | None = None) -> TrainResult:
    """Load the set, encode it, train a column, score it beside k-means, and save Design, waves and scores into ``folder``."""
    start = time.perf_counter()
    data = load_ucr(config.data.set, config.data.folder)
    column, train = config.column, config.train
    estimator = ColumnClustering(
        clusters=data.classes if column.neurons is None else column.neurons,
        threshold=column.threshold,
        t_res=column.t_res,
        w_res=column.w_res,
        drop=column.drop,
        rank=column.rank,
        epochs=train.epochs,
        restarts=train.restarts,
        seed=train.seed,
        stdp=config.stdp,
        lfsr=config.lfsr,
        tie=column.tie,
    ).fit(data.values, progress)
    waves = estimator.encoder_.encode(data.values)
    groups = len(set(estimator.labels_.tolist()))
    kmeans = baseline("kmeans")
    prepared = kmeans.prepare(data.values)
    baselines = {
        f"k-means, k = {k}": Scores.of(data.labels, kmeans.fit(prepared, k, train.seed).labels) for k in sorted({data.classes, groups})
    }
    provenance = {
        "made_by": f"neutnngen {__version__}",
        "data": {"set": data.name, "source": data.source, "series": len(data.values), "classes": data.classes},
    }
    design = estimator.to_design(config.name, provenance)
    result = TrainResult(
        design,
        folder,
        data.name,
        len(data.values),
        int((estimator.labels_ < 0).sum()),
        groups,
        Scores.of(data.labels, estimator.labels_),
        baselines,
        time.perf_counter() - start,
    )
    save_waves(folder, waves, data, estimator.labels_)
    design.save(folder / "design")
    write_atomic(folder / "train.json", json.dumps(result.summary(), indent=2) + "\n")
    return result


def save_waves(folder: Path, waves: NDArray[np.uint8], data: SeriesSet, labels: NDArray[np.int64]) -> None:
    """The encoded series (wave, line), their classes and groups, for verification, power and the report."""
    write_arrays(folder / "waves.npz", waves=waves, classes=data.labels, groups=labels, values=data.values)


def load_waves(path: Path) -> NDArray[np.uint8]:
    """The waves of a run (its folder or its waves.npz): (wave, line) uint8."""
    file = path / "waves.npz" if path.is_dir() else path
    try:
        with np.load(file, allow_pickle=False) as archive:
            return np.asarray(archive["waves"], dtype=np.uint8)
    except FileNotFoundError:
        raise DataError(
            "there are no waves here", got=file, allowed="waves.npz of a training run", next_step="neutnngen train --help"
        ) from None
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"the waves cannot be read: {error}", got=file, allowed="an .npz file with an array 'waves'") from None


def find_design(path: Path) -> tuple[Design, Path]:
    """The Design in ``path`` (a Design's folder, or a run folder that holds one) and the run folder it belongs to."""
    inner = path / "design" / "design.json"
    if inner.is_file():
        return load_design(inner.parent), path
    return load_design(path), path.parent if path.is_dir() else path.parent.parent


def verification_waves(run_folder: Path, design: Design, waves: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """2 × ``waves`` real waves of the run in a fixed shuffled order (again from the start if the set is small), half of them learning.

    Learning and inferring waves are mixed, so that inference is seen after many different random states. Returns (2 × waves, line)
    times and (2 × waves,) learn.
    """
    stimuli = verification_stimuli(run_folder, design, waves)
    return stimuli.inputs, stimuli.learn


def verification_stimuli(run_folder: Path, design: Design, waves: int) -> Stimuli:
    """See ``verification_waves``; of a network that learns from labels also those of the run's waves (``classes``; without them labels go
    round), and the same as enable lines."""
    if waves < 1:
        raise ConfigError("the number of waves is out of range", got=waves, allowed="an integer ≥ 1")
    network, recorded = design.network, load_waves(run_folder)
    if recorded.shape[1] != network.inputs:
        raise DataError("the waves do not fit the Design", got=f"{recorded.shape[1]} lines", allowed=f"{network.inputs} lines")
    rng = np.random.default_rng(0)
    chosen = np.resize(rng.permutation(len(recorded)), 2 * waves)
    learn = rng.permutation(2 * waves) < waves
    if not (network.enables or any(network.needs_labels)):
        return Stimuli(recorded[chosen], learn)
    with np.load(run_folder / "waves.npz", allow_pickle=False) as archive:
        known = archive["classes"].astype(np.int64) if "classes" in archive else np.arange(len(recorded)) % _classes(design)
    labels = known[chosen] % _classes(design)
    return Stimuli(recorded[chosen], learn, labels[:, None] == np.arange(network.enables) if network.enables else None, labels)


def _classes(design: Design) -> int:
    """Labels that something in the Design can learn from."""
    network = design.network
    rewarded = [layer.column.segments for layer in network.layers if layer.column.reward]
    return max([network.enables, 0 if network.voter is None else network.voter.classes, *rewarded])


SIMULATORS = ("auto", "icarus", "verilator")
LARGE = 100_000
"""Synapses × waves from which on compiling the RTL is quicker than interpreting it."""


def verify_design(
    design: Design, run_folder: Path, waves: int, rtl: Path | None = None, simulator: str = "auto", *, rings: Rings | None = None
) -> VerifyReport:
    """Compare RTL (new, or the sources in ``rtl``) with the simulator on real waves; writes verify/verify.json.

    simulator: of the RTL: Icarus interprets it and the reference engine judges; Verilator compiles it and the compiled engine judges. auto:
    Verilator for large work where it is installed. rings: style of new RTL of a classic column.
    """
    if simulator not in SIMULATORS:
        raise unknown_name("there is no such simulator", simulator, SIMULATORS)
    stimuli = verification_stimuli(run_folder, design, waves)
    target = run_folder / "verify"
    start = time.perf_counter()
    large = 2 * waves * design.synapses >= LARGE
    compiled = simulator == "verilator" or (simulator == "auto" and large and shutil.which("verilator") is not None)
    inputs, learn, enable, labels = stimuli.inputs, stimuli.learn, stimuli.enable, stimuli.labels
    check_style(design, "learning", rings)
    if design.network.classic is not None:
        package = generate_rtl(design, target / "rtl", rings=rings) if rtl is None else open_rtl(design, rtl)
        check = verify_fast if compiled else verify_rtl
        report = check(design, inputs, learn, target, package=package)
    else:
        made = generate_network(design, target / "rtl") if rtl is None else open_network(design, rtl)
        verify = verify_fast if compiled else verify_network
        report = verify(design, inputs, learn, target, enable=enable, labels=labels, package=made)
    _write_report(report, design, target / "verify.json", time.perf_counter() - start)
    return report


def _write_report(report: VerifyReport, design: Design, path: Path, seconds: float) -> None:
    """What a verification found, as a file."""
    document = {
        "format": "neutnngen-verification",
        "version": "1.0",
        "design": design.fingerprint(),
        "ok": report.ok,
        "message": report.message,
        "waves": report.waves,
        "learning_waves": report.learning_waves,
        "spikes": report.spikes,
        "values": report.values,
        "seconds": seconds,
    }
    write_atomic(path, json.dumps(document, indent=2) + "\n")


def verify_design_chip(design: Design, run_folder: Path, waves: int, *, rings: Rings | None = None) -> VerifyReport:
    """Compare a newly written chip with the simulator on real waves, over its bytes; writes verify/chip/verify.json.

    The host is late in a quarter of all clocks. rings: style of the RTL of a classic column.
    """
    stimuli = verification_stimuli(run_folder, design, waves)
    target = run_folder / "verify" / "chip"
    start = time.perf_counter()
    package = generate_chip(design, target / "rtl", rings=rings)
    report = verify_chip(design, stimuli.inputs, stimuli.learn, target, package, enable=stimuli.enable, labels=stimuli.labels, late=64)
    _write_report(report, design, target / "verify.json", time.perf_counter() - start)
    return report


SHOWN_FROM = 512
"""Learning waves of which the one with the most cases of plasticity is drawn."""


def draw_waveform(design: Design, run_folder: Path, picture: Path) -> Path:
    """A picture of one wave that the Design learns in RTL, of ``SHOWN_FROM`` waves of the run, again from the start if it has fewer.

    Raises ConfigError if the Design is no classic column.
    """
    waves = np.resize(load_waves(run_folder), (SHOWN_FROM, design.column.inputs))
    return plot_wave(record_wave(design, waves, run_folder / "verify" / "waveform"), picture)


def check_mutants(design: Design, run_folder: Path, waves: int, *, rings: Rings | None = None) -> list[MutantResult]:
    """Every mutant of the design's RTL, of a style, on the verification's waves."""
    inputs, learn = verification_waves(run_folder, design, waves)
    return run_mutants(design, inputs, learn, run_folder / "verify" / "mutants", rings=rings)


def prove_design(
    design: Design,
    folder: Path,
    *,
    rtl: Path | None = None,
    rings: Rings | None = None,
    netlist: bool = True,
    timeout: float = 300.0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Proof], str]:
    """Proofs about a classic column's RTL (new, or the sources in ``rtl``) and about its mapped netlist; files go into ``folder``.

    rings: style of new RTL. netlist: synthesise and prove the netlist too. timeout: seconds of the solver for each proof. Also a note on
    what was left out: the netlist, where there is no process kit.
    """
    package = generate_rtl(design, folder / "rtl", rings=rings) if rtl is None else open_rtl(design, rtl)
    mapped, note = None, ""
    if netlist:
        try:
            shutil.rmtree(folder / "gates", ignore_errors=True)
            modular = by_modules(design, package.rings)
            made = synthesise(load_kit(), package.sources, package.top, folder / "gates", modular=modular)[0]
            mapped = Netlist(made, folder / "gates/synth/cells.lib")
        except MissingTool as missing:
            note = f"without the netlist: {missing.what}"
    return prove_column(design, folder, package=package, netlist=mapped, timeout=timeout, progress=progress), note


def layout_design(
    design: Design,
    run_folder: Path,
    config: LayoutConfig,
    progress: FlowProgress | None = None,
    *,
    stop_after: str | None = None,
    backend: str = "embedded",
) -> FlowResult:
    """RTL to checked layout in RUN/layout (of another back end: RUN/layout_NAME); goes on where an earlier run stopped.

    Real waves of the run give the switching activity. backend: one of ``flow.backends.run.BACKENDS``.
    """
    folder = layout_folder(run_folder, backend)
    real = verification_stimuli(run_folder, design, config.waves // 2)
    resume = f"neutnngen layout {run_folder}" + ("" if backend == "embedded" else f" --backend {backend}")
    return run_backend(
        backend,
        design,
        real.inputs,
        real.learn,
        config,
        folder,
        progress,
        stop_after=stop_after,
        resume_line=resume,
        enable=real.enable,
        labels=real.labels,
    )


def self_test_layout(run_folder: Path, config: LayoutConfig, progress: Callable[[int, int], None] | None = None) -> tuple[Outcome, ...]:
    """Plant faults in the finished layout of a run and let the checks find them; the files are in RUN/layout/self_test.

    Raises DataError if the run has no layout yet, and what :func:`run_planted` raises.
    """
    result = read_result(run_folder / "layout")
    if not {"def", "netlist"} <= result.state.files.keys():
        raise DataError("the run has no layout yet", got=run_folder, next_step=f"neutnngen layout {run_folder}")
    kit = load_kit(config.kit, config.kit_folder)
    block = read_def(result.path("def"), kit)
    return run_planted(block, result.path("netlist"), kit, result.run_folder / "self_test", seed=config.seed, progress=progress)


def find_gds(path: Path) -> Path:
    """The GDS file of a run, or ``path`` itself if it is a file."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise DataError("there is no such run or file", got=path, allowed="a run folder or a GDS file")
    result = read_result(path / "layout")
    if "gds" not in result.state.files:
        raise DataError("the run has no layout yet", got=path, next_step=f"neutnngen layout {path}")
    return result.path("gds")


PICTURES = (
    ("picture", "The routed layout, drawn from the GDSII file."),
    ("picture_zoom", "The middle of it, enlarged."),
    ("picture_floorplan", "Floorplan: rows, and ports on their sides."),
    ("picture_power_grid", "Power grid: rails along the rows and straps across them."),
    ("picture_cells", "Cells by what they are."),
    ("picture_clock_tree", "Clock tree: wires coloured by their level."),
    ("picture_path", "The longest path between registers."),
    ("ir_drop_map", "Voltage drop on the supplies at the measured power."),
)
TILES = (("cell_area", "cell area"), ("setup_slack", "setup slack"), ("total_power", "power"), ("drc_violations", "DRC violations"))


def write_report(run_folder: Path, design: Design, backend: str = "embedded") -> Path:
    """The HTML report of whatever stages the run has. Results of an earlier Design in the same folder are left out.

    backend: whose layout it shows.
    """
    layout = layout_folder(run_folder, backend)
    documents = {}
    for name in ("train.json", "verify/verify.json"):
        file = run_folder / name
        documents[name] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    if documents["verify/verify.json"] is not None and documents["verify/verify.json"]["design"] != design.fingerprint():
        documents["verify/verify.json"] = None
    facts = RunFacts(design, training=documents["train.json"], verification=documents["verify/verify.json"])
    if (run_folder / "waves.npz").is_file():
        with np.load(run_folder / "waves.npz", allow_pickle=False) as archive:
            waves, groups, values = archive["waves"], archive["groups"], archive["values"]
        outputs = Column.from_design(design).eval()(torch.from_numpy(waves)).numpy()
        facts = replace(facts, waves=waves, groups=groups, values=values, outputs=outputs)
    steps: list[tuple[str, float, str]] = []
    if facts.training is not None:
        steps.append(("train", float(facts.training["seconds"]), f"{facts.training['synapses']} synapses"))
    if facts.verification is not None:
        steps.append(("verify", float(facts.verification["seconds"]), "equal" if facts.verification["ok"] else "NOT EQUAL"))
    laid_out = layout / SOURCE / "design"
    if laid_out.is_dir() and load_design(laid_out).fingerprint() == design.fingerprint():
        result = read_result(layout)
        steps += [(step.name, step.seconds, step.summary) for step in result.steps]
        known = result.state.metrics
        figures = [Row(m.name.replace("_", " "), m.number(), shown_unit(m.unit), m.kind, m.source) for m in known.values()]
        tiles = [("synapses", str(design.synapses))]
        if facts.training is not None:
            tiles.append(("Rand index", f"{facts.training['column']['rand']:.3f}"))
        tiles += [(label, f"{known[name].number()} {shown_unit(known[name].unit)}".strip()) for name, label in TILES if name in known]
        pictures = [(result.path(name), caption) for name, caption in PICTURES if name in result.state.files]
        shown = (
            "gds",
            "oasis",
            "def",
            "lef",
            "netlist",
            "spef",
            "drc_report",
            "lvs_report",
            "lvs_devices_report",
            "deck_report",
            "timing_report",
            "power_report",
        )
        files = [(name, f"{layout.name}/{result.state.files[name]}") for name in shown if name in result.state.files]
        facts = replace(facts, figures=figures, tiles=tiles, pictures=pictures, files=files)
    facts = replace(facts, steps=steps)
    return write_atomic(run_folder / "report.html", run_report(facts, __version__))


def chip_of_macros(
    design: Design,
    run_folder: Path,
    config: LayoutConfig,
    out: Path | None,
    say: Callable[[str], None],
    *,
    columns: int | None = None,
    voter: bool = True,
    waves: int = 0,
) -> tuple[BuiltChip, VerifyReport | None]:
    """A network as copies of hard macros in ``out`` (RUN/chip); macros that are finished there are used again.

    columns: only the first so many, without the voter. voter: whether it is built. waves: half the real waves of the run, some of them
    learning ones, with which the column's power is measured and, of chips up to ``LARGE`` synapses, the chip's Verilog compared with the
    simulator; 0 for neither.
    """
    part = design if columns is None else first_columns(design, columns)
    part = part if voter else without_voter(part)
    folder = out or run_folder / "chip"
    if not waves:
        return build_chip(part, config, folder, say), None
    seen = verification_stimuli(run_folder, part, -(-waves // 2))
    built = build_chip(part, config, folder, say, waves=seen)
    if part.synapses > LARGE:
        return built, None
    say("prove")
    return built, prove_chip(part, built.chip, seen, folder / "prove")
