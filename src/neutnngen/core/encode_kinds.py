"""From an encoder's description, as a Design's provenance holds it, back to the encoder."""

from __future__ import annotations

from typing import Any

from neutnngen.core.encode import QuantileEncoder
from neutnngen.core.encode_base import TensorEncoder
from neutnngen.core.encode_fields import FirstDifferenceEncoder, GaussianReceptiveFieldsEncoder, OnOffCentreSurroundEncoder
from neutnngen.core.encode_population import PopulationEncoder
from neutnngen.core.encode_sound import LogMelEncoder
from neutnngen.core.encode_values import IntensityEncoder, MedianThresholdEncoder, OneHotEncoder, PosNegEncoder
from neutnngen.errors import unknown_name

ENCODERS: tuple[type[TensorEncoder] | type[QuantileEncoder], ...] = (
    IntensityEncoder,
    PosNegEncoder,
    OnOffCentreSurroundEncoder,
    FirstDifferenceEncoder,
    GaussianReceptiveFieldsEncoder,
    OneHotEncoder,
    MedianThresholdEncoder,
    LogMelEncoder,
    PopulationEncoder,
    QuantileEncoder,
)


def encoder_from_dict(values: dict[str, Any]) -> TensorEncoder | QuantileEncoder:
    """The encoder that wrote ``values`` with ``to_dict``; ``values["kind"]`` says which. Errors: ConfigError for an unknown kind or key."""
    kind = values.get("kind")
    for encoder in ENCODERS:
        if encoder.kind == kind:
            return encoder.from_dict(values)
    raise unknown_name("unknown kind of encoder", kind, [e.kind for e in ENCODERS])
