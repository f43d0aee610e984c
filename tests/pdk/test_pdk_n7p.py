"""The generated 7 nm library: whole, deterministic, labelled, near the published figures, reachable from every track."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from neutnngen.pdk.kits import check_kit, load_kit
from neutnngen.pdk.n7p.cells import all_cells
from neutnngen.pdk.n7p.model import Model, Stage, transition
from neutnngen.pdk.n7p.write import NOTICE, generated_kit, library_texts, sense
from neutnngen.pdk.technology import Rect
from neutnngen.place_route.pin_access import covered


def test_whole_and_quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    library_texts.cache_clear()
    began = time.process_time()
    kit = load_kit("n7p")
    assert time.process_time() - began < 2.0
    assert check_kit(kit) == ()
    assert kit.voltage == pytest.approx(0.7)
    assert len(kit.cells) >= 40
    assert NOTICE in kit.licence and NOTICE in kit.source


def test_every_file_says_what_it_is(tmp_path: Path) -> None:
    for text in library_texts(Model()).values():
        assert NOTICE in "\n".join(text.splitlines()[:2])
    made = generated_kit("n7p", tmp_path)
    assert {path.name: path.read_text() for path in made.iterdir()} == library_texts(Model())
    assert generated_kit("n7p", tmp_path) == made and list(tmp_path.iterdir()) == [made]
    assert generated_kit("n7p", tmp_path, Model(leak=9.0)) != made


@pytest.mark.parametrize(
    ("cell", "area"),
    [("INV_X1", 0.044), ("NAND2_XP5", 0.058), ("XOR2_XP5", 0.131), ("HA_X1", 0.131), ("FA_X1", 0.204), ("DFFQN_X1", 0.292)],
)
def test_published_areas(cell: str, area: float) -> None:
    assert load_kit("n7p").cells[cell].area == pytest.approx(area, abs=0.0006)


def test_pins_are_reached_from_the_tracks() -> None:
    """Every signal pin has a via that its metal encloses on at least four tracks, in both orientations of a pair of rows."""
    kit = load_kit("n7p")
    via = kit.technology.vias["VIA12"]
    pad = next(rect for rect in via.rects if rect.layer == via.lower)
    pitch = kit.technology.layers["M2"].pitch
    for master in kit.masters.values():
        for pin in master.pins.values():
            if pin.use in ("power", "ground"):
                continue
            x = (pin.rects[0].x0 + pin.rects[0].x1) // 2
            assert (x - 27) % 54 == 0
            for flipped in (False, True):
                rows = (
                    range(0, master.height, pitch) if not flipped else [2 * master.height - y for y in range(288, 2 * master.height, pitch)]
                )
                ways = [y for y in rows if covered(Rect("M1", x + pad.x0, y + pad.y0, x + pad.x1, y + pad.y1), pin.rects)]
                assert len(ways) >= 4, (master.name, pin.name)


def test_every_pad_has_the_least_area() -> None:
    kit = load_kit("n7p")
    for via in kit.technology.vias.values():
        for rect in via.rects:
            if rect.layer == "M1":
                continue  # stands on a pin or a rail
            assert (rect.x1 - rect.x0) * (rect.y1 - rect.y0) >= kit.technology.layers[rect.layer].min_area


def test_senses() -> None:
    assert sense("!(A * B)", "A") == "negative_unate"
    assert sense("(A * B) + C", "C") == "positive_unate"
    assert sense("(A * !S) + (B * S)", "S") == "non_unate"


def test_model_by_hand() -> None:
    """One stage: delay = R (own + load) + carry · slew + constant."""
    model = Model()
    delay, slew = transition((Stage(1, 3, 3),), "fall", 0.0, 10.0, model)
    charge = 3.23 * (10.0 + 6 * model.drain)
    assert delay == pytest.approx(charge + model.constant)
    assert slew == pytest.approx(2.03 * charge)
    stacked, _ = transition((Stage(2, 3, 3, 2, 1),), "fall", 0.0, 10.0, model)
    assert stacked > delay


def test_names_and_widths() -> None:
    plans = all_cells()
    assert len({plan.name for plan in plans}) == len(plans)
    assert all(plan.width >= len(plan.inputs) + len(plan.outputs) for plan in plans)
