"""Who is to be told, in which words: once, in their language, and not when it is over."""

from __future__ import annotations

import json
import time
import tomllib
from typing import Any

import msgspec
import pytest

from centre.accounts import Account, Accounts
from centre.notify import HOUR_NS, LATE_NS, LEASE_NS, Notifications, tell, time_of_day
from centre.reports import Reports, Typed
from centre.school.persons import Person, note_persons
from centre.store import Store
from tests.centre.batches import stored
from tests.centre.conftest import Open
from tests.centre.incident_box import ANNA, ONE, alarms, said
from tests.source_tree import ROOT

WORDS = "Их бьют за спортзалом"


@pytest.fixture
def store(open_one: Open) -> Store:
    made = Store(open_one())
    made.add_school("school-07", bytes(32))
    with made.database.transaction():
        note_persons(made.database, "school-07", [Person(key=ANNA, kind="staff", external="S-1", name="Анна")])
    return made


def now() -> int:
    return time.time_ns()


def test_each_person_reads_it_in_their_language(store: Store) -> None:
    account = Account(name="anna", role="responsible", school="school-07", person=ANNA, language="kk")
    Accounts(store.database).add(account, "a few good words")
    stored(store, alarms(1, said("opened", 1), said("told", 2)))
    duty, police = sorted((message for _, message in Notifications(store.database).claim(now())), key=lambda m: m.role)
    assert (duty.name, duty.staff, duty.person, duty.language) == ("Анна", "S-1", ANNA, "kk")
    assert duty.text == (
        "Төбелес, күдік. school-07, hall. Бұған сіз жауаптысыз. Жауап беру мерзімі: 13:14. "
        "Пультті ашыңыз немесе картаңызды мектептің кез келген оқығышына жақындатыңыз."
    )
    assert (police.role, police.name, police.language) == ("police", "", "ru")
    assert police.text.startswith("Драка, подозрение. school-07, hall. Вы отвечаете за это. Ответьте до 13:14.")


def test_it_is_one_senders_until_it_is_sent(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1), said("told", 2, to=[{"role": "city"}])))
    rows, began = Notifications(store.database), now()
    ((due, _),) = rows.claim(began)
    assert rows.claim(began) == []
    ((again, _),) = rows.claim(began + LEASE_NS + 1)
    assert again.id == due.id
    rows.note_sent(due, now())
    assert rows.claim(began + 3 * LEASE_NS) == []
    assert store.database.execute("select state, channel from notification") == [("sent", "webhook")]


def test_a_gateway_in_trouble_is_tried_with_longer_pauses_and_given_up(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1), said("told", 2, to=[{"role": "city"}])))
    rows, at = Notifications(store.database), now()
    for pause_s in (1, 2, 4):
        ((due, _),) = rows.claim(at)
        rows.note_trouble(due, "it answers 503", at)
        assert rows.claim(at + pause_s * 10**9 - 1) == []
        at += pause_s * 10**9
    rows.note_trouble(due, "it answers 503", due.made_ns + LATE_NS + 1)
    assert store.database.execute("select state, error from notification") == [("failed", "it answers 503")]


def test_a_box_that_floods_is_cut_short_and_that_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("centre.notify.MOST_AN_HOUR", 3)
    store.add_school("school-12", bytes(32))
    rows, at = Notifications(store.database), now()
    with store.database.transaction():
        for step in range(6):
            tell(store.database, "school-07", "flood", [("city", "")], step, "box_silent")
        tell(store.database, "school-12", "calm", [("city", "")], 0, "box_silent")
    sent = 0
    while claimed := rows.claim(at):
        due = claimed[0][0]
        rows.note_sent(due, at)
        sent += due.school == "school-07"
        at += LEASE_NS + 1
    states = store.database.execute("select school, state, count(*) from notification group by school, state")
    assert sorted(states) == [("school-07", "capped", 3), ("school-07", "sent", 3), ("school-12", "sent", 1)]
    assert sent == 3
    assert caplog.text.count("K-176") == 1
    with store.database.transaction():
        tell(store.database, "school-07", "later", [("city", "")], 0, "box_silent")
    assert len(rows.claim(at + HOUR_NS)) == 1


def test_a_flood_of_other_things_keeps_no_fire_from_anybody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fires have an hour's messages of their own; drills have not."""
    monkeypatch.setattr("centre.notify.MOST_AN_HOUR", 3)
    rows, at = Notifications(store.database), now()
    city: list[dict[str, str]] = [{"role": "city"}]
    for number, kind in enumerate(("tamper", "tamper", "tamper", "fire", "fire", "fire", "fire")):
        name = f"c2a3f0d4-8a41-4b5e-9f3b-0d8f6f5f0b{number:02d}"
        more: dict[str, Any] = {"incident": name, "kind": kind, "drill": number == 3}
        stored(
            store,
            alarms(
                2 * number + 1, said("opened", 1 + 2 * number, **more), said("told", 2 + 2 * number, to=city, **more)
            ),
        )
        for due, _ in rows.claim(at):
            rows.note_sent(due, at)
    states = store.database.execute("select incident, state from notification order by incident")
    assert [state for _, state in states] == ["sent", "sent", "sent", "capped", "sent", "sent", "sent"]


def test_a_fire_stands_before_a_backlog(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.notify.AT_ONCE", 2)
    with store.database.transaction():
        for step in range(5):
            tell(store.database, "school-07", "backlog", [("city", "")], step, "box_silent")
    city = [{"role": "city"}]
    stored(store, alarms(1, said("opened", 1, kind="fire"), said("told", 2, kind="fire", to=city)))
    assert [message.kind for _, message in Notifications(store.database).claim(now())] == ["fire", "other"]


def test_a_box_whose_clock_was_set_back_is_heard(store: Store) -> None:
    """What was sent while it said 2030 is not the last word: what it says afterwards is."""
    to = [{"role": "duty", "staff": ANNA}]
    rows = Notifications(store.database)
    ahead = said("told", 2, to=to).replace(b"2026-11-23T08:12:02", b"2030-01-01T00:00:00")
    stored(store, alarms(1, said("opened", 1), ahead))
    ((due, _),) = rows.claim(now())
    rows.note_sent(due, now())
    stored(store, alarms(3, said("told", 3, to=to, why="reminder")))
    assert [message.why for _, message in rows.claim(now())] == ["reminder"]


def test_what_is_over_is_told_to_nobody(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1), said("told", 2), said("closed", 3)))
    assert Notifications(store.database).claim(now()) == []
    assert set(store.database.execute("select state from notification")) == {("late",)}


def test_an_old_step_of_an_open_incident_is_late(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1), said("told", 2)))
    assert Notifications(store.database).claim(now() + LATE_NS + 10**9) == []


def test_of_a_backlog_each_person_gets_the_last_word(store: Store) -> None:
    """A box that was offline for days told the same person again and again."""
    bodies = [said("told", at, why="reminder" if at > 1 else "first", to=[{"role": "duty", "staff": ANNA}])
              for at in range(1, 9)]  # fmt: skip
    stored(store, alarms(1, *bodies))
    found = Notifications(store.database).claim(now())
    assert [(one.why, one.made_ns > 0) for one, _ in found] == [("reminder", True)]
    assert sorted(store.database.execute("select at, state from notification"))[-1][1] == "new"
    assert len(store.database.execute("select 1 from notification where state = 'late'")) == 7


def test_what_the_centre_tells_itself_says_so_and_never_the_words(store: Store) -> None:
    report = Reports(store.database).add(Typed(school="school-07", kind="bullying", words=WORDS, contact="мать, 8701"))
    with store.database.transaction():
        for _ in range(2):
            tell(store.database, "school-07", report.id, [("duty", ANNA), ("city", "")], 0, "box_silent")
    found = [message for _, message in Notifications(store.database, "en").claim(now())]
    assert [(one.role, one.by_centre, one.kind) for one in sorted(found, key=lambda m: m.role)] == [
        ("city", True, "bullying"), ("duty", True, "bullying"),
    ]  # fmt: skip
    assert "There is no line to the school" in found[0].text
    told = msgspec.json.encode(found).decode()
    assert WORDS not in told
    assert "8701" not in told


def test_of_a_report_that_the_box_has_taken_the_box_tells(store: Store) -> None:
    report = Reports(store.database).add(Typed(school="school-07", kind="bullying", words=WORDS))
    with store.database.transaction():
        tell(store.database, "school-07", report.id, [("city", "")], 0, "box_silent")
    stored(store, alarms(1, said("opened", 1, incident=report.id, report=report.id, kind="bullying")))
    assert Notifications(store.database).claim(now()) == []


def test_an_alarm_that_came_ahead_says_what_it_is(store: Store) -> None:
    fire = {"type": "kz.mektep.fire.zone.v1", "data": {"state": "fire", "place": "gym", "sensor": "p"}}
    store.note_ahead("school-07", "ahead-1", json.dumps(fire))
    with store.database.transaction():
        tell(store.database, "school-07", "ahead-1", [("police", "")], 0, "box_silent")
    ((_, message),) = Notifications(store.database, "en").claim(now())
    assert (message.kind, message.place, message.certainty) == ("fire", "gym", "certain")


def test_a_drill_says_so(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1, drill=True), said("told", 2, drill=True, to=[{"role": "city"}])))
    ((_, message),) = Notifications(store.database, "ru").claim(now())
    assert (message.drill, message.text.startswith("УЧЕНИЯ. ")) == (True, True)
    assert message.incident == ONE


@pytest.mark.parametrize(("text", "shown"), [("2026-11-23T20:10:00Z", "01:10"), ("soon\x1b", "soon�"), ("", "")])
def test_times_are_the_schools_own(text: str, shown: str) -> None:
    assert time_of_day(text, 300) == shown


def test_the_texts_go_with_the_package() -> None:
    built = tomllib.loads((ROOT / "centre/pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "texts/*.toml" in built["include"]
