"""Silicon of a network without running a tool, from coefficients measured by synthesis."""

from neutnngen.forecast.coefficients import Coefficients, load_coefficients
from neutnngen.forecast.silicon import SiliconEstimate, SiliconPart, estimate

__all__ = ["Coefficients", "SiliconEstimate", "SiliconPart", "estimate", "load_coefficients"]
