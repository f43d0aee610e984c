"""Hardware: hand-written SystemVerilog leaves and the elaborator that joins them into a column."""

from neutnngen.rtl.elaborate import RtlPackage, generate_rtl, open_rtl, scan_chain, scan_image, scan_weights

__all__ = ["RtlPackage", "generate_rtl", "open_rtl", "scan_chain", "scan_image", "scan_weights"]
