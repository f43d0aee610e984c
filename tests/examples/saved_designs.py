"""What every saved Design of a classifier must keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.engine import get_engine
from neutnngen.spec import Design


def whole_and_answers_as_it_did(folder: Path, design: Design, expected: dict[str, Any]) -> None:
    """Fingerprint and size are those of its record, and every engine names the saved waves as the record does."""
    assert (design.fingerprint(), design.synapses) == (expected["fingerprint"], expected["synapses"])
    with np.load(folder / "waves.npz") as archive:
        waves, named = archive["waves"], archive["named"]
    for engine, count in (("compiled", len(waves)), ("torch", 4), ("reference", 1)):
        won = get_engine(engine).run(design, waves[:count]).winners
        assert np.array_equal(won, named[:count]), engine
