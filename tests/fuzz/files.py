"""Files that a bad card or a person may have spoiled: the configuration, and a damaged database."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import zlib
from pathlib import Path

import msgspec

from agent import age, config, reference
from agent.datasets import Recipients
from agent.outbox import envelope, pages
from agent.trial_kinds import trial_kinds
from agent.trials.start import UNREADY_MOST, at_start
from agent.trials.trial import TrialFile
from agent.watching import viewings
from bench.peers import event
from tests.fuzz.target import Target

EXAMPLES = Path(__file__).parents[2] / "examples"
LOG_BEGINS = b"\xa5\x5a\xa5\x5a"
EPOCH = "00000000-0000-4000-8000-000000000000"
with tempfile.TemporaryDirectory() as _folder:
    KEY = age.load_age_key(Path(_folder) / "reference.agekey")


def configuration(data: bytes) -> None:
    """A configuration, or problems that all say what to do."""
    handle = os.memfd_create("agent.toml")
    try:
        os.write(handle, data)
        config.load(Path(f"/proc/self/fd/{handle}"))
    except config.ConfigError as error:
        assert error.problems
        assert all(problem.code and problem.do for problem in error.problems)
    finally:
        os.close(handle)


def reference_data(data: bytes) -> None:
    """What lies on the disk of the centre's datasets: with the right hash and shape, or nothing."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        file = Path(folder) / "recipients.json"
        file.write_bytes(data)
        found = reference._read(file, KEY)
        assert found is None or hashlib.sha256(found[0].content).hexdigest() == found[0].sha256
        content = msgspec.json.encode(reference.Held(version=1, sha256=hashlib.sha256(data).hexdigest(), content=data))
        file.write_bytes(content)
        found = reference._read(file, KEY)
        if found is not None:
            assert isinstance(found[1], Recipients)
            assert max(len(found[1].snapshot), len(found[1].blurred)) <= 16


def viewing(data: bytes) -> None:
    """A file that says who looked at a camera makes an event that the centre takes, or none."""
    found = viewings.read(data)
    if found is not None:
        assert found == viewings.read(msgspec.json.encode(found))
        assert 1 <= len(found.camera) <= 64
        assert len(found.by) <= 64


def sealed_data(data: bytes) -> None:
    """What the centre has sealed for this box holds a dataset, or is refused with a reason."""
    sealed = age.seal(data, [KEY.recipient]) if data[:1] < b"\x80" else data
    try:
        reference._decoded("meals", sealed, KEY)
    except reference.Unusable as error:
        assert str(error)


def database_pages(data: bytes) -> None:
    """Runs of a damaged database: only whole ones whose checksum agrees. Page after page, then the log's."""
    main, _, log = data.partition(LOG_BEGINS)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        database = Path(folder) / "outbox.db"
        database.write_bytes(_padded(main))
        if log:
            database.with_name("outbox.db-wal").write_bytes(log)
        for run in pages.runs(database):
            assert len(envelope.split(run.body)) == run.last - run.first + 1
            assert pages.agrees(run.body, run.epoch, run.lane, run.first, run.last)


def _padded(data: bytes) -> bytes:
    """A file of whole pages; the fuzzer need not find their size."""
    return data + bytes(-len(data) % pages.PAGE)


def record(data: bytes) -> None:
    """The same for one record whose checksum is made right, so that its body is looked at."""
    body = data[4:]
    kinds = bytes([8, 8, data[0] % 10 if data else 1, 1, 8, 4])
    values = data[1:2].ljust(1, b"\1") + data[2:3].ljust(1, b"\1") + struct.pack(">I", zlib.crc32(body))
    size = _varint(len(body) * 2 + 12)
    head = bytes([1 + len(kinds) + len(size)]) + kinds + size
    try:
        run = pages._run(head + values + body)
    except (pages._Bad, IndexError, struct.error, msgspec.DecodeError):
        return  # what _page_runs takes for damage
    assert pages.agrees(run.body, run.epoch, run.lane, run.first, run.last)


def trial(data: bytes) -> None:
    """What lies on the disk of a change on trial: whatever it is, the agent starts, and no file is lost."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name) / "config"
        folder.mkdir()
        (Path(name) / "agent.toml").write_bytes(b"in force")
        (folder / "trial.json").write_bytes(data.replace(b"/FOLDER", os.fsencode(name)))
        for _ in range(UNREADY_MOST + 1):
            at_start(TrialFile(folder), trial_kinds(folder.parent))
        assert (Path(name) / "agent.toml").read_bytes() in (b"in force", b"before")


def _varint(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def _page() -> bytes:
    """A leaf page with one run of one event."""
    size = _varint(len(_BODY) * 2 + 12)
    kinds = bytes([1, 1, 1, 1, 1, 6])
    values = struct.pack(">bbbbb", 1, 1, 1, 1, 1) + zlib.crc32(_BODY).to_bytes(8, "big")
    payload = bytes([1 + len(kinds) + len(size)]) + kinds + size + values + _BODY
    cell = _varint(len(payload)) + payload
    at = pages.PAGE - len(cell)
    head = bytes([pages.LEAF]) + struct.pack(">HHHB", 0, 1, at, 0) + struct.pack(">H", at)
    return head.ljust(at, b"\0") + cell


_BODY = (event.TEXT % 5).replace("0" * 36, EPOCH).encode()
TARGETS = {
    "configuration": Target(configuration, [path.read_bytes() for path in sorted(EXAMPLES.glob("*.toml"))], most=8_192),
    "reference data": Target(
        reference_data,
        [b'{"snapshot":["age1%s"]}' % (b"q" * 58), b'{"snapshot":[]}', b"{", b"[" * 5000, b'{"a":"\xff"}'],
    ),
    "a trial": Target(
        trial,
        [
            b'{"id":"a","what":"config","by":"centre","began":"","within_s":300,"before":{},"change":{"file":'
            b'"/FOLDER/agent.toml","sha256":"%s","before":"x","entry":"2","before_entry":"1"}}'
            % hashlib.sha256(b"in force").hexdigest().encode(),
            b'{"id":"a","what":"config","by":"","began":"","within_s":1,"before":{},"change":{}}',
            b"[" * 5000,
            b'{"a":"\xff"}',
        ],
    ),
    "a viewing": Target(
        viewing,
        [
            b'{"camera":"gate","viewing":"6ecd8c99-4036-403d-bf84-cf8400f67836","by":"olga","what":"zones",'
            b'"shown":"2026-11-26T08:00:00.000000Z"}',
            b'{"camera":""}',
            b"[" * 5000,
            b'{"a":"\xff"}',
        ],
    ),
    "reference data, sealed": Target(
        sealed_data,
        [
            b'{"meals":[{"meal":"lunch","starts":"11:00","ends":"13:00"}],"programmes":[],"entitlements":[]}',
            age.seal(b"{}", [KEY.recipient]),
            age.HEADER,
        ],
    ),
    "database, pages": Target(
        database_pages,
        [
            bytes(pages.PAGE) + _page(),
            _page() + LOG_BEGINS + bytes(32) + struct.pack(">I", 1) + bytes(20) + _page(),
        ],
        most=16_384,
    ),
    "database, a record": Target(
        record, [b"\1\1\1\1" + _BODY, b"\1\1\2\1" + _BODY + b"," + _BODY, b"\1\1\1\1" + b"[" * 5000], most=8_192
    ),
}
