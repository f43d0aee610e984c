"""``neutnngen verify``."""

from __future__ import annotations

import argparse
from pathlib import Path

from neutnngen.cli.common import add_config, add_run, console, emit, load_run_config, table
from neutnngen.pipeline import check_mutants, find_design, verify_design

EXAMPLE = "neutnngen verify runs/gunpoint --rtl runs/gunpoint/rtl --waves 512"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_run(parser)
    parser.add_argument("--waves", type=int, help="real waves with learning on, and as many with learning off (default: 256)")
    parser.add_argument("--rtl", type=Path, help="verify the sources in this folder, written by `neutnngen rtl`, instead of new ones")
    parser.add_argument("--mutants", action="store_true", help="also break the RTL one line at a time and show what is caught")


def run(options: argparse.Namespace) -> int:
    config = load_run_config(options, {"verify.waves": options.waves})
    design, folder = find_design(options.run_folder)
    report = verify_design(design, folder, config.verify.waves, options.rtl)
    document: dict[str, object] = {"ok": report.ok, "message": report.message, "waves": report.waves, "values": report.values}
    text: list[object] = [("equal: " if report.ok else "NOT EQUAL: ") + report.message]
    caught = True
    if options.mutants and report.ok:
        results = check_mutants(design, folder, config.verify.waves)
        caught = all(r.outcome == "caught" for r in results)
        document["mutants"] = [{"name": r.mutant.name, "rule": r.mutant.rule, "outcome": r.outcome, "detail": r.detail} for r in results]
        rows = [[r.mutant.name, r.mutant.rule, r.outcome, r.detail.partition("first difference: ")[2]] for r in results]
        text.append(table("mutants", ["line made wrong", "rule", "", "first difference"], rows))
    emit(options, document, *text)
    if not report.ok and not options.json:
        console(options).print("the RTL is not the simulator; nothing after this step would be worth anything")
    return 0 if report.ok and caught else 1
