"""Months: a meal that got its day late is in the month of its day, and all months are all statements."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.audit.sums import Amount, Month, months
from agent.ledger.lines import COUNTS_IN, Line, sums

DAYS = st.sampled_from(["", "2026-09-01", "2026-09-30", "2026-10-01"])
LINES = st.dictionaries(
    st.tuples(st.sampled_from(sorted(COUNTS_IN)), DAYS, st.sampled_from(["a", "b"]), st.sampled_from([0, 745])),
    st.integers(min_value=1, max_value=9),
)


def test_a_month() -> None:
    lines: dict[Line, int] = {
        ("granted", "2026-09-01", "free", 745): 10,
        ("granted", "2026-09-02", "free", 800): 5,
        ("forgotten", "2026-09-02", "", 0): 1,
        ("reversed", "2026-09-02", "free", 800): 2,
        ("granted", "", "free", 745): 3,
        ("dated", "2026-09-03", "free", 745): 1,
        ("not_counted", "2026-09-03", "free", 745): 1,
        ("visit", "2026-09-04", "chess", 1_200): 4,
        ("visit_not_counted", "2026-09-04", "chess", 0): 7,
        ("suspicion", "2026-09-04", "too_fast", 0): 7,
    }
    assert months(lines) == [
        Month("", 1, 745, 0, 0, [Amount("free", 745, 1)], []),
        Month(
            "2026-09", 15, 11 * 745 + 3 * 800, 4, 4_800,
            [Amount("", 0, 1), Amount("free", 745, 11), Amount("free", 800, 3)], [Amount("chess", 1_200, 4)],
        ),
    ]  # fmt: skip


@given(LINES)
def test_months_together_are_the_lines_together(lines: dict[Line, int]) -> None:
    total = sums((kind, tenge, count) for (kind, _, _, tenge), count in lines.items())
    for name in ("meals", "meals_tenge", "visits", "visits_tenge"):
        assert sum(getattr(month, name) for month in months(lines)) == total[name]
