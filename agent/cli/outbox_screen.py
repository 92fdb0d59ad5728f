"""What is owed, and where box and centre differ, as a person reads it.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from rich.text import Text

from agent.cli import screen, tables
from agent.cli.incident_screen import BAD
from agent.cli.reconciling import Difference
from agent.ops.centre_word import BothWords
from agent.outbox.stored import LaneRow
from agent.texts import Texts
from agent.texts.measures import UNKNOWN, whole

EPOCH_CHARS = 8


def draw_lanes(rows: Sequence[LaneRow], out: TextIO, say: Texts) -> None:
    """An old epoch is shown while it owes something."""
    table = tables.columns(say, "epoch", "lane", "accepted", "stored", "owed", "owed_since", "kept_from")
    newest = rows[-1].epoch if rows else ""
    for row in rows:
        if row.epoch != newest and not row.owed:
            continue
        since = whole(say, datetime.fromtimestamp(row.oldest_owed_ns / 1e9).astimezone())
        table.add_row(
            row.epoch[:EPOCH_CHARS], say(f"lane.{row.lane.word}"), f"{row.last}", f"{row.settled}",
            Text(f"{row.owed}", "yellow" if row.owed else "green"), since if row.oldest_owed_ns else UNKNOWN,
            f"{row.first_kept}" if row.first_kept else UNKNOWN,
        )  # fmt: skip
    screen.console(out).print(table)


def draw_differences(both: BothWords, differ: Sequence[Difference], out: TextIO, say: Texts) -> None:
    """Both words side by side; then each difference, and what to ask the centre for."""
    console = screen.console(out)
    said = {(one.epoch, one.lane): one for one in both.centre}
    table = tables.columns(say, "epoch", "lane", "accepted", "stored", "through", "highest")
    for lane in both.box:
        centre = said.get((lane.epoch, lane.lane))
        through, highest = (f"{centre.through}", f"{centre.highest}") if centre else (UNKNOWN, UNKNOWN)
        table.add_row(
            lane.epoch[:EPOCH_CHARS], say(f"lane.{lane.lane}"), f"{lane.last}", f"{lane.settled}", through, highest
        )
    console.print(table)
    console.print()
    if not differ:
        console.print(Text(say("reconcile.agree"), "green"))
    for one in differ:
        where = f"{say(f'lane.{one.lane}')} {one.first}–{one.last}  "
        console.print(Text(where, "bold").append(say(f"reconcile.{one.what}"), BAD if one.is_bad else "yellow"))
        if one.order:
            console.print(Text(f"→ {say('reconcile.ask')}"))
            print(f"  {one.order}", file=out)  # whole, so that it can be copied
