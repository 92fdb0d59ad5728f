"""Proofs of a made ledger's leaves, as files."""

from __future__ import annotations

from agent.ledger.merkle import inclusion
from agent.ledger.note import parse_checkpoint, unverified_text
from agent.ledger.proof import LeafProof
from bench.ledger_year import Ledger
from tests.agent.ledger.leaves import kept


def proof_of(made: Ledger, index: int) -> LeafProof:
    """In the last checkpoint."""
    note = made.notes[-1][0]
    size = parse_checkpoint(unverified_text(note)).size
    path = tuple(inclusion(size, index, kept(made.hashes[:size])))
    return LeafProof(index=index, path=path, checkpoint=note)
