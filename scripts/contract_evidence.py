"""Examples of evidence and reference data: parts of a sealed file, the receipt for one, who may see pictures.

The sealed files are ones that were made once: sealing again gives other bytes.
"""

from __future__ import annotations

import base64
import hashlib

import msgspec
from contract_signing import BOOT, NOW_NS, SCHOOL, SECOND, TOPICS, Example, delegation, signed

from agent.sync.topics import ByteRange, EvidenceReceipt, EvidenceVerdict, Kind
from agent.sync.trust import part_statement
from agent.wall_time import rfc3339

EVIDENCE = "c2a3f0d4-8a41-4b5e-9f3b-0d8f6f5f0b11"
IDENTITY = "AGE-SECRET-KEY-1GCLKD9WZ6GDURU7WPDDHP2JR8KQS2EPAYG0VPR9QM9GGWZZFNSMS82JQ8U"
RECIPIENT = "age1dt6k3j9gymspxnn8d7rd760vggfy6w3xvyyl9mpsqmvvrjl2ef9sc3kvjn"
DESK = "age1kkfruxzg7wlh33ywk82ar74ex8tzavl7gg7jk0jz663xxqucga7q85ygsl"
PICTURE = b"\xff\xd8 no picture, an example \xff\xd9"
SEALED = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBUL3VKL1d1NkduTFVWSGxLVUR1NmxKU0ZxdTJwbU5KUjN0c1NUdTV6U2xF"
    "ClA4YnJpU01TT2M0VkJBdlpQbE1KdWp6STh3T0R1RXIzTEVmQXRNNEJhNG8KLT4gIjdZPi5uQS1ncmVhc2UgMFxTIE1AdCBXMAoK"
    "LS0tIE15dkdvdmZQVkplTHFXdmV5Tytxa3VkdEJoeTVHR2ZZc00yaDAxd0g1d2cKu5U6j7geZM0NfX2p8dTfyhsUkKcwxIvImbrM"
    "/rW+pHSNdcqyCeb82R+Fzt0M3K7kBbIljV/tX3lAMQMH"
)  # sealed for RECIPIENT; what it holds is no picture
CUT = 200  # of it


CLUBS = (
    '{"clubs":[{"club":"chess","places":12,"times":[{"weekday":2,"starts":"15:00","ends":"16:30"}],'
    '"minimum_min":40,"tenge":900}],'
    '"vouchers":[{"voucher":"v-0001","pupil":"3f9c1b7a5d2e8046","club":"chess","first":"2026-09-01","last":"2026-12-31"}]}'
)
SEALED_CLUBS = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBsUFdTbmNHOHBaVVd2UUJSN09hd1NLWUJFVnJTcHE1dlpZcnFXeFQ5ZWxV"
    "CkUwU2ZDWGtRQ0JLQk9JR2x6YVR2TkVpTjdCVVl4Sm8wNit4SjYyZnRBUHcKLT4gdC1ncmVhc2UgSDM6byAuRVoKUzd5Uk9ZTzlW"
    "UHZHOXdFQjdPby9hZml1UkRoZU1uMVZYdURQSXdMclo0eVF6SGdDc1lCZW9rSmVPQUhlTGl5OQpYem5iZ1VIOTNiY2tnS1kKLS0t"
    "IGgxeFUweU5pSS8wSUU5eXN0R3ZwU1ZpWm51bHVCNUlSaGNuQmxZY2h2M3MK2CO/LQwB/G7Q6DGqbySLUgdiUINCTJy7tciNBdbU"
    "UEt8YfE0UMR/FGN2pigdLEv7BMtlSnZqFiyXXvx5bVCD1/xbilh+G6wZEqHR+Zaj5gdM0DOr+ca9Nrmv3p8c7/hIxC44BD9TdPDC"
    "8cGh8qPrUJMddCaanzhvPZFwEEeVOYlo8y6sdXuR/IK6gFG8hHPFnzQlfyktOHUZSgyKR83kJY79BEkUAS88EYoSvBR6Un0obXDP"
    "jfybkizKRUKaTnPPDHUGdF9IW5rfboYMdbDooGapl96VZybtFN45XTcykn64MDCSUjc1ZMPg/u7l6l3UR17+mP3tbeLZl6Z55Xu4"
    "e9P9e2InOdZ9oLfghpI1EQFwww=="
)  # the dataset, sealed for RECIPIENT


def part(name: str, about: str, offset: int, body: bytes) -> Example:
    statement = part_statement(hashlib.sha256(SEALED).hexdigest(), len(SEALED), offset)
    return signed(name, about, Kind.EVIDENCE, TOPICS.evidence + EVIDENCE, body, by="box", statement=statement)


def first_part(name: str = "evidence", about: str = "The first part of a sealed file") -> Example:
    return part(name, about, 0, SEALED[:CUT])


def evidence_receipt() -> Example:
    found = EvidenceReceipt(
        school=SCHOOL, evidence=EVIDENCE, sha256=hashlib.sha256(SEALED).hexdigest(), bytes=len(SEALED),
        verdict=EvidenceVerdict.PARTIAL, have=[ByteRange(first=0, last=CUT - 1)], time=rfc3339(NOW_NS + 2 * SECOND),
    )  # fmt: skip
    return signed(
        "evidence-receipt", "The receipt for it", Kind.RECEIPT, TOPICS.receipts, msgspec.json.encode(found),
        by="receipts",
    )  # fmt: skip


def reference(name: str = "reference", about: str = "Who may see pictures", *, by: str = "orders") -> Example:
    found = {
        "dataset": "recipients", "school": SCHOOL, "version": 1_795_420_800, "issued": rfc3339(NOW_NS),
        "content": {"snapshot": [RECIPIENT], "blurred": [DESK]},
    }  # fmt: skip
    return signed(name, about, Kind.REFERENCE, TOPICS.reference + "recipients", msgspec.json.encode(found), by=by)


def reference_in_parts() -> Example:
    body = msgspec.json.encode({"snapshot": [RECIPIENT]})
    found = {
        "dataset": "recipients", "school": SCHOOL, "version": 1_795_420_801, "issued": rfc3339(NOW_NS),
        "parts": [{"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}],
    }  # fmt: skip
    about = "The same in a part: its bytes are those of `content` above, on reference/ and their hash"
    return signed(
        "reference-parts", about, Kind.REFERENCE, TOPICS.reference + "recipients", msgspec.json.encode(found),
        by="orders",
    )  # fmt: skip


def reference_sealed() -> Example:
    found = {
        "dataset": "clubs", "school": SCHOOL, "version": 1_795_420_800, "issued": rfc3339(NOW_NS),
        "parts": [{"sha256": hashlib.sha256(SEALED_CLUBS).hexdigest(), "bytes": len(SEALED_CLUBS)}],
    }  # fmt: skip
    about = "A dataset that is sealed for a box: its one part is `clubs_sealed_base64` of `age`"
    return signed(
        "reference-sealed", about, Kind.REFERENCE, TOPICS.reference + "clubs", msgspec.json.encode(found), by="orders"
    )


def _refused_parts() -> list[Example]:
    moved = first_part("evidence-moved", "The part at another place of the file")
    moved.properties["offset"], moved.expect = "1", "bad_signature"
    altered = first_part("evidence-altered", "Another payload than the signed one")
    altered.payload, altered.expect = b"X" + altered.payload[1:], "bad_signature"
    renamed = first_part("evidence-renamed", "The part under another id")
    renamed.topic, renamed.expect = TOPICS.evidence + BOOT, "bad_signature"
    beyond = part("evidence-beyond", "A part that ends after its file", CUT, SEALED[:CUT])
    beyond.expect = "bad_range"
    return [moved, altered, renamed, beyond]


def _refused_reference() -> list[Example]:
    stranger = reference("reference-stranger", "Recipients by a stranger", by="stranger")
    stranger.expect = "unknown_key"
    delegated = reference("reference-delegated", "By the receipt key: it may not publish", by="receipts")
    delegated.properties["delegation"] = delegation()
    delegated.expect = "unknown_key"
    crossed = reference("reference-crossed", "One dataset under the topic of another")
    crossed.topic, crossed.expect = TOPICS.reference + "cards", "bad_signature"
    return [stranger, delegated, crossed]


def good() -> list[Example]:
    return [
        first_part(),
        evidence_receipt(),
        part("evidence-rest", "The rest of it", CUT, SEALED[CUT:]),
        reference(),
        reference_in_parts(),
        reference_sealed(),
    ]


def refused() -> list[Example]:
    return [*_refused_parts(), *_refused_reference()]


def age() -> dict[str, str]:
    """The key that opens the examples, and what they then are."""
    return {
        "identity": IDENTITY,
        "recipient": RECIPIENT,
        "picture_base64": base64.b64encode(PICTURE).decode(),
        "clubs_sealed_base64": base64.b64encode(SEALED_CLUBS).decode(),
        "clubs": CLUBS,
    }
