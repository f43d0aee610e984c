"""Learning drivers."""

from neutnngen.train.driver import History, Trainable, train
from neutnngen.train.events import Callback, ChunkEvent, EpochEvent, Progress
from neutnngen.train.initial import sample_design
from neutnngen.train.online import train_online
from neutnngen.train.plan import presentation_order
from neutnngen.train.records import EpochRecord

__all__ = [
    "Callback",
    "ChunkEvent",
    "EpochEvent",
    "EpochRecord",
    "History",
    "Progress",
    "Trainable",
    "presentation_order",
    "sample_design",
    "train",
    "train_online",
]
