"""Runs one Yosys script: ``python -m neutnngen.tools.yosys_run SCRIPT``. A crash of Yosys ends only this process."""

from __future__ import annotations

import sys


def main() -> int:
    from pyosys import libyosys

    libyosys.Design().run_pass(f"script {sys.argv[1]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
