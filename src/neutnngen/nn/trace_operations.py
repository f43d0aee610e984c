"""Which PyTorch operations are pure wiring, and what to write instead of those that are not; used by ``nn.trace``."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from neutnngen.errors import nearest

# fmt: off
WIRING_METHODS = frozenset([
    "chunk", "clone", "contiguous", "detach", "diagonal", "dim", "expand", "expand_as", "flatten", "flip", "fliplr", "flipud",
    "index_select", "moveaxis", "movedim", "narrow", "permute", "repeat", "repeat_interleave", "reshape", "roll", "rot90",
    "select", "size", "split", "squeeze", "swapaxes", "swapdims", "t", "tensor_split", "tile", "transpose", "unbind", "unflatten",
    "unfold", "unsqueeze", "view",
])
# fmt: on
"""Methods of a tensor that only move its elements, or tell its size."""

CASTS = frozenset(["byte", "double", "float", "int", "long", "short", "to", "type", "cpu", "cuda"])
"""Methods that change type or device; every spike time survives them, and line numbers need none of them."""

CAST_TYPES = (torch.uint8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""Types that hold every spike time and no spike exactly."""

ALLOWED = "modules of neutnngen.nn, and operations that only move lines"

ATTRIBUTES = frozenset(["device", "dtype", "mT", "ndim", "shape"])

WIRING_FUNCTIONS: frozenset[Callable[..., Any]] = frozenset(
    [getattr(torch, name) for name in WIRING_METHODS if callable(getattr(torch, name, None))]
    + [torch.cat, torch.concat, torch.concatenate, torch.stack, torch.hstack, torch.vstack, operator.getitem]
)

SIZE_ARITHMETIC: frozenset[Callable[..., Any]] = frozenset([operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod])
"""Allowed between numbers, such as sizes, that are known while tracing."""

UNFOLDS: frozenset[Callable[..., Any]] = frozenset([functional.unfold])

WIRING_MODULES: tuple[type[nn.Module], ...] = (
    nn.Identity,
    nn.Flatten,
    nn.Unflatten,
    nn.Unfold,
    nn.ChannelShuffle,
    nn.PixelShuffle,
    nn.PixelUnshuffle,
)

_ADD = "concatenate the lines (torch.cat) and let an nn.Column add their responses"
_SCALE = "an nn.Column, whose weights scale the responses"
_COLUMN = "nn.Column"
_COMPETE = "nn.Column with an inhibition, which lets only the earliest pass"
_POOL = 'nn.Layer with a FieldWiring and inhibition="one_lowest_index"'
_FIELD = "nn.Layer with a FieldWiring"
_MASK = "masks: synapses that are pruned (rule S4)"
_BALANCE = "HomeostasisSpec (rule R12)"
_TIME = "nothing carries over from wave to wave (rule T5): give earlier samples as more input lines"
_PAD = "windows that stay inside the grid (rule L1): wire only lines that exist"
_ORDER = "an nn.Column: spike times are compared by its threshold, its tie rule and its inhibition"

NEAREST_FORMS: dict[str, str] = {
    **dict.fromkeys(["add", "iadd", "sub", "isub", "sum", "mean", "cumsum"], _ADD),
    **dict.fromkeys(["mul", "imul", "div", "truediv", "pow", "neg", "Bilinear"], _SCALE),
    **dict.fromkeys(["Linear", "linear", "matmul", "mm", "bmm", "einsum", "LazyLinear", "MultiheadAttention"], _COLUMN),
    **dict.fromkeys(["ReLU", "relu", "GELU", "gelu", "Sigmoid", "sigmoid", "Tanh", "tanh", "LeakyReLU", "clamp"], _COMPETE),
    **dict.fromkeys(["Softmax", "softmax", "LogSoftmax", "log_softmax", "argmax", "argmin", "max", "min", "topk", "sort"], _COMPETE),
    **{f"{kind}MaxPool{n}d": _POOL for kind in ("", "Adaptive") for n in (1, 2, 3)},
    **{f"{kind}AvgPool{n}d": _FIELD for kind in ("", "Adaptive") for n in (1, 2, 3)},
    **{
        f"{kind}_pool{n}d": _POOL if "max" in kind else _FIELD for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for n in (1, 2, 3)
    },
    **{f"{kind}{n}d": _FIELD for kind in ("Conv", "ConvTranspose", "conv", "LazyConv") for n in (1, 2, 3)},
    **dict.fromkeys(["Dropout", "dropout", "Dropout1d", "Dropout2d", "AlphaDropout"], _MASK),
    **{f"BatchNorm{n}d": _BALANCE for n in (1, 2, 3)},
    **dict.fromkeys(["LayerNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "batch_norm", "layer_norm", "normalize"], _BALANCE),
    **dict.fromkeys(["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"], _TIME),
    **dict.fromkeys(["pad", "ZeroPad1d", "ZeroPad2d", "ConstantPad1d", "ConstantPad2d", "zeros", "ones", "full", "zeros_like"], _PAD),
    **dict.fromkeys(["gt", "ge", "lt", "le", "eq", "ne", "where", "masked_fill", "maximum", "minimum"], _ORDER),
    **dict.fromkeys(["Embedding", "one_hot"], "nn.encoders.OneHot as the first operation"),
    **dict.fromkeys(["setitem", "index_copy", "scatter", "gather"], "indexing with numbers that are known while tracing, and torch.cat"),
}
"""What to write instead of an operation, by its name."""


def nearest_form(name: str) -> str:
    """The supported form that is nearest to an operation."""
    if name in NEAREST_FORMS:
        return NEAREST_FORMS[name]
    known = sorted(WIRING_METHODS) + ["cat", "concat", "stack"] + [kind.__name__ for kind in WIRING_MODULES]
    close = nearest(name, [*known, *NEAREST_FORMS])
    if close in NEAREST_FORMS:
        return f"as for {close}: {NEAREST_FORMS[close]}"
    return close or f"{ALLOWED}, such as torch.cat, indexing and reshape"
