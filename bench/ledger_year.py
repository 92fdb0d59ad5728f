"""A school's ledger made up, day by day, as a box and the centre's export would have it: for tests and measurements.

A day has meals, now and then a reversal, a club visit, a meal given while the clock was not trusted; a checkpoint each
hour, a statement at its end. The same seed gives the same ledger.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from agent.events import EpochOpened, draft
from agent.ledger.entry import entry_of
from agent.ledger.lines import Line, line_of, sums
from agent.ledger.log import Log
from agent.ledger.merkle import leaf_hash
from agent.ledger.note import Checkpoint, Kind, PrivateKey, Verifier, base64_text, sign_note
from agent.model import Lane, Moment
from agent.outbox.envelope import Envelope
from agent.school_events import ClubVisit, MealDated, MealGranted, MealReversed, Statement, StatementLine

SCHOOL = "school-07"
EPOCH = "1f0d7c1e-6f0a-4c7e-9d53-0a5c1b1d7e01"
SECOND = "8a3b52c4-1a2b-4c3d-8e4f-5a6b7c8d9e02"
KEY = PrivateKey(bytes(range(32)))
BOOT = "5c1d2a52-77a5-4f0e-8a43-7f6f0f4e0b11"
FIRST_DAY = date(2026, 9, 1)
TARIFFS = {"free_1_4": 745, "social": 800}
HOURS = range(2, 9)  # UTC: what is served is served then
SECOND_NS = 1_000_000_000


class _Content(msgspec.Struct):
    type: str
    time: str
    sequence: str
    data: dict[str, Any]


_content = msgspec.json.Decoder(_Content)


class Ledger:
    """One epoch's log in the making."""

    def __init__(self, *, epoch: str = EPOCH, school: str = SCHOOL, key: PrivateKey = KEY, seed: int = 7) -> None:
        self.epoch = epoch
        self.school = school
        self.key = key
        self.origin = f"mektep.kz/{school}/{epoch}"
        self.events: list[bytes] = []  # of leaf kinds
        self.hashes: list[bytes] = []
        self.notes: list[tuple[str, int]] = []  # with their sequences
        self.rng = random.Random(seed)
        self.log = Log()
        self._envelope = Envelope(school, epoch, Lane.RECORD, BOOT)
        self._sequence = 0
        self._tally: Counter[Line] = Counter()
        self._first, self._root_first = 0, base64_text(self.log.root())

    @property
    def vkey(self) -> str:
        return str(Verifier(self.origin, Kind.LOG, self.key.public))

    def put(self, data: msgspec.Struct, utc_ns: int) -> int:
        """An event that is a leaf; returns its index."""
        made = draft(data, Moment(utc_ns, utc_ns % (10**15), True))
        index = len(self.events)
        self._sequence += 1
        self.events.append(self._envelope.encode(made, self._sequence, utc_ns, index))
        built = msgspec.to_builtins(data)
        hash_ = leaf_hash(entry_of(made.type, self._envelope.time(utc_ns).decode(), built))
        self.hashes.append(hash_)
        line = line_of(made.type, built)
        if line:
            self._tally[line] += 1
        return index

    def put_again(self, event: bytes) -> None:
        """An event of another epoch, issued again."""
        content = _content.decode(event)
        self._sequence += 1
        place = f"another/record/{content.sequence}"
        self.events.append(self._envelope.reissue(event, place, self._sequence, 0, len(self.events)))
        self.hashes.append(leaf_hash(entry_of(content.type, content.time, content.data)))
        line = line_of(content.type, content.data)
        if line:
            self._tally[line] += 1

    def open(self, utc_ns: int, *, before: str = "", checkpoint: str = "", reason: str = "new") -> None:
        """The first leaf."""
        self.put(EpochOpened(epoch=self.epoch, before=before, reason=reason, checkpoint=checkpoint), utc_ns)

    def root(self) -> bytes:
        self.log, _ = self.log.grown(self.hashes[self.log.size :])
        return self.log.root()

    def checkpoint(self) -> str:
        """Sign what is there."""
        root = self.root()
        note = sign_note(str(Checkpoint(self.origin, self.log.size, root)), self.origin, self.key)
        self._sequence += 1
        self.notes.append((note, self._sequence))
        return note

    def state(self, day: date, utc_ns: int) -> None:
        """The statement of a day."""
        root, end = base64_text(self.root()), len(self.events)
        lines = [
            StatementLine(kind=kind, day=of, what=what, tenge=tenge, count=count)
            for (kind, of, what, tenge), count in sorted(self._tally.items())
        ]
        self._tally.clear()
        totals = sums((one.kind, one.tenge, one.count) for one in lines)
        self.put(
            Statement(
                day=day.isoformat(), first=self._first, end=end, root_first=self._root_first, root_end=root,
                lines=lines, record_last=self._sequence, datasets={"meals": "3"}, **totals,
            ),
            utc_ns,
        )  # fmt: skip
        self._first, self._root_first = end + 1, base64_text(self.root())

    def day(self, day: date, leaves: int) -> None:
        """A school day of about so many leaves, with a checkpoint each hour and a statement at its end."""
        begin = datetime(day.year, day.month, day.day, HOURS[0], tzinfo=UTC)
        at_ns = round(begin.timestamp()) * SECOND_NS
        step_ns = len(HOURS) * 3600 * SECOND_NS // max(1, leaves)
        hour = -1
        for number in range(leaves - 1):
            now_ns = at_ns + number * step_ns
            if hour not in (-1, now_ns // (3600 * SECOND_NS)):
                self.checkpoint()
            hour = now_ns // (3600 * SECOND_NS)
            self._decision(day.isoformat(), now_ns)
        self.state(day, at_ns + 13 * 3600 * SECOND_NS)
        self.checkpoint()

    def _decision(self, day: str, utc_ns: int) -> None:
        rng = self.rng
        pupil, salt = f"{rng.getrandbits(64):016x}", f"{rng.getrandbits(128):032x}"
        programme = rng.choice(tuple(TARIFFS))
        tenge, draw = TARIFFS[programme], rng.random()
        if draw < 0.9:
            self.put(
                MealGranted(
                    reader="canteen-1", pupil=pupil, salt=salt, day=day if draw > 0.002 else "", meal="lunch",
                    programme=programme, tenge=tenge, marks=[] if draw > 0.002 else ["clock"],
                ),
                utc_ns,
            )  # fmt: skip
        elif draw < 0.902:
            self.put(
                MealReversed(
                    reader="canteen-1", pupil=pupil, salt=salt, of="", day=day, meal="lunch", programme=programme,
                    tenge=tenge, operator="00000000000000aa",
                ),
                utc_ns,
            )  # fmt: skip
        elif draw < 0.904:
            self.put(
                MealDated(
                    pupil=pupil, salt=salt, of=f"{self.epoch}/{len(self.events) - 1}", day=day, meal="lunch",
                    programme=programme, tenge=tenge, counted=True,
                ),
                utc_ns,
            )  # fmt: skip
        else:
            self.put(
                ClubVisit(
                    reader="chess-door", pupil=pupil, salt=salt, club="chess", voucher="art-2026", day=day, minutes=60,
                    counted=draw < 0.99, ended="tap", tenge=1200 if draw < 0.99 else 0,
                    reason="" if draw < 0.99 else "too_short",
                ),
                utc_ns,
            )  # fmt: skip


def school_days(count: int) -> list[date]:
    """So many days from Monday to Friday."""
    found: list[date] = []
    day = FIRST_DAY
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day += timedelta(days=1)
    return found


def year(leaves: int, days: int, *, seed: int = 7) -> Ledger:
    """A ledger of exactly so many leaves on so many school days."""
    ledger = Ledger(seed=seed)
    ledger.open(round(datetime(2026, 8, 31, 6, tzinfo=UTC).timestamp()) * SECOND_NS)
    ledger.checkpoint()
    for number, day in enumerate(school_days(days)):
        left = leaves - len(ledger.events)
        ledger.day(day, left // (days - number))
    return ledger


def export(ledgers: list[Ledger], folder: Path, *, hashes: bool = False) -> Path:
    """As the centre's export lies on a disk."""
    manifest = {
        "school": ledgers[0].school,
        "made": "2027-06-01T00:00:00Z",
        "keys": [one.vkey for one in ledgers],
        "epochs": [one.epoch for one in ledgers],
    }
    for one in ledgers:
        place = folder / one.epoch
        place.mkdir(parents=True, exist_ok=True)
        (place / "events.jsonl").write_bytes(b"".join(event + b"\n" for event in one.events))
        notes = [msgspec.json.encode({"note": note, "sequence": sequence}) for note, sequence in one.notes]
        (place / "checkpoints.jsonl").write_bytes(b"".join(note + b"\n" for note in notes))
        if hashes:
            (place / "hashes").write_text("".join(f"{hash_.hex()}\n" for hash_ in one.hashes))
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    return folder
