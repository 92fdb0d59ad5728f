"""A school with incidents, in memory: things are seen and said, time passes, the machine starts anew; events are read.

Monday to Friday: MAIN answers from 08:00 to 18:00, SPARE is the deputy, GUARD has the nights, HEAD is the head.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from agent.book import Book
from agent.datasets import Calendar, Deadlines, Duty, DutyRoster
from agent.db import climb
from agent.incidents import rows, steps
from agent.incidents.answers import Reason
from agent.incidents.kinds import Kind
from agent.incidents.life import Input
from agent.incidents.rows import Incident
from agent.incidents.signs import Family, Seen
from agent.incidents.steps import By, Effects, Scene
from agent.model import Lane, Moment
from agent.outbox.envelope import Envelope
from agent.outbox.group import Numbering, Transaction
from tests.agent.school.doorway import BOOT, CALENDAR, MONDAY, utc_ns

MAIN, SPARE, GUARD, HEAD = "aa" * 8, "bb" * 8, "cc" * 8, "dd" * 8
ROSTER = DutyRoster(
    duties=[
        Duty(staff=MAIN, rank=1, weekdays=[1, 2, 3, 4, 5], starts="08:00", ends="17:59", free_days=False),
        Duty(staff=SPARE, rank=2, weekdays=[1, 2, 3, 4, 5], starts="08:00", ends="17:59", free_days=False),
        Duty(staff=GUARD, rank=3, starts="18:00", ends="07:59"),
    ],
    head=HEAD,
)


def book_of(roster: DutyRoster | None = ROSTER, calendar: Calendar | None = CALENDAR) -> Book:
    given: dict[str, msgspec.Struct] = {}
    given |= {"duty": roster} if roster else {}
    return Book(given | ({"calendar": calendar} if calendar else {}))


class House:
    """Steps are taken at once, on a transaction that is never committed."""

    def __init__(self, *, book: Book | None = None, now: str = f"{MONDAY} 10:00") -> None:
        self.book = book or book_of()
        self.synced = True
        self.boot = BOOT
        self.up_ns = 7_200_000_000_000
        self.now_ns = utc_ns(now)
        self.made = 0
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        climb(self.db)
        self.db.execute("pragma foreign_keys=on")
        envelopes = {lane: Envelope("school-07", "a" * 36, lane, self.boot) for lane in Lane}
        self.transaction = Transaction(self.db, Numbering(1, "a" * 36, envelopes, dict.fromkeys(Lane, 0)), self.now_ns)

    # --- time --------------------------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)
        self.up_ns += round(seconds * 1e9)

    def restart(self, *, away_s: float = 60, synced: bool = True) -> None:
        self.wait(away_s)
        self.boot, self.up_ns, self.synced = f"{self.boot[:-1]}{int(self.boot[-1], 16) % 15 + 1:x}", 20 * 10**9, synced

    @property
    def now(self) -> Moment:
        return Moment(self.now_ns, self.up_ns, self.synced)

    @property
    def scene(self) -> Scene:
        return Scene(book=self.book, now=self.now, boot=self.boot)

    # --- what happens ------------------------------------------------------------------------------------------------

    def sign(
        self, kind: Kind = Kind.FIRE, place: str = "hall", *, source: str = "panel/1", what: str = "fire",
        family: Family = Family.SENSOR, certain: bool = True, **more: Any,
    ) -> Seen:  # fmt: skip
        return Seen(
            kind=kind, place=place, source=source, what=what, family=family, certain=certain, at=self.now, **more
        )

    def camera(self, kind: Kind = Kind.FIRE, place: str = "hall", *, name: str = "cam-1", **more: Any) -> Seen:
        given = {"what": kind.value, "family": Family.CAMERA, "certain": False, "camera": name} | more
        return self.sign(kind, place, source=name, **given)

    def saw(self, seen: Seen) -> Effects:
        self.made += 1
        return steps.saw(self.transaction, self.scene, seen, f"{self.made:08x}-0000-4000-8000-000000000000")

    def opens(self, seen: Seen) -> str:
        """The id of what the sign opened."""
        effects = self.saw(seen)
        assert effects.opened
        assert effects.incident is not None
        return effects.incident.id

    def say(
        self, incident: str, given: Input, staff: str = MAIN, *, channel: str = "centre", reason: Reason = "other"
    ) -> str:
        """The state after an answer, or the word of its refusal."""
        reason = reason if given is Input.DISMISS else ""
        by = By(channel=channel, staff=staff)
        effects = steps.answer(self.transaction, self.scene, incident, given, by, reason)
        return effects.refused or (effects.incident.state.value if effects.incident else "")

    def deadlines(self) -> list[Effects]:
        """What is due is met; of an incident one step."""
        found = [steps.deadline(self.transaction, self.scene, one.id) for one in self.live()]
        return [one for one in found if one.incident]

    def late(self) -> None:
        """Time passes until the next deadline, and that is met."""
        due = min(one.due.monotonic_ns for one in self.live() if one.due is not None)
        self.wait(max(0.0, (due - self.up_ns) / 1e9))
        self.deadlines()

    # --- what came of it ---------------------------------------------------------------------------------------------

    def live(self) -> list[Incident]:
        return rows.live(self.transaction)

    def one(self, incident: str) -> Incident:
        found = rows.one(self.transaction, incident)
        assert found is not None
        return found

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """The data of incident events in order, each with its short type; of one kind alone if it is named."""
        found = [msgspec.json.decode(one) for one in self.transaction.put_bytes[Lane.ALARM]]
        named = [one["data"] | {"type": one["type"][len("kz.mektep.incident.") : -len(".v1")]} for one in found]
        return [one for one in named if not kind or one["type"] == kind]

    def told(self) -> list[tuple[str, int, list[str]]]:
        """Each telling: why, step, and whom; persons by name, others by role."""
        names = {MAIN: "main", SPARE: "spare", GUARD: "guard", HEAD: "head"}
        return [
            (one["why"], one["step"], [names.get(to["staff"], to["staff"]) or to["role"] for to in one["to"]])
            for one in self.events("told")
        ]


def with_deadlines(kind: str, answer_s: int, decide_s: int) -> DutyRoster:
    return msgspec.structs.replace(ROSTER, deadlines=[Deadlines(kind=kind, answer_s=answer_s, decide_s=decide_s)])
