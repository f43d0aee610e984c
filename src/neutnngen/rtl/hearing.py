"""Lines as their readers hear them (rules T4, L2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from neutnngen.spec import NetworkSpec
from neutnngen.spec.schedule import heard_from


def hear(
    network: NetworkSpec, lines: Sequence[int], starts: Sequence[int], start: int, t_in_max: int, reader: str
) -> Iterator[dict[str, Any]]:
    """Lines as a reader hears them that begins at clock ``start`` (rule T4): late where it waits for others, silent after its window."""
    offsets = np.array(network.line_offsets)
    for line in lines:
        source = int(np.searchsorted(offsets, line, side="right")) - 1
        place = line - int(offsets[source])
        wire = f"spike_in[{place}]" if source == 0 else f"lines_{source - 1}[{place}]"
        delay = start - (0 if source == 0 else heard_from(network, starts, source - 1))
        name = f"heard_{reader}_{line}"
        latest = network.t_in_max if source == 0 else network.layers[source - 1].column.last_time - network.layers[source - 1].rebase
        yield {
            "number": line,
            "name": name,
            "source": wire,
            "delay": delay,
            "through": f"{name}_late" if delay else wire,
            "gated": latest > t_in_max,
        }
