"""A proof that a log has only grown: which earlier size, the path, and the signed checkpoint that it grew to.

Form    that of what a witness is asked to cosign (c2sp.org/tlog-witness, add-checkpoint): `old N`, the path of RFC
        6962, section 2.1.2, one hash a line in base64, an empty line, the checkpoint with all its signatures.
Raises  NoteError (agent/ledger/note.py).
Not     the earlier root: whoever asks has it, from a checkpoint that they kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.ledger.merkle import verify_consistency
from agent.ledger.note import Checkpoint, NoteError, Verifier, base64_text, number, open_checkpoint
from agent.ledger.proof import parts, path_of


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
    (first, *lines), checkpoint = parts(text)
    if not first.startswith("old "):
        raise NoteError("a proof of growth begins with `old N`")
    return GrowthProof(old=number(first.removeprefix("old ")), path=path_of(lines), checkpoint=checkpoint)
