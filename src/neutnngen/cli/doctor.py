"""``neutnngen doctor``."""

from __future__ import annotations

import argparse

from neutnngen.cli.common import emit, table
from neutnngen.doctor import examine

EXAMPLE = "neutnngen doctor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # no options of its own


def run(options: argparse.Namespace) -> int:
    findings = examine()
    rows = [[f.name, "ok" if f.ok else "missing", f.found, f.needed_for, "" if f.ok else f.remedy] for f in findings]
    missing = [f for f in findings if not f.ok]
    closing = (
        "everything is here" if not missing else "install what is missing:\n  " + "\n  ".join(dict.fromkeys(f.remedy for f in missing))
    )
    emit(
        options,
        {"ok": not missing, "findings": [f.__dict__ for f in findings]},
        table("neutnngen doctor", ["part", "state", "found", "needed for", "remedy"], rows),
        closing,
    )
    return 3 if missing else 0
