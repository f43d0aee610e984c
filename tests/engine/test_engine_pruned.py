"""Pruned Designs in the compiled engine: segments and lines that are left out change nothing (rule A2)."""

from __future__ import annotations

import numpy as np
import pytest
from test_engines_agree import assert_equal

from neutnngen.engine import get_engine
from neutnngen.engine.compact import Rows
from neutnngen.prune import Choice, kept, scored, with_masks
from neutnngen.spec import DendriticColumnSpec, Design, as_network, blank_state
from neutnngen.spec.state import state_from_arrays
from random_designs import random_case


@pytest.mark.parametrize(
    "choice", [Choice("segment", "layer"), Choice("input", "column"), Choice("dendrite", "layer"), Choice("synapse", "network")]
)
@pytest.mark.parametrize("block", range(2))
def test_random_designs(choice: Choice, block: int) -> None:
    """Half and nine tenths gone, whole structures at a time, learning and not."""
    for seed in range(25 * block, 25 * block + 25):
        case = random_case(seed)
        for keep in (0.5, 0.1):
            design = with_masks(case.design, kept(scored(case.design, "random", seed=seed), keep, choice))
            arguments = {"enable": case.enable, "labels": case.labels, "keep_layers": True}
            expected = get_engine("reference").run(design, case.waves, case.learn, **arguments)  # type: ignore[arg-type]
            got = get_engine("compiled", threads=1).run(design, case.waves, case.learn, **arguments)  # type: ignore[arg-type]
            assert_equal(expected, got, f"seed {seed}, keep {keep}")


def test_rows_by_hand() -> None:
    """Two dendrites of three segments, of which the first has lost its second one and the other all but its last."""
    spec = DendriticColumnSpec(2, 1, 1, dendrites=2, segments=3)
    state = blank_state(as_network(spec)).layers[0]
    mask = np.array([1, 0, 1, 0, 0, 1], dtype=bool)[:, None] * np.ones(2, dtype=bool)
    object.__setattr__(state, "distal_mask", mask.reshape(state.distal.shape))
    rows = Rows.of(spec, state)
    assert rows.names.tolist() == [[0, 2, 5]] and rows.starts.tolist() == [[0, 2, 3]]
    values = np.arange(12, dtype=np.uint8).reshape(1, 6, 2)
    assert rows.gather(values).tolist() == [[[0, 1], [4, 5], [10, 11]]]
    assert rows.scatter(rows.gather(values), 6)[0, :, 0].tolist() == [0, 0, 4, 0, 0, 10]


def test_several_threads_and_columns_of_unequal_size() -> None:
    rng = np.random.default_rng(0)
    spec = DendriticColumnSpec(40, 8, 6, dendrites=2, segments=32, tie="largest_potential", inhibition="one_largest_potential")
    network = as_network(spec)
    arrays = dict(blank_state(network).arrays())
    weights = rng.integers(1, 8, arrays["layer0.distal"].shape).astype(np.uint8)
    mask = (rng.random(weights.shape) < 0.2) & (rng.random(weights.shape[:-1]) < 0.3)[..., None]
    design = Design("d", network, state_from_arrays(network, arrays | {"layer0.distal": weights * mask, "layer0.distal_mask": mask}))
    waves = rng.integers(0, 8, (30, 40)).astype(np.uint8)
    learn = np.arange(30) >= 20
    expected = get_engine("torch").run(design, waves, learn, keep_layers=True)
    assert_equal(expected, get_engine("compiled").run(design, waves, learn, keep_layers=True), "large")
    assert (expected.outputs != 255).any()
