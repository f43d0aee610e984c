"""Boolean expressions of Liberty: ``!A``, ``A'``, ``A * B``, ``A & B``, ``A B``, ``A ^ B``, ``A + B``, ``A | B``, ``0``, ``1``, ``( )``.

Binding, tightest first: not, exclusive or, and, or (Liberty User Guide, "function" attribute).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn

from neutnngen.errors import DataError

Operator = Literal["and", "or", "xor", "not"]
_TOKEN = re.compile(r"\s*([A-Za-z_][\w\[\]]*|[01]|[!'*&+|^()])")
_VERILOG = {"and": " & ", "or": " | ", "xor": " ^ "}


@dataclass(frozen=True)
class Expression:
    """An operator with its operands, or a leaf: the name of a pin or state, or the constant "0" or "1"."""

    operator: Operator | None
    operands: tuple[Expression, ...] = ()
    leaf: str = ""

    def names(self) -> Iterator[str]:
        """Pins and states that it reads, each once, in order."""
        yield from dict.fromkeys(self._leaves())

    def _leaves(self) -> Iterator[str]:
        if self.operator is None and self.leaf not in ("0", "1"):
            yield self.leaf
        for operand in self.operands:
            yield from operand._leaves()

    def evaluate(self, values: Mapping[str, bool]) -> bool:
        """Its value for values of all names."""
        if self.operator is None:
            return self.leaf == "1" if self.leaf in ("0", "1") else values[self.leaf]
        found = [operand.evaluate(values) for operand in self.operands]
        if self.operator == "not":
            return not found[0]
        if self.operator == "xor":
            return sum(found) % 2 == 1
        return all(found) if self.operator == "and" else any(found)

    def verilog(self, rename: Mapping[str, str] | None = None) -> str:
        """The same in Verilog, with all parentheses. rename: what to write for a name, where that differs."""
        if self.operator is None:
            return f"1'b{self.leaf}" if self.leaf in ("0", "1") else (rename or {}).get(self.leaf, self.leaf)
        said = [operand.verilog(rename) for operand in self.operands]
        return f"(~{said[0]})" if self.operator == "not" else f"({_VERILOG[self.operator].join(said)})"


def parse_expression(text: str) -> Expression:
    """Parse a Liberty expression. Raises DataError where it is none."""
    return _Parser(text).whole()


class _Parser:
    """Recursive descent; one method for each level of binding."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.tokens: list[str] = []
        end = len(text.rstrip())
        while self.at < end:
            found = _TOKEN.match(text, self.at)
            if found is None:
                self._fail()
            self.tokens.append(found[1])
            self.at = found.end()
        self.next = 0

    def _fail(self) -> NoReturn:
        raise DataError(
            "a boolean expression of a Liberty file is not understood", got=self.text, allowed="!A, A', A*B, A&B, A^B, A+B, A|B"
        )

    def _peek(self) -> str:
        return self.tokens[self.next] if self.next < len(self.tokens) else ""

    def whole(self) -> Expression:
        made = self._or()
        if self._peek():
            self._fail()
        return made

    def _or(self) -> Expression:
        parts = [self._and()]
        while self._peek() in ("+", "|"):
            self.next += 1
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Expression("or", tuple(parts))

    def _and(self) -> Expression:
        parts = [self._xor()]
        while (token := self._peek()) and token not in ("+", "|", ")", "^"):
            if token in ("*", "&"):
                self.next += 1
            parts.append(self._xor())
        return parts[0] if len(parts) == 1 else Expression("and", tuple(parts))

    def _xor(self) -> Expression:
        parts = [self._not()]
        while self._peek() == "^":
            self.next += 1
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Expression("xor", tuple(parts))

    def _not(self) -> Expression:
        token = self._peek()
        self.next += 1
        if token == "!":
            return Expression("not", (self._not(),))
        if token == "(":
            made = self._or()
            if self._peek() != ")":
                self._fail()
            self.next += 1
        elif token in ("0", "1") or token[:1].isalpha() or token[:1] == "_":
            made = Expression(None, (), token)
        else:
            self._fail()
        while self._peek() == "'":
            self.next += 1
            made = Expression("not", (made,))
        return made
