"""The birth of a box, and its will: what it says of itself when it connects. docs/protocol.md, section 4."""

from __future__ import annotations

import msgspec

from agent import __version__
from agent.clock import Clock
from agent.model import Lane
from agent.outbox.outbox import Outbox
from agent.reference import Reference
from agent.sync.topics import Birth, LaneReport
from agent.wall_time import rfc3339


def birth(state: str, school: str, session: str, outbox: Outbox, reference: Reference, clock: Clock) -> bytes:
    """The payload; `state` is online or offline."""
    lanes = {
        lane.word: LaneReport(last=outbox.last(outbox.epoch, lane), settled=outbox.settled(outbox.epoch, lane))
        for lane in Lane
    }
    found = Birth(
        state=state,
        school=school,
        session=session,
        bootid=clock.boot_id,
        epoch=outbox.epoch,
        agent=__version__,
        clock="synced" if clock.synced() else "unsynced",
        time=rfc3339(clock.utc_ns()),
        datasets=reference.versions(),
        recipient=reference.recipient,
        lanes=lanes,
        owes=[epoch for epoch in outbox.owes() if epoch != outbox.epoch],
    )
    return msgspec.json.encode(found)
