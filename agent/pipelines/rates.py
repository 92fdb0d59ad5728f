"""How often at most: the bound of a rate when so many events were seen in so long. Pure."""

from __future__ import annotations

import math

SURE = 0.95
Z = 1.6449  # of the normal distribution, for SURE
EXACT = 30  # events: for more, Wilson and Hilferty's cube is right to a thousandth, and as quick for a million
ROUNDS = 50


def most(events: int) -> float:
    """Upper 95 % bound of the mean, for so many events seen (Poisson, one-sided): 3.0 for none."""
    if events > EXACT:
        more = events + 1
        return float(more * (1 - 1 / (9 * more) + Z / (3 * math.sqrt(more))) ** 3)
    low, high = 0.0, events + 20.0 + 5 * math.sqrt(events + 1)
    for _ in range(ROUNDS):
        mean = (low + high) / 2
        below = sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(events + 1))
        low, high = (mean, high) if below > 1 - SURE else (low, mean)
    return high
