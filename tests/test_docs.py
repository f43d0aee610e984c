"""The pages build without a warning, and the code in them runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import need
from neutnngen.spec import NO_SPIKE, ColumnSpec

ROOT = Path(__file__).resolve().parent.parent


def test_pages_build(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site" / "api" / "index.html").read_text()
    for name in ("Segment", "Network", "design_from_module", "DendriticColumnSpec", "get_engine", "train", "block_mask"):
        assert name in page, name


def test_no_file_holds_an_unfinished_merge() -> None:
    """Of README, pages and sources: `<<<<<<<` and `>>>>>>>` at the start of a line."""
    kinds = {".md", ".py", ".toml", ".sh", ".lock", ".yml", ".v", ".sv", ".tcl"}
    folders = ("docs", "src", "tests", "examples", "scripts")
    texts = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds] + list(ROOT.glob("*.md"))
    assert len(texts) > 500
    assert [path for path in texts if re.search(r"^(<{7}|>{7}) ", path.read_text(), re.MULTILINE)] == []


def test_every_page_is_in_the_contents() -> None:
    contents = (ROOT / "mkdocs.yml").read_text()
    assert [page.name for page in (ROOT / "docs").glob("*.md") if page.name not in contents] == []


@pytest.mark.parametrize("page", ["networks", "engines", "places", "pruning", pytest.param("chip", marks=pytest.mark.tool)])
def test_code_of_the_pages_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page one after another; what they speak of without making it is made here."""
    if page == "chip":
        need("iverilog")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 10, 4)
    times = np.where(rng.random((4, 1568)) < 0.5, 0, NO_SPIKE).astype(np.uint8)
    from neutnngen.nn import Column

    names: dict[str, object] = {
        "times": torch.from_numpy(times),
        "one_hot": torch.eye(10, dtype=torch.bool)[torch.from_numpy(labels)],
        "left_spec": ColumnSpec(32, 4, 30),
        "right_spec": ColumnSpec(32, 4, 30),
        "top_spec": ColumnSpec(8, 2, 9),
        "path": tmp_path / "run.npz",
        "waves": times if page == "networks" else times[:, :24],
        "labels": torch.from_numpy(labels) if page == "networks" else labels,
        "design": Column(ColumnSpec(24, 2, 12)).to_design("page"),
    }
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        code = block if torch.cuda.is_available() else block.replace('"cuda"', '"cpu"')
        exec(compile(code, f"{page}.md", "exec"), names)
