"""The commands `custody` and `account …` of mektep-centre; centre/incident_cli.py lists them."""

from __future__ import annotations

import argparse
import getpass
import re
import sys

import msgspec

from centre import incident_screen as screen
from centre.accounts import Account, Accounts
from centre.commands import ATTENTION, WELL, must_be_known, open_store
from centre.custody import Custody
from centre.errors import CentreError
from centre.incident_desk import staff_key
from centre.settings import load_settings

KEPT = re.compile(r"([0-9]{1,15}):([0-9a-f]{64})")


def custody(args: argparse.Namespace) -> int:
    """1 if the chain is broken."""
    log = Custody(open_store(load_settings(args.config)).database)
    if args.verify is None:
        entries = log.entries(args.school or "", args.evidence or "")
        if args.json:
            sys.stdout.writelines(f"{msgspec.json.encode(one).decode()}\n" for one in entries)
        else:
            screen.draw_custody(entries)
        return WELL
    number, link = _kept(args.verify)
    found = log.verify(number, link)
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        for fault in found.faults:
            print(fault)
        print(f"{found.rows} rows; keep this elsewhere, and give it next time: {found.rows}:{found.hash}")
    return ATTENTION if found.faults else WELL


def _kept(text: str) -> tuple[int, str]:
    """What `custody --verify` printed before; empty: nothing was kept."""
    if not text:
        return 0, ""
    match = KEPT.fullmatch(text)
    if match is None:
        do = "Give it as it was printed, NUMBER:HASH; or --verify alone."
        raise CentreError("K-170", f"{text!a} is no row that was kept", do=do)
    return int(match[1]), match[2]


def account_add(args: argparse.Namespace) -> int:
    store = open_store(load_settings(args.config))
    if args.school:
        must_be_known(store, args.school)
    person = staff_key(store, args.school, args.staff) if args.staff and args.school else ""
    one = Account(name=args.name, role=args.role, school=args.school or "", person=person, language=args.language)
    Accounts(store.database).add(one, _password())
    print(f"{args.name} may log in.")
    return WELL


def account_password(args: argparse.Namespace) -> int:
    Accounts(open_store(load_settings(args.config)).database).new_password(args.name, _password())
    print(f"{args.name} has a new password.")
    return WELL


def account_end(args: argparse.Namespace) -> int:
    Accounts(open_store(load_settings(args.config)).database).end(args.name)
    print(f"{args.name} can no longer log in; what it did keeps its name.")
    return WELL


def account_list(args: argparse.Namespace) -> int:
    found = Accounts(open_store(load_settings(args.config)).database).all()
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        screen.draw_accounts(found)
    return WELL


def _password() -> str:
    """Asked for twice at a terminal; else the first line of standard input. Never a word of the command line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise CentreError("K-161", "the two are not the same", do="Type it again.")
    return first
