"""SQLite and PostgreSQL behind one narrow face: statements with ?, transactions, a bulk insert of events.

Raises  StoreDown whenever the database cannot do its work now: locked, gone, full, dead-locked. The caller tries again.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from centre.enrolment_tables import ENROLMENT_TABLES
from centre.errors import CentreError, StoreDown
from centre.incident_tables import INCIDENT_TABLES

BUSY_S = 5.0
Row = tuple[Any, ...]

SCHEMA = """
create table if not exists school (name text primary key, key {bytes} not null, added_ns bigint not null);
create table if not exists stream (
  id {serial}, school text not null, epoch text not null, lane text not null,
  through bigint not null default 0, highest bigint not null default 0, events bigint not null default 0,
  unique (school, epoch, lane));
create table if not exists event (
  stream bigint not null, sequence bigint not null, type text not null, time text not null, received_ns bigint not null,
  body text not null, primary key (stream, sequence)) {rowless};
create table if not exists loss (
  stream bigint not null, first bigint not null, last bigint not null, primary key (stream, first, last));
create table if not exists quarantine (
  id {serial}, stream bigint not null, first bigint not null, last bigint not null, reason text not null,
  received_ns bigint not null, body {bytes} not null);
create index if not exists quarantine_range on quarantine (stream, first, last);
create table if not exists conflict (
  id {serial}, stream bigint not null, sequence bigint not null, received_ns bigint not null, body text not null);
create index if not exists conflict_key on conflict (stream, sequence);
create table if not exists ahead (
  school text not null, id text not null, received_ns bigint not null, body text not null, primary key (school, id));
create table if not exists presence (
  school text primary key, state text not null, session text not null, epoch text not null, seen_ns bigint not null,
  body text not null);
create table if not exists refusal (
  school text not null, reason text not null, count bigint not null, latest_ns bigint not null,
  primary key (school, reason));
create table if not exists evidence (
  id {serial}, school text not null, name text not null, sha256 text not null, bytes bigint not null,
  received_ns bigint not null, whole_ns bigint not null default 0, unique (school, name));
create table if not exists evidence_part (
  evidence bigint not null, first bigint not null, body {bytes} not null, primary key (evidence, first));
create table if not exists evidence_told (
  school text not null, name text not null, type text not null, body text not null,
  primary key (school, name, type));
create table if not exists reference (
  school text not null, dataset text not null, version bigint not null, content {bytes} not null,
  primary key (school, dataset));
create table if not exists school_secret (
  school text primary key, card_key {bytes} not null, person_key {bytes} not null);
create table if not exists person (
  school text not null, key text not null, kind text not null, external text not null, class text not null,
  name text not null, primary key (school, key));
create table if not exists school_data (
  school text not null, dataset text not null, loaded {bytes} not null, loaded_ns bigint not null,
  published {bytes} not null, published_ns bigint not null default 0, recipient text not null default '',
  primary key (school, dataset));
create table if not exists orders (
  school text not null, number bigint not null, name text not null, issued_ns bigint not null, answer text,
  primary key (school, number));
create table if not exists school_key (
  school text not null, key {bytes} not null, added_ns bigint not null, primary key (school, key));
create table if not exists ledger_leaf (
  school text not null, epoch text not null, idx bigint not null, stream bigint not null, sequence bigint not null,
  entry_hash {bytes} not null, primary key (school, epoch, idx, stream, sequence)) {rowless};
create table if not exists ledger_entry (
  school text not null, epoch text not null, idx bigint not null, entry text not null,
  primary key (school, epoch, idx));
create table if not exists ledger_checkpoint (
  school text not null, epoch text not null, stream bigint not null, sequence bigint not null, size bigint not null,
  root {bytes} not null, note text not null, verdict text not null, cosigned text not null default '',
  received_ns bigint not null, primary key (school, epoch, sequence));
create index if not exists ledger_checkpoint_size on ledger_checkpoint (school, epoch, size);
create index if not exists ledger_checkpoint_waits on ledger_checkpoint (school, epoch) where verdict = 'pending';
create table if not exists ledger_edge (
  school text not null, epoch text not null, size bigint not null, peaks {bytes} not null,
  primary key (school, epoch));
create table if not exists statement (
  school text not null, epoch text not null, idx bigint not null, stream bigint not null, sequence bigint not null,
  day text not null, body text not null, verdict text not null, root_after {bytes} not null default {nothing},
  primary key (school, epoch, idx));
create index if not exists statement_waits on statement (school, epoch) where verdict = 'pending';
create table if not exists correction (
  id {serial}, school text not null, made_ns bigint not null, author text not null, kind text not null,
  body text not null);
"""
SCHEMA += INCIDENT_TABLES + ENROLMENT_TABLES
MADE = frozenset(re.findall(r"if not exists (\w+)", SCHEMA))  # tables and indexes: where all are there, none is made


class Database(Protocol):
    """One connection, used by one thread."""

    lock: str  # what follows a select to lock its rows

    def execute(self, sql: str, args: Sequence[Any] = ()) -> list[Row]: ...
    def execute_many(self, sql: str, rows: list[Row]) -> None: ...
    def execute_each(self, sql: str, rows: list[Row]) -> list[list[Row]]:
        """A query with each of these, in this order: what each finds."""
        ...

    def insert_events(self, rows: list[Row]) -> int:
        """Insert (stream, sequence, type, time, received_ns, body) within a transaction; returns how many were new."""
        ...

    def transaction(self) -> Any: ...
    def snapshot(self) -> Any:
        """What is read within sees one moment, and keeps nobody from writing."""
        ...

    def close(self) -> None: ...


def open_database(url: str) -> Database:
    """sqlite:///PATH or postgresql://…; makes the tables that are missing. Raises CentreError K-102, StoreDown."""
    if url.startswith("sqlite:///"):
        return SqliteDatabase(Path(url.removeprefix("sqlite:///")))
    if url.startswith(("postgresql://", "postgres://")):
        from centre.postgres import PostgresDatabase  # the driver is an extra

        return PostgresDatabase(url)
    raise CentreError(
        "K-102", f"{url.split('@')[-1]} is no database URL", do="Write sqlite:///PATH or postgresql://HOST/NAME."
    )


class SqliteDatabase:
    """One file; WAL, every commit on disk."""

    lock = ""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S, check_same_thread=False)
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            self._db.execute("pragma wal_autocheckpoint=4000")
            if not {row[0] for row in self._db.execute("select name from sqlite_master")} >= MADE:
                made = SCHEMA.format(bytes="blob", serial="integer primary key", rowless="without rowid", nothing="x''")
                self._db.executescript(f"begin immediate;{made}commit;")
        except (sqlite3.Error, OSError) as error:
            raise StoreDown(str(error)) from error

    def execute(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        try:
            return self._db.execute(sql, args).fetchall()
        except sqlite3.Error as error:
            raise StoreDown(str(error)) from error

    def execute_many(self, sql: str, rows: list[Row]) -> None:
        try:
            self._db.executemany(sql, rows)
        except sqlite3.Error as error:
            raise StoreDown(str(error)) from error

    def execute_each(self, sql: str, rows: list[Row]) -> list[list[Row]]:
        return [self.execute(sql, row) for row in rows]

    def insert_events(self, rows: list[Row]) -> int:
        before = self._db.total_changes
        try:
            self._db.executemany("insert into event values (?, ?, ?, ?, ?, ?) on conflict do nothing", rows)
        except sqlite3.Error as error:
            raise StoreDown(str(error)) from error
        return self._db.total_changes - before

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.execute("begin immediate")
        try:
            yield
            self.execute("commit")
        except BaseException:  # whatever it was, also Ctrl-C: nothing half done stays open; it is raised again
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self.execute("begin")
        try:
            yield
        finally:
            self._db.rollback()

    def close(self) -> None:
        self._db.close()
