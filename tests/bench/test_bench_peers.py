"""Running other simulators: what is kept of an installation, how results are read, and that no failure is silent. Peers are fakes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neutnngen.bench import peer_speed
from neutnngen.bench.peer_speed import INPUTS, PEERS, STAMP, STEPS, Peer, bench_peers, peer_folder, prepare_peer, run_peer
from neutnngen.bench.peers import peer_work
from neutnngen.errors import ConfigError, MissingTool, ToolFailed
from neutnngen.tools.process import ToolRun, run_tool

WAVES = np.full((4, INPUTS), 3, dtype=np.uint8)
GOOD = """
import json, sys
import numpy as np
waves = np.load(sys.argv[1])["waves"]
rounds = int(sys.argv[2])
print("a library greets")
result = dict(name="fake", version="1.2", torch="2.13.0", threads=1, waves=len(waves), seconds=[2.0, 1.0, 4.0][:rounds],
              output_spikes_per_wave=1.0, mean_weight_change=0.1, note="a fake")
result |= {CHANGES}
print(json.dumps(result))
print("a library warns", file=sys.stderr)
"""

AddPeer = Callable[..., str]


@pytest.fixture
def add_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddPeer:
    """Adds a fake peer with this script, ready to run by the Python of the tests in the folder ``tmp_path / "peers"``."""

    def add(name: str = "fake", script: str = GOOD.replace("CHANGES", ""), ready: bool = True) -> str:
        file = tmp_path / f"{name}.py"
        file.write_text(script)
        peer = Peer(name.title(), file, ("no-such==1.0",), ("alone==2.0",))
        monkeypatch.setitem(PEERS, name, peer)
        if ready:
            make_environment(tmp_path / "peers" / name)
            (tmp_path / "peers" / name / STAMP).write_text(peer_speed._stamp(peer))
        return name

    return add


def make_environment(home: Path) -> None:
    python = home / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Replaces what makes environments and installs packages; holds the commands."""
    commands: list[list[str]] = []

    def fake(argv: Any, cwd: Path, log: Path, timeout: float, **rest: Any) -> ToolRun:
        words = [str(word) for word in argv]
        if "venv" not in words and "pip" not in words:
            return run_tool(argv, cwd, log, timeout, **rest)
        commands.append(words)
        if "venv" in words:
            assert not Path(words[-1]).exists()
            make_environment(Path(words[-1]))
        return ToolRun(tuple(words), 0, log, 0.0)

    monkeypatch.setattr(peer_speed, "run_tool", fake)
    return commands


def test_figures_and_notes_reach_the_entry(tmp_path: Path, add_peer: AddPeer) -> None:
    said: list[str] = []
    (entry,) = bench_peers(WAVES, 3, [add_peer()], tmp_path / "peers", said.append)
    assert entry["measured"] is True and entry["peer"] == "fake" and entry["name"] == "Fake" and entry["version"] == "1.2"
    assert entry["seconds"] == [2.0, 1.0, 4.0] and entry["median_seconds"] == 2.0 and entry["samples_per_second"] == 4 / 2.0
    assert entry["note"] == "a fake" and said == ["running Fake"]
    assert json.loads(json.dumps(entry)) == entry


def test_a_failing_script_is_named_with_what_it_said(tmp_path: Path, add_peer: AddPeer) -> None:
    name = add_peer(script="raise SystemExit('fake 9 does not work as this script uses it')")
    with pytest.raises(ToolFailed, match="the run of Fake failed") as error:
        run_peer(name, WAVES, 3, tmp_path / "peers")
    assert "fake 9 does not work as this script uses it" in str(error.value)
    assert (tmp_path / "peers" / "fake-run.log").is_file()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ("dict(seconds=[1.0])", "seconds"),
        ("dict(seconds=[1.0, 0.0, 1.0])", "seconds"),
        ("dict(seconds=[1.0, float('nan'), 1.0])", "seconds"),
        ("dict(mean_weight_change=0.0)", "nothing was learnt"),
        ("dict(threads=2)", "2 threads"),
        ("dict(waves=3)", "3 waves"),
        ("dict(note=None)", "note"),
    ],
)
def test_a_result_that_is_not_usable_is_refused(tmp_path: Path, add_peer: AddPeer, changes: str, word: str) -> None:
    name = add_peer(script=GOOD.replace("{CHANGES}", changes))
    with pytest.raises(ToolFailed, match="no usable result") as error:
        run_peer(name, WAVES, 3, tmp_path / "peers")
    assert error.value.got is not None and word in error.value.got


def test_output_without_json(tmp_path: Path, add_peer: AddPeer) -> None:
    with pytest.raises(ToolFailed, match="no usable result"):
        run_peer(add_peer(script="print('{half')"), WAVES, 3, tmp_path / "peers")


def test_a_complete_environment_is_used_again(tmp_path: Path, add_peer: AddPeer, installs: list[list[str]]) -> None:
    python = prepare_peer(add_peer(), tmp_path / "peers")
    assert python == tmp_path / "peers" / "fake" / "bin" / "python" and not installs


def test_installation_pins_and_leaves_a_stamp(tmp_path: Path, add_peer: AddPeer, installs: list[list[str]]) -> None:
    name = add_peer(ready=False)
    said: list[str] = []
    prepare_peer(name, tmp_path / "peers", said.append)
    assert len(said) == 1 and "installing Fake" in said[0]
    venv, packages, alone = installs
    assert venv[:3] == [sys.executable, "-m", "venv"]
    assert packages[-1] == "no-such==1.0" and "--no-deps" not in packages
    assert alone[-2:] == ["--no-deps", "alone==2.0"]
    prepare_peer(name, tmp_path / "peers")
    assert len(installs) == 3


@pytest.mark.parametrize("damage", ["no stamp", "other versions", "no interpreter", "interpreter fails"])
def test_a_broken_environment_is_made_again(tmp_path: Path, add_peer: AddPeer, installs: list[list[str]], damage: str) -> None:
    name = add_peer()
    home = tmp_path / "peers" / name
    left_over = home / "left-over"
    left_over.touch()
    if damage == "no stamp":
        (home / STAMP).unlink()
    elif damage == "other versions":
        (home / STAMP).write_text((home / STAMP).read_text().replace("1.0", "0.9"))
    elif damage == "no interpreter":
        (home / "bin" / "python").unlink()
    else:
        (home / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    prepare_peer(name, tmp_path / "peers")
    assert len(installs) == 3 and not left_over.exists()
    assert run_peer(name, WAVES, 3, tmp_path / "peers")["version"] == "1.2"


def test_an_interrupted_installation_is_not_used(
    tmp_path: Path, add_peer: AddPeer, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = add_peer(ready=False)
    fake = peer_speed.run_tool

    def interrupted(argv: Any, *rest: Any, **more: Any) -> ToolRun:
        if "pip" in argv:
            raise KeyboardInterrupt
        return fake(argv, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(peer_speed, "run_tool", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare_peer(name, tmp_path / "peers")
    installs.clear()
    prepare_peer(name, tmp_path / "peers")
    assert len(installs) == 3


def test_a_peer_that_cannot_be_installed_has_an_entry_with_its_reason(
    tmp_path: Path, add_peer: AddPeer, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [add_peer("absent", ready=False), add_peer("present")]
    fake = peer_speed.run_tool

    def offline(argv: Any, *rest: Any, **more: Any) -> ToolRun:
        if "pip" in argv:
            raise ToolFailed("python returned 1", got="absent.log\nno matching distribution")
        return fake(argv, *rest, **more)

    monkeypatch.setattr(peer_speed, "run_tool", offline)
    absent, present = bench_peers(WAVES, 3, names, tmp_path / "peers")
    assert absent["peer"] == "absent" and absent["measured"] is False and absent["samples_per_second"] is None
    assert absent["reason"] == "Absent could not be installed" and "no matching distribution" in absent["error"]["got"]
    assert "no-such==1.0" in absent["error"]["allowed"]
    assert present["measured"] is True
    assert json.loads(json.dumps([absent, present])) == [absent, present]


def test_running_without_an_environment(tmp_path: Path, add_peer: AddPeer) -> None:
    with pytest.raises(MissingTool):
        run_peer(add_peer(ready=False), WAVES, 3, tmp_path / "peers")


@pytest.mark.parametrize(
    ("waves", "rounds"),
    [
        (WAVES.astype(np.int64), 3),
        (WAVES[:, :100], 3),
        (WAVES[:0], 3),
        (np.full((4, INPUTS), STEPS, dtype=np.uint8), 3),
        (WAVES, 0),
    ],
)
def test_other_work_is_refused(tmp_path: Path, add_peer: AddPeer, waves: Any, rounds: int) -> None:
    with pytest.raises(ConfigError):
        bench_peers(waves, rounds, [add_peer()], tmp_path / "peers")


def test_unknown_peer() -> None:
    with pytest.raises(ConfigError, match="norse") as error:
        bench_peers(WAVES, 3, ["nurse"])
    assert error.value.next_step == "write norse"


def test_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert peer_folder(tmp_path) == tmp_path
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert peer_folder() == tmp_path / "cache" / "neutnngen" / "peers"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert peer_folder() == Path.home() / ".cache" / "neutnngen" / "peers"


def test_every_peer_has_its_script_and_exact_versions() -> None:
    assert set(PEERS) == {"bindsnet", "spikingjelly", "snntorch", "norse"}
    for peer in PEERS.values():
        assert peer.script.is_file()
        assert all(package.count("==") == 1 for package in (*peer.packages, *peer.alone))
        assert "torch==2.13.0" in peer.packages


def test_both_sides_mean_the_same_work() -> None:
    assert (peer_work.INPUTS, peer_work.STEPS, peer_work.NO_SPIKE) == (INPUTS, STEPS, peer_speed.NO_SPIKE)


def test_spike_trains() -> None:
    waves = WAVES.copy()
    waves[0, :5] = peer_work.NO_SPIKE
    trains = peer_work.spike_trains(waves)
    assert trains.shape == (4, STEPS, INPUTS)
    assert not trains[0, :, :5].any() and bool((trains[:, 3, 5:] == 1).all()) and float(trains.sum()) == 4 * INPUTS - 5
    with pytest.raises(SystemExit, match="below 16"):
        peer_work.spike_trains(np.full((1, INPUTS), STEPS, dtype=np.uint8))


def fake_network(change: float) -> peer_work.Network:
    import torch

    weights = torch.zeros(peer_work.NEURONS, INPUTS)

    def learn(train: torch.Tensor) -> torch.Tensor:
        weights.add_(change)
        return torch.ones(STEPS, 1)

    return peer_work.Network(learn, lambda: weights)


def start_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], peer_work.Network]) -> None:
    import torch

    np.savez(tmp_path / "waves.npz", waves=WAVES)
    monkeypatch.setattr(sys, "argv", ["script", str(tmp_path / "waves.npz"), "2"])
    threads = torch.get_num_threads()
    try:
        with torch.random.fork_rng():
            peer_work.main("numpy", "0.1", make, "a fake")
    finally:
        torch.set_num_threads(threads)


def test_script_prints_one_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def make() -> peer_work.Network:
        print("a library greets")
        return fake_network(0.5)

    start_script(tmp_path, monkeypatch, make)
    result = json.loads(capsys.readouterr().out)
    assert len(result["seconds"]) == 2 and result["waves"] == 4 and result["threads"] == 1
    assert result["output_spikes_per_wave"] == STEPS
    assert result["mean_weight_change"] == 0.5 * (1 + 3 * 4)  # a first wave that proves the interface, three rounds of four waves


def test_script_that_learns_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="learnt nothing"):
        start_script(tmp_path, monkeypatch, lambda: fake_network(0.0))


def test_script_says_that_the_interface_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> peer_work.Network:
        raise ImportError("cannot import name 'STDP'")

    with pytest.raises(SystemExit, match=r"numpy .* \(written for 0.1\): ImportError: cannot import name 'STDP'"):
        start_script(tmp_path, monkeypatch, make)
