"""Signed checkpoints of ledgers, and our cosignature under them: C2SP signed-note, tlog-checkpoint, tlog-cosignature.

Raises  BadNote: why it proves nothing, in words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from centre.ledger_tree import EMPTY_ROOT, HASH_BYTES

LOG, COSIGNER = 1, 4  # what a key signs
ID_BYTES, TIME_BYTES = 4, 8
NOTE_MAX = 8_192
SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<payload>[A-Za-z0-9+/]+={0,2})")
UNPLAIN = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(Exception):
    """A note, or a signature under it, that proves nothing."""


class Checkpoint(msgspec.Struct, frozen=True):
    """A log's size and root, as one of its keys signed them."""

    origin: str
    size: int
    root: bytes
    text: str
    key: bytes


def origin_of(school: str, epoch: str) -> str:
    return f"mektep.kz/{school}/{epoch}"


def vkey(name: str, kind: int, public: bytes) -> str:
    """A public key as verifiers take it."""
    key = bytes([kind]) + public
    return f"{name}+{_key_id(name, kind, public).hex()}+{base64.b64encode(key).decode()}"


def open_checkpoint(note: str, origin: str, keys: Sequence[bytes]) -> Checkpoint:
    """The checkpoint of this log, signed by one of these keys under the log's name. Raises BadNote."""
    text, lines = _split(note)
    for key in keys:
        for payload in _payloads(lines, origin, key):
            if not _signed(key, payload, text.encode()):
                raise BadNote("the signature is not the box's")
            return _checkpoint(text, origin, key)
    raise BadNote("no key of this school's box has signed it")


def cosign(note: str, name: str, key: Ed25519PrivateKey, time_s: int) -> str:
    """The note with our line more. Whether the log has only grown is for the caller to know."""
    text, _ = _split(note)
    payload = _key_id(name, COSIGNER, key.public_key().public_bytes_raw()) + time_s.to_bytes(TIME_BYTES)
    payload += key.sign(_cosigned(text, time_s))
    return f"{note}— {name} {base64.b64encode(payload).decode()}\n"


def _checkpoint(text: str, origin: str, key: bytes) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4 or not SIZE.fullmatch(lines[1]):
        raise BadNote("it is no checkpoint: origin, size and root, each on its line")
    root = _base64(lines[2])
    if len(root) != HASH_BYTES or (lines[1] == "0" and root != EMPTY_ROOT):
        raise BadNote("its root is none")
    if lines[0] != origin:
        raise BadNote(f"it is of another log, {lines[0]!a}")
    return Checkpoint(lines[0], int(lines[1]), root, text, key)


def _split(note: str) -> tuple[str, list[re.Match[str]]]:
    """The text with its last LF, and the lines of signatures."""
    head, apart, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    found = [LINE.fullmatch(line) for line in lines[:-1]]
    if len(note) > NOTE_MAX or UNPLAIN.search(note) or not head or not apart or lines[-1] or not found:
        raise BadNote("it is no signed note")
    known = [one for one in found if one is not None]
    if len(known) != len(found):
        raise BadNote("one of its lines is no signature")
    return head + "\n", known


def _payloads(lines: Sequence[re.Match[str]], name: str, public: bytes) -> list[bytes]:
    """Of the lines that say to be by this key of a log."""
    key_id = _key_id(name, LOG, public)
    payloads = [_base64(line["payload"]) for line in lines if line["name"] == name]
    return [payload[ID_BYTES:] for payload in payloads if payload[:ID_BYTES] == key_id]


def _signed(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _cosigned(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:ID_BYTES]


def _base64(text: str) -> bytes:
    """Only as it is written canonically: nobody can make two lines of one signature."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("it holds no base64 where it must") from error
    if base64.b64encode(found).decode() != text:
        raise BadNote("its base64 is not canonical")
    return found
