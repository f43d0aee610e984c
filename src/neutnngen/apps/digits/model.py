"""A network for digits with its code: classifies pairs, is saved and loaded as a Design."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.digits.code import DigitsCode
from neutnngen.apps.digits.pairs import Labels, Pairs
from neutnngen.apps.digits.plan import DigitsPlan, plan_from_dict
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, load_design


class Model:
    """A Design that was built for pairs of one size."""

    def __init__(self, design: Design) -> None:
        plan, code = design.provenance.get("plan"), design.provenance.get("code")
        if not isinstance(plan, dict) or not isinstance(code, dict) or design.network.voter is None:
            raise ConfigError(
                f"the Design {design.name!r} was not made for digits",
                got=", ".join(design.provenance) or "no provenance",
                allowed="a Design that `neutnngen apps digits` saved",
            )
        self.design = design
        self.plan: DigitsPlan = plan_from_dict(plan)
        self.code = DigitsCode.from_dict(code)

    def predict(self, pairs: Pairs) -> Labels:
        """(pair,) the digit that wins, -1 where none does; nothing is learned (rule R11)."""
        return self.named(self.code.encode(pairs))

    def named(self, waves: NDArray[np.uint8]) -> Labels:
        """The same for pairs that are encoded."""
        return get_engine().open(self.design).run(waves).winners.astype(np.int64)

    def accuracy(self, pairs: Pairs, labels: Labels) -> float:
        """Share of the pairs whose digit is named."""
        return float((self.predict(pairs) == labels).mean())


def load_model(folder: Path) -> Model:
    """The model of a Design's folder, or of a folder with ``design`` in it."""
    return Model(load_design(folder / "design" if (folder / "design" / "design.json").is_file() else folder))
