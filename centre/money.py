"""What is to be paid for: each meal once, whatever box or epoch told of it, and each club visit that counts. Pure.

A meal is one (pupil, day, meal). It is not paid while its card was forgotten and nobody has said whose it was, while
its day is not known, when it was reversed or could not be counted, and when the same child had the same meal twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from centre.ledger_check import LeafSeen
from centre.ledger_entry import DATED, GRANTED, REVERSED, VISIT, Facts


class State(StrEnum):
    """Why a meal is paid, or why not."""

    PAID = "paid"
    FORGOTTEN = "forgotten"  # a forgotten card, and nobody has said whose
    UNDATED = "undated"  # given while the clock was not trusted; its day is still to come
    REVERSED = "reversed"
    NOT_COUNTED = "not_counted"  # of an untrusted clock: eaten already, or nobody can tell
    DOUBLE = "double"


class Assigned(msgspec.Struct, frozen=True):
    """Whose a meal of a forgotten card was, as somebody has found out."""

    pupil: str  # empty once the child's record is erased
    programme: str
    tenge: int


class Meal(msgspec.Struct):
    """One meal that was given."""

    leaf: str  # epoch/index
    pupil: str  # empty: a forgotten card, or erased
    day: str
    meal: str
    programme: str
    tenge: int
    is_forgotten: bool
    month: str  # in which it is paid: that of its day, else that in which it was settled
    state: State = State.PAID
    twin: str = ""  # of a double: the leaf that is paid


class Visit(msgspec.Struct, frozen=True):
    leaf: str
    club: str
    day: str
    tenge: int
    is_counted: bool


class Corrected(msgspec.Struct, frozen=True):
    """What people have added to what the boxes told."""

    assigned: Mapping[str, Assigned] = {}  # by leaf
    unpaid: frozenset[str] = frozenset()  # leaves of erased children that were not paid before


class Account(msgspec.Struct, frozen=True):
    """All meals and visits of some ledgers."""

    meals: list[Meal]
    visits: list[Visit]
    lost_reversals: list[str]  # reversals of meals that nobody holds: their leaves
    again: int  # leaves that came under a second place, and count once

    def of_month(self, month: str) -> Account:
        return Account(
            [meal for meal in self.meals if meal.month == month],
            [visit for visit in self.visits if visit.day[:7] == month],
            self.lost_reversals,
            self.again,
        )

    def paid(self) -> list[Meal]:
        return [meal for meal in self.meals if meal.state is State.PAID]

    @property
    def meals_tenge(self) -> int:
        return sum(meal.tenge for meal in self.paid())

    @property
    def visits_tenge(self) -> int:
        return sum(visit.tenge for visit in self.visits if visit.is_counted)


def settle(leaves: Iterable[LeafSeen], corrected: Corrected | None = None) -> Account:
    """The account of these leaves: those of all epochs of a school, older epochs first."""
    book = _Book(corrected or Corrected())
    for leaf in leaves:
        book.take(leaf)
    return book.close()


class _Book:
    """Everything read first, then settled: a reversal may stand in another ledger than its meal."""

    def __init__(self, corrected: Corrected) -> None:
        self._corrected = corrected
        self._meals: dict[str, Meal] = {}
        self._visits: list[Visit] = []
        self._dated: list[LeafSeen] = []
        self._reversed: list[LeafSeen] = []
        self._first: dict[bytes, str] = {}  # hash of an entry to its first place: a salt makes it unique
        self._names: dict[str, str] = {}  # a later place of the same to the first
        self._again = 0

    def take(self, leaf: LeafSeen) -> None:
        first = self._first.setdefault(leaf.hash, leaf.name)
        if first != leaf.name:
            self._names[leaf.name] = first
            self._again += 1
        elif leaf.type == GRANTED:
            self._meals[leaf.name] = _meal(leaf)
        elif leaf.type == DATED:
            self._dated.append(leaf)
        elif leaf.type == REVERSED:
            self._reversed.append(leaf)
        elif leaf.type == VISIT:
            facts = leaf.facts
            self._visits.append(Visit(leaf.name, facts.club, facts.day or leaf.time[:10], facts.tenge, facts.counted))

    def close(self) -> Account:
        for leaf in self._dated:
            self._date(leaf)
        lost = [leaf.name for leaf in self._reversed if not self._reverse(leaf)]
        for name, assigned in self._corrected.assigned.items():
            self._assign(name, assigned)
        self._find_doubles()
        return Account(list(self._meals.values()), self._visits, lost, self._again)

    def _of(self, facts: Facts) -> Meal | None:
        return self._meals.get(self._names.get(facts.of, facts.of))

    def _date(self, leaf: LeafSeen) -> None:
        meal = self._of(leaf.facts)
        if meal is None or meal.state is not State.UNDATED:
            return
        meal.day, meal.meal = leaf.facts.day, leaf.facts.meal or meal.meal
        meal.month = (leaf.facts.day or leaf.time)[:7]
        meal.state = (
            State.NOT_COUNTED if not leaf.facts.counted else State.FORGOTTEN if meal.is_forgotten else State.PAID
        )

    def _reverse(self, leaf: LeafSeen) -> bool:
        """False if nobody holds its meal. Whose box gave it does not say where: then it is found by child and day."""
        facts = leaf.facts
        meal = self._of(facts)
        if meal is None and facts.pupil:
            key = (facts.pupil, facts.day, facts.meal)
            same = [one for one in self._meals.values() if (one.pupil, one.day, one.meal) == key]
            open_ = [one for one in same if one.state in (State.PAID, State.UNDATED)]
            meal = open_[-1] if open_ else None
        if meal is None:
            return not facts.pupil  # of an erased child it cannot be found; what was unpaid is remembered
        meal.state = State.REVERSED
        return True

    def _assign(self, leaf: str, assigned: Assigned) -> None:
        meal = self._meals.get(self._names.get(leaf, leaf))
        if meal is not None and meal.state is State.FORGOTTEN:
            meal.pupil, meal.programme, meal.tenge = assigned.pupil, assigned.programme, assigned.tenge
            meal.state = State.PAID

    def _find_doubles(self) -> None:
        first: dict[tuple[str, str, str], str] = {}
        for meal in self._meals.values():
            if meal.state is not State.PAID:
                continue
            if meal.leaf in self._corrected.unpaid:
                meal.state = State.DOUBLE
            elif meal.pupil and meal.day:
                meal.twin = first.setdefault((meal.pupil, meal.day, meal.meal), meal.leaf)
                if meal.twin == meal.leaf:
                    meal.twin = ""
                else:
                    meal.state = State.DOUBLE


def _meal(leaf: LeafSeen) -> Meal:
    facts = leaf.facts
    forgotten = bool(facts.operator)
    state = State.UNDATED if not facts.day else State.FORGOTTEN if forgotten else State.PAID
    return Meal(
        leaf=leaf.name,
        pupil=facts.pupil,
        day=facts.day,
        meal=facts.meal,
        programme=facts.programme,
        tenge=facts.tenge,
        is_forgotten=forgotten,
        month=(facts.day or leaf.time)[:7],
        state=state,
    )
