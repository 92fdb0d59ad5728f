"""The city as witness: it cosigns a ledger's newest checkpoint once it has seen that the ledger has only grown.

Memory  witness.jsonl beside centre.toml: what was cosigned, one line each, written before anybody sees it. It is not in
        the database, because it is the database that is witnessed.
Key     keys/witness.pem, made when it is first needed; its public half as a vkey is what others check with
Source  c2sp.org/tlog-cosignature, tlog-witness
"""

from __future__ import annotations

import base64
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre.database import Database
from centre.keys import witness_key
from centre.ledger_check import CheckpointSeen, check, epochs_of
from centre.ledger_note import COSIGNER, cosign, origin_of, vkey
from centre.ledger_verdict import VERIFIED

NAME = "mektep.kz/witness"
FILE = "witness.jsonl"


class Seen(msgspec.Struct, frozen=True):
    """What was cosigned last of a ledger."""

    origin: str
    size: int
    root: str  # base64
    time_s: int


class Outcome(msgspec.Struct, frozen=True):
    """Of one ledger."""

    school: str
    epoch: str
    size: int
    outcome: str  # cosigned, nothing new, refused
    why: str = ""


class Witness:
    """One per centre's folder; a lock on its memory keeps two from contradicting each other."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._path = folder / FILE
        self._key: Ed25519PrivateKey = witness_key(folder)
        self._database = database

    @property
    def vkey(self) -> str:
        return vkey_of(self._key)

    def cosign(self, school: str) -> list[Outcome]:
        """Every ledger of a school."""
        with self._turn():
            memory = {seen.origin: seen for seen in self._memory()}
            epochs = epochs_of(self._database, school)
            found = [self._one(school, epoch, memory.get(origin_of(school, epoch))) for epoch in epochs]
            ours = origin_of(school, "")
            lost = [origin for origin in memory if origin.startswith(ours) and origin.removeprefix(ours) not in epochs]
            return found + [_lost(school, memory[origin]) for origin in lost]

    def _one(self, school: str, epoch: str, seen: Seen | None) -> Outcome:
        with self._database.snapshot():
            found = check(self._database, school, epoch, sizes=[seen.size] if seen else [])
        newest = max((one for one in found.checkpoints if one.verdict == VERIFIED), key=_size, default=None)
        size = newest.size if newest else 0
        if found.forked:
            return Outcome(school, epoch, size, "refused", "the box has signed what does not fit its leaves")
        if seen and base64.b64encode(found.roots.get(seen.size, b"")).decode() != seen.root:
            why = f"its first {seen.size} leaves are not those that were cosigned" if seen.size <= found.size else (
                f"{seen.size} leaves were cosigned, and {found.size} are here"
            )  # fmt: skip
            return Outcome(school, epoch, size, "refused", why)
        if newest is None or newest.size <= (seen.size if seen else 0):
            return Outcome(school, epoch, size, "nothing new")
        self._sign(school, epoch, newest, seen)
        return Outcome(school, epoch, size, "cosigned")

    def _sign(self, school: str, epoch: str, newest: CheckpointSeen, seen: Seen | None) -> None:
        time_s = max(int(time.time()), seen.time_s if seen else 0)
        self._remember(Seen(origin_of(school, epoch), newest.size, base64.b64encode(newest.root).decode(), time_s))
        sql = "update ledger_checkpoint set cosigned = ? where school = ? and epoch = ? and sequence = ?"
        with self._database.transaction():
            note = cosign(newest.note, NAME, self._key, time_s)
            self._database.execute(sql, (note, school, epoch, newest.sequence))

    def _memory(self) -> Iterator[Seen]:
        """A last line that the power cut short was never acted on."""
        if self._path.exists():
            lines = self._path.read_bytes().split(b"\n")
            yield from (msgspec.json.decode(line, type=Seen) for line in lines[:-1] if line)

    def _remember(self, seen: Seen) -> None:
        with open(self._path, "ab") as file:
            if file.tell() and not self._path.read_bytes().endswith(b"\n"):
                file.truncate(self._path.read_bytes().rfind(b"\n") + 1)
            file.write(msgspec.json.encode(seen) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        turn = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
        finally:
            os.close(turn)


def vkey_of(key: Ed25519PrivateKey) -> str:
    return vkey(NAME, COSIGNER, key.public_key().public_bytes_raw())


def _lost(school: str, seen: Seen) -> Outcome:
    why = f"{seen.size} leaves were cosigned, and nothing of this ledger is here"
    return Outcome(school, seen.origin.rpartition("/")[2], seen.size, "refused", why)


def _size(one: CheckpointSeen) -> int:
    return one.size
