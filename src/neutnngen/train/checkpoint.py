"""Checkpoints of a training run: everything that a resumed run needs to equal an uninterrupted one to the bit.

A file is one line (format, version, SHA-256 of the rest) and an npz archive: the header as JSON, the network's state, the weights at the
beginning of the present pass and its tallies.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import DataError
from neutnngen.files import write_atomic
from neutnngen.spec import Design, NetworkState, plain
from neutnngen.spec.state import state_from_arrays
from neutnngen.train.records import EpochRecord, Tally

FORMAT = "neutnngen-checkpoint"
VERSION = "2.0"
STATE = "initial state"


@dataclass(frozen=True, eq=False)
class Position:
    """Where a run stands, between two waves.

    done: waves of all passes. state: of the network. begin: weights of the learning stages when the present pass began, named as in
    ``NetworkState.arrays``. tallies: one of each learning stage of the present pass. records: of finished passes.
    """

    done: int
    state: NetworkState
    begin: dict[str, NDArray[np.uint8]]
    tallies: tuple[Tally, ...]
    records: tuple[EpochRecord, ...] = ()


def digest_of(arrays: Iterable[NDArray[Any]]) -> str:
    """SHA-256 over types, shapes and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def state_digest(state: NetworkState) -> str:
    """Of everything that a state carries but its masks."""
    return digest_of(array for name, array in state.arrays() if not name.endswith("mask"))


def run_identity(
    design: Design,
    waves: NDArray[np.uint8],
    labels: NDArray[np.int64] | None,
    enable: NDArray[np.bool_] | None,
    settings: dict[str, Any],
) -> dict[str, str]:
    """What makes two runs the same, by the name under which a difference is told. settings: epochs, order, seed, plan."""
    return {
        "data": digest_of([waves]),
        "labels": digest_of([] if labels is None else [labels]),
        "enable": digest_of([] if enable is None else [enable]),
        "structure": hashlib.sha256(json.dumps(plain(design.network), sort_keys=True).encode()).hexdigest(),
        "masks": digest_of(array for name, array in design.state.arrays() if name.endswith("mask")),
        STATE: state_digest(design.state),
        **{name: str(value) for name, value in settings.items()},
    }


def save_checkpoint(path: Path, identity: dict[str, str], position: Position) -> None:
    """Write the checkpoint; a crash leaves the one before or this one."""
    header = {
        "identity": identity,
        "done": position.done,
        "tallies": [[tally.fired, tally.correct] for tally in position.tallies],
        "records": [asdict(record) for record in position.records],
    }
    arrays: dict[str, Any] = {"header": np.array(json.dumps(header))}
    arrays |= {f"state.{name}": array for name, array in position.state.arrays()}
    arrays |= {f"begin.{name}": array for name, array in position.begin.items()}
    arrays |= {f"wins.{n}": tally.wins for n, tally in enumerate(position.tallies)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    content = buffer.getvalue()
    write_atomic(path, f"{FORMAT} {VERSION} {hashlib.sha256(content).hexdigest()}\n".encode() + content)


def load_checkpoint(path: Path, identity: dict[str, str], design: Design) -> Position | None:
    """The position of a checkpoint, None if there is no file.

    design: with which the run is called; its state may be that of the run's beginning or, after an interruption that left it there, that
    of the checkpoint. Raises DataError if the file is damaged or belongs to another run; the message names what differs.
    """
    if path.is_dir():
        raise DataError("the checkpoint is a folder", got=path, allowed="a file, there or not", next_step="name a file in it")
    if not path.is_file():
        return None
    try:
        arrays = _read(path)
        header = json.loads(str(arrays["header"]))
        theirs = dict(header["identity"])
        different = sorted(name for name in identity.keys() | theirs.keys() if identity.get(name) != theirs.get(name))
        position = None if set(different) - {STATE} else _position(design, header, arrays)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the checkpoint cannot be read: {error}",
            got=path,
            allowed=f"a whole file of {FORMAT} {VERSION}",
            next_step=f"delete {path} to begin again",
        ) from None
    if position is None or (different and identity[STATE] != state_digest(position.state)):
        raise DataError(
            f"the checkpoint belongs to another run: not the same {', '.join(different)}",
            got=path,
            allowed=f"the same {', '.join(sorted(identity))}",
            next_step=f"call it as before to go on, or delete {path} to begin again",
        )
    return position


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file; ValueError where it is not whole."""
    line, _, content = path.read_bytes().partition(b"\n")
    words = line[:200].decode("ascii", "replace").split(" ")
    if len(words) != 3 or words[0] != FORMAT:
        raise ValueError("it is no checkpoint")
    if words[1].split(".", maxsplit=1)[0] != VERSION.split(".", maxsplit=1)[0]:
        raise ValueError(f"it has version {words[1]}")
    if hashlib.sha256(content).hexdigest() != words[2]:
        raise ValueError("its content does not match its checksum")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)


def _position(design: Design, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Position:
    def part(prefix: str) -> dict[str, NDArray[Any]]:
        return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

    wins = part("wins.")
    return Position(
        int(header["done"]),
        design.with_state(state_from_arrays(design.network, part("state."))).state,
        part("begin."),
        tuple(Tally(fired, wins[str(n)], correct) for n, (fired, correct) in enumerate(header["tallies"])),
        tuple(EpochRecord(**record) for record in header["records"]),
    )
