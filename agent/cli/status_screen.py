"""The status as a person reads it over SSH: what works, what is owed, what to do; then devices, lanes, link.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from agent.cli import screen, tables
from agent.cli.incident_screen import BAD, STYLES
from agent.cli.reference_screen import age
from agent.ops.status import Status
from agent.texts import Texts, load_texts
from agent.texts.measures import day, hour, local, milliseconds, moment, number, size

STATE_STYLE = {"working": "green", "running": "green", "online": "green", "starting": "yellow", "stopping": "yellow"}
PART_STYLE = {"fire": "bold white on red", "extinguishing": "bold white on red"}
PART_STYLE |= dict.fromkeys(("attention", "fault", "active", "cut", "short"), BAD)


def draw(status: Status, out: TextIO, texts: Texts | None = None) -> None:
    """Print one screen. Times are local; `mektep status --json` has them in UTC."""
    say = texts or load_texts()
    console = screen.console(out)
    console.print(headline(status, say))
    for part in _parts(status, say):
        console.print()
        console.print(part)
    console.print(foot(status, say))


def _parts(status: Status, say: Texts) -> Iterator[RenderableType]:
    if status.incidents:
        yield incidents(status, say)
    if to_dos(status):
        yield troubles(status, say)
    if status.sources:
        yield _devices(status, say)
    if status.live:
        yield _live(status, say)
    if status.eyes:
        yield _eyes(status, say)
    yield _lanes(status, say)
    if status.evidence.sealed or status.evidence.kept or status.evidence.lost or status.evidence.not_kept:
        yield _evidence(status, say)
    if status.reference:
        yield _reference(status, say)
    yield link(status, say)


def headline(status: Status, say: Texts, *, centre: bool = True) -> tables.Parts:
    """One line where there is room: what works, what is owed, how much is to be done."""
    state = Text(f"{status.school}  ", "bold").append(say(f"state.{status.state}"), STATE_STYLE.get(status.state, BAD))
    parts = [state]
    if status.sources:
        works = sum(source.state == "working" for source in status.sources.values())
        words = f"{say('head.devices')} {works}/{len(status.sources)}"
        parts.append(Text(words, _well(works == len(status.sources))))
    owed = sum(lane.last - lane.settled for lane in status.lanes.values()) + status.evidence.kept
    parts.append(Text(f"{say('head.owed')} {owed}", "yellow" if owed else "green"))
    if centre and status.state != "dead":
        parts.append(Text(f"{say('head.centre')} {say(f'link.{status.link.state}')}"))
    to_do = len(to_dos(status)) + sum(one.waits for one in status.incidents)
    return tables.Parts([*parts, Text(f"{say('head.to_do')} {to_do or say('head.nothing')}", _well(not to_do))])


def to_dos(status: Status) -> list[tuple[str, str, str]]:
    """What is wrong, as code, fact and instruction: the box's own troubles, its devices', the link's."""
    rows = [(trouble.code, trouble.what, trouble.do) for trouble in status.troubles]
    rows += [(s.code, f"{name}: {s.what}", s.do) for name, s in status.sources.items() if s.code]
    return rows + ([(status.link.code, status.link.what, status.link.do)] if status.link.code else [])


def _well(well: bool) -> str:
    return "green" if well else BAD


def foot(status: Status, say: Texts) -> Text:
    """Which agent this was, and when it was seen so."""
    line = Text(f"{say('head.version')} {status.agent or '?'}   {say('head.clock')} ", "dim")
    line.append(
        say(f"clock.{status.clock}") if status.clock else "?", "green" if status.clock == "synced" else "yellow"
    )
    if status.at:
        line.append(f"   {say('head.at')} {day(say, local(status.at).date())} {hour(local(status.at))}", "dim")
    return line


def incidents(status: Status, say: Texts) -> Table:
    """What happens now, and who is to answer: two lines each."""
    table = tables.rows(say("incident.title"), BAD)
    for one in status.incidents:
        drill = f"{say('incident.drill')} " if one.drill else ""
        words = Text(f"{drill}{say(f'incident.{one.kind}')}", STYLES[one.state])
        words.append(f"  {one.place}  {say(f'incident.{one.certainty}')}".replace("    ", "  "))
        words.append(f"\n→ {say(f'incident.{one.state}')}", "bold")
        words.append(f": {', '.join(dict.fromkeys(say(f'incident.{to.role}') for to in one.to))}" if one.waits else "")
        words.append(f", {say('incident.until')} {moment(say, one.answer_by, status.at)}" if one.answer_by else "")
        table.add_row(Text(moment(say, one.opened, status.at), "none"), words)
    return table


def troubles(status: Status, say: Texts) -> Table:
    table = tables.rows(say("trouble.title"), BAD)
    for code, what, do in to_dos(status):
        table.add_row(code, tables.told(code, what, do, say))
    return table


def _devices(status: Status, say: Texts) -> Table:
    table = tables.columns(say, "device", "state", "since", "readings", "last", "garbled")
    for name, source in status.sources.items():
        state = Text(say(f"source.{source.state}"), STATE_STYLE.get(source.state, BAD))
        since, last = moment(say, source.since, status.at), moment(say, source.last_reading, status.at)
        table.add_row(name, state, since, f"{source.readings}", last, f"{source.garbled}")
        for part in source.parts:
            word = Text(say(f"{part.kind}.{part.state}"), PART_STYLE.get(part.state, "yellow"))
            table.add_row(f"  {say(f'{part.kind}.title')} {part.part} {part.place}".rstrip(), word)
    return table


def _eyes(status: Status, say: Texts) -> Table:
    """What the eyes do for each camera, and what each detector does and costs."""
    table = tables.columns(say, "camera", "a_second", "skipped", "late", "cost", "hits", "votes", "told", "dismissed")
    for name, eye in status.eyes.items():
        skipped = Text(f"{eye.skipped}", "yellow" if eye.skipped else "green")
        table.add_row(name, number(say, eye.pictures_per_s), skipped, milliseconds(say, eye.late_ms))
        for detector, one in eye.detectors.items():
            word = f"  {say(f'detector.{detector}')}"
            runs = Text(say("detector.rests"), "dim") if one.rests else number(say, one.runs_per_s)
            counts = (f"{one.hits}", f"{one.votes}", f"{one.told}")
            table.add_row(word, runs, "", "", milliseconds(say, one.ms, 1), *counts)
        week = (eye.week.hits, eye.week.votes, eye.week.told, eye.week.dismissed)
        if any(week):
            table.add_row(Text(f"  {say('week.title')}", "dim"), "", "", "", "", *(Text(f"{n}", "dim") for n in week))
    return table


def _live(status: Status, say: Texts) -> Text:
    """Who looks at which camera: nobody does it unseen."""
    lines = [
        f"{one.camera}: {say('camera.live')}: {one.by}, {say('camera.since')} {hour(local(one.since))}"
        for one in status.live
    ]
    return Text("\n".join(lines), "bold yellow")


def _lanes(status: Status, say: Texts) -> Table:
    table = tables.columns(say, "lane", "accepted", "stored", "owed", "size")
    for name, lane in status.lanes.items():
        owed = lane.last - lane.settled
        table.add_row(
            say(f"lane.{name}"),
            f"{lane.last}",
            f"{lane.settled}",
            Text(f"{owed}", "yellow" if owed else "green"),
            size(say, lane.bytes),
        )
    return table


def link(status: Status, say: Texts) -> Text:
    line_now = status.link
    line = Text(f"{say('link.title')}  ", "bold")
    line.append(say(f"link.{line_now.state}"), STATE_STYLE.get(line_now.state, "yellow"))
    if line_now.last_receipt:
        line.append(f"   {say('link.last_receipt')} {moment(say, line_now.last_receipt, status.at)}")
    if line_now.rtt_ms:
        line.append(f"   {milliseconds(say, line_now.rtt_ms)}   {size(say, line_now.bytes_per_s)}/{say('unit.s')}")
    if line_now.refused:
        refused = ", ".join(f"{refusal(reason, say)} {count}" for reason, count in sorted(line_now.refused.items()))
        line.append(f"\n{say('link.refused')} {refused}", "yellow")
    return line


def _reference(status: Status, say: Texts) -> Text:
    line = Text(f"{say('reference.title')} ", "bold")
    for name, one in status.reference.items():
        line.append(f" {name} ")
        line.append(f"({age(one.issued, status.at, say)})", "yellow" if one.stale or one.ended else "green")
    return line


def _evidence(status: Status, say: Texts) -> Text:
    found = status.evidence
    line = Text(f"{say('evidence.title')}  ", "bold")
    line.append(
        f"{say('evidence.kept')} {found.kept} ({size(say, found.owed_bytes)})", "yellow" if found.kept else "green"
    )
    line.append(f"   {say('evidence.delivered')} {found.delivered}")
    if found.lost or found.not_kept:
        line.append(f"   {say('evidence.lost')} {found.lost}   {say('evidence.not_kept')} {found.not_kept}", "yellow")
    return line


def refusal(reason: str, say: Texts) -> str:
    """A word of docs/protocol.md, section 12; another version may have others."""
    return say.word("refusal.", reason)
