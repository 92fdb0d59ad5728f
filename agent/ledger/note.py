"""Signed texts: notes, checkpoints of a log, and the cosignatures of those who saw it grow.

Note     text ending in LF, an empty line, then lines `— NAME BASE64`: four bytes of key id, then the signature over the
         text with its last LF. UTF-8; of control characters only LF.
Text     of a checkpoint: origin, size, root in base64, extension lines; each ends in LF.
Cosigned `cosignature/v1`, `time SECONDS`, the checkpoint's text; the line carries the time as eight bytes before the
         signature.
Key      of who verifies, as text (vkey): `NAME+KEYID+BASE64 of kind and public key`; the id is the beginning of
         SHA-256(NAME, LF, kind, public key).
Source   c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature at v1.0; Ed25519 alone.
Raises   NoteError: what it is no proof of, in plain words.
Bytes    are decoded by who reads them, with newlines as they are: a text file's CR LF would break every signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent.ledger.merkle import EMPTY_ROOT, HASH_BYTES

DASH = "— "
KEY_ID_BYTES = 4
KEY_BYTES = 32
SIGNATURE_BYTES = 64
TIME_BYTES = 8
NAME_MAX_BYTES = 255
NOTE_MAX_CHARS = 1_000_000
LINES_MAX = 100  # of signatures
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
NOT_PLAIN = re.compile("[\x00-\x1f\ud800-\udfff]")
NUMBER_MAX = 2**63 - 1


class NoteError(Exception):
    """A note, a checkpoint, a key or a proof that is none."""


class Kind(IntEnum):
    """What a key signs: the byte before the public key."""

    LOG = 1  # notes
    COSIGNER = 4  # checkpoints of others, with the time


class Signer(Protocol):
    """Who holds a private Ed25519 key."""

    @property
    def public(self) -> bytes: ...

    def sign(self, text: bytes) -> bytes: ...


class PrivateKey:
    """A signer from a key in memory: 32 bytes of seed, or the key itself."""

    def __init__(self, key: Ed25519PrivateKey | bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(key) if isinstance(key, bytes) else key
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)


class Verifier(msgspec.Struct, frozen=True):
    """Whose signature it is: a name, what the key signs, the public key. `str()` gives the vkey."""

    name: str
    kind: Kind
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != KEY_BYTES:
            raise NoteError(f"a key of {len(self.public)} bytes")

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64_text(bytes([self.kind]) + self.public)}"

    def _verify(self, text: str, payload: bytes) -> int | None:
        """The time of a cosignature; None for a log's own. Raises NoteError if it is not of this key."""
        stamp, signature = b"", payload
        if self.kind is Kind.COSIGNER:
            stamp, signature = payload[:TIME_BYTES], payload[TIME_BYTES:]
        time_s = int.from_bytes(stamp)
        signed = _cosigned_text(text, time_s) if self.kind is Kind.COSIGNER else text.encode()
        try:
            if len(signature) != SIGNATURE_BYTES or time_s > NUMBER_MAX:
                raise NoteError(f"{self.name} did not sign it")
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"{self.name} did not sign it") from error
        return time_s if self.kind is Kind.COSIGNER else None


class Signed(msgspec.Struct, frozen=True):
    """One signature that was checked."""

    by: Verifier
    time_s: int | None  # when the cosigner saw it; a log's own signature has no time


class Note(msgspec.Struct, frozen=True):
    """A text that at least one known key has signed."""

    text: str
    signed: tuple[Signed, ...]


class Checkpoint(msgspec.Struct, frozen=True):
    """How large a log is, and its root. `str()` gives the text that is signed."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(lines) or any(not _is_plain(line) for line in lines):
            raise NoteError("a line of the checkpoint is empty, or no plain text")
        if not 0 <= self.size <= NUMBER_MAX or len(self.root) != HASH_BYTES:
            raise NoteError(f"no root of {self.size} leaves")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteError("the root of an empty log is another")

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in (self.origin, self.size, base64_text(self.root), *self.extensions))


def parse_vkey(text: str) -> Verifier:
    """A key of who verifies, from its text. Raises NoteError, also if the id is not this key's."""
    name, _, rest = text.partition("+")
    key = base64_bytes(rest.partition("+")[2])
    if key[0] not in tuple(Kind):
        raise NoteError(f"a key of kind {key[0]}, which is not known here")
    verifier = Verifier(name, Kind(key[0]), key[1:])
    if str(verifier) != text:
        raise NoteError(f"the id of this key is {verifier.key_id.hex()}")
    return verifier


def parse_checkpoint(text: str) -> Checkpoint:
    """The text of a checkpoint. Raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1]:
        raise NoteError("a checkpoint has at least three lines, each ended")
    return Checkpoint(lines[0], number(lines[1]), base64_bytes(lines[2]), tuple(lines[3:-1]))


def sign_note(text: str, name: str, key: Signer) -> str:
    """A note with one signature."""
    if not text.endswith("\n") or not all(_is_plain(line) for line in text.split("\n")):
        raise NoteError("the text of a note is lines of plain text, each ended")
    return f"{text}\n{_line(Verifier(name, Kind.LOG, key.public), key.sign(text.encode()))}"


def open_note(note: str, known: Iterable[Verifier]) -> Note:
    """A note that one of these keys has signed; lines of others are passed over. Raises NoteError.

    One bad line of a known key refuses the whole note.
    """
    text, lines = _split(note)
    keys = {(one.name, one.key_id): one for one in known}
    signed = []
    for line in lines:
        by = keys.get((line.name, line.key_id))
        if by is not None:
            signed.append(Signed(by, by._verify(text, line.payload)))
    if not signed:
        raise NoteError("nobody known has signed it")
    return Note(text, tuple(signed))


def unverified_text(note: str) -> str:
    """The text of a note, whoever may have signed it. Raises NoteError if it is none."""
    return _split(note)[0]


def unverified_names(note: str) -> list[str]:
    """Whose signatures a note says it has. Raises NoteError if it is none."""
    return [line.name for line in _split(note)[1]]


def open_checkpoint(note: str, origin: str, log: Sequence[Verifier], cosigners: Sequence[Verifier] = ()) -> Checkpoint:
    """The checkpoint of the log of this origin, signed by one of its keys. Raises NoteError."""
    opened = open_note(note, [*log, *cosigners])
    if not any(one.by in log for one in opened.signed):
        raise NoteError("the log itself has not signed it")
    checkpoint = parse_checkpoint(opened.text)
    if checkpoint.origin != origin:
        raise NoteError(f"it is of another log, {checkpoint.origin!a}")
    return checkpoint


def verify_cosignature(note: str, cosigner: Verifier) -> int:
    """When this cosigner saw the checkpoint, in seconds since 1970. Raises NoteError."""
    opened = open_note(note, [cosigner])
    parse_checkpoint(opened.text)
    times = [one.time_s for one in opened.signed if one.time_s is not None]
    if not times:
        raise NoteError(f"{cosigner.name} is no cosigner")
    return max(times)


def number(text: str) -> int:
    """Decimal digits without a leading zero, below 2**63. Raises NoteError; int() would take far more."""
    if not NUMBER.fullmatch(text) or int(text) > NUMBER_MAX:
        raise NoteError(f"{text[:40]!a} is no number")
    return int(text)


def base64_bytes(text: str) -> bytes:
    """At least one byte from standard base64 in its one right form. Raises NoteError."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{text[:40]!a} is no base64") from error
    if not found or base64_text(found) != text:
        raise NoteError(f"{text[:40]!a} is not how base64 is written")
    return found


def base64_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


class _Line(msgspec.Struct, frozen=True):
    name: str
    key_id: bytes
    payload: bytes


def _split(note: str) -> tuple[str, list[_Line]]:
    """The text of a note and its lines of signatures, none of them checked."""
    if len(note) > NOTE_MAX_CHARS or not all(_is_plain(line) for line in note.split("\n")):
        raise NoteError("the note is too long, or no plain text")
    text, empty, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not empty or lines.pop() or not 1 <= len(lines) <= LINES_MAX:
        raise NoteError("a note is a text, an empty line, and signatures")
    return f"{text}\n", [_parsed(line) for line in lines]


def _parsed(line: str) -> _Line:
    parts = line.removeprefix(DASH).split(" ")
    if not line.startswith(DASH) or len(parts) != 2:
        raise NoteError(f"{line[:40]!a} is no line of a signature")
    _check_name(parts[0])
    payload = base64_bytes(parts[1])
    if len(payload) <= KEY_ID_BYTES:
        raise NoteError("a signature of no bytes")
    return _Line(parts[0], payload[:KEY_ID_BYTES], payload[KEY_ID_BYTES:])


def _line(by: Verifier, payload: bytes) -> str:
    return f"{DASH}{by.name} {base64_text(by.key_id + payload)}\n"


def _cosigned_text(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() for char in name) or not _is_plain(name):
        raise NoteError(f"{name[:40]!a} is no name of a key")
    if len(name.encode()) > NAME_MAX_BYTES:
        raise NoteError("the name of a key is too long")


def _is_plain(line: str) -> bool:
    """Whether a line has no control character, nor half of a pair that UTF-8 cannot write."""
    return not NOT_PLAIN.search(line)
