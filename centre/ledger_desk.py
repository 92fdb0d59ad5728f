"""The commands `ledger …` of mektep-centre; centre/cli.py lists them."""

from __future__ import annotations

import argparse
import sys
import time

import msgspec

from centre.commands import ATTENTION, WELL, all_schools, must_be_known, open_store
from centre.erasure import erase as forget
from centre.ledger_check import Checked, check, epochs_of
from centre.ledger_export import export as write_files
from centre.ledger_verdict import PENDING, VERIFIED, kind_of
from centre.people import author, pupil_key
from centre.progress import track
from centre.reports import Reports
from centre.settings import load_settings
from centre.store import Store
from centre.witness import Outcome, Witness

SUMMARY = """
select verdict, size, cosigned from ledger_checkpoint where school = ? and epoch = ?
union all select verdict, -1, '' from statement where school = ? and epoch = ?
"""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One ledger, as it was judged when it came."""

    school: str
    epoch: str
    leaves: int
    verified: int  # leaves under a checkpoint that fitted
    cosigned: int  # and under one that the city cosigned
    pending: int  # checkpoints and statements
    wrong: int
    statements: int


def listed(args: argparse.Namespace) -> int:
    """1 if a checkpoint or statement did not fit."""
    store = open_store(load_settings(args.config))
    found = [_listed(store, school, epoch) for school, epoch in _ledgers(store, args.school)]
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        for one in found:
            words = (
                f"{one.leaves} leaves, {one.verified} verified, {one.cosigned} cosigned, {one.statements} statements"
            )
            doubt = f", {one.pending} pending" if one.pending else ""
            print(f"{one.school}  {one.epoch}  {words}{doubt}{f', {one.wrong} WRONG' if one.wrong else ''}")
    return ATTENTION if any(one.wrong for one in found) else WELL


def show(args: argparse.Namespace) -> int:
    """Check anew from the first leaf on. 1 if anything does not fit, or cannot be checked."""
    store = open_store(load_settings(args.config))
    epochs = [epoch for _, epoch in _ledgers(store, args.school) if args.epoch in (None, epoch)]
    with store.database.snapshot():
        found = [check(store.database, args.school, epoch) for epoch in track(epochs, len(epochs))]
    if args.json:
        print(msgspec.json.encode([_told(one) for one in found]).decode())
    else:
        for one in found:
            _print(one)
    return ATTENTION if any(one.faults or _waiting(one) for one in found) else WELL


def cosign(args: argparse.Namespace) -> int:
    """Cosign what has only grown. 1 if anything is refused."""
    settings = load_settings(args.config)
    store = open_store(settings)
    witness = Witness(settings.file("."), store.database)
    print(f"witness key: {witness.vkey}")
    if args.school:
        must_be_known(store, args.school)
    schools = [args.school] if args.school else all_schools(store)
    outcomes: list[Outcome] = []
    for school in track(schools, len(schools)):
        outcomes += witness.cosign(school)
    for one in outcomes:
        print(f"{one.school}  {one.epoch}  {one.size} leaves: {one.outcome}{f': {one.why}' if one.why else ''}")
    return ATTENTION if any(one.outcome == "refused" for one in outcomes) else WELL


def export(args: argparse.Namespace) -> int:
    """For whoever checks it without us."""
    settings = load_settings(args.config)
    store = open_store(settings)
    must_be_known(store, args.school)
    manifest = write_files(
        store.database,
        args.school,
        args.out,
        month=args.month or "",
        witness=[Witness(settings.file("."), store.database).vkey],
        made_ns=time.time_ns(),
        track=track,
    )
    print(f"{args.out}: {len(manifest.epochs)} ledgers of {args.school}.")
    return WELL


def erase(args: argparse.Namespace) -> int:
    """Forget a child; 1 if the files that were loaded for the school still hold it."""
    store = open_store(load_settings(args.config))
    must_be_known(store, args.school)
    pupil = pupil_key(store.database, args.school, args.pupil)
    reports = _reports_naming(store, args.school, pupil)  # before its name is forgotten
    done = forget(store.database, args.school, pupil, author(args.author), args.reason)
    print(
        f"Forgotten in {done.events} events, {done.leaves} of them leaves; roots, proofs and sums are what they were."
    )
    sql = "select dataset, loaded, published from school_data where school = ? order by dataset"
    rows = store.database.execute(sql, (args.school,))
    holding = [name for name, *contents in rows if any(pupil.encode() in bytes(one) for one in contents)]
    if holding:
        do = "Take the child out of the school's files, load and publish them; then erase once more."
        print(f"Its data are still in {', '.join(holding)}. {do}", file=sys.stderr)
    for name in reports:
        do = f"Look at it (`incident show {name}`); forget its words: `incident forget {name}`."
        print(f"The report {name} may name the child. {do}", file=sys.stderr)
    return ATTENTION if holding or reports else WELL


def _reports_naming(store: Store, school: str, pupil: str) -> list[str]:
    rows = store.database.execute("select name, external from person where school = ? and key = ?", (school, pupil))
    return Reports(store.database).naming(school, " ".join(rows[0])) if rows else []


def _ledgers(store: Store, school: str | None) -> list[tuple[str, str]]:
    if school:
        must_be_known(store, school)
    names = [school] if school else all_schools(store)
    return [(name, epoch) for name in names for epoch in epochs_of(store.database, name)]


def _listed(store: Store, school: str, epoch: str) -> Listed:
    sql = "select count(*) from ledger_leaf where school = ? and epoch = ?"
    ((leaves,),) = store.database.execute(sql, (school, epoch))
    rows = store.database.execute(SUMMARY, (school, epoch) * 2)
    kinds = [kind_of(verdict) for verdict, _, _ in rows]
    return Listed(
        school=school,
        epoch=epoch,
        leaves=leaves,
        verified=max((size for verdict, size, _ in rows if verdict == VERIFIED), default=0),
        cosigned=max((size for _, size, cosigned in rows if cosigned), default=0),
        pending=kinds.count(PENDING),
        wrong=sum(kind not in (VERIFIED, PENDING) for kind in kinds),
        statements=sum(size < 0 for _, size, _ in rows),
    )


def _waiting(one: Checked) -> bool:
    verdicts = [seen.verdict for seen in one.checkpoints] + [seen.verdict for seen in one.statements]
    return any(kind_of(verdict) == PENDING for verdict in verdicts)


def _print(one: Checked) -> None:
    print(f"{one.epoch}  {one.leaves} leaves, {one.verified} under a checkpoint that fits")
    for checkpoint in one.checkpoints:
        cosigned = ", cosigned" if checkpoint.cosigned else ""
        print(f"  checkpoint of {checkpoint.size} leaves, record {checkpoint.sequence}: {checkpoint.verdict}{cosigned}")
    for statement in one.statements:
        print(f"  statement of {statement.day or '?'}, leaf {statement.idx}: {statement.verdict}")
    for fault in one.faults:
        print(f"  FAULT {fault}")


def _told(one: Checked) -> dict[str, object]:
    return {
        "epoch": one.epoch,
        "leaves": one.leaves,
        "verified": one.verified,
        "faults": [{"leaf": fault.idx, "day": fault.day, "says": fault.says} for fault in one.faults],
        "checkpoints": [
            {"size": seen.size, "sequence": seen.sequence, "verdict": seen.verdict, "cosigned": bool(seen.cosigned)}
            for seen in one.checkpoints
        ],
        "statements": [{"leaf": seen.idx, "day": seen.day, "verdict": seen.verdict} for seen in one.statements],
    }
