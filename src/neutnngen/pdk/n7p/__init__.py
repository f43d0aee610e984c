"""n7p: a predictive 7.5-track library for a 7 nm node of our own, made by a compact model. It is neither a foundry's library nor ASAP7."""

from neutnngen.pdk.n7p.write import generated_kit, library_texts

__all__ = ["generated_kit", "library_texts"]
