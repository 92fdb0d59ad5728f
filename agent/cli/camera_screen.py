"""The cameras as a person reads them: a row each, what is wrong beneath.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from datetime import datetime
from typing import TextIO

from rich.console import Console
from rich.text import Text

from agent.cli import screen, tables
from agent.ops.camera_view import CameraRow, Listed
from agent.ops.device_trouble import NO_ENCODER, NO_ENCODER_WHAT
from agent.texts import Texts, load_texts
from agent.texts.measures import UNKNOWN, hour, local, number, seconds, span

LATE_S = 60.0  # a last picture that is older is shown as strange


def draw(listed: Listed, out: TextIO, texts: Texts | None = None) -> None:
    """`mektep camera list --json` has everything."""
    say = texts or load_texts()
    console = screen.console(out)
    console.print(Text(listed.school, "bold"))
    if not listed.running:
        console.print(Text(f"{say('state.dead')}", "bold red"))
    if not listed.cameras:
        console.print(say("camera.none"))
        return
    names = ("camera", "state", "last_picture", "pixels", "a_second", "clock", "watched_for")
    table = tables.columns(say, *names)
    for row in listed.cameras:
        table.add_row(*_row(row, listed, say))
    console.print(table)
    _week(listed, console, say)
    for row in listed.cameras:
        _beneath(row, console, say)


def _beneath(row: CameraRow, console: Console, say: Texts) -> None:
    """What is wrong with it, and who looks."""
    if row.code:
        console.print(Text(f"{row.name}: {row.code}  {say.fact(row.code, row.what)}", "red"))
    if row.lacks_encoder:
        console.print(Text(f"{row.name}: {NO_ENCODER}  {say.fact(NO_ENCODER, NO_ENCODER_WHAT)}", "red"))
    for one in row.live:
        words = f"{row.name}: {say('camera.live')}: {one.by}, {say('camera.since')} {hour(local(one.since))}"
        console.print(Text(words, "bold yellow"))


def _week(listed: Listed, console: Console, say: Texts) -> None:
    """A line for each camera whose detectors spoke in the last seven days."""
    for row in listed.cameras:
        one = row.week
        if one.hits or one.told:
            numbers = {"hits": one.hits, "votes": one.votes, "told": one.told, "dismissed": one.dismissed}
            words = ", ".join(f"{say(f'column.{name}')} {number}" for name, number in numbers.items())
            console.print(Text(f"{row.name}, {say('week.title')}: {words}", "dim"))


def _row(row: CameraRow, listed: Listed, say: Texts) -> list[Text | str]:
    state = say(f"source.{row.state}") if row.state else "—"
    age = _age_s(row.seen, listed.at)
    late = age is not None and age > LATE_S
    off = row.clock_off_s
    return [
        row.name,
        Text(state, "green" if row.state == "working" else "red" if row.state else "dim"),
        Text(UNKNOWN if age is None else span(say, age), "yellow" if late else ""),
        f"{row.width_px}x{row.height_px}" if row.width_px else UNKNOWN,
        number(say, row.rate) if row.rate else UNKNOWN,
        Text(UNKNOWN if off is None else _off(say, off), "red" if row.clock_is_off else ""),
        ", ".join(_with_times(row, say)) or Text(say("camera.nothing"), "dim"),
    ]


def _off(say: Texts, off_s: float) -> str:
    return f"{'+' if off_s >= 0 else ''}{seconds(say, off_s)}"


def _with_times(row: CameraRow, say: Texts) -> list[str]:
    """Each with its schedule, in the words of the configuration."""
    words = {one: say(f"detector.{one}") for one in row.sees}
    return [f"{words[one]} ({', '.join(row.schedule[one])})" if row.schedule.get(one) else words[one] for one in words]


def _age_s(seen: str, at: str) -> float | None:
    if not seen or not at:
        return None
    return max(0.0, (datetime.fromisoformat(at) - datetime.fromisoformat(seen)).total_seconds())
