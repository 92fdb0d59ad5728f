"""What the commands of this box may ask of the running agent: its incidents, an answer, a drill, how far lanes are."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.errors import AgentError
from agent.incidents.answers import ANSWERS, Reason, Word
from agent.incidents.incidents import Incidents, Outcome
from agent.incidents.kinds import PLACE_CHARS, Kind
from agent.incidents.steps import By
from agent.incidents.view import View
from agent.model import Lane
from agent.ops.control import Handler, args_of
from agent.outbox.outbox import Outbox

CLOSED_MOST = 200
REFUSED = {  # a word of agent/incidents/life.py -> what to do
    "not_told": "Wait a moment: it is being told.",
    "not_decided": "Say first what it was: `mektep incident confirm` or `mektep incident dismiss`.",
    "no_reason": "Say why: `mektep incident dismiss --reason`.",
    "already_confirmed": "It is confirmed; close it when all is done: `mektep incident close`.",
    "already_dismissed": "Nothing; it closes by itself. What happens anew opens another one.",
    "already_closed": "Nothing.",
}


class ListArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    closed: Annotated[int, Meta(ge=0, le=CLOSED_MOST)] = 0  # how many of the latest that are over, besides


class AnswerArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    incident: Annotated[str, Meta(min_length=4, max_length=36)]  # the beginning of its id will do
    answer: Word
    reason: Reason = ""


class DrillArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Kind
    place: Annotated[str, Meta(max_length=PLACE_CHARS)] = ""


class NoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    incidents: tuple[View, ...]


class LaneNow(msgspec.Struct, frozen=True, kw_only=True):
    """How far the alarm lane is: what is on the disk, and what the centre has said it stores."""

    epoch: str
    last: int
    settled: int


class Drilled(msgspec.Struct, frozen=True, kw_only=True):
    """A drill that has begun; `alarm.last` is the last event that tells of it."""

    incident: View
    alarm: LaneNow


def asks_of(incidents: Incidents, outbox: Outbox) -> dict[str, Handler]:
    """Word to what answers it."""

    def lane() -> LaneNow:
        state = outbox.state(Lane.ALARM)
        return LaneNow(epoch=outbox.epoch, last=state.last, settled=state.settled)

    async def listed(args: dict[str, Any], _account: str) -> object:
        wanted = args_of(args, ListArgs).closed
        open_now = incidents.open_now()
        known = {one.incident for one in open_now}
        over = await incidents.closed(wanted) if wanted else ()
        return Listed(incidents=(*open_now, *(one for one in over if one.incident not in known)))

    async def answer(args: dict[str, Any], account: str) -> object:
        given = args_of(args, AnswerArgs)
        view = _meant(given.incident, incidents.open_now())
        outcome = await incidents.answer(
            view.incident, ANSWERS[given.answer], By(channel="command", account=account), given.reason
        )
        return _view(outcome, view)

    async def drill(args: dict[str, Any], account: str) -> object:
        given = args_of(args, DrillArgs)
        outcome = await incidents.drill(given.kind, given.place, account)
        if outcome.view is None:
            raise _refused(outcome.refused, "the drill")
        return Drilled(incident=outcome.view, alarm=lane())

    async def lanes(args: dict[str, Any], _account: str) -> object:
        args_of(args, NoArgs)
        return lane()

    return {"incidents": listed, "answer": answer, "drill": drill, "alarm-lane": lanes}


def _meant(beginning: str, views: tuple[View, ...]) -> View:
    found = [one for one in views if one.incident.startswith(beginning.lower())]
    if len(found) != 1:
        several = f"{beginning} is one of several that are open; write more of its id"
        what = several if found else f"no incident {beginning} is open"
        raise AgentError("U-124", what, do="`mektep incident list` names them.")
    return found[0]


def _view(outcome: Outcome, asked: View) -> View:
    if outcome.refused or outcome.view is None:
        raise _refused(outcome.refused, f"incident {asked.incident[:8]}")
    return outcome.view


def _refused(word: str, what: str) -> AgentError:
    return AgentError(
        "U-125",
        f"{what}: {word.replace('_', ' ')}",
        do=REFUSED.get(word, "`mektep incident list` shows how it stands."),
    )
