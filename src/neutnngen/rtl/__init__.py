"""Hardware: hand-written SystemVerilog leaves and the elaborator that joins them into a column."""

from neutnngen.rtl.elaborate import RtlPackage, generate_rtl, open_rtl
from neutnngen.rtl.rings import STYLES, Rings, chosen_style
from neutnngen.rtl.scan import ScanOrder, scan_chain

__all__ = ["STYLES", "Rings", "RtlPackage", "ScanOrder", "chosen_style", "generate_rtl", "open_rtl", "scan_chain"]
