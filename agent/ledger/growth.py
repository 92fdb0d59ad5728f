"""A proof that a log has only grown: which earlier size, the path, and the signed checkpoint that it grew to.

Form    that of what a witness is asked to cosign (c2sp.org/tlog-witness, add-checkpoint): `old N`, the path of RFC
        6962, section 2.1.2, one hash a line in base64, an empty line, the checkpoint with all its signatures.
Raises  NoteError (agent/ledger/note.py).
Not     the earlier root: whoever asks has it, from a checkpoint that they kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.ledger.merkle import HASH_BYTES, verify_consistency
from agent.ledger.note import (
    NOTE_MAX_CHARS,
    Checkpoint,
    NoteError,
    Verifier,
    base64_bytes,
    base64_text,
    number,
    open_checkpoint,
)

PATH_MAX = 63  # hashes: the format's own limit


class GrowthProof(msgspec.Struct, frozen=True, kw_only=True):
    """That the log of `old` leaves is the beginning of the signed one. `str()` gives the file."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: str  # the whole note, as it was signed

    def __str__(self) -> str:
        return "\n".join([f"old {self.old}", *map(base64_text, self.path), "", self.checkpoint])

    def verify(self, earlier: Checkpoint, log: Sequence[Verifier]) -> Checkpoint:
        """The checkpoint that the earlier one has grown to. Raises NoteError."""
        now = open_checkpoint(self.checkpoint, earlier.origin, log)
        if self.old != earlier.size:
            raise NoteError(f"it begins at {self.old} leaves, not at {earlier.size}")
        if not verify_consistency(earlier.size, now.size, earlier.root, now.root, self.path):
            raise NoteError(f"the {now.size} leaves do not begin with the {earlier.size} that were signed")
        return now


def parse_growth(text: str) -> GrowthProof:
    """A file of a proof; its path and its signatures are not checked yet. Raises NoteError."""
    if len(text) > 2 * NOTE_MAX_CHARS:
        raise NoteError("the proof is too long")
    head, empty, checkpoint = text.partition("\n\n")
    first, *lines = head.split("\n")
    if not empty or not first.startswith("old "):
        raise NoteError("a proof of growth begins with `old N` and ends in a checkpoint")
    path = tuple(base64_bytes(line) for line in lines)
    if len(path) > PATH_MAX or any(len(one) != HASH_BYTES for one in path):
        raise NoteError(f"a path is at most {PATH_MAX} hashes of {HASH_BYTES} bytes")
    return GrowthProof(old=number(first.removeprefix("old ")), path=path, checkpoint=checkpoint)
