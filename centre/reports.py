"""What somebody typed at the centre: kept here with its words, and ordered to the school's box without them.

The report's id is the incident's: so the order may come to the box twice and makes one incident. The words, and how to
reach who typed them, never leave the centre. As long as the box is silent the centre answers for the report itself:
centre/silence.py.
Raises  CentreError K-163 for a report that cannot be; StoreDown
"""

from __future__ import annotations

import time
import uuid

import msgspec

from centre.database import Database, Row
from centre.errors import CentreError
from centre.incident_words import KINDS
from centre.order_queue import OrderQueue
from centre.plain import plain

WORDS_MAX = 2_000
PLACE_MAX = 64
CONTACT_MAX = 200
NAME_LEAST = 3  # letters: a shorter part of a name stands in every text
REPORTERS = ("staff", "parent", "pupil", "anonymous")
LANGUAGES = ("kk", "ru", "en")
ORDERED_FOR_S = 7 * 86_400
READ = """
select id, school, kind, place, certain, drill, words, language, contact, reporter, account, made_ns, incident,
  taken_ns, told, told_ns, answer, answered_by, answered_ns, reason from report
"""
WAITING = READ + "where incident = '' and answer <> 'dismissed' and ? in ('', school) order by made_ns"
LISTED = READ + "where ? in ('', school) order by made_ns desc limit ?"
FIND = READ + "where id = ?"
OF_INCIDENT = READ + "where school = ? and incident = ? order by made_ns"


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says."""

    school: str
    kind: str
    words: str
    place: str = ""
    language: str = "ru"
    contact: str = ""
    reporter: str = "anonymous"
    drill: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One that is kept."""

    id: str
    school: str
    kind: str
    place: str
    certain: bool  # the word of somebody of the school
    drill: bool
    words: str  # empty: erased
    language: str
    contact: str
    reporter: str
    account: str  # who typed it in, if they were logged in
    made_ns: int
    incident: str  # that the box made of it, or joined it to; empty: the box has not answered
    taken_ns: int
    told: int  # how often the centre told somebody by itself
    told_ns: int
    answer: str  # given while the box was silent
    answered_by: str
    answered_ns: int
    reason: str

    @property
    def state(self) -> str:
        """taken: the box has it. box_silent: the centre answers for it itself. sent: the box has a few seconds yet."""
        return "taken" if self.incident else "box_silent" if self.told else "sent"


class Reports:
    """The table, on a connection of the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._orders = OrderQueue(database)

    def add(self, typed: Typed, account: str = "") -> Report:
        """Kept and ordered, in one commit."""
        _must_be_sound(typed)
        if not self._database.execute("select 1 from school where name = ?", (typed.school,)):
            do = "See `mektep-centre school list`."
            raise CentreError("K-163", f"this report cannot be taken: there is no school {typed.school!a}", do=do)
        name, now_ns = str(uuid.uuid4()), time.time_ns()
        certain = typed.reporter == "staff"
        args: dict[str, object] = {
            "incident": name,
            "kind": typed.kind,
            "place": typed.place,
            "certain": certain,
            "drill": typed.drill,
            "report": name,
        }
        row = (name, typed.school, typed.kind, typed.place, int(certain), int(typed.drill), typed.words)
        more = (typed.language, typed.contact, typed.reporter, account, now_ns)
        with self._database.transaction():
            self._database.execute(
                "insert into report (id, school, kind, place, certain, drill, words, language, contact, reporter, "
                "account, made_ns) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, *more),
            )
            self._orders.add(typed.school, "incident.report", args, subject=name, account=account, for_s=ORDERED_FOR_S)
        found = self.find(name)
        assert found is not None  # noqa: S101 - it has just been committed
        return found

    def find(self, name: str) -> Report | None:
        rows = self._database.execute(FIND, (name,))
        return _report(rows[0]) if rows else None

    def of_incident(self, school: str, incident: str) -> list[Report]:
        """What was typed of an incident: the first that opened it, and those that joined."""
        return [_report(row) for row in self._database.execute(OF_INCIDENT, (school, incident))]

    def waiting(self, school: str = "") -> list[Report]:
        """Those for which the box has not answered, and nobody has ended them here; the oldest first."""
        return [_report(row) for row in self._database.execute(WAITING, (school,))]

    def listed(self, school: str = "", limit: int = 200) -> list[Report]:
        """The newest first."""
        return [_report(row) for row in self._database.execute(LISTED, (school, limit))]

    def answer(self, name: str, answer: str, by: str, reason: str = "") -> bool:
        """What a person says of a report while the box is silent. False: somebody was first."""
        sql = (
            "update report set answer = ?, answered_by = ?, answered_ns = ?, reason = ? where id = ? "
            "and (answer = '' or (answer = 'acknowledged' and ? <> 'acknowledged')) returning id"
        )
        return bool(self._database.execute(sql, (answer, by, time.time_ns(), reason, name, answer)))

    def note_told(self, name: str, now_ns: int) -> None:
        """The centre has told somebody by itself."""
        self._database.execute("update report set told = told + 1, told_ns = ? where id = ?", (now_ns, name))

    def naming(self, school: str, names: str) -> list[str]:
        """Ids of reports whose words, or contact, may name a person: each part of a name by itself, in any case."""
        parts = [part.casefold() for part in names.split() if len(part) >= NAME_LEAST]
        sql = "select id, words, contact from report where school = ? and words <> '' order by made_ns"
        return [
            name
            for name, words, contact in self._database.execute(sql, (school,))
            if any(part in f"{words} {contact}".casefold() for part in parts)
        ]

    def forget(self, name: str) -> bool:
        """The words and the contact go; that there was a report stays."""
        with self._database.transaction():
            sql = "update report set words = '', contact = '' where id = ? returning id"
            return bool(self._database.execute(sql, (name,)))


def _must_be_sound(one: Typed) -> None:
    wrong = (
        f"{one.kind} is no kind: {', '.join(KINDS)}" if one.kind not in KINDS
        else f"{one.reporter} is not one of {', '.join(REPORTERS)}" if one.reporter not in REPORTERS
        else f"{one.language} is not one of {', '.join(LANGUAGES)}" if one.language not in LANGUAGES
        else "it has no words" if not one.words.strip()
        else f"it has {len(one.words)} characters, more than {WORDS_MAX}" if len(one.words) > WORDS_MAX
        else f"its place has more than {PLACE_MAX} characters" if len(one.place) > PLACE_MAX
        else f"its contact has more than {CONTACT_MAX} characters" if len(one.contact) > CONTACT_MAX
        else "it has a sign that cannot be kept" if _has_odd(one.school, one.words, one.place, one.contact)
        else ""
    )  # fmt: skip
    if wrong:
        raise CentreError("K-163", f"this report cannot be taken: {wrong}", do="Correct it, and send it again.")


def _has_odd(*texts: str) -> bool:
    """A NUL, or half a character: no database takes them."""
    return any(char == "\0" or "\ud800" <= char <= "\udfff" for text in texts for char in text)


def _report(row: Row) -> Report:
    values = dict(zip(Report.__struct_fields__, row, strict=True))
    flags = {"certain": bool(values["certain"]), "drill": bool(values["drill"]), "place": plain(values["place"])}
    return Report(**(values | flags))
