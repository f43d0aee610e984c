"""Engines by name; only the chosen one is imported, since each brings a large library."""

from __future__ import annotations

from typing import Any

from neutnngen.engine.protocol import Engine
from neutnngen.engine.reference import ReferenceEngine
from neutnngen.errors import ConfigError, unknown_name

ENGINES = ("auto", "reference", "compiled", "torch")


def get_engine(name: str = "auto", *, device: Any = "cpu", threads: int | None = None) -> Engine:
    """The engine of that name.

    auto: ``compiled`` for the CPU, ``torch`` for any other device. device: a torch device or its name; only ``torch`` takes one that is not
    the CPU. threads: of ``compiled``, all that the machine has if not given. Raises ConfigError for an unknown name or a device that the
    engine does not have.
    """
    if name not in ENGINES:
        raise unknown_name("there is no such engine", name, ENGINES)
    on_cpu = str(device).split(":", maxsplit=1)[0] == "cpu"
    if name == "torch" or (name == "auto" and not on_cpu):
        from neutnngen.engine.torch_engine import TorchEngine

        return TorchEngine(device)
    if not on_cpu:
        raise ConfigError(f"the engine {name!r} runs on the CPU", got=str(device), allowed="cpu", next_step='choose the engine "torch"')
    if name == "reference":
        return ReferenceEngine()
    from neutnngen.engine.compiled import CompiledEngine

    return CompiledEngine(threads)
