"""Online training of one column: golden weights, and resuming."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_cases import Module, Stop, classic_design, waves_of

from neutnngen.errors import DataError
from neutnngen.nn import Column
from neutnngen.train import EpochRecord, train_online

WAVES = waves_of(70, 12)

GOLDEN = [[0, 0, 7, 2, 4, 7, 4, 0, 0, 1, 0, 2], [5, 7, 0, 0, 3, 6, 0, 0, 0, 6, 0, 0], [0, 0, 0, 0, 5, 0, 1, 7, 0, 0, 7, 6]]
"""What the first release of this driver made of the same column, waves, epochs and seed."""

RECORDS = [
    EpochRecord(1, 1.0, 31 / 70, 71 / 36),
    EpochRecord(2, 69 / 70, 36 / 69, 40 / 36),
    EpochRecord(3, 69 / 70, 37 / 69, 28 / 36),
]


def test_golden() -> None:
    column = Module(classic_design())
    assert train_online(column, WAVES, 3, 7) == RECORDS
    assert column.held.weights.tolist() == GOLDEN
    assert column.held.lfsr_state == 888703636
    assert not column.training


def test_golden_of_a_torch_column() -> None:
    column = Column.from_design(classic_design())
    assert train_online(column, WAVES, 3, 7) == RECORDS
    assert column.to_design("classic").weights.tolist() == GOLDEN and not column.training


def test_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    file = tmp_path / "run.ckpt"

    def progress(done: int, _total: int) -> None:
        if done >= 112:
            raise Stop

    with pytest.raises(Stop):
        train_online(Module(classic_design()), WAVES, 3, 7, progress, checkpoint=file, every=13)
    with pytest.raises(DataError, match="another run: not the same seed"):
        train_online(Module(classic_design()), WAVES, 3, 8, checkpoint=file)
    column = Module(classic_design())  # a new process knows nothing but the file
    assert train_online(column, WAVES, 3, 7, checkpoint=file) == RECORDS
    assert column.held.weights.tolist() == GOLDEN
    assert not file.exists(), "a finished run leaves no checkpoint"
