"""Examples of incidents: opened and told in the alarm lane, a report typed at the centre, the box's answer to it."""

from __future__ import annotations

import msgspec
from contract_signing import BOOT, EPOCH, NOW_NS, SCHOOL, SECOND, TOPICS, Example, signed

from agent.events import draft
from agent.incident_events import Addressee, IncidentOpened, IncidentTold, Sign
from agent.incidents.kinds import Kind as Incident
from agent.incidents.life import State
from agent.incidents.orders import ReportArgs, Reported
from agent.model import Lane, Moment, Severity
from agent.outbox.envelope import Envelope
from agent.sync.topics import Answer, Kind, Order, RangeVerdict, Verdict
from agent.sync.trust import batch_statement
from agent.wall_time import rfc3339

FIRE, TYPED = "5b1f6a0e-2c94-4b7a-9a55-6f2f0d0c1e77", "d0a7c6b2-91f4-4a36-8f0e-3b2a7c1d9e10"
DUTY = "3f9c1b7a5d2e8046"
NUMBER = 19


def good() -> list[Example]:
    return [opened(), report(), reported()]


def opened() -> Example:
    """A panel's fire, the fifth and the sixth alarm of the epoch."""
    at = Moment(NOW_NS, 5_000 * SECOND, True)
    what = IncidentOpened(
        incident=FIRE, kind="fire", place="sports hall", certainty="certain",
        sign=Sign(source="fire-panel/3", what="fire", certain=True, at=rfc3339(NOW_NS)),
    )  # fmt: skip
    told = IncidentTold(
        incident=FIRE, kind="fire", place="sports hall", certainty="certain", step=0, why="first",
        to=[Addressee(role="duty", staff=DUTY), Addressee(role="city"), Addressee(role="police")],
        locally=["siren-1"], answer_by=rfc3339(NOW_NS + 60 * SECOND),
    )  # fmt: skip
    envelope = Envelope(SCHOOL, EPOCH, Lane.ALARM, BOOT)
    events = [
        envelope.encode(draft(data, at, severity=Severity.FATAL), 5 + number, NOW_NS + SECOND // 100)
        for number, data in enumerate((what, told))
    ]
    body = b"[" + b",".join(events) + b"]"
    statement = batch_statement(EPOCH, 5, 6)
    found = signed(
        "incident", "An incident, opened and told", Kind.BATCH, TOPICS.events(Lane.ALARM), body, by="box",
        statement=statement,
    )  # fmt: skip
    found.verdicts = [RangeVerdict(verdict=Verdict.STORED, first=5, last=6)]
    return found


def report() -> Example:
    args = ReportArgs(incident=TYPED, kind=Incident.BULLYING, place="yard", report="r-2026-000118")
    found = Order(
        order="incident.report", school=SCHOOL, epoch=EPOCH, number=NUMBER, issued=rfc3339(NOW_NS + 2 * SECOND),
        expires=rfc3339(NOW_NS + 302 * SECOND), args=msgspec.to_builtins(args),
    )  # fmt: skip
    topic = f"{TOPICS.orders}incident.report"
    about = "An order: somebody has typed a report"
    return signed("incident-report", about, Kind.ORDER, topic, msgspec.json.encode(found), by="orders")


def reported() -> Example:
    result = Reported(state=State.TOLD, to=(Addressee(role="duty", staff=DUTY),))
    found = Answer(
        order="incident.report", school=SCHOOL, epoch=EPOCH, number=NUMBER, outcome="done", reason="",
        result=msgspec.to_builtins(result), time=rfc3339(NOW_NS + 3 * SECOND),
    )  # fmt: skip
    about = "The answer to it: who was told"
    return signed("incident-reported", about, Kind.ANSWER, TOPICS.answers, msgspec.json.encode(found), by="box")
