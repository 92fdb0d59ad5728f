"""The commands `school-data …` of mektep-centre; centre/cli.py lists them."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from centre.commands import ATTENTION, WELL, must_be_known, open_store
from centre.errors import CentreError
from centre.reference import Published
from centre.school import changes, screen
from centre.school.building import build, persons
from centre.school.changes import Change
from centre.school.datasets import SEALED
from centre.school.faults import Fault, Findings, shown
from centre.school.folder import read_school
from centre.school.kept import kept_of, note_loaded, schools_with_data, sealed_for_another
from centre.school.persons import note_persons, secrets_of
from centre.school.publishing import Done, due, publish
from centre.school.year import outlived
from centre.settings import Settings, load_settings
from centre.store import Store
from centre.terminal import console
from centre.wire import now_text


class Outcome(msgspec.Struct, kw_only=True):
    """Of loading one school; `--json` prints it."""

    school: str
    loaded: bool = False
    faults: list[Fault] = []
    remarks: list[Fault] = []
    changes: list[Change] = []
    published: list[Done] = []
    error: str = ""  # code and fact
    do: str = ""


class DatasetView(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset of a school, as `show` tells it."""

    dataset: str
    loaded: str
    counts: dict[str, int]
    version: str  # published; empty: never
    published: str
    held: str  # version that the box holds, by its birth
    due: str  # why it is to be published, or empty
    sealed_for_this_box: bool | None  # None: it is not sealed, or no box is known


def check(args: argparse.Namespace) -> int:
    """1 if anything is wrong. Wants neither database nor broker."""
    findings = Findings()
    found = read_school(args.folder, findings)
    if found is not None:
        outlived(found.year, datetime.now(UTC).date(), findings)
    if args.json:
        print(msgspec.json.encode({"faults": findings.faults, "remarks": findings.remarks}).decode())
    else:
        to = console()
        screen.draw_faults(findings.faults, findings.remarks, to)
        if not findings.faults:
            to.print(f"{args.folder}: no mistakes.", soft_wrap=True)
    return ATTENTION if findings.faults else WELL


def load(args: argparse.Namespace) -> int:
    """1 if a school could not be loaded, or not be published."""
    settings = load_settings(args.config)
    store = open_store(settings)
    outcomes = []
    folders = _folders(args)
    with screen.progress() as bar:
        task = bar.add_task("schools", total=len(folders))
        for school, folder in folders:
            outcomes.append(_load_one(settings, store, school, folder, args))
            bar.advance(task)
    if args.json:
        print(msgspec.json.encode(outcomes).decode())
    else:
        for outcome in outcomes:
            _draw(outcome, many=len(outcomes) > 1, published=args.publish)
    return ATTENTION if any(outcome.error or not outcome.loaded for outcome in outcomes) else WELL


def _folders(args: argparse.Namespace) -> list[tuple[str, Path]]:
    """One school and its folder; or each folder of --all, which is named as its school."""
    if args.all is None:
        if args.school is None or args.folder is None:
            raise CentreError(
                "K-141", "a school and its folder are wanted", do="Give both; or --all ROOT, a folder of them."
            )
        return [(args.school, args.folder)]
    if args.school is not None:
        raise CentreError("K-141", "--all stands for every school", do="Leave the school out, or --all.")
    found = [(path.name, path) for path in sorted(args.all.iterdir()) if path.is_dir() and path.name[0] != "."]
    if not found:
        raise CentreError(
            "K-141", f"{args.all} holds no folder", do="It has a folder for each school, named as the school."
        )
    return found


def _load_one(settings: Settings, store: Store, school: str, folder: Path, args: argparse.Namespace) -> Outcome:
    """What is wrong with one school keeps no other from being loaded."""
    outcome = Outcome(school=school)
    try:
        must_be_known(store, school)
        _into_the_database(store, school, folder, outcome, removals=args.allow_removals)
        if outcome.loaded and args.publish:
            outcome.published = publish(settings, store, school)
    except CentreError as error:
        outcome.error, outcome.do = f"{error.code}  {error.what}", error.do
    return outcome


def _into_the_database(store: Store, school: str, folder: Path, outcome: Outcome, *, removals: bool) -> None:
    """All of it or nothing. Raises CentreError K-144 if much would go."""
    findings = Findings()
    found = read_school(folder, findings)
    if found is not None:
        outlived(found.year, datetime.now(UTC).date(), findings)
    outcome.faults, outcome.remarks = findings.faults, findings.remarks
    if found is None:
        return
    secrets = secrets_of(store.database, school)
    contents = build(found, secrets)
    kept = kept_of(store.database, school)
    outcome.changes = changes.compare({name: one.published for name, one in kept.items()}, contents)
    going = [one for one in outcome.changes if one.alarming]
    if going and not removals:
        what = "much would go: " + ", ".join(f"{one.removed} of {one.before} {one.what}" for one in going)
        do = "Look whether a file was cut. If it is meant so, load it with --allow-removals."
        raise CentreError("K-144", what, do=do)
    with store.database.transaction():
        note_persons(store.database, school, persons(found, secrets))
        note_loaded(store.database, school, contents)
    outcome.loaded = True


def _draw(outcome: Outcome, *, many: bool, published: bool) -> None:
    to = console()
    if many:
        to.print(outcome.school, style="bold", soft_wrap=True)
    screen.draw_faults(outcome.faults, outcome.remarks, to)
    screen.draw_changes(outcome.changes, to)
    if outcome.loaded:
        to.print(f"{outcome.school} is loaded.", soft_wrap=True)
    _draw_published(outcome.school, outcome.published)
    if outcome.error:
        print(f"{outcome.error}\n      {outcome.do}", file=sys.stderr)
    elif outcome.loaded and not published:
        to.print(f"Publish it: `mektep-centre school-data publish {outcome.school}`.", soft_wrap=True)


def _draw_published(school: str, done: list[Done]) -> None:
    to = console()
    for one in done:
        to.print(f"{school}: {one.dataset}, version {one.version}, {one.bytes} bytes ({one.why})", soft_wrap=True)


def publish_data(args: argparse.Namespace) -> int:
    """What is due, of one school or of all; 1 if something of many could not be published."""
    settings = load_settings(args.config)
    store = open_store(settings)
    if (args.school is None) == (not args.all):
        raise CentreError("K-141", "a school is wanted, or --all", do="Give one of them.")
    if args.school is not None:
        must_be_known(store, args.school)
        _draw_to_come(store, args.school)
        return _published(args.school, publish(settings, store, args.school, again=args.again))
    code = WELL
    schools = [name for name in schools_with_data(store.database) if name in store.schools()]
    with screen.progress() as bar:
        for school in bar.track(schools, description="schools"):
            try:
                _published(school, publish(settings, store, school, again=args.again))
            except CentreError as error:
                print(f"{school}: {error.code}  {error.what}\n      {error.do}", file=sys.stderr)
                code = ATTENTION
    return code


def _draw_to_come(store: Store, school: str) -> None:
    kept = kept_of(store.database, school)
    before = {name: one.published for name, one in kept.items()}
    found = changes.compare(before, {name: one.loaded for name, one in kept.items()})
    screen.draw_changes([one for one in found if one.added or one.removed or one.changed], console())


def _published(school: str, done: list[Done]) -> int:
    _draw_published(school, done)
    if not done:
        console().print(f"{school}: nothing is due.", soft_wrap=True)
    return WELL


def show(args: argparse.Namespace) -> int:
    """1 if something is due, or is not with the box."""
    store = open_store(load_settings(args.config))
    must_be_known(store, args.school)
    views = _views(store, args.school)
    if not views:
        do = f"Load it: `mektep-centre school-data load {args.school} DIR`."
        raise CentreError("K-143", f"nothing was ever loaded for {args.school}", do=do)
    if args.json:
        print(msgspec.json.encode(views).decode())
    else:
        for one in views:
            console().print(_shown(one), soft_wrap=True)
    behind = any(one.due or one.held != one.version or one.sealed_for_this_box is False for one in views)
    return ATTENTION if behind else WELL


def _views(store: Store, school: str) -> list[DatasetView]:
    kept, versions = kept_of(store.database, school), Published(store.database).versions(school)
    recipient, held = store.recipient_of(school), store.datasets_of(school)
    reasons = {one.dataset: one.why for one in due(kept, recipient, time.time_ns())}
    other = sealed_for_another(store.database, school, recipient)
    return [
        DatasetView(
            dataset=name,
            loaded=now_text(one.loaded_ns),
            counts=changes.counts({name: one.loaded}),
            version=versions.get(name, "") if one.published_ns else "",
            published=now_text(one.published_ns) if one.published_ns else "",
            held=held.get(name, ""),
            due=reasons.get(name, ""),
            sealed_for_this_box=name not in other if name in SEALED and recipient and one.recipient else None,
        )
        for name, one in kept.items()
    ]


def _shown(one: DatasetView) -> str:
    counts = ", ".join(f"{count} {what}" for what, count in one.counts.items())
    version = f"version {one.version} of {_minute(one.published)}" if one.version else "never published"
    box = (
        "sealed for another box" if one.sealed_for_this_box is False
        else "held by the box" if one.version and one.held == one.version
        else f"the box holds {shown(one.held) or 'none'}"
    )  # fmt: skip
    waiting = f"; to be published: {one.due}" if one.due else ""
    return f"{one.dataset}  {counts}; loaded {_minute(one.loaded)}; {version}; {box}{waiting}"


def _minute(time_text: str) -> str:
    return f"{time_text[:10]} {time_text[11:16]} UTC"
