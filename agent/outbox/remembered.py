"""What the school's rules remember, taken over from a damaged database: no child eats twice because a card is dying.

Rows    of meals, visits and passages, as far as SQLite reads them from either end.
Events  of meals say what the rows said: where a row could not be read and its event was salvaged, it is made again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent import db
from agent.model import Lane
from agent.outbox.envelope import split
from agent.wall_time import utc_ns_of

log = logging.getLogger("agent.outbox")

MEAL = tuple[int, str, str, str, str, int, str, str, int, int, str, int, str, str]
VISIT = tuple[int, str, str, str, str, str, int, int, str, int, int]
PASSAGE = tuple[int, str, str, str, str, int, str, int]
TABLES: dict[str, tuple[str, Any]] = {
    "meal": (
        "number, pupil, day, meal, programme, tenge, first, last, state, utc_ns, boot, monotonic_ns, reader, leaf",
        MEAL,
    ),
    "visit": ("number, pupil, club, voucher, day, reader, state, utc_ns, boot, monotonic_ns, ended_ns", VISIT),
    "passage": ("number, pupil, day, way, reader, utc_ns, boot, monotonic_ns", PASSAGE),
}
GRANTED, REVERSED, DATED = (f"kz.mektep.meal.{word}.v1" for word in ("granted", "reversed", "dated"))
MEAL_EVENT = b'"type":"kz.mektep.meal.'
RECORDS = "select body from message where lane = ? order by epoch, first"
AGAIN = """
insert or ignore into meal (pupil, day, meal, programme, tenge, utc_ns, boot, monotonic_ns, reader, leaf)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class Said(msgspec.Struct, frozen=True):
    """What events of meals say, as far as rows need it."""

    pupil: str = ""
    day: str = ""
    meal: str = ""
    programme: str = ""
    tenge: int = 0
    reader: str = ""
    of: str = ""
    counted: bool = True


class Event(msgspec.Struct, frozen=True):
    """A stored event, as far as rows need it."""

    type: str
    source: str
    time: str
    bootid: str
    monotonic: str
    data: Said
    leaf: str = ""
    reissueof: str = ""

    @property
    def leaf_name(self) -> str:
        """epoch/index"""
        return f"{self.source.split('/')[3]}/{self.leaf}"

    @property
    def tap(self) -> tuple[str, str, int]:
        """Pupil, boot, monotonic: the same of an event that was issued again."""
        return self.data.pupil, self.bootid, int(self.monotonic)


def take_over(connection: sqlite3.Connection, damaged: Path) -> None:
    """Into a new database, within its transaction; the runs must be there already. Raises sqlite3.Error of the new."""
    for table, (columns, shape) in TABLES.items():
        places = ", ".join("?" * (columns.count(",") + 1))
        sql = f"insert or ignore into {table} ({columns}) values ({places})"  # noqa: S608 - our own names
        for order in ("", " desc"):
            read = f"select {columns} from {table} order by number{order}"  # noqa: S608 - our own names
            connection.executemany(sql, readable(damaged, read, shape))
    _make_again(connection)


def readable(damaged: Path, sql: str, shape: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of a table, as far as SQLite still reads them."""
    if not damaged.exists() or damaged.stat().st_size == 0:
        return  # SQLite would delete a log whose database is empty
    try:
        connection = db.connect_reader(damaged)
        try:
            for row in connection.execute(sql):
                yield msgspec.convert(row, shape)
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError, msgspec.ValidationError) as error:
        log.warning("rows of the damaged database that could not be read are forgotten: %s", error)


def _make_again(connection: sqlite3.Connection) -> None:
    """Meals whose events are there and whose rows are not; in the order of the events."""
    leaves: set[str] = set()
    taps: set[tuple[str, str, int]] = set()
    for leaf, *tap in connection.execute("select leaf, pupil, boot, monotonic_ns from meal"):
        leaves.add(leaf)
        taps.add((tap[0], tap[1], tap[2]))
    made: dict[str, int] = {}  # leaf -> number of a row that was made again
    for event in _events(connection):
        if event.type != GRANTED:
            if event.data.of in made:
                _change(connection, event, made[event.data.of])
        elif event.leaf_name not in leaves and not (event.reissueof and event.tap in taps):
            taps.add(event.tap)
            if number := _make(connection, event):
                made[event.leaf_name] = number
    if made:
        log.warning("%d meals whose rows could not be read are remembered by their events", len(made))


def _events(connection: sqlite3.Connection) -> Iterator[Event]:
    for (body,) in connection.execute(RECORDS, (int(Lane.RECORD),)):
        if MEAL_EVENT not in body:
            continue
        for raw in split(body):
            try:
                if MEAL_EVENT in raw:
                    yield _decode(raw)
            except ValueError as error:
                log.warning("an event of a meal cannot be read: %s", error)


def _make(connection: sqlite3.Connection, event: Event) -> int | None:
    """The row's number; None if this child has this meal by another row."""
    said = event.data
    row = (said.pupil, said.day, said.meal, said.programme, said.tenge, utc_ns_of(event.time))
    added = connection.execute(AGAIN, (*row, *event.tap[1:], said.reader, event.leaf_name))
    return added.lastrowid if added.rowcount else None


def _change(connection: sqlite3.Connection, event: Event, number: int) -> None:
    said = event.data
    if event.type == REVERSED:
        connection.execute("update meal set state = 1 where number = ?", (number,))
    elif event.type == DATED:
        state = 2 if not said.counted else 0 if said.day else 3
        sql = "update or ignore meal set state = ?, day = ?, meal = ? where number = ?"
        connection.execute(sql, (state, said.day, said.meal, number))


_decode = msgspec.json.Decoder(Event).decode
