"""The whole path on real input, as a user runs it: the demo, other seeds, a run that is killed, and RTL that is wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from conftest import need
from neutnngen.pipeline import PICTURES

pytestmark = [pytest.mark.tool, pytest.mark.example]


def neutnngen(*arguments: str | Path, code: int = 0) -> Any:
    """Run the command with --json and return its document."""
    argv = [sys.executable, "-m", "neutnngen.cli.main", *map(str, arguments), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == code, done.stderr[-3000:]
    return json.loads(done.stdout)


def digest(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A finished demo: its folder and what it printed."""
    for program in ("iverilog", "sta"):
        need(program)
    folder = tmp_path_factory.mktemp("demo") / "run"
    return folder, neutnngen("demo", "--out", folder)


class Page(HTMLParser):
    """Collects what a page shows and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_demo_s_figures(demo: tuple[Path, Any]) -> None:
    _, document = demo
    metrics = {name: metric["value"] for name, metric in document["metrics"].items()}
    assert document["training"]["series"] == 1096
    assert document["training"]["column"]["rand"] > document["training"]["baselines"]["k-means, k = 2"]["rand"]
    assert metrics["drc_violations"] == 0 and metrics["lvs_differences"] == 0 and metrics["gate_mismatches"] == 0
    assert metrics["setup_slack"] > 0 and metrics["hold_slack"] > 0
    assert metrics["pins_without_activity"] == 0
    assert metrics["cell_area"] < metrics["core_area"] < metrics["die_area"]
    assert all(metric["unit"] is not None and metric["kind"] for metric in document["metrics"].values())
    assert document["peak_memory_gb"] < 4


def test_the_report_is_one_complete_page(demo: tuple[Path, Any]) -> None:
    folder, document = demo
    (signoff,) = folder.glob("layout/*-signoff/signoff.json")
    assert json.loads(signoff.read_text(encoding="utf-8"))["ok"] is True
    page = Page()
    page.feed((folder / "report.html").read_text(encoding="utf-8"))
    assert all(source.startswith("data:image/png;base64,") for source in page.sources), "nothing is loaded from elsewhere"
    assert page.tags.count("svg") >= 4 and page.tags.count("img") == len(PICTURES)
    text = " ".join(page.text)
    for words in (
        "Clustering",
        "Spikes",
        "Weights",
        "Layout",
        "Area, timing, power",
        "Time of each step",
        "MEASURED",
        "Every value is equal",
    ):
        assert words in text
    assert document["training"]["design"]


def test_a_second_run_reuses_every_step(demo: tuple[Path, Any]) -> None:
    folder, first = demo
    before = digest(first["gds"])
    again = neutnngen("layout", folder)
    assert all(step["reused"] for step in again["steps"])
    assert digest(again["files"]["gds"]) == before


def test_another_seed_is_another_clean_layout(demo: tuple[Path, Any], tmp_path: Path) -> None:
    folder, first = demo
    other = tmp_path / "seed"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("layout"))
    document = neutnngen("layout", other, "--seed", "11", "--stop-after", "lvs")
    assert document["metrics"]["drc_violations"]["value"] == 0
    assert document["metrics"]["lvs_differences"]["value"] == 0
    assert digest(document["files"]["gds"]) != digest(first["gds"])


def test_killed_in_the_router_it_ends_in_the_same_gds(demo: tuple[Path, Any], tmp_path: Path) -> None:
    folder, first = demo
    other = tmp_path / "killed"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("layout"))
    argv = [sys.executable, "-m", "neutnngen.cli.main", "layout", str(other)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    step = other / "layout" / "04-route"
    for _ in range(6000):
        if (step / "state_in.json").exists():
            break
        assert process.poll() is None, "it ended before the router began"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (step / "state_out.json").exists()
    document = neutnngen("layout", other)
    reused = {s["name"]: s["reused"] for s in document["steps"]}
    assert reused["place"] and not reused["route"]
    assert digest(document["files"]["gds"]) == digest(first["gds"])


def test_wrong_rtl_fails_verification(demo: tuple[Path, Any], tmp_path: Path) -> None:
    folder, _ = demo
    rtl = tmp_path / "rtl"
    neutnngen("rtl", folder, "--out", rtl)
    document = neutnngen("verify", folder, "--rtl", rtl, "--mutants")
    assert document["ok"] and len(document["mutants"]) >= 30
    assert {m["outcome"] for m in document["mutants"]} == {"caught"}
    source = rtl / "neuron.sv"
    text = source.read_text()
    assert text.count("sum >= ") == 1
    source.write_text(text.replace("sum >= ", "sum > "))
    document = neutnngen("verify", folder, "--rtl", rtl, "--waves", "64", code=1)
    assert not document["ok"]
    assert "first difference: output at wave" in document["message"] and "neuron" in document["message"]


def test_the_picture_of_a_region(demo: tuple[Path, Any], tmp_path: Path) -> None:
    folder, _ = demo
    png = tmp_path / "part.png"
    neutnngen("view", folder, "--region", "10", "10", "30", "30", "--width", "400", "--out", png)
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
