"""Designs by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from neutnngen.apps.mnist.blueprint import LayerPlan
from neutnngen.apps.mnist.catalogue import CATALOGUE, DEFAULT, classic, dendrites, named_blueprint
from neutnngen.errors import ConfigError, DataError


def test_every_design_is_found_by_its_name() -> None:
    assert list(CATALOGUE) == ["prototype", "classic", "classic_small", "enabled", "enabled_small", "tiny", "small", "best"]
    for name, plan in CATALOGUE.items():
        assert named_blueprint(name) is plan and plan.name == name
        assert plan.about.startswith(("published", "ours: ")) and "\n" not in plan.about
    assert DEFAULT in CATALOGUE


def test_a_file_is_a_design_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\n[[layers]]\nsize = 4\n')
    assert named_blueprint(str(tmp_path / "mine.toml")).layers == (LayerPlan(4),)
    monkeypatch.chdir(tmp_path)
    assert named_blueprint("mine.toml").name == "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named_blueprint("~/mine.toml").name == "mine"
    with pytest.raises(DataError, match="no such design file"):
        named_blueprint("yours.toml")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no design of this name(.|\n)*smal(.|\n)*prototype, classic(.|\n)*did you mean 'small'"):
        named_blueprint("smal")


def test_the_two_forms_differ_in_dendrites_alone() -> None:
    ours, other = dendrites("a", "", (7, 2), 3, 15, 0.5, read=2), classic("b", "", (7, 2), 24)
    one, two = ours.layers[0], other.layers[0]
    assert (one.dendrites, one.segments, one.share, ours.readout.segments) == (3, 15, 0.5, 2)
    assert (two.dendrites, two.segments, two.share, other.readout.segments) == (1, 24, 1.0, 1)
    assert ours.code == other.code
    assert all(getattr(one, key) == getattr(two, key) for key in ("size", "stride", "threshold", "stdp", "tie", "w_res", "t_res"))
