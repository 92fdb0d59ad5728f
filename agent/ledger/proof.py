"""A proof as a file: which leaf, its path, and the signed checkpoint that it ends in.

Form    c2sp.org/tlog-proof: the format's name, `extra BASE64` if there is any, `index N`, the path from the leaf up,
        one hash a line in base64, an empty line, the checkpoint with all its signatures.
Raises  NoteError (agent/ledger/note.py).
Not     signed: `extra`. What it says must be proven by the leaf.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.ledger.merkle import HASH_BYTES, verify_inclusion
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

FORMAT = "c2sp.org/tlog-proof@v1"
PATH_MAX = 63  # hashes: no log is larger


class LeafProof(msgspec.Struct, frozen=True, kw_only=True):
    """That something is in a log. `str()` gives the file."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str  # the whole note, as it was signed
    extra: bytes = b""

    def __str__(self) -> str:
        extra = [f"extra {base64_text(self.extra)}"] if self.extra else []
        lines = [FORMAT, *extra, f"index {self.index}", *map(base64_text, self.path), "", self.checkpoint]
        return "\n".join(lines)

    def verify(
        self, leaf: bytes, origin: str, log: Sequence[Verifier], cosigners: Sequence[Verifier] = ()
    ) -> Checkpoint:
        """The checkpoint that the leaf of this hash is under. Raises NoteError."""
        checkpoint = open_checkpoint(self.checkpoint, origin, log, cosigners)
        if not verify_inclusion(leaf, self.index, checkpoint.size, self.path, checkpoint.root):
            raise NoteError(f"it is not leaf {self.index} of {checkpoint.size}")
        return checkpoint


def parse_proof(text: str) -> LeafProof:
    """A file of a proof; its path and its signatures are not checked yet. Raises NoteError."""
    lines, checkpoint = parts(text)
    if lines.pop(0) != FORMAT:
        raise NoteError(f"a proof begins with {FORMAT}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = base64_bytes(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise NoteError("a proof says the index of its leaf")
    index = number(lines.pop(0).removeprefix("index "))
    return LeafProof(index=index, path=path_of(lines), checkpoint=checkpoint, extra=extra)


def parts(text: str) -> tuple[list[str], str]:
    """Of a proof's file: its lines, at least one, and its checkpoint. Raises NoteError."""
    if len(text) > 2 * NOTE_MAX_CHARS:
        raise NoteError("the proof is too long")
    head, empty, checkpoint = text.partition("\n\n")
    if not empty:
        raise NoteError("a proof ends in a checkpoint, after an empty line")
    return head.split("\n"), checkpoint


def path_of(lines: Sequence[str]) -> tuple[bytes, ...]:
    """A path, one hash a line. Raises NoteError."""
    path = tuple(base64_bytes(line) for line in lines)
    if len(path) > PATH_MAX or any(len(one) != HASH_BYTES for one in path):
        raise NoteError(f"a path is at most {PATH_MAX} hashes of {HASH_BYTES} bytes")
    return path
