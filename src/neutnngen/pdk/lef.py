"""LEF reader: a technology LEF becomes a :class:`Technology`, a cell LEF becomes masters.

Only what the flow uses is kept; every other statement is read over, so LEF 5.6 to 5.8 files with vendor properties are accepted.
Lengths become integer database units here and nowhere else.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Literal, NoReturn, cast

from neutnngen.errors import DataError
from neutnngen.pdk.technology import Direction, EndRule, Layer, LayerKind, Master, MasterPin, Rect, Site, Technology, ViaDef

_TOKEN = re.compile(r'"[^"]*"|[^\s;"]+|;')
_COMMENT = re.compile(r"#[^\n]*")
_KINDS: dict[str, LayerKind] = {"ROUTING": "routing", "CUT": "cut", "MASTERSLICE": "masterslice", "OVERLAP": "overlap"}
_PinUse = Literal["signal", "clock", "power", "ground"]
_USES: dict[str, _PinUse] = {"SIGNAL": "signal", "CLOCK": "clock", "POWER": "power", "GROUND": "ground"}


class _Tokens:
    """The words of one LEF file with a cursor; ``;`` is a word of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.words = _TOKEN.findall(_COMMENT.sub("", _read_text(path)))
        self.at = 0

    def next(self) -> str:
        if self.at >= len(self.words):
            self.fail("the LEF file ends in the middle of a statement")
        self.at += 1
        return str(self.words[self.at - 1])

    def __iter__(self) -> Iterator[str]:
        while self.at < len(self.words):
            yield self.next()

    def statement(self) -> list[str]:
        """The words up to the next ``;``, which is consumed."""
        start = self.at
        try:
            self.at = self.words.index(";", start) + 1
        except ValueError:
            self.fail("a LEF statement has no closing semicolon")
        return list(self.words[start : self.at - 1])

    def skip_block(self, name: str) -> None:
        """Read over a block up to ``END name``."""
        last = ""
        while (last, word := self.next()) != ("END", name):
            last = word

    def fail(self, what: str) -> NoReturn:
        near = " ".join(self.words[max(0, self.at - 8) : self.at + 3])
        raise DataError(f"{what} in {self.path.name}", got=f"… {near} …", next_step=f"check that {self.path} is a complete LEF file")


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", errors="replace")
    except (OSError, EOFError) as problem:
        raise DataError(f"cannot read {path}", got=problem, next_step="check the path and its permissions") from problem


def slice_polygon(points: Sequence[tuple[int, int]], layer: str) -> tuple[Rect, ...]:
    """Cut a rectilinear polygon into disjoint rectangles: horizontal slabs, equal neighbours joined.

    Raises ``ValueError`` for a polygon with a slanted edge. The rectangles touch; whoever needs room for a via that covers more than one
    of them must look at their union.
    """
    edges: list[tuple[int, int, int]] = []
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        if x0 != x1 and y0 != y1:
            raise ValueError(f"slanted edge from ({x0}, {y0}) to ({x1}, {y1})")
        if y0 != y1:
            edges.append((x0, min(y0, y1), max(y0, y1)))
    levels = sorted({y for _, low, high in edges for y in (low, high)})
    done: list[Rect] = []
    growing: dict[tuple[int, int], Rect] = {}
    for low, high in pairwise(levels):
        crossings = sorted(x for x, bottom, top in edges if bottom <= low and high <= top)
        spans = _even_odd(crossings)
        done += [rect for span, rect in growing.items() if span not in spans]
        growing = {span: growing[span]._replace(y1=high) if span in growing else Rect(layer, span[0], low, span[1], high) for span in spans}
    return tuple(sorted([*done, *growing.values()], key=lambda r: (r.y0, r.x0)))


def _even_odd(crossings: list[int]) -> list[tuple[int, int]]:
    """Inside intervals between sorted crossings; touching intervals are joined."""
    spans: list[tuple[int, int]] = []
    for x0, x1 in zip(crossings[::2], crossings[1::2], strict=True):
        if x0 == x1:
            continue
        if spans and spans[-1][1] == x0:
            spans[-1] = (spans[-1][0], x1)
        else:
            spans.append((x0, x1))
    return spans


def read_technology(
    path: Path, name: str, gds: Mapping[str, tuple[int, int]], wires: Mapping[str, tuple[float, float]] | None = None
) -> Technology:
    """Read a technology LEF.

    Parameters
    ----------
    gds: (layer, datatype) of every layer to keep; layers that it does not name are left out.
    wires: (ohm per micrometre, fF per micrometre) of routing layers, instead of what the LEF implies.

    Raises
    ------
    DataError: the file is not a complete LEF, or a routing or cut layer between two kept ones has no GDS number.
    """
    tokens = _Tokens(path)
    dbu, grid = 0, 0.0
    layers: dict[str, Layer] = {}
    vias: dict[str, ViaDef] = {}
    sites: dict[str, Site] = {}
    for word in tokens:
        if word == "UNITS":
            for unit in tokens:
                if unit == "END":
                    tokens.next()
                    break
                body = tokens.statement()
                if unit == "DATABASE":
                    dbu = int(body[1])
        elif word == "MANUFACTURINGGRID":
            grid = float(tokens.statement()[0])
        elif word == "LAYER":
            if not dbu:
                tokens.fail("the technology LEF states no UNITS DATABASE MICRONS before its first layer")
            layer = _read_layer(tokens, dbu, gds, wires or {})
            if layer is not None:
                layers[layer.name] = layer
        elif word == "VIA":
            via = _read_via(tokens, dbu, layers)
            if via is not None:
                vias[via.name] = via
        elif word == "SITE":
            site = _read_site(tokens, dbu)
            sites[site.name] = site
        else:
            _skip(tokens, word)
    if not dbu or not layers:
        tokens.fail("no UNITS or no LAYER")
    for layer in layers.values():
        drawn = [rect for via in vias.values() for rect in via.rects if rect.layer == layer.name]
        if layer.kind == "cut" and not layer.width and drawn:  # a size that the vias alone state
            layers[layer.name] = replace(layer, width=max(max(rect.x1 - rect.x0, rect.y1 - rect.y0) for rect in drawn))
    return Technology(name, dbu, max(1, round(grid * dbu)), layers, vias, sites)


def read_sites(path: Path, dbu: int) -> dict[str, Site]:
    """The sites of a LEF file; some libraries have theirs in the file of the cells."""
    tokens = _Tokens(path)
    sites: dict[str, Site] = {}
    for word in tokens:
        if word == "SITE":
            site = _read_site(tokens, dbu)
            sites[site.name] = site
        elif word == "UNITS":
            tokens.skip_block(word)
        else:
            _skip(tokens, word)
    return sites


def _skip(tokens: _Tokens, word: str) -> None:
    """Read over a statement or block of the top level that the flow does not use."""
    if word == "END":
        tokens.next()  # END LIBRARY
    elif word in ("VIARULE", "NONDEFAULTRULE", "MACRO"):
        tokens.skip_block(tokens.next())
    elif word in ("PROPERTYDEFINITIONS", "SPACING"):
        tokens.skip_block(word)
    else:
        tokens.statement()


def _read_layer(tokens: _Tokens, dbu: int, gds: Mapping[str, tuple[int, int]], wires: Mapping[str, tuple[float, float]]) -> Layer | None:
    name = tokens.next()
    said: dict[str, list[str]] = {}
    spacings: list[int] = []
    table: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = ()
    fine: list[list[str]] = []  # LEF 5.8 statements that stand in properties, and ordinary ones of the same kind
    cut_spacing: str | None = None
    for word in tokens:
        if word == "END":
            tokens.next()
            break
        body = tokens.statement()
        if word == "PROPERTY" and len(body) == 2 and body[0].startswith("LEF58_"):
            fine += [part.split() for part in body[1].strip('"').split(";") if part.split()]
        elif word == "SPACING" and "ENDOFLINE" in body:
            fine.append([word, *body])
        if word == "SPACING" and len(body) == 1:
            spacings.append(_dbu(body[0], dbu))
        elif word == "SPACINGTABLE" and body[0] == "PARALLELRUNLENGTH":
            table = _spacing_table(body[1:], dbu)
        elif word == "PROPERTY" and len(body) == 2:
            cut_spacing = _cut_spacing(body[0], body[1]) or cut_spacing
        elif word not in ("SPACING", "SPACINGTABLE", "PROPERTY"):
            said[word] = body
    kind = _KINDS.get(said.get("TYPE", [""])[0].upper())
    if kind is None or name not in gds:
        if kind in ("routing", "cut"):
            tokens.fail(f"the kit names no GDS layer for {name}")
        return None
    direction: Direction = "vertical" if said.get("DIRECTION", [""])[0].upper() == "VERTICAL" else "horizontal"
    axis = -1 if direction == "horizontal" else 0  # the pair is (x, y): tracks of a horizontal layer are counted along y

    def length(key: str, which: int = 0) -> int:
        return _dbu(said[key][which], dbu) if key in said else 0

    if kind == "cut" and cut_spacing is not None and not spacings:
        spacings.append(_dbu(cut_spacing, dbu))
    width = length("WIDTH")
    if table:
        spacings += [row[0][1] for row_width, row in table if row_width <= width][-1:]
    resistance, capacitance = wires.get(name, _lef_parasitics(kind, said, width / dbu))
    return Layer(
        name,
        kind,
        gds[name],
        direction,
        length("PITCH", axis),
        length("OFFSET", axis),
        width,
        round(float(said["AREA"][0]) * dbu * dbu) if "AREA" in said else 0,
        min(spacings, default=0),
        table,
        end_rules=tuple(_end_rule(words, dbu) for words in fine if words[0] == "SPACING" and "ENDOFLINE" in words),
        corner_spacing=max(
            [0, *(_dbu(_after(words, "SPACING"), dbu) for words in fine if words[0] == "CORNERSPACING" and "SPACING" in words)]
        ),
        widths=tuple(_dbu(word, dbu) for words in fine if words[0] == "WIDTHTABLE" for word in words[1:] if word[0].isdigit()),
        edge_pitch=max([0, *(_dbu(_after(words, "FIRSTLASTPITCH"), dbu) for words in fine if "FIRSTLASTPITCH" in words)]),
        antenna_ratio=float(said["ANTENNAAREARATIO"][0]) if "ANTENNAAREARATIO" in said else 0.0,
        resistance=resistance,
        capacitance=capacitance,
    )


def _after(words: Sequence[str], key: str) -> str:
    """The word behind a key word, "0" where the key is missing."""
    return words[words.index(key) + 1] if key in words else "0"


def _end_rule(words: Sequence[str], dbu: int) -> EndRule:
    beside = words[words.index("PARALLELEDGE") :] if "PARALLELEDGE" in words else []
    return EndRule(
        _dbu(_after(words, "ENDOFLINE"), dbu),
        _dbu(_after(words, "SPACING"), dbu),
        _dbu(_after(words, "WITHIN"), dbu),
        _dbu(_after(words, "ENDTOEND"), dbu),
        _dbu(_after(beside, "PARALLELEDGE"), dbu),
    )


def _cut_spacing(name: str, text: str) -> str | None:
    """Spacing of all cuts of a layer that states it in a LEF 5.8 property only."""
    found = re.search(r"DEFAULT\s+([\d.]+)", text) if name == "LEF58_SPACINGTABLE" else None
    return None if found is None else found[1]


def _lef_parasitics(kind: LayerKind, said: Mapping[str, list[str]], width_um: float) -> tuple[float, float]:
    """(resistance, capacitance) as :class:`Layer` means them, from RPERSQ, CPERSQDIST (pF/µm²) and EDGECAPACITANCE (pF/µm)."""
    resistance = float(said["RESISTANCE"][-1]) if "RESISTANCE" in said else 0.0
    if kind != "routing" or not width_um:
        return resistance, 0.0
    area = float(said["CAPACITANCE"][-1]) if "CAPACITANCE" in said else 0.0
    edge = float(said["EDGECAPACITANCE"][-1]) if "EDGECAPACITANCE" in said else 0.0
    return resistance / width_um, 1000.0 * (area * width_um + 2 * edge)


def _spacing_table(body: list[str], dbu: int) -> tuple[tuple[int, tuple[tuple[int, int], ...]], ...]:
    """PARALLELRUNLENGTH table: run lengths, then one row for each WIDTH."""
    parts = " ".join(body).split("WIDTH")
    lengths = [_dbu(word, dbu) for word in parts[0].split()]
    rows = []
    for part in parts[1:]:
        width, *values = [_dbu(word, dbu) for word in part.split()]
        rows.append((width, tuple(zip(lengths, values, strict=True))))
    return tuple(rows)


def _read_via(tokens: _Tokens, dbu: int, layers: Mapping[str, Layer]) -> ViaDef | None:
    """One fixed via; None for a via on layers that the technology leaves out."""
    name = tokens.next()
    default = False
    rects: list[Rect] = []
    layer = ""
    for word in tokens:
        if word == "END":
            tokens.next()
            break
        if word.upper() in ("DEFAULT", "GENERATED", "TOPOFSTACKONLY"):
            default = default or word.upper() == "DEFAULT"
            continue
        body = tokens.statement()
        if word == "LAYER":
            layer = body[0]
        elif word == "RECT":
            rects.append(_rect(layer, [w for w in body if w not in ("MASK", "(", ")")][-4:], dbu))
    used = list(dict.fromkeys(rect.layer for rect in rects))
    if any(layer not in layers for layer in used):
        return None
    order = list(layers)
    metals = sorted((x for x in used if layers[x].kind != "cut"), key=order.index)
    cuts = [x for x in used if layers[x].kind == "cut"]
    if len(metals) != 2 or len(cuts) != 1:
        tokens.fail(f"via {name} does not join two metals by one cut layer")
    return ViaDef(name, metals[0], cuts[0], metals[1], tuple(rects), default)


def _read_site(tokens: _Tokens, dbu: int) -> Site:
    name = tokens.next()
    width = height = 0
    for word in tokens:
        if word == "END":
            tokens.next()
            break
        body = tokens.statement()
        if word == "SIZE":
            width, height = _dbu(body[0], dbu), _dbu(body[2], dbu)
    return Site(name, width, height)


def read_masters(path: Path, dbu: int) -> dict[str, Master]:
    """Read the MACROs of a cell LEF; ``dbu`` is that of the technology. Order is that of the file."""
    tokens = _Tokens(path)
    masters: dict[str, Master] = {}
    for word in tokens:
        if word == "MACRO":
            master = _read_macro(tokens, dbu)
            masters[master.name] = master
        elif word in ("SITE", "VIA", "LAYER", "UNITS"):
            tokens.skip_block(word if word == "UNITS" else tokens.next())
        else:
            _skip(tokens, word)
    return masters


def _read_macro(tokens: _Tokens, dbu: int) -> Master:
    name = tokens.next()
    kind, site, width, height = "core", "", 0, 0
    dx = dy = 0
    pins: dict[str, MasterPin] = {}
    obstructions: tuple[Rect, ...] = ()
    for word in tokens:
        if word == "END":
            tokens.next()
            break
        if word == "PIN":
            pin = _read_pin(tokens, dbu)
            pins[pin.name] = pin
        elif word == "OBS":
            obstructions = _read_shapes(tokens, dbu)
        else:
            body = tokens.statement()
            if word == "CLASS":
                kind = " ".join(body).lower()
            elif word == "SITE":
                site = body[0]
            elif word == "SIZE":
                width, height = _dbu(body[0], dbu), _dbu(body[2], dbu)
            elif word == "ORIGIN":
                dx, dy = _dbu(body[0], dbu), _dbu(body[1], dbu)
    if dx or dy:  # LEF ORIGIN shifts all geometry so that the lower left corner becomes (0, 0)
        pins = {p.name: replace(p, rects=_shift(p.rects, dx, dy)) for p in pins.values()}
        obstructions = _shift(obstructions, dx, dy)
    return Master(name, kind, width, height, site, pins, obstructions)


def _shift(rects: Iterable[Rect], dx: int, dy: int) -> tuple[Rect, ...]:
    return tuple(Rect(r.layer, r.x0 + dx, r.y0 + dy, r.x1 + dx, r.y1 + dy) for r in rects)


def _read_pin(tokens: _Tokens, dbu: int) -> MasterPin:
    name = tokens.next()
    direction, use = "input", "SIGNAL"
    gate = diffusion = 0.0
    rects: list[Rect] = []
    for word in tokens:
        if word == "END":
            tokens.next()
            break
        if word == "PORT":
            rects += _read_shapes(tokens, dbu)
            continue
        body = tokens.statement()
        if word == "DIRECTION":
            direction = body[0].lower()
        elif word == "USE":
            use = body[0].upper()
        elif word == "ANTENNAGATEAREA":
            gate = max(gate, float(body[0]))
        elif word == "ANTENNADIFFAREA":
            diffusion = max(diffusion, float(body[0]))
    if direction not in ("input", "output", "inout"):
        tokens.fail(f"pin {name} has direction {direction}")
    return MasterPin(name, cast(Literal["input", "output", "inout"], direction), _USES.get(use, "signal"), tuple(rects), gate, diffusion)


def _read_shapes(tokens: _Tokens, dbu: int) -> tuple[Rect, ...]:
    """RECTs and rectilinear POLYGONs up to the END of a PORT or OBS."""
    rects: list[Rect] = []
    layer = ""
    for word in tokens:
        if word == "END":
            break
        body = [w for w in tokens.statement() if w not in ("(", ")")]
        if body[:1] == ["MASK"]:
            body = body[2:]
        if word == "LAYER":
            layer = body[0]
        elif word == "RECT":
            rects.append(_rect(layer, body[:4], dbu))
        elif word == "POLYGON":
            values = [_dbu(w, dbu) for w in body]
            try:
                rects += slice_polygon(list(zip(values[::2], values[1::2], strict=True)), layer)
            except ValueError as problem:
                tokens.fail(f"a polygon that is not rectilinear ({problem})")
    return tuple(rects)


def _rect(layer: str, words: Sequence[str], dbu: int) -> Rect:
    x0, y0, x1, y1 = (_dbu(word, dbu) for word in words)
    return Rect(layer, min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _dbu(word: str, dbu: int) -> int:
    return round(float(word) * dbu)
