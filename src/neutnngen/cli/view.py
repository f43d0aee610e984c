"""``neutnngen view``."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

from neutnngen.cli.common import emit
from neutnngen.errors import MissingTool
from neutnngen.pdk.kits import load_kit
from neutnngen.pipeline import find_gds
from neutnngen.place_route.picture import render_layout

EXAMPLE = "neutnngen view runs/demo --region 10 10 30 30 --out detail.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="RUN", type=Path, help="run folder with a layout in it, or a GDS file")
    parser.add_argument("--out", type=Path, help="PNG file to write (default: beside the GDS)")
    parser.add_argument("--width", type=int, default=1600, help="pixels (default: %(default)s)")
    parser.add_argument("--region", type=float, nargs=4, metavar=("X0", "Y0", "X1", "Y1"), help="part to show, micrometres")
    parser.add_argument("--kit", default="nangate45", help="process kit, for the colours (default: %(default)s)")
    parser.add_argument("--klayout", action="store_true", help="open the GDS in the KLayout program instead of drawing a picture")


def run(options: argparse.Namespace) -> int:
    gds = find_gds(options.what)
    kit = load_kit(options.kit)
    if options.klayout:
        if shutil.which("klayout") is None:
            raise MissingTool("the KLayout program is not installed", next_step="apt-get install klayout")
        style = ["-l", str(kit.layer_properties)] if kit.layer_properties else []
        return subprocess.run(["klayout", *style, str(gds)], check=False).returncode
    region = tuple(options.region) if options.region else None
    picture = options.out or gds.with_suffix(".png" if region is None else ".region.png")
    picture.parent.mkdir(parents=True, exist_ok=True)
    render_layout(gds, kit, picture, width=options.width, region=region)
    emit(options, {"gds": str(gds), "picture": str(picture)}, f"{picture}")
    return 0
