"""mektep ledger show | prove INDEX | grown CHECKPOINT: how far the ledger is signed, and proofs as files.

The database is only read, also while the agent runs. A proof is of the newest epoch's log, in the last checkpoint that
was signed: of one leaf, or that an earlier checkpoint is its beginning. Their forms are C2SP's, which programs of
others verify too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import become_owner
from agent.errors import AgentError
from agent.ledger.growth import GrowthProof
from agent.ledger.note import (
    NOTE_MAX_CHARS,
    Checkpoint,
    Kind,
    NoteError,
    Verifier,
    base64_text,
    open_checkpoint,
    unverified_names,
)
from agent.ledger.origin import origin_of
from agent.ledger.proof import LeafProof
from agent.ledger.stored import Spoilt
from agent.outbox.ledger_view import LedgerView, ledger_view
from agent.sync.identity import load_identity
from agent.texts import load_texts


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `show` tells; roots in base64."""

    log: str
    key: str
    leaves: int
    root: str
    signed: int  # leaves under the last checkpoint; 0 if there is none of this log
    signed_root: str
    cosigners: list[str]  # by the note itself; nobody's key but the box's own is known here
    checkpoint: str  # the note; empty if there is none


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """What `prove` tells."""

    index: int
    leaf: str
    size: int
    root: str
    path: list[str]
    checkpoint: str


class Grown(msgspec.Struct, frozen=True, kw_only=True):
    """What `grown` tells."""

    old: int
    old_root: str
    size: int
    root: str
    path: list[str]
    checkpoint: str


def arguments(parser: argparse.ArgumentParser) -> None:
    words = "the same as one JSON object"
    parser.add_argument("--json", action="store_true", help=words)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="leaves, root, the last checkpoint")
    prove = actions.add_parser("prove", help="a proof of one leaf, on standard output")
    prove.add_argument("index", type=int, help="the leaf's number, as in the event's attribute `leaf`")
    grown = actions.add_parser("grown", help="a proof that the log only grew since a checkpoint that you kept")
    grown.add_argument("earlier", metavar="CHECKPOINT", help="the file with that checkpoint; - for standard input")
    for action in (show, prove, grown):
        action.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=words)


def run(args: argparse.Namespace, out: TextIO) -> int:
    found = config.load(args.file)
    become_owner(Path(found.state.directory), found.file)
    with ledger_view(found.state.database) as view:
        origin = origin_of(found.school, view.epoch)
        log = Verifier(origin, Kind.LOG, load_identity(Path(found.state.directory)).public)
        try:
            return ACTIONS[args.action](args, view, log, out)
        except Spoilt as error:
            do = "Tell the centre: somebody may have changed the database. The agent opens a new log at its next start."
            raise AgentError("A-123", f"the ledger's rows do not belong together: {error}", do=do) from error


def _signed(view: LedgerView, log: Verifier) -> Checkpoint | None:
    """The last checkpoint of this log; None if it has none."""
    try:
        return open_checkpoint(view.checkpoint, log.name, [log])
    except NoteError:
        return None


def _show(args: argparse.Namespace, view: LedgerView, log: Verifier, out: TextIO) -> int:
    checkpoint, leaves = _signed(view, log), view.log.check()
    if checkpoint and (checkpoint.size > leaves or view.log.root(checkpoint.size) != checkpoint.root):
        raise Spoilt(f"they are not the {checkpoint.size} leaves that were signed")
    shown = Shown(
        log=log.name,
        key=str(log),
        leaves=leaves,
        root=base64_text(view.log.root(leaves)),
        signed=checkpoint.size if checkpoint else 0,
        signed_root=base64_text(checkpoint.root) if checkpoint else "",
        cosigners=[name for name in unverified_names(view.checkpoint) if name != log.name] if checkpoint else [],
        checkpoint=view.checkpoint if checkpoint else "",
    )
    if args.json:
        print(msgspec.json.encode(shown).decode(), file=out)
    else:
        _draw(shown, out)
    return WELL if checkpoint else ATTENTION


def _draw(shown: Shown, out: TextIO) -> None:
    say = load_texts()
    lines = {
        "log": shown.log,
        "key": shown.key,
        "leaves": str(shown.leaves),
        "root": shown.root,
        "signed": f"{shown.signed} {shown.signed_root}" if shown.checkpoint else say("ledger.never"),
        "unsigned": str(shown.leaves - shown.signed),
        "cosigned": ", ".join(shown.cosigners) or say("ledger.nobody"),
    }
    width = max(len(say(f"ledger.{name}")) for name in lines)
    for name, text in lines.items():
        print(f"{say(f'ledger.{name}'):<{width}}  {text}", file=out)


def _prove(args: argparse.Namespace, view: LedgerView, log: Verifier, out: TextIO) -> int:
    checkpoint = _signed(view, log)
    size = checkpoint.size if checkpoint else 0
    if checkpoint is None or not 0 <= args.index < size:
        do = "Take a smaller number, or wait: what is new is signed within the hour, and when the agent stops."
        raise AgentError("A-124", f"leaf {args.index} is not under the last checkpoint, which has {size} leaves", do=do)
    leaf = view.log.leaf(args.index)
    proof = LeafProof(index=args.index, path=tuple(view.log.inclusion(size, args.index)), checkpoint=view.checkpoint)
    try:
        proof.verify(leaf, log.name, [log])
    except NoteError as error:
        raise Spoilt(str(error)) from error
    if not args.json:
        print(proof, end="", file=out)
        return WELL
    path = [base64_text(one) for one in proof.path]
    proven = Proven(
        index=args.index, leaf=base64_text(leaf), size=size, root=base64_text(checkpoint.root), path=path,
        checkpoint=view.checkpoint,
    )  # fmt: skip
    print(msgspec.json.encode(proven).decode(), file=out)
    return WELL


def _grown(args: argparse.Namespace, view: LedgerView, log: Verifier, out: TextIO) -> int:
    earlier = _earlier(args.earlier, log)
    try:
        proof, now = _growth(view, earlier, log)
    except NoteError as error:
        do = "Tell the centre: the box's database is older than what was signed, or has been changed."
        raise AgentError("A-126", f"the ledger has not grown from that checkpoint: {error}", do=do) from error
    if not args.json:
        print(proof, end="", file=out)
        return WELL
    grown = Grown(
        old=earlier.size, old_root=base64_text(earlier.root), size=now.size, root=base64_text(now.root),
        path=[base64_text(one) for one in proof.path], checkpoint=view.checkpoint,
    )  # fmt: skip
    print(msgspec.json.encode(grown).decode(), file=out)
    return WELL


def _growth(view: LedgerView, earlier: Checkpoint, log: Verifier) -> tuple[GrowthProof, Checkpoint]:
    """From that checkpoint to the last one, and this. Raises NoteError."""
    last = _signed(view, log)
    size = last.size if last else 0
    if earlier.size > size:
        raise NoteError(f"{earlier.size} leaves were signed, and the last checkpoint here has {size}")
    path = tuple(view.log.consistency(earlier.size, size))
    proof = GrowthProof(old=earlier.size, path=path, checkpoint=view.checkpoint)
    return proof, proof.verify(earlier, [log])


def _earlier(name: str, log: Verifier) -> Checkpoint:
    """The checkpoint that somebody kept, if this box signed it for the log of now."""
    try:
        with sys.stdin.buffer if name == "-" else open(name, "rb") as file:
            text = file.read(NOTE_MAX_CHARS).decode()
        return open_checkpoint(text, log.name, [log])
    except (OSError, UnicodeDecodeError, NoteError) as error:
        do = (
            "Give a file with a whole checkpoint of this log, as `mektep ledger show --json` has it under `checkpoint`."
        )
        raise AgentError("A-125", f"{name} holds no checkpoint of {log.name}: {error}", do=do) from error


ACTIONS = {"show": _show, "prove": _prove, "grown": _grown}
