"""Data sets: the bundled one, files of all kinds, and every kind of bad input."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from neutnngen.data import SeriesSet, available, load_ucr
from neutnngen.data.checksums import write_sums
from neutnngen.data.ucr import locate
from neutnngen.errors import ConfigError, DataError, NeutnngenError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, so that sets that a user fetched play no part."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NEUTNNGEN_DATA", raising=False)
    return tmp_path / "home"


def parts(folder: Path, name: str = "Toy", suffixes: tuple[str, str] = (".tsv", ".tsv"), test: str = "1\t5\t6\n") -> Path:
    """A set of three series, two of them to train with."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}_TRAIN{suffixes[0]}").write_text("1\t0.5\t1\n2\t1.5\t2\n")
    (folder / f"{name}_TEST{suffixes[1]}").write_text(test)
    return folder


def test_bundled_set() -> None:
    data = load_ucr("ItalyPowerDemand")
    assert data.values.shape == (1096, 24)
    assert data.classes == 2
    assert "ItalyPowerDemand" in available()


def test_shared_set(shared: Path) -> None:
    data = load_ucr("Beef", shared / "data" / "ucr")
    assert data.values.shape == (60, 470)
    assert data.classes == 5


def test_file_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("1\t0.5\t1\n2\t1.5\t2\n")
    (tmp_path / "b.csv").write_text("1,0.5,1\n2,1.5,2\n")
    with gzip.open(tmp_path / "c.tsv.gz", "wt") as stream:
        stream.write("1\t0.5\t1\n2\t1.5\t2\n")
    (tmp_path / "d.ts").write_text("@univariate true\n@data\n0.5,1:1\n1.5,2:2\n")
    for name in ("a.tsv", "b.csv", "c.tsv.gz", "d.ts"):
        data = load_ucr(str(tmp_path / name))
        assert np.array_equal(data.values, [[0.5, 1], [1.5, 2]])
        assert data.labels.tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.tsv", b"1\t0.5\tNaN\n", DataError, "line 1, sample 2 is missing"),
        ("a.tsv", b"1\t0.5\t1\n2\t0.5\n", DataError, "line 2 has another length"),
        ("a.tsv", b"1\t0.5\tx\n", DataError, "not a number"),
        ("a.tsv", b"", DataError, "holds no series"),
        ("a.tsv", b"\xff\xfe\x00", DataError, "cannot be read"),
        ("a.tsv.gz", b"not gzip", DataError, "cannot be read"),
        ("a.ts", b"@data\n1,2:3,4:1\n", DataError, "not one channel"),
        ("a.ts", b"@data\n1,?:1\n", DataError, "line 2, sample 2 is missing"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes, error: type[NeutnngenError], message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        load_ucr(str(tmp_path / name))


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'GunPoint'"):
        load_ucr("GunPont")
    with pytest.raises(DataError, match="does not exist"):
        load_ucr(str(tmp_path / "missing.tsv"))
    with pytest.raises(DataError, match="folder does not exist"):
        load_ucr("GunPoint", tmp_path / "missing")


def test_train_and_test_part() -> None:
    data = load_ucr("ItalyPowerDemand")
    assert data.train == 67 and data.train_part.values.shape == (67, 24) and data.test_part.values.shape == (1029, 24)
    assert np.array_equal(np.vstack([data.train_part.values, data.test_part.values]), data.values)
    assert [*data.train_part.labels, *data.test_part.labels] == data.labels.tolist()
    assert (data.train_part.train, data.test_part.train) == (67, 0)
    assert len(data.train_part.train_part.values) == 67 and len(data.test_part.test_part.values) == 1029
    assert data.train_part.name == "ItalyPowerDemand" and data.train_part.source == data.source


def test_one_file_is_all_train(tmp_path: Path) -> None:
    data = load_ucr(str(parts(tmp_path) / "Toy_TRAIN.tsv"))
    assert (data.train, len(data.values), len(data.test_part.values)) == (2, 2, 0)


def test_a_set_made_by_hand() -> None:
    values, labels = np.zeros((3, 2)), np.array(["a", "b", "a"])
    assert SeriesSet("mine", values, labels, "here").train == 3
    with pytest.raises(ConfigError, match="one label"):
        SeriesSet("mine", values, labels[:2], "here")
    with pytest.raises(ConfigError, match="larger than the set"):
        SeriesSet("mine", values, labels, "here", train=4)


@pytest.mark.parametrize("suffixes", [(".tsv", ".tsv"), (".txt", ".txt"), (".tsv", ".txt"), ("", "")])
def test_folders(tmp_path: Path, suffixes: tuple[str, str]) -> None:
    folder = parts(tmp_path / "some where", suffixes=suffixes)
    (folder / "README.md").write_text("about the set\n")
    for data in (load_ucr(str(folder)), load_ucr("Toy", folder), load_ucr(f"{folder}/")):
        assert data.name == "Toy" and data.values.tolist() == [[0.5, 1], [1.5, 2], [5, 6]] and data.train == 2


def test_folder_with_one_file_and_with_several(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "mine.csv").write_text("a,1,2\nb,2,1\n")
    data = load_ucr(str(tmp_path / "one"))
    assert (data.name, data.train) == ("mine", 2)
    (tmp_path / "one" / "more.csv").write_text("a,1,2\n")
    with pytest.raises(DataError, match=r"holds no set[^~]*mine.csv, more.csv"):
        load_ucr(str(tmp_path / "one"))
    parts(parts(tmp_path / "Toy"), "Other")
    assert load_ucr(str(tmp_path / "Toy")).name == "Toy", "the set that the folder is named after"
    parts(parts(tmp_path / "both"), "Other")
    with pytest.raises(DataError, match=r"more than one set[^~]*Other, Toy"):
        load_ucr(str(tmp_path / "both"))
    with pytest.raises(DataError, match="no such file or folder"):
        load_ucr(str(tmp_path / "nowhere"))


def test_a_name_is_not_changed_by_the_folder_it_is_typed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts(tmp_path / "GunPoint", "GunPoint")
    parts(tmp_path / "Toy")
    monkeypatch.chdir(tmp_path)
    assert len(load_ucr("GunPoint").values) == 200
    assert len(load_ucr("./GunPoint").values) == 3
    assert len(load_ucr("Toy").values) == 3, "but a folder here is found where no place has the name"


def test_search_path(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows() -> int:
        return len(load_ucr("GunPoint", tmp_path / "given" if (tmp_path / "given").is_dir() else None).values)

    assert rows() == 200
    parts(home / ".cache" / "neutnngen" / "ucr" / "GunPoint", "GunPoint")
    assert rows() == 3
    parts(tmp_path / "variable", "GunPoint", test="1\t5\t6\n" * 2)
    monkeypatch.setenv("NEUTNNGEN_DATA", str(tmp_path / "variable"))
    assert rows() == 4
    parts(tmp_path / "given", "GunPoint", test="1\t5\t6\n" * 3)
    assert rows() == 5


def test_one_part_is_not_a_set(tmp_path: Path) -> None:
    (parts(tmp_path) / "Toy_TEST.tsv").unlink()
    with pytest.raises(DataError, match="lacks one of its two parts"):
        load_ucr("Toy", tmp_path)
    assert "Toy" not in available(tmp_path)


def test_parts_of_different_length(tmp_path: Path) -> None:
    parts(tmp_path, test="1\t0\t1\t2\n")
    with pytest.raises(DataError, match="the series have different lengths in the two parts"):
        load_ucr("Toy", tmp_path)
    data = load_ucr("Toy", tmp_path, repair=True)
    assert np.allclose(data.values, [[0.5, 0.75, 1], [1.5, 1.75, 2], [0, 1, 2]]) and data.train == 2
    assert data.notes == ("2 of 3 series resampled to 3 samples",)
    assert data.source == "Toy_TRAIN.tsv, Toy_TEST.tsv; repaired: 2 of 3 series resampled to 3 samples"


def test_unequal_set_of_the_archive() -> None:
    with pytest.raises(DataError, match="another length"):
        load_ucr("PickupGestureWiimoteZ")
    data = load_ucr("PickupGestureWiimoteZ", repair=True)
    assert data.values.shape == (100, 361) and data.train == 50 and np.isfinite(data.values).all()
    equal = load_ucr("PickupGestureWiimoteZ_eq")
    assert equal.values.shape == (100, 361) and equal.notes == ()


def test_available(tmp_path: Path) -> None:
    parts(parts(tmp_path / "Deep", "Deep"), "Wrong_Place")
    parts(tmp_path, "Flat")
    names = available(tmp_path)
    assert {"Flat", "Deep", "ArrowHead", "PickupGestureWiimoteZ_eq"} <= set(names)
    assert not {"Wrong_Place", "PickupGestureWiimoteZ", "BasicMotions", "Covid3Month", "JapaneseVowels"} & set(names)
    for name in names:
        assert load_ucr(name, tmp_path).classes > 1


def test_names_that_are_not_here() -> None:
    with pytest.raises(DataError) as caught:
        load_ucr("Coffee")
    assert caught.value.next_step == "neutnngen data fetch Coffee" and caught.value.exit_code == 3
    with pytest.raises(ConfigError) as unknown:
        load_ucr("Cofee")
    assert unknown.value.next_step == "did you mean 'Coffee'? If so: neutnngen data fetch Coffee"
    with pytest.raises(ConfigError, match="did you mean 'GunPoint' or 'GunPointAgeSpan'"):
        load_ucr("GunPointA")
    for name in ("", "Qqq"):
        with pytest.raises(ConfigError, match="no data set of this name"):
            load_ucr(name)


def test_a_changed_file_is_not_loaded(tmp_path: Path) -> None:
    parts(tmp_path / "Toy")
    write_sums(tmp_path / "Toy", "https://host/Toy.zip", "nothing", None)
    assert load_ucr("Toy", tmp_path).source.endswith("(SHA-256 as fetched)")
    file = tmp_path / "Toy" / "Toy_TEST.tsv"
    file.write_text(file.read_text().replace("5", "7"))
    for name in ("Toy", str(file)):
        with pytest.raises(DataError, match="has changed since it was fetched"):
            load_ucr(name, tmp_path)
    assert load_ucr(str(tmp_path / "Toy" / "Toy_TRAIN.tsv")).train == 2
    (tmp_path / "Toy" / "SHA256SUMS.json").write_text("{}")
    with pytest.raises(DataError, match="checksums cannot be read"):
        load_ucr("Toy", tmp_path)


def test_shared_sets_all_load(shared: Path) -> None:
    folder = shared / "data" / "ucr"
    for file in sorted(folder.glob("*_TRAIN.tsv.gz")):
        place = locate(file.name.split("_TRAIN")[0], folder)
        data = load_ucr(place.name, folder)
        assert data.classes > 1 and 0 < data.train < len(data.values), place
