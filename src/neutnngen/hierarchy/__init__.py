"""Chips of hard macros: a column is laid out once, and copies of it are tiled and connected on the layers above."""
