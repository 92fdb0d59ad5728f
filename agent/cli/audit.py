"""mektep audit SOURCE: whether a ledger's events, statements and checkpoints are one story, in plain words.

SOURCE is an export (folder or .tar), a box's outbox.db, or the centre's database. Reads only; needs no network.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from agent.audit.audit import Report, audit
from agent.audit.findings import Finding
from agent.audit.leaf import shown
from agent.audit.one_leaf import leaf_at, prove, read_proof
from agent.audit.opening import open_source
from agent.audit.signed import Trusted, trusted
from agent.audit.source import Source
from agent.cli import audit_screen
from agent.cli.exit_codes import ATTENTION, WELL
from agent.errors import AgentError
from agent.texts import Texts, load_texts

SWITCH_INTERVAL_S = 0.0005  # the thread that feeds the second process must not wait for its turn


class Told(msgspec.Struct, frozen=True):
    """A finding as `--json` prints it."""

    code: str
    epoch: str
    first: int
    last: int
    sequence: int
    day: str
    what: str
    do: str


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", help="an export (folder or .tar), a database file, sqlite:///PATH or postgresql://HOST/NAME")
    add("--school", default="", metavar="NAME", help="which school, if the database has several")
    add(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="the box's key: vkey, or what `mektep identity` prints",
    )
    add("--key-file", type=Path, metavar="FILE", help="a file with such keys, one a line")
    add("--witness", action="append", default=[], metavar="VKEY", help="a cosigner whose signature is checked too")
    add("--leaf", metavar="EPOCH/INDEX", help="one meal only, with --proof")
    add("--proof", type=Path, metavar="FILE", help="a tlog-proof of that leaf")
    add("--json", action="store_true", help="the same as one JSON object")


def run(args: argparse.Namespace, out: TextIO) -> int:
    if bool(args.leaf) != bool(args.proof):
        raise AgentError("A-103", "--leaf and --proof belong together", do="Give both, or neither.")
    say = load_texts()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    source = open_source(args.source, args.school)
    try:
        keys = trusted(source.school, [*args.key, *_keys_of(args.key_file)], source.keys, args.witness)
        if args.leaf:
            return _one(args, source, keys, out, say)
        with audit_screen.bar(sys.stderr, sum(log.total for log in source.logs), say) as tick:
            report = audit(source, keys, tick)
    finally:
        source.close()
    if args.json:
        print(_json(report, say), file=out)
    else:
        audit_screen.draw(report, out, say)
    return ATTENTION if report.findings else WELL


def _one(args: argparse.Namespace, source: Source, keys: Trusted, out: TextIO, say: Texts) -> int:
    epoch, leaf = leaf_at(source, args.leaf)
    proven = prove(source.school, epoch, leaf, read_proof(args.proof), keys)
    if args.json:
        found = [told(proven.finding, say)] if proven.finding else []
        print(msgspec.json.encode({"leaf": args.leaf, "size": proven.size, "findings": found}).decode(), file=out)
    else:
        audit_screen.draw_proven(proven, epoch, out, say)
    return ATTENTION if proven.finding else WELL


def told(finding: Finding, say: Texts) -> Told:
    return Told(
        code=finding.code, epoch=finding.epoch, first=finding.first, last=finding.last, sequence=finding.sequence,
        day=shown(finding.day), what=finding.words(say), do=finding.do(say),
    )  # fmt: skip


def _json(report: Report, say: Texts) -> str:
    content = {
        "school": report.school,
        "logs": report.logs,
        "findings": [told(one, say) for one in report.findings],
        "notes": [told(one, say) for one in report.notes],
        "untold": report.untold,
        "months": report.months,
    }
    return msgspec.json.encode(content).decode()


def _keys_of(path: Path | None) -> Sequence[str]:
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        do = "Give a text file with a key on each line."
        raise AgentError("A-102", f"{path} cannot be read: {shown(str(error), 200)}", do=do) from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
