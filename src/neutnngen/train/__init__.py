"""Learning drivers."""

from neutnngen.train.online import EpochRecord, presentation_order, train_online

__all__ = ["EpochRecord", "presentation_order", "train_online"]
