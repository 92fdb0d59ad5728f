"""Who a person is, and who says so: a pupil by the school's own id or the key that boxes have, an author by name.

Raises  CentreError K-151 for a pupil that nobody knows.
"""

from __future__ import annotations

import getpass
import re

from centre.database import Database
from centre.errors import CentreError

KEY = re.compile(r"[0-9a-f]{16}")


def pupil_key(database: Database, school: str, name: str) -> str:
    """Of an id as the school writes it, or of a key."""
    sql = "select key from person where school = ? and kind = 'pupil' and (external = ? or key = ?)"
    rows = database.execute(sql, (school, name, name))
    if rows:
        return str(rows[0][0])
    if KEY.fullmatch(name):
        return name  # of a child who was never loaded here, or is forgotten already
    do = "Give the id as it stands in pupils.csv, or the key of 16 hex digits."
    raise CentreError("K-151", f"{school} has no pupil {name!a}", do=do)


def author(given: str | None) -> str:
    """Who makes a record: as told, else who is logged in."""
    if given:
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # a service without a name
        raise CentreError("K-155", "nobody says who makes this record", do="Give --author NAME.") from error
