"""The wrapper of KLayout's program: argument line and reader of reports."""

from __future__ import annotations

import pytest

from neutnngen.errors import DataError
from neutnngen.tools.klayout import KLAYOUT, Marker, deck_argv, parse_report
from neutnngen.tools.process import in_range

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<report-database>
 <top-cell>top</top-cell>
 <categories>
  <category><name>M1.1</name><description>M1.1 : width</description><categories></categories></category>
  <category><name>GRID: off 2.5</name><description/><categories></categories></category>
 </categories>
 <cells><cell><name>INV</name><variant>1</variant></cell></cells>
 <items>
  <item><category>'M1.1'</category><cell>INV:1</cell>
   <values><value>edge-pair: (0.64,0.63;0.64,0.555)/(0.6,0.625;0.64,0.56)</value></values></item>
  <item><category>'GRID: off 2.5'</category><cell>top</cell><values><value>polygon: (-1,2;-1,3e-1;4,5)</value></values></item>
 </items>
</report-database>
"""


def test_a_report_gives_rules_and_markers_with_their_boxes() -> None:
    report = parse_report(REPORT)
    assert report.top == "top" and dict(report.rules) == {"M1.1": "M1.1 : width", "GRID: off 2.5": ""}
    assert report.markers == (Marker("M1.1", "INV", (0.6, 0.555, 0.64, 0.63)), Marker("GRID: off 2.5", "top", (-1, 0.3, 4, 5)))


@pytest.mark.parametrize("text", ["", "<other/>", REPORT.replace("polygon: (-1,2;-1,3e-1;4,5)", "text: 'x'")])
def test_what_is_no_report_is_an_error(text: str) -> None:
    with pytest.raises(DataError):
        parse_report(text)


def test_argument_line_and_versions() -> None:
    assert deck_argv("a.lydrc", {"input": "x.gds"}) == ["klayout", "-b", "-r", "a.lydrc", "-rd", "input=x.gds"]
    assert in_range("0.28.5", KLAYOUT) and not in_range("0.26.2", KLAYOUT)
