"""``neutnngen verify``."""

from __future__ import annotations

import argparse
from pathlib import Path

from neutnngen.cli.common import add_config, add_style, chosen_rings, console, emit, load_run_config, progress_bar, table
from neutnngen.errors import ConfigError
from neutnngen.pipeline import SIMULATORS, check_mutants, find_design, verify_design, verify_design_chip
from neutnngen.verify.self_test import run_self_test

EXAMPLE = "neutnngen verify runs/gunpoint --rtl runs/gunpoint/rtl --waves 512"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "run_folder",
        metavar="RUN",
        type=Path,
        nargs="?",
        help="run folder with a Design in it, or the Design's own folder; none for --self-test",
    )
    parser.add_argument("--self-test", action="store_true", help="instead: small networks of every kind, and whether wrong RTL is noticed")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("runs/self_test"), help="of --self-test (default: %(default)s)")
    parser.add_argument("--waves", type=int, help="real waves with learning on, and as many with learning off (default: 256)")
    parser.add_argument(
        "--simulator",
        choices=SIMULATORS,
        default="auto",
        help="of the RTL; auto: verilator for large work (default: %(default)s)",
    )
    parser.add_argument("--rtl", type=Path, help="verify the sources in this folder, written by `neutnngen rtl`, instead of new ones")
    add_style(parser)
    parser.add_argument(
        "--chip", action="store_true", help="verify the chip around it instead, over its bytes, with a host that is late at random"
    )
    parser.add_argument("--mutants", action="store_true", help="also break the RTL one line at a time and show what is caught")


def run(options: argparse.Namespace) -> int:
    if options.self_test:
        return _self_test(options)
    if options.run_folder is None:
        raise ConfigError("there is nothing to verify", got="no RUN", allowed="a run folder, or --self-test", next_step=EXAMPLE)
    config = load_run_config(options, {"verify.waves": options.waves})
    design, folder = find_design(options.run_folder)
    rings = chosen_rings(options)
    if options.chip:
        if options.rtl is not None or options.mutants:
            raise ConfigError("--chip verifies a newly written chip", got="--rtl or --mutants with it", allowed="--chip alone")
        report = verify_design_chip(design, folder, config.verify.waves, rings=rings)
    else:
        report = verify_design(design, folder, config.verify.waves, options.rtl, options.simulator, rings=rings)
    document: dict[str, object] = {"ok": report.ok, "message": report.message, "waves": report.waves, "values": report.values}
    text: list[object] = [("equal: " if report.ok else "NOT EQUAL: ") + report.message]
    caught = True
    if options.mutants and report.ok:
        results = check_mutants(design, folder, config.verify.waves, rings=chosen_rings(options))
        caught = all(r.outcome == "caught" for r in results)
        document["mutants"] = [{"name": r.mutant.name, "rule": r.mutant.rule, "outcome": r.outcome, "detail": r.detail} for r in results]
        rows = [[r.mutant.name, r.mutant.rule, r.outcome, r.detail.partition("first difference: ")[2]] for r in results]
        text.append(table("mutants", ["line made wrong", "rule", "", "first difference"], rows))
    emit(options, document, *text)
    if not report.ok and not options.json:
        console(options).print("the RTL is not the simulator; nothing after this step would be worth anything")
    return 0 if report.ok and caught else 1


def _self_test(options: argparse.Namespace) -> int:
    with progress_bar("mutants", "mutants", options) as progress:
        outcomes = run_self_test(options.out, progress)
    caught = sum(one.outcome == "caught" for one in outcomes)
    rows = [[one.mutant.name, one.mutant.rule, one.outcome, one.detail] for one in outcomes]
    document = {
        "ok": caught == len(outcomes),
        "caught": caught,
        "mutants": [{"name": o.mutant.name, "rule": o.mutant.rule, "outcome": o.outcome, "detail": o.detail} for o in outcomes],
    }
    what = table("one thing wrong at a time", ["what is wrong", "rule", "", "network and first difference"], rows)
    emit(options, document, what, f"{caught} of {len(outcomes)} mutants caught; networks that are right are equal to the simulator")
    return 0 if caught == len(outcomes) else 1
