"""Specifications as JSON values and back; an unknown key is an error that names the nearest legal one."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from neutnngen.errors import ConfigError, nearest, unknown_name
from neutnngen.spec.column import ColumnSpec, LfsrSpec, StdpSpec
from neutnngen.spec.dendritic import DendriticColumnSpec, HomeostasisSpec, ProximalSpec
from neutnngen.spec.network import LayerSpec, NetworkSpec, VoterSpec
from neutnngen.spec.wiring import WIRINGS, Wiring

T = TypeVar("T")


def plain(value: Any) -> Any:
    """A specification as JSON values; a wiring gets a ``kind``. Options younger than format 2.1 are left out where they are not used, so
    that a Design keeps its fingerprint."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = {"kind": value.kind} if isinstance(value, WIRINGS) else {}
        used = [f for f in dataclasses.fields(value) if not (f.metadata.get("omit") and getattr(value, f.name) == f.default)]
        return {**kind, **{f.name: plain(getattr(value, f.name)) for f in used}}
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    return value


def _build(kind: type[T], where: str, values: Any, **parts: Any) -> T:
    """``kind`` from plain values; ``parts`` are functions that make the nested ones."""
    if not isinstance(values, dict):
        raise ConfigError(f"[{where}] is not a table of keys", got=values, allowed="keys with values")
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    check_keys(where, values, names)
    return kind(**{k: parts[k](v) if k in parts and v is not None else _tuples(v) for k, v in values.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _lfsr(where: str) -> Any:
    return lambda values: _build(LfsrSpec, f"{where}.lfsr", values)


def _stdp(where: str) -> Any:
    return lambda values: _build(StdpSpec, f"{where}.stdp", values)


def column_from_dict(values: dict[str, Any]) -> ColumnSpec:
    """A classic column."""
    return _build(ColumnSpec, "column", values, stdp=_stdp("column"), lfsr=_lfsr("column"))


def dendritic_from_dict(values: dict[str, Any], where: str = "column") -> DendriticColumnSpec:
    """A column with active dendrites."""
    return _build(
        DendriticColumnSpec,
        where,
        values,
        proximal=lambda v: _build(ProximalSpec, f"{where}.proximal", v),
        homeostasis=lambda v: _build(HomeostasisSpec, f"{where}.homeostasis", v),
        stdp=_stdp(where),
        lfsr=_lfsr(where),
    )


def wiring_from_dict(values: dict[str, Any], where: str = "wiring") -> Wiring:
    """A wiring; ``kind`` says which."""
    for kind in WIRINGS:
        if values.get("kind") == kind.kind:
            made: Wiring = _build(kind, where, {k: v for k, v in values.items() if k != "kind"})
            return made
    raise unknown_name(f"unknown kind of wiring in [{where}]", values.get("kind"), [k.kind for k in WIRINGS])


def network_from_dict(values: dict[str, Any]) -> NetworkSpec:
    """A network, from what ``plain`` makes of it."""

    def layer(number: int, one: dict[str, Any]) -> LayerSpec:
        where = f"network.layers.{number}"
        return _build(
            LayerSpec,
            where,
            one,
            column=lambda v: dendritic_from_dict(v, f"{where}.column"),
            wiring=lambda v: wiring_from_dict(v, f"{where}.wiring"),
            proximal_wiring=lambda v: wiring_from_dict(v, f"{where}.proximal_wiring"),
        )

    return _build(
        NetworkSpec,
        "network",
        values,
        layers=lambda rows: tuple(layer(n, one) for n, one in enumerate(rows)),
        voter=lambda v: _build(VoterSpec, "network.voter", v, lfsr=_lfsr("network.voter")),
    )


def check_keys(where: str, values: dict[str, Any], legal: list[str]) -> None:
    """Raise ConfigError for the first key of ``values`` that is not ``legal``."""
    for key in values:
        if key not in legal:
            close = nearest(key, legal)
            raise ConfigError(
                f"unknown key in [{where}]",
                got=key,
                allowed=", ".join(legal),
                next_step=f"did you mean {close!r}?" if close else None,
            )
