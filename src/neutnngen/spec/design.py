"""A Design: structure, integer weights, masks, seeds and provenance; the only contract between the rooms.

On disk a Design is a folder with ``design.json`` (format and version, structure, provenance, checksum of the arrays) and ``design.npz``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, DataError
from neutnngen.files import write_atomic
from neutnngen.spec.column import ColumnSpec
from neutnngen.spec.network import NetworkSpec, as_network
from neutnngen.spec.serial import network_from_dict, plain
from neutnngen.spec.state import NetworkState, blank_layer, checked_state, state_from_arrays

FORMAT = "neutnngen-design"
VERSION = "2.2"
NAME_PATTERN = "letters, digits and '_', beginning with a letter"


@dataclass(frozen=True, eq=False)
class Design:
    """A network with its state, ready for any engine, RTL or flow.

    name: a legal module name. network: the structure. state: weights, masks, random states and biases with which the next wave starts.
    provenance: JSON values, free form. Raises ConfigError where the state does not fit the structure.
    """

    name: str
    network: NetworkSpec
    state: NetworkState
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.name.isidentifier() and self.name.isascii() and not self.name.startswith("_")):
            raise ConfigError("the design's name must be usable as a module name", got=self.name, allowed=NAME_PATTERN)
        object.__setattr__(self, "state", checked_state(self.network, self.state))

    @classmethod
    def of_column(
        cls,
        name: str,
        column: ColumnSpec,
        weights: NDArray[Any],
        mask: NDArray[Any],
        lfsr_state: int,
        provenance: dict[str, Any] | None = None,
    ) -> Design:
        """A classic column (rule C2). weights, mask: (neuron, input); lfsr_state: its random state."""
        network = as_network(column)
        shape = (column.neurons, column.inputs)
        for label, array in (("weights", weights), ("mask", mask)):
            if np.shape(array) != shape:
                raise ConfigError(f"the design's {label} have the wrong shape", got=np.shape(array), allowed=f"(neuron, input) = {shape}")
        if not 1 <= lfsr_state < 2**column.lfsr.width:
            raise ConfigError("the random state does not fit its register", got=lfsr_state, allowed=f"1 … 2^{column.lfsr.width} - 1")
        layer = network.layers[0]
        full = (1, *layer.column.distal_shape)
        made = dataclasses.replace(
            blank_layer(layer),
            distal=np.reshape(weights, full),
            distal_mask=np.reshape(mask, full),
            lfsr=np.array([lfsr_state], dtype=np.uint64),
        )
        return cls(name, network, NetworkState((made,)), dict(provenance or {}))

    @property
    def column(self) -> ColumnSpec:
        """The classic column that the Design is. Raises ConfigError if it is more than that."""
        column = self.network.classic
        if column is None:
            raise ConfigError(
                f"the Design {self.name!r} is more than one classic column, and this step takes only that yet",
                got=f"{len(self.network.layers)} layers, {sum(layer.columns for layer in self.network.layers)} columns",
                allowed="one column of one-segment neurons on all inputs, one winner (rule C2)",
            )
        return column

    @property
    def weights(self) -> NDArray[np.uint8]:
        """Of a classic column: (neuron, input)."""
        shape = (self.column.neurons, self.column.inputs)
        return self.state.layers[0].distal.reshape(shape)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Of a classic column: (neuron, input), False where the synapse was pruned."""
        return self.state.layers[0].distal_mask.reshape(self.weights.shape)

    @property
    def lfsr_state(self) -> int:
        """Of a classic column: the random state with which the next learning wave starts."""
        self.column  # noqa: B018 - refuses what is no classic column
        return int(self.state.layers[0].lfsr[0])

    @property
    def synapses(self) -> int:
        """Number of synapses that exist."""
        return sum(int(array.sum()) for name, array in self.state.arrays() if name.endswith("mask"))

    def with_state(self, state: NetworkState) -> Design:
        """The same Design in another state."""
        return dataclasses.replace(self, state=state)

    def fingerprint(self) -> str:
        """SHA-256 over everything that decides behaviour; provenance does not."""
        digest = hashlib.sha256()
        digest.update(json.dumps([self.name, plain(self.network)], sort_keys=True).encode())
        for name, array in self.state.arrays():
            digest.update(name.encode())
            digest.update(np.packbits(array).tobytes() if array.dtype == bool else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def save(self, folder: Path | str) -> Path:
        """Write the Design into ``folder`` (made if absent); a crash leaves either the old Design or the new one."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **dict(self.state.arrays()))  # type: ignore[arg-type]
        arrays = buffer.getvalue()
        document = {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "network": plain(self.network),
            "arrays": {"file": "design.npz", "sha256": hashlib.sha256(arrays).hexdigest()},
            "provenance": self.provenance,
        }
        write_atomic(target / "design.npz", arrays)
        write_atomic(target / "design.json", _readable(document) + "\n")
        return target


def _readable(document: dict[str, Any]) -> str:
    """JSON with an indent, but lists of numbers, such as the lines of a wiring, on one line each."""
    text = json.dumps(document, indent=2)
    return re.sub(r"\[\s+((?:-?[\d.]+,\s+)*-?[\d.]+)\s+\]", lambda found: "[" + " ".join(found.group(1).split()) + "]", text)


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
    if str(document.get("version", "")).split(".", 1)[0] != VERSION.split(".", 1)[0]:
        raise DataError(
            "the Design has a version that this release cannot read",
            got=document.get("version"),
            allowed=VERSION,
            next_step="train or export it again with this release",
        )
    try:
        network = network_from_dict(document["network"])
        archive = path.parent / document["arrays"]["file"]
        data = archive.read_bytes()
        if hashlib.sha256(data).hexdigest() != document["arrays"]["sha256"]:
            raise DataError("the Design's arrays do not match their checksum", got=archive, next_step="train or export it again")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            state = state_from_arrays(network, dict(arrays))
        return Design(document["name"], network, state, dict(document.get("provenance", {})))
    except (KeyError, TypeError, OSError, zipfile.BadZipFile, ValueError) as error:
        raise DataError(f"the Design is incomplete or damaged: {error!r}", got=path) from None
