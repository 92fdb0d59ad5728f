"""A box that is lost or stolen: what it holds opens nothing any more. What is left to do is listed.

Out     its certificates are revoked, its line is ended, its signing key refused for good, an open invitation void.
Cards   are hashed under a new key from the next `school-data load` on: the old hashes, with their key, are on the box.
Left    the passwords of its cameras, for a person; the next box is enrolled and its data published anew.
"""

from __future__ import annotations

import secrets
import time

import msgspec

from centre import admin, broker, revocation
from centre.camera_list import cameras
from centre.enrolment import Enrolments
from centre.school.persons import KEY_BYTES
from centre.settings import Settings
from centre.store import Store

HASHED = "cards"  # the dataset that is made with the card key


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, and what is left."""

    school: str
    revoked: list[str]  # serials
    keys: int  # signing keys that are refused from now on
    card_key: bool  # whether there was one to replace
    cameras: list[str]  # whose passwords were on the box


def lose(settings: Settings, store: Store, school: str) -> Lost:
    """Raises CentreError K-112, K-113, K-182, after which it is to be run again; StoreDown."""
    enrolments = Enrolments(store.database, settings.file("."))
    enrolments.withdraw(school)
    revoked = enrolments.revoke(school, "lost")
    keys = enrolments.lose_keys(school)
    rotated = _rotate(store, school)
    store.remove_school(school)
    found = sorted({f"{one.camera} ({one.place})" for one in cameras(store.database, school, time.time_ns())})
    revocation.put_out(settings, store.database, school)
    if not admin.remove_school(settings, school):
        broker.remove_school(settings.file("broker"), school)
    return Lost(school=school, revoked=revoked, keys=keys, card_key=rotated, cameras=found)


def _rotate(store: Store, school: str) -> bool:
    """A new card key; nothing that was made with the old one is published again."""
    with store.database.transaction():
        sql = "update school_secret set card_key = ? where school = ? returning school"
        rows = store.database.execute(sql, (secrets.token_bytes(KEY_BYTES), school))
        store.database.execute("delete from school_data where school = ? and dataset = ?", (school, HASHED))
    return bool(rows)
