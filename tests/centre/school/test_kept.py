"""What was loaded and what was published stand side by side, and a year without changes is told again each week."""

from __future__ import annotations

import time

from centre.school.kept import (
    DAY_NS,
    RENEWED_DAYS,
    kept_of,
    note_loaded,
    note_published,
    schools_with_data,
    sealed_for_another,
)
from tests.centre.conftest import Open


def test_what_is_loaded_is_to_be_published_until_it_is(open_one: Open) -> None:
    database = open_one()
    assert kept_of(database, "school-07") == {}
    with database.transaction():
        note_loaded(database, "school-07", {"cards": b"{1}", "calendar": b"{2}"})
    assert {name: one.changed for name, one in kept_of(database, "school-07").items()} == {
        "calendar": True,
        "cards": True,
    }
    note_published(database, "school-07", "cards", b"{1}", "age1x")
    kept = kept_of(database, "school-07")
    assert (kept["cards"].changed, kept["cards"].recipient, kept["calendar"].changed) == (False, "age1x", True)
    with database.transaction():
        note_loaded(database, "school-07", {"cards": b"{3}"})
    kept = kept_of(database, "school-07")
    assert (kept["cards"].changed, kept["cards"].published, kept["cards"].recipient) == (True, b"{1}", "age1x")
    assert schools_with_data(database) == ["school-07"]


def test_what_was_published_a_week_ago_is_old(open_one: Open) -> None:
    database = open_one()
    with database.transaction():
        note_loaded(database, "school-07", {"cards": b"{1}"})
    note_published(database, "school-07", "cards", b"{1}", "age1x")
    kept, now_ns = kept_of(database, "school-07")["cards"], time.time_ns()
    assert not kept.old(now_ns)
    assert kept.old(now_ns + (RENEWED_DAYS * DAY_NS) + 1)


def test_what_is_sealed_for_a_box_that_was_replaced_is_known(open_one: Open) -> None:
    database = open_one()
    with database.transaction():
        note_loaded(database, "school-07", {"cards": b"{1}", "calendar": b"{2}"})
    note_published(database, "school-07", "cards", b"{1}", "age1x")
    note_published(database, "school-07", "calendar", b"{2}", "")
    assert sealed_for_another(database, "school-07", "age1x") == []
    assert sealed_for_another(database, "school-07", "age1y") == ["cards"]
    assert sealed_for_another(database, "school-07", "") == []  # it has not told yet
