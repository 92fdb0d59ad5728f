"""When a live view is to end, and for which reason: the first one counts."""

from __future__ import annotations

import pytest

from agent.live.session import END_S, KEEP_S, Session


def session() -> Session:
    return Session(
        id="x", camera="gate", by="olga", host="media.example", began_ns=1, keep_until_s=100 + KEEP_S, limit_s=190
    )


@pytest.mark.parametrize(
    ("now_s", "kept_at_s", "reason"),
    [
        (100, None, ""),
        (129.9, None, ""),
        (130, None, "lapsed"),
        (150, 125, ""),
        (155, 125, "lapsed"),
        (189, 185, ""),
        (190, 185, "limit"),  # whoever looks
        (300, None, "limit"),
    ],
)
def test_it_lapses_without_a_word_and_ends_at_its_limit(now_s: float, kept_at_s: float | None, reason: str) -> None:
    one = session()
    if kept_at_s is not None:
        one.keep(kept_at_s)
    assert one.due(now_s) == reason


def test_the_first_reason_counts_and_an_ending_view_is_due_no_more() -> None:
    one = session()
    one.end("stopped", 110)
    one.end("camera", 111)
    assert (one.ending, one.end_by_s, one.due(1_000)) == ("stopped", 110 + END_S, "")


def test_it_counts_the_seconds_for_which_it_was_shown() -> None:
    one = session()
    assert one.seconds(120) == 0  # the media server never took it
    one.shown_s = 101
    assert (one.seconds(110.4), one.seconds(100)) == (9, 0)
