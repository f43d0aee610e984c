"""The picture of a benchmark of the engines."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure


def plot_engine(document: dict[str, Any]) -> bytes:
    """PNG of what ``bench_engine`` gives: ratios of the cases on the left, cost by number of synapses on the right."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    bars = [(f"{e['case']} ({label})", ratio) for e in document["cases"] for label, ratio in e["ratio_to_yardstick"].items()]
    names, ratios = zip(*reversed(bars), strict=True)
    left.barh(names, ratios, color="#0b6e99")
    for place, ratio in enumerate(ratios):
        left.annotate(f"{ratio:.1f}×", (ratio, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
    left.set_xlabel("times as fast as the plain compiled loop")
    left.tick_params(axis="y", labelsize=8)
    left.margins(x=0.15)
    for label, colour in (("yardstick", "#9aa0a6"), ("compiled", "#0b6e99")):
        sizes = [e["synapses"] for e in document["curve"]]
        right.loglog(sizes, [e["synapses_per_second"][label] for e in document["curve"]], "o-", color=colour, label=label)
    right.set_xlabel("synapses of the column")
    right.set_ylabel("synapses × waves per second, online STDP")
    right.grid(alpha=0.3)
    right.legend()
    machine = document["machine"]
    figure.suptitle(f"{machine['cpu']}, one thread unless stated; medians of {document['rounds']} rounds", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()
