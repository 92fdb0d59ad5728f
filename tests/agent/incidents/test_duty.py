"""Who is told: shifts, nights, holidays, deputies, no clock, nobody; every example of docs/incidents.md."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.book import Book
from agent.datasets import Duty, DutyRoster
from agent.incident_events import Addressee
from agent.incidents import duty
from agent.incidents.kinds import MANNERS, Kind, Role
from agent.model import Moment
from tests.agent.incidents.house import GUARD, HEAD, MAIN, ROSTER, SPARE, book_of, with_deadlines
from tests.agent.school.doorway import utc_ns

NAMES = {MAIN: "main", SPARE: "spare", GUARD: "guard", HEAD: "head"}


def at(text: str, *, synced: bool = True) -> Moment:
    return Moment(utc_ns(text), 0, synced)


def words(groups: tuple[duty.Group, ...]) -> str:
    return " > ".join("+".join(NAMES.get(one.staff, one.role) for one in group) for group in groups)


CASES = [
    ("in lessons", "2026-11-23 10:00", "main > spare > head > city"),
    ("the first minute", "2026-11-23 08:00", "main > spare > head > city"),
    ("the last minute", "2026-11-23 17:59", "main > spare > head > city"),
    ("the evening", "2026-11-23 18:00", "guard > head > city"),
    ("after midnight it is still the night's", "2026-11-24 07:59", "guard > head > city"),
    ("a Sunday at noon: nobody", "2026-11-22 12:00", "head > city"),
    ("a Sunday night", "2026-11-22 23:00", "guard > head > city"),
    ("a holiday on a Wednesday", "2026-12-16 10:00", "head > city"),
]


@pytest.mark.parametrize(("what", "when", "chain"), CASES, ids=[what for what, _, _ in CASES])
def test_the_chain_by_the_hour(what: str, when: str, chain: str) -> None:
    assert words(duty.chain(Kind.OTHER, "hall", book_of(), at(when))) == chain
    assert words(duty.chain(Kind.FIRE, "hall", book_of(), at(when))) == f"{chain} > police"


def test_without_a_clock_everybody_is_on_duty_whatever_the_hour() -> None:
    chain = duty.chain(Kind.OTHER, "hall", book_of(), at("2020-01-05 03:00", synced=False))
    assert words(chain) == "main > spare > guard > head > city"


@pytest.mark.parametrize("book", [Book({}), book_of(DutyRoster(duties=[]))], ids=["no roster", "an empty one"])
def test_without_anybody_the_city_is_told(book: Book) -> None:
    chain = duty.chain(Kind.MEDICAL, "", book, at("2026-11-23 10:00"))
    assert words(chain) == "city"
    assert duty.first(chain, ()) == (Addressee(role=Role.CITY),)


def test_a_night_of_one_weekday_belongs_to_the_day_on_which_it_began() -> None:
    friday = book_of(DutyRoster(duties=[Duty(staff=GUARD, weekdays=[5], starts="20:00", ends="06:00")]))
    assert words(duty.chain(Kind.OTHER, "", friday, at("2026-11-27 20:00"))) == "guard > city"
    assert words(duty.chain(Kind.OTHER, "", friday, at("2026-11-28 06:00"))) == "guard > city"
    assert words(duty.chain(Kind.OTHER, "", friday, at("2026-11-28 20:00"))) == "city"
    assert words(duty.chain(Kind.OTHER, "", friday, at("2026-11-27 05:00"))) == "city"


def test_a_duty_may_be_of_kinds_and_of_zones() -> None:
    book = book_of(
        DutyRoster(
            duties=[
                Duty(staff=MAIN, kinds=["fight", "bullying"]),
                Duty(staff=SPARE, zones=["sports-hall"]),
                Duty(staff=GUARD, rank=2),
            ]
        )
    )
    now = at("2026-11-23 10:00")
    assert words(duty.chain(Kind.FIGHT, "sports hall", book, now)) == "main+spare > guard > city > police"
    assert words(duty.chain(Kind.OTHER, "sports hall", book, now)) == "spare > guard > city"
    assert words(duty.chain(Kind.OTHER, "yard", book, now)) == "guard > city"
    assert words(duty.chain(Kind.OTHER, "", book, now)) == "spare > guard > city", "unknown: it may be there"


def test_the_first_telling_goes_to_those_on_duty_and_whom_the_kind_says() -> None:
    chain = duty.chain(Kind.FIRE, "hall", book_of(), at("2026-11-23 10:00"))
    assert [one.role for one in duty.first(chain, MANNERS[Kind.FIRE].at_once)] == ["duty", "city", "police"]
    assert [one.role for one in duty.first(chain, ())] == ["duty"]


def test_where_nobody_is_on_duty_the_head_and_the_city_know_at_once() -> None:
    chain = duty.chain(Kind.OTHER, "hall", book_of(), at("2026-11-22 12:00"))
    assert [one.role for one in duty.first(chain, ())] == ["head", "city"]


def test_who_comes_to_duty_meanwhile_is_next_and_nobody_is_told_twice() -> None:
    evening = duty.chain(Kind.OTHER, "", book_of(), at("2026-11-23 18:01"))
    told = (Addressee(role=Role.DUTY, staff=MAIN), Addressee(role=Role.CITY))
    assert [one.staff for one in duty.following(evening, told)] == [GUARD]
    assert [one.staff for one in duty.following(evening, (*told, *evening[0]))] == [HEAD]
    assert duty.following(evening, (*told, *evening[0], *evening[1])) == ()


def test_the_head_is_not_told_twice_for_a_duty() -> None:
    roster = msgspec.structs.replace(ROSTER, head=MAIN)
    assert words(duty.chain(Kind.OTHER, "", book_of(roster), at("2026-11-23 10:00"))) == "main > spare > city"


def test_a_roster_may_give_other_times() -> None:
    book = book_of(with_deadlines("fire", 20, 100))
    assert duty.manner_of(Kind.FIRE, book).answer_s == 20
    assert duty.manner_of(Kind.FIRE, book).decide_s == 100
    assert duty.manner_of(Kind.OTHER, book) == MANNERS[Kind.OTHER]


def test_a_telling_has_a_limit_and_the_city_is_never_cut_off() -> None:
    many = DutyRoster(duties=[Duty(staff=f"{number:016x}") for number in range(200)])
    chain = duty.chain(Kind.FIRE, "", book_of(many), at("2026-11-23 10:00"))
    first = duty.first(chain, MANNERS[Kind.FIRE].at_once)
    assert len(first) == duty.TELL_MAX
    assert [one.role for one in first[-2:]] == ["city", "police"]
    assert len(duty.following(chain, first)) == duty.TELL_MAX


DUTIES = st.builds(
    Duty,
    staff=st.sampled_from([MAIN, SPARE, GUARD, HEAD]),
    rank=st.integers(1, 9),
    kinds=st.lists(st.sampled_from([kind.value for kind in Kind]), max_size=2),
    zones=st.lists(st.sampled_from(["hall", "yard"]), max_size=2),
    weekdays=st.lists(st.integers(1, 7), max_size=3),
    starts=st.sampled_from(["00:00", "08:00", "22:00"]),
    ends=st.sampled_from(["05:59", "17:59", "23:59"]),
    free_days=st.booleans(),
)


@given(
    st.lists(DUTIES, max_size=8), st.sampled_from(Kind), st.sampled_from(["", "hall", "attic"]),
    st.integers(0, 14 * 1_440), st.booleans(),
)  # fmt: skip
def test_whatever_the_roster_says_the_chain_ends_outside_and_names_each_once(
    duties: list[Duty], kind: Kind, place: str, minute: int, synced: bool
) -> None:
    now = Moment(utc_ns("2026-11-23 00:00") + minute * 60 * 10**9, 0, synced)
    book = book_of(DutyRoster(duties=duties, head=HEAD))
    chain = duty.chain(kind, place, book, now)
    everybody = [duty.key(one) for group in chain for one in group]
    assert len(everybody) == len(set(everybody))
    assert everybody[-1] == MANNERS[kind].last.value
    assert all(chain)
    told: tuple[Addressee, ...] = ()
    while fresh := duty.following(chain, told):
        told = (*told, *fresh)
    assert [duty.key(one) for one in told] == everybody
