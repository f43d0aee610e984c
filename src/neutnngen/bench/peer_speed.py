"""Speed of other spiking simulators ("peers") on the work of the engine's benchmark: 784 inputs × 64 neurons, online STDP.

Every peer is installed once, at pinned versions, in an environment of its own in the user's cache folder, and runs as a script of its
own (folder ``peers``) in a process of its own on one thread. The neuron models and learning rules are the peers' own, so that the
figures compare costs of the same amount of learning, not equal results; each entry's note says what its run does and lacks.
"""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, MissingTool, NeutnngenError, ToolFailed, nearest
from neutnngen.files import write_atomic
from neutnngen.spec import NO_SPIKE
from neutnngen.tools.process import run_tool

SCRIPTS = Path(__file__).resolve().parent / "peers"
INPUTS = 784
STEPS = 16
"""Time steps of a wave: 8 input times and as many for the neurons to fire."""
STAMP = "ready.json"
INSTALL_SECONDS = 3600.0
RUN_SECONDS = 1800.0
OWN = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""Added to the environment: nothing of the caller's packages is seen, and no compiled files are left beside our scripts."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Peer:
    """A simulator: its name, its script and the packages of its environment, all at exact versions.

    packages: installed with what they require. alone: installed afterwards without what they require, where a package requires more
    than the run uses or another version than the one that works.
    """

    name: str
    script: Path
    packages: tuple[str, ...]
    alone: tuple[str, ...]


_BASE = ("torch==2.13.0", "numpy==2.4.6")

PEERS: dict[str, Peer] = {
    "bindsnet": Peer(
        "BindsNET",
        SCRIPTS / "bindsnet_stdp.py",
        (
            *_BASE,
            "ale-py==0.12.1",
            "gymnasium==1.4.0",
            "matplotlib==3.11.2",
            "opencv-python-headless==5.0.0.93",
            "pandas==3.1.1",
            "pillow==13.0.0",
            "requests==2.34.2",
            "scikit-image==0.26.0",
            "scikit-learn==1.9.1",
            "scipy==1.17.1",
            "tensorboardX==2.6.5",
            "tqdm==4.70.1",
        ),
        # It asks for a later PyTorch than the others, but runs with theirs. It imports torchvision for its data sets only; a release
        # whose own operators do not suit the installed PyTorch fails at import, except the ones before 0.16.
        ("bindsnet==0.3.4", "torchvision==0.15.2"),
    ),
    "spikingjelly": Peer(
        "SpikingJelly",
        SCRIPTS / "spikingjelly_stdp.py",
        (*_BASE, "loguru==0.7.3", "tensorboard==2.21.0", "tqdm==4.70.1"),
        ("spikingjelly==2.0.0",),
    ),
    "snntorch": Peer("snnTorch", SCRIPTS / "snntorch_stdp.py", (*_BASE, "snntorch==1.0.0"), ()),
    "norse": Peer("Norse", SCRIPTS / "norse_stdp.py", (*_BASE, "nir==1.0.8"), ("nirtorch==2.6", "norse==1.1.0")),
}


def peer_folder(folder: Path | None = None) -> Path:
    """The folder that holds the peers' environments: ``folder``, or ``neutnngen/peers`` in the user's cache folder."""
    if folder is not None:
        return folder
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "neutnngen" / "peers"


def _peer(name: str) -> Peer:
    if name not in PEERS:
        close = nearest(name, PEERS)
        raise ConfigError(
            "unknown peer", got=name, allowed=", ".join(PEERS), next_step=f"write {close}" if close else "choose one of the allowed names"
        )
    return PEERS[name]


def _python(home: Path) -> Path:
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _stamp(peer: Peer) -> str:
    """What an environment must have been made of to be used again."""
    made_of = {"python": platform.python_version(), "packages": peer.packages, "alone": peer.alone}
    return json.dumps(made_of, indent=2) + "\n"


def _ready(peer: Peer, home: Path) -> bool:
    """Whether the environment is complete, of these versions, and its interpreter still starts."""
    stamp = home / STAMP
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != _stamp(peer):
        return False
    try:
        run_tool([_python(home), "-c", "pass"], home, home / "start.log", 60.0, env=OWN)
    except (MissingTool, ToolFailed, OSError):
        return False
    return True


def prepare_peer(name: str, folder: Path | None = None, tell: Say | None = None) -> Path:
    """Make the peer's environment, unless a complete one is there, and return its Python.

    folder: see ``peer_folder``. tell: called with a line before the installation, which loads some hundred megabytes. What an
    interrupted or failed installation left is removed by the next one; its output stays in ``<name>.log`` in the folder.

    Raises ConfigError for an unknown name; ToolFailed, with the log, if the environment cannot be made or a package is not to be had.
    """
    peer = _peer(name)
    home = peer_folder(folder).resolve() / name
    python = _python(home)
    if _ready(peer, home):
        return python
    if tell is not None:
        tell(f"installing {peer.name} in {home} (once, some minutes)")
    log = home.with_suffix(".log")
    pip: list[str | Path] = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries", "2"]
    steps: list[list[str | Path]] = [[sys.executable, "-m", "venv", home], [*pip, *peer.packages]]
    if peer.alone:
        steps.append([*pip, "--no-deps", *peer.alone])
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        if home.exists():
            shutil.rmtree(home)
        for argv in steps:
            run_tool(argv, home.parent, log, INSTALL_SECONDS, env=OWN)
    except (NeutnngenError, OSError) as error:
        got = (error.got or error.what) if isinstance(error, NeutnngenError) else str(error)
        raise ToolFailed(
            f"{peer.name} could not be installed",
            got=got,
            allowed=", ".join((*peer.packages, *peer.alone)),
            next_step=f"read {log}; with a connection to the package index, start the benchmark again",
        ) from error
    write_atomic(home / STAMP, _stamp(peer))
    return python


def _check_work(waves: NDArray[np.uint8], rounds: int) -> None:
    """ConfigError unless the peers' scripts can take this work."""
    if waves.dtype != np.uint8 or waves.ndim != 2 or waves.shape[1] != INPUTS or not len(waves):
        raise ConfigError(
            "the peers take other waves", got=f"{waves.dtype} {waves.shape}", allowed=f"uint8 (wave, {INPUTS}), at least one wave"
        )
    late = waves[(waves >= STEPS) & (waves != NO_SPIKE)]
    if late.size:
        raise ConfigError("a spike time lies beyond the peers' last time step", got=int(late.max()), allowed=f"0 to {STEPS - 1}")
    if rounds < 1:
        raise ConfigError("too few rounds", got=rounds, allowed="at least 1")


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def _answer(peer: Peer, text: str, waves: int, rounds: int) -> dict[str, Any]:
    """The JSON object in what a script printed (its libraries may warn before and after), checked; ToolFailed if it is not right."""
    answer: Any = None
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            break
    if not isinstance(answer, dict):
        wrong = "no JSON object in its output"
    elif not all(isinstance(answer.get(key), str) for key in ("name", "version", "torch", "note")):
        wrong = "no name, version, torch version or note"
    elif answer.get("threads") != 1 or answer.get("waves") != waves:
        wrong = f"{answer.get('threads')} threads, {answer.get('waves')} waves"
    elif not isinstance(answer.get("seconds"), list) or len(answer["seconds"]) != rounds or not all(map(_positive, answer["seconds"])):
        wrong = f"seconds: {answer.get('seconds')}"
    elif not _positive(answer.get("mean_weight_change")):
        wrong = f"mean weight change {answer.get('mean_weight_change')}: nothing was learnt"
    else:
        return answer
    raise ToolFailed(
        f"the run of {peer.name} gave no usable result",
        got=wrong,
        allowed=f"one JSON object with {waves} waves on 1 thread, {rounds} positive seconds and a weight change above 0",
        next_step=f"read {peer.script}",
    )


def run_peer(name: str, waves: NDArray[np.uint8], rounds: int, folder: Path | None = None) -> dict[str, Any]:
    """Run the peer's script in its environment, which must be there, and return its JSON object.

    waves: spike times (wave, 784), 0 to 15 or 255 for no spike. rounds: passes over all waves that are timed, after one that warms
    up; the weights go on from round to round. The object holds, among others, version, torch (its version), seconds (one for each
    round), output_spikes_per_wave, mean_weight_change (in the peer's own unit) and note.

    Raises ConfigError for an unknown name or work that the peers cannot take; MissingTool if the environment is not there; ToolFailed
    if the script fails (its log stays in ``<name>-run.log`` in the folder) or its result is not usable.
    """
    peer = _peer(name)
    _check_work(waves, rounds)
    home = peer_folder(folder).resolve() / name
    log = home.parent / f"{name}-run.log"
    with tempfile.TemporaryDirectory(prefix="neutnngen-peer-") as scratch:
        path = Path(scratch) / "waves.npz"
        np.savez(path, waves=waves)
        try:
            run = run_tool(
                [_python(home), peer.script, path, str(rounds)],
                Path(scratch),
                log,
                RUN_SECONDS,
                env=OWN | ONE_THREAD,
                install=f"prepare_peer({name!r}) makes its environment",
            )
        except ToolFailed as error:
            raise ToolFailed(f"the run of {peer.name} failed", got=error.got, next_step=error.next_step) from error
    return _answer(peer, run.text(), len(waves), rounds)


def bench_peers(
    waves: NDArray[np.uint8],
    rounds: int = 5,
    names: Sequence[str] | None = None,
    folder: Path | None = None,
    tell: Say | None = None,
) -> list[dict[str, Any]]:
    """Install where needed and measure all peers, or those of ``names``, one after another; an entry for each, JSON values.

    waves, rounds: see ``run_peer``. tell: called with a line before every installation and run. An entry holds peer (its key), name,
    measured, samples_per_second (waves by the median round), median_seconds and what ``run_peer`` returns. A peer that could not be
    installed or run stays in the list, with measured false, samples_per_second None, the reason, and the error in full.

    Raises ConfigError for an unknown name or work that the peers cannot take.
    """
    _check_work(waves, rounds)
    peers = {name: _peer(name) for name in (PEERS if names is None else names)}
    entries = []
    for name, peer in peers.items():
        try:
            prepare_peer(name, folder, tell)
            if tell is not None:
                tell(f"running {peer.name}")
            result = run_peer(name, waves, rounds, folder)
        except (MissingTool, ToolFailed) as error:
            entries.append(
                {
                    "peer": name,
                    "name": peer.name,
                    "measured": False,
                    "samples_per_second": None,
                    "reason": error.what,
                    "error": error.as_dict(),
                }
            )
            continue
        median = statistics.median(result["seconds"])
        entries.append(
            {
                **result,
                "peer": name,
                "name": peer.name,
                "measured": True,
                "median_seconds": median,
                "samples_per_second": len(waves) / median,
            }
        )
    return entries
