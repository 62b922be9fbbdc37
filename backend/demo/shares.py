"""Whole numbers out of proportions, with sums that come out exactly."""

from collections.abc import Sequence

import numpy as np


def shared_out(total: int, weights: Sequence[float], *, at_least: int = 0) -> list[int]:
    """Share `total` whole things by weight (largest remainder), each getting `at_least` first.

    Raises ValueError when there is not enough for the least shares.
    """
    rest = total - at_least * len(weights)
    if rest < 0:
        raise ValueError(f"{total} things cannot give {len(weights)} places {at_least} each")
    exact = np.array(weights, dtype=np.float64) / sum(weights) * rest
    shares = np.floor(exact).astype(int)
    # Stable order, so that equal remainders fall the same way on every machine.
    order = np.argsort(shares - exact, kind="stable")
    shares[order[: rest - int(shares.sum())]] += 1
    return [int(share) + at_least for share in shares]
