"""ARFF files of time series: numeric attributes in order of time, the nominal class last.

Format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from neutnngen.data.rows import Record
from neutnngen.errors import DataError

_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_BEFORE_COMMENT = re.compile(rf"(?:{_QUOTED}|[^%'\"])*")
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s{{]+)\s*(.+)", re.IGNORECASE)
_FIELD = re.compile(rf"\s*({_QUOTED}|[^,]*?)\s*(?:,|$)")
_NUMERIC = {"numeric", "real", "integer"}


def arff_records(lines: Iterable[tuple[int, str]], file: Path) -> Iterator[Record]:
    """The series of an ARFF file, line by line. Raises DataError that names file and line."""
    types: list[str] = []
    in_data = False
    classes: set[str] = set()
    for number, line in lines:
        if "%" in line:
            found = _BEFORE_COMMENT.match(line)
            line = found.group() if found else line
        line = line.strip()
        if not line:
            continue
        if in_data:
            yield _record(line, number, len(types), classes, file)
        elif line.lower() == "@data":
            in_data, classes = True, _classes(types, number, file)
        elif line.lower().startswith("@attribute"):
            types.append(_type(line, number, file))
        elif not line.lower().startswith(("@relation", "@end")):
            raise DataError(
                f"line {number} is no header line and comes before @data", got=f"{line[:60]!r} in {file}", allowed="@attribute NAME TYPE"
            )
    if not in_data:
        raise DataError("the file has no @data line", got=file, allowed="an ARFF header, @data, then one series per line")


def _type(line: str, number: int, file: Path) -> str:
    found = _ATTRIBUTE.fullmatch(line)
    if found is None:
        raise DataError(f"line {number} is not an attribute", got=f"{line[:60]!r} in {file}", allowed="@attribute NAME TYPE")
    text = found.group(2).strip()
    if text.lower() == "relational":
        raise DataError(
            f"line {number} declares several channels (a relational attribute)",
            got=file,
            allowed="one channel: numeric attributes, the class last",
            next_step="write each channel as a file of its own",
        )
    if text.startswith("{") and text.endswith("}"):
        return text
    if text.lower() not in _NUMERIC:
        raise DataError(
            f"line {number} declares an attribute that is neither numeric nor a class",
            got=f"{text[:60]} in {file}",
            allowed="numeric, real, integer, or the classes in braces",
        )
    return "numeric"


def _classes(types: list[str], number: int, file: Path) -> set[str]:
    """Class names of the last attribute; every attribute before it must be numeric."""
    if not types or not types[-1].startswith("{"):
        raise DataError(
            "the file has no class label: its last attribute is not nominal",
            got=f"{types[-1] if types else 'no attribute'} before @data in line {number} of {file}",
            allowed="@attribute class {1,2} as the last attribute",
        )
    if any(t != "numeric" for t in types[:-1]):
        raise DataError("an attribute before the last is not numeric", got=file, allowed="numeric attributes, then the nominal class")
    return set(_split(types[-1][1:-1]))


def _split(text: str) -> list[str]:
    """Comma-separated fields without their quotes."""
    if "'" not in text and '"' not in text:
        return [field.strip() for field in text.split(",")]
    fields, end = [], 0
    while end <= len(text):
        found = _FIELD.match(text, end)
        if found is None:  # an open quote, or text after a closing one: taken as it stands, and refused as a number or class
            fields.append(text[end:].strip())
            break
        field = found.group(1)
        if len(field) > 1 and field[0] in "'\"":
            field = re.sub(r"\\(.)", r"\1", field[1:-1])
        fields.append(field)
        end = found.end() if found.group().endswith(",") else len(text) + 1
    return fields


def _record(line: str, number: int, attributes: int, classes: set[str], file: Path) -> Record:
    if line.startswith("{"):
        raise DataError(f"line {number} is a sparse instance", got=file, allowed="all values, separated by commas")
    *fields, label = _split(line)
    if len(fields) + 1 != attributes:
        raise DataError(
            f"line {number} has another length than the header declares",
            got=f"{len(fields) + 1} values in {file}",
            allowed=f"{attributes} values, the class last",
        )
    if label not in classes and label not in ("", "?"):
        raise DataError(
            f"line {number} has a class that the header does not declare",
            got=f"{label!r} in {file}",
            allowed=", ".join(sorted(classes)),
        )
    return Record(number, label, fields)
