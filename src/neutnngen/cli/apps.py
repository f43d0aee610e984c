"""``neutnngen apps``: the applications, a file each."""

from __future__ import annotations

import argparse

from neutnngen.cli import apps_digits, apps_mnist, apps_places, apps_ucr

APPLICATIONS = {"ucr": apps_ucr, "mnist": apps_mnist, "places": apps_places, "digits": apps_digits}
EXAMPLE = f"{apps_ucr.EXAMPLE}\n  {apps_mnist.EXAMPLE}\n  {apps_places.EXAMPLE}\n  {apps_digits.EXAMPLE}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="APPLICATION", required=True)
    for application in APPLICATIONS.values():
        application.add_parser(actions)


def run(options: argparse.Namespace) -> int:
    return int(APPLICATIONS[options.action].run(options))
