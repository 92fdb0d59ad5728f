"""Runs read straight from the pages of a database file and its log, without trusting any tree, index or header.

Every run carries the CRC of its body, and its body names its own epoch, lane and sequences; so a page that survived
gives its runs back even when the rest of the file is gone. Deleted runs may reappear: the centre answers `repeat`,
nothing is doubled.

Source  sqlite.org/fileformat2.html: sections 1.6 (b-tree pages), 2.1 (records), 4 (the log).
Shape   table message is WITHOUT ROWID: index pages, cells of (epoch, lane, first, last, accepted_ns, crc, body).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
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


def runs(database: Path) -> Iterator[Run]:
    """Every run found in the file and its log; the same run may come more than once."""
    main = _main_pages(database)
    log = _log_pages(database.with_name(database.name + "-wal"))
    for pages in (main | log, main):  # the log's pages are newer; a torn log must not hide the older ones
        for number in pages:
            yield from _page_runs(pages, number)


def _main_pages(path: Path) -> dict[int, bytes]:
    content = path.read_bytes() if path.exists() else b""
    return {at // PAGE + 1: content[at : at + PAGE] for at in range(0, len(content) - PAGE + 1, PAGE)}


def _log_pages(path: Path) -> dict[int, bytes]:
    """The latest frame of each page, by position: checksums are left to the runs."""
    content = path.read_bytes() if path.exists() else b""
    step = FRAME_HEADER + PAGE
    found: dict[int, bytes] = {}
    for at in range(LOG_HEADER, len(content) - step + 1, step):
        (number,) = struct.unpack_from(">I", content, at)
        if content[at + 8 : at + 16] == content[16:24]:  # the salts of this log, not of one before
            found[number] = content[at + FRAME_HEADER : at + step]
    return found


def _page_runs(pages: dict[int, bytes], number: int) -> Iterator[Run]:
    page = pages[number]
    start = 100 if number == 1 else 0
    if page[start] not in (LEAF, INTERIOR):
        return
    head = start + (8 if page[start] == LEAF else 12)
    (cells,) = struct.unpack_from(">H", page, start + 3)
    for index in range(min(cells, (PAGE - head) // 2)):
        (at,) = struct.unpack_from(">H", page, head + 2 * index)
        try:
            yield _run(_payload(pages, page, at + (0 if page[start] == LEAF else 4)))
        except (_Bad, IndexError, struct.error, msgspec.DecodeError):
            continue  # damaged here; the others are looked at all the same


def _payload(pages: dict[int, bytes], page: bytes, at: int) -> bytes:
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
        overflow = pages.get(following)
        if overflow is None:
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
