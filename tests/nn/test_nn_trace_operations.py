"""The tables of the tracer name operations that exist, and find the nearest form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neutnngen.nn.trace_operations import CAST_TYPES, CASTS, NEAREST_FORMS, WIRING_METHODS, nearest_form
from neutnngen.spec import NO_SPIKE


def test_every_method_exists() -> None:
    assert all(hasattr(Tensor, name) for name in WIRING_METHODS | CASTS)
    assert not WIRING_METHODS & NEAREST_FORMS.keys()


def test_every_cast_keeps_all_spike_times() -> None:
    times = torch.arange(NO_SPIKE + 1).to(torch.uint8)
    for kind in CAST_TYPES:
        assert torch.equal(times.to(kind).to(torch.uint8), times)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("add", "torch.cat"),
        ("AdaptiveMaxPool2d", "one_lowest_index"),
        ("conv2d", "FieldWiring"),
        ("Permute", "permute"),
        ("ReLU6", "as for ReLU"),
    ],
)
def test_nearest_form(name: str, form: str) -> None:
    assert form in nearest_form(name)


def test_without_a_near_name_everything_is_named() -> None:
    assert nearest_form("xyzzy") == "modules of neutnngen.nn, and operations that only move lines, such as torch.cat, indexing and reshape"
