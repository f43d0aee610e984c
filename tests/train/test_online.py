"""Online training: a stopped and resumed run equals an uninterrupted one to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neutnngen.errors import DataError
from neutnngen.nn import Column
from neutnngen.spec import NO_SPIKE, ColumnSpec
from neutnngen.train import train_online


def fresh() -> Column:
    weights = torch.from_numpy(np.random.default_rng(4).integers(0, 8, (3, 12)).astype(np.uint8))
    return Column(ColumnSpec(12, 3, 9), weights)


def waves() -> np.ndarray:
    rng = np.random.default_rng(5)
    made = rng.integers(0, 8, (70, 12)).astype(np.uint8)
    made[rng.random(made.shape) < 0.4] = NO_SPIKE
    return made


class Stop(Exception):
    pass


@pytest.mark.parametrize("stops", [(16,), (64, 80), (112, 160, 208)])
def test_resumed_equals_uninterrupted(tmp_path: Path, stops: tuple[int, ...]) -> None:
    whole = fresh()
    records = train_online(whole, waves(), 3, 7)

    file = tmp_path / "run.npz"
    for stop in stops:

        def progress(done: int, _total: int, stop: int = stop) -> None:
            if done >= stop:
                raise Stop

        column = fresh()  # a new process knows nothing but the file
        with pytest.raises(Stop):
            train_online(column, waves(), 3, 7, progress, checkpoint=file, every=13)
        assert file.is_file()
    resumed = fresh()
    again = train_online(resumed, waves(), 3, 7, checkpoint=file)
    assert again == records
    assert resumed.to_design("d").fingerprint() == whole.to_design("d").fingerprint()
    assert not file.exists(), "a finished run leaves no checkpoint"


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"

    def progress(_done: int, _total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        train_online(fresh(), waves(), 3, 7, progress, checkpoint=file, every=10)
    with pytest.raises(DataError, match="another run"):
        train_online(fresh(), waves(), 3, 8, checkpoint=file)
    file.write_bytes(b"rubbish")
    with pytest.raises(DataError, match="cannot be read"):
        train_online(fresh(), waves(), 3, 7, checkpoint=file)


def test_records() -> None:
    column = fresh()
    records = train_online(column, waves(), 2, 0)
    assert [r.epoch for r in records] == [1, 2]
    assert all(0 <= r.firing <= 1 and 0 < r.busiest <= 1 and r.drift >= 0 for r in records)
    assert not column.training
