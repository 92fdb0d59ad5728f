"""Connections to the centre's database for the desk's threads: each is lent to one of them at a time.

Raises  StoreDown: also when every connection is lent for longer than a person waits
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from centre.database import Database, open_database
from centre.errors import StoreDown

CONNECTIONS_MAX = 6
WAIT_S = 5.0


class Databases:
    """Opened as they are wanted, kept until close()."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: queue.LifoQueue[Database] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._opened: list[Database] = []

    @contextmanager
    def borrow(self) -> Iterator[Database]:
        database = self._one()
        try:
            yield database
        finally:
            self._free.put(database)

    def _one(self) -> Database:
        try:
            return self._free.get_nowait()
        except queue.Empty:
            pass
        with self._lock:
            if len(self._opened) < CONNECTIONS_MAX:
                self._opened.append(open_database(self._url))
                return self._opened[-1]
        try:
            return self._free.get(timeout=WAIT_S)
        except queue.Empty as error:
            raise StoreDown("every connection of the desk is busy") from error

    def close(self) -> None:
        with self._lock:
            for database in self._opened:
                database.close()
            self._opened.clear()
