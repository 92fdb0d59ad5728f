"""Looking up in the reference data: whose card, whose entitlement, how old."""

from __future__ import annotations

import base64

from agent.book import EMPTY, STALE_NS, Book, Holder, HolderKind
from agent.datasets import (  # fmt: skip
    Cards,
    Club,
    Clubs,
    ClubTime,
    Entitlement,
    Meal,
    Meals,
    Programme,
    Pupil,
    SchoolClass,
    Staff,
    Tariff,
    Voucher,
)

ASEL, DANA, COOK = "0a" * 8, "0b" * 8, "0c" * 8
CARD = {name: name * 16 for name in ("a1", "a2", "d1", "d0", "c1")}
CARDS = Cards(
    card_key=base64.b64encode(b"k" * 32).decode(),
    classes=[SchoolClass(name="5А", shift=2)],
    pupils=[
        Pupil(pupil=ASEL, class_="5А", cards=[CARD["a1"], CARD["a2"]]),
        Pupil(pupil=DANA, class_="1Б", cards=[CARD["d1"]], blocked=[CARD["d0"]]),
    ],
    staff=[Staff(staff=COOK, cards=[CARD["c1"]], may=["meals"])],
)
LUNCH = Entitlement(pupil=ASEL, programme="free", meals=["lunch"], first="2026-09-01", last="2026-12-31")
MEALS = Meals(
    meals=[Meal(meal="lunch", starts="11:00", ends="13:00")],
    programmes=[Programme(programme="free", tariffs=[Tariff(first="2026-09-01", tenge=450)])],
    entitlements=[LUNCH],
)
PLACE = Voucher(voucher="v-1", pupil=DANA, club="chess", first="2026-09-01", last="2026-12-31")
CHESS = Club(club="chess", places=12, times=[ClubTime(weekday=1, starts="15:00", ends="16:00")])


def test_the_holder_of_each_card() -> None:
    book = Book({"cards": CARDS})
    asel = Holder(kind=HolderKind.PUPIL, key=ASEL, class_="5А", shift=2)
    assert book.who(CARD["a1"]) == book.who(CARD["a2"]) == asel
    assert book.who(CARD["d1"]) == Holder(kind=HolderKind.PUPIL, key=DANA, class_="1Б", shift=1)
    assert book.who(CARD["c1"]) == Holder(kind=HolderKind.STAFF, key=COOK, may=frozenset({"meals"}))
    assert book.card_key == b"k" * 32


def test_a_blocked_card_still_tells_whose_it_was() -> None:
    holder = Book({"cards": CARDS}).who(CARD["d0"])
    assert holder
    assert (holder.key, holder.blocked) == (DANA, True)


def test_how_many_are_in_each_class_by_shift() -> None:
    assert {shift: dict(classes) for shift, classes in Book({"cards": CARDS}).enrolled.items()} == {
        2: {"5А": 1},
        1: {"1Б": 1},  # a class that is not listed
    }


def test_entitlements_and_vouchers_by_pupil() -> None:
    book = Book({"cards": CARDS, "meals": MEALS, "clubs": Clubs(clubs=[CHESS], vouchers=[PLACE])})
    assert dict(book.entitlements) == {ASEL: [LUNCH]}
    assert dict(book.vouchers) == {DANA: [PLACE]}
    assert dict(book.club) == {"chess": CHESS}


def test_a_box_that_knows_nothing_knows_nobody() -> None:
    assert (EMPTY.who(CARD["a1"]), EMPTY.card_key, EMPTY.calendar, EMPTY.meals) == (None, None, None, None)


def test_old_data_are_stale_and_what_was_never_issued_is_not() -> None:
    book = Book({"cards": CARDS}, {"cards": 1_000})
    assert not book.stale("cards", 1_000 + STALE_NS)
    assert book.stale("cards", 1_001 + STALE_NS)
    assert not book.stale("meals", 1_001 + STALE_NS)
