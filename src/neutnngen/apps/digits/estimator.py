"""The network for digits as an estimator of scikit-learn: ``fit``, ``predict``, ``score``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neutnngen.apps.digits.learn import fit
from neutnngen.apps.digits.pairs import CLASSES, Labels
from neutnngen.apps.digits.plan import DEFAULT, named_plan
from neutnngen.errors import ConfigError
from neutnngen.spec import Design


class NeuTNNDigits(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classification of digits that are seen, heard, or both, by columns of active dendrites with online STDP, in hardware arithmetic.

    X is (sample, 2, row, column): grey values 0 … 255 of an image, and a log-mel map of as many frames as there are rows and as many bins
    as there are columns; a network of one sense does not look at the other. y are the digits 0 … 9.

    Parameters
    ----------
    design : str
        Name in the catalogue.
    sense : str
        ``both``, ``sound`` or ``image``.
    masks : str
        Of a network for both: ``dendrites``, ``segments`` or ``dense``; see ``DigitsPlan``.
    passes : int or None
        How often every sample is shown; None for what the design says.
    random_state : int or None
        Seed; None for a new one each time.

    Attributes
    ----------
    classes_ : np.ndarray of shape (10,)
        The digits.
    model_ : Model
        Code and Design.
    """

    def __init__(
        self, design: str = DEFAULT, sense: str = "both", masks: str = "dendrites", passes: int | None = None, random_state: int | None = 0
    ) -> None:
        self.design = design
        self.sense = sense
        self.masks = masks
        self.passes = passes
        self.random_state = random_state

    def fit(self, X: NDArray[Any], y: NDArray[np.integer]) -> NeuTNNDigits:
        """Learn from samples, one after another. Raises ConfigError for another shape or labels that are no digits."""
        labels = np.asarray(y, dtype=np.int64)
        if labels.size and not ((labels >= 0) & (labels < CLASSES)).all():
            raise ConfigError("a label is no digit", got=int(labels[(labels < 0) | (labels >= CLASSES)][0]), allowed="0 … 9")
        seed = int(np.random.default_rng().integers(1 << 20)) if self.random_state is None else int(self.random_state)
        plan = named_plan(self.design).of(self.sense, self.masks)
        self.model_ = fit(plan, np.asarray(X, dtype=np.float64), labels, seed, passes=self.passes).model
        self.classes_ = np.arange(CLASSES)
        return self

    def predict(self, X: NDArray[Any]) -> Labels:
        """(sample,) digits, -1 where none wins."""
        check_is_fitted(self)
        return self.model_.predict(np.asarray(X, dtype=np.float64))

    def to_design(self) -> Design:
        """What has been learned, as a Design."""
        check_is_fitted(self)
        return self.model_.design
