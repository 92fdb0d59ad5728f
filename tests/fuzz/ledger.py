"""The ledger's texts from outside: nothing is taken that is not written as it must be, nor that nobody signed."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.ledger import growth, note, proof
from agent.ledger.merkle import EMPTY_ROOT, leaf_hash, verify_inclusion
from centre.ledger_note import cosign
from tests.fuzz.target import Target, shown_safely

SEED = bytes(32)
KEY = note.PrivateKey(SEED)
LOG = note.Verifier("example.com/log", note.Kind.LOG, KEY.public)
CITY = note.Verifier("city.example", note.Kind.COSIGNER, KEY.public)
LEAF = leaf_hash(b"x")
TEXT = str(note.Checkpoint(LOG.name, 1, LEAF))
SIGNED = note.sign_note(TEXT, LOG.name, KEY)
COSIGNED = cosign(SIGNED, CITY.name, Ed25519PrivateKey.from_private_bytes(SEED), 1_700_000_000)
STRANGE = note.sign_note(TEXT, "example.com/other", note.PrivateKey(bytes([7]) * 32)).split("\n\n")[1]


def signed_note(data: bytes) -> None:
    """The only text that these keys have ever signed, with the only time."""
    text = data.decode("utf-8", errors="replace")
    try:
        opened = note.open_note(text, [LOG, CITY])
        assert opened.text == TEXT
        assert {one.time_s for one in opened.signed} <= {None, 1_700_000_000}
        assert note.open_checkpoint(text, LOG.name, [LOG, CITY]).root == LEAF
    except note.NoteError as error:
        shown_safely(str(error))


def checkpoint(data: bytes) -> None:
    """What is read as a checkpoint is written as one, to the character."""
    text = data.decode("utf-8", errors="replace")
    try:
        assert str(note.parse_checkpoint(text)) == text
    except note.NoteError as error:
        shown_safely(str(error))


def vkey(data: bytes) -> None:
    """What is read as a key is written as one, to the character."""
    text = data.decode("utf-8", errors="replace")
    try:
        assert str(note.parse_vkey(text)) == text
    except note.NoteError as error:
        shown_safely(str(error))


def growth_proof(data: bytes) -> None:
    """What is read as a proof of growth is written as one; from nothing to one leaf there is one, without a path."""
    text = data.decode("utf-8", errors="replace")
    try:
        found = growth.parse_growth(text)
        assert str(found) == text
        assert found.verify(note.Checkpoint(LOG.name, 0, EMPTY_ROOT), [LOG]).root == LEAF
        assert (found.old, found.path) == (0, ())
    except note.NoteError as error:
        shown_safely(str(error))


def leaf_proof(data: bytes) -> None:
    """What is read as a proof is written as one; it proves a leaf only by the signed checkpoint."""
    text = data.decode("utf-8", errors="replace")
    try:
        found = proof.parse_proof(text)
        assert str(found) == text
        checkpoint = found.verify(LEAF, LOG.name, [LOG])
        assert verify_inclusion(LEAF, found.index, checkpoint.size, found.path, checkpoint.root)
        assert (found.index, found.path) == (0, ())
    except note.NoteError as error:
        shown_safely(str(error))


TARGETS = {
    "ledger, note": Target(
        signed_note,
        [one.encode() for one in (SIGNED, COSIGNED, SIGNED + STRANGE, SIGNED.replace("\n", "\r\n"), "x\n\n" + SIGNED)],
    ),
    "ledger, checkpoint": Target(
        checkpoint, [TEXT.encode(), f"{TEXT}more\n".encode(), TEXT.replace("\n1\n", "\n01\n").encode(), b"a\n0\n\n"]
    ),
    "ledger, key": Target(vkey, [str(LOG).encode(), str(CITY).encode(), b"+00000000+AQ==", b"x+1dde4531+ATtq"]),
    "ledger, proof": Target(
        leaf_proof,
        [
            str(proof.LeafProof(index=0, path=(), checkpoint=COSIGNED)).encode(),
            str(proof.LeafProof(index=0, path=(LEAF,), checkpoint=SIGNED, extra=b"x")).encode(),
            b"c2sp.org/tlog-proof@v1\nindex 18446744073709551615\n\n",
        ],
    ),
    "ledger, growth": Target(
        growth_proof,
        [
            str(growth.GrowthProof(old=0, path=(), checkpoint=SIGNED)).encode(),
            str(growth.GrowthProof(old=0, path=(LEAF,), checkpoint=COSIGNED)).encode(),
            b"old 18446744073709551615\n\n",
        ],
    ),
}
