"""A school as its files say: all rows, and the ways in which checks go over them. None is a file that is not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import pairwise
from typing import TypeVar

import msgspec

from centre.school.faults import Findings
from centre.school.lines import (
    BellLine,
    CardLine,
    ClassLine,
    ClubLine,
    ClubTimeLine,
    DutyLine,
    EntitlementLine,
    HolidayLine,
    Line,
    MealLine,
    PupilLine,
    StaffLine,
    TariffLine,
    VoucherLine,
    WorkdayLine,
)
from centre.school.year import Year

R = TypeVar("R", bound=Line)
K = TypeVar("K", bound=Hashable)


class School(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder holds."""

    year: Year
    classes: list[ClassLine] = []
    pupils: list[PupilLine] = []
    cards: list[CardLine] = []
    bells: list[BellLine] = []
    staff: list[StaffLine] = []
    holidays: list[HolidayLine] = []
    workdays: list[WorkdayLine] = []
    meals: list[MealLine] | None = None
    tariffs: list[TariffLine] = []
    entitlements: list[EntitlementLine] = []
    clubs: list[ClubLine] | None = None
    club_times: list[ClubTimeLine] = []
    vouchers: list[VoucherLine] = []
    duty: list[DutyLine] | None = None
    spoilt: frozenset[str] = frozenset()  # files of which rows are missing here, because they cannot be read

    def whole(self, file: str) -> bool:
        """Whether what is not among this file's rows is really not there."""
        return file not in self.spoilt


def once(file: str, column: str, rows: Iterable[R], key: Callable[[R], K], findings: Findings) -> dict[K, R]:
    """Rows by a key that may stand once; of two the first."""
    found: dict[K, R] = {}
    for row in rows:
        first = found.setdefault(key(row), row)
        if first is not row:
            what = f"stands in line {first.line} already"
            value = key(row)
            text = " ".join(str(part) for part in value) if isinstance(value, tuple) else value
            findings.fault(file, row.line, column, text, what, "Take one of the two lines away.")
    return found


def grouped(rows: Iterable[R], key: Callable[[R], K]) -> dict[K, list[R]]:
    found: defaultdict[K, list[R]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def overlapping(rows: Iterable[R], first: Callable[[R], str], last: Callable[[R], str]) -> Iterator[tuple[R, R]]:
    """Neighbours in time that share a moment: enough to say that a list of spans is not apart."""
    ordered = sorted(rows, key=lambda row: (first(row), row.line))
    for one, other in pairwise(ordered):
        if first(other) <= last(one):
            yield one, other


def turned(file: str, rows: Iterable[R], ends: tuple[str, str], findings: Findings) -> list[R]:
    """The rows whose end is not before their beginning; the others are faults."""
    sound = []
    for row in rows:
        begin, end = getattr(row, ends[0]), getattr(row, ends[1])
        if begin < end or (begin == end and ends == ("first", "last")):
            sound.append(row)
        else:
            findings.fault(
                file, row.line, ends[1], end, f"is not after {begin}", f"Look at `{ends[0]}` and `{ends[1]}`."
            )
    return sound
