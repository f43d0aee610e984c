"""Checkpoints of a training run: weights, random state and position, so that a resumed run equals an uninterrupted one to the bit."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from neutnngen.errors import DataError
from neutnngen.files import write_atomic
from neutnngen.nn import Column

FORMAT = "neutnngen-checkpoint"
VERSION = "1.0"


@dataclass(frozen=True)
class Position:
    """Where a run stands: ``done`` waves of all epochs; what the present epoch has seen so far; the records of finished epochs.

    wins: per neuron, in the present epoch. epoch_weights: weights at its beginning, (neuron, input).
    """

    done: int
    wins: NDArray[np.int64]
    epoch_weights: NDArray[np.uint8]
    records: tuple[dict[str, float], ...] = ()


def run_key(column: Column, waves: NDArray[np.uint8], epochs: int, seed: int) -> str:
    """What makes two runs the same: structure, mask, waves, number of epochs and seed."""
    digest = hashlib.sha256(json.dumps([asdict(column.spec), epochs, seed, waves.shape], sort_keys=True).encode())
    digest.update(np.ascontiguousarray(waves).tobytes())
    digest.update(column.mask.numpy().tobytes())
    return digest.hexdigest()


def save_checkpoint(path: Path, key: str, column: Column, position: Position) -> None:
    """Write the checkpoint; a crash leaves the one before or this one."""
    header = {"format": FORMAT, "version": VERSION, "key": key, "done": position.done, "records": list(position.records)}
    buffer = io.BytesIO()
    np.savez(
        buffer,
        header=np.array(json.dumps(header)),
        weights=column.weights.numpy(),
        lfsr_state=np.uint64(int(column.lfsr_state)),
        wins=position.wins,
        epoch_weights=position.epoch_weights,
    )
    write_atomic(path, buffer.getvalue())


def load_checkpoint(path: Path, key: str, column: Column) -> Position | None:
    """Put ``column`` into the state of a checkpoint and return the position; None if there is no file.

    Raises DataError if the file is damaged or belongs to another run (other data, structure, epochs or seed).
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = json.loads(str(archive["header"]))
            weights, state = archive["weights"], int(archive["lfsr_state"])
            position = Position(int(header["done"]), archive["wins"], archive["epoch_weights"], tuple(header["records"]))
        if header["format"] != FORMAT or str(header["version"]).split(".")[0] != VERSION.split(".", maxsplit=1)[0]:
            raise ValueError(header["format"])
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"the checkpoint cannot be read: {error}", got=path, next_step=f"delete {path} to begin again") from None
    if header["key"] != key:
        raise DataError(
            "the checkpoint belongs to another run",
            got=path,
            allowed="the same data, structure, epochs and seed",
            next_step=f"delete {path} to begin again",
        )
    column.weights = torch.from_numpy(weights.copy())
    column.lfsr_state.fill_(state)
    return position
