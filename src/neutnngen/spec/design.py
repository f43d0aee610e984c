"""A Design: structure, integer weights, masks, seeds and provenance; the only contract between the rooms.

On disk a Design is a folder with ``design.json`` (format and version, structure, provenance, checksum of the arrays) and ``design.npz``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, DataError, nearest
from neutnngen.spec.column import ColumnSpec, LfsrSpec, StdpSpec

FORMAT = "neutnngen-design"
VERSION = "1.0"
NAME_PATTERN = "letters, digits and '_', beginning with a letter"


@dataclass(frozen=True, eq=False)
class Design:
    """A column with its weights, ready for any engine, RTL or flow.

    weights: (neuron, input) uint8, 0 … w_max. mask: (neuron, input) bool, False where the synapse was pruned (rule S4; its weight is 0).
    lfsr_state: state of the random generator with which the next learning wave starts. provenance: JSON values, free form.
    """

    name: str
    column: ColumnSpec
    weights: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    lfsr_state: int
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.name.isidentifier() and self.name.isascii() and not self.name.startswith("_")):
            raise ConfigError("the design's name must be usable as a module name", got=self.name, allowed=NAME_PATTERN)
        shape = (self.column.neurons, self.column.inputs)
        weights = np.asarray(self.weights)
        mask = np.asarray(self.mask)
        for label, array in (("weights", weights), ("mask", mask)):
            if array.shape != shape:
                raise ConfigError(f"the design's {label} have the wrong shape", got=array.shape, allowed=f"(neuron, input) = {shape}")
        if not np.issubdtype(weights.dtype, np.integer):
            raise ConfigError("the design's weights must be integers (rule S1)", got=weights.dtype, allowed="an integer type")
        if weights.size and (int(weights.min()) < 0 or int(weights.max()) > self.column.w_max):
            got = f"{int(weights.min())} … {int(weights.max())}"
            raise ConfigError("a weight is out of range (rule S1)", got=got, allowed=f"0 … {self.column.w_max}")
        mask = mask.astype(bool)
        if bool((weights[~mask] != 0).any()):
            raise ConfigError("a pruned synapse carries a weight (rule S4)", allowed="weight 0 wherever the mask is False")
        if not 1 <= self.lfsr_state < 2**self.column.lfsr.width:
            raise ConfigError(
                "the random state does not fit its register", got=self.lfsr_state, allowed=f"1 … 2^{self.column.lfsr.width} - 1"
            )
        object.__setattr__(self, "weights", weights.astype(np.uint8))
        object.__setattr__(self, "mask", mask)

    @property
    def synapses(self) -> int:
        """Number of synapses that exist."""
        return int(self.mask.sum())

    def fingerprint(self) -> str:
        """SHA-256 over everything that decides behaviour; provenance does not."""
        digest = hashlib.sha256()
        digest.update(json.dumps([self.name, dataclasses.asdict(self.column), self.lfsr_state], sort_keys=True).encode())
        digest.update(self.weights.tobytes())
        digest.update(np.packbits(self.mask).tobytes())
        return digest.hexdigest()

    def save(self, folder: Path | str) -> Path:
        """Write the Design into ``folder`` (made if absent); a crash leaves either the old Design or the new one."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, weights=self.weights, mask=self.mask)
        arrays = buffer.getvalue()
        document = {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "column": dataclasses.asdict(self.column),
            "lfsr_state": self.lfsr_state,
            "arrays": {"file": "design.npz", "sha256": hashlib.sha256(arrays).hexdigest()},
            "provenance": self.provenance,
        }
        for name, data in (("design.npz", arrays), ("design.json", (json.dumps(document, indent=2) + "\n").encode())):
            scratch = target / (name + ".tmp")
            scratch.write_bytes(data)
            scratch.replace(target / name)
        return target


def load_design(folder: Path | str) -> Design:
    """Read a Design from its folder (or from the path of its ``design.json``).

    Raises DataError if the files are missing or damaged, ConfigError if their content is not legal.
    """
    path = Path(folder)
    if path.is_dir():
        path = path / "design.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            "there is no Design here", got=path, allowed="a folder with design.json", next_step="neutnngen train --help"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"the Design cannot be read: {error}", got=path, allowed="JSON written by neutnngen") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DataError("the file is not a Design", got=path, allowed=f'"format": "{FORMAT}"')
    major = str(document.get("version", "")).split(".", 1)[0]
    if major != VERSION.split(".", 1)[0]:
        raise DataError("the Design has a version that this release cannot read", got=document.get("version"), allowed=VERSION)
    try:
        column = column_from_dict(document["column"])
        archive = path.parent / document["arrays"]["file"]
        data = archive.read_bytes()
        if hashlib.sha256(data).hexdigest() != document["arrays"]["sha256"]:
            raise DataError("the Design's arrays do not match their checksum", got=archive, next_step="train or export it again")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            weights, mask = arrays["weights"], arrays["mask"]
        return Design(document["name"], column, weights, mask, int(document["lfsr_state"]), dict(document.get("provenance", {})))
    except (KeyError, TypeError, OSError, zipfile.BadZipFile, ValueError) as error:
        raise DataError(f"the Design is incomplete or damaged: {error!r}", got=path) from None


def column_from_dict(values: dict[str, Any]) -> ColumnSpec:
    """A ColumnSpec from plain values; an unknown key is an error that names the nearest legal one."""
    nested = {"stdp": StdpSpec, "lfsr": LfsrSpec}
    arguments = dict(values)
    for key, kind in nested.items():
        if isinstance(arguments.get(key), dict):
            inner = arguments[key]
            check_keys(f"column.{key}", inner, [f.name for f in dataclasses.fields(kind)])
            arguments[key] = kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in inner.items()})
    check_keys("column", arguments, [f.name for f in dataclasses.fields(ColumnSpec)])
    return ColumnSpec(**arguments)


def check_keys(where: str, values: dict[str, Any], legal: list[str]) -> None:
    """Raise ConfigError for the first key of ``values`` that is not ``legal``."""
    for key in values:
        if key not in legal:
            close = nearest(key, legal)
            raise ConfigError(
                f"unknown key in [{where}]",
                got=key,
                allowed=", ".join(legal),
                next_step=f"did you mean {close!r}?" if close else None,
            )
