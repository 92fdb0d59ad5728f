"""What must hold of cards: each has one holder, is read by some reader, and is no other's in any form. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from centre.school.cells import Wrong
from centre.school.faults import Findings, shown
from centre.school.lines import CardLine
from centre.school.numbers import FORMS, Reported, reported
from centre.school.rows import School

FILE = "cards.csv"
NUMBERS_MAX = 32  # of one person, in all forms
BLOCKED_MAX = 64
SHORT = frozenset({"10d", "8d", "3d5d", "wiegand34", "wiegand26"})
WHOLE = {"em4100": "em4100 or 13d", "uid4": "uid4", "uid7": "uid7"}


def check(school: School, findings: Findings) -> None:
    told = {row.line: _told(row, school, findings) for row in school.cards}
    sound = [row for row in school.cards if told[row.line]]
    _holders(school, findings)
    _twins(sound, told, findings)
    _too_many(sound, told, findings)
    _short(sound, school, findings)
    _without(school, findings)


def numbers_of(row: CardLine, forms: tuple[str, ...]) -> list[Reported]:
    """What the school's readers may report of a card. Raises Wrong."""
    return [one for one in reported(row.form, row.number) if one.form in forms]


def holder_of(row: CardLine) -> str:
    return f"pupil {row.pupil}" if row.pupil else f"staff {row.staff}"


def _told(row: CardLine, school: School, findings: Findings) -> list[Reported]:
    """Empty if it cannot be used."""
    try:
        found = numbers_of(row, school.year.reader_forms)
    except Wrong as wrong:
        findings.fault(FILE, row.line, "number", row.number, wrong.what, wrong.do)
        return []
    if not found:
        what = f"as {row.form} is reported by no reader of this school"
        do = f"Give the whole number, or correct `reader_forms` in school.toml: {', '.join(school.year.reader_forms)}."
        findings.fault(FILE, row.line, "form", row.form, what, do)
    return found


def _holders(school: School, findings: Findings) -> None:
    pupils, staff = {row.pupil for row in school.pupils}, {row.staff for row in school.staff}
    for row in school.cards:
        if bool(row.pupil) == bool(row.staff):
            what = "has two holders" if row.pupil else "has no holder"
            findings.fault(FILE, row.line, "pupil", row.pupil, what, "Fill in `pupil` or `staff`, one of them.")
        elif row.pupil and row.pupil not in pupils and school.whole("pupils.csv"):
            do = "Add the pupil, or take the card's line away."
            findings.fault(FILE, row.line, "pupil", row.pupil, "is nobody of pupils.csv", do)
        elif row.staff and row.staff not in staff and school.whole("staff.csv"):
            do = "Add the person, or take the card's line away."
            findings.fault(FILE, row.line, "staff", row.staff, "is nobody of staff.csv", do)


def _twins(rows: list[CardLine], told: Mapping[int, list[Reported]], findings: Findings) -> None:
    """Two lines of which a reader could report the same number; of one person's only the same card twice."""
    first: dict[Reported, CardLine] = {}
    by_line = {row.line: row for row in rows}
    for row in rows:
        shared: defaultdict[int, list[Reported]] = defaultdict(list)
        for number in told[row.line]:
            if first.setdefault(number, row) is not row:
                shared[first[number].line].append(number)
        for line, numbers in shared.items():
            _compare(row, by_line[line], numbers, findings)


def _compare(row: CardLine, other: CardLine, shared: list[Reported], findings: Findings) -> None:
    same = (row.form, row.number) == (other.form, other.number)
    if holder_of(other) != holder_of(row):
        _collision(row, other, shared, findings)
    elif other.blocked != row.blocked:
        what = f"is blocked in one line and valid in another: line {other.line}"
        findings.fault(FILE, row.line, "blocked", row.number, what, "Keep the line that is true.")
    elif same:
        what = f"stands in line {other.line} already"
        findings.remark(FILE, row.line, "number", row.number, what, "Take one of the two lines away.")


def _collision(row: CardLine, other: CardLine, shared: list[Reported], findings: Findings) -> None:
    forms = " or ".join(dict.fromkeys(number.form for number in shared))
    mine, theirs = shown(holder_of(row)), f"{shown(holder_of(other))}, line {other.line}"
    if (row.form, row.number) == (other.form, other.number):
        what, do = f"of {mine} is the card of {theirs}, too", "Take the line away that is not true."
    else:
        what = f"of {mine} cannot be told from {shown(other.number)} of {theirs}, by a reader that reports {forms}"
        do = f"Replace one of the two cards; or, if no reader here reports {forms}, leave it out of `reader_forms`."
    findings.fault(FILE, row.line, "number", row.number, what, do)


def _too_many(rows: list[CardLine], told: Mapping[int, list[Reported]], findings: Findings) -> None:
    numbers: defaultdict[tuple[str, bool], set[Reported]] = defaultdict(set)
    for row in rows:
        found = numbers[holder_of(row), row.blocked]
        before = len(found)
        found.update(told[row.line])
        most = BLOCKED_MAX if row.blocked else NUMBERS_MAX
        if before <= most < len(found):
            what = f"is one card too many of {shown(holder_of(row))}"
            findings.fault(FILE, row.line, "number", row.number, what, "Take away cards that are long lost.")


def _short(rows: list[CardLine], school: School, findings: Findings) -> None:
    """Cards that some readers of the school cannot know by the number that is given."""
    if set(school.year.reader_forms) == set(FORMS):
        return  # nobody has said what the readers are
    for form, lines in Counter(row.form for row in rows if row.form in SHORT).items():
        for reader in sorted(set(school.year.reader_forms) & set(WHOLE)):
            what = f"{lines} cards are given as {form}: a reader that reports {reader} does not know them"
            findings.remark(
                FILE, 0, "form", form, what, f"Give their whole numbers, as {WHOLE[reader]}, for such readers."
            )


def _without(school: School, findings: Findings) -> None:
    holders = {row.pupil for row in school.cards if not row.blocked}
    for row in school.pupils:
        if row.pupil not in holders and school.whole(FILE):
            findings.remark(
                "pupils.csv", row.line, "pupil", row.pupil, "has no card", "Add it to cards.csv when it is given."
            )
