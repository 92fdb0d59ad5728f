"""A school's ledgers as files, for whoever checks them without us: docs/centre.md has the format.

DIR/manifest.json        school, when, the box's public keys and the witness's as vkeys, epochs
DIR/EPOCH/events.jsonl   the events that are leaves, verbatim, by index; an erased one is its entry
DIR/EPOCH/hashes         the hash of each leaf as it came, in hex, one a line: by it an altered leaf is named
DIR/EPOCH/checkpoints.jsonl   signed notes, and what the city cosigned
Raises  CentreError K-154 if something is there already.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from centre.database import Database
from centre.errors import CentreError
from centre.ledger import keys_of
from centre.ledger_check import epochs_of
from centre.ledger_note import LOG, origin_of, vkey
from centre.wire import EPOCH, now_text

PAGE = 2_000
LEAVES = """
select l.idx, l.stream, l.sequence, e.body, x.entry from ledger_leaf l
left join event e on e.stream = l.stream and e.sequence = l.sequence
left join ledger_entry x on x.school = l.school and x.epoch = l.epoch and x.idx = l.idx
where l.school = ? and l.epoch = ? and (l.idx, l.stream, l.sequence) > (?, ?, ?)
order by l.idx, l.stream, l.sequence limit ?
"""
NOTES = """
select note, sequence, cosigned from ledger_checkpoint where school = ? and epoch = ? order by size, sequence
"""
TIMES = """
select min(e.time), max(e.time) from ledger_leaf l join event e on e.stream = l.stream and e.sequence = l.sequence
where l.school = ? and l.epoch = ?
"""
HASHES = """
select idx, entry_hash from ledger_leaf where school = ? and epoch = ? and idx >= ?
order by idx, stream, sequence limit ?
"""
Track = Callable[[Iterable[str], int], Iterable[str]]


class Manifest(msgspec.Struct, frozen=True):
    school: str
    made: str
    keys: list[str]  # of the box, for each ledger; also such as were replaced
    witnesses: list[str]  # who may have cosigned
    epochs: list[str]


class _Erased(msgspec.Struct, frozen=True):
    leaf: str
    entry: str


class _Note(msgspec.Struct, frozen=True):
    note: str
    sequence: int
    cosigned: str


def export(
    database: Database, school: str, out: Path, *, month: str, witness: Sequence[str], made_ns: int, track: Track
) -> Manifest:
    """Whole ledgers, so that their roots can be found: all, or those with anything of a month."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CentreError("K-154", f"{out} is there already", do="Name a new folder, or a new file that ends in .tar.")
    with database.snapshot():
        return _export(database, school, out, month, witness, made_ns, track)


def _export(
    database: Database, school: str, out: Path, month: str, witness: Sequence[str], made_ns: int, track: Track
) -> Manifest:
    epochs = [epoch for epoch in epochs_of(database, school) if _is_of(database, school, epoch, month)]
    keys = [vkey(origin_of(school, epoch), LOG, key) for epoch in epochs for key in keys_of(database, school)]
    manifest = Manifest(school, now_text(made_ns), keys, list(witness), epochs)
    if out.suffix == ".tar":
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            _write(database, Path(folder), manifest, track)
            with tarfile.open(out, "x") as archive:
                archive.add(folder, arcname=out.stem)
    else:
        out.mkdir(parents=True, exist_ok=True)
        _write(database, out, manifest, track)
    return manifest


def _write(database: Database, folder: Path, manifest: Manifest, track: Track) -> None:
    school = manifest.school
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest) + b"\n")
    for epoch in manifest.epochs:
        if not EPOCH.fullmatch(epoch):
            raise CentreError("K-154", f"{epoch!a} is no epoch", do="Look for who altered the database.")
        (folder / epoch).mkdir()
        ((count,),) = database.execute(
            "select count(*) from ledger_leaf where school = ? and epoch = ?", (school, epoch)
        )
        with open(folder / epoch / "events.jsonl", "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in track(_lines(database, school, epoch), count))
        with open(folder / epoch / "hashes", "w", encoding="ascii", newline="\n") as hashes:
            hashes.writelines(f"{hash_.hex()}\n" for hash_ in _hashes(database, school, epoch))
        with open(folder / epoch / "checkpoints.jsonl", "wb") as notes:
            for note, sequence, cosigned in database.execute(NOTES, (school, epoch)):
                notes.write(msgspec.json.encode(_Note(note, sequence, cosigned)) + b"\n")


def _lines(database: Database, school: str, epoch: str) -> Iterator[str]:
    """What is gone has no line: who reads it finds the hole."""
    after = (-1, -1, -1)
    while rows := database.execute(LEAVES, (school, epoch, *after, PAGE)):
        for idx, _, _, body, entry in rows:
            if entry is not None:
                yield msgspec.json.encode(_Erased(str(idx), entry)).decode()
            elif body is not None:
                yield body.replace("\r", " ").replace("\n", " ")  # between tokens: inside a string they are escaped
        after = rows[-1][:3]


def _hashes(database: Database, school: str, epoch: str) -> Iterator[bytes]:
    """Of leaf 0 and so on, until the first that is missing; of two that claim one index, the first that came."""
    following = 0
    while rows := database.execute(HASHES, (school, epoch, following, PAGE)):
        for idx, hash_ in rows:
            if idx > following:
                return
            if idx == following:
                yield bytes(hash_)
                following += 1


def _is_of(database: Database, school: str, epoch: str, month: str) -> bool:
    """A ledger that reaches from before a month's end to after its beginning; the clock's time decides, roughly."""
    ((first, last),) = database.execute(TIMES, (school, epoch))
    return first is not None and (not month or first[:7] <= month <= last[:7])
