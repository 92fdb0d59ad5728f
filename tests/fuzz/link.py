"""Both ends of the wire to the centre: a hostile broker before the box, a hostile box before the centre."""

from __future__ import annotations

import base64
from itertools import pairwise

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.sync.compression import compress
from agent.sync.topics import EvidenceReceipt, Kind, Manifest, Order, Receipt, Welcome
from agent.sync.trust import Refused, Trust, decoded, instant_ns
from bench.peers import event
from centre import judge, parts, receiver, wire
from tests.clock import FastClock
from tests.fuzz.target import Target

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
TOPIC = "mektep/v1/school-07/events/record"
EPOCH = "00000000-0000-4000-8000-000000000000"


def from_the_centre(data: bytes) -> None:
    """A message is followed or refused."""
    for type_ in (Receipt, Welcome, Order, EvidenceReceipt, Manifest):
        try:
            found = decoded(data, type_)
            moments = [getattr(found, name, None) for name in ("time", "expires", "issued")]
            assert all(abs(instant_ns(moment)) < 10**21 for moment in moments if moment is not None)
        except Refused:
            continue
        if isinstance(found, Receipt) and found.is_whole():
            covered = [number for part in found.verdicts for number in (part.first, part.last)]
            assert covered == sorted(covered)
            assert (covered[0], covered[-1]) == (found.first, found.last)


def delegation(data: bytes) -> None:
    """Nobody's word but the pinned key's lets another key sign."""
    trust = Trust(PUBLIC, FastClock())
    token, _, sig = data.decode("utf-8", errors="replace").partition("\n")
    try:
        trust.check_delegated(Kind.RECEIPT, TOPIC, b"{}", {"delegation": token, "sig": sig, "key": wire.key_id(PUBLIC)})
    except Refused:
        return
    raise AssertionError("a forged delegation is believed")


def batch(data: bytes) -> None:
    """A box's batch, rightly signed: every sequence is sound or kept aside, and what is stored is text without NUL."""
    count, packed, payload = data[0] % 4 + 1 if data else 1, data[:1] > b"\x7f", data[1:]
    properties = {"epoch": EPOCH, "first": "1", "last": str(count)} | ({"encoding": "zstd"} if packed else {})
    try:
        plain = wire.unpacked(payload, properties)
        assert len(plain) <= wire.PAYLOAD_MAX
        statement = (f"epoch={EPOCH}", "first=1", f"last={count}")
        signature = KEY.sign(wire.signed_text("batch", TOPIC, plain, statement))
        properties |= {"key": wire.key_id(PUBLIC), "sig": base64.b64encode(signature).decode()}
        judged = judge.judge("school-07", "record", TOPIC, payload, properties, PUBLIC)
    except wire.Refused:
        return
    told = [one.sequence for one in judged.events]
    told += [number for bad in judged.bad for number in range(bad.first, bad.last + 1)]
    assert sorted(told) == list(range(1, count + 1))
    for one in judged.events:
        assert "\0" not in str(msgspec.json.decode(one.body))
    for bad in judged.bad:
        judge.judge_again("school-07", "record", EPOCH, bad.first, bad.last, bad.body)


def evidence_part(data: bytes) -> None:
    """A part of a sealed file, rightly signed: what is new of it fits between what is stored, and nothing overlaps."""
    words, _, payload = data.partition(b"\n")
    size, first, *have = [*words.decode("utf-8", errors="replace").split(","), "", ""][:6]
    properties = {"sha256": "0" * 64, "bytes": size, "offset": first}
    topic = "mektep/v1/school-07/evidence/0"
    signature = KEY.sign(
        wire.signed_text("evidence", topic, payload, [f"{key}={properties[key]}" for key in properties])
    )
    properties |= {"key": wire.key_id(PUBLIC), "sig": base64.b64encode(signature).decode()}
    try:
        part = parts.judge_part("school-07", "0", topic, payload, properties, PUBLIC)
    except wire.Refused:
        return
    numbers = sorted({int(one) for one in have if one.isascii() and one.isdecimal() and len(one) < 9})
    stored = list(zip(numbers[::2], numbers[1::2], strict=False))
    pieces = parts.fresh(part, stored)
    for at, body in pieces:
        assert body == payload[at - part.first : at - part.first + len(body)]
    ranges = sorted([*stored, *((at, at + len(body) - 1) for at, body in pieces)])
    assert all(one[1] < other[0] for one, other in pairwise(ranges))
    covered = parts.joined(ranges)
    assert any(low <= part.first and part.last <= high for low, high in covered)


def to_the_centre(data: bytes) -> None:
    """A birth, an answer, an alarm sent ahead: followed or refused."""
    for type_ in (wire.Birth, wire.Answer, wire.Ahead):
        try:
            receiver._decoded(data, type_)
        except wire.Refused:
            continue


_SOUND = (event.TEXT % 5).replace("0" * 36, EPOCH).encode()
TARGETS = {
    "link, from the centre": Target(
        from_the_centre,
        [
            b'{"school":"school-07","epoch":"%s","lane":"record","first":1,"last":2,"sha256":"%s","verdicts":'
            b'[{"verdict":"stored","first":1,"last":2}],"time":"2026-11-25T10:00:00Z"}' % (EPOCH.encode(), b"0" * 64),
            b'{"school":"school-07","session":"a","time":"2026-11-25T10:00:00+05:00","stored":[]}',
            b'{"order":"status","school":"school-07","epoch":"%s","number":1,"issued":"x","expires":"9999-12-31T23:59:60Z",'
            b'"args":{"a":[1]}}' % EPOCH.encode(),
            b'{"school":"school-07","evidence":"1","sha256":"%s","bytes":9,"verdict":"partial","have":'
            b'[{"first":0,"last":3}],"time":"2026-11-25T10:00:00Z"}' % (b"0" * 64),
            b'{"dataset":"recipients","school":"school-07","version":2,"issued":"2026-11-25T10:00:00Z","content":{}}',
            b"[" * 5000,
        ],
        most=8_192,
    ),
    "link, delegation": Target(delegation, [b"e30.AAAA\nAAAA", b"a.b.c\n", "é.é\né".encode(), b"." * 3000]),
    "centre, batch": Target(
        batch,
        [
            b"\0[" + _SOUND + b"]",
            b"\1[" + _SOUND + b"," + _SOUND.replace(b"01", b"02") + b"]",
            b"\x80" + compress(b"[" + _SOUND + b"]"),
            b"\0[" + _SOUND.replace(b"canteen-1", b"\\u0000\\\\u0000") + b"]",
            b"\0" + b"[" * 5000,
        ],
        most=8_192,
    ),
    "centre, a part of evidence": Target(
        evidence_part,
        [b"10,0\n0123456789", b"20,5,0,3,8,9\n0123456789", b"5,9\n012345", b"20,0,0,19\nabc", "²,٣\nabc".encode()],
    ),
    "centre, birth and answer": Target(
        to_the_centre,
        [
            b'{"school":"school-07","session":"a","state":"online","version":"1","time":"2026-11-25T10:00:00Z"}',
            b'{"order":"status","school":"school-07","number":1,"outcome":"done","reason":"","result":{"a":"\xff"}}',
        ],
    ),
}
