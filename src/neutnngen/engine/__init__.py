"""Engines that run a Design; all give equal results (rule A2)."""

from neutnngen.engine.compiled import CompiledEngine
from neutnngen.engine.protocol import Engine, Trace
from neutnngen.engine.reference import ReferenceEngine

__all__ = ["CompiledEngine", "Engine", "ReferenceEngine", "Trace"]
