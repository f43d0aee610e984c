"""Segments counted by weight: the sums by hand, and when they are chosen."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.rtl.counting import counted_segment, counts_are_smaller


def simulate(terms: list[tuple[str, int]], threshold: int, spikes: dict[str, int], clocks: int) -> list[bool]:
    """What the parts of a segment do, by their leaves' definitions."""
    made = counted_segment("s", terms, threshold, "fire")
    assert made is not None
    late = {part.ports["late"]: 0 for part in made.parts if part.module == "delayed_sum"}
    potential, fired = -threshold, []
    for t in range(clocks):
        value = {**late, "1'b0": 0}

        def read(name: str, value: dict[str, int] = value) -> int:
            return value[name.partition("[")[0]]

        after = {}
        for part in made.parts:
            if part.module == "bit_count":
                lines = part.ports["bits"].strip("{}").split(", ")
                value[part.ports["count"]] = sum(spikes[line] <= t for line in lines)
                assert part.parameters["BITS"] == len(lines)
            elif part.module == "adder":
                value[part.ports["sum"]] = read(part.ports["a"]) + read(part.ports["b"])
                assert part.parameters["A_W"] >= part.parameters["B_W"]
            elif part.module == "delayed_sum":
                after[part.ports["late"]] = read(part.ports["value"])
                assert after[part.ports["late"]] < 1 << part.parameters["WIDTH"]
            else:
                potential += read(part.ports["begun"]) - read(part.ports["ended"])
                width = part.parameters["WIDTH"]
                assert -(1 << (width - 1)) <= potential < 1 << (width - 1)
                fired.append(potential >= 0)
        late.update(after)
    return fired


@pytest.mark.parametrize("seed", range(20))
def test_the_counts_are_the_potential(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 8, int(rng.integers(1, 12)))
    weights[0] = 5
    terms = [(f"line{n}", int(w)) for n, w in enumerate(weights)]
    threshold = int(rng.integers(1, weights.sum() + 1))
    spikes = {name: int(rng.integers(0, 8)) if rng.random() < 0.8 else 99 for name, _ in terms}
    ramps = [sum(min(max(t - spikes[name] + 1, 0), w) for name, w in terms) for t in range(15)]  # rules S2, G1
    assert simulate(terms, threshold, spikes, 15) == [ramp >= threshold for ramp in ramps]


def test_a_segment_that_cannot_fire_has_no_parts() -> None:
    assert counted_segment("s", [("a", 3), ("b", 0)], 4, "fire") is None
    made = counted_segment("s", [("a", 3), ("b", 0)], 3, "fire")
    assert made is not None and not any("b" in part.ports.get("bits", "") for part in made.parts)


def test_counts_are_for_many_lines_and_few_segments() -> None:
    rng = np.random.default_rng(1)
    assert counts_are_smaller(rng.integers(0, 8, (2, 65)).tolist(), 65)
    assert not counts_are_smaller(rng.integers(0, 8, (4, 16)).tolist(), 16)
    assert not counts_are_smaller([[7]] * 40, 1)
