"""Orders that are to reach a box however long that takes: the table order_due. centre/deliver.py sends what is due.

An order expires at the box, and its number is used up; so each try is a fresh order with a fresh number, and what it
asks for may be carried out twice without harm (docs/protocol.md, section 6). Of one school and subject one order after
the other: an answer is not sent before the report that it answers.
States    due, sent (waits for the answer), done, failed, refused, expired
Raises    StoreDown
"""

from __future__ import annotations

import time

import msgspec

from centre.again import lease, pause_ns
from centre.database import Database, Row
from centre.school_time import S_NS
from centre.wire import Answer

EXPIRES_S = 300  # of one try; an order that is asked for a shorter time is good for no longer
LEASE_NS = 30 * S_NS  # a sender that was killed in the middle of a try: then another may try
LOST_NS = 5 * S_NS  # so long an answer may be on its way, after its order is over or the box was born anew
PAUSE_MAX_S = 60
AGAIN = ("other_epoch", "old_number", "expired", "busy")  # refused, and a fresh order is better
TRIED_AGAIN = ("incident.report",)  # also if the box could not: its disk may be full today, and not tomorrow
OPEN = ("due", "sent")
ADD = """
insert into order_due (school, name, args, subject, account, made_ns, until_ns) values (?, ?, ?, ?, ?, ?, ?)
returning id
"""
READ = """
select id, school, name, args, subject, account, state, number, sent_ns, tries, until_ns, result, error from order_due o
"""
FIRST_DUE = """
where state in ('due', 'sent') and next_ns <= ? and not exists (
  select 1 from order_due before where before.school = o.school and before.subject = o.subject and before.subject <> ''
    and before.id < o.id and before.state in ('due', 'sent'))
order by next_ns, id limit 20
"""
CLAIM = READ + FIRST_DUE
FIND = READ + "where id = ?"
OF = READ + "where school = ? and subject = ? order by id"


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """One order, as far as it is."""

    id: int
    school: str
    name: str
    args: dict[str, object]
    subject: str  # incident or session that it is about; empty: it waits for no other
    account: str  # who asked for it
    state: str
    number: int  # of the last try
    sent_ns: int
    tries: int
    until_ns: int
    result: dict[str, object]
    error: str  # of the last try, or the box's word

    @property
    def open(self) -> bool:
        return self.state in OPEN

    def good_for_s(self, now_ns: int) -> int:
        """So long a try that begins now may be carried out: nobody wants a live view minutes after it was asked for."""
        return max(1, min(EXPIRES_S, -((now_ns - self.until_ns) // S_NS)))


class OrderQueue:
    """The table, on a connection of the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, school: str, name: str, args: dict[str, object], *, subject: str = "", account: str = "", for_s: int
    ) -> int:
        """Within the caller's transaction or by itself. It is given up after so many seconds."""
        now_ns = time.time_ns()
        text = msgspec.json.encode(args).decode()
        row = (school, name, text, subject, account, now_ns, now_ns + for_s * S_NS)
        return int(self._database.execute(ADD, row)[0][0])

    def find(self, number: int) -> Queued | None:
        rows = self._database.execute(FIND, (number,))
        return _queued(rows[0]) if rows else None

    def of(self, school: str, subject: str) -> list[Queued]:
        """The oldest first."""
        return [_queued(row) for row in self._database.execute(OF, (school, subject))]

    # --- for the sender -------------------------------------------------------------------------------------------

    def any_due(self, now_ns: int) -> bool:
        """A look that locks nothing."""
        sql = "select 1 from order_due where state in ('due', 'sent') and next_ns <= ? limit 1"
        return bool(self._database.execute(sql, (now_ns,)))

    def claim(self, now_ns: int) -> list[Queued]:
        """Those that are due, for one sender alone until it says what became of them, or its lease ends."""
        found: list[Queued] = []
        with self._database.transaction():
            for row in self._database.execute(CLAIM, (now_ns,)):
                one = _queued(row)
                if lease(self._database, "order_due", one.id, one.state, now_ns, LEASE_NS):
                    found.append(one)
        return found

    def note_sent(self, one: Queued, number: int, now_ns: int) -> None:
        """It is with the broker; looked at again soon, for the answer."""
        sql = "update order_due set state = 'sent', number = ?, sent_ns = ?, tries = ?, next_ns = ? where id = ?"
        self._write(sql, (number, now_ns, one.tries + 1, now_ns, one.id))

    def note_trouble(self, one: Queued, error: str, now_ns: int) -> None:
        """Not sent: later again, with a longer pause each time."""
        state = "expired" if now_ns >= one.until_ns else "due"
        sql = "update order_due set state = ?, error = ?, tries = ?, next_ns = ? where id = ?"
        self._write(sql, (state, error[:500], one.tries + 1, now_ns + pause_ns(one.tries, PAUSE_MAX_S), one.id))

    def note_silence(self, one: Queued, now_ns: int, look_again_ns: int, born_ns: int = 0) -> None:
        """Sent, and no answer yet; after its time a fresh one is due, or some seconds after the box was born anew: what
        a killed broker held is lost.
        """
        state = one.state
        lost = one.sent_ns < born_ns <= now_ns - LOST_NS
        over_ns = one.sent_ns + one.good_for_s(one.sent_ns) * S_NS
        if lost or now_ns >= over_ns + LOST_NS:
            state = "expired" if now_ns >= one.until_ns else "due"
        self._write("update order_due set state = ?, next_ns = ? where id = ?", (state, look_again_ns, one.id))

    def note_answer(self, one: Queued, answer: Answer, now_ns: int) -> None:
        if answer.outcome == "refused" and answer.reason in AGAIN and now_ns < one.until_ns:
            self.note_trouble(one, answer.reason, now_ns)
            return
        if answer.outcome == "failed" and one.name in TRIED_AGAIN and now_ns < one.until_ns:
            self.note_trouble(one, answer.reason, now_ns)
            return
        state = answer.outcome if answer.outcome in ("done", "failed") else "refused"
        result = msgspec.json.encode(answer.result).decode()
        sql = "update order_due set state = ?, result = ?, error = ?, next_ns = 0 where id = ?"
        self._write(sql, (state, result, answer.reason[:500], one.id))

    def wake(self, school: str) -> None:
        """Its box is there again: what waits for it is due now."""
        sql = "update order_due set next_ns = 0, tries = 0 where school = ? and state = 'due'"
        self._write(sql, (school,))

    def _write(self, sql: str, args: tuple[object, ...]) -> None:
        with self._database.transaction():
            self._database.execute(sql, args)


def _queued(row: Row) -> Queued:
    return Queued(
        id=row[0],
        school=row[1],
        name=row[2],
        args=msgspec.json.decode(row[3]),
        subject=row[4],
        account=row[5],
        state=row[6],
        number=row[7],
        sent_ns=row[8],
        tries=row[9],
        until_ns=row[10],
        result=msgspec.json.decode(row[11]) if row[11] else {},
        error=row[12],
    )
