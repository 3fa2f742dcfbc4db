"""Whether a count is more than chance (NumPy and SciPy; for the worker)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def fisher_greater(both: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, total: npt.ArrayLike) -> Numbers:
    """Fisher's exact p of at least `both` in common, when `first` and `second` are drawn from `total` by chance."""
    from scipy.stats import hypergeom

    p = hypergeom.sf(np.asarray(both) - 1, np.asarray(total), np.asarray(first), np.asarray(second))
    return np.clip(np.asarray(p, dtype=np.float64), 0.0, 1.0)


def benjamini_hochberg(p: npt.ArrayLike) -> Numbers:
    """The adjusted p of each test: rejecting those at most q keeps the expected share of false findings at q.

    Source: Benjamini and Hochberg (1995), J. R. Statist. Soc. B 57(1):289-300, procedure (1).
    """
    raw = np.asarray(p, dtype=np.float64)
    if not len(raw):
        return raw
    order = np.argsort(raw, kind="stable")
    scaled = raw[order] * len(raw) / np.arange(1, len(raw) + 1)
    adjusted = np.minimum.accumulate(scaled[::-1])[::-1]
    result = np.empty_like(raw)
    # Never below p itself: for numbers near the smallest there are, multiplying and dividing again loses some.
    result[order] = np.clip(adjusted, raw[order], 1.0)
    return result
