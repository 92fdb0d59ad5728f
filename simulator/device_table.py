"""The devices of the school on the screen: what the agent says of each beside what is true of it.

Wide screens have a row a device; narrow ones two devices a row, in short.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulator.devices import Devices, TakesCards
from simulator.fire_panel import FIRE
from simulator.more_devices import MoreDevices
from simulator.scenes import Sight
from simulator.smoke_sensor import SMOKE

LIGHTS = {
    "G": ("● green", "bold green"),
    "W": ("● wait", "bold yellow"),
    "R": ("● red", "bold red"),
    "A": ("● ready", "bold yellow"),
    "Y": ("● yellow", "bold yellow"),
    "U": ("● unknown", "bold red"),
    "": ("○ no light", "dim"),
}
ODD = "bold white on red"
LAST = 50  # taps of a reader of which the median is shown


class Row(NamedTuple):
    """One device; `truth` is what somebody who stands before it sees."""

    name: str
    truth: Text
    median_ms: str = ""


def rows(devices: Devices) -> Iterator[Row]:
    """All devices but the cameras that play footage, in the order of the configuration."""
    for reader in devices.readers():
        yield Row(reader.name, Text(*LIGHTS.get(reader.last_light, ("?", ""))), _median(reader))
    zones = Text()
    for number, codes in enumerate(devices.panel.zones, 1):
        zones.append(f"{number}", ODD if FIRE[0] in codes else "green").append(" ")
    yield Row("fire-panel", zones)
    if devices.more:
        yield from _more(devices.more)


def cameras(devices: Devices) -> Iterator[Row]:
    """Those that play footage; what is on is the truth."""
    for camera in devices.footage:
        yield Row(camera.name, _either(camera.act is not None, camera.act.what if camera.act else "", "as usual"))


def _more(more: MoreDevices) -> Iterator[Row]:
    yield Row("duct", _either(more.detector.smokes, "smoke", "clear"))
    smoky = [str(zone) for zone, state in more.board.states.items() if state == SMOKE]
    yield Row("attic", _either(bool(smoky), f"smoke {' '.join(smoky)}", "clear"))
    yield Row("door", _either(not more.door.closed, "open", "shut"))
    yield Row("button", _either(more.button.closed, "pressed", "not pressed"))
    loop = "cut" if more.converter.cut else "contact closed"
    yield Row("loop", _either(more.converter.cut or bool(more.converter.contacts), loop, "at rest"))
    lit = more.lamp.lit()
    yield Row("hall-lamp", Text(*LIGHTS[lit]) if lit else Text("○ dark", "dim"))
    sight = more.camera.sight
    yield Row("gate", _either(sight is not Sight.CLEAR, sight.value, "clear"))


def _either(odd: bool, bad: str, good: str) -> Text:
    return Text(f"● {bad}", ODD) if odd else Text(f"○ {good}", "green")


def _median(reader: TakesCards) -> str:
    return f"{statistics.median(reader.latency_ms[-LAST:]):.1f}" if reader.latency_ms else "—"


def wide_rows(devices: Devices) -> int:
    """How many devices the wide table has, a row each."""
    return sum(1 for _ in rows(devices)) + len(devices.footage)


def wide_table(devices: Devices, status: dict[str, Any]) -> Table:
    """A row a device, with everything."""
    sources = status.get("sources", {})
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style="dim")
    table.add_column("device", no_wrap=True, min_width=10)
    table.add_column("state", no_wrap=True, min_width=12)
    for column in ("readings", "garbled"):
        table.add_column(column, no_wrap=True, justify="right", min_width=len(column))
    table.add_column("what is there", no_wrap=True, min_width=14)
    table.add_column("ms", no_wrap=True, justify="right", min_width=6)
    for row in [*rows(devices), *cameras(devices)]:
        source = sources.get(row.name, {})
        counts = (str(source.get("readings", 0)), str(source.get("garbled", 0)))
        table.add_row(row.name, state(source).append(people(row.name, status)), *counts, row.truth, row.median_ms)
    return table


def narrow_rows(devices: Devices) -> int:
    """How high the narrow table is."""
    return (sum(1 for _ in rows(devices)) + 1) // 2 + bool(devices.footage)


def narrow_table(devices: Devices, status: dict[str, Any]) -> Group:
    """Two devices a row: name, state, truth; the cameras that play footage in one."""
    sources = status.get("sources", {})
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, show_header=False)
    for _ in range(2):
        table.add_column(no_wrap=True, min_width=10)
        table.add_column(no_wrap=True, min_width=12)
        table.add_column(no_wrap=True, min_width=13)
    cells = [(row.name, state(sources.get(row.name, {})), row.truth) for row in rows(devices)]
    half = (len(cells) + 1) // 2
    for at in range(half):
        table.add_row(*cells[at], *(cells[at + half] if at + half < len(cells) else ()))
    last = Text(no_wrap=True, overflow="ellipsis")
    for row in cameras(devices):
        source = sources.get(row.name, {})
        last.append(f"{row.name} ").append(row.truth).append(" ")
        last.append(state(source) if source.get("code") else "").append(people(row.name, status)).append("  ")
    return Group(table, last) if devices.footage else Group(table)


def people(camera: str, status: dict[str, Any]) -> str:
    """How many the eyes counted when they last told; nothing of a camera in trouble."""
    count = status.get("eyes", {}).get(camera, {}).get("people", -1)
    if status.get("sources", {}).get(camera, {}).get("code"):
        return ""
    return f" {count} seen" if count >= 0 else ""


def state(source: dict[str, Any]) -> Text:
    """What the agent says of a device."""
    word = source.get("state", "—")
    good = word in ("working", "—")
    text = Text(
        "works" if word == "working" else word.upper(), ("green" if word != "—" else "") if good else "bold red"
    )
    if source.get("code"):
        text.append(f" {source['code']}", "red")
    return text
