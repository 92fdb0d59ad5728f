"""How the logs of a school follow each other: the first leaf of each names the last checkpoint of the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from agent.audit.findings import Facts, Findings, at_leaf
from agent.audit.leaf import Leaf, shown
from agent.audit.signed import Head, Trusted, checkpoint_of
from agent.events import EpochOpened
from agent.ledger.merkle import HASH_BYTES, root_of
from agent.ledger.note import Checkpoint, NoteError

Fault = tuple[str, str, Facts]  # code, which of its texts, what to say in it


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A log that was read."""

    epoch: str
    opening: Leaf | None
    heads: Sequence[Head]
    hashes: bytearray  # of its leaves, as far as all are known


def successions(pasts: Sequence[Past], school: str, keys: Trusted, findings: Findings) -> None:
    """Each log after the first must go on where the one before was signed last."""
    known = {one.epoch: one for one in pasts}
    for number, one in enumerate(pasts):
        leaf = one.opening
        if leaf is None:
            continue
        former = pasts[number - 1].epoch if number else ""
        fault = _fault(leaf.data, former, known, school, keys)
        if fault:
            code, case, facts = fault
            facts |= {"before": shown(leaf.data.before), "former": former, "reason": shown(leaf.data.reason)}
            findings.add(at_leaf(code, one.epoch, leaf, case=case, facts=facts))


def _fault(said: EpochOpened, former: str, known: Mapping[str, Past], school: str, keys: Trusted) -> Fault | None:
    if not said.before:
        return ("A-135", "unnamed", {}) if former else None
    if said.before not in known:
        return "A-165", "", {}
    if former != said.before:
        return "A-135", "other", {}
    before = known[said.before]
    if not said.checkpoint:
        return ("A-135", "none", {"size": before.heads[-1].size}) if before.heads else None
    try:
        named = checkpoint_of(said.checkpoint, school, said.before, keys.public)
    except NoteError:
        return "A-135", "unsigned", {}
    return _compared(named, before)


def _compared(named: Checkpoint, before: Past) -> Fault | None:
    """The checkpoint that the new log names, with what is here of the log before."""
    last = max((head.size for head in before.heads), default=0)
    facts: Facts = {"size": named.size, "last": last}
    if named.root not in _roots(named.size, before):
        here = len(before.hashes) // HASH_BYTES
        return "A-135", "differs" if named.size <= max(here, last) else "more", facts
    return ("A-135", "older", facts) if named.size < last else None


def _roots(size: int, log: Past) -> set[bytes]:
    """The roots of so many leaves: as they were signed, or as they are here."""
    signed = {head.root for head in log.heads if head.size == size}
    if signed or size * HASH_BYTES > len(log.hashes):
        return signed
    return {root_of(bytes(log.hashes[at : at + HASH_BYTES]) for at in range(0, size * HASH_BYTES, HASH_BYTES))}
