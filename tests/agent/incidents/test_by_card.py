"""A staff card answers what waits; otherwise the tap is what it always was."""

from __future__ import annotations

import base64

import msgspec

from agent.book import Book
from agent.datasets import Cards, Duty, DutyRoster, Pupil, SchoolClass, Staff
from agent.incidents import by_card
from agent.incidents.kinds import Kind
from agent.incidents.life import Input
from agent.incidents.signs import Family
from agent.school.purpose import Purpose
from agent.school.tapped import Tapped
from drivers.readings import Light
from tests.agent.incidents.house import GUARD, MAIN, ROSTER, SPARE, House

CARD, COOK, CHILD = "1" * 32, "2" * 32, "3" * 32
CARDS = Cards(
    card_key=base64.b64encode(b"k" * 32).decode(),
    classes=[SchoolClass(name="5А")],
    pupils=[Pupil(pupil="ee" * 8, class_="5А", cards=[CHILD])],
    staff=[
        Staff(staff=MAIN, cards=[CARD], may=["meals", "incidents"]),
        Staff(staff=SPARE, cards=[COOK], may=["meals"]),
    ],
)


def house_with_cards() -> House:
    return House(book=Book({"cards": CARDS, "duty": ROSTER}))


def shown(house: House, card: str = CARD, *, place: str = "canteen", reader: str = "canteen-1") -> str:
    """The incident that the card answered; the light if it answered none anew; empty: no answer at all."""
    tap = Tapped(reader=reader, purpose=Purpose.MEALS, form="em4100", card=card, at=house.now, boot=house.boot)
    found = by_card.answer_by_card(house.transaction, house.scene, tap, place)
    if found is None:
        return ""
    light, effects = found
    assert light is Light.ACCEPTED
    return effects.incident.id if effects.incident else "held"


def test_the_card_of_who_may_answers_and_the_event_says_so() -> None:
    house = house_with_cards()
    incident = house.opens(house.sign(Kind.OTHER))
    assert shown(house) == incident
    (answered,) = house.events("answered")
    assert (answered["by"], answered["role"], answered["channel"]) == (MAIN, "duty", "card")


def test_while_nothing_waits_the_card_is_what_it_always_was() -> None:
    house = house_with_cards()
    assert shown(house) == ""
    house.say(house.opens(house.sign(Kind.OTHER)), Input.ACKNOWLEDGE)
    assert shown(house) == ""


def test_other_cards_answer_nothing() -> None:
    house = house_with_cards()
    house.opens(house.sign(Kind.OTHER))
    assert [shown(house, card) for card in (COOK, CHILD, "4" * 32)] == ["", "", ""]


def test_what_no_lamp_shows_is_answered_only_by_who_was_told() -> None:
    """A child's report of bullying is not taken from the psychologist by whoever taps at the door in the morning."""
    house = house_with_cards()
    house.book = Book({"cards": CARDS, "duty": DutyRoster(duties=[Duty(staff=GUARD)])})
    report = house.opens(house.sign(Kind.BULLYING, family=Family.PERSON, what="report"))
    assert shown(house) == ""
    house.book = Book({"cards": CARDS, "duty": DutyRoster(duties=[Duty(staff=GUARD), Duty(staff=MAIN, rank=2)])})
    house.late()
    house.late()
    assert house.told()[-1] == ("unanswered", 1, ["main"])
    assert shown(house) == report


def test_a_card_that_lies_on_the_reader_is_one_answer_and_no_gesture() -> None:
    house = house_with_cards()
    incident = house.opens(house.sign(Kind.OTHER))
    assert shown(house) == incident
    for _ in range(3):
        house.wait(1)
        assert shown(house) == "held"
    assert shown(house, reader="gate") == ""
    house.wait(1.5)
    assert shown(house) == ""
    assert len(house.events("answered")) == 1


def test_the_reader_s_place_comes_first_then_what_is_urgent_and_drills_last() -> None:
    house = house_with_cards()
    drill = house.opens(house.sign(Kind.FIRE, place="roof", drill=True))
    hall = house.opens(house.sign(Kind.TAMPER, place="hall"))
    yard = house.opens(house.sign(Kind.FIRE, place="yard"))
    gym = house.opens(house.sign(Kind.OTHER, place="gym"))
    answered = []
    for _ in range(4):
        house.wait(10)
        answered.append(shown(house, place="hall"))
    assert answered == [hall, yard, gym, drill]


def test_a_reader_without_a_place_answers_the_most_urgent() -> None:
    house = house_with_cards()
    house.opens(house.sign(Kind.TAMPER, place=""))
    fire = house.opens(house.sign(Kind.FIRE, place="yard"))
    assert shown(house, place="") == fire


def test_a_button_answers_without_a_name() -> None:
    house = house_with_cards()
    assert by_card.answer_by_button(house.transaction, house.scene, "hall") is None
    house.opens(house.sign(Kind.OTHER))
    by_card.answer_by_button(house.transaction, house.scene, "hall")
    (answered,) = house.events("answered")
    assert (answered["by"], answered["channel"]) == ("", "button")
    assert msgspec.json.encode(answered)
