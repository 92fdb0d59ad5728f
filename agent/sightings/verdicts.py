"""A person confirmed or dismissed what a camera suspected. Who keeps incidents calls this, in the same commit."""

from __future__ import annotations

from enum import StrEnum

from agent.outbox.group import Transaction

RECORD = """
insert into sighting_verdict (sighting_id, verdict, at_ns) select id, ?2, ?3 from sighting where id = ?1
on conflict do update set verdict = excluded.verdict, at_ns = excluded.at_ns
"""
WITHIN = "select id from sighting where camera = ? and kind = ? and at_ns between ? and ? order by id"


class Verdict(StrEnum):
    """The last one counts."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


def record_verdict(transaction: Transaction, sighting_id: int, verdict: Verdict, at_ns: int) -> None:
    """Of one sighting; of one that is forgotten nothing is kept."""
    transaction.execute(RECORD, (sighting_id, verdict.value, at_ns))


def record_verdict_of(
    transaction: Transaction, camera: str, kind: str, *, first_ns: int, last_ns: int, verdict: Verdict, at_ns: int
) -> list[int]:
    """Of all that this camera suspected of this kind within a time: an incident joins them. Returns their ids."""
    found = [id_ for (id_,) in transaction.execute(WITHIN, (camera, kind, first_ns, last_ns)).fetchall()]
    for id_ in found:
        record_verdict(transaction, id_, verdict, at_ns)
    return found
