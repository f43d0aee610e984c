"""Measurements of the engines against a plain compiled loop."""

from neutnngen.bench.engine_speed import bench_engine

__all__ = ["bench_engine"]
