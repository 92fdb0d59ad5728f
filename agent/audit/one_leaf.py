"""One meal proven: its leaf, made anew from the event, is in the log that the box has signed.

Proof    a file by c2sp.org/tlog-proof, with the checkpoint that it ends in.
Raises   AgentError A-103 for a leaf or file that is not there.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from agent.audit.findings import Finding, at_leaf
from agent.audit.leaf import Leaf, read, shown
from agent.audit.signed import Trusted
from agent.audit.source import Source
from agent.errors import AgentError
from agent.ledger.note import Kind, NoteError, Verifier
from agent.ledger.origin import origin_of
from agent.ledger.proof import LeafProof, parse_proof

PLACE = re.compile(r"([0-9a-f-]{1,64})/(0|[1-9][0-9]{0,15})", re.ASCII)
PROOF_MOST = 4_000_000


class Proven(msgspec.Struct, frozen=True):
    """A leaf, and the log that it is in; or why it is not."""

    leaf: Leaf
    size: int = 0  # of the log that was signed
    finding: Finding | None = None


def leaf_at(source: Source, place: str) -> tuple[str, Leaf]:
    """The epoch and the leaf of `EPOCH/INDEX`."""
    match = PLACE.fullmatch(place)
    do = "Write EPOCH/INDEX, as the event says in its source and its attribute leaf."
    if match is None:
        raise AgentError("A-103", f"{shown(place)} is no leaf", do=do)
    epoch, index = match[1], int(match[2])
    for log in source.logs:
        kept = log.leaf(index) if log.epoch == epoch else None
        if kept is not None:
            return epoch, read(kept)
    raise AgentError("A-103", f"there is no leaf {shown(place)} here", do=do)


def read_proof(path: Path) -> LeafProof:
    """A file of a proof, not checked yet."""
    try:
        with path.open("rb") as file:
            return parse_proof(file.read(PROOF_MOST).decode())
    except (OSError, UnicodeDecodeError, NoteError) as error:
        do = "Give the file that `mektep ledger prove` has written on the box."
        raise AgentError("A-103", f"{path} is no proof of a leaf: {shown(str(error), 200)}", do=do) from error


def prove(school: str, epoch: str, leaf: Leaf, proof: LeafProof, keys: Trusted) -> Proven:
    """Whether the proof is of this leaf, and ends in a root that the box has signed."""
    origin = origin_of(school, epoch)
    log = [Verifier(origin, Kind.LOG, key) for key in keys.public]
    if leaf.index != proof.index:
        return Proven(leaf, finding=at_leaf("A-151", epoch, leaf, case="other", facts={"index": proof.index}))
    if not leaf.hash or leaf.fault:
        return Proven(leaf, finding=at_leaf("A-113", epoch, leaf, case=leaf.fault or "gone"))
    try:
        return Proven(leaf, proof.verify(leaf.hash, origin, log, keys.witnesses).size)
    except NoteError:
        return Proven(leaf, finding=at_leaf("A-151", epoch, leaf))
