"""A box with its readers at a door, in memory: cards are shown, time passes, the machine starts anew; events are read.

The school has two classes. Its clubs: chess on Mondays and Fridays, robots in the same room, swimming elsewhere.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from agent.book import Book
from agent.datasets import (
    Bell,
    Calendar,
    Cards,
    Club,
    Clubs,
    ClubTime,
    Pupil,
    SchoolClass,
    Shift,
    Span,
    Staff,
    Voucher,
)
from agent.db import climb
from agent.model import Lane, Moment
from agent.outbox.envelope import Envelope
from agent.outbox.group import Numbering, Transaction
from agent.school.bells import TICKS
from agent.school.desk import RULES
from agent.school.purpose import Purpose, Way
from agent.school.since import Stamp
from agent.school.tapped import Tapped
from drivers.readings import Light

ASEL, DANA, ERLAN, TEACHER = "0a" * 8, "0b" * 8, "0e" * 8, "0f" * 8
ROOM = ("chess", "robots")
MONDAY = "2026-11-23"
BOOT = "11111111-2222-3333-4444-555555555555"


def card(pupil: str) -> str:
    return pupil * 2


def blocked(pupil: str) -> str:
    return pupil + "00" * 8


CARDS = Cards(
    card_key=base64.b64encode(b"k" * 32).decode(),
    classes=[SchoolClass(name="5А", shift=1), SchoolClass(name="7Б", shift=2)],
    pupils=[
        Pupil(pupil=ASEL, class_="5А", cards=[card(ASEL)], blocked=[blocked(ASEL)]),
        Pupil(pupil=DANA, class_="5А", cards=[card(DANA)]),
        Pupil(pupil=ERLAN, class_="7Б", cards=[card(ERLAN)]),
    ],
    staff=[Staff(staff=TEACHER, cards=[card(TEACHER)])],
)
CALENDAR = Calendar(
    utc_offset_min=300,
    first="2026-09-01",
    last="2026-12-28",
    weekdays=[1, 2, 3, 4, 5],
    holidays=[Span(first="2026-12-16", last="2026-12-17")],
    shifts=[
        Shift(
            shift=1,
            bells=[
                Bell(lesson=1, starts="08:00", ends="08:45"),
                Bell(lesson=2, starts="08:55", ends="09:40"),
                Bell(lesson=3, starts="10:00", ends="10:45"),
            ],
        ),
        Shift(
            shift=2, bells=[Bell(lesson=1, starts="13:30", ends="14:15"), Bell(lesson=2, starts="14:25", ends="15:10")]
        ),
    ],
)
CHESS = Club(
    club="chess",
    places=2,
    times=[ClubTime(weekday=day, starts="15:00", ends="16:30") for day in (1, 5)],
    minimum_min=30,
    tenge=900,
)
ROBOTS = Club(club="robots", places=5, times=[ClubTime(weekday=1, starts="16:30", ends="18:00")], tenge=1_200)
SWIMMING = Club(
    club="swimming", places=9, times=[ClubTime(weekday=day, starts="15:00", ends="17:00") for day in (1, 3, 6)]
)


def voucher(pupil: str, club: str, first: str = "2026-09-01", last: str = "2026-12-31") -> Voucher:
    return Voucher(voucher=f"v-{club}-{pupil[:4]}", pupil=pupil, club=club, first=first, last=last)


CLUBS = Clubs(
    clubs=[CHESS, ROBOTS, SWIMMING],
    vouchers=[voucher(ASEL, "chess"), voucher(ASEL, "swimming"), voucher(DANA, "chess", last="2026-11-30")],
)
DATASETS: Mapping[str, msgspec.Struct] = {"cards": CARDS, "calendar": CALENDAR, "clubs": CLUBS}


def utc_ns(text: str) -> int:
    """The UTC of "2026-11-23 15:00" or "2026-11-23 15:00:20" in the school."""
    return round(datetime.fromisoformat(f"{text}+05:00").timestamp()) * 1_000_000_000


def stamp(text: str, *, trusted: bool = True, boot: str = BOOT, up_s: float = 0) -> Stamp:
    return Stamp(utc_ns(text), trusted, boot, round(up_s * 1e9))


class Doorway:
    """Time stands still but for at(), wait() and restart()."""

    def __init__(self, datasets: Mapping[str, msgspec.Struct] = DATASETS, *, now: str = f"{MONDAY} 07:00") -> None:
        self.book = Book(datasets)
        self.synced = True
        self.boot = BOOT
        self.up_ns = 60_000_000_000
        self.now_ns = utc_ns(now)
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        climb(self.db)
        envelopes = {lane: Envelope("school-07", "a" * 36, lane, self.boot) for lane in Lane}
        self.transaction = Transaction(self.db, Numbering(1, "a" * 36, envelopes, dict.fromkeys(Lane, 0)), self.now_ns)

    # --- time --------------------------------------------------------------------------------------------------------

    def wait(self, minutes: float = 0, seconds: float = 0) -> None:
        passed_ns = round((minutes * 60 + seconds) * 1e9)
        self.now_ns += passed_ns
        self.up_ns += passed_ns

    def at(self, text: str) -> None:
        """So long that the school's clock shows it: a time of day, or day and time."""
        until_ns = utc_ns(text if len(text) > len("15:00:20") else f"{MONDAY} {text}")
        assert until_ns >= self.now_ns
        self.wait(seconds=(until_ns - self.now_ns) / 1e9)

    def restart(self, *, away_min: float = 1, synced: bool = True) -> None:
        """The power was gone for so long."""
        self.wait(away_min)
        self.boot, self.up_ns, self.synced = f"{self.boot[:-1]}{int(self.boot[-1], 16) + 1:x}", 30_000_000_000, synced

    # --- what is done ------------------------------------------------------------------------------------------------

    def club(self, card: str, *clubs: str, reader: str = "room-1") -> Light:
        return self._tap(card, reader, Purpose.CLUB, clubs=clubs or ROOM)

    def door(self, card: str, way: Way = Way.BOTH, reader: str = "gate") -> Light:
        return self._tap(card, reader, Purpose.ENTRANCE, way=way)

    def tick(self) -> None:
        for tick in TICKS.values():
            tick(self.transaction, self.book, self._moment(), self.boot)

    def _tap(
        self, card: str, reader: str, purpose: Purpose, *, clubs: tuple[str, ...] = (), way: Way = Way.BOTH
    ) -> Light:
        at = self._moment()
        tap = Tapped(
            reader=reader, purpose=purpose, form="em4100", card=card, at=at, boot=self.boot, clubs=clubs, way=way
        )
        return RULES[purpose](self.transaction, self.book, tap)

    def _moment(self) -> Moment:
        return Moment(self.now_ns, self.up_ns, self.synced)

    # --- what came of it ---------------------------------------------------------------------------------------------

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """The data of all events of a kind, such as "club.visit"; of every kind with "type" beside it."""
        found = [msgspec.json.decode(one) for one in self.transaction.put_bytes[Lane.RECORD]]
        if not kind:
            return [one["data"] | {"type": one["type"][len("kz.mektep.") : -len(".v1")]} for one in found]
        return [one["data"] for one in found if one["type"] == f"kz.mektep.{kind}.v1"]

    def last(self, *names: str) -> tuple[Any, ...]:
        """Its type, and these of its data."""
        event = self.events()[-1]
        return (event["type"], *(event[name] for name in names))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.db.execute(sql).fetchall()
