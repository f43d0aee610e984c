"""Whole runs of place cells on movement: made-up, and recorded."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rat_tracks import track

from neutnngen.apps.places.rat.cells import CellSettings, answers
from neutnngen.apps.places.rat.code import Noise, RatCode
from neutnngen.apps.places.rat.path import PathSettings
from neutnngen.apps.places.rat.plots import draw_all
from neutnngen.apps.places.rat.results import RatResult
from neutnngen.apps.places.rat.study import RatSettings, run_rat
from neutnngen.data import load_trajectory
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import load_design
from pictures import ink

QUICK = RatSettings(cells=CellSettings(columns=8, cells=128), path=PathSettings(cells=16), noises=(Noise(), Noise(1, 10)))


@pytest.fixture(scope="module")
def result() -> RatResult:
    return run_rat(track(150), QUICK)


def test_it_locates_the_animal(result: RatResult) -> None:
    plain, noisy = result.rows
    assert (plain.noise, noisy.noise) == ("as it is", "jitter ±1, 10 % lost") and plain.waves == len(result.asked) == 751
    assert plain.cells_median < 2.5 and noisy.cells_median < 3 and plain.chance_median > 10
    assert plain.nearest_median < plain.cells_median < plain.cells_mean < plain.cells_high
    assert len(result.learned) == len(result.learned_winners) == 3000 and result.located.shape == result.recalled.shape == (751, 2)
    assert [point[0] for point in result.curve][-1] == 120 and result.curve[-1][1] == plain.cells_median
    assert result.untaught.median > 2 * plain.cells_median  # it is the learning that does it
    assert result.curve[0][1] > 4 * plain.cells_median and 0 < result.settled < result.used <= 1


def test_summary(result: RatResult) -> None:
    document: dict[str, Any] = json.loads(json.dumps(result.summary()))
    assert document["columns"] == 8 and document["cells"] == 128 and document["rows"][0]["cells_median"] == result.rows[0].cells_median
    assert set(document["path"]) == {"alone", "landmarks", "recalled"} and document["landmarks_met"] > 0
    figures = {(condition, measure): value for condition, measure, value, _ in result.figures()}
    assert figures["as it is", "cells, median"] == result.rows[0].cells_median
    assert figures["as it is", "nearest, high"] == result.rows[0].nearest_high
    assert figures["path integration", "landmarks, median"] == result.path_errors["landmarks"].median


def test_the_same_again_and_another_seed(result: RatResult) -> None:
    heard: list[tuple[int, int]] = []
    again = run_rat(track(150), QUICK, progress=lambda done, total: heard.append((done, total)))
    assert again.rows == result.rows and again.design.fingerprint() == result.design.fingerprint()
    assert heard[-1] == (3000, 3000)
    assert run_rat(track(150), QUICK, seed=1).design.fingerprint() != result.design.fingerprint()


def test_the_design_can_be_saved_and_asked(result: RatResult, tmp_path: Path) -> None:
    design = load_design(result.design.save(tmp_path))
    said = design.provenance["code"]
    code = RatCode(QUICK.code, said["side_mm"], said["seed"])
    winners = answers(get_engine().open(design), code.grid(result.asked.positions))
    assert np.array_equal(winners, result.winners)


def test_columns_that_see_the_direction() -> None:
    result = run_rat(track(60), dataclasses.replace(QUICK, cells=CellSettings(columns=2, cells=64, directions=True), noises=(Noise(),)))
    assert result.design.network.inputs == 108 and len(result.rows) == 1


def test_pictures(result: RatResult, tmp_path: Path) -> None:
    drawn = draw_all(result, tmp_path)
    assert [path.name for path in drawn] == ["place_fields.png", "located.png", "errors.png", "path_integration.png", "learning.png"]
    assert all(ink(path) > 0.01 for path in drawn)


def test_settings_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="too short for both parts"):
        run_rat(track(1), QUICK)
    with pytest.raises(ConfigError, match="share to learn from"):
        RatSettings(learn=1.0)
    with pytest.raises(ConfigError, match="first noise"):
        RatSettings(noises=(Noise(1),))


@pytest.mark.tool
def test_recorded_movement(rat_wheel: Path) -> None:
    """Sargolini et al. 2006: the first 480 s once, then the median error on the last 120 s."""
    result = run_rat(load_trajectory("Sargolini", rat_wheel), RatSettings(noises=(Noise(), Noise(1, 10))))
    plain, noisy = result.rows
    assert len(result.learned) == 480 * 25 and plain.waves == 2992
    assert plain.cells_median <= 2 and noisy.cells_median <= 2.5 and plain.cells_high < 5 and plain.chance_median > 30
    assert result.untaught.median > 10
    errors = result.path_errors
    assert errors["landmarks"].median < 0.5 * errors["alone"].median
