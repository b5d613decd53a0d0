"""Metrics, each a pure function."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def bootstrap_ci95(values: Sequence[float], *, resamples: int = 1000, seed: int = 0) -> list[float]:
    """95% interval of the mean by the percentile bootstrap (Efron 1979), seeded: [low, high]; [0, 0] for no values."""
    if not len(values):
        return [0.0, 0.0]
    sample = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = sample[rng.integers(0, len(sample), size=(resamples, len(sample)))].mean(axis=1)
    return [float(v) for v in np.percentile(means, [2.5, 97.5])]
