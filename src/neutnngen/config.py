"""The TOML configuration of a run, checked key by key.

Every section is a frozen dataclass; pydantic converts and checks the values, unknown keys are errors that name the nearest legal key.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from neutnngen.errors import ConfigError, DataError
from neutnngen.flow.config import LayoutConfig
from neutnngen.spec import LfsrSpec, StdpSpec, check_keys

T = TypeVar("T")


@dataclass(frozen=True)
class DataConfig:
    """``set``: name of a UCR set or path of a file; ``folder``: where named sets are looked for first."""

    set: str = "ItalyPowerDemand"
    folder: Path | None = None


@dataclass(frozen=True)
class ColumnConfig:
    """The column; ``neurons`` defaults to the number of classes and ``threshold`` is chosen from the encoded series (no labels)."""

    neurons: int | None = None
    threshold: int | None = None
    t_res: int = 3
    w_res: int = 3
    drop: int | None = None
    rank: bool = True
    tie: Literal["lowest_index", "largest_potential"] = "lowest_index"


@dataclass(frozen=True)
class TrainConfig:
    epochs: int = 4
    restarts: int = 3
    seed: int = 0


@dataclass(frozen=True)
class VerifyConfig:
    """``waves`` real waves are simulated with learning on and as many again with learning off."""

    waves: int = 256


@dataclass(frozen=True)
class RunConfig:
    """A whole run, as ``neutnngen demo --config FILE`` reads it."""

    name: str = "italy_power_demand"
    data: DataConfig = field(default_factory=DataConfig)
    column: ColumnConfig = field(default_factory=ColumnConfig)
    stdp: StdpSpec = field(default_factory=lambda: StdpSpec(mu_capture=256, mu_minus=256, mu_search=2, mu_backoff=256, mu_min=128))
    lfsr: LfsrSpec = field(default_factory=LfsrSpec)
    train: TrainConfig = field(default_factory=TrainConfig)
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    layout: LayoutConfig = field(default_factory=LayoutConfig)


def _section(where: str, kind: type[T], values: object, defaults: T) -> T:
    """A dataclass from a TOML table, missing keys taken from ``defaults``."""
    if not isinstance(values, dict):
        raise ConfigError(f"[{where}] must be a table", got=values, allowed=f"[{where}] followed by key = value lines")
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    check_keys(where, values, names)
    merged = {name: getattr(defaults, name) for name in names} | values
    try:
        return TypeAdapter(kind).validate_python(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([where, *(str(part) for part in first["loc"])])
        raise ConfigError(
            f"{key}: {first['msg']}", got=first["input"], allowed="see the documentation of this key in docs/configuration.md"
        ) from None


def config_from_dict(document: dict[str, Any]) -> RunConfig:
    """Check a parsed document. Raises ConfigError that names the key."""
    default = RunConfig()
    fields = {f.name: getattr(default, f.name) for f in dataclasses.fields(RunConfig)}
    check_keys("the configuration", document, list(fields))
    values: dict[str, Any] = {}
    for key, fallback in fields.items():
        if key not in document:
            values[key] = fallback
        elif key == "name":
            if not isinstance(document[key], str):
                raise ConfigError("name must be a string", got=document[key], allowed='name = "my_column"')
            values[key] = document[key]
        else:
            values[key] = _section(key, type(fallback), document[key], fallback)
    return RunConfig(**values)


def load_config(path: Path | None) -> RunConfig:
    """Read a TOML file; None gives the defaults (the demo)."""
    if path is None:
        return RunConfig()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError("the configuration file does not exist", got=path, next_step="check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the configuration file cannot be read: {error}", got=path) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the configuration is not valid TOML: {error}", got=path) from None
    return config_from_dict(document)
