"""mektep drill KIND: the whole chain of an incident, marked as a drill, each step timed as it happens.

Somebody is told as if it were true, at the centre and at the school's lamps, and is to answer; the siren stays silent.
Exit code  0 if the centre has stored it and somebody has answered, 1 if one of them did not come in time
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.asking import ask
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.config import Config
from agent.errors import AgentError
from agent.incidents.kinds import MANNERS, Kind
from agent.incidents.view import View
from agent.ops.asks import Drilled, LaneNow, Listed
from agent.texts import Texts, load_texts
from agent.texts.measures import seconds

LOOK_S = 0.2


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the chain, and when it had come."""

    step: str  # kept, told, shown, stored, answered; missing: it did not come
    seconds: float
    detail: str = ""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=[kind.value for kind in Kind], help="what is played")
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--place", default="", help="where, as the configuration names it")
    where.add_argument("--zone", type=int, metavar="N", help="where: the place of this zone of the fire panel")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long an answer is waited for (120)")
    parser.add_argument("--json", action="store_true", help="one JSON object a step")


def run(args: argparse.Namespace, out: TextIO) -> int:
    found = config.load(args.file)
    place = args.place if args.zone is None else place_of_zone(found, args.zone)
    say = load_texts()
    well = True
    for step in play(found, Kind(args.kind), place, args.seconds):
        well = well and step.step != "missing"
        print(msgspec.json.encode(step).decode() if args.json else _line(step, say), file=out, flush=True)
    return WELL if well else ATTENTION


def place_of_zone(found: Config, zone: int) -> str:
    """Raises AgentError if no panel of this box names the zone."""
    places = {number: place for source in found.sources for number, place in source.places.items()}
    if zone not in places:
        known = ", ".join(f"{number} ({place})" for number, place in sorted(places.items())) or "none"
        raise AgentError("U-126", f"no panel of this box names zone {zone}", do=f"Zones with a name: {known}.")
    return places[zone]


def play(
    found: Config, kind: Kind, place: str, patience_s: float, now: Callable[[], float] = time.monotonic
) -> Iterator[Step]:
    """Begin, and tell each step when it has come."""
    began_s = now()
    begun = ask(found.state.control, "drill", Drilled, kind=kind.value, place=place)
    yield Step(step="kept", seconds=now() - began_s, detail=begun.incident.incident[:8])
    yield Step(step="told", seconds=now() - began_s, detail=", ".join(_told(begun.incident)))
    shown = [one.name for one in found.sources if kind in one.alerts and MANNERS[kind].lights]
    yield Step(step="shown", seconds=now() - began_s, detail=", ".join(shown))
    due: dict[str, Callable[[], str | None]] = {
        "stored": partial(_stored, found, begun),
        "answered": partial(_answered, found, begun.incident),
    }
    while due and now() - began_s < patience_s:
        for name, come in list(due.items()):
            detail = come()
            if detail is not None:
                del due[name]
                yield Step(step=name, seconds=now() - began_s, detail=detail)
        time.sleep(LOOK_S if due else 0)
    for name in due:
        yield Step(step="missing", seconds=now() - began_s, detail=name)


def _told(view: View) -> list[str]:
    return list(dict.fromkeys(f"{to.role} {to.staff[:6]}".strip() for to in view.to))


def _stored(found: Config, begun: Drilled) -> str | None:
    """None while the centre has not said that it stores the last event of the beginning."""
    lane = ask(found.state.control, "alarm-lane", LaneNow)
    return "" if lane.epoch != begun.alarm.epoch or lane.settled >= begun.alarm.last else None


def _answered(found: Config, begun: View) -> str | None:
    """Who has answered, or how it was closed; None while nobody has."""
    listed = ask(found.state.control, "incidents", Listed, closed=20).incidents
    view = next((one for one in listed if one.incident == begun.incident), None)
    if view is None or view.waits:
        return None
    return f"{view.state.value} {view.answered_by}".strip()


def _line(step: Step, say: Texts) -> str:
    after = f"{seconds(say, step.seconds, 2):>10}  "
    if step.step == "missing":
        return f"{after}{say('drill.missing')}: {say(f'drill.{step.detail}').rstrip(':')}"
    told = ", ".join(_in_words(one, say) for one in step.detail.split(", "))
    return f"{after}{say(f'drill.{step.step}')} {told}".rstrip()


def _in_words(detail: str, say: Texts) -> str:
    """A role, or how it was answered, goes first; names and keys are left as they are."""
    word, _, rest = detail.partition(" ")
    return f"{say.word('incident.', word)} {rest}".strip()
