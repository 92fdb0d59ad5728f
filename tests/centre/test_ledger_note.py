"""Checkpoints and cosignatures: published ones open, spoilt ones do not, and the box's code takes ours."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.ledger import note as boxes
from agent.ledger.note import Kind, PrivateKey, Verifier
from centre.ledger_note import COSIGNER, LOG, BadNote, cosign, open_checkpoint, vkey
from tests.agent.ledger import notes

ZERO = Ed25519PrivateKey.from_private_bytes(bytes(32))
ZERO_PUBLIC = ZERO.public_key().public_bytes_raw()
ORIGIN = "example.com/log"
NOTE = f"{notes.ZERO_TEXT}\n{notes.ZERO_LOG_LINE}"
COSIGNED = NOTE + notes.ZERO_WITNESS_LINE


def public_in(text: str) -> bytes:
    return base64.b64decode(text.split("+", 2)[2])[1:]


def test_a_published_checkpoint_opens() -> None:
    found = open_checkpoint(NOTE, ORIGIN, [bytes(32), ZERO_PUBLIC])
    assert (found.origin, found.size, found.key, found.text) == (ORIGIN, 1, ZERO_PUBLIC, notes.ZERO_TEXT)
    assert base64.b64encode(found.root).decode() == notes.ZERO_TEXT.split("\n")[2]


def test_a_real_log() -> None:
    key = public_in(notes.ARCHE)
    found = open_checkpoint(notes.ARCHE_NOTE, notes.ARCHE_ORIGIN, [key])
    assert found.size == 1_432_088_532


def test_we_cosign_as_a_program_in_go_takes_it() -> None:
    assert cosign(NOTE, "witness.example/w1", ZERO, notes.ZERO_TIME_S) == COSIGNED
    assert open_checkpoint(COSIGNED, ORIGIN, [ZERO_PUBLIC]) == open_checkpoint(NOTE, ORIGIN, [ZERO_PUBLIC])


def test_keys_are_written_as_published() -> None:
    assert vkey(ORIGIN, LOG, ZERO_PUBLIC) == notes.ZERO_LOG
    assert vkey("witness.example/w1", COSIGNER, ZERO_PUBLIC) == notes.ZERO_WITNESS


def test_the_boxs_notes_are_ours() -> None:
    text = str(boxes.Checkpoint(ORIGIN, 5, bytes(range(32))))
    note = boxes.sign_note(text, ORIGIN, PrivateKey(bytes(32)))
    found = open_checkpoint(note, ORIGIN, [ZERO_PUBLIC])
    assert (found.size, found.root) == (5, bytes(range(32)))
    ours = cosign(note, "mektep.kz/witness", ZERO, 1_800_000_000)
    witness = Verifier("mektep.kz/witness", Kind.COSIGNER, ZERO_PUBLIC)
    assert boxes.verify_cosignature(ours, witness) == 1_800_000_000


def signed(text: str) -> str:
    """By the right key, whatever it says."""
    return boxes.sign_note(text, ORIGIN, PrivateKey(bytes(32)))


ROOT = base64.b64encode(bytes(32)).decode()
SPOILT = [
    ("nothing", "", "no signed note"),
    ("no signature", notes.ZERO_TEXT, "no signed note"),
    ("cut short", NOTE[:-1], "no signed note"),
    ("with CR", NOTE.replace("\n", "\r\n"), "no signed note"),
    ("a line that is none", NOTE + "x\n", "no signature"),
    ("another size", NOTE.replace("\n1\n", "\n2\n"), "not the box's"),
    ("nobody we know", f"{notes.ZERO_TEXT}\n{notes.ENOCH_LINE}", "no key of this school's box"),
    ("only its witness", f"{notes.ZERO_TEXT}\n{notes.ZERO_WITNESS_LINE}", "no key of this school's box"),
    ("another log", signed(f"example.com/other\n1\n{ROOT}\n"), "of another log"),
    ("a size with a zero before it", signed(f"{ORIGIN}\n01\n{ROOT}\n"), "no checkpoint"),
    ("an extension line", signed(f"{ORIGIN}\n1\n{ROOT}\nmore\n"), "no checkpoint"),
    ("a short root", signed(f"{ORIGIN}\n1\nAAAA\n"), "its root is none"),
    ("a root of nothing that is none", signed(f"{ORIGIN}\n0\n{ROOT}\n"), "its root is none"),
    ("junk in the root", signed(f"{ORIGIN}\n1\n{ROOT[:-1]}*=\n"), "base64"),
    ("too long", signed("x" * 9_000 + "\n"), "no signed note"),
]


@pytest.mark.parametrize(("note", "why"), [case[1:] for case in SPOILT], ids=[case[0] for case in SPOILT])
def test_what_proves_nothing_says_why(note: str, why: str) -> None:
    with pytest.raises(BadNote, match=why):
        open_checkpoint(note, ORIGIN, [ZERO_PUBLIC])
