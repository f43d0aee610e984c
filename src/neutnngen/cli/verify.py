"""``neutnngen verify``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from neutnngen.cli.common import add_config, add_style, chosen_rings, console, emit, load_run_config, progress_bar, table
from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.pipeline import SIMULATORS, check_mutants, draw_waveform, find_design, prove_design, verify_design, verify_design_chip
from neutnngen.verify.formal import Proof, standard_designs
from neutnngen.verify.self_test import run_self_test

EXAMPLE = "neutnngen verify runs/gunpoint --rtl runs/gunpoint/rtl --waves 512"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "run_folder",
        metavar="RUN",
        type=Path,
        nargs="?",
        help="run folder with a Design in it, or the Design's own folder; none for --self-test, not needed for --formal",
    )
    parser.add_argument("--self-test", action="store_true", help="instead: small networks of every kind, and whether wrong RTL is noticed")
    parser.add_argument("--formal", action="store_true", help="instead: prove the RTL, and its netlist; without RUN, of small columns")
    parser.add_argument("--timeout", type=float, default=300.0, help="of --formal: seconds for each proof (default: %(default)g)")
    parser.add_argument("--no-netlist", action="store_true", help="of --formal: leave out synthesis and the netlist")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="of --self-test and of --formal without RUN (default: runs/self_test, runs/formal)"
    )
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
    parser.add_argument("--waveform", metavar="FILE.png", type=Path, help="also a picture of one learning wave of a classic column in RTL")


def run(options: argparse.Namespace) -> int:
    if options.self_test:
        return _self_test(options)
    if options.formal:
        return _formal(options)
    if options.run_folder is None:
        raise ConfigError("there is nothing to verify", got="no RUN", allowed="a run folder, --self-test or --formal", next_step=EXAMPLE)
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
        results = check_mutants(design, folder, config.verify.waves, rings=rings)
        caught = all(r.outcome == "caught" for r in results)
        document["mutants"] = [{"name": r.mutant.name, "rule": r.mutant.rule, "outcome": r.outcome, "detail": r.detail} for r in results]
        rows = [[r.mutant.name, r.mutant.rule, r.outcome, r.detail.partition("first difference: ")[2]] for r in results]
        text.append(table("mutants", ["line made wrong", "rule", "", "first difference"], rows))
    if options.waveform is not None:
        document["waveform"] = str(draw_waveform(design, folder, options.waveform))
        text.append(f"written: {options.waveform}")
    emit(options, document, *text)
    if not report.ok and not options.json:
        console(options).print("the RTL is not the simulator; nothing after this step would be worth anything")
    return 0 if report.ok and caught else 1


def _self_test(options: argparse.Namespace) -> int:
    with progress_bar("mutants", "mutants", options) as progress:
        outcomes = run_self_test(options.out or Path("runs/self_test"), progress)
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


def _formal(options: argparse.Namespace) -> int:
    if options.run_folder is None:
        cases = [(design, rings, (options.out or Path("runs/formal")) / design.name) for design, rings in standard_designs()]
    else:
        design, folder = find_design(options.run_folder)
        cases = [(design, chosen_rings(options), folder / "verify/formal")]
    document: list[dict[str, object]] = []
    text: list[object] = []
    ok = True
    for design, rings, folder in cases:
        with progress_bar(design.name, "proofs", options) as progress:
            proofs, note = prove_design(
                design, folder, rtl=options.rtl, rings=rings, netlist=not options.no_netlist, timeout=options.timeout, progress=progress
            )
        ok = ok and all(proof.outcome != "refuted" for proof in proofs) and proofs[-1].outcome == "proved"
        document.append({"design": design.name, "fingerprint": design.fingerprint(), "note": note, "proofs": [p.as_dict() for p in proofs]})
        text.append(table(f"{design.name}, {proofs[-1].size}", ["theorem", "rules", "", "how", "s"], [_proof_row(p) for p in proofs]))
        text += [f"{p.name}: {p.counterexample}" for p in proofs if p.counterexample]
        text += [note] if note else []
    written = {"format": "neutnngen-proofs", "version": "1.0", "ok": ok, "designs": document}
    target = cases[0][2] if options.run_folder is not None else cases[0][2].parent
    write_atomic(target / "proofs.json", json.dumps(written, indent=2) + "\n")
    emit(options, written, *text, f"all of it is in {target / 'proofs.json'}")
    return 0 if ok else 1


def _proof_row(proof: Proof) -> list[str]:
    return [proof.name, proof.rule, proof.outcome, proof.how, f"{proof.seconds:.1f}"]
