"""The life of one device as a person reads it over SSH: what is wrong first, then the timeline, then what to try.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TextIO

from rich.table import Table
from rich.text import Text

from agent.cli import screen, tables
from agent.ops.life_view import Entry, Life
from agent.texts import Texts, load_texts
from agent.texts.measures import day, hour, local, moment

GOOD = {"working", "online", "synced", "running", "started", "ended"}
BAD = "bold red"
MOST = 40  # lines of the timeline; --json has all


def draw(life: Life, out: TextIO, texts: Texts | None = None) -> None:
    """Times are local; `mektep why NAME --json` has them in UTC."""
    say = texts or load_texts()
    console = screen.console(out)
    console.print(_headline(life, say))
    if numbers := _numbers(life, say):
        console.print(numbers)
    console.print()
    console.print(_troubles(life, say) if life.troubles else Text(say("story.no_trouble"), "green"))
    console.print(Text(f"\n{say('story.title')}", "bold"))
    if not life.whole:
        console.print(Text(say("story.not_whole"), "yellow"))
    console.print(_timeline(life, say) if life.timeline else Text(say("story.nothing"), "dim"))
    if not all(one.clock_ok for one in life.timeline):
        console.print(Text(f" ~ {say('story.untrusted')}", "dim"))
    console.print(Text(f"\n{say('story.tries')}", "bold"))
    for number, line in enumerate(_tries(life, say), 1):
        console.print(tables.beside(f" {number}.", Text(line)))


def _headline(life: Life, say: Texts) -> Text:
    line = Text(f"{life.name}", "bold")
    about = ", ".join(word for word in (life.driver, life.place) if word)
    line.append(f"  {about}" if about else "", "dim")
    if life.state:
        words = say(f"story.{life.state}", what="", port=life.port)
        line.append(f"   {words}", "green" if life.state in GOOD and life.running else BAD)
    if life.since:
        line.append(f"   {say('story.since', at=moment(say, life.since))}", "dim")
    return line


def _numbers(life: Life, say: Texts) -> Text:
    """What came of it since the agent's start."""
    words = []
    if life.port and life.state == "working":
        words.append(f"{say('story.port')} {life.port}")
    if life.last_reading:
        words.append(f"{say('story.last')} {moment(say, life.last_reading)}")
    if life.readings:
        words.append(say("story.readings", readings=life.readings))
    if life.garbled:
        words.append(say("story.garbled", garbled=life.garbled))
    return Text(", ".join(words), "dim")


def _troubles(life: Life, say: Texts) -> Table:
    table = tables.rows(style=BAD)
    for one in life.troubles:
        table.add_row(one.code, tables.told(one.code, one.what, one.do, say))
    return table


def _timeline(life: Life, say: Texts) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 1))
    for style in ("dim", "", ""):
        table.add_column(style=style, no_wrap=style == "dim", overflow="fold")
    last: date | None = None
    left_out = len(life.timeline) - MOST
    if left_out > 0:
        table.add_row("…", Text(say("story.left_out", count=left_out), "dim"), "")
    for one in life.timeline[-MOST:]:
        at = local(one.at)
        if at.date() != last:
            last = at.date()
            table.add_row(day(say, last), "", "")
        table.add_row(f"{' ' if one.clock_ok else '~'} {hour(at)}", _words(one, life, say), one.code)
    return table


def _words(one: Entry, life: Life, say: Texts) -> Text:
    """One line: what began, what it was about, what came within it."""
    own = one.part == life.part
    key = "working_port" if one.state == "working" and one.port else one.state
    words = say(f"story.{key}", what=one.what, port=one.port)
    if not own and one.part == "agent" and life.part != "agent":
        line = Text(words, "dim")
    else:
        line = Text(words, "green" if one.state in GOOD else "red")
    if one.code:
        line.append(f": {say.fact(one.code, one.what)}")
    for more in _more(one, say):
        line.append(f", {more}", "dim")
    return line


def _more(one: Entry, say: Texts) -> Iterator[str]:
    if one.times > 1:
        yield say("story.times", times=one.times, first=moment(say, one.first, one.at))
    if one.readings:
        yield say("story.readings", readings=one.readings)
        yield f"{say('story.last')} {moment(say, one.last_reading, one.at)}"
    if one.garbled:
        yield say("story.garbled", garbled=one.garbled)


def _tries(life: Life, say: Texts) -> list[str]:
    """For its driver, or for what it is; each text has its lines in the order in which to try."""
    key = life.driver or life.part
    return [line.format(name=life.name) for line in say(f"try.{key}").splitlines()]
