"""Running external programs, and the wrapper of Icarus Verilog."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conftest import need
from neutnngen.errors import MissingTool, ToolFailed
from neutnngen.tools.iverilog import INSTALL, IVERILOG, VVP, Message, compile_argv, parse_log, run_argv
from neutnngen.tools.process import ToolInfo, in_range, probe, require, run_tool

PYTHON = sys.executable


def test_run_tool_keeps_output_and_returns(tmp_path: Path) -> None:
    script = "import sys; print('one'); print('two', file=sys.stderr); open('made', 'w').close()"
    run = run_tool([PYTHON, "-c", script], tmp_path, tmp_path / "logs" / "a.log", 60, expect=[tmp_path / "made"])
    assert run.returncode == 0
    assert set(run.text().split()) == {"one", "two"}


def test_failure_shows_the_log(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="returned 3") as caught:
        run_tool([PYTHON, "-c", "print('the reason'); raise SystemExit(3)"], tmp_path, tmp_path / "a.log", 60)
    assert "the reason" in str(caught.value)
    assert str(tmp_path / "a.log") in str(caught.value)
    assert caught.value.exit_code == 4


def test_a_missing_or_stale_result_is_a_failure(tmp_path: Path) -> None:
    stale = tmp_path / "result"
    stale.write_text("of an earlier run")
    with pytest.raises(ToolFailed, match="did not write"):
        run_tool([PYTHON, "-c", "pass"], tmp_path, tmp_path / "a.log", 60, expect=[stale])


def test_timeout_stops_the_program(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match=r"longer than 0\.2 s"):
        run_tool([PYTHON, "-c", "import time; time.sleep(60)"], tmp_path, tmp_path / "a.log", 0.2)


def test_missing_program_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(MissingTool) as caught:
        run_tool(["no-such-program-here"], tmp_path, tmp_path / "a.log", 1, install="apt-get install it")
    assert caught.value.next_step == "apt-get install it"
    assert not (tmp_path / "a.log").exists()


def test_probe_and_require() -> None:
    python = ToolInfo("Python", PYTHON, ("--version",), r"Python (\S+)", "install Python", at_least="3.11", below="4")
    assert probe(python).usable
    assert require(python) == Path(PYTHON)
    future = ToolInfo("Python", PYTHON, ("--version",), r"Python (\S+)", "install Python", at_least="4")
    with pytest.raises(MissingTool, match="version that is not supported"):
        require(future)
    absent = ToolInfo("Nothing", "no-such-program-here", (), "", "apt-get install nothing")
    assert probe(absent).path is None
    with pytest.raises(MissingTool, match="apt-get install nothing"):
        require(absent)


@pytest.mark.parametrize(("version", "usable"), [("11.0", True), ("11", True), ("10.3", False), ("12.1", False), ("12.0-devel", False)])
def test_version_range(version: str, usable: bool) -> None:
    assert in_range(version, ToolInfo("t", "t", (), "", "", at_least="11", below="12")) is usable


def test_argv() -> None:
    argv = compile_argv([Path("a.sv"), Path("b.sv")], Path("x.vvp"), "a_tb", parameters={"WAVES": 3}, defines=["GATES"])
    assert argv == ["iverilog", "-g2012", "-o", "x.vvp", "-s", "a_tb", "-Pa_tb.WAVES=3", "-DGATES", "a.sv", "b.sv"]
    assert run_argv(Path("x.vvp"), {"out": Path("r.txt")}) == ["vvp", "-n", "x.vvp", "+out=r.txt"]


def test_log_parser() -> None:
    log = """\
x.sv:37: syntax error
x.sv:12: warning: implicit definition of wire 'a'.
x.sv:40: error: Unknown module type: nothing
2 error(s) during elaboration.
WARNING: y.sv:5: $readmemh: too few words
"""
    assert parse_log(log) == [
        Message("error", "x.sv", 37, "syntax error"),
        Message("warning", "x.sv", 12, "implicit definition of wire 'a'."),
        Message("error", "x.sv", 40, "Unknown module type: nothing"),
        Message("warning", "y.sv", 5, "$readmemh: too few words"),
    ]


@pytest.mark.tool
def test_the_installed_simulator_is_usable() -> None:
    need("iverilog")
    assert probe(IVERILOG).usable, INSTALL
    assert probe(VVP).usable, INSTALL
