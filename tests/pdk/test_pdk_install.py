"""Installing a kit: from a folder, an archive and a local server; wrong input leaves nothing behind."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from neutnngen.cli.main import main
from neutnngen.data.checksums import SUMS_FILE
from neutnngen.errors import ConfigError, DataError, MissingTool
from neutnngen.pdk import install, kits
from neutnngen.pdk.install import check_files, install_kit, list_kits
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.n7p import library_texts
from neutnngen.pdk.n7p.model import Model
from neutnngen.pdk.node import Node, read_node

PACKED = "toy_tt.lib.gz"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A kit by the name asap7 that is really the generated library under other file names, with its sums; returns its files."""
    texts = library_texts(Model())
    files = dict(zip(("toy_tech.lef", "toy_cells.lef", PACKED), (text.encode() for text in texts.values()), strict=True))
    plain = read_node("n7p")
    document = plain.model_dump(mode="json")
    document |= {
        "name": "asap7",
        "generated": False,
        "sums": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    document["files"] = {"technology": "toy_tech.lef", "cells": "toy_cells.lef", "liberty": PACKED}
    document["download"] = {"base": "http://127.0.0.1:1/kit", "paths": {PACKED: "lib/toy_tt.lib"}}
    node = Node.model_validate(document)
    for module in (install, kits):
        monkeypatch.setattr(module, "read_node", lambda name: node if name == "asap7" else read_node(name))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NEUTNNGEN_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return files


def _folder(files: dict[str, bytes], at: Path) -> Path:
    for number, (name, content) in enumerate(files.items()):
        path = at / f"part{number}" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return at


def _left(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "home").rglob("*") if path.is_file() and "n7p" not in str(path) and "abstract" not in str(path)]


def test_from_a_folder_and_used_by_name(toy: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(MissingTool, match="not installed") as caught:
        load_kit("asap7")
    assert "pdk install asap7" in str(caught.value.next_step)
    assert not next(kit for kit in list_kits() if kit.name == "asap7").where
    made = install_kit("asap7", str(_folder(toy, tmp_path / "mine")))
    assert made.state == "installed" and made.folder == tmp_path / "home" / ".cache" / "neutnngen" / "pdk" / "asap7"
    assert {path.name for path in made.folder.iterdir()} == {*toy, SUMS_FILE}
    kit = load_kit("asap7")
    assert kit.cells["INV_X1"].area == pytest.approx(0.04374)
    assert install_kit("asap7", str(tmp_path / "mine")).state == "already there"
    assert next(kit for kit in list_kits() if kit.name == "asap7").where == str(made.folder)
    assert check_files("asap7").ok
    (made.folder / "toy_cells.lef").write_bytes(toy["toy_cells.lef"] + b"\n")
    assert [file.state for file in check_files("asap7").files] == ["ok", "differs", "ok"]
    with pytest.raises(DataError, match="not whole") as caught_again:
        install_kit("asap7", str(tmp_path / "mine"))
    assert "toy_cells.lef (differs)" in str(caught_again.value.got)


@pytest.mark.parametrize("end", [".tar.gz", ".zip"])
def test_from_an_archive(toy: dict[str, bytes], tmp_path: Path, end: str) -> None:
    path = tmp_path / f"kit{end}"
    stream = io.BytesIO()
    if end == ".zip":
        with zipfile.ZipFile(stream, "w") as packed:
            for name, content in toy.items():
                packed.writestr(f"../../{name.removesuffix('.gz')}", content)  # plain, and with a path that would leave the folder
    else:
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for name, content in toy.items():
                info = tarfile.TarInfo(f"/etc/{name}")
                data = gzip.compress(content) if name.endswith(".gz") else content
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    path.write_bytes(stream.getvalue())
    made = install_kit("asap7", str(path), tmp_path / "kits")
    assert made.folder == tmp_path / "kits" / "asap7"
    assert load_kit("asap7", made.folder).voltage == pytest.approx(0.7)
    damaged = tmp_path / f"damaged{end}"
    damaged.write_bytes(stream.getvalue()[: len(stream.getvalue()) // 2])
    with pytest.raises(DataError, match="cannot be unpacked"):
        install_kit("asap7", str(damaged), tmp_path / "others")
    assert not list((tmp_path / "others").iterdir())


def test_from_a_server(toy: dict[str, bytes], tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    node = install.read_node("asap7")
    assert node.download is not None
    there = node.model_copy(update={"download": node.download.model_copy(update={"base": f"{server.url}/kit"})})
    monkeypatch.setattr(install, "read_node", lambda name: there)
    server.pages |= {f"/kit/{name}": content for name, content in toy.items() if name != PACKED}
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        install_kit("asap7")
    assert "404" in str(caught.value.got) and not _left(tmp_path)
    server.pages["/kit/lib/toy_tt.lib"] = toy[PACKED]  # plain there, packed here
    steps: list[tuple[int, int]] = []
    made = install_kit("asap7", progress=lambda done, total: steps.append((done, total)))
    assert made.state == "installed" and steps[-1] == (3, 3)
    assert gzip.decompress((made.folder / PACKED).read_bytes()) == toy[PACKED]


def test_wrong_input_leaves_nothing(toy: dict[str, bytes], tmp_path: Path) -> None:
    wrong = _folder({**toy, "toy_tech.lef": b"LAYER ;"}, tmp_path / "wrong")
    with pytest.raises(DataError, match="other or damaged files") as caught:
        install_kit("asap7", str(wrong))
    assert "toy_tech.lef" in str(caught.value.got)
    few = _folder({PACKED: toy[PACKED]}, tmp_path / "few")
    with pytest.raises(DataError, match="lacks files") as caught:
        install_kit("asap7", str(few))
    assert "toy_tech.lef, toy_cells.lef" in str(caught.value.got)
    (few / "part0" / PACKED).write_bytes(b"\x1f\x8bnot really")
    with pytest.raises(DataError, match="lacks files"):
        install_kit("asap7", str(few))
    with pytest.raises(ConfigError, match="no folder and no archive"):
        install_kit("asap7", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="could not be downloaded"):
        install_kit("asap7")  # nobody listens there
    for name, line in (("nangate45", "pip install"), ("n7p", "first use")):
        with pytest.raises(ConfigError, match="not installed by this command") as refused:
            install_kit(name)
        assert line in str(refused.value.next_step)
    with pytest.raises(ConfigError, match="unknown process kit"):
        install_kit("asap8")
    assert not _left(tmp_path)


def test_command(toy: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pdk", "list", "--json"]) == 0
    listed = {kit["name"]: kit for kit in json.loads(capsys.readouterr().out)["kits"]}
    assert listed["asap7"]["where"] == "" and listed["n7p"]["where"] and "predictive" in listed["n7p"]["licence"]
    assert main(["pdk", "check", "asap7"]) == 1
    assert "missing" in capsys.readouterr().out
    assert main(["pdk", "install", "asap7", "--from", str(_folder(toy, tmp_path / "mine"))]) == 0
    assert "layout RUN --kit asap7" in capsys.readouterr().out
    assert main(["pdk", "check", "asap7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert main(["pdk", "install", "asap7", "--from", str(tmp_path / "none")]) == 0  # it is there already
