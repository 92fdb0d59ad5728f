"""Runs read straight from the pages of a database file and its log, without trusting any tree, index or header.

Memory  one page and one run at a time, whatever the file's size.

Every run carries the CRC of its body, and its body names its own epoch, lane and sequences; so a page that survived
gives its runs back even when the rest of the file is gone. Deleted runs may reappear: the centre answers `repeat`,
nothing is doubled.

Source  sqlite.org/fileformat2.html: sections 1.6 (b-tree pages), 2.1 (records), 4 (the log).
Shape   table message is WITHOUT ROWID: index pages, cells of (epoch, lane, first, last, accepted_ns, crc, body).
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from agent.model import Lane
from agent.outbox.envelope import split

PAGE = 4096
LOG_HEADER, FRAME_HEADER = 32, 24
LEAF, INTERIOR = 0x0A, 0x02
LOCAL_MAX = (PAGE - 12) * 64 // 255 - 23
LOCAL_MIN = (PAGE - 12) * 32 // 255 - 23
COLUMNS = 7
BODY_MAX = 1_000_000
INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}
SOURCE = re.compile(rb'"source":"/schools/[a-z0-9-]+/([0-9a-f-]{36})/(alarm|record|telemetry)"')
SEQUENCE = re.compile(rb'"id":"(\d{19})"')


class Run(msgspec.Struct, frozen=True):
    """A run whose checksum and contents agree."""

    epoch: str
    lane: Lane
    first: int
    last: int
    accepted_ns: int
    body: bytes


class _Bad(Exception):
    """These bytes are no run."""


class Pages:
    """The pages of a database: from its log where that has them, else from the file. What cannot be read is empty."""

    def __init__(self, main: int, log: int, in_log: dict[int, int]) -> None:
        self._main, self._log = main, log
        self._in_log = in_log  # page number -> where its latest frame's content begins
        self._count = os.fstat(main).st_size // PAGE if main >= 0 else 0

    def numbers(self) -> Iterator[int]:
        """Every page there is."""
        yield from range(1, self._count + 1)
        yield from sorted(number for number in self._in_log if number > self._count)

    def read(self, number: int) -> bytes:
        """A whole page, or nothing."""
        if number in self._in_log:
            return _read(self._log, self._in_log[number], PAGE)
        return _read(self._main, (number - 1) * PAGE, PAGE) if 1 <= number <= self._count else b""


def runs(database: Path) -> Iterator[Run]:
    """Every run found in the file and its log, newest view first; the same run may come more than once."""
    with ExitStack() as files:
        main = files.enter_context(_opened(database))
        log = files.enter_context(_opened(database.with_name(database.name + "-wal")))
        for in_log in (_log_pages(log), {}):  # a torn log must not hide the older pages
            pages = Pages(main, log, in_log)
            for number in pages.numbers():
                yield from _page_runs(pages, number)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A file's descriptor; -1 if there is no such file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if path.exists() else -1
    try:
        yield descriptor
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _read(descriptor: int, at: int, size: int) -> bytes:
    """Bytes of a file; nothing if the card does not give them all."""
    try:
        content = os.pread(descriptor, size, at)
    except OSError:
        return b""
    return content if len(content) == size else b""


def _log_pages(log: int) -> dict[int, int]:
    """Where the latest frame of each page is, by position: checksums are left to the runs."""
    if log < 0:
        return {}
    head = _read(log, 0, LOG_HEADER)
    step = FRAME_HEADER + PAGE
    found: dict[int, int] = {}
    for at in range(LOG_HEADER, os.fstat(log).st_size - step + 1, step):
        frame = _read(log, at, FRAME_HEADER)
        if frame and frame[8:16] == head[16:24]:  # the salts of this log, not of one before
            (number,) = struct.unpack_from(">I", frame)
            found[number] = at + FRAME_HEADER
    return found


def _page_runs(pages: Pages, number: int) -> Iterator[Run]:
    page = pages.read(number)
    start = 100 if number == 1 else 0
    if not page or page[start] not in (LEAF, INTERIOR):
        return
    head = start + (8 if page[start] == LEAF else 12)
    (cells,) = struct.unpack_from(">H", page, start + 3)
    for index in range(min(cells, (PAGE - head) // 2)):
        (at,) = struct.unpack_from(">H", page, head + 2 * index)
        try:
            yield _run(_payload(pages, page, at + (0 if page[start] == LEAF else 4)))
        except (_Bad, IndexError, struct.error, msgspec.DecodeError):
            continue  # damaged here; the others are looked at all the same


def _payload(pages: Pages, page: bytes, at: int) -> bytes:
    """A cell's record, with its overflow chain."""
    size, at = _varint(page, at)
    if not 0 < size <= BODY_MAX:
        raise _Bad
    if size <= LOCAL_MAX:
        return page[at : at + size]
    local = LOCAL_MIN + (size - LOCAL_MIN) % (PAGE - 4)
    local = local if local <= LOCAL_MAX else LOCAL_MIN
    parts = [page[at : at + local]]
    (following,) = struct.unpack_from(">I", page, at + local)
    left = size - local
    while left > 0:
        overflow = pages.read(following)
        if not overflow:
            raise _Bad
        (following,) = struct.unpack_from(">I", overflow)
        parts.append(overflow[4 : 4 + min(left, PAGE - 4)])
        left -= PAGE - 4
    return b"".join(parts)


def _run(record: bytes) -> Run:
    """Decode a record of table message and check it against its own body."""
    head, at = _varint(record, 0)
    kinds: list[int] = []
    while at < head:
        kind, at = _varint(record, at)
        kinds.append(kind)
    if len(kinds) != COLUMNS:
        raise _Bad
    numbers: list[int] = []
    for kind in kinds[:-1]:
        value, at = _integer(record, at, kind)
        numbers.append(value)
    _, lane, first, last, accepted_ns, crc = numbers
    if kinds[-1] < 12 or kinds[-1] % 2:
        raise _Bad
    body = record[at : at + (kinds[-1] - 12) // 2]
    if zlib.crc32(body) != crc:
        raise _Bad
    return _checked(body, lane, first, last, accepted_ns)


def _checked(body: bytes, lane: int, first: int, last: int, accepted_ns: int) -> Run:
    """What the columns say must be what the events say."""
    events = split(body)
    source, numbers = SOURCE.search(events[0]), [SEQUENCE.search(event) for event in events]
    if source is None or any(number is None for number in numbers):
        raise _Bad
    found = [int(number[1]) for number in numbers if number]
    word = source[2].decode()
    if found != list(range(first, last + 1)) or lane not in list(Lane) or Lane(lane).word != word:
        raise _Bad
    return Run(source[1].decode(), Lane(lane), first, last, accepted_ns, body)


def agrees(body: bytes, epoch: str, lane: Lane, first: int, last: int) -> bool:
    """Whether a run's body says the same of itself as its columns: by its first and last event, without decoding."""
    source, begins, ends = SOURCE.search(body), SEQUENCE.search(body), SEQUENCE.match(body, body.rfind(b'"id":"'))
    if source is None or begins is None or ends is None:
        return False
    return (source[1].decode(), source[2].decode()) == (epoch, lane.word) and (int(begins[1]), int(ends[1])) == (
        first,
        last,
    )


def _integer(record: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind not in INTEGER_BYTES:
        raise _Bad
    length = INTEGER_BYTES[kind]
    if length == 0:
        return kind - 8, at  # the constants 0 and 1
    return int.from_bytes(record[at : at + length], "big", signed=True), at + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer of at most nine bytes, and where it ends."""
    value = 0
    for length in range(9):
        byte = data[at + length]
        if length == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + length + 1
    raise _Bad
