"""Fixtures of the tests of fetching."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_server import Server

from neutnngen.data import download


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
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
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("NEUTNNGEN_DATA", raising=False)
    monkeypatch.setattr(download, "ZENODO", "http://127.0.0.1:1/api/records/")
    monkeypatch.setattr(download, "SITE", "http://127.0.0.1:1/aeon-toolkit/")
