"""Digits that are seen and heard: an image and a spoken word of the same class presented together."""
