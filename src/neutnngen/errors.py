"""Errors that a user meets: each says what, got, allowed and the next command to type.

Exit codes of the command line: 0 ok, 1 a check failed, 2 usage or configuration, 3 tool or data missing,
4 an external tool failed, 5 internal.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class NeutnngenError(Exception):
    """Base of every error that the project raises on purpose.

    Parameters
    ----------
    what: one sentence that names the problem.
    got: the offending value, as the user gave it.
    allowed: what would have been accepted.
    next_step: the command to type, or the thing to change, next.
    """

    code: str = "internal"
    exit_code: int = 5

    def __init__(self, what: str, *, got: object = None, allowed: object = None, next_step: str | None = None) -> None:
        self.what = what
        self.got = None if got is None else str(got)
        self.allowed = None if allowed is None else str(allowed)
        self.next_step = next_step
        super().__init__(self.render())

    def render(self) -> str:
        """The message as printed: one line for each part that is known."""
        lines = [f"error[{self.code}]: {self.what}"]
        for label, text in (("got", self.got), ("allowed", self.allowed), ("next", self.next_step)):
            if text:
                lines.append(f"  {label + ':':9}{text}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        """The same for ``--json``."""
        return {
            "code": self.code,
            "what": self.what,
            "got": self.got,
            "allowed": self.allowed,
            "next": self.next_step,
            "exit_code": self.exit_code,
        }


class CheckFailed(NeutnngenError):
    """A check ran and said no: a mismatch, a geometric violation, an open net."""

    code = "check"
    exit_code = 1


class ConfigError(NeutnngenError):
    """The user's configuration, arguments or design are not legal."""

    code = "config"
    exit_code = 2


class DataError(NeutnngenError):
    """A data set or file is missing or cannot be read as what it should be."""

    code = "data"
    exit_code = 3


class MissingTool(NeutnngenError):
    """An external program, package or process kit is not installed."""

    code = "missing"
    exit_code = 3


class ToolFailed(NeutnngenError):
    """An external program ran and failed, or did not write what it should have."""

    code = "tool"
    exit_code = 4


def nearest(word: str, legal: Iterable[str]) -> str | None:
    """The legal word that is closest to ``word``, if any is close."""
    found = get_close_matches(word, list(legal), n=1, cutoff=0.6)
    return found[0] if found else None


def unknown_name(what: str, name: object, legal: Iterable[str]) -> ConfigError:
    """The error for a name that is none of ``legal``, with the nearest of them as the next step."""
    names = list(legal)
    close = nearest(str(name), names)
    return ConfigError(what, got=name, allowed=", ".join(names), next_step=f"did you mean {close!r}?" if close else None)
