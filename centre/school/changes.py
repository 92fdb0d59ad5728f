"""What one state of a school's datasets changes in another: counts for a person to look at before publishing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from centre.school import datasets as shapes

Rows = Mapping[Any, Any]  # what tells one from another -> all that may change of it
S = TypeVar("S", bound=msgspec.Struct)

ALARMING_SHARE = 0.25  # of what was there: then somebody should look whether the file is whole
ALARMING_LEAST = 10


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Of one kind of thing."""

    what: str
    before: int
    after: int
    added: int
    removed: int
    changed: int

    @property
    def alarming(self) -> bool:
        """Whether so much goes that the file may have been cut."""
        return self.removed >= max(ALARMING_LEAST, ALARMING_SHARE * self.before)


def compare(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[Change]:
    """Plain contents by dataset; one that is missing after stays as it was."""
    return [
        _change(what, *(_rows(side, dataset, rows) for side in (before, {**before, **after})))
        for what, dataset, rows in KINDS
        if dataset in after or dataset in before
    ]


def counts(contents: Mapping[str, bytes]) -> dict[str, int]:
    """How many of each kind there are."""
    return {what: len(_rows(contents, dataset, rows)) for what, dataset, rows in KINDS if dataset in contents}


def _rows(side: Mapping[str, bytes], dataset: str, rows: Callable[[msgspec.Struct], Rows]) -> Rows:
    content = side.get(dataset)
    return rows(msgspec.json.decode(content, type=shapes.SHAPES[dataset])) if content else {}


def _change(what: str, before: Rows, after: Rows) -> Change:
    return Change(
        what=what,
        before=len(before),
        after=len(after),
        added=len(after.keys() - before.keys()),
        removed=len(before.keys() - after.keys()),
        changed=sum(before[key] != after[key] for key in before.keys() & after.keys()),
    )


def _of(type_: type[S], rows: Callable[[S], Rows]) -> Callable[[msgspec.Struct], Rows]:
    """A kind's rows, where the dataset is the one it is of."""

    def checked(found: msgspec.Struct) -> Rows:
        assert isinstance(found, type_)  # noqa: S101 - by SHAPES
        return rows(found)

    return checked


def _valid(found: shapes.Cards) -> Rows:
    pupils = {number: one.pupil for one in found.pupils for number in one.cards}
    return pupils | {number: one.staff for one in found.staff for number in one.cards}


def _blocked(found: shapes.Cards) -> Rows:
    return {number: one.pupil for one in found.pupils for number in one.blocked}


def _bells(found: shapes.Calendar) -> Rows:
    return {(shift.shift, bell.lesson): bell for shift in found.shifts for bell in shift.bells}


def _days_off(found: shapes.Calendar) -> Rows:
    return {span.first: span.last for span in found.holidays} | {day: day for day in found.workdays}


def _tariffs(found: shapes.Meals) -> Rows:
    return {(one.programme, tariff.first): tariff.tenge for one in found.programmes for tariff in one.tariffs}


def _entitlements(found: shapes.Meals) -> Rows:
    return {(one.pupil, one.first, *one.meals): (one.programme, one.last) for one in found.entitlements}


def _duties(found: shapes.DutyRoster) -> Rows:
    return {(one.staff, one.rank, one.starts): one for one in found.duties}


def _servers(found: shapes.Live) -> Rows:
    return {(one.host, one.port): one.ca for one in found.servers}


KINDS: tuple[tuple[str, str, Callable[[msgspec.Struct], Rows]], ...] = (
    ("classes", "cards", _of(shapes.Cards, lambda found: {one.name: one.shift for one in found.classes})),
    ("pupils", "cards", _of(shapes.Cards, lambda found: {one.pupil: one.class_ for one in found.pupils})),
    ("staff", "cards", _of(shapes.Cards, lambda found: {one.staff: one.may for one in found.staff})),
    ("card numbers", "cards", _of(shapes.Cards, _valid)),
    ("blocked numbers", "cards", _of(shapes.Cards, _blocked)),
    ("bells", "calendar", _of(shapes.Calendar, _bells)),
    ("holidays, workdays", "calendar", _of(shapes.Calendar, _days_off)),
    ("meals", "meals", _of(shapes.Meals, lambda found: {one.meal: one for one in found.meals})),
    ("tariffs", "meals", _of(shapes.Meals, _tariffs)),
    ("entitlements", "meals", _of(shapes.Meals, _entitlements)),
    ("clubs", "clubs", _of(shapes.Clubs, lambda found: {one.club: one for one in found.clubs})),
    ("vouchers", "clubs", _of(shapes.Clubs, lambda found: {one.voucher: one for one in found.vouchers})),
    ("duties", "duty", _of(shapes.DutyRoster, _duties)),
    ("media servers", "live", _of(shapes.Live, _servers)),
)
