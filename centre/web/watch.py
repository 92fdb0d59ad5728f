"""Whether anything on the board has changed: one look at the database for all who have the desk open.

A look reads what is open now, by its index; what is closed long ago costs nothing. Nobody looks: nothing is read.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable

from centre.database import Database
from centre.errors import StoreDown
from centre.web.board import AHEAD_NS
from centre.web.databases import Databases

log = logging.getLogger("centre")

LOOK_S = 0.1
LOOKS = (  # remainders, so that a sum stays small; written as both databases take it
    "select count(*), coalesce(sum(changed_ns - changed_ns / 1000000007 * 1000000007), 0) from incident "
    "where state <> 'closed'",
    "select count(*), coalesce(sum(told), 0), coalesce(sum(answered_ns - answered_ns / 1000003 * 1000003), 0) "
    "from report where incident = ''",
)
AHEAD = """
select count(*) from ahead a where a.received_ns >= ? and not exists (
  select 1 from ahead_came c where c.school = a.school and c.id = a.id)
"""


def version(database: Database) -> str:
    """Changes with everything that the board shows. Raises StoreDown."""
    rows = [row for sql in LOOKS for row in database.execute(sql)]
    rows += database.execute(AHEAD, (time.time_ns() - AHEAD_NS,))
    said = [[str(int(value)) for value in row] for row in rows]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:24]


class Watch:
    """run() looks; those who show the board wait for what it finds."""

    def __init__(self, databases: Databases, look: Callable[[Database], str] = version) -> None:
        self._databases = databases
        self._look = look
        self._changed = asyncio.Condition()
        self._someone = asyncio.Event()
        self._watching = 0
        self.version = ""
        self.down = False  # the database does not answer: what is shown may be old

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._someone.wait()
            await self._once()
            await asyncio.sleep(LOOK_S)

    async def _once(self) -> None:
        try:
            found, down = await asyncio.to_thread(self._read), False
        except StoreDown as error:
            found, down = self.version, True
            if not self.down:
                log.warning("K-110 the database does not answer: %s", error)
        if (found, down) != (self.version, self.down):
            self.version, self.down = found, down
            async with self._changed:
                self._changed.notify_all()

    def _read(self) -> str:
        with self._databases.borrow() as database:
            return self._look(database)

    async def other_than(self, shown: tuple[str, bool], within_s: float) -> tuple[str, bool]:
        """Version and whether the database is down, once they are not what is shown; what they are after that time."""
        self._watching += 1
        self._someone.set()
        try:
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: self.version and (self.version, self.down) != shown)
        except TimeoutError:
            pass
        finally:
            self._watching -= 1
            if not self._watching:
                self._someone.clear()
        return self.version, self.down
