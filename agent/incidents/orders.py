"""The centre's orders about incidents: report one, answer one, begin a drill. docs/protocol.md, section 6."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

from agent.event_words import Somebody, Uuid
from agent.incident_events import Addressee, Place
from agent.incidents.answers import ANSWERS, Reason, Word
from agent.incidents.incidents import Incidents, Outcome
from agent.incidents.kinds import Kind, Role
from agent.incidents.life import State
from agent.incidents.steps import By
from agent.incidents.view import View
from agent.sync.orders import Failed, Handler, args_of
from agent.sync.topics import Order

VISIBLE = r"^[!-~]*$(?!\n)"  # ASCII; $ alone allows a line end after it


class ReportArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`incident.report`: what somebody typed at the centre."""

    incident: Annotated[Uuid, Meta(max_length=36, description="the centre's own: the same again changes nothing")]
    kind: Kind
    place: Place = ""
    certain: Annotated[bool, Meta(description="whether a person of the school says so")] = False
    drill: bool = False
    report: Annotated[str, Meta(max_length=64, pattern=VISIBLE, description="the centre's id of what was typed")] = ""


class AnswerArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`incident.answer`: what a person has said at the centre."""

    incident: Annotated[Uuid, Meta(max_length=36)]
    answer: Word
    by: Annotated[Somebody, Meta(max_length=16)] = ""
    role: Role | None = None
    reason: Annotated[Reason, Meta(description="a word of docs/incidents.md, for a dismissal")] = ""


class DrillArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`drill`: the whole chain, nothing happened."""

    kind: Kind
    place: Place = ""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `incident.report`."""

    state: State
    to: Annotated[tuple[Addressee, ...], Meta(description="who was told last")]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `incident.answer`."""

    state: State


class Drilled(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `drill`."""

    incident: Uuid


def incident_orders(incidents: Incidents) -> dict[str, Handler]:
    """Name of the order to what carries it out."""

    async def report(order: Order) -> dict[str, object]:
        args = args_of(order, ReportArgs)
        outcome = await incidents.report(
            args.incident, args.kind, args.place, report=args.report, certain=args.certain, drill=args.drill
        )
        view = _view(outcome)
        return _result(Reported(state=view.state, to=view.to))

    async def answer(order: Order) -> dict[str, object]:
        args = args_of(order, AnswerArgs)
        by = By(channel="centre", staff=args.by, role=args.role or "")
        outcome = await incidents.answer(args.incident, ANSWERS[args.answer], by, args.reason)
        return _result(Answered(state=_view(outcome).state))

    async def drill(order: Order) -> dict[str, object]:
        args = args_of(order, DrillArgs)
        id_ = str(uuid5(UUID(order.epoch), f"drill/{order.number}"))  # carried out twice it is one drill
        return _result(Drilled(incident=_view(await incidents.drill(args.kind, args.place, incident=id_)).incident))

    return {"incident.report": report, "incident.answer": answer, "drill": drill}


def _result(result: msgspec.Struct) -> dict[str, object]:
    told: dict[str, object] = msgspec.json.decode(msgspec.json.encode(result))
    return told


def _view(outcome: Outcome) -> View:
    if outcome.refused or outcome.view is None:
        raise Failed(outcome.refused or "unknown_incident")
    return outcome.view
