"""``neutnngen``: argument parsing, error printing and exit codes; the commands live in their own files."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from neutnngen import __version__
from neutnngen.errors import NeutnngenError, nearest

COMMANDS: dict[str, str] = {
    "demo": "real data to routed layout and report, in one go",
    "doctor": "what is installed, what is missing, and the line that installs it",
    "pdk": "list, install and check process kits",
    "data": "list, fetch and check data sets",
    "apps": "applications: clustering of time series, classification of images, place cells",
    "train": "train a column on a data set and save it as a Design",
    "prune": "remove synapses of a Design, and keep its answers",
    "rtl": "write SystemVerilog for a Design",
    "verify": "compare the RTL with the simulator, value by value",
    "layout": "synthesise, place, route and sign off a Design",
    "chip": "lay a network out as copies of hard macros: its columns once, and the wires between them",
    "report": "write the HTML report of a run",
    "view": "draw a layout as a picture, or open it in KLayout",
    "bench": "measure: engines, place cells, verification, area of silicon",
}


class Parser(argparse.ArgumentParser):
    """Prints usage errors in the form of all our errors."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        print(f"error[usage]: {message}\n  next:    {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def build_parser(command: str | None) -> Parser:
    """The parser; only the module of the ``command`` at hand is imported, so that starting is quick."""
    parser = Parser(
        prog="neutnngen",
        description="NeuTNNs from PyTorch to silicon layout.",
        epilog="example:\n  neutnngen demo",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"neutnngen {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name, help_text in COMMANDS.items():
        sub = subparsers.add_parser(
            name, help=help_text, formatter_class=argparse.RawDescriptionHelpFormatter, description=help_text.capitalize() + "."
        )
        if name == command:
            module = import_module(f"neutnngen.cli.{name}")
            module.add_arguments(sub)
            sub.epilog = "example:\n  " + module.EXAMPLE
            sub.set_defaults(run=module.run)
        sub.add_argument("--json", action="store_true", help="print one JSON object instead of text; progress goes to standard error")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 ok, 1 a check failed, 2 usage, 3 missing, 4 tool failed, 5 internal."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = next((a for a in arguments if not a.startswith("-")), None)
    if command is not None and command not in COMMANDS:
        close = nearest(command, COMMANDS)
        print(
            f"error[usage]: there is no such command\n  got:     {command}\n  allowed: {', '.join(COMMANDS)}\n"
            f"  next:    {f'did you mean {close!r}?' if close else 'neutnngen --help'}",
            file=sys.stderr,
        )
        return 2
    as_json = "--json" in arguments
    try:
        options = build_parser(command).parse_args(arguments)
        return int(options.run(options))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except NeutnngenError as error:
        if as_json:
            print(json.dumps({"error": error.as_dict()}))
        print(error.render(), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; the same command continues where it was", file=sys.stderr)
        return 130
    except Exception:
        traceback.print_exc()
        print("error[internal]: this should not happen; please report it with the lines above", file=sys.stderr)
        return 5


if __name__ == "__main__":
    raise SystemExit(main())
