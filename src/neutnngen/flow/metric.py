"""Numbers that a run reports: each with unit, source and the kind of knowledge it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from neutnngen.errors import DataError

Kind = Literal["MEASURED", "SYNTHESIS", "ESTIMATED", "FORECAST"]
Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Metric:
    """One number. kind: MEASURED is post-layout; source: the step or tool it comes from; better: the direction of progress, if any."""

    name: str
    value: float
    unit: str
    kind: Kind
    source: str
    better: Better | None = None

    def number(self) -> str:
        """The value as it is printed."""
        if isinstance(self.value, int) or abs(self.value) >= 1000:
            return f"{round(self.value):,}"
        return f"{self.value:.4g}"

    def text(self) -> str:
        """The number as it is printed: value, unit and kind."""
        return " ".join(part for part in (self.number(), self.unit, f"({self.kind})") if part)

    def as_dict(self) -> dict[str, Any]:
        return {"value": self.value, "unit": self.unit, "kind": self.kind, "source": self.source, "better": self.better}


def metric_from_dict(name: str, document: Any) -> Metric:
    """The inverse of :meth:`Metric.as_dict`. Raises DataError if the document is not that."""
    try:
        value, kind, better = document["value"], document["kind"], document["better"]
        legal = isinstance(value, int | float) and kind in get_args(Kind) and (better is None or better in get_args(Better))
        if not legal or not isinstance(document["unit"], str) or not isinstance(document["source"], str):
            raise ValueError(document)
        return Metric(name, value, document["unit"], kind, document["source"], better)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"the metric {name} cannot be read: {error!r}") from None


def metrics(kind: Kind, source: str, *rows: tuple[str, float, str, Better | None]) -> dict[str, Metric]:
    """Metrics of one step by name, from rows (name, value, unit, better)."""
    return {name: Metric(name, value, unit, kind, source, better) for name, value, unit, better in rows}
