"""What the database holds, read without the daemon: for `mektep status` when it is dead."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from agent import db
from agent.model import Lane
from agent.outbox.outbox import LaneState

SELECT = """
select l.lane,
       max(coalesce((select max(last) from message m where m.epoch = l.epoch and m.lane = l.lane), 0), l.settled),
       l.settled, coalesce((select sum(length(body)) from message m where m.lane = l.lane), 0)
from lane l where l.epoch = (select max(id) from epoch)
"""


def lanes_on_disk(path: Path) -> dict[Lane, LaneState]:
    """The lanes of the newest epoch; empty if there is no database or it cannot be read."""
    if not path.exists():
        return {}
    try:
        connection = db.connect_reader(path)
        try:
            rows = connection.execute(SELECT).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return {}
    return {Lane(lane): LaneState(last, settled, size) for lane, last, settled, size in rows}
