"""Checkpoints of a log, by keys that the auditor trusts: what was signed, and by whom it was seen.

Key     the box's one Ed25519 key signs every log of its school; the name in a vkey is one log's, and says which school.
Order   a log grows: each checkpoint is of at least as many leaves as the one before, and of one size there is one root.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from agent.audit.findings import Facts, Finding, Findings, at_leaf
from agent.audit.leaf import Leaf, shown
from agent.audit.source import KeptNote
from agent.errors import AgentError
from agent.ledger.note import (
    DASH,
    KEY_BYTES,
    Checkpoint,
    Kind,
    NoteError,
    Verifier,
    base64_bytes,
    base64_text,
    open_checkpoint,
    parse_checkpoint,
    parse_vkey,
    unverified_text,
    verify_cosignature,
)
from agent.ledger.origin import DOMAIN, origin_of

BASE64_CHARS = 44  # of 32 bytes


class Trusted(msgspec.Struct, frozen=True):
    """Whose signatures count."""

    public: frozenset[bytes]  # of the box, 32 bytes each
    witnesses: tuple[Verifier, ...] = ()
    demanded: bool = False  # whether the auditor has named them: then each log must have a cosignature
    from_source: bool = False  # nobody gave a key: the data under audit brought theirs


class Head(msgspec.Struct, frozen=True):
    """A checkpoint that a trusted key has signed."""

    size: int
    root: bytes
    number: int  # which of those that are kept, from 0
    sequence: int
    witnessed_s: dict[str, int]  # cosigner -> when it saw it, seconds since 1970


def trusted(school: str, given: Sequence[str], said: Sequence[str], witnesses: Sequence[str]) -> Trusted:
    """The keys that were given; without any, those that the source says. Raises AgentError A-102."""
    said_witnesses = [text for text in said if _is_witness(text)]
    public = frozenset(_public(school, text) for text in given or said if text not in said_witnesses)
    if not public:
        raise AgentError("A-102", "no key is known: nothing signed can be checked", do="Give the box's key with --key.")
    seeing = witnesses if given or witnesses else said_witnesses
    return Trusted(public, tuple(map(_witness, seeing)), demanded=bool(witnesses), from_source=not given)


def opened(kept: Iterable[KeptNote], school: str, epoch: str, keys: Trusted, findings: Findings) -> list[Head]:
    """The checkpoints that count, in the order of signing."""
    heads: list[Head] = []
    for number, one in enumerate(kept):
        head = _opened(number, one, school, epoch, keys, findings)
        if head is not None:
            if heads:
                findings.extend(_compared(heads[-1], head, epoch))
            heads.append(head)
    return heads


def checkpoint_of(note: str, school: str, epoch: str, public: Iterable[bytes]) -> Checkpoint:
    """A checkpoint of the log, signed by one of these keys. Raises NoteError."""
    origin = origin_of(school, epoch)
    return open_checkpoint(note, origin, [Verifier(origin, Kind.LOG, key) for key in public])


def _opened(number: int, kept: KeptNote, school: str, epoch: str, keys: Trusted, findings: Findings) -> Head | None:
    try:
        found = checkpoint_of(kept.note, school, epoch, keys.public)
    except NoteError:
        findings.add(_unsigned(number, kept, school, epoch))
        return None
    seen: dict[str, int] = {}
    for witness in keys.witnesses if kept.cosigned else ():
        whole = kept.note + kept.cosigned if kept.cosigned.startswith(DASH) else kept.cosigned
        try:
            if whole.partition("\n\n")[0] != kept.note.partition("\n\n")[0]:
                raise NoteError("another checkpoint was cosigned")
            seen[witness.name] = verify_cosignature(whole, witness)
        except NoteError:
            if f"{DASH}{witness.name} " in whole:
                facts: Facts = {"name": witness.name, "size": found.size, "number": number + 1}
                findings.add(at_leaf("A-136", epoch, Leaf(found.size - 1), facts=facts))
    return Head(found.size, found.root, number, kept.sequence, seen)


def _unsigned(number: int, kept: KeptNote, school: str, epoch: str) -> Finding:
    """Why a checkpoint does not count, as far as it can be read."""
    facts: Facts = {"number": number + 1, "origin": origin_of(school, epoch)}
    try:
        text = parse_checkpoint(unverified_text(kept.note))
    except NoteError:
        return Finding(code="A-131", epoch=epoch, sequence=kept.sequence, case="unreadable", facts=facts)
    facts |= {"size": text.size, "other": shown(text.origin, 200)}
    case = "other" if text.origin != facts["origin"] else ""
    return at_leaf("A-131", epoch, Leaf(text.size - 1, kept.sequence), case=case, facts=facts)


def _compared(before: Head, after: Head, epoch: str) -> list[Finding]:
    """What two checkpoints, one after the other, cannot both say."""
    facts: Facts = {
        "number": after.number + 1, "before": before.size, "size": after.size,
        "root": base64_text(after.root), "other": base64_text(before.root),
    }  # fmt: skip
    last = Leaf(after.size - 1, after.sequence)
    if after.size < before.size:
        return [at_leaf("A-134", epoch, last, case="shrunk", facts=facts)]
    if after.size == before.size and after.root != before.root:
        return [at_leaf("A-134", epoch, last, facts=facts)]
    if -1 < after.sequence <= before.sequence:
        return [at_leaf("A-134", epoch, last, case="order", facts=facts)]
    return []


def _public(school: str, text: str) -> bytes:
    """The key of a vkey of this school, or of what `mektep identity` prints. Raises AgentError A-102."""
    try:
        if len(text) == BASE64_CHARS and len(key := base64_bytes(text)) == KEY_BYTES:
            return key
        found = parse_vkey(text)
    except NoteError as error:
        raise _no_key(text, str(error)) from error
    parts = found.name.split("/")
    if found.kind is not Kind.LOG or parts[:2] != [DOMAIN, school]:
        raise _no_key(text, f"it is not a key of {DOMAIN}/{school}")
    return found.public


def _is_witness(text: str) -> bool:
    try:
        return parse_vkey(text).kind is Kind.COSIGNER
    except NoteError:
        return False


def _witness(text: str) -> Verifier:
    try:
        found = parse_vkey(text)
    except NoteError as error:
        raise _no_key(text, str(error)) from error
    if found.kind is not Kind.COSIGNER:
        raise _no_key(text, "it is not a cosigner's key")
    return found


def _no_key(text: str, why: str) -> AgentError:
    do = "Copy the whole line: NAME+ID+KEY, or for the box what `mektep identity` prints."
    return AgentError("A-102", f"{shown(text)} is no key that can be used: {why}", do=do)
