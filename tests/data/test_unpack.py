"""Zip files that are damaged, foreign, hostile or hold no sound set: refused, and nothing of them stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive_server import FILES, TEST, TRAIN, Server, names, packed
from neutnngen.data import fetch, transfer, unpack
from neutnngen.errors import DataError

pytestmark = pytest.mark.usefixtures("no_network")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>no such page</html>", "cannot be unpacked"),
        (b"", "cannot be unpacked"),
        (packed(FILES)[:-30], "cannot be unpacked"),
        (packed(FILES).replace(b"Toy_TEST", b"Coy_TEST"), "does not hold Toy"),
        (packed({"Toy_TRAIN.ts": TRAIN}), "does not hold Toy"),
        (packed({}), "no files in"),
        (packed(FILES | {"Toy_TEST.ts": "@data\n"}), "holds no series"),
        (packed(FILES | {"Toy_TEST.ts": TEST + "x:1\n"}), "not a number"),
        (packed(FILES | {"Toy_TEST.ts": "@data\n1,2:3,4:1\n"}), "2 channels"),
        (packed(FILES | {"Toy_TEST.ts": "@data\n?,?:1\n"}), "cannot be repaired"),
    ],
)
def test_nothing_wrong_is_kept(server: Server, tmp_path: Path, content: bytes, message: str) -> None:
    server.pages["/Toy.zip"] = content
    (tmp_path / "data").mkdir()
    with pytest.raises(DataError, match=message):
        fetch("Toy", tmp_path / "data", f"{server.url}/Toy.zip")
    assert names(tmp_path / "data") == []


def test_members_cannot_leave_the_folder(tmp_path: Path) -> None:
    evil = {"../../Toy_TRAIN.ts": TRAIN, "/tmp/x/Toy_TEST.ts": TEST, "../evil.ts": "x", "..\\evil2.ts": "x"}
    (tmp_path / "Toy.zip").write_bytes(packed(evil))
    fetch("Toy", tmp_path / "a" / "b", str(tmp_path / "Toy.zip"))
    assert names(tmp_path / "a") == ["b", "b/Toy", "b/Toy/SHA256SUMS.json", "b/Toy/Toy_TEST.ts", "b/Toy/Toy_TRAIN.ts"]
    assert not any("evil" in name for name in names(tmp_path)) and not Path("/tmp/x/Toy_TEST.ts").exists()


def test_sizes_are_limited(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed(FILES | {"Toy_TEST.ts": TEST + "# " + "0" * 100_000})
    server.pages["/Toy.zip"] = bomb
    monkeypatch.setattr(unpack, "LARGEST", 50_000)
    with pytest.raises(DataError, match="too large"):
        fetch("Toy", tmp_path / "data", f"{server.url}/Toy.zip")
    monkeypatch.setattr(transfer, "LARGEST", len(bomb) - 1)
    with pytest.raises(DataError, match=f"too large[^~]*{len(bomb)} bytes from"):
        fetch("Toy", tmp_path / "data", f"{server.url}/Toy.zip")
