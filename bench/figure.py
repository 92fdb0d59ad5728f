"""One measured figure, and how it is told: a JSON line with the limit or peer of the same run beside it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`ratio` is value over limit; `met` is None where the figure is only printed; `range` is lowest and highest."""

    figure: str
    value: float
    unit: str
    limit_or_peer: str
    ratio: float | None
    target: str
    met: bool | None
    range: tuple[float, float] | None = None
    runs: int = 1

    def line(self) -> str:
        """All seven keys, always; the others where they say something."""
        always = {
            "figure": self.figure,
            "value": _rounded(self.value),
            "unit": self.unit,
            "limit_or_peer": self.limit_or_peer,
            "ratio": None if self.ratio is None else _rounded(self.ratio),
            "target": self.target,
            "met": self.met,
        }
        more: dict[str, object] = {"runs": self.runs}
        if self.range is not None:
            more["range"] = [_rounded(end) for end in self.range]
        return msgspec.json.encode(always | more).decode()


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them stays below: with 0.99 one in a hundred exceeds it."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def p99(values: Sequence[float]) -> float:
    return percentile(values, 0.99)


def _rounded(value: float) -> float:
    """Four digits that count."""
    return float(f"{value:.4g}")
