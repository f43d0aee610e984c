"""The engine of the flow: reuse by content, resume after death at any instant, locks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from neutnngen.errors import CheckFailed, ConfigError, DataError, ToolFailed
from neutnngen.flow.runner import Flow, Interrupted
from neutnngen.flow.state import StateDelta
from neutnngen.flow.step import StepContext, StepProgress

sys.path.insert(0, str(Path(__file__).parent))
from toy_flow import STEPS, Config, Grow, run

HERE = Path(__file__).parent
SEED, STEM, LEAF = STEPS


def events_of(folder: Path, config: Config, steps: tuple[Grow, ...] = STEPS) -> str:
    """One letter for each step: r reused, d done."""
    events: list[StepProgress] = []
    run(folder, config, steps, events)
    return "".join(event.event[0] for event in events if event.event in ("reused", "done"))


def test_killed_at_any_write_a_run_ends_like_one_that_nobody_stopped(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, HERE / "toy_flow.py", tmp_path], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert result["points"] > 30
    assert result["different"] == []


def test_steps_run_again_from_the_first_that_changed(tmp_path: Path) -> None:
    assert events_of(tmp_path, {}) == "ddd"
    assert events_of(tmp_path, {}) == "rrr"
    assert events_of(tmp_path, {"unused": 1}) == "rrr"
    assert events_of(tmp_path, {"stem": 1}) == "rdd"
    assert (tmp_path / "03-leaf" / "c").read_text() == "start;seed=0;start;seed=0;stem=1;leaf=0;"
    assert events_of(tmp_path, {"stem": 1}, (SEED, STEM, replace(LEAF, version=2))) == "rrd"


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("02-stem/state_out.json", "{", "rdd"),
        ("02-stem/state_out.json", "[]", "rdd"),
        ("01-seed/state_out.json", None, "ddd"),
        ("03-leaf/c", "other", "rrd"),
        ("01-seed/a", None, "ddd"),
    ],
)
def test_damage_is_seen_and_made_good(tmp_path: Path, file: str, content: str | None, expected: str) -> None:
    before = run(tmp_path, {"leaf": 5}).path("c").read_text()
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(content)
    assert events_of(tmp_path, {"leaf": 5}) == expected
    assert (tmp_path / "03-leaf" / "c").read_text() == before


def test_a_reused_run_has_the_same_state_and_metrics(tmp_path: Path) -> None:
    first, again = run(tmp_path, {}), run(tmp_path, {})
    assert first.state == again.state
    assert again.state.metrics["stem_length"].text() == "13 characters (MEASURED)"
    assert [step.reused for step in again.steps] == [True, True, True]
    with pytest.raises(TypeError):
        again.state.files["x"] = Path()  # type: ignore[index]


def test_stop_after_and_then_go_on(tmp_path: Path) -> None:
    part = run(tmp_path, {}, stop_after="stem")
    assert not part.complete and not (tmp_path / "03-leaf").exists()
    assert events_of(tmp_path, {}) == "rrd"
    with pytest.raises(ConfigError, match="stem"):
        run(tmp_path, {}, stop_after="stam")


def test_a_failed_check_keeps_its_report_and_runs_again(tmp_path: Path) -> None:
    def fail(context: StepContext[Config]) -> None:
        (context.folder / "report").write_text("bad")
        raise CheckFailed("no")

    with pytest.raises(CheckFailed):
        run(tmp_path, {}, (SEED, replace(STEM, action=fail), LEAF))
    assert (tmp_path / "02-stem" / "report").read_text() == "bad"
    assert events_of(tmp_path, {}) == "rdd"
    assert not (tmp_path / "02-stem" / "report").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    def stop(_: StepContext[Config]) -> None:
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with Ctrl-C ignored
    try:
        with pytest.raises(Interrupted) as caught:
            run(tmp_path, {}, (SEED, replace(STEM, action=stop), LEAF), resume_line="neutnngen layout here")
    finally:
        signal.signal(signal.SIGINT, before)
    assert caught.value.exit_code == 130
    assert caught.value.next_step == "neutnngen layout here"
    assert events_of(tmp_path, {}) == "rdd"


def test_two_runs_do_not_mix_and_a_dead_one_does_not_block(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from neutnngen.flow.lock import run_lock\n"
        "with run_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(ConfigError, match=f"process {holder.pid}"):
            run(tmp_path, {})
        holder.kill()
    assert events_of(tmp_path, {}) == "ddd"


def test_folders_of_other_origin_stay(tmp_path: Path) -> None:
    (tmp_path / "20-notes").mkdir()
    run(tmp_path, {})
    run(tmp_path, {"seed": 3})
    assert (tmp_path / "20-notes").is_dir()


def test_a_step_must_write_what_it_says_and_read_what_there_is(tmp_path: Path) -> None:
    class Liar(Grow):
        def run(self, context: StepContext[Config]) -> StateDelta:
            return StateDelta({self.makes: context.folder / "nothing"})

    with pytest.raises(ToolFailed, match="did not write"):
        run(tmp_path, {}, (Liar("liar", (), "x"),))
    with pytest.raises(ConfigError, match="no step before"):
        run(tmp_path, {}, (Grow("eager", ("later",), "x"),))
    with pytest.raises(DataError, match="not there"):
        Flow((SEED,)).run(tmp_path, {}, {"start": tmp_path / "absent.txt"})
