"""Pictures and the HTML report of a run."""

from neutnngen.report.html import Row, Section, render_report

__all__ = ["Row", "Section", "render_report"]
