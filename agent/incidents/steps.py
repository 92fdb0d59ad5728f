"""One input to one incident, in one transaction: the row changes and its events are put, or neither.

Runs in the writer's thread, and may run again if the commit fails: it uses the transaction and its arguments alone.
Which state follows: agent/incidents/life.py. Who is told: agent/incidents/duty.py.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agent.book import Book
from agent.events import draft
from agent.evidence import rows as evidence_rows
from agent.incident_events import (
    Addressee,
    IncidentAnswered,
    IncidentClosed,
    IncidentEvidence,
    IncidentJoined,
    IncidentOpened,
    IncidentTold,
    Sign,
)
from agent.incidents import duty, joining, rows
from agent.incidents.answers import WORDS, Reason
from agent.incidents.due import after, is_due
from agent.incidents.duty import Group
from agent.incidents.kinds import HOUR_S, Certainty, Manner
from agent.incidents.life import LIVE, Act, Input, Refusal, State, step
from agent.incidents.rows import Incident, SignRow
from agent.incidents.signs import Seen
from agent.model import Moment, Severity
from agent.outbox.group import Transaction
from agent.school.since import Stamp, elapsed_ns, stamp
from agent.sightings.verdicts import Verdict, record_verdict_of
from agent.wall_time import rfc3339

VERDICTS = {Input.CONFIRM: Verdict.CONFIRMED, Input.DISMISS: Verdict.DISMISSED}
OFTEN = 30  # reminders
SELDOM_S = HOUR_S
Locally = Callable[[Incident], list[str]]


class By(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers, and by what."""

    channel: str  # centre, card, button, command
    staff: str = ""  # a person's key; empty if it is not known
    role: str = ""  # as whom; empty: as they were told
    account: str = ""  # on the box


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """All that a step knows besides its input."""

    book: Book
    now: Moment
    boot: str
    locally: Locally = lambda _incident: []  # which lamps, sirens and readers show it

    @property
    def stamp(self) -> Stamp:
        return stamp(self.now, self.boot)


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What a step has done."""

    incident: Incident | None = None  # as it stands now
    opened: bool = False
    told: bool = False  # somebody was told
    cameras: tuple[str, ...] = ()  # that saw it for the first time now
    refused: str = ""  # a word of agent/incidents/life.py, or unknown_incident


# --- signs ------------------------------------------------------------------------------------------------------


def saw(transaction: Transaction, scene: Scene, seen: Seen, fresh: str) -> Effects:
    """A sign opens an incident, named `fresh` unless the sign brings a name, or joins one."""
    if seen.incident and (known := rows.one(transaction, seen.incident)) is not None:
        return Effects(incident=known)  # the same order again
    found = joining.joined(seen, rows.live(transaction), scene.stamp)
    if found is None:
        return _open(transaction, scene, seen, seen.incident or fresh)
    return _join(transaction, scene, seen, found)


def _open(transaction: Transaction, scene: Scene, seen: Seen, id_: str) -> Effects:
    at = stamp(seen.at, scene.boot)
    sign = _row(seen, at)
    incident = Incident(
        id=id_, kind=seen.kind, place=seen.place, drill=seen.drill, report=seen.report,
        certainty=joining.certainty([sign]), opened=at, since=scene.stamp, latest_sign=at,
    )  # fmt: skip
    incident = rows.add(transaction, incident, sign)
    opened = IncidentOpened(
        incident=id_, kind=seen.kind.value, place=seen.place, certainty=incident.certainty.value,
        sign=_sign(seen), drill=seen.drill, report=seen.report,
    )  # fmt: skip
    _put(transaction, scene, incident, opened, seen.at)
    _evidence(transaction, scene, incident, seen)
    state, _ = step(incident.state, Input.TELL)
    manner = duty.manner_of(incident.kind, scene.book)
    besides = [*(manner.at_once if incident.certainty is Certainty.CERTAIN else ()), *seen.also]
    to = duty.first(_chain(incident, scene), besides)
    incident = _tell(transaction, scene, _now(incident, state, scene), "first", to, manner.answer_s)
    return Effects(incident=incident, opened=True, told=True, cameras=incident.cameras)


def _join(transaction: Transaction, scene: Scene, seen: Seen, found: Incident) -> Effects:
    at = stamp(seen.at, scene.boot)
    incident, fresh = rows.add_sign(transaction, found, _row(seen, at))
    became = max(found.certainty, joining.certainty(incident.signs), key=list(Certainty).index)
    certain = became is Certainty.CERTAIN and found.certainty is not Certainty.CERTAIN
    latest = found.latest_sign if seen.standing else at  # a repetition is nothing new
    incident = msgspec.structs.replace(incident, certainty=became, latest_sign=latest)
    state, act = step(found.state, Input.CERTAIN if certain else Input.SIGN)
    anew = (state, act) == (State.TOLD, Act.JOIN) and not seen.standing and joining.begins_anew(found, scene.stamp)
    if fresh:
        joined = IncidentJoined(
            incident=incident.id, certainty=became.value, sign=_sign(seen), signs=len(incident.signs),
            report=seen.report,
        )  # fmt: skip
        _put(transaction, scene, incident, joined, seen.at)
    _evidence(transaction, scene, incident, seen)
    if act is Act.ALARM:
        manner = duty.manner_of(incident.kind, scene.book)
        to = duty.united(incident.reached, duty.first(_chain(incident, scene), manner.at_once))
        incident = msgspec.structs.replace(_now(incident, state, scene), answered_by="", reminded=0)
        incident = _tell(transaction, scene, incident, "certain", to, manner.answer_s)
    elif anew:
        incident = _overdue(transaction, scene, incident).incident or incident  # they hear of it now, or the next do
    else:
        incident = rows.change(transaction, incident)
    cameras = tuple(one for one in incident.cameras if one not in found.cameras)
    return Effects(incident=incident, told=act is Act.ALARM or anew, cameras=cameras)


def _evidence(transaction: Transaction, scene: Scene, incident: Incident, seen: Seen) -> None:
    if seen.shown.snapshot or seen.shown.blurred:
        shown = IncidentEvidence(
            incident=incident.id, camera=seen.camera, snapshot=seen.shown.snapshot, blurred=seen.shown.blurred
        )
        _put(transaction, scene, incident, shown, seen.at)
        for id_ in filter(None, (seen.shown.snapshot, seen.shown.blurred)):
            evidence_rows.belongs(transaction, id_, incident.id)


def clip(transaction: Transaction, scene: Scene, incident: Incident, camera: str, id_: str) -> None:
    """A video of it is being kept."""
    shown = IncidentEvidence(incident=incident.id, camera=camera, clip=id_)
    _put(transaction, scene, incident, shown, scene.now)
    evidence_rows.belongs(transaction, id_, incident.id)


# --- answers ----------------------------------------------------------------------------------------------------


def answer(transaction: Transaction, scene: Scene, id_: str, given: Input, by: By, reason: Reason = "") -> Effects:
    """A person answers, or closes it. Of two at one moment the first one counts."""
    incident = rows.one(transaction, id_)
    if incident is None:
        return Effects(refused="unknown_incident")
    try:
        state, act = step(incident.state, given)
    except Refusal as refusal:
        return Effects(incident=incident, refused=refusal.word)
    if given is Input.DISMISS and not reason:
        return Effects(incident=incident, refused="no_reason")
    if act is Act.CLOSE:
        return Effects(incident=_close(transaction, scene, incident, by))
    if act is Act.NOTE and _name(by) == incident.answered_by:
        return Effects(incident=incident)  # they have said so already
    _answered(transaction, scene, incident, given, by, reason)
    if act is Act.NOTE:
        return Effects(incident=rows.change(transaction, incident))
    incident = _now(incident, state, scene)
    if given is Input.CONFIRM:
        return _confirmed(transaction, scene, incident)
    manner = duty.manner_of(incident.kind, scene.book)
    incident = msgspec.structs.replace(
        incident,
        answered_by=incident.answered_by or _name(by),
        due=after(scene.stamp, manner.decide_s if given is Input.ACKNOWLEDGE else manner.close_s),
    )
    return Effects(incident=rows.change(transaction, incident))


def _confirmed(transaction: Transaction, scene: Scene, incident: Incident) -> Effects:
    """A person's word is certain: those who are told of certain ones only know it now."""
    manner = duty.manner_of(incident.kind, scene.book)
    incident = msgspec.structs.replace(incident, certainty=Certainty.CERTAIN)
    reached = {duty.key(one) for one in incident.reached}
    to = tuple(Addressee(role=role) for role in manner.confirmed if role not in reached)
    if to:
        before = incident.latest_told
        incident = _tell(transaction, scene, incident, "certain", to, manner.end_s)
        incident = msgspec.structs.replace(incident, latest_told=duty.united(before, to))  # all hear if it stays open
        return Effects(incident=rows.change(transaction, incident), told=True)
    incident = msgspec.structs.replace(incident, due=after(scene.stamp, manner.end_s))
    return Effects(incident=rows.change(transaction, incident))


def _answered(transaction: Transaction, scene: Scene, incident: Incident, given: Input, by: By, reason: Reason) -> None:
    told_as = next((one.role for one in incident.reached if one.staff and one.staff == by.staff), "")
    data = IncidentAnswered(
        incident=incident.id, answer=WORDS[given], by=by.staff, role=by.role or told_as, channel=by.channel,
        account=by.account[:64], reason=reason,
        after_s=round(elapsed_ns(incident.opened, scene.stamp) / 1e9, 3),
    )  # fmt: skip
    _put(transaction, scene, incident, data, scene.now)
    if given in VERDICTS and not incident.drill:
        _judge(transaction, scene, incident, VERDICTS[given])


def _judge(transaction: Transaction, scene: Scene, incident: Incident, verdict: Verdict) -> None:
    """The cameras learn from it what their suspicions were worth."""
    for sign in incident.signs:
        if sign.camera:
            record_verdict_of(
                transaction, sign.camera, sign.what, first_ns=sign.first.utc_ns,
                last_ns=incident.latest_sign.utc_ns, verdict=verdict, at_ns=scene.now.utc_ns,
            )  # fmt: skip


def _close(transaction: Transaction, scene: Scene, incident: Incident, by: By | None) -> Incident:
    data = IncidentClosed(
        incident=incident.id, outcome=incident.state.value, by=by.staff if by else "",
        channel=by.channel if by else "", account=by.account[:64] if by else "",
        signs=len(incident.signs), told=incident.told,
    )  # fmt: skip
    _put(transaction, scene, incident, data, scene.now)
    closed = msgspec.structs.replace(_now(incident, State.CLOSED, scene), due=None)
    return rows.change(transaction, closed)


# --- deadlines --------------------------------------------------------------------------------------------------


def deadline(transaction: Transaction, scene: Scene, id_: str) -> Effects:
    """One step, however long the box was off; nothing if it is not due, or somebody was quicker."""
    incident = rows.one(transaction, id_)
    return _overdue(transaction, scene, incident) if incident and _is_overdue(incident, scene) else Effects()


def _is_overdue(incident: Incident, scene: Scene) -> bool:
    return incident.state in LIVE and (incident.due is None or is_due(incident.due, scene.stamp))


def _overdue(transaction: Transaction, scene: Scene, incident: Incident) -> Effects:
    state, act = step(incident.state, Input.DEADLINE)
    if act is Act.END:
        return Effects(incident=_close(transaction, scene, incident, None))
    manner = duty.manner_of(incident.kind, scene.book)
    chain = _chain(incident, scene)
    following = duty.following(chain, incident.reached)
    remind = act is Act.PURSUE and incident.latest_told and (incident.reminded < manner.reminders or not following)
    if remind:
        to = incident.latest_told if following else duty.united(incident.latest_told, chain[-1])
        incident = msgspec.structs.replace(incident, reminded=incident.reminded + 1)
        return _pursued(transaction, scene, _now(incident, state, scene), "reminder", to, _pause_s(manner, incident))
    why = {Act.PURSUE: "unanswered", Act.UNDECIDED: "undecided", Act.UNCLOSED: "unclosed"}.get(act, "first")
    to = following or chain[-1]
    if act is Act.UNCLOSED:
        to = duty.united(incident.latest_told, following)
    within_s = manner.end_s if act is Act.UNCLOSED else manner.answer_s
    incident = msgspec.structs.replace(_now(incident, state, scene), step=incident.step + 1, reminded=0)
    return _pursued(transaction, scene, incident, why, to, within_s)


def _pause_s(manner: Manner, incident: Incident) -> int:
    """Between two reminders: the same OFTEN times, then longer and longer; a school may be empty for a summer."""
    doubled = min(max(0, incident.reminded - OFTEN), 10)
    return max(manner.remind_every_s, min(manner.remind_every_s << doubled, SELDOM_S))


def _pursued(transaction: Transaction, scene: Scene, incident: Incident, why: str, to: Group, within_s: int) -> Effects:
    return Effects(incident=_tell(transaction, scene, incident, why, to, within_s), told=True)


# --- telling ----------------------------------------------------------------------------------------------------


def _tell(transaction: Transaction, scene: Scene, incident: Incident, why: str, to: Group, within_s: int) -> Incident:
    due = after(scene.stamp, within_s)
    incident = msgspec.structs.replace(
        incident, told=incident.told + 1, reached=_all(incident.reached, to), latest_told=to, due=due
    )
    data = IncidentTold(
        incident=incident.id, kind=incident.kind.value, place=incident.place, certainty=incident.certainty.value,
        drill=incident.drill, step=incident.step, why=why, to=list(to), locally=scene.locally(incident)[:64],
        answer_by=rfc3339(due.utc_ns),
    )  # fmt: skip
    _put(transaction, scene, incident, data, scene.now)
    return rows.change(transaction, incident)


def _all(reached: Group, to: Group) -> Group:
    """Everybody once; unlike a telling it has no limit."""
    known = {duty.key(one) for one in reached}
    return (*reached, *(one for one in to if duty.key(one) not in known))


def _chain(incident: Incident, scene: Scene) -> tuple[Group, ...]:
    return duty.chain(incident.kind, incident.place, scene.book, scene.now)


def _now(incident: Incident, state: State, scene: Scene) -> Incident:
    """In its new state, since now; one that stays in its state is there since before."""
    if state is incident.state:
        return incident
    return msgspec.structs.replace(incident, state=state, since=scene.stamp)


def _put(transaction: Transaction, scene: Scene, incident: Incident, data: msgspec.Struct, at: Moment) -> None:
    """A drill is told as loudly as a warning, whatever is practised."""
    severity = duty.manner_of(incident.kind, scene.book).severity if isinstance(data, _LOUD) else None
    if incident.drill and severity is not None:
        severity = Severity.WARN
    transaction.put(draft(data, at, severity=severity, source=f"incident/{incident.id}"))


_LOUD = (IncidentOpened, IncidentJoined, IncidentTold)


def _name(by: By) -> str:
    return by.staff or f"{by.channel}/{by.account}"


def _row(seen: Seen, at: Stamp) -> SignRow:
    return SignRow(
        source=seen.source, what=seen.what, family=seen.family.value, certain=seen.certain, camera=seen.camera, first=at
    )


def _sign(seen: Seen) -> Sign:
    return Sign(source=seen.source[:64], what=seen.what[:32], certain=seen.certain, at=rfc3339(seen.at.utc_ns))
