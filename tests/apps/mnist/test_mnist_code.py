"""Codes of small images, worked out by hand, and images that move."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.apps.mnist.blueprint import CodePlan
from neutnngen.apps.mnist.code import ImageCode, moved
from neutnngen.errors import ConfigError

X = 255  # no spike


def encoded(plan: CodePlan, *images: list[list[int]]) -> list[list[int]]:
    array = np.array(images, dtype=np.uint8)
    code = ImageCode(plan, (array.shape[1], array.shape[2]))
    times = code.encode(array)
    assert times.dtype == np.uint8 and times.shape == (len(images), code.lines)
    assert code.lines == code.places[0] * code.places[1] * code.channels
    made: list[list[int]] = times.tolist()
    return made


def test_posneg_by_hand() -> None:
    """127 is just below half of white, 128 just above; of each pixel the first line or the second spikes at time 0."""
    assert encoded(CodePlan("posneg"), [[0, 255], [127, 128]]) == [[X, 0, 0, X, X, 0, 0, X]]
    assert encoded(CodePlan("posneg", cut=0.2), [[51, 52], [0, 50]]) == [[X, 0, 0, X, X, 0, X, 0]]  # 51 is a fifth: not above


def test_intensity_by_hand() -> None:
    """Two bits: below a quarter (63.75) silent, then 2, 1, and 0 from three quarters (191.25) on."""
    assert encoded(CodePlan("intensity", t_res=2), [[0, 63, 64, 127], [128, 191, 192, 255]]) == [[X, X, 2, 2, 1, 1, 0, 0]]
    assert encoded(CodePlan("intensity"), [[255, 224, 223, 31]]) == [[0, 0, 1, X]]


def test_population_by_hand_and_its_pairs() -> None:
    assert encoded(CodePlan("population", t_res=2), [[0, 64], [128, 255]]) == [[3, 0, 2, 1, 1, 2, 0, 3]]
    images = np.random.default_rng(0).integers(0, 256, (20, 5, 6)).astype(np.uint8)
    for bits in (1, 2, 3, 4, 6):
        pairs = ImageCode(CodePlan("population", t_res=bits), (5, 6)).encode(images).reshape(20, 30, 2).astype(int)
        assert (pairs.sum(axis=2) == 2**bits - 1).all()
        levels = np.minimum(images.reshape(20, 30).astype(int) * 2**bits // 255, 2**bits - 1)
        assert np.array_equal(pairs[..., 1], levels)
        bright = np.argsort(images.reshape(20, 30), axis=1)
        assert (np.diff(np.take_along_axis(pairs[..., 0], bright, axis=1), axis=1) <= 0).all(), "the brighter the earlier"


def test_onoff_by_hand() -> None:
    """A white pixel among black ones: full contrast on, and its neighbours a little off (a third, or a fifth, or none)."""
    code = CodePlan("onoff", cut=0.1, t_res=1)
    image = [[255, 0, 0, 0], [0, 0, 0, 0]]
    # contrast: 1; -1/5; 0; 0 / -1/3; -1/5; 0; 0; two levels: 0.1 … 0.55 at time 1, more at time 0
    assert encoded(code, image) == [[0, X, X, 1, X, X, X, X, X, 1, X, 1, X, X, X, X]]
    assert encoded(code, [[90, 90], [90, 90]]) == [[X] * 8], "an even image does not spike"
    assert encoded(CodePlan("onoff", cut=0.25, t_res=1), image)[0][8:12] == [X, 1, X, X]


def test_crop_and_shrink_by_hand() -> None:
    image = [
        [9, 9, 9, 9, 9, 9, 9],
        [9, 255, 255, 0, 0, 200, 9],
        [9, 255, 255, 0, 252, 200, 9],
        [9, 9, 9, 9, 9, 9, 9],
    ]
    code = ImageCode(CodePlan("intensity", t_res=2, crop=1, shrink=2), (4, 7))
    assert code.places == (1, 2) and code.lines == 2, "what does not make a whole block is left out"
    assert code.encode(np.array([image], np.uint8)).tolist() == [[0, X]]  # means 255 and 63
    image[1][3] = 4
    assert code.encode(np.array([image], np.uint8)).tolist() == [[0, 2]]  # the other mean is 64 now
    assert encoded(CodePlan("posneg", crop=1), image)[0][:4] == [0, X, 0, X]


@pytest.mark.parametrize("kind", ["posneg", "population", "intensity", "onoff"])
def test_places_run_row_by_row(kind: str) -> None:
    """Only the lines of the pixel that differs, or (against its surround) of its neighbours, differ."""
    code = ImageCode(CodePlan(kind, cut=0.1), (5, 6))  # type: ignore[arg-type]
    images = np.zeros((2, 5, 6), np.uint8)
    images[1, 3, 2] = 255
    black, white = code.encode(images).reshape(2, 5, 6, code.channels)
    rows, columns = np.nonzero((black != white).any(axis=2))
    assert (3, 2) in zip(rows.tolist(), columns.tolist(), strict=True)
    assert (abs(rows - 3) <= (kind == "onoff")).all() and (abs(columns - 2) <= (kind == "onoff")).all()


def test_sizes_that_do_not_fit() -> None:
    for plan in (CodePlan(crop=4), CodePlan(shrink=9), CodePlan(crop=2, shrink=5)):
        with pytest.raises(ConfigError, match=r"nothing of the image is left(.|\n)*smaller numbers"):
            ImageCode(plan, (8, 8))
    with pytest.raises(ConfigError, match=r"another size(.|\n)*\(8, 9\)(.|\n)*\(8, 8\)"):
        ImageCode(CodePlan(), (8, 8)).encode(np.zeros((2, 8, 9), np.uint8))


# Images that move


def test_without_jitter_nothing_moves() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 5)).astype(np.uint8)
    same = moved(images, 0, np.random.default_rng(1))
    assert np.array_equal(same, images) and same is not images and same.dtype == np.uint8


@pytest.mark.parametrize("jitter", [1, 2])
def test_every_shift_occurs_and_black_moves_in(jitter: int) -> None:
    images = np.random.default_rng(0).integers(1, 256, (600, 6, 7)).astype(np.uint8)  # no black of their own
    made = moved(images, jitter, np.random.default_rng(3))
    seen: dict[tuple[int, int], int] = {}
    for before, after in zip(images, made, strict=True):
        rows, columns = np.flatnonzero(after.any(axis=1)), np.flatnonzero(after.any(axis=0))
        found = []
        for dy in range(-jitter, jitter + 1):
            for dx in range(-jitter, jitter + 1):
                expected = np.zeros_like(before)
                expected[max(dy, 0) : 6 + min(dy, 0), max(dx, 0) : 7 + min(dx, 0)] = before[
                    max(-dy, 0) : 6 + min(-dy, 0), max(-dx, 0) : 7 + min(-dx, 0)
                ]
                if np.array_equal(after, expected):
                    found.append((dy, dx))
                    assert len(rows) == 6 - abs(dy) and len(columns) == 7 - abs(dx)
        assert len(found) == 1
        seen[found[0]] = seen.get(found[0], 0) + 1
    shifts = (2 * jitter + 1) ** 2
    assert len(seen) == shifts
    assert min(seen.values()) > 600 / shifts / 2.5 and max(seen.values()) < 2 * 600 / shifts, "uniformly"


def test_content_away_from_the_border_is_kept_and_a_seed_decides() -> None:
    images = np.zeros((50, 8, 8), np.uint8)
    images[:, 2:6, 2:6] = np.random.default_rng(0).integers(0, 256, (50, 4, 4))
    before = images.copy()
    made = moved(images, 2, np.random.default_rng(4))
    assert np.array_equal(images, before), "the images themselves stay"
    assert np.array_equal(np.sort(made.reshape(50, -1)), np.sort(images.reshape(50, -1)))
    assert not np.array_equal(made, images)
    assert np.array_equal(made, moved(images, 2, np.random.default_rng(4)))
    assert not np.array_equal(made, moved(images, 2, np.random.default_rng(5)))
