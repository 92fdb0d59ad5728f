"""What the school's reference data say, for looking up at a tap: who holds a card, who may eat, who has which place.

Built once from whole datasets, never changed; a newer dataset makes a new book.
"""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import msgspec

from agent.datasets import Calendar, Cards, Club, Clubs, DutyRoster, Entitlement, Meals, Voucher

T = TypeVar("T", bound=msgspec.Struct)
P = TypeVar("P", Entitlement, Voucher)

STALE_NS = 14 * 86_400 * 1_000_000_000  # since the centre issued them


class HolderKind(StrEnum):
    PUPIL = "pupil"
    STAFF = "staff"


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Whose card it is."""

    kind: HolderKind
    key: str
    class_: str = ""  # of a pupil
    shift: int = 1  # of a pupil's class
    blocked: bool = False  # this card of theirs
    may: frozenset[str] = frozenset()  # of staff


class Book:
    """All datasets of one moment; each may be missing."""

    def __init__(self, datasets: Mapping[str, msgspec.Struct], issued_ns: Mapping[str, int] | None = None) -> None:
        self.cards = cards = _of(datasets, "cards", Cards)
        self.calendar = _of(datasets, "calendar", Calendar)
        self.meals = meals = _of(datasets, "meals", Meals)
        self.clubs = clubs = _of(datasets, "clubs", Clubs)
        self.duty = _of(datasets, "duty", DutyRoster)
        self.card_key = base64.b64decode(cards.card_key) if cards else None
        self._issued_ns = dict(issued_ns or {})
        self.pupil: Mapping[str, Holder] = MappingProxyType(_pupils(cards) if cards else {})  # by key
        self.enrolled: Mapping[int, Mapping[str, int]] = _enrolled(self.pupil.values())  # by shift and class
        self._holders = _holders(cards, self.pupil) if cards else {}
        self.programme_ends: Mapping[str, str] = _ends(meals.entitlements if meals else [])  # the last day of any
        self.entitlements: Mapping[str, list[Entitlement]] = _by_pupil(meals.entitlements if meals else [])
        self.vouchers: Mapping[str, list[Voucher]] = _by_pupil(clubs.vouchers if clubs else [])
        self.club: Mapping[str, Club] = MappingProxyType({one.club: one for one in clubs.clubs} if clubs else {})

    def who(self, card: str) -> Holder | None:
        """The holder of a card, by its keyed hash; None for a card that nobody has."""
        return self._holders.get(card)

    def stale(self, dataset: str, utc_ns: int) -> bool:
        """Whether the centre issued it more than two weeks ago."""
        issued_ns = self._issued_ns.get(dataset)
        return issued_ns is not None and utc_ns - issued_ns > STALE_NS


def _of(datasets: Mapping[str, msgspec.Struct], name: str, type_: type[T]) -> T | None:
    found = datasets.get(name)
    return found if isinstance(found, type_) else None


def _pupils(cards: Cards) -> dict[str, Holder]:
    shifts = {one.name: one.shift for one in cards.classes}
    return {
        one.pupil: Holder(kind=HolderKind.PUPIL, key=one.pupil, class_=one.class_, shift=shifts.get(one.class_, 1))
        for one in cards.pupils
    }


def _enrolled(pupils: Iterable[Holder]) -> Mapping[int, Mapping[str, int]]:
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for one in pupils:
        found[one.shift][one.class_] += 1
    return MappingProxyType({shift: MappingProxyType(dict(sorted(count.items()))) for shift, count in found.items()})


def _ends(entitlements: list[Entitlement]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for one in entitlements:
        found[one.programme] = max(found.get(one.programme, ""), one.last)
    return MappingProxyType(found)


def _holders(cards: Cards, pupils: Mapping[str, Holder]) -> dict[str, Holder]:
    found: dict[str, Holder] = {}
    for one in cards.staff:
        holder = Holder(kind=HolderKind.STAFF, key=one.staff, may=frozenset(one.may))
        found |= dict.fromkeys(one.cards, holder)
    for pupil in cards.pupils:
        holder = pupils[pupil.pupil]
        found |= dict.fromkeys(pupil.cards, holder)
        found |= dict.fromkeys(pupil.blocked, msgspec.structs.replace(holder, blocked=True))
    return found


def _by_pupil(rows: list[P]) -> Mapping[str, list[P]]:
    found: defaultdict[str, list[P]] = defaultdict(list)
    for row in rows:
        found[row.pupil].append(row)
    return MappingProxyType(dict(found))


EMPTY = Book({})  # a box that has never heard from the centre
