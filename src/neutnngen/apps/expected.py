"""What a saved Design is expected to do: a file ``expected.json`` beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neutnngen.errors import DataError


def expected_of(folder: Path, form: str, version: str) -> dict[str, Any]:
    """The file's values. form, version: that it must have, of the version only the part before the point. Raises DataError where it is
    not there or not what it should be."""
    path = folder / "expected.json"
    try:
        document = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise DataError(f"what the Design is expected to do cannot be read: {error}", got=path) from None
    if document.get("format") != form or str(document.get("version")).split(".")[0] != version.split(".", maxsplit=1)[0]:
        raise DataError("the file does not say what a Design is expected to do", got=path, allowed=f"{form}, version {version}")
    return document
