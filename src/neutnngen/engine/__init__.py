"""Engines that run a Design; all give equal results (rule A2)."""

from neutnngen.engine.protocol import Engine, Trace
from neutnngen.engine.reference import ReferenceEngine

__all__ = ["Engine", "ReferenceEngine", "Trace"]
