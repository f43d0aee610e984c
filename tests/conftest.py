"""Fixtures and settings that all tests share.

``NEUTNNGEN_SHARED`` names a folder with data sets and process kits for tests (default: ``../shared`` beside the checkout). Tests that
need it skip with the reason where it is absent.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with shared test data."""
    folder = Path(os.environ.get("NEUTNNGEN_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared test data at {folder}; set NEUTNNGEN_SHARED to its folder")
    return folder


def need(program: str) -> None:
    """Skip the test, with the reason, where an external program is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests first, then those that run real tools, then the examples."""

    def stage(item: pytest.Item) -> int:
        return 2 if item.get_closest_marker("example") else 1 if item.get_closest_marker("tool") else 0

    items.sort(key=stage)
