"""Rows that are sent until they arrive: one sender's at a time, and a longer pause after each try that failed.

Raises  StoreDown
"""

from __future__ import annotations

from centre.database import Database
from centre.school_time import S_NS

FIRST_S = 1
DOUBLED_MOST = 10  # so often a pause is doubled: the number stays small


def lease(database: Database, table: str, row: object, state: str, now_ns: int, for_ns: int) -> bool:
    """Whether a row is the caller's for so long: it is due, and still in the state in which it was read."""
    sql = f"update {table} set next_ns = ? where id = ? and state = ? and next_ns <= ? returning id"  # noqa: S608 - a table of ours
    return bool(database.execute(sql, (now_ns + for_ns, row, state, now_ns)))


def pause_ns(tries: int, most_s: int) -> int:
    """After so many tries before this one."""
    return min(FIRST_S << min(tries, DOUBLED_MOST), most_s) * S_NS
