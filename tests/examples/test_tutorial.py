"""The tutorial runs as its docstring says, draws every level, and its networks learn."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

TUTORIAL = Path(__file__).resolve().parents[2] / "examples" / "tutorial.py"


@pytest.mark.example
def test_tutorial(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, TUTORIAL, tmp_path / "out"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no warnings"
    shares = [int(number) for number in re.findall(r"(\d+) % of", done.stdout)]
    assert len(shares) == 3 and min(shares) >= 90, done.stdout
    pictures = sorted((tmp_path / "out").glob("*.png"))
    assert [p.stem for p in pictures] == ["1_synapse", "2_segment", "3_dendrite", "4_neuron", "5_column", "6_layer"]
    for picture in pictures:
        assert len(Image.open(picture).convert("L").histogram()) == 256 and Image.open(picture).convert("L").getextrema()[0] < 100
