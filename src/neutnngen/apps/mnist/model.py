"""A network for images with its encoder: classifies, reads one image for the page, is saved and loaded as a Design."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import Blueprint, blueprint_from_dict
from neutnngen.apps.mnist.code import ImageCode, Images
from neutnngen.apps.mnist.reading import Reading
from neutnngen.engine import Session, get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, load_design

Labels = NDArray[np.int64]
CHUNK = 2000
"""Images that are encoded and run at once."""


class Model:
    """A Design that was built for images of one size. classes: names of the classes, by label."""

    def __init__(self, design: Design, classes: tuple[str, ...] | None = None) -> None:
        made_from, shape = design.provenance.get("blueprint"), design.provenance.get("image")
        if not isinstance(made_from, dict) or not isinstance(shape, list) or design.network.voter is None:
            raise ConfigError(
                f"the Design {design.name!r} was not made for images",
                got=", ".join(design.provenance) or "no provenance",
                allowed="a Design that `neutnngen apps mnist` saved",
            )
        self.design = design
        self.blueprint: Blueprint = blueprint_from_dict(made_from)
        self.shape = (int(shape[0]), int(shape[1]))
        self.code = ImageCode(self.blueprint.code, self.shape)
        self.classes = tuple(map(str, range(design.network.voter.classes))) if classes is None else classes
        self._session: Session | None = None

    @property
    def title(self) -> str:
        """One line for people."""
        return f"{self.design.name}: {self.design.synapses:,} synapses"

    def _open(self) -> Session:
        if self._session is None:
            self._session = get_engine().open(self.design)
        return self._session

    def predict(self, images: Images) -> Labels:
        """images: (image, row, column). Returns (image,) the class that wins, -1 where none does; nothing is learned (rule R11)."""
        session = self._open()
        parts = [session.run(self.code.encode(images[n : n + CHUNK])).winners for n in range(0, len(images), CHUNK)]
        return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)

    def error(self, images: Images, labels: Labels) -> float:
        """Share of the images whose class is not named."""
        return float((self.predict(images) != labels).mean())

    def read(self, image: Images) -> Reading:
        """See Recogniser."""
        times = self.code.encode(image[None])
        result = self._open().run(times, keep_layers=True)
        assert result.votes is not None and result.layers is not None
        layers = tuple(layer[0] for layer in result.layers)
        return Reading(int(result.winners[0]), result.votes[0].astype(np.int64), times[0], layers)


def load_model(folder: Path) -> Model:
    """The model of a Design's folder, or of a run folder with ``design`` in it."""
    return Model(load_design(folder / "design" if (folder / "design" / "design.json").is_file() else folder))
