"""The state of a run: which files there are, which numbers are known. Immutable; a step returns what it adds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from neutnngen.errors import DataError
from neutnngen.flow.metric import Metric, metric_from_dict


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class StateDelta:
    """What a step adds. files: name to a path in the step's own folder; summary: one line for people."""

    files: Mapping[str, Path] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True)
class State:
    """files: name to a path relative to the run folder, with '/' on every system. metrics: by name."""

    files: Mapping[str, PurePosixPath] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))
        object.__setattr__(self, "metrics", MappingProxyType(dict(self.metrics)))

    def with_files(self, files: Mapping[str, PurePosixPath], metrics: Mapping[str, Metric]) -> State:
        """A new state; what is named again is replaced."""
        return State({**self.files, **files}, {**self.metrics, **metrics})

    def as_dict(self) -> dict[str, Any]:
        return {
            "files": {name: str(path) for name, path in self.files.items()},
            "metrics": {name: metric.as_dict() for name, metric in self.metrics.items()},
        }


def state_from_dict(document: Any) -> State:
    """The inverse of :meth:`State.as_dict`. Raises DataError if the document is not that."""
    try:
        files = {str(name): PurePosixPath(path) for name, path in document["files"].items()}
        metrics = {str(name): metric_from_dict(name, value) for name, value in document["metrics"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the state cannot be read: {error!r}") from None
    if any(path.is_absolute() or ".." in path.parts for path in files.values()):
        raise DataError("the state names a file outside of the run folder")
    return State(files, metrics)
