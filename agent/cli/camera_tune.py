"""mektep camera tune [NAME]: a threshold for each detector, from what the school's own last days scored.

It proposes and changes nothing. The database is only read, also while the agent runs or is dead.
Exit code  0 every budget is kept and nothing is proposed; 1 otherwise, also while there are no days yet
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TextIO

import msgspec

from agent import config
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.footage_lines import footage_lines
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import as_owner
from agent.cli.picture_file import form_of, write
from agent.cli.tune_screen import draw
from agent.clock import SystemClock
from agent.config import Config
from agent.errors import AgentError
from agent.pipelines.measured import curves
from agent.pipelines.watch import Watch
from agent.sightings.rows import DAY_NS, HOUR_NS
from agent.sightings.view import Days, days
from agent.strict import closest
from agent.texts import load_texts
from agent.tuning.proposal import Why
from agent.tuning.view import Tuned, proposals, written
from agent.wall_time import rfc3339

DAYS, DAYS_MOST = 7, 30


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a camera, and the box's configuration: a .toml")
    parser.add_argument("--days", type=_days, default=DAYS, help=f"how many to look back ({DAYS}; at most {DAYS_MOST})")
    parser.add_argument("--budget", type=_budget, help="false alarms a week to aim at; without it the cameras' own")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw alarms against thresholds: .png or .jpg")


def run(args: argparse.Namespace, out: TextIO) -> int:
    name, file = which(args.names)
    found = config.load(file)
    watches = {source.name: source.watch for source in found.sources if source.watch.sees}
    if name:
        watches = {name: _one(name, watches)}
    form = form_of(args.picture) if args.picture else ""
    tuned = look(found, watches, args.days, args.budget)
    if args.picture:
        chart, shown = _drawing()

        title = f"{found.school}: alarms a week by threshold, {tuned.first[:10] or '-'} to {tuned.last[:10] or '-'}"
        write(args.picture, shown.encoded(chart.drawn(tuned.proposals, title), form))
    if args.json:
        print(msgspec.json.encode(tuned).decode(), file=out)
    else:
        draw(tuned, list(footage_lines(watches, curves(), load_texts())), file, out)
    settled = all(one.keeps_budget and one.why in (Why.STAYS, Why.NO_SCALE) for one in tuned.proposals)
    return WELL if settled else ATTENTION


def which(words: Sequence[str]) -> tuple[str, Path]:
    """A camera's name, and the configuration: a path has a dot or a slash, a name never. Raises AgentError V-406."""
    files = [word for word in words if "." in word or "/" in word]
    names = [word for word in words if word not in files]
    if len(files) > 1 or len(names) > 1:
        raise AgentError("V-406", f"{words[-1]} is one word too many", do="Give one camera, or none for all of them.")
    return names[0] if names else "", Path(files[0] if files else DEFAULT_CONFIG)


def look(found: Config, watches: Mapping[str, Watch], count: float, budget: float | None) -> Tuned:
    """As the agent's user, whose database it is. Raises AgentError."""
    since_ns = round(SystemClock().utc_ns() - count * DAY_NS)
    state = Path(found.state.directory)
    answer = as_owner(state, found.file, partial(_read, found.state.database, since_ns))
    seen = msgspec.msgpack.decode(answer, type=Days)
    hours = [row.hour for row in seen.scores if row.camera in watches]
    made = proposals(watches, seen, curves(), budget) if watches else []
    return Tuned(
        school=found.school,
        days=count,
        first=rfc3339(hours[0] * HOUR_NS) if hours else "",
        last=rfc3339((hours[-1] + 1) * HOUR_NS) if hours else "",
        proposals=made,
        lines=written(made, watches),
    )


def _drawing() -> tuple[ModuleType, ModuleType]:
    """They bring OpenCV. Raises AgentError V-404."""
    try:
        from agent.pipelines import shown
        from agent.tuning import chart
    except ImportError as error:
        do = "Install mektep-agent[vision], or leave --picture out."
        raise AgentError("V-404", f"pictures need a library that is not installed: {error.name}", do=do) from error
    return chart, shown


def _read(database: Path, since_ns: int) -> bytes:
    return msgspec.msgpack.encode(days(database, since_ns))


def _one(name: str, watches: Mapping[str, Watch]) -> Watch:
    if name not in watches:
        do = closest(name, set(watches)) if watches else "Give a [[camera]] something to look for: sees = [...]."
        raise AgentError("V-406", f"{name} is no camera that is watched", do=do)
    return watches[name]


def _days(text: str) -> float:
    found = float(text)
    if not 0 < found <= DAYS_MOST:
        raise argparse.ArgumentTypeError(f"more than 0 and at most {DAYS_MOST}: no more are kept")
    return found


def _budget(text: str) -> float:
    found = float(text)
    if not 0 < found <= 1_000:
        raise argparse.ArgumentTypeError("more than 0 and at most 1000 a week")
    return found
