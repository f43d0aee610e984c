"""Fetching from a server on this computer: what arrives is checked, kept whole or not at all, and never fetched twice."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import pytest

from archive_server import FILES, TEST, TRAIN, Server, names, packed
from neutnngen.data import download, fetch, load_ucr, transfer
from neutnngen.data.archive import archive_records, user_folder
from neutnngen.data.checksums import read_sums, sha256_of
from neutnngen.data.download import fetch_sets
from neutnngen.errors import ConfigError, DataError

pytestmark = pytest.mark.usefixtures("no_network")


def test_zip(server: Server, tmp_path: Path) -> None:
    server.pages["/Toy.zip"] = packed(
        FILES | {"Toy.txt": "about", "Toy_TRAIN.arff": "other kind", "Toy_TEST.arff": "other kind", "Other_TRAIN.ts": "x"}
    )
    heard: list[tuple[int, int]] = []
    folder = fetch("Toy", tmp_path / "data", f"{server.url}/{{name}}.zip", progress=lambda done, total: heard.append((done, total)))
    assert folder == tmp_path / "data" / "Toy"
    assert names(tmp_path / "data") == ["Toy", "Toy/SHA256SUMS.json", "Toy/Toy_TEST.ts", "Toy/Toy_TRAIN.ts"]
    assert heard[-1] == (len(server.pages["/Toy.zip"]),) * 2
    sums = read_sums(folder)
    assert sums is not None and sums.archive == hashlib.sha256(server.pages["/Toy.zip"]).hexdigest()
    assert sums.files == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in FILES.items()}
    assert sums.source == f"{server.url}/Toy.zip" and sums.checked == "nothing: trusted on first use"
    data = load_ucr("Toy", tmp_path / "data")
    assert data.values.tolist() == [[0.5, 1], [1.5, 2], [5, 6]] and data.train == 2 and "SHA-256 as fetched" in data.source


def test_second_call_fetches_nothing(server: Server, tmp_path: Path) -> None:
    server.pages["/Toy.zip"] = packed(FILES)
    source = f"{server.url}/Toy.zip"
    assert fetch_sets(["Toy"], tmp_path, source)[0].state == "fetched"
    again = fetch_sets(["Toy"], tmp_path, source)[0]
    assert (again.state, again.source, again.folder) == ("already there", source, tmp_path / "Toy")
    assert server.asked == ["/Toy.zip"]
    (tmp_path / "Toy" / "Toy_TEST.ts").write_text(TEST.replace("5", "7"))
    with pytest.raises(DataError, match="has changed since it was fetched"):
        fetch("Toy", tmp_path, source)
    (tmp_path / "Toy" / "Toy_TEST.ts").unlink()
    with pytest.raises(DataError, match="does not hold it"):
        fetch("Toy", tmp_path, source)


def test_files_put_there_by_hand(server: Server, tmp_path: Path) -> None:
    folder = user_folder() / "Coffee"
    folder.mkdir(parents=True)
    (folder / "Coffee_TRAIN.csv").write_text("1,2,3\n")
    (folder / "Coffee_TEST.csv").write_text("2,3,4\n")
    found = fetch_sets(["Coffee"])[0]
    assert (found.state, found.source, found.folder) == ("already there", "put there by hand", folder)
    assert load_ucr("Coffee").values.tolist() == [[2, 3], [3, 4]]
    with pytest.raises(DataError, match="did not come from this zip file"):
        fetch("Coffee", sha256="0" * 64)


def test_sha256(server: Server, tmp_path: Path) -> None:
    server.pages["/Toy.zip"] = packed(FILES)
    right = hashlib.sha256(server.pages["/Toy.zip"]).hexdigest()
    with pytest.raises(DataError, match="SHA-256 differs") as caught:
        fetch("Toy", tmp_path / "data", f"{server.url}/Toy.zip", sha256="0" * 64)
    assert right in (caught.value.got or "") and not (tmp_path / "data").exists()
    found = fetch_sets(["Toy"], tmp_path / "data", f"{server.url}/Toy.zip", sha256=right.upper())[0]
    assert found.checked == "SHA-256 of the zip file, given by the user"
    assert fetch_sets(["Toy"], tmp_path / "data", sha256=right, source="any")[0].state == "already there"
    with pytest.raises(DataError, match="did not come from this zip file"):
        fetch("Toy", tmp_path / "data", sha256="0" * 64, source="any")


def test_zip_from_the_disk(tmp_path: Path) -> None:
    (tmp_path / "Toy.zip").write_bytes(packed(FILES))
    folder = fetch("Toy", tmp_path / "data", str(tmp_path / "Toy.zip"))
    assert sha256_of(tmp_path / "Toy.zip") and names(folder) == ["SHA256SUMS.json", "Toy_TEST.ts", "Toy_TRAIN.ts"]


@pytest.mark.parametrize("address", ["/api/records/7", "/records/7", "/record/7/"])
def test_zenodo_record(server: Server, tmp_path: Path, address: str) -> None:
    server.record(FILES | {"Toy_eq_TRAIN.ts": TRAIN, "Toy_eq_TEST.ts": TEST, "Toy_TRAIN.arff": "x", "../../evil": "x", "Toy.png": "x"})
    found = fetch_sets(["Toy"], tmp_path, server.url + address)[0]
    assert found.checked == "MD5 of every file, published by Zenodo"
    assert names(tmp_path / "Toy") == ["SHA256SUMS.json", "Toy_TEST.ts", "Toy_TRAIN.ts", "Toy_eq_TEST.ts", "Toy_eq_TRAIN.ts"]
    assert len(server.asked) == 5
    assert load_ucr("Toy_eq", tmp_path).train == 2


@pytest.mark.parametrize(("change", "message"), [("md5:" + "0" * 32, "damaged: its MD5"), ("crc:1", "gives no MD5"), ("", "gives no MD5")])
def test_zenodo_checksums(server: Server, tmp_path: Path, change: str, message: str) -> None:
    server.record(FILES, Toy_TEST=change)
    with pytest.raises(DataError, match=message):
        fetch("Toy", tmp_path / "data", f"{server.url}/api/records/7")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("page", [b"<html>", b"[]", b'{"files": [{"key": "a"}]}', b'{"files": []}'])
def test_zenodo_pages_that_are_none(server: Server, tmp_path: Path, page: bytes) -> None:
    server.pages["/api/records/7"] = page
    with pytest.raises(DataError, match=r"the record (is not what Zenodo gives|does not hold Toy)"):
        fetch("Toy", tmp_path / "data", f"{server.url}/api/records/7")


def test_the_second_source_is_tried(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name.replace("Toy", "Coffee"): text for name, text in FILES.items()}
    server.pages["/Coffee.zip"] = packed(files)
    monkeypatch.setattr(download, "ZENODO", f"{server.url}/api/records/")
    monkeypatch.setattr(download, "SITE", f"{server.url}/")
    assert fetch_sets(["Coffee"], tmp_path)[0].source == f"{server.url}/Coffee.zip"
    assert server.asked == [f"/api/records/{archive_records()['Coffee']}", "/Coffee.zip"]
    right = hashlib.sha256(server.pages["/Coffee.zip"]).hexdigest()
    assert fetch("Coffee", tmp_path / "other", sha256=right).name == "Coffee"
    assert server.asked[2:] == ["/Coffee.zip"], "a given SHA-256 is that of the zip file"


def test_without_a_network(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        fetch("Coffee")
    error = caught.value
    assert error.exit_code == 3 and "could not be downloaded" in error.what
    for words in ("/api/records/11186266 (", "/Coffee.zip (", "refused"):
        assert words in (error.got or "")
    for words in ("Coffee_TRAIN.ts", "Coffee_TEST.ts", str(user_folder() / "Coffee")):
        assert words in (error.allowed or "")
    assert "--source Coffee.zip" in (error.next_step or "")
    assert not user_folder().exists()


def test_connection_that_ends_early(server: Server, tmp_path: Path) -> None:
    server.pages["/Toy.zip"] = packed(FILES)
    server.short = 10
    (tmp_path / "data").mkdir()
    with pytest.raises(DataError, match="the connection ended after"):
        fetch("Toy", tmp_path / "data", f"{server.url}/Toy.zip")
    assert names(tmp_path / "data") == []


def test_silent_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(DataError, match="timed out"):
        fetch("Toy", tmp_path / "data", f"http://127.0.0.1:{listener.getsockname()[1]}/Toy.zip")


def test_stopped_by_the_user(server: Server, tmp_path: Path) -> None:
    server.pages["/Toy.zip"] = packed(FILES)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("Toy", tmp_path / "data", f"{server.url}/Toy.zip", progress=stop)
    assert not (tmp_path / "data").exists()


def test_two_at_the_same_time(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one finishes while this one still checks: its files stay, and nothing else does."""
    server.pages["/Toy.zip"] = packed(FILES)
    write_sums = download.write_sums

    def late(folder: Path, *rest: Any) -> None:
        monkeypatch.setattr(download, "write_sums", write_sums)
        fetch("Toy", tmp_path, f"{server.url}/Toy.zip")
        write_sums(folder, *rest)

    monkeypatch.setattr(download, "write_sums", late)
    assert fetch_sets(["Toy"], tmp_path, f"{server.url}/Toy.zip")[0].state == "already there"
    assert server.asked == ["/Toy.zip"] * 2
    assert names(tmp_path) == ["Toy", "Toy/SHA256SUMS.json", "Toy/Toy_TEST.ts", "Toy/Toy_TRAIN.ts"]


LONGER = TEST.replace("5,6:1", "5,6,7:1")


def test_sets_that_need_a_repair_are_told(tmp_path: Path) -> None:
    (tmp_path / "Toy.zip").write_bytes(packed(FILES | {"Toy_TEST.ts": LONGER + "?,1,2:2\n"}))
    found = fetch_sets(["Toy"], tmp_path / "data", str(tmp_path / "Toy.zip"))[0]
    assert found.notes == (
        "loads only with repair: 1 missing values in 1 series filled by linear interpolation",
        "loads only with repair: 2 of 4 series resampled to 3 samples",
    )
    assert load_ucr("Toy", tmp_path / "data", repair=True).values.shape == (4, 3)


def test_wrong_arguments(tmp_path: Path) -> None:
    cases: list[tuple[list[str], dict[str, str], str]] = [
        (["Cofee"], {}, "did you mean 'Coffee'"),
        (["../evil"], {"source": "http://127.0.0.1:1/x.zip"}, "no set of this name"),
        (["Coffee", "Beef"], {"sha256": "0" * 64}, "one SHA-256"),
        (["Coffee", "Beef"], {"source": "http://127.0.0.1:1/x.zip"}, "must say where the name goes"),
        (["Coffee"], {"sha256": "beef"}, "this is no SHA-256"),
        (["Coffee"], {"source": "http://127.0.0.1:1/records/7", "sha256": "0" * 64}, "no one SHA-256"),
        (["Coffee"], {"source": "ftp://127.0.0.1/x.zip"}, "not an address"),
        (["Coffee"], {"source": "file:///etc/passwd"}, "not an address"),
        (["Coffee"], {"source": str(tmp_path / "none.zip")}, "no file and no address"),
    ]
    for sets, options, message in cases:
        with pytest.raises(ConfigError, match=message):
            fetch_sets(sets, tmp_path / "data", **options)
        assert not (tmp_path / "data").exists()


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "Toy.zip").write_bytes(packed(FILES))
    (tmp_path / "data").write_text("a file")
    with pytest.raises(DataError, match="cannot be read or written"):
        fetch("Toy", tmp_path / "data", str(tmp_path / "Toy.zip"))


def test_the_archive_is_all_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    records = archive_records()
    assert len(records) == len(set(records.values())) == 128
    assert {"Adiac", "GunPoint", "PickupGestureWiimoteZ", "Yoga"} <= set(records)
    assert user_folder() == tmp_path / "home" / ".cache" / "neutnngen" / "ucr"
    monkeypatch.setenv("NEUTNNGEN_DATA", "~/sets")
    assert user_folder() == tmp_path / "home" / "sets"
