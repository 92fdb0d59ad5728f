"""How often at most: the bound of a rate when so many events were seen in so long. Pure."""

from __future__ import annotations

import math

SURE = 0.95
ROUNDS = 80


def most(events: int) -> float:
    """Upper 95 % bound of the mean, for so many events seen (Poisson, one-sided): 3.0 for none."""
    low, high = 0.0, events + 20.0 + 5 * math.sqrt(events + 1)
    for _ in range(ROUNDS):
        mean = (low + high) / 2
        below = sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(events + 1))
        low, high = (mean, high) if below > 1 - SURE else (low, mean)
    return high
