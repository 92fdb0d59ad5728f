"""The commands enrol, certificate and lost: centre/enrolment_cli.py lists them."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path

import msgspec

from centre import keys, own_certificates, revocation
from centre.boot_file import boot_file, config_of
from centre.commands import ATTENTION, WELL, all_schools, open_store, school_name, tell
from centre.enrolment import Certificate, Enrolments
from centre.errors import CentreError
from centre.lost import Lost, lose
from centre.own_certificates import TAKEN_UP_S, Own, attention, behind, shows_old
from centre.settings import load_settings
from centre.wire import now_text

STDOUT = Path("-")
SERIAL_DO = "See `mektep-centre certificate list`."


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as `certificate list --json` prints it."""

    serial: str
    school: str  # empty: one of the centre's own
    issued: str
    expires: str
    state: str  # good, expired, revoked; of the centre's own also: ends
    revoked: str  # when; empty: it is not
    reason: str
    file: str = ""  # of one of the centre's own


def enrol(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    school_name(args.school)
    try:
        config = config_of(args.box) if args.box else ""
    except UnicodeDecodeError as error:
        raise CentreError("K-184", f"{args.box} is not UTF-8 text", do="Give a part of an agent.toml.") from error
    store = open_store(settings)
    token = Enrolments(store.database, settings.file(".")).invite(args.school, args.days)
    text = boot_file(settings, args.school, token, config)
    if args.out == STDOUT:
        print(text, end="")
    else:
        keys.write_private(args.out, text.encode())
        print(f"{args.out}: enrols one box of {args.school} within {args.days} days.", file=sys.stderr)
    return WELL


def certificates(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    found = Enrolments(open_store(settings).database, settings.file(".")).certificates(args.school)
    boxes = [_row(one, time.time_ns()) for one in found]
    ours = [] if args.school else [_own_row(one) for one in own_certificates.own_certificates(settings).found]
    if args.json:
        print(msgspec.json.encode(ours + boxes).decode())
    else:
        print("\n".join(_line(row) for row in ours + boxes) or "No box has a certificate.")
        if ours and not boxes:
            print("No box has a certificate.")
    troubles = [] if args.school else attention(settings)
    tell(troubles)
    return ATTENTION if troubles else WELL


def renew(args: argparse.Namespace) -> int:
    """1 if one could not be renewed, or a server goes on with the one before."""
    settings = load_settings(args.config)
    done = own_certificates.renew(settings, None if args.all else args.within)
    new = {one.name for one in done.found}
    for one in own_certificates.own_certificates(settings).found:
        print(f"{one.file:<32}  {one.end:%Y-%m-%d}  {'renewed' if one.name in new else one.state}")
    if new:
        print("Receivers show theirs at their next connection, the administrator at the next command.")
    troubles = done.troubles + [shows_old(one) for one in behind(settings, TAKEN_UP_S)]
    tell(troubles)
    if new and not troubles:
        print("Nothing is to be restarted.")
    return ATTENTION if troubles else WELL


def revoke(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    store = open_store(settings)
    serial = args.serial.lower().lstrip("0")
    one = Enrolments(store.database, settings.file(".")).revoke_one(serial, "revoked")
    if one is None:
        raise CentreError("K-185", f"no box was given a certificate {args.serial}", do=SERIAL_DO)
    revocation.put_out(settings, store.database, one.school)
    print(f"{one.serial} of {one.school} is revoked; its line is closed.")
    return WELL


def lost(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    store = open_store(settings)
    known = Enrolments(store.database, settings.file(".")).certificates(args.school)
    if not known and args.school not in all_schools(store):
        raise CentreError("K-118", f"{args.school} is not registered", do="See `mektep-centre school list`.")
    done = lose(settings, store, args.school)
    print(msgspec.json.encode(done).decode() if args.json else "\n".join(_told(done)))
    return WELL


def _told(done: Lost) -> list[str]:
    """For a person: what was done, then what is left."""
    lines = [f"{done.school}: {len(done.revoked)} certificates revoked, {done.keys} signing keys refused, line closed."]
    if done.card_key:
        lines.append("Its cards are hashed anew: the old hashes open nothing.")
    lines.append("Left to do:")
    lines += [f"  change the password of camera {one}" for one in done.cameras] or ["  (no cameras are known)"]
    again = f"`mektep-centre school-data load {done.school} DIR --publish`"
    lines.append(f"  enrol the next box: `mektep-centre enrol {done.school}`; after its birth {again}")
    return lines


def _line(row: Row) -> str:
    why = f"  {row.reason} {row.revoked[:10]}" if row.revoked else ""
    return f"{row.school or row.file:<32}  {row.expires[:10]}  {row.state:<8}  {row.serial}{why}"


def _own_row(one: Own) -> Row:
    return Row(
        serial=f"{one.serial:x}", school="", issued=_text(one.begin), expires=_text(one.end), state=one.state,
        revoked="", reason="", file=one.file,
    )  # fmt: skip


def _text(time: dt.datetime) -> str:
    return now_text(int(time.timestamp()) * 1_000_000_000)


def _row(one: Certificate, now_ns: int) -> Row:
    return Row(
        serial=one.serial,
        school=one.school,
        issued=now_text(one.issued_ns),
        expires=now_text(one.expires_ns),
        state="revoked" if one.revoked_ns else "expired" if one.expires_ns <= now_ns else "good",
        revoked=now_text(one.revoked_ns) if one.revoked_ns else "",
        reason=one.reason,
    )
