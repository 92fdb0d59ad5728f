"""Which signs are of one incident: place, kind and moment; what all signs of one make of it."""

from __future__ import annotations

import pytest

from agent.incidents import joining
from agent.incidents.kinds import MANNERS, Certainty, Kind
from agent.incidents.life import Input
from agent.incidents.rows import SignRow
from agent.incidents.signs import Family, forged
from tests.agent.incidents.house import House
from tests.agent.school.doorway import stamp

JOIN_S = MANNERS[Kind.FIRE].join_s


def test_panel_and_camera_of_one_place_are_one_fire() -> None:
    house = House()
    camera = house.opens(house.camera())
    house.wait(20)
    panel = house.saw(house.sign())
    assert panel.incident is not None
    assert (panel.opened, panel.incident.id) == (False, camera)
    assert panel.incident.certainty is Certainty.CERTAIN
    assert panel.incident.cameras == ("cam-1",)
    assert [(one["type"], one.get("why")) for one in house.events()] == [
        ("opened", None),
        ("told", "first"),
        ("joined", None),
        ("told", "certain"),
    ]


def test_two_places_are_two_fires_and_two_kinds_two_incidents() -> None:
    house = House()
    assert (
        len({house.opens(house.sign()), house.opens(house.sign(place="attic")), house.opens(house.camera(Kind.FIGHT))})
        == 3
    )


def test_a_drill_is_never_mixed_with_what_is_real() -> None:
    house = House()
    drill = house.opens(house.sign(drill=True))
    assert house.opens(house.sign()) != drill


@pytest.mark.parametrize(("later_s", "opened"), [(JOIN_S - 1, False), (JOIN_S, True)])
def test_a_sign_joins_within_the_time_of_its_kind_since_the_last_one(later_s: float, opened: bool) -> None:
    house = House()
    house.say(house.opens(house.sign()), Input.ACKNOWLEDGE)
    house.wait(JOIN_S - 1)
    house.saw(house.sign())
    house.wait(later_s)
    assert house.saw(house.sign()).opened is opened


def test_where_nobody_knows_how_long_ago_it_was_it_is_another() -> None:
    house = House()
    house.say(house.opens(house.sign()), Input.ACKNOWLEDGE)
    house.restart(away_s=10, synced=False)
    assert house.saw(house.sign()).opened


@pytest.mark.parametrize("kind", [Kind.FIGHT, Kind.BULLYING])
def test_a_source_that_repeats_itself_while_nobody_answers_opens_nothing_more(kind: Kind) -> None:
    """A camera that errs all weekend, a child at the button: one call, not hundreds."""
    house = House()
    house.opens(house.camera(kind))
    for _ in range(200):
        house.wait(MANNERS[kind].join_s + 1)
        house.saw(house.camera(kind))
    assert len(house.live()) == 1
    house.restart(away_s=100, synced=False)
    assert not house.saw(house.camera(kind)).opened


def test_what_only_repeats_after_a_start_is_of_its_old_incident() -> None:
    house = House()
    tamper = house.opens(house.sign(Kind.TAMPER, what="active"))
    house.restart(away_s=500_000, synced=False)
    again = house.saw(house.sign(Kind.TAMPER, what="active", standing=True))
    assert again.incident is not None
    assert (again.opened, again.incident.id) == (False, tamper)
    assert house.saw(house.sign(Kind.TAMPER, what="cut", standing=True)).opened


def test_a_zone_in_fire_at_the_start_never_vanishes_in_what_was_dismissed_before() -> None:
    """The power was gone, the panel was reset, and it burns: nobody looked. Better one alarm too many."""
    house = House()
    fire = house.opens(house.sign())
    house.wait(30)
    assert house.say(fire, Input.DISMISS) == "dismissed"
    house.restart(away_s=120)
    again = house.saw(house.sign(standing=True))
    assert again.incident is not None
    assert (again.opened, again.told, again.incident.id != fire) == (True, True, True)


def test_a_suspicion_that_stands_since_before_its_dismissal_is_none_anew() -> None:
    house = House()
    tamper = house.opens(house.camera(Kind.TAMPER))
    house.wait(30)
    assert house.say(tamper, Input.DISMISS) == "dismissed"
    house.restart(away_s=120)
    assert not house.saw(house.camera(Kind.TAMPER, standing=True)).opened


def test_signs_without_a_place_are_one_only_of_one_source() -> None:
    house = House()
    house.saw(house.camera(place=""))
    assert house.saw(house.camera(place="", name="cam-2")).opened
    assert not house.saw(house.camera(place="")).opened


def test_after_a_dismissal_a_suspicion_is_counted_for_a_while() -> None:
    house = House()
    fight = house.opens(house.camera(Kind.FIGHT))
    house.wait(30)
    assert house.say(fight, Input.DISMISS) == "dismissed"
    join_s = MANNERS[Kind.FIGHT].join_s
    house.wait(join_s - 1)
    assert not house.saw(house.camera(Kind.FIGHT)).opened
    house.wait(1)
    assert house.saw(house.camera(Kind.FIGHT)).opened


def test_a_certain_sign_does_not_vanish_in_what_was_dismissed() -> None:
    house = House()
    fire = house.opens(house.camera())
    house.say(fire, Input.DISMISS)
    assert house.opens(house.sign()) != fire


def test_a_report_is_one_of_its_own_and_others_join_it() -> None:
    house = House()
    first = house.opens(house.sign(Kind.FIGHT, family=Family.PERSON, what="report", incident="1" * 8))
    assert first == "1" * 8
    second = house.opens(house.sign(Kind.FIGHT, family=Family.PERSON, what="report", incident="2" * 8))
    assert second == "2" * 8
    seen = house.saw(house.camera(Kind.FIGHT))
    assert seen.incident is not None
    assert seen.incident.id == second


def test_one_forged_order_is_enough_while_it_is_open() -> None:
    house = House()
    house.saw(forged("bad_signature", house.now))
    house.wait(500_000)
    assert not house.saw(forged("unknown_key", house.now)).opened
    assert house.saw(house.sign(Kind.TAMPER, place="")).opened, "a cut wire is something else"


def sign(family: Family, *, certain: bool = False) -> SignRow:
    return SignRow(source="s", what="w", family=family.value, certain=certain, first=stamp("2026-11-23 10:00"))


@pytest.mark.parametrize(
    ("signs", "certainty"),
    [
        ([sign(Family.CAMERA)], Certainty.SUSPECTED),
        ([sign(Family.CAMERA), sign(Family.CAMERA)], Certainty.SUSPECTED),
        ([sign(Family.CAMERA), sign(Family.SENSOR)], Certainty.CORROBORATED),
        ([sign(Family.CAMERA), sign(Family.PERSON)], Certainty.CORROBORATED),
        ([sign(Family.CAMERA), sign(Family.SENSOR, certain=True)], Certainty.CERTAIN),
    ],
)
def test_what_all_signs_make_of_it(signs: list[SignRow], certainty: Certainty) -> None:
    assert joining.certainty(signs) is certainty
