"""Incidents, cameras, drills and the custody log as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from centre.accounts import Account
from centre.camera_list import Camera
from centre.custody import Entry
from centre.drills import Drill
from centre.incidents import AheadAlarm, Details, Evidence, Incident, Person, Step
from centre.plain import plain
from centre.reports import Report
from centre.terminal import console

STATE_STYLE = {"opened": "bold red", "told": "bold red", "acknowledged": "yellow", "confirmed": "red"}
VERDICT_STYLE = {"answered": "green", "not answered": "bold red", "none": "yellow", "waiting": "yellow"}
TROUBLE_STYLE = {"lost": "bold red", "tampered": "bold red", "silent": "yellow", "clock": "yellow"}


def draw_incidents(incidents: Sequence[Incident], reports: Sequence[Report], ahead: Sequence[AheadAlarm]) -> None:
    to = console()
    if not incidents and not reports and not ahead:
        to.print("No incident.")
    if incidents:
        table = _table("school", "since", "kind", "place", "state", "told", "by when", "id")
        for one in incidents:
            table.add_row(
                one.school,
                _minute(one.opened),
                Text(f"{one.kind}{' (drill)' if one.drill else ''}, {one.certainty}", "dim" if one.drill else ""),
                one.place or "?",
                Text(_state(one), STATE_STYLE.get(one.state, "")),
                names(one.to) or "nobody",
                _minute(one.answer_by),
                one.id,
            )
        to.print(table)
    for report in reports:
        line = Text(f"{report.school}  report {report.kind}, {report.place or '?'}: ", "bold")
        silent = "the box is silent, the centre has told of it" if report.told else "on its way to the box"
        line.append(f"{silent} {report.answer}".strip(), "bold red" if report.told and not report.answer else "yellow")
        to.print(line.append(f"  {report.id}", "dim"), soft_wrap=True)
    for alarm in ahead:
        to.print(
            Text(f"{alarm.school}  {alarm.type} of {alarm.at} came ahead; its event has not", "yellow"), soft_wrap=True
        )


def draw_one(found: Details, reports: Sequence[Report]) -> None:
    to, one = console(), found.incident
    head = Text(f"{one.school}  {one.kind}, {one.place or '?'}, {one.certainty}", "bold")
    to.print(head.append(f"  {_state(one)}", STATE_STYLE.get(one.state, "")), soft_wrap=True)
    for step in found.steps:
        to.print(f"  {_second(step.at)}  {_spelt(step)}{'  (came ahead)' if step.ahead else ''}", soft_wrap=True)
    for file in found.evidence:
        to.print(Text(f"  {file.kind} of {file.camera}: {_file(file)}  {file.id}"), soft_wrap=True)
    for row in found.notifications:
        who = names([row.person])
        told = f"{row.state} by {row.channel}" if row.state != "new" or row.error else "on the desk"
        trouble = f": {plain(row.error)}" if row.error else ""
        by = " (by the centre itself)" if row.by_centre else ""
        to.print(Text(f"  notified {who}, step {row.number}, {row.why}: {told}{trouble}{by}", "dim"), soft_wrap=True)
    for report in reports:
        draw_report(report, to)


def draw_report(one: Report, to: Console | None = None) -> None:
    out = to or console()
    who = f"{one.reporter}{f', {plain(one.contact)}' if one.contact else ''}"
    out.print(Text(f"  typed by {who}, in {one.language}: {one.state}", "bold"), soft_wrap=True)
    for line in one.words.splitlines() or ["(forgotten)"]:
        out.print(Text(f"  | {plain(line)}"), soft_wrap=True)


def draw_cameras(cameras: Sequence[Camera]) -> None:
    to = console()
    if not cameras:
        to.print("No box has told of a camera.")
        return
    table = _table("school", "camera", "place", "state", "picture", "clock", "live")
    for one in cameras:
        style = TROUBLE_STYLE.get(one.trouble, "")
        table.add_row(
            one.school,
            one.camera,
            one.place or "?",
            Text(f"{one.state}{', box silent' if one.trouble == 'silent' else ''}", style),
            Text("never" if one.age_s is None else f"{span(one.age_s)} old", style),
            Text(
                "?" if one.clock_off_s is None else f"{one.clock_off_s:+.1f} s", style if one.trouble == "clock" else ""
            ),
            "yes" if one.live else "no",
        )
    to.print(table)


def draw_drills(found: Sequence[Drill]) -> None:
    to = console()
    for one in found:
        line = Text(f"{one.school}  ", "bold").append(one.verdict, VERDICT_STYLE[one.verdict])
        if one.incident:
            line.append(f"   {one.kind}, {_minute(one.opened)}", "dim")
        to.print(line, soft_wrap=True)
        for step in one.steps:
            after = "?" if step.after_s is None else f"{step.after_s:.1f} s"
            to.print(f"  {after:>10}  {step.what}  {step.who}", soft_wrap=True)


def draw_custody(entries: Iterable[Entry]) -> None:
    to = console()
    for one in entries:
        line = f"{one.number}  {_second(one.at)}  {plain(one.account)}  {one.what}  {one.school}  {one.evidence or '-'}"
        to.print(Text(f"{line}  {plain(one.reason)}".rstrip()), soft_wrap=True)


def draw_accounts(accounts: Sequence[Account]) -> None:
    to = console()
    table = _table("name", "role", "school", "person", "language", "")
    for one in accounts:
        table.add_row(one.name, one.role, one.school, one.person, one.language, "ended" if one.ended else "")
    to.print(table if accounts else "There is no account. `mektep-centre account add` makes one.")


def names(persons: Sequence[Person]) -> str:
    return ", ".join(f"{one.role} {one.name or one.key}".strip() or "?" for one in persons)


def span(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _state(one: Incident) -> str:
    by = f" by {names([one.by])}" if one.by and one.state in ("acknowledged", "confirmed", "dismissed") else ""
    outcome = f", {one.outcome}" if one.state == "closed" else ""
    return f"{one.state}{outcome}{by}"


def _spelt(step: Step) -> str:
    if step.sign is not None:
        return f"{step.what}: {step.sign.what} by {step.sign.source}, {step.certainty}"
    if step.what == "told":
        until = f", answer by {_second(step.answer_by)}" if step.answer_by else ""
        locally = f"; shown by {', '.join(step.locally)}" if step.locally else ""
        return f"told (step {step.number}, {step.why}): {names(step.to)}{until}{locally}"
    if step.what == "evidence":
        return f"evidence of {', '.join(step.locally)}"
    who = names([step.by]) if step.by else ""
    how = " ".join(word for word in (step.channel and f"by {step.channel}", step.account, step.reason) if word)
    after = f" after {step.after_s:.1f} s" if step.what == "answered" else ""
    return f"{step.what}: {step.answer}{after}  {who}  {how}".rstrip()


def _file(file: Evidence) -> str:
    return (
        f"{file.state} {file.stored}/{file.bytes} bytes"
        if file.state == "partial"
        else f"{file.state}, {file.bytes} bytes"
    )


def _minute(time: str) -> str:
    return f"{time[:10]} {time[11:16]}" if time else "-"


def _second(time: str) -> str:
    return f"{time[:10]} {time[11:19]}" if time else "-"
