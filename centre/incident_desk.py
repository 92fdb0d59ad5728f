"""The commands `incident …` and `cameras` of mektep-centre; centre/incident_cli.py lists them."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import msgspec

from centre import incident_screen as screen
from centre.answers import answer as give_answer
from centre.camera_list import cameras as listed_cameras
from centre.commands import ATTENTION, WELL, must_be_known, open_store
from centre.drills import drills as listed_drills
from centre.errors import CentreError
from centre.incidents import Incidents
from centre.order_queue import OrderQueue
from centre.people import author
from centre.progress import track
from centre.reports import Reports, Typed
from centre.school_time import S_NS
from centre.settings import load_settings
from centre.store import Store

DAY_NS = 86_400 * S_NS
LOOK_S = 0.05
BYTES_MAX = 16_384  # of a file with a report's words


def list_(args: argparse.Namespace) -> int:
    """1 if something waits for an answer."""
    store = _opened(args)
    incidents, school = Incidents(store.database), args.school or ""
    if args.all:
        since_ns = time.time_ns() - args.days * DAY_NS
        found = incidents.listed(school, args.kind or "", since_ns, args.limit)
    else:
        found = [one for one in incidents.open_now(school) if args.kind in (None, one.kind)]
    reports, ahead = Reports(store.database).waiting(school), incidents.ahead(school, time.time_ns() - DAY_NS)
    if args.json:
        print(msgspec.json.encode({"incidents": found, "reports": reports, "ahead": ahead}).decode())
    else:
        screen.draw_incidents(found, reports, ahead)
    waits = any(one.state in ("opened", "told") and not one.drill for one in found)
    return ATTENTION if waits or ahead or any(not one.answer for one in reports) else WELL


def show(args: argparse.Namespace) -> int:
    store = open_store(load_settings(args.config))
    reports = Reports(store.database)
    found = Incidents(store.database).one(args.id, args.school or _only_school(store, args.id))
    if found is None:
        report = reports.find(args.id)
        if report is None:
            raise _unknown(args.id)
        if args.json:
            print(msgspec.json.encode({"report": report}).decode())
        else:
            screen.draw_report(report)
        return WELL
    typed = reports.of_incident(found.incident.school, args.id)
    if args.json:
        print(msgspec.json.encode({"details": found, "reports": typed}).decode())
    else:
        screen.draw_one(found, typed)
    return WELL


def answer(args: argparse.Namespace) -> int:
    """1 if the box does not take it, or has not answered in time."""
    store = open_store(load_settings(args.config))
    school = args.school or _school_of(store, args.id)
    who = author(args.author)
    by = staff_key(store, school, args.by) if args.by else ""
    number = give_answer(
        store.database, school, args.id, args.answer, role=args.role, account=who, by=by, reason=args.reason or ""
    )
    return _await(store, number, args.wait)


def _await(store: Store, number: int, wait_s: float) -> int:
    """What the box says of an order that `deliver` sends."""
    queue, deadline_s = OrderQueue(store.database), time.monotonic() + wait_s
    while time.monotonic() < deadline_s:
        one = queue.find(number)
        if one is not None and not one.open:
            said = msgspec.json.encode(one.result).decode() if one.state == "done" else one.error
            print(f"{one.state}: {said}")
            return WELL if one.state == "done" else ATTENTION
        time.sleep(LOOK_S)
    print(f"queued as {number}: the box has not answered within {wait_s:g} s; it is sent until it has", file=sys.stderr)
    return ATTENTION


def report(args: argparse.Namespace) -> int:
    store = open_store(load_settings(args.config))
    must_be_known(store, args.school)
    words = sys.stdin.read(BYTES_MAX) if str(args.words) == "-" else _words(args.words)
    typed = Typed(
        school=args.school,
        kind=args.kind,
        words=words.strip(),
        place=args.place,
        language=args.language,
        contact=args.contact,
        reporter=args.reporter,
        drill=args.drill,
    )
    made = Reports(store.database).add(typed, author(args.author))
    print(made.id)
    (order,) = OrderQueue(store.database).of(args.school, made.id)
    return _await(store, order.id, args.wait) if args.wait else WELL


def _words(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(BYTES_MAX)


def forget(args: argparse.Namespace) -> int:
    """The words of a report, and how to reach who typed it."""
    store = open_store(load_settings(args.config))
    if not Reports(store.database).forget(args.id):
        raise _unknown(args.id)
    print(f"{args.id}: its words and contact are forgotten; that it was typed, and what came of it, stays.")
    return WELL


def drills(args: argparse.Namespace) -> int:
    """1 if a school's chain did not answer, or there was no drill."""
    store = _opened(args)
    schools = [args.school] if args.school else sorted(store.schools())
    since_ns = time.time_ns() - args.days * DAY_NS
    found = [one for name in track(schools, len(schools)) for one in listed_drills(store.database, [name], since_ns)]
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        screen.draw_drills(found)
    return WELL if all(one.verdict == "answered" for one in found) else ATTENTION


def cameras(args: argparse.Namespace) -> int:
    """1 if one is lost or tampered with."""
    store = _opened(args)
    found = listed_cameras(store.database, args.school or "", time.time_ns())
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        screen.draw_cameras(found)
    return ATTENTION if any(one.trouble for one in found) else WELL


def _opened(args: argparse.Namespace) -> Store:
    store = open_store(load_settings(args.config))
    if args.school:
        must_be_known(store, args.school)
    return store


def _school_of(store: Store, name: str) -> str:
    if school := _only_school(store, name):
        return school
    typed = Reports(store.database).find(name)
    if typed is None:
        raise _unknown(name)
    return typed.school


def _only_school(store: Store, name: str) -> str:
    """Empty: none. A box that tells of another's incident must not get that one's answers."""
    schools = Incidents(store.database).schools_with(name)
    if len(schools) > 1:
        do = "Say which with --school; one of these boxes tells of an incident that is not its own."
        raise CentreError("K-165", f"{' and '.join(schools)} have an incident {name}", do=do)
    return schools[0] if schools else ""


def staff_key(store: Store, school: str, name: str) -> str:
    """Of a member of staff, by their number in staff.csv or the key."""
    sql = "select key from person where school = ? and kind = 'staff' and (external = ? or key = ?)"
    rows = store.database.execute(sql, (school, name, name))
    if not rows:
        raise CentreError("K-169", f"{school} has no member of staff {name!a}", do="Give `staff` as in staff.csv.")
    return str(rows[0][0])


def _unknown(name: str) -> CentreError:
    return CentreError("K-165", f"there is no incident and no report {name!a}", do="See `mektep-centre incident list`.")
