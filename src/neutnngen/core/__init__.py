"""Pure functions on integer tensors: response, dendrite, plasticity, random bits, encoders."""
