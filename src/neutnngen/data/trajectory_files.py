"""One recording out of a .npz file or out of a wheel, compared with its checksum where one is known."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.data.checksums import verify
from neutnngen.data.packaged import is_wheel
from neutnngen.data.trajectory_sets import DISTRIBUTION, GET_IT, RECORD_AGAIN, RELEASE, KnownTrajectory, Trajectory, TrajectoryPlace
from neutnngen.data.transfer import LARGEST
from neutnngen.errors import DataError


def content_of(place: TrajectoryPlace) -> bytes:
    """The .npz file, compared with its checksum where one is known. Raises DataError where it differs or the wheel is damaged."""
    if is_wheel(place.file) and place.known is not None:
        data = from_wheel(place.file, place.known)
    else:
        try:
            data = place.file.read_bytes()
        except OSError as error:
            raise DataError(f"the file cannot be read: {error}", got=place.file, allowed="a .npz file with t and pos") from None
    if place.known is not None:
        require_published(place.known, data, str(place.file))
    else:
        verify([place.file])
    return data


def from_wheel(wheel: Path, known: KnownTrajectory) -> bytes:
    """The file of a recording in a wheel, as it is. Raises DataError where the wheel is damaged or lacks it."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(known.member).file_size > LARGEST:
                raise DataError("the file is too large for a data set", got=f"{known.member} in {wheel}", allowed=LARGEST)
            return archive.read(known.member)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"the package cannot be read: {error or type(error).__name__}",
            got=wheel,
            allowed=f"the wheel {DISTRIBUTION} {RELEASE}, with {known.member}",
            next_step=GET_IT,
        ) from None


def require_published(known: KnownTrajectory, data: bytes, where: str) -> None:
    """Raise DataError unless this is the file of the published recording."""
    found = hashlib.sha256(data).hexdigest()
    if found != known.sha256:
        raise DataError(
            f"this is not {known.name} as published: its SHA-256 differs",
            got=f"{found} of {where}",
            allowed=known.sha256,
            next_step=f"move it away and type: neutnngen data fetch {known.name}; or give its path, which is taken as it is",
        )


def parsed(data: bytes, place: TrajectoryPlace) -> Trajectory:
    """The recording in a .npz file. Raises DataError for one that is damaged, or without ``t`` and ``pos`` as real numbers."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            times, positions = (_real(arrays[key]) for key in ("t", "pos"))
            said = _real(arrays["size"]) if "size" in arrays else None
    except Exception as error:  # what a damaged file raises is anything
        raise DataError(
            f"the file holds no movement: {error or type(error).__name__}",
            got=place.file,
            allowed="a .npz file with t (sample,) and pos (sample, 2), both numbers",
            next_step=RECORD_AGAIN if place.known is None else GET_IT,
        ) from None
    times = times - times[0] if times.ndim == 1 and len(times) else times
    if place.known is not None:
        return Trajectory(place.name, times, positions, place.known.size, place.known.cite)
    if said is None and positions.ndim == 2 and len(positions) and np.isfinite(positions).all():
        positions = positions - positions.min(axis=0)
        said = positions.max(axis=0)
    size = (0.0, 0.0) if said is None or said.shape != (2,) else (float(said[0]), float(said[1]))
    return Trajectory(place.name, times, positions, size, "whoever recorded it")


def _real(array: Any) -> NDArray[np.float64]:
    if array.dtype.kind not in "fiu":
        raise TypeError(f"it holds {array.dtype}")
    return np.asarray(array, dtype=np.float64)
