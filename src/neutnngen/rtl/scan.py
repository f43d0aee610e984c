"""The scan chain of a column: which bit of its image is which bit of which weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import DataError
from neutnngen.spec import Design

Place = tuple[int, int, int]
"""Neuron, input, bit of the weight (0 the lowest)."""


@dataclass(frozen=True)
class ScanOrder:
    """places: for every bit of the image, in the order in which the bits go in and come out, whose it is; None where the chain has a
    place and the column no synapse. shape: (neurons, inputs)."""

    places: tuple[Place | None, ...]
    shape: tuple[int, int]

    def image(self, weights: NDArray[np.uint8]) -> list[int]:
        """Bits that load ``weights`` (neuron, input)."""
        return [0 if place is None else int(weights[place[0], place[1]]) >> place[2] & 1 for place in self.places]

    def weights(self, bits: list[int]) -> NDArray[np.uint8]:
        """The inverse: (neuron, input) uint8. Raises DataError if the number of bits is not that of the chain."""
        if len(bits) != len(self.places):
            raise DataError("the scan image has the wrong length", got=len(bits), allowed=len(self.places))
        weights = np.zeros(self.shape, dtype=np.uint8)
        for place, bit in zip(self.places, bits, strict=True):
            if place is not None:
                weights[place[0], place[1]] |= bit << place[2]
        return weights


def scan_chain(design: Design) -> tuple[tuple[int, int], ...]:
    """Synapses that exist as (neuron, input), by neuron, then by input: from the entry of a plain chain to its exit."""
    return tuple((int(j), int(i)) for j, i in np.argwhere(design.mask))


def plain_order(design: Design) -> ScanOrder:
    """One chain through all synapses: the first bit in is the highest bit of the last synapse."""
    bits = range(design.column.w_res - 1, -1, -1)
    return ScanOrder(tuple((j, i, k) for j, i in reversed(scan_chain(design)) for k in bits), (design.column.neurons, design.column.inputs))
