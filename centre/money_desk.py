"""The commands `report` and `correct` of mektep-centre; centre/cli.py lists them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import msgspec

from centre import month_screen
from centre.commands import ATTENTION, WELL, all_schools, must_be_known, open_store
from centre.corrections import AttendanceOf, Corrections, MealOf, bodies, corrected
from centre.database import Database
from centre.entitlement import Right, meals_of, right
from centre.errors import CentreError
from centre.ledger_check import LeafSeen, check, epochs_of
from centre.money import Account, Meal, State, settle
from centre.month import SchoolMonth, month_of
from centre.people import author, pupil_key
from centre.progress import track
from centre.settings import load_settings


def report(args: argparse.Namespace) -> int:
    """1 if anything needs attention."""
    if bool(args.school) == args.all:
        raise CentreError("K-150", "a report is of one school, or of all", do="Give --school NAME or --all.")
    store = open_store(load_settings(args.config))
    if args.school:
        must_be_known(store, args.school)
    names = [args.school] if args.school else all_schools(store)
    now_ns = time.time_ns()
    months = [month_of(store.database, name, args.month, now_ns) for name in track(names, len(names))]
    if args.csv:
        _write_csv(args.csv, months)
    if args.json:
        print(msgspec.json.encode([_told(one) for one in months]).decode())
    elif args.all:
        month_screen.draw_all(months)
    else:
        month_screen.draw(months[0])
    return ATTENTION if any(one.needs_attention for one in months) else WELL


def _told(one: SchoolMonth) -> dict[str, object]:
    return msgspec.structs.asdict(one) | {"attention": month_screen.attention(one)}


def _write_csv(path: Path, months: list[SchoolMonth]) -> None:
    text = month_screen.as_csv(months)
    if str(path) == "-":
        sys.stdout.write(text)
    else:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="") as out:
            out.write(text)


def correct_meal(args: argparse.Namespace) -> int:
    """Say whose a forgotten card's meal was."""
    store = open_store(load_settings(args.config))
    must_be_known(store, args.school)
    database = store.database
    pupil = pupil_key(database, args.school, args.pupil)
    by = author(args.author)
    with database.snapshot():
        meal, found = _assignable(database, args.school, args.leaf, pupil)
    body = MealOf(
        leaf=meal.leaf,
        pupil=pupil,
        day=meal.day,
        meal=meal.meal,
        programme=found.programme,
        tenge=found.tenge,
        reason=args.reason,
    )
    with store.only(args.school):  # of two at once for one leaf the first holds, as of two in a row
        _must_be_open(database, args.school, meal.leaf)
        Corrections(database).add(args.school, by, body)
    print(f"{meal.leaf}: {meal.meal} of {meal.day} is {args.pupil}'s, {found.programme}, {found.tenge} tenge.")
    return WELL


def correct_attendance(args: argparse.Namespace) -> int:
    """Say where a child was."""
    store = open_store(load_settings(args.config))
    must_be_known(store, args.school)
    pupil = pupil_key(store.database, args.school, args.pupil)
    body = AttendanceOf(pupil=pupil, day=args.day, state=args.state, reason=args.reason)
    by = author(args.author)
    with store.only(args.school):
        Corrections(store.database).add(args.school, by, body)
    print(f"{args.pupil} was {args.state} on {args.day}: noted.")
    return WELL


def _assignable(database: Database, school: str, leaf: str, pupil: str) -> tuple[Meal, Right]:
    """Raises CentreError K-150: why it cannot be this pupil's."""
    account = _account(database, school)
    meal = next((one for one in account.meals if one.leaf == leaf), None)
    if meal is None:
        raise _not_so(f"{leaf} is no meal of {school}", "`mektep-centre report` names the open ones, as EPOCH/INDEX.")
    _must_be_open(database, school, leaf)
    if meal.state is not State.FORGOTTEN:
        raise _closed(leaf, meal.state.value)
    has = [one for one in account.meals if (one.pupil, one.day, one.meal) == (pupil, meal.day, meal.meal)]
    if any(one.state is State.PAID for one in has):
        raise _not_so(f"this pupil had {meal.meal} of {meal.day} by card", "Then the meal was another child's.")
    found = right(meals_of(database, school), pupil, meal.day, meal.meal)
    if found is None:
        do = "Look at entitlements.csv; if it is wrong there, load the right one first."
        raise _not_so(f"this pupil has no entitlement to {meal.meal} of {meal.day}", do)
    return meal, found


def _must_be_open(database: Database, school: str, leaf: str) -> None:
    if any(one.leaf == leaf for one in bodies(Corrections(database).of(school), MealOf)):
        raise _closed(leaf, "assigned already")


def _closed(leaf: str, state: str) -> CentreError:
    return _not_so(f"{leaf} is no open meal of a forgotten card: it is {state}", "Nothing is to be corrected there.")


def _account(database: Database, school: str) -> Account:
    leaves: list[LeafSeen] = []
    for epoch in epochs_of(database, school):
        check(database, school, epoch, leaves.append)
    return settle(leaves, corrected(Corrections(database).of(school)))


def _not_so(what: str, do: str) -> CentreError:
    return CentreError("K-150", what, do=do)
