"""From what was loaded to what the broker keeps for the box: which datasets are due, sealed for whom, published.

Raises  CentreError K-142 if sealed datasets are due and the box has told no recipient, K-143 if nothing was loaded,
        K-123 for what is too large, K-112 without a broker; StoreDown.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from centre import admin, age, keys, reference
from centre.errors import CentreError
from centre.school.datasets import MADE_HERE, SEALED
from centre.school.kept import Kept, kept_of, note_published
from centre.school.live import note_live
from centre.settings import Settings
from centre.store import Store


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that is to be published, and why: changed, again, another box, renewed."""

    dataset: str
    why: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that is with the broker now."""

    dataset: str
    why: str
    version: int
    bytes: int


def due(kept: Mapping[str, Kept], recipient: str, now_ns: int, *, again: bool = False) -> list[Due]:
    """In the order of publication. Pure."""
    found = []
    for dataset in MADE_HERE:
        if dataset not in kept:
            continue
        one = kept[dataset]
        why = (
            "changed" if one.changed
            else "again" if again
            else "another box" if dataset in SEALED and recipient and one.recipient != recipient
            else "renewed" if one.old(now_ns)
            else ""
        )  # fmt: skip
        if why:
            found.append(Due(dataset=dataset, why=why))
    return found


def publish(settings: Settings, store: Store, school: str, *, again: bool = False) -> list[Done]:
    """What is due; what needs no seal goes also where the box is not known yet."""
    note_live(store.database, settings, school)
    kept = kept_of(store.database, school)
    if not kept:
        do = f"Load it first: `mektep-centre school-data load {school} DIR`."
        raise CentreError("K-143", f"nothing was ever loaded for {school}", do=do)
    recipient = store.recipient_of(school)
    found = due(kept, recipient, time.time_ns(), again=again)
    sealable = age.usable(recipient)
    waiting = [one.dataset for one in found if one.dataset in SEALED and not sealable]
    done = [
        _publish(settings, store, school, one, kept[one.dataset].loaded, recipient)
        for one in found
        if one.dataset not in waiting
    ]
    if waiting:
        raise _no_recipient(school, store, waiting)
    return done


def _publish(settings: Settings, store: Store, school: str, one: Due, plain: bytes, recipient: str) -> Done:
    content = age.seal(plain, recipient) if one.dataset in SEALED else plain
    reference.check_size(content)
    published = reference.Published(store.database)
    last, former = published.newest(school, one.dataset)
    version = reference.next_version(last)
    key = keys.orders_key(settings.file("."))
    told = reference.messages(key, school, one.dataset, version, content, reference.part_names(former))
    admin.publish_retained(settings, [(message.topic, message.payload, message.user) for message in told])
    published.note(school, one.dataset, version, content)
    note_published(store.database, school, one.dataset, plain, recipient if one.dataset in SEALED else "")
    return Done(dataset=one.dataset, why=one.why, version=version, bytes=len(content))


def _no_recipient(school: str, store: Store, waiting: list[str]) -> CentreError:
    names = ", ".join(waiting)
    if store.epoch_of(school):
        what = f"the box of {school} has told no usable recipient: {names} cannot be sealed for it"
        return CentreError("K-142", what, do="Update the agent of that box; then publish again.")
    do = f"Wait for its birth (`mektep-centre status --school {school}`), then publish again."
    return CentreError("K-142", f"{school} has never been seen: {names} cannot be sealed for its box", do=do)
