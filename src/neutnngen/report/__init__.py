"""Pictures and the HTML report of a run."""

from neutnngen.report.html import Row, Section, render_report, shown_unit

__all__ = ["Row", "Section", "render_report", "shown_unit"]
