"""Which kind of source a word on the command line means: a folder, an archive, the centre's database or a box's."""

from __future__ import annotations

from pathlib import Path

from agent.audit import box_database, centre_database
from agent.audit.export import Export
from agent.audit.rows import Rows, SqliteRows, is_sqlite
from agent.audit.source import Source
from agent.errors import AgentError

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")


def open_source(text: str, school: str) -> Source:
    """A folder or .tar, sqlite:///PATH, postgresql://HOST/NAME, or the path of a database.

    Raises AgentError A-101, A-104.
    """
    if text.startswith(POSTGRES):
        return _database(_postgres(text), text.rpartition("@")[2], school)
    path = Path(text.removeprefix(SQLITE))
    if text.startswith(SQLITE) or is_sqlite(path):
        return _database(SqliteRows(path), str(path), school)
    export = Export(path)
    if school and school != export.school:
        raise AgentError(
            "A-101", f"it is the ledger of {export.school}", do="Leave --school out, or give another export."
        )
    return export


def _database(rows: Rows, name: str, school: str) -> Source:
    tables = rows.tables()
    if tables >= centre_database.TABLES:
        return centre_database.CentreDatabase(rows, school)
    if tables >= box_database.TABLES:
        return box_database.BoxDatabase(rows, school)
    rows.close()
    do = "Give the database of a centre, or a box's outbox.db, of a version that has a ledger."
    raise AgentError("A-101", f"{name} has no ledger in it", do=do)


def _postgres(url: str) -> Rows:
    try:
        from agent.audit.postgres import PostgresRows  # its driver is an extra
    except ImportError as error:
        do = "pip install 'mektep-agent[audit]', or give an export."
        raise AgentError("A-104", "psycopg, which reads PostgreSQL, is not installed", do=do) from error
    return PostgresRows(url)
