"""All engines give equal spike times, winners, votes, weights, random states and biases on random Designs (rule A2)."""

from __future__ import annotations

import typing
from collections import Counter

import numpy as np
import pytest

from neutnngen.engine import Engine, ReferenceEngine, get_engine
from neutnngen.engine.protocol import Trace
from neutnngen.spec import dendritic
from neutnngen.spec.column import StdpSpec
from random_designs import random_case

CASES, BLOCK = 2000, 100


def assert_equal(expected: Trace, got: Trace, what: str) -> None:
    for name in ("outputs", "winners", "votes"):
        a, b = getattr(expected, name), getattr(got, name)
        assert (a is None) == (b is None) and (a is None or (a.dtype == b.dtype and np.array_equal(a, b))), f"{what}: {name}"
    for n, (a, b) in enumerate(zip(expected.layers or (), got.layers or (), strict=True)):
        assert np.array_equal(a, b), f"{what}: layer {n}"
    for (name, a), (_, b) in zip(expected.final.state.arrays(), got.final.state.arrays(), strict=True):
        assert a.dtype == b.dtype and np.array_equal(a, b), f"{what}: {name}"


@pytest.fixture(scope="module")
def engines() -> list[Engine]:
    return [get_engine("compiled", threads=1), get_engine("torch")]


@pytest.mark.parametrize("block", range(CASES // BLOCK))
def test_random_designs(block: int, engines: list[Engine]) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        case = random_case(seed)
        before = case.design.fingerprint()
        arguments = {"enable": case.enable, "labels": case.labels, "keep_layers": True}
        expected = ReferenceEngine().run(case.design, case.waves, case.learn, **arguments)  # type: ignore[arg-type]
        for engine in engines:
            got = engine.run(case.design, case.waves, case.learn, **arguments)  # type: ignore[arg-type]
            assert_equal(expected, got, f"seed {seed}, {engine.name}")
        assert case.design.fingerprint() == before, "the Design that comes in is never changed"


def test_every_option_occurs_in_many_cases() -> None:
    seen = Counter(feature for seed in range(CASES) for feature in random_case(seed, count=1).features)
    words: dict[str, typing.Any] = {
        "proximal": typing.get_args(dendritic.ProximalMode),
        "inhibition": typing.get_args(dendritic.Inhibition),
        "sharing": typing.get_args(dendritic.Sharing),
        "voter sharing": typing.get_args(dendritic.Sharing),
        "stabiliser": typing.get_args(typing.get_type_hints(StdpSpec)["stabiliser"]),
        "response": ("rnl", "snl"),
        "tie": ("lowest_index", "largest_potential"),
        "output": ("neurons", "segments"),
        "wiring": ("dense", "field", "list"),
        "layers": (1, 2, 3),
        "dendrites": (1, 2),
        "read": ("votes", "potential"),
        "voter segments": (1, 2),
        **dict.fromkeys(("at_zero", "at_max"), (0, 1)),
        **dict.fromkeys(
            ("reward", "homeostasis", "taught", "base", "pruned", "corners", "outputs", "classic", "other proximal width"), (True, False)
        ),
    }
    for name, values in words.items():
        for value in values:
            assert seen[f"{name} {value}"] >= 50, f"{name} {value}"


@pytest.mark.parametrize("seed", range(20))
def test_pieces_of_a_run_are_the_run(seed: int) -> None:
    """A session that is fed in pieces ends where one run does, and states kept on the way are those of the pieces."""
    case = random_case(seed, count=9)
    engine = get_engine("compiled", threads=1)

    def part(rows: slice) -> dict[str, typing.Any]:
        return {"enable": None if case.enable is None else case.enable[rows], "labels": case.labels[rows]}

    whole = engine.run(case.design, case.waves, case.learn, **part(slice(None)), keep_states=True)
    session = engine.open(case.design)
    for rows in (slice(0, 4), slice(4, 4), slice(4, 9)):
        session.run(case.waves[rows], case.learn[rows], **part(rows))
        if rows.stop == 4 and whole.states is not None:
            assert session.state().equals(whole.states[3])
    assert session.design().fingerprint() == whole.final.fingerprint()
