"""One input to one incident: who is told, when, again, and over whose head; who answered; how it ends."""

from __future__ import annotations

import pytest

from agent.book import Book
from agent.evidence.picture import Ids
from agent.incidents import steps
from agent.incidents.kinds import MANNERS, Kind
from agent.incidents.life import Input
from agent.incidents.steps import By
from agent.sightings.rows import SightingRow, add_sighting
from tests.agent.incidents.house import HEAD, MAIN, SPARE, House, book_of, with_deadlines

OTHER, FIRE, FIGHT = MANNERS[Kind.OTHER], MANNERS[Kind.FIRE], MANNERS[Kind.FIGHT]


# --- telling ----------------------------------------------------------------------------------------------------


def test_a_panel_s_fire_is_told_as_certain_to_duty_city_and_police() -> None:
    house = House()
    house.saw(house.sign())
    assert house.told() == [("first", 0, ["main", "city", "police"])]
    (told,) = house.events("told")
    assert (told["certainty"], told["answer_by"], told["drill"]) == ("certain", "2026-11-23T05:01:00.000000Z", False)


def test_a_camera_s_fire_is_told_as_a_suspicion_to_duty_alone() -> None:
    house = House()
    house.saw(house.camera())
    assert house.told() == [("first", 0, ["main"])]
    assert house.events("told")[0]["certainty"] == "suspected"


def test_nobody_answers_reminder_deputy_head_city_and_then_for_ever() -> None:
    house = House()
    house.saw(house.sign(Kind.OTHER))
    for _ in range(9):
        house.late()
    assert house.told() == [
        ("first", 0, ["main"]),
        ("reminder", 0, ["main"]),
        ("unanswered", 1, ["spare"]),
        ("reminder", 1, ["spare"]),
        ("unanswered", 2, ["head"]),
        ("reminder", 2, ["head"]),
        ("unanswered", 3, ["city"]),
        ("reminder", 3, ["city"]),
        ("reminder", 3, ["city"]),
        ("reminder", 3, ["city"]),
    ]


def test_a_fire_goes_up_without_a_reminder_and_all_of_the_last_are_told_again() -> None:
    house = House(book=Book({}))
    house.saw(house.sign())
    house.late()
    house.late()
    assert house.told() == [
        ("first", 0, ["city", "police"]),
        ("reminder", 0, ["city", "police"]),
        ("reminder", 0, ["city", "police"]),
    ]


def test_an_empty_school_is_called_for_ever_but_more_and_more_seldom() -> None:
    """A summer without a line, and a fire panel that nobody silences: thousands of events, not hundred thousands."""
    house = House(book=Book({}))
    house.saw(house.sign())
    began_ns = house.now_ns
    while house.now_ns - began_ns < 92 * 86_400 * 10**9:
        house.late()
    assert 92 * 24 <= len(house.events("told")) <= 92 * 24 + 60
    house.late()
    before_ns = house.now_ns
    house.late()
    assert house.now_ns - before_ns == 3_600 * 10**9


def test_who_has_not_answered_hears_at_once_that_it_begins_anew() -> None:
    house = House()
    house.saw(house.camera(Kind.FIGHT))
    while house.told()[-1] != ("reminder", 4, ["police"]):
        house.late()
    house.wait(5)
    count = len(house.told())
    assert house.saw(house.camera(Kind.FIGHT)).told
    house.wait(5)
    assert not house.saw(house.camera(Kind.FIGHT)).told
    assert house.told()[count:] == [("reminder", 4, ["police"])]


def test_a_repetition_because_the_agent_begins_tells_nobody() -> None:
    house = House()
    house.saw(house.sign(Kind.TAMPER, what="active"))
    house.restart(away_s=500_000)
    assert not house.saw(house.sign(Kind.TAMPER, what="active", standing=True)).told


def test_a_deadline_is_met_once_and_not_before() -> None:
    house = House()
    house.saw(house.sign(Kind.OTHER))
    house.wait(OTHER.answer_s - 1)
    assert house.deadlines() == []
    house.wait(1)
    assert len(house.deadlines()) == 1
    assert house.deadlines() == []


def test_the_roster_s_times_count() -> None:
    house = House(book=book_of(with_deadlines("other", 20, 100)))
    incident = house.opens(house.sign(Kind.OTHER))
    assert house.events("told")[0]["answer_by"] == "2026-11-23T05:00:20.000000Z"
    house.say(incident, Input.ACKNOWLEDGE)
    house.wait(100)
    assert len(house.deadlines()) == 1


def test_nobody_on_duty_the_head_and_the_city_at_once() -> None:
    house = House(now="2026-11-22 12:00")
    house.saw(house.camera(Kind.FIGHT))
    house.late()
    house.late()
    assert house.told() == [
        ("first", 0, ["head", "city"]),
        ("reminder", 0, ["head", "city"]),
        ("unanswered", 1, ["police"]),
    ]


def test_who_comes_to_duty_while_it_waits_is_told() -> None:
    house = House(now="2026-11-23 17:59")
    house.saw(house.sign(Kind.OTHER))
    house.late()
    house.late()
    assert house.told()[-1] == ("unanswered", 1, ["guard"])


# --- certainty --------------------------------------------------------------------------------------------------


def test_what_becomes_certain_is_told_again_also_after_somebody_is_on_the_way() -> None:
    house = House()
    incident = house.opens(house.camera())
    assert house.say(incident, Input.ACKNOWLEDGE) == "acknowledged"
    house.saw(house.sign())
    assert house.told()[1:] == [("certain", 0, ["main", "city", "police"])]
    assert house.one(incident).state.value == "told"
    house.saw(house.sign(source="panel/2"))
    assert len(house.told()) == 2, "it is certain already"


def test_a_second_source_corroborates_and_nobody_is_told_again() -> None:
    house = House()
    house.saw(house.camera())
    house.saw(house.sign(certain=False))
    assert [one["certainty"] for one in house.events("joined")] == ["corroborated"]
    assert len(house.told()) == 1


def test_a_person_s_confirmation_makes_it_certain_and_the_police_know() -> None:
    house = House()
    incident = house.opens(house.camera(Kind.FIGHT))
    assert house.say(incident, Input.CONFIRM) == "confirmed"
    assert house.told()[1:] == [("certain", 0, ["city", "police"])]
    assert house.one(incident).certainty.value == "certain"
    house.saw(house.camera(Kind.FIGHT, name="cam-2"))
    assert len(house.told()) == 2


def test_who_knows_of_a_fire_already_is_not_told_of_its_confirmation() -> None:
    house = House()
    house.say(house.opens(house.sign()), Input.CONFIRM)
    assert len(house.told()) == 1


# --- answers ----------------------------------------------------------------------------------------------------


def test_an_answer_says_who_as_whom_by_what_and_after_how_long() -> None:
    house = House()
    incident = house.opens(house.sign(Kind.OTHER))
    house.wait(12.5)
    house.say(incident, Input.ACKNOWLEDGE, channel="card")
    (answered,) = house.events("answered")
    assert answered == {
        "type": "answered", "incident": incident, "answer": "acknowledged", "by": MAIN, "role": "duty",
        "channel": "card", "account": "", "reason": "", "after_s": 12.5,
    }  # fmt: skip


def test_an_account_of_the_box_answers_without_a_key() -> None:
    house = House()
    incident = house.opens(house.sign(Kind.OTHER))
    by = By(channel="command", account="technician")
    steps.answer(house.transaction, house.scene, incident, Input.DISMISS, by, "false_alarm")
    (answered,) = house.events("answered")
    assert (answered["by"], answered["account"], answered["role"], answered["reason"]) == (
        "", "technician", "", "false_alarm",
    )  # fmt: skip


def test_of_two_answers_the_first_counts_and_the_other_gets_the_state() -> None:
    house = House()
    incident = house.opens(house.sign(Kind.OTHER))
    assert house.say(incident, Input.DISMISS) == "dismissed"
    assert house.say(incident, Input.CONFIRM, SPARE) == "already_dismissed"
    assert len(house.events("answered")) == 1


def test_a_second_person_on_the_way_is_noted_and_changes_nothing() -> None:
    house = House()
    incident = house.opens(house.sign(Kind.OTHER))
    house.say(incident, Input.ACKNOWLEDGE)
    due = house.one(incident).due
    house.wait(60)
    assert house.say(incident, Input.ACKNOWLEDGE, SPARE) == "acknowledged"
    assert house.say(incident, Input.ACKNOWLEDGE) == "acknowledged"
    assert [one["by"] for one in house.events("answered")] == [MAIN, SPARE]
    assert house.one(incident).due == due
    assert house.one(incident).answered_by == MAIN


def test_who_is_on_the_way_and_does_not_decide_is_gone_over() -> None:
    house = House()
    incident = house.opens(house.sign(Kind.OTHER))
    house.say(incident, Input.ACKNOWLEDGE)
    house.late()
    assert house.told()[1:] == [("undecided", 1, ["spare"])]
    assert house.one(incident).state.value == "told"
    house.wait(OTHER.answer_s)
    house.deadlines()
    assert house.told()[-1] == ("reminder", 1, ["spare"])


def test_what_is_confirmed_and_left_open_is_told_to_the_same_and_the_next() -> None:
    house = House()
    incident = house.opens(house.sign(Kind.OTHER))
    house.say(incident, Input.CONFIRM)
    house.late()
    house.late()
    assert house.told()[1:] == [("unclosed", 1, ["main", "spare"]), ("unclosed", 2, ["main", "spare", "head"])]
    assert house.one(incident).state.value == "confirmed"
    assert house.say(incident, Input.CLOSE, HEAD) == "closed"
    (closed,) = house.events("closed")
    assert (closed["outcome"], closed["by"], closed["signs"], closed["told"]) == ("confirmed", HEAD, 1, 3)


def test_what_is_dismissed_closes_by_rule() -> None:
    house = House()
    incident = house.opens(house.sign(Kind.OTHER))
    house.say(incident, Input.DISMISS, reason="play")
    house.late()
    (closed,) = house.events("closed")
    assert (closed["outcome"], closed["by"], closed["channel"]) == ("dismissed", "", "")
    assert house.live() == []
    assert house.say(incident, Input.CLOSE) == "already_closed"


@pytest.mark.parametrize("given", [Input.CLOSE])
def test_what_nobody_has_decided_cannot_be_closed(given: Input) -> None:
    house = House()
    assert house.say(house.opens(house.sign()), given) == "not_decided"


def test_an_answer_to_nothing_gets_a_word() -> None:
    assert House().say("nobody's", Input.CONFIRM) == "unknown_incident"


# --- reports, drills, evidence ------------------------------------------------------------------------------------


def test_the_same_report_again_changes_nothing() -> None:
    house = House()
    seen = house.sign(Kind.BULLYING, what="report", incident="1" * 8, report="r-1")
    house.saw(seen)
    before = house.events()
    again = house.saw(seen)
    assert again.incident is not None
    assert (again.opened, again.incident.id) == (False, "1" * 8)
    assert house.events() == before
    assert before[0]["report"] == "r-1"


def test_a_drill_runs_the_whole_chain_and_says_so() -> None:
    house = House()
    house.saw(house.sign(Kind.FIRE, what="drill", drill=True))
    house.late()
    assert house.told() == [("first", 0, ["main", "city", "police"]), ("unanswered", 1, ["spare"])]
    assert all(one["drill"] for one in house.events("told"))


def test_what_shows_it_is_told_with_its_ids() -> None:
    house = House()
    shown = Ids(snapshot="1" * 8, blurred="2" * 8)
    incident = house.opens(house.camera(Kind.FIGHT, shown=shown))
    steps.clip(house.transaction, house.scene, house.one(incident), "cam-1", "3" * 8)
    assert [(one["camera"], one["snapshot"], one["blurred"], one["clip"]) for one in house.events("evidence")] == [
        ("cam-1", "1" * 8, "2" * 8, ""),
        ("cam-1", "", "", "3" * 8),
    ]


def test_the_lamps_that_show_it_are_named() -> None:
    house = House()
    scene = steps.Scene(book=house.book, now=house.now, boot=house.boot, locally=lambda one: [f"lamp-{one.kind.value}"])
    steps.saw(house.transaction, scene, house.sign(), "1" * 8)
    assert house.events("told")[0]["locally"] == ["lamp-fire"]


# --- over a boot --------------------------------------------------------------------------------------------------


def test_a_deadline_that_passed_while_the_power_was_off_is_met_at_boot_once() -> None:
    house = House()
    house.saw(house.sign(Kind.OTHER))
    house.restart(away_s=86_400)
    assert len(house.deadlines()) == 1
    assert house.deadlines() == []
    assert house.told()[-1][0] == "reminder"


def test_a_deadline_that_has_not_passed_waits_over_the_boot() -> None:
    house = House()
    house.saw(house.sign(Kind.OTHER))
    house.restart(away_s=OTHER.answer_s - 30)
    assert house.deadlines() == []
    house.wait(30)
    assert len(house.deadlines()) == 1


def test_a_boot_without_a_clock_meets_every_deadline_at_once() -> None:
    house = House()
    house.saw(house.sign(Kind.OTHER))
    house.restart(away_s=1, synced=False)
    assert len(house.deadlines()) == 1
    house.wait(OTHER.remind_every_s - 1)
    assert house.deadlines() == []
    house.wait(1)
    assert len(house.deadlines()) == 1


def test_a_dismissal_says_why() -> None:
    house = House()
    incident = house.opens(house.sign())
    assert house.say(incident, Input.DISMISS, reason="") == "no_reason"
    assert house.events("answered") == []
    assert house.say(incident, Input.DISMISS, reason="allowed") == "dismissed"
    assert house.say(incident, Input.DISMISS, reason="") == "already_dismissed"


@pytest.mark.parametrize("given", [Input.CONFIRM, Input.DISMISS])
def test_what_a_person_decides_is_told_to_the_camera_that_saw_it(given: Input) -> None:
    house = House()
    seen, other = sighted(house, "cam-1"), sighted(house, "cam-2")
    incident = house.opens(house.camera(Kind.FIGHT))
    house.say(incident, given)
    verdicts = house.transaction.execute("select sighting_id, verdict from sighting_verdict").fetchall()
    assert verdicts == [(seen, "confirmed" if given is Input.CONFIRM else "dismissed")]
    assert other not in dict(verdicts)


def test_a_drill_teaches_the_cameras_nothing() -> None:
    house = House()
    sighted(house, "cam-1")
    house.say(house.opens(house.camera(Kind.FIGHT, drill=True)), Input.DISMISS)
    assert house.transaction.execute("select count(*) from sighting_verdict").fetchone() == (0,)


def sighted(house: House, camera: str) -> int:
    row = SightingRow(camera=camera, detector="fight", kind="fight", zone="", score=0.9, at_ns=house.now_ns)
    return add_sighting(house.transaction, row)
