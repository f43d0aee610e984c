"""The picture of a benchmark of the engines."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure

INK, BLUE, ORANGE = "#9aa0a6", "#0b6e99", "#c8641b"


def plot_engine(document: dict[str, Any]) -> bytes:
    """PNG of what ``bench_engine`` gives: ratios of the cases on the left, cost by number of synapses on the right."""
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    bars = [(f"{e['case']} ({label})", ratio, BLUE) for e in document["cases"] for label, ratio in e["ratio_to_yardstick"].items()]
    bars += [(f"784×64, online STDP, over {e['name']}", e["engine_ratio"], ORANGE) for e in document["peers"] if e["measured"]]
    names, ratios, colours = zip(*reversed(bars), strict=True)
    left.barh(names, ratios, color=colours)
    for place, ratio in enumerate(ratios):
        left.annotate(
            f"{ratio:,.0f}×" if ratio >= 100 else f"{ratio:.1f}×",
            (ratio, place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    left.set_xscale("log")
    left.set_xlim(1, 6 * max(ratios))
    left.set_xlabel("times as fast as the plain compiled loop" + (", or as a peer (orange)" if document["peers"] else ""))
    left.tick_params(axis="y", labelsize=8)
    sizes = [e["synapses"] for e in document["curve"]]
    for label, colour in (("yardstick", INK), ("compiled", BLUE)):
        costs = [e["microseconds_per_wave"][label] for e in document["curve"]]
        right.loglog(sizes, costs, "o-", color=colour, label=label)
    last = document["curve"][-1]
    line = [last["microseconds_per_wave"]["compiled"] * s / last["synapses"] for s in sizes]
    right.loglog(sizes, line, ":", color=BLUE, label="proportional to synapses")
    right.set_xlabel("synapses of the column")
    right.set_ylabel("µs per wave, online STDP")
    right.grid(alpha=0.3)
    right.legend()
    machine = document["machine"]
    figure.suptitle(f"{machine['cpu']}, one thread unless stated; medians of {document['rounds']} rounds", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()
