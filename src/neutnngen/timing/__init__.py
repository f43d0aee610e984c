"""Static timing of a block by our own engine, and what follows from it: sizes, buffers, weights of nets, SDF, timing models."""
