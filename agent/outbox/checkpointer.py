"""Moves the log into the database in a thread of its own: the checkpoint is what makes a tap slow, so no tap waits
for it.

A checkpoint is due when the log has grown, or some time after the last commit. A foreign reader that holds an old
view keeps the log from starting over; then it grows, and the reader is named (D-124).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from agent import db

log = logging.getLogger("agent.outbox")

DUE_BYTES = 4_000_000
DUE_S = 30.0
TOO_LONG_BYTES = 64_000_000  # the writer itself steps in, and the trouble is named


class Checkpointer:
    """Owns its connection and its thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log_path = path.with_name(path.name + "-wal")
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="outbox-checkpoint", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def committed(self) -> None:
        """Something was written; called by the writer's thread."""
        if not self._wake.is_set() and self.log_bytes() > DUE_BYTES:
            self._wake.set()

    def log_bytes(self) -> int:
        """Size of the log now."""
        try:
            return self._log_path.stat().st_size
        except OSError:
            return 0

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            while not self._stopping:
                self._wake.wait(DUE_S)
                self._wake.clear()
                try:
                    connection = connection or db.connect_checkpointer(self._path)
                    connection.execute("pragma wal_checkpoint(passive)").fetchone()
                except sqlite3.Error as error:  # locked or full: the log stays whole, the next try comes
                    log.debug("checkpoint put off: %s", error)
        finally:
            if connection is not None:
                connection.close()
