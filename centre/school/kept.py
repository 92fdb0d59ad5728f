"""What was loaded for a school, and what of it was published when and for whom: the table school_data.

Raises  StoreDown
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from centre.database import Database

DAY_NS = 86_400 * 1_000_000_000
RENEWED_DAYS = 7  # a box calls data stale after fourteen days: half of that is left for a line that is down


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset of one school, as plain JSON."""

    loaded: bytes
    loaded_ns: int
    published: bytes  # empty: it never was
    published_ns: int
    recipient: str  # for whom it was sealed; empty: it was not

    @property
    def changed(self) -> bool:
        """Whether what was loaded last is still to be published."""
        return self.loaded != self.published

    def old(self, now_ns: int) -> bool:
        """Whether boxes should hear again that it still holds."""
        return now_ns - self.published_ns > RENEWED_DAYS * DAY_NS


def kept_of(database: Database, school: str) -> dict[str, Kept]:
    sql = (
        "select dataset, loaded, loaded_ns, published, published_ns, recipient from school_data "
        "where school = ? order by dataset"
    )
    return {
        dataset: Kept(
            loaded=bytes(loaded),
            loaded_ns=loaded_ns,
            published=bytes(published),
            published_ns=published_ns,
            recipient=recipient,
        )
        for dataset, loaded, loaded_ns, published, published_ns, recipient in database.execute(sql, (school,))
    }


def sealed_for_another(database: Database, school: str, recipient: str) -> list[str]:
    """Published datasets that the box of today cannot open: they are sealed for the one before it."""
    sql = "select dataset from school_data where school = ? and recipient <> '' and recipient <> ? order by dataset"
    return [name for (name,) in database.execute(sql, (school, recipient))] if recipient else []


def schools_with_data(database: Database) -> list[str]:
    return [name for (name,) in database.execute("select distinct school from school_data order by school")]


def note_loaded(database: Database, school: str, contents: Mapping[str, bytes]) -> None:
    """Within a transaction. What was published is not touched."""
    sql = (
        "insert into school_data (school, dataset, loaded, loaded_ns, published) values (?, ?, ?, ?, ?) "
        "on conflict (school, dataset) do update set loaded = excluded.loaded, loaded_ns = excluded.loaded_ns"
    )
    for dataset, content in contents.items():
        database.execute(sql, (school, dataset, content, time.time_ns(), b""))


def note_published(database: Database, school: str, dataset: str, content: bytes, recipient: str) -> None:
    """It is with the broker."""
    sql = "update school_data set published = ?, published_ns = ?, recipient = ? where school = ? and dataset = ?"
    with database.transaction():
        database.execute(sql, (content, time.time_ns(), recipient, school, dataset))
