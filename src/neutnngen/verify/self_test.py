"""Does the verification notice? Small networks that together use every rule, and their RTL made wrong in one thing at a time.

Each mutant is one wrong thing: a line of a leaf, a weight, a threshold, a seed, a tie rule, a clock. It is caught if the comparison with
the simulator says no on at least one of the networks that have what it breaks. A check that misses one checks too little.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, ToolFailed
from neutnngen.files import write_atomic
from neutnngen.rtl.network import NetworkPackage, generate_network
from neutnngen.rtl.words import Kind
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    DenseWiring,
    Design,
    HomeostasisSpec,
    LayerSpec,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    StdpSpec,
    VoterSpec,
    blank_state,
)
from neutnngen.verify.compare import VerifyReport
from neutnngen.verify.mutants import MUTANTS as COLUMN_MUTANTS
from neutnngen.verify.mutants import Mutant
from neutnngen.verify.network import verify_network

WAVES = 64
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Subject:
    """A small network and what it is run on, as in ``Session.run``."""

    design: Design
    inputs: NDArray[np.uint8]
    learn: NDArray[np.bool_]
    enable: NDArray[np.bool_] | None
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Trial:
    """One wrong thing. rule: what it breaks. subjects: names of the networks that should show it. line: a wrong line of a leaf; or change:
    of the Design that the RTL is made of, while the simulator keeps the right one. kind: of the hardware."""

    name: str
    rule: str
    subjects: tuple[str, ...]
    line: Mutant | None = None
    change: Callable[[Design], Design] | None = None
    kind: Kind = "learning"


@dataclass(frozen=True)
class TrialOutcome:
    """caught: the check said no. missed: it said yes on every subject. invalid: it did not compile or run, which proves nothing."""

    mutant: Trial
    outcome: Literal["caught", "missed", "invalid"]
    detail: str


# --- subjects ---------------------------------------------------------------------------------------------------------------------------

OFTEN = StdpSpec(700, 700, 300, 700, 400)
RARER = dataclasses.replace(OFTEN, mu_capture=640)


def _columns() -> Iterator[tuple[str, NetworkSpec]]:
    """One column each."""

    def alone(**options: Any) -> NetworkSpec:
        spec = DendriticColumnSpec(6, **{"stdp": OFTEN, "lfsr": ColumnSpec(1, 1, 1).lfsr, **options})
        near = DenseWiring(spec.proximal.inputs, 6) if spec.proximal.inputs else None
        return NetworkSpec(6 + spec.proximal.inputs, (LayerSpec(spec, DenseWiring(6), near),))

    yield "classic", alone(neurons=1, threshold=9, segments=3, output="segments")
    yield "classic_largest", alone(neurons=1, threshold=9, segments=3, output="segments", tie="largest_potential")
    yield (
        "steps",
        alone(neurons=1, threshold=9, segments=3, output="segments", response="snl", stdp=dataclasses.replace(OFTEN, stabiliser="classic")),
    )
    yield "never_searches", alone(neurons=1, threshold=9, segments=3, output="segments", stdp=dataclasses.replace(OFTEN, mu_search=0))
    yield "dendrites", alone(neurons=2, threshold=9, dendrites=2, segments=2)
    yield "sum", alone(neurons=2, threshold=9, dendrites=2, segments=2, proximal=ProximalSpec("sum", 2, 2))
    yield "taught", alone(neurons=2, threshold=9, dendrites=2, segments=2, proximal=ProximalSpec("sum", 2, 3), teacher=1)
    yield "enable", alone(neurons=3, threshold=9, segments=2, proximal=ProximalSpec("enable"))
    yield "soma", alone(neurons=2, threshold=9, segments=2, proximal=ProximalSpec("soma", 2, 3, 2, 3, 4, 3, 3))
    yield "lowest", alone(neurons=4, threshold=6, inhibition="one_lowest_index")
    yield "largest", alone(neurons=4, threshold=6, inhibition="one_largest_potential")
    yield "k_earliest", alone(neurons=4, threshold=6, inhibition="k_earliest", k=2)
    yield "reward", alone(neurons=1, threshold=9, segments=3, output="segments", reward=True)
    yield "homeostasis", alone(neurons=2, threshold=6, segments=3, homeostasis=HomeostasisSpec(1, 3, 2, 7), sharing="line")


def _many_lines() -> NetworkSpec:
    """A column that is counted by weight when it is frozen."""
    spec = DendriticColumnSpec(40, 1, 30, segments=2, output="segments", stdp=OFTEN)
    return NetworkSpec(40, (LayerSpec(spec, DenseWiring(40)),))


def _networks() -> Iterator[tuple[str, NetworkSpec]]:
    yield from _columns()
    yield "many_lines", _many_lines()
    first = LayerSpec(ColumnSpec(4, 3, 5, stdp=OFTEN), DenseWiring(4, columns=2))  # type: ignore[arg-type]
    second = LayerSpec(DendriticColumnSpec(6, 2, 4, t_res=2, segments=2, stdp=OFTEN), DenseWiring(6, 4))
    skips = LayerSpec(DendriticColumnSpec(12, 2, 6, segments=2, stdp=OFTEN), DenseWiring(12))
    yield "layers", NetworkSpec(4, (first, second, skips), outputs=(1, 2))
    yield "votes", NetworkSpec(4, (first,), voter=VoterSpec(3))
    yield "potential", NetworkSpec(4, (first,), voter=VoterSpec(3, 5, 2, read="potential", segments=2, margin=9))


def subjects(seed: int = 0) -> dict[str, Subject]:
    """The networks by name, with random weights and waves of which most learn."""
    made = {}
    for number, (name, network) in enumerate(_networks()):
        rng = np.random.default_rng([seed, number])
        state = blank_state(network)
        layers = []
        for layer, one in zip(network.layers, state.layers, strict=True):
            spec = layer.column
            kept = rng.random(one.distal.shape) < 0.9
            distal = (rng.integers(0, spec.w_max + 1, one.distal.shape) * kept).astype(np.uint8)
            proximal = rng.integers(0, spec.proximal_w_max + 1, one.proximal.shape).astype(np.uint8)
            layers.append(dataclasses.replace(one, distal=distal, distal_mask=kept, proximal=proximal))
        voter = state.voter
        if voter is not None and network.voter is not None:
            voter = dataclasses.replace(voter, weights=rng.integers(0, network.voter.w_max + 1, voter.weights.shape).astype(np.uint8))
        inputs = rng.integers(0, network.t_in_max + 1, (WAVES, network.inputs)).astype(np.uint8)
        inputs[rng.random(inputs.shape) < 0.25] = NO_SPIKE
        enable = rng.random((WAVES, network.enables)) < 0.6 if network.enables else None
        learn = np.repeat(rng.random((WAVES, 1)) < 0.8, network.stages, axis=1)
        learn[0] = True  # the first draws of the register are 0, which no probability of 0 includes
        made[name] = Subject(
            Design(f"test_{name}", network, NetworkState(tuple(layers), voter)), inputs, learn, enable, rng.integers(0, 3, WAVES)
        )
    return made


# --- mutants ----------------------------------------------------------------------------------------------------------------------------


def _layer_change(**changes: Callable[[LayerSpec], Any]) -> Callable[[Design], Design]:
    """A change of the first layer's column."""

    def change(design: Design) -> Design:
        layer = design.network.layers[0]
        column = dataclasses.replace(layer.column, **{name: value(layer) for name, value in changes.items()})
        layers = (dataclasses.replace(layer, column=column), *design.network.layers[1:])
        return dataclasses.replace(design, network=dataclasses.replace(design.network, layers=layers))

    return change


def _state_change(name: str, value: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Design], Design]:
    """A change of an array of the first layer's state."""

    def change(design: Design) -> Design:
        first, *rest = design.state.layers
        changed = dataclasses.replace(first, **{name: value(getattr(first, name).copy())})
        return design.with_state(dataclasses.replace(design.state, layers=(changed, *rest)))

    return change


def _one_weight_up(weights: NDArray[Any]) -> NDArray[Any]:
    place = np.unravel_index(int(weights.argmax()), weights.shape)
    weights[place] = weights[place] - 1
    return weights


DENDRITES = ("dendrites", "sum", "taught")
CLASSIC = ("classic", "classic_largest", "steps")
ONE = ("classic",)
COUNTED = ("many_lines",)


def _line(subjects: tuple[str, ...], *words: str, kind: Kind = "learning") -> Trial:
    """A trial of a line of a leaf; words as of ``Mutant``."""
    line = Mutant(*words)
    return Trial(line.name, line.rule, subjects, line, kind=kind)


def _known(name: str, subjects: tuple[str, ...]) -> Trial:
    """A trial of a mutant of classic columns."""
    line = next(one for one in COLUMN_MUTANTS if one.name == name)
    return Trial(name, line.rule, subjects, line)


MUTANTS: tuple[Trial, ...] = (
    _known("wave_one_clock_short", ONE),
    _known("state_not_cleared", ONE),
    _known("nine_steps_per_draw", ONE),
    _known("wrong_tap", ONE),
    _known("limit_included", ("never_searches",)),
    _known("minus_and_backoff_swapped", CLASSIC),
    _known("age_wraps", ONE),
    _known("late_spikes_count_as_early", CLASSIC),
    _known("ramp_compares_or_equal", ONE),
    _line(("steps",), "step_without_arrival", "synapse_response.sv", "weight & {TERM_W{remaining[0]}}", "weight", "S3"),
    _known("search_does_not_saturate", CLASSIC),
    _known("losers_learn_as_winner", CLASSIC),
    _known("losers_fall_too", CLASSIC),
    _known("no_borrow", CLASSIC),
    _known("capture_without_order", CLASSIC),
    _known("minus_for_early", CLASSIC),
    _known("no_minimum_going_up", CLASSIC),
    _known("stabiliser_ignored_going_down", CLASSIC),
    _known("falls_below_zero", CLASSIC),
    _known("search_without_spike", CLASSIC),
    _line(("reward",), "wrong_winner_is_not_punished", "plasticity_line.sv", "(early & reverse) | ", "", "R9"),
    _known("threshold_exceeded", ONE),
    _known("one_input_missing", ONE),
    _known("potential_kept", ONE),
    _known("highest_index_wins", ("classic", "dendrites")),
    _known("losers_fire_too", ("classic", "dendrites")),
    _line(DENDRITES, "winner_is_not_held", "winner_select.sv", "HOLD == 0 || !decided", "1'b1", "D1"),
    _line(DENDRITES, "order_is_not_held", "early_register.sv", "if (!decided)", "if (1'b1)", "R2"),
    _line(DENDRITES, "later_neurons_pass", "neuron_inhibition.sv", "if (passed == {NEURONS{1'b0}}) passed", "passed", "C1"),
    _line(("k_earliest",), "more_than_k_pass", "neuron_inhibition.sv", "& (count[j] < COUNT_W'(K))", "", "C1"),
    _line(("soma",), "soma_one_clock_late", "soma.sv", "now_near + now_far", "now_near + ramp_far", "P3"),
    _line(("layers",), "spikes_after_the_window", "line_gate.sv", "line & (open | kept)", "line", "T4"),
    _line(("layers",), "delayed_line_not_cleared", "line_delay.sv", "clear ? 1'b0 : line", "held[0] | line", "T5"),
    _line(("homeostasis", "votes"), "sets_of_bits_too_short", "random_sets.sv", "PLACE_W'(SIZE - 1)", "PLACE_W'(SIZE - 2)", "R8"),
    _line(("homeostasis",), "biases_never_fall", "homeostasis.sv", "fall ? BETA : 0", "fall ? 0 : 0", "R12"),
    _line(("homeostasis",), "bias_unbounded", "homeostasis.sv", "(sum < 0) ? {BIAS_W{1'b0}} : ", "", "R12"),
    _line(("homeostasis",), "falls_too_often", "fall_counter.sv", "&learned;", "|learned;", "R12"),
    _line(("homeostasis",), "bias_without_effect", "biased_neuron.sv", " + COMPARE_W'(bias)", "", "R12"),
    _line(("potential",), "voter_misses_a_line", "voter_row.sv", "for (n = 0; n", "for (n = 4; n", "R14"),
    _line(("potential",), "silent_lines_learn", "voter_row.sv", "down & spike[i] & (|weight)", "down & (|weight)", "R14"),
    _line(("potential",), "rival_may_be_the_label", "voter_compare.sv", "learns & rival[k]", "learns & first[k]", "R14"),
    _line(
        ("votes",),
        "bar_of_a_vote_excluded",
        "voter_line.sv",
        "PRODUCT_W'(BOTTOM) >= bar);\n                wire",
        "PRODUCT_W'(BOTTOM) > bar);\n                wire",
        "R10",
    ),
    _line(("votes",), "backoff_for_backoff_simple", "voter_line.sv", "voted[c] & minus", "voted[c] & backoff", "R10"),
    _line(("votes",), "last_of_equal_classes", "voter_tally.sv", "] > most", "] >= most", "R10"),
    _line(COUNTED, "counts_are_not_cleared", "delayed_sum.sv", "value & {WIDTH{~clear}}", "value", "T5", kind="frozen"),
    _line(
        COUNTED, "threshold_less_one", "ramp_potential.sv", "(1 << WIDTH) - THRESHOLD", "(1 << WIDTH) + 1 - THRESHOLD", "G1", kind="frozen"
    ),
    _line(COUNTED, "one_line_is_not_counted", "bit_count.sv", ".ci(bits[BITS-1])", ".ci(1'b0)", "G1", kind="frozen"),
    _line(COUNTED, "ramps_never_end", "ramp_potential.sv", ".b(~ended)", ".b({RISE_W{1'b1}})", "S2", kind="frozen"),
    Trial("a_weight_off_by_one", "R13", ("classic", "dendrites", "sum"), change=_state_change("distal", _one_weight_up), kind="frozen"),
    Trial("threshold_off_by_one", "G1", ("classic", "dendrites"), change=_layer_change(threshold=lambda layer: layer.column.threshold + 1)),
    Trial("another_seed", "R7", ("classic", "dendrites"), change=_state_change("lfsr", lambda seeds: seeds ^ np.uint64(2))),
    Trial("another_tie_rule", "D1", ("classic_largest",), change=_layer_change(tie=lambda layer: "lowest_index")),
    Trial("another_inhibition", "C1", ("largest",), change=_layer_change(inhibition=lambda layer: "one_lowest_index")),
    Trial(
        "another_probability",
        "R1",
        CLASSIC,
        change=_layer_change(stdp=lambda layer: dataclasses.replace(layer.column.stdp, mu_capture=640)),
    ),
    Trial("not_taught", "R15", ("taught",), change=_layer_change(teacher=lambda layer: None)),
)


def run_self_test(folder: Path, progress: Progress | None = None) -> list[TrialOutcome]:
    """First every subject as it is, which must be equal, then every mutant. progress: done and in all.

    Raises ConfigError where a subject differs as it is: then the RTL is wrong, and mutants prove nothing.
    """
    known = subjects()
    for name, subject in known.items():
        report = _verify(subject, folder / name, generate_network(subject.design, folder / name / "rtl"))
        if not report.ok:
            raise ConfigError("the RTL is not the simulator, even as it is", got=report.message, next_step="neutnngen verify --help")
    outcomes = []
    for mutant in MUTANTS:
        outcomes.append(_try(mutant, known, folder / mutant.name))
        if progress is not None:
            progress(len(outcomes), len(MUTANTS))
    return outcomes


def _try(mutant: Trial, known: dict[str, Subject], folder: Path) -> TrialOutcome:
    problem = ""
    for name in mutant.subjects:
        subject = known[name]
        package = mutated(mutant, subject.design, folder / name / "rtl")
        if mutant.kind != "learning":
            subject = dataclasses.replace(subject, learn=np.zeros_like(subject.learn))
        try:
            report = _verify(subject, folder / name, package)
        except ToolFailed as error:
            problem = error.what
            continue
        if not report.ok:
            return TrialOutcome(mutant, "caught", f"{name}: {report.divergence}")
    return TrialOutcome(mutant, "invalid" if problem else "missed", problem or f"equal on {', '.join(mutant.subjects)}")


def mutated(mutant: Trial, design: Design, folder: Path) -> NetworkPackage:
    """The RTL with the mutant's one wrong thing. Raises ConfigError unless the text that it changes occurs exactly once."""
    package = generate_network(design if mutant.change is None else mutant.change(design), folder, kind=mutant.kind)
    if mutant.line is not None:
        path = package.folder / mutant.line.file
        write_atomic(path, mutant.line.applied(path.read_text(encoding="utf-8")))
    return package


def _verify(subject: Subject, folder: Path, package: NetworkPackage) -> VerifyReport:
    return verify_network(
        subject.design, subject.inputs, subject.learn, folder, enable=subject.enable, labels=subject.labels, package=package
    )
