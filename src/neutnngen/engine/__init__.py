"""Engines that run a Design; all give equal results (rule A2)."""

from neutnngen.engine.choice import ENGINES, get_engine
from neutnngen.engine.protocol import Engine, Result, Session, Trace
from neutnngen.engine.reference import ReferenceEngine

__all__ = ["ENGINES", "Engine", "ReferenceEngine", "Result", "Session", "Trace", "get_engine"]
