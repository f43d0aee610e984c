"""What a network for images is made of, in the words of its designer; ``build`` makes a Design of it.

A blueprint is independent of the data: windows, dendrites and segments, thresholds as shares of the drive. It can be a TOML file.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from neutnngen.errors import ConfigError, DataError
from neutnngen.spec import HomeostasisSpec, StdpSpec, check_keys

T = TypeVar("T")


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} is out of range", got=value, allowed=f"{low} … {high}")


@dataclass(frozen=True)
class CodePlan:
    """How pixels become spike times.

    kind: ``posneg``, two lines per pixel of which one spikes at time 0, split at ``cut``; ``population``, two lines per pixel whose times
    add up to 2^t_res − 1, the brighter the earlier on the first; ``intensity``, one line, the brighter the earlier, black silent;
    ``onoff``, centre against surround. cut: 0 … 1 of white. crop: pixels taken off every side. shrink: so many pixels square are averaged.
    """

    kind: Literal["posneg", "population", "intensity", "onoff"] = "posneg"
    cut: float = 0.5
    t_res: int = 3
    crop: int = 0
    shrink: int = 1

    def __post_init__(self) -> None:
        _check("code.cut", self.cut, 0, 1)
        _check("code.t_res", self.t_res, 1, 6)
        _check("code.crop", self.crop, 0, 1 << 10)
        _check("code.shrink", self.shrink, 1, 1 << 10)


PLASTICITY = StdpSpec(mu_capture=512, mu_minus=512, mu_search=0, mu_backoff=512, mu_min=256)
"""Up and down alike, so that a weight follows the share of its segment's wins in which the line spiked; every segment starts from a sample,
so that no search is needed."""


@dataclass(frozen=True)
class LayerPlan:
    """Windows over the image or over the layer before, and what looks at each.

    size, stride, corners: of the windows, in places. dendrites: of every window, each with a winner of its own (rule D1). segments: of
    every dendrite. share: of the window's places that a dendrite has synapses to, drawn at random for each. classes: one neuron per
    class, enabled by the label while it learns (rule P2), each with ``dendrites`` dendrites. output: lines of the layer are its segments,
    or (with classes) its neurons after ``inhibition`` (rule C1). threshold: θ as a share of the largest weight times the mean number of
    lines that spike. start: weights copied from samples that lie apart, or seeded uniform. windows: only so many, from the middle.
    """

    size: int
    stride: int = 1
    corners: bool = False
    dendrites: int = 1
    segments: int = 12
    share: float = 1.0
    classes: bool = False
    output: Literal["segments", "neurons"] = "segments"
    inhibition: Literal["all_earliest", "one_lowest_index", "one_largest_potential"] = "all_earliest"
    threshold: float = 0.5
    response: Literal["rnl", "snl"] = "rnl"
    tie: Literal["lowest_index", "largest_potential"] = "largest_potential"
    w_res: int = 3
    t_res: int = 3
    start: Literal["samples", "uniform"] = "samples"
    stdp: StdpSpec = PLASTICITY
    homeostasis: HomeostasisSpec | None = None
    windows: int | None = None

    def __post_init__(self) -> None:
        for name, low, high in (("size", 1, 64), ("stride", 1, 64), ("dendrites", 1, 256), ("segments", 1, 4096)):
            _check(f"layer.{name}", getattr(self, name), low, high)
        _check("layer.share", self.share, 0.01, 1)
        _check("layer.threshold", self.threshold, 0.01, 1)
        if self.windows is not None:
            _check("layer.windows", self.windows, 1, 1 << 20)
        if self.output == "neurons" and not self.classes:
            raise ConfigError(
                "neurons are outputs only of layers with one neuron per class", got="classes = false", allowed="classes = true"
            )
        if self.classes and self.share < 1:
            raise ConfigError("a layer with classes sees whole windows", got=f"share = {self.share:g}", allowed="share = 1")


@dataclass(frozen=True)
class ReadoutPlan:
    """How the lines of the last layer become a class.

    kind: ``margin``, the voter of rule R14 with ``segments`` segments per class; the lead that it wants is ``margin`` times the mean number
    of spiking lines; ``votes``, the voter of rule R10; ``tally``, neurons of class layers are counted, nothing is learned. w_res: bits of
    its weights; 8, 3 and 1 if not given.
    """

    kind: Literal["margin", "votes", "tally"] = "margin"
    segments: int = 1
    w_res: int | None = None
    margin: float = 4.0

    def __post_init__(self) -> None:
        if self.w_res is None:
            object.__setattr__(self, "w_res", {"margin": 8, "votes": 3, "tally": 1}[self.kind])
        assert self.w_res is not None
        _check("readout.segments", self.segments, 1, 1024)
        _check("readout.w_res", self.w_res, 1, 8 if self.kind == "margin" else 6)
        _check("readout.margin", self.margin, 0, 1024)


@dataclass(frozen=True)
class Blueprint:
    """A network for images.

    passes, jitter: with which it is trained unless something else is asked for: how often every image is shown, and by how many pixels
    at most it is moved from the second pass on. about: one line for people.
    """

    name: str
    layers: tuple[LayerPlan, ...]
    readout: ReadoutPlan = field(default_factory=ReadoutPlan)
    code: CodePlan = field(default_factory=CodePlan)
    passes: int = 1
    jitter: int = 0
    about: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        for key in ("name", "about"):
            if not isinstance(getattr(self, key), str):
                raise ConfigError(f"{key} must be a string", got=getattr(self, key), allowed=f'{key} = "…"')
        if not self.name.isidentifier() or not self.name.isascii() or self.name.startswith("_"):
            raise ConfigError("the name of a design must be usable as a module name", got=self.name, allowed="letters, digits and '_'")
        if not self.layers:
            raise ConfigError("a design has at least one layer", got=0, allowed="[[layers]] with size, segments, …")
        _check("passes", self.passes, 1, 10_000)
        _check("jitter", self.jitter, 0, 8)
        if self.readout.kind == "tally" and self.layers[-1].output != "neurons":
            raise ConfigError(
                "a tally needs a last layer whose lines are classes",
                got=self.layers[-1].output,
                allowed='classes = true, output = "neurons"',
            )


def _made(where: str, kind: type[T], values: Any) -> T:
    """A dataclass of a TOML table, every key checked."""
    if not isinstance(values, dict):
        raise ConfigError(f"[{where}] must be a table", got=values, allowed=f"[{where}] followed by key = value lines")
    check_keys(where, values, [f.name for f in dataclasses.fields(kind)])  # type: ignore[arg-type]
    for key, inner in (("stdp", StdpSpec), ("homeostasis", HomeostasisSpec)):
        if isinstance(values.get(key), dict):
            check_keys(f"{where}.{key}", values[key], [f.name for f in dataclasses.fields(inner)])
    if isinstance(values.get("stdp"), dict):
        values = {**values, "stdp": {**dataclasses.asdict(PLASTICITY), **values["stdp"]}}
    try:
        return TypeAdapter(kind).validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([where, *(str(part) for part in first["loc"])])
        raise ConfigError(f"{key}: {first['msg']}", got=first["input"], allowed="see docs/mnist.md") from None


def blueprint_from_dict(document: dict[str, Any]) -> Blueprint:
    """A blueprint of a parsed document; ConfigError names the key that is not legal."""
    check_keys("the design", document, [f.name for f in dataclasses.fields(Blueprint)])
    values = dict(document)
    rows = values.get("layers")
    if not isinstance(rows, (list, tuple)):
        raise ConfigError("a design has at least one layer", got=rows, allowed="[[layers]] with size, segments, …")
    values["layers"] = tuple(_made(f"layers.{n}", LayerPlan, row) for n, row in enumerate(rows))
    for key, kind in (("readout", ReadoutPlan), ("code", CodePlan)):
        if key in values:
            values[key] = _made(key, kind, values[key])
    missing = [key for key in ("name",) if key not in values]
    if missing:
        raise ConfigError("the design has no name", got=", ".join(document) or "nothing", allowed='name = "my_design"')
    for key in ("passes", "jitter"):
        if key in values and (isinstance(values[key], bool) or not isinstance(values[key], int)):
            raise ConfigError(f"{key} must be an integer", got=values[key], allowed="an integer")
    return Blueprint(**values)


def load_blueprint(path: Path) -> Blueprint:
    """Read a TOML file. Raises DataError where it cannot be read, ConfigError where it is not legal."""
    try:
        return blueprint_from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DataError("there is no such design file", got=path, next_step="neutnngen apps mnist --list") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the design file cannot be read: {error}", got=path) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the design is not valid TOML: {error}", got=path) from None
