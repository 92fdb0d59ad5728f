"""The parts of `mektep top` as what a terminal draws. Pure: a look goes in, texts and tables come out.

They are drawn anew only where they differ from the second before: an SSH line may be slow.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.cli import tables
from agent.cli.incident_screen import BAD
from agent.cli.status_screen import PART_STYLE, STATE_STYLE, headline, incidents, link, to_dos, troubles
from agent.cli.top_look import Machine, Seen
from agent.texts import Texts
from agent.texts.measures import local, moment, number, size, whole

MB = 1_000_000
BARS = "▁▂▃▄▅▆▇█"
SPARK = 30
CODE_CHARS, HOUR_CHARS, DEVICE_CHARS = 5, 8, 14
TAP_STYLE = {"WARN": "yellow", "ERROR": BAD}
HOT_C, WARM_C = 80.0, 70.0  # a Pi slows down from 80 °C on


def spark(numbers: Sequence[float], width: int = SPARK) -> str:
    """The latest numbers as bars; the highest of them is a full one, and nothing at all is the lowest."""
    shown = list(numbers)[-width:]
    most = max(shown, default=0.0)
    if most <= 0:
        return BARS[0] * len(shown)
    return "".join(BARS[min(len(BARS) - 1, round(max(number, 0.0) / most * (len(BARS) - 1)))] for number in shown)


def head(seen: Seen, say: Texts) -> RenderableType:
    """What `mektep status` says first, and the machine."""
    return Group(headline(seen.status, say, centre=False), _machine(seen.machine, seen, say))


def _machine(machine: Machine, seen: Seen, say: Texts) -> Text:
    line = Text()
    if machine.temperature_c is not None:
        hot = BAD if machine.temperature_c >= HOT_C else "yellow" if machine.temperature_c >= WARM_C else "green"
        line.append(f"{machine.temperature_c:.0f} °C   ", hot)
    if machine.agent_memory_mb:
        line.append(
            f"{say('top.agent')} {machine.agent_cpu_percent:.0f} % {size(say, machine.agent_memory_mb * MB)}   "
        )
    if machine.cells:
        line.append(f"{say('top.cells')} {machine.cells}: {machine.cells_cpu_percent:.0f} % ")
        line.append(f"{size(say, machine.cells_memory_mb * MB)}   ")
    clock = seen.status.clock
    line.append(f"{say('head.clock')} {say(f'clock.{clock}') if clock else '?'}", "" if clock == "synced" else "yellow")
    if seen.status.state == "dead" and seen.status.at:
        line.append(f"   {say('top.last_picture')} {whole(say, local(seen.status.at))}", BAD)
    return line


def what_to_do(seen: Seen, say: Texts, *, short: bool) -> RenderableType | None:
    """Incidents and troubles; None if there are none. Short: of a trouble one line, its code and what to do."""
    parts = [incidents(seen.status, say)] if seen.status.incidents else []
    if to_dos(seen.status):
        parts.append(_short_troubles(seen, say) if short else troubles(seen.status, say))
    return Group(*parts) if parts else None


def _short_troubles(seen: Seen, say: Texts) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style=BAD, min_width=CODE_CHARS)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for code, _, do in to_dos(seen.status):
        table.add_row(code, f"→ {say.instruction(code, do)}")
    return table


def devices(seen: Seen, say: Texts) -> RenderableType:
    """Each device, its state and its last reading, those that fail first; beneath it what of it is unusual."""
    table = tables.columns(say, "device", "state", "last", "readings")
    for name, source in sorted(seen.status.sources.items(), key=lambda one: one[1].state == "working"):
        state = Text(say(f"source.{source.state}"), STATE_STYLE.get(source.state, BAD))
        if source.code:
            state.append(f" {source.code}", BAD)
        last = (source.video.seen if source.video else "") or source.last_reading
        table.add_row(name, state, moment(say, last, seen.status.at), f"{source.readings}")
        for part in source.parts:
            words = f"{say(f'{part.kind}.title')} {part.part} {part.place}".rstrip()
            table.add_row(f"  {words}", Text(say(f"{part.kind}.{part.state}"), PART_STYLE.get(part.state, "yellow")))
    return table


def taps(seen: Seen, say: Texts) -> RenderableType:
    """The latest first."""
    if seen.taps_trouble:
        return Text(seen.taps_trouble, "yellow")
    if not seen.taps:
        return Text(say("top.no_taps"), "dim")
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True, min_width=HOUR_CHARS)
    table.add_column(no_wrap=True, style="bold", min_width=min(max(len(one.device) for one in seen.taps), DEVICE_CHARS))
    table.add_column(no_wrap=True, overflow="ellipsis")  # what is said gives way, not when and where
    for one in reversed(seen.taps):
        table.add_row(one.at, one.device, Text(one.words, TAP_STYLE.get(one.severity, "")))
    return table


def lanes(seen: Seen, say: Texts) -> RenderableType:
    """What is owed and how much comes, the line to the centre, and how it went in the last minute."""
    table = tables.columns(say, "lane", "owed", "rate", "size")
    for name, lane in seen.status.lanes.items():
        owed, rate = lane.last - lane.settled, seen.rates.get(name, 0.0)
        table.add_row(
            say(f"lane.{name}"), Text(f"{owed}", "yellow" if owed else "green"),
            f"{number(say, rate)}/{say('unit.s')}", size(say, lane.bytes),
        )  # fmt: skip
    trails = Text()
    for name in ("taps", "owed", "cpu"):
        numbers = seen.trails[name]
        trails.append(f"{say(f'top.{name}'):<12}").append(spark(numbers), "cyan").append(f" {numbers[-1]:.0f}\n")
    trails.right_crop(1)
    both = Table.grid(padding=(0, 3))
    both.add_row(table, trails)
    return Group(both, link(seen.status, say))
