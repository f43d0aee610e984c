"""The command line: help of every command, JSON, and one clear error with its exit code for each kind of bad input."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from neutnngen.cli.common import load_run_config
from neutnngen.cli.main import COMMANDS, main
from neutnngen.config import RunConfig, config_from_dict, load_config
from neutnngen.errors import ConfigError


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A small labelled file of two shapes."""
    rng = np.random.default_rng(1)
    rows = []
    for k in range(24):
        shape = np.linspace(-1, 1, 6) * (1 if k % 2 else -1) + rng.normal(0, 0.1, 6)
        rows.append("\t".join([str(k % 2), *(f"{v:.3f}" for v in shape)]))
    file = tmp_path / "toy.tsv"
    file.write_text("\n".join(rows) + "\n")
    return file


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "example:" in text and f"neutnngen {command}" in text and "--json" in text


def test_train_as_json(series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--set", str(series), "--out", str(tmp_path / "run"), "--epochs", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["series"] == 24 and document["synapses"] == 12
    assert 0 <= document["column"]["rand"] <= 1
    assert (tmp_path / "run" / "design" / "design.json").is_file()


def bad(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["train", "--set", "ItalyPowerDemnd"], 2, ["did you mean 'ItalyPowerDemand'"]),
        (["train", "--set", "missing.tsv"], 3, ["does not exist", "missing.tsv"]),
        (["train", "--set", "NAN"], 3, ["line 1, sample 2 is missing or not finite"]),
        (["train", "--set", "RAGGED"], 3, ["line 2 has another length"]),
        (["train", "--config", "THRESHOLD"], 2, ["can never be reached", "1 …"]),
        (["train", "--config", "KEY"], 2, ["unknown key in [column]", "did you mean 'threshold'"]),
        (["train", "--config", "SECTION"], 2, ["did you mean 'train'"]),
        (["train", "--config", "SYNTAX"], 2, ["not valid TOML"]),
        (["train", "--config", "TYPE"], 2, ["train.epochs"]),
        (["train", "--config", "KIT"], 2, ["kit"]),
        (["train", "--config", "missing.toml"], 3, ["does not exist"]),
        (["verify", "nothing_here"], 3, ["no Design here"]),
        (["layot"], 2, ["did you mean 'layout'"]),
        (["train", "--wrong"], 2, ["--wrong", "--help"]),
        (["view", "nothing_here"], 3, ["nothing_here"]),
    ],
)
def test_bad_input(
    arguments: list[str], code: int, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made = {
        "NAN": bad(tmp_path, "nan.tsv", "1\t0.5\tNaN\n"),
        "RAGGED": bad(tmp_path, "ragged.tsv", "1\t0.5\t1\n2\t1\n"),
        "THRESHOLD": bad(tmp_path, "threshold.toml", "[column]\nthreshold = 100000\n"),
        "KEY": bad(tmp_path, "key.toml", "[column]\ntreshold = 3\n"),
        "SECTION": bad(tmp_path, "section.toml", "[trian]\nepochs = 3\n"),
        "SYNTAX": bad(tmp_path, "syntax.toml", "[column\n"),
        "TYPE": bad(tmp_path, "type.toml", '[train]\nepochs = "many"\n'),
        "KIT": bad(tmp_path, "kit.toml", '[layout]\nkit_ = "nangate45"\n'),
    }
    before = sorted(p.name for p in tmp_path.iterdir())
    assert main([made.get(a, a) for a in arguments]) == code
    message = capsys.readouterr().err
    assert "error[" in message
    for word in words:
        assert word in message
    assert sorted(p.name for p in tmp_path.iterdir()) == before, "nothing may be left behind"


def test_errors_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--set", "Nothing", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "config" and error["got"] == "Nothing" and error["exit_code"] == 2


def test_the_documented_configuration_is_the_default() -> None:
    """docs/configuration.md shows every key; what it sets is what the program does without a file."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text()
    block = text.partition("```toml\n")[2].partition("```")[0]
    uncommented = "\n".join(line[2:] if line.startswith("# ") and "=" in line else line for line in block.splitlines())
    import dataclasses
    import tomllib

    keys = {key: set(value) if isinstance(value, dict) else set() for key, value in tomllib.loads(uncommented).items()}
    for field in dataclasses.fields(RunConfig):
        value = getattr(RunConfig(), field.name)
        assert field.name in keys
        if dataclasses.is_dataclass(value):
            assert keys[field.name] == {f.name for f in dataclasses.fields(value)}, field.name
    assert config_from_dict(tomllib.loads(block)) == load_config(None)


def test_options_win_over_the_file(tmp_path: Path) -> None:
    file = Path(bad(tmp_path, "c.toml", "[train]\nepochs = 7\nseed = 3\n"))
    assert load_config(file).train.epochs == 7
    with pytest.raises(ConfigError, match="name must be a string"):
        config_from_dict({"name": 3})


def test_options_that_are_legal_only_together() -> None:
    """Macros need their folder and the style of rings: the configuration is changed as a whole, in whatever order the options come."""
    options = argparse.Namespace(config=None)
    changed = load_run_config(options, {"layout.macros": "tnn7", "layout.style": "rings", "layout.macros_folder": Path("views")})
    assert (changed.layout.macros, changed.layout.macros_folder) == ("tnn7", Path("views"))
    with pytest.raises(ConfigError, match="macros need their folder"):
        load_run_config(options, {"layout.macros": "tnn7", "layout.style": "rings"})
