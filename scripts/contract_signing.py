"""How the examples of the contract are signed: fixed test keys, one school, one moment.

Ed25519 signs the same text to the same bytes, so the examples are the same each time they are made.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.sync.topics import Delegation, Kind, RangeVerdict, Topics
from agent.sync.trust import DELEGATION_CONTEXT, key_id, signed_text
from agent.wall_time import rfc3339

SCHOOL, EPOCH = "school-07", "0f8fad5b-d9cb-469f-a165-70867728950e"
BOOT, SESSION = "7c9e6679-7425-40de-944b-e07fc1f90ae7", "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d"
AHEAD = "ahead-6ecd8c99-4036-403d-bf84-cf8400f67836"
SECOND = 1_000_000_000
NOW_NS = 1_795_420_800 * SECOND  # 2026-11-23T08:00:00Z
DAY = 86_400 * SECOND
KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number, name in
        enumerate(("box", "orders", "receipts", "stranger"), 1)}  # fmt: skip
TOPICS = Topics(SCHOOL)


class Example(msgspec.Struct, kw_only=True):
    """One message, and what its receiver must do with it."""

    name: str
    about: str
    kind: Kind
    topic: str
    properties: dict[str, str]
    payload: bytes  # as it travels
    by: str
    signed: str  # the text under the signature, as it should be
    expect: str  # "good", or the reason for the refusal
    verdicts: list[RangeVerdict] = []  # of a good batch, by a centre that has nothing yet


def public(name: str) -> bytes:
    return KEYS[name].public_key().public_bytes_raw()


def keys() -> dict[str, dict[str, str]]:
    """The test keys, for vectors.json. Never for a real school."""
    return {
        name: {
            "seed": key.private_bytes_raw().hex(),
            "public": base64.b64encode(public(name)).decode(),
            "id": key_id(public(name)),
        }
        for name, key in KEYS.items()
    }


def delegation(*, use: str = "receipts", expires_ns: int = NOW_NS + 90 * DAY, by: str = "orders") -> str:
    """The receipt key, delegated."""
    text = msgspec.json.encode(
        Delegation(
            key=base64.b64encode(public("receipts")).decode(),
            use=use,
            notbefore=rfc3339(NOW_NS - DAY),
            expires=rfc3339(expires_ns),
        )
    )
    parts = (text, KEYS[by].sign(DELEGATION_CONTEXT + text))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def signed(
    name: str, about: str, kind: Kind, topic: str, payload: bytes, *, by: str, statement: Sequence[str] = ()
) -> Example:
    """A message in order."""
    text = signed_text(kind, topic, payload, statement)
    signature = base64.b64encode(KEYS[by].sign(text)).decode()
    properties = {"key": key_id(public(by)), "sig": signature}
    properties |= dict(line.split("=") for line in statement)
    if kind in (Kind.RECEIPT, Kind.WELCOME):
        properties["delegation"] = delegation()
    return Example(
        name=name, about=about, kind=kind, topic=topic, properties=properties, payload=payload, by=by,
        signed=text.decode(), expect="good",
    )  # fmt: skip
