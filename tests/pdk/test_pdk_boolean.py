"""Liberty's boolean expressions: binding, all spellings, and their Verilog."""

from __future__ import annotations

from itertools import product

import pytest

from neutnngen.errors import DataError
from neutnngen.pdk.boolean import parse_expression


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("A B + C", lambda a, b, c: (a and b) or c),
        ("A * B ^ C", lambda a, b, c: a and (b != c)),  # exclusive or binds tighter than and
        ("!(A + B)'", lambda a, b, c: a or b),
        ("A' & !B | C", lambda a, b, c: (not a and not b) or c),
        ("!A !B + 1 * C", lambda a, b, c: (not a and not b) or c),
        ("(A ^ B ^ C)", lambda a, b, c: (a + b + c) % 2 == 1),
        ("A + 0", lambda a, b, c: a),
    ],
)
def test_values(text: str, meaning: object) -> None:
    expression = parse_expression(text)
    for a, b, c in product((False, True), repeat=3):
        assert expression.evaluate({"A": a, "B": b, "C": c}) == bool(meaning(a, b, c)), (a, b, c)  # type: ignore[operator]


def test_names_and_verilog() -> None:
    expression = parse_expression("!A * (B + A) ^ bus[1]")
    assert list(expression.names()) == ["A", "B", "bus[1]"]
    assert expression.verilog({"A": "a_"}) == "((~a_) & ((B | a_) ^ bus[1]))"


@pytest.mark.parametrize("text", ["", "A +", "(A", "A)", "A % B", "* A", "!"])
def test_not_an_expression(text: str) -> None:
    with pytest.raises(DataError, match="not understood"):
        parse_expression(text)
