"""Initial weights that segments copy from the first samples they see (rule R13), layer after layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.initial import Initial, sample_numbers, sample_weights
from neutnngen.engine import get_engine
from neutnngen.engine.checks import check_run
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, NetworkSpec
from neutnngen.train.checkpoint import digest_of


def sample_design(
    design: Design,
    waves: Any,
    *,
    labels: Any = None,
    enable: Any = None,
    layers: Sequence[int] | None = None,
    engine: str = "auto",
    device: Any = "cpu",
) -> Design:
    """A new Design whose ``layers`` (all of them if not given) have copied their first samples; the rule is in its provenance.

    waves: (wave, input) uint8. labels: (wave,) integers, if each neuron is to copy samples of its own class. enable: (wave, neuron) bool of
    rule P2; without it every neuron is enabled. The samples of a layer are what the layers before it, their weights copied already, make of
    the same waves without learning; only the waves that some segment copies are run. See ``sample_weights`` for the rule and its errors.
    """
    network = design.network
    chosen = sorted(set(range(len(network.layers)) if layers is None else layers))
    for n in chosen:
        if not 0 <= n < len(network.layers):
            raise ConfigError("there is no such layer", got=n, allowed=f"0 … {len(network.layers) - 1}")
    checked = check_run(network, waves, False, enable, labels)
    used = _waves_used(network, chosen, len(checked), checked.labels)
    times, classes = checked.times[used], None if checked.labels is None else checked.labels[used]
    given = None if enable is None or checked.enable is None else checked.enable[used]
    runner = get_engine(engine, device=device)
    state = design.state
    for n in chosen:
        before: tuple[NDArray[np.uint8], ...] = ()
        if n:
            before = runner.open(design.with_state(state)).run(times, enable=given, labels=classes, keep_layers=True).layers or ()
        state = sample_weights(network, state, n, [times, *before[:n]], classes).state
    rule = {
        "rule": "samples",
        "layers": chosen,
        "labelled": labels is not None,
        "weight": "w_max - floor(x * w_max / t_in_max)",
        "waves": used.tolist(),
        "sha256": digest_of([times]),
    }
    return Initial(state, rule).design(design)


def _waves_used(network: NetworkSpec, layers: list[int], count: int, labels: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Numbers of the waves that some segment copies, in order; among them the r-th of a class is still its r-th."""
    found = [sample_numbers(network.layers[n].column, count, labels).reshape(-1) for n in layers]
    return np.unique(np.concatenate(found)) if found else np.arange(0)
