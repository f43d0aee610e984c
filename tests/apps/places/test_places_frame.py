"""The frame for robots: it learns on line, recognises, predicts, finds ways, and says what it does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neutnngen.apps.places.frame import Frame
from neutnngen.apps.places.sizes import REDUCED, Sizes
from neutnngen.errors import ConfigError

NAMES = ["door", "table", "lamp", "sink"]
SMALL = Sizes(13, 13, 3, 4, 4, 4)
HALL = {"door": (0, 0), "table": (4, 1), "lamp": (6, 5), "sink": (-5, -4)}
KITCHEN = {"door": (0, 0), "table": (-2, 3), "lamp": (3, 3), "sink": (1, -5)}


def go(frame: Frame, world: dict[str, tuple[int, int]], way: list[str]) -> None:
    """Observe features along a way, distances in units of half a metre a cell."""
    at = world[way[0]]
    for name in way:
        x, y = world[name]
        frame.observe(name, ((x - at[0]) * 0.5, (y - at[1]) * 0.5))
        at = (x, y)


@pytest.fixture
def frame() -> Frame:
    """Two rooms that have been explored."""
    made = Frame(SMALL, features=NAMES, cell=0.5)
    for world in (HALL, KITCHEN):
        made.enter()
        go(made, world, NAMES)
    return made


def test_observe_stores_what_is_new_and_fits(frame: Frame) -> None:
    fresh = Frame(SMALL, features=NAMES, cell=0.5)
    assert fresh.enter() == 0 and fresh.used == 1
    assert len(fresh.observe("door").stored) == 0
    step = fresh.observe("table", (2.0, 0.5))
    assert step.stored.tolist() == [[4, 1, 0, 0, 1]] and step.related == 1
    assert len(fresh.observe("door", (-2.0, -0.5)).stored) == 0, "the way back is known already"
    far = fresh.observe("lamp", (8.0, 0.0))
    assert len(far.stored) == 0 and far.related == 0, "too far for the layer"


def test_where_needs_two_sightings_and_then_knows_room_and_feature(frame: Frame) -> None:
    frame.drop()
    assert frame.where().environment is None and frame.where().feature is None
    frame.observe("lamp")
    assert frame.where().environment is None and frame.where().feature == "lamp"
    go(frame, KITCHEN, ["lamp"])
    frame.drop()
    go(frame, KITCHEN, ["lamp", "table"])
    place = frame.where()
    assert (place.environment, place.feature, place.sure) == (1, "table", True)
    frame.drop()
    go(frame, HALL, ["table", "lamp", "door"])
    assert frame.where().environment == 0 and frame.where().feature == "door"


def test_a_feature_that_was_misread_is_put_right(frame: Frame) -> None:
    frame.drop()
    go(frame, HALL, ["door", "table"])
    frame.observe("sink", (1.0, 2.0))  # it is the lamp
    assert frame.where().feature == "lamp"


def test_nothing_is_learned_after_drop(frame: Frame) -> None:
    before = frame.design().fingerprint()
    frame.drop()
    go(frame, HALL, ["table", "lamp", "door"])
    frame.where(), frame.predict((1, 1)), frame.path_to("lamp"), frame.map()
    assert frame.design().fingerprint() == before


def test_predict_ahead_path_and_map(frame: Frame) -> None:
    frame.drop()
    go(frame, HALL, ["table", "door"])
    assert frame.predict((2.0, 0.5)) == "table" and frame.predict((3.0, 2.5)) == "lamp"
    assert frame.predict((-2.0, 3.0)) is None and frame.predict((50.0, 0.0)) is None
    assert frame.ahead((1.0, 0.2)) == "table" and frame.ahead((0.0, 1.0)) is None and frame.ahead((-1.0, -1.0)) == "sink"
    path = frame.path_to("lamp")
    assert path is not None and path.features == ("door", "lamp") and path.steps == ((3.0, 2.5),)
    assert path.length == pytest.approx(np.hypot(3, 2.5))
    here = frame.path_to("door")
    assert here is not None and here.features == ("door",) and here.length == 0
    assert frame.map() == {name: (x * 0.5, y * 0.5) for name, (x, y) in HALL.items()}, "beyond one step too"
    frame.enter(0)
    frame.observe("sink")
    way = frame.path_to("lamp")
    assert way is not None and way.features[0] == "sink" and way.features[-1] == "lamp" and len(way.features) == 3


def test_an_unknown_feature_has_no_way(frame: Frame) -> None:
    frame.enter()
    frame.observe("door")
    assert frame.path_to("lamp") is None


def test_tolerance_recognises_displacements_that_are_off_by_a_cell(frame: Frame) -> None:
    frame.drop()
    frame.observe("table")
    frame.observe("lamp", (1.5, 2.0))
    assert frame.where().environment is None
    frame.tolerance = 1
    frame.drop()
    frame.observe("table")
    frame.observe("lamp", (1.5, 2.0))
    assert frame.where().environment == 0 and not frame.where().sure, "off by one cell is no exact match"


def test_saved_and_loaded(frame: Frame, tmp_path: Path) -> None:
    again = Frame.load(frame.save(tmp_path / "rooms"))
    assert (again.names, again.cell, again.used) == (tuple(NAMES), 0.5, 2)
    go(again, KITCHEN, ["lamp", "table"])
    assert again.where().environment == 1
    assert again.enter() == 2
    with pytest.raises(ConfigError, match="all environments of the layer are in use"):
        again.enter()


def test_one_clear_error_for_wrong_input(frame: Frame) -> None:
    with pytest.raises(ConfigError, match=r"no such feature(.|\n)*did you mean 'table'"):
        frame.observe("tabel")
    with pytest.raises(ConfigError, match=r"no such feature(.|\n)*0 … 3"):
        frame.observe(4)
    with pytest.raises(ConfigError, match="not a number"):
        frame.observe("door", (float("nan"), 0.0))
    frame.drop()
    for ask in (lambda: frame.predict((1, 1)), lambda: frame.path_to("door"), frame.map, lambda: frame.ahead((1, 0))):
        with pytest.raises(ConfigError, match="does not know yet where it is"):
            ask()
    for options in ({"cell": 0.0}, {"span": 0}, {"tolerance": 9}, {"features": ["a", "a"]}, {"features": list("abcdefgh")}):
        with pytest.raises(ConfigError):
            Frame(REDUCED, **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no such environment"):
        frame.enter(7)
