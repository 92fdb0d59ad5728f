"""Who may say what: signatures of the wire, the pinned orders key, delegated receipt keys. docs/protocol.md, section 2.

Raises  Refused with a reason of a fixed set; a refused message changes nothing but a counter.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.clock import Clock
from agent.sync.topics import Delegation, Kind
from agent.wall_time import utc_ns_of

S = TypeVar("S", bound=msgspec.Struct)

CONTEXT = "mektep/v1/signature"
DELEGATION_CONTEXT = b"mektep/v1/delegation\n"
DELEGATION_MAX_CHARS = 2_000
DELEGATIONS_REMEMBERED = 16


class Refused(Exception):
    """A message from the network that is not followed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def signed_text(kind: Kind, topic: str, payload: bytes, statement: Sequence[str] = ()) -> bytes:
    """The text that is signed: context, kind, topic, hash of the payload before compression, statement lines."""
    return signed_hash(kind, topic, hashlib.sha256(payload).hexdigest(), statement)


def signed_hash(kind: Kind, topic: str, sha256: str, statement: Sequence[str] = ()) -> bytes:
    """The same text for a payload whose hash is known: it is much of what a batch costs."""
    return ("\n".join([CONTEXT, kind.value, topic, sha256, *statement]) + "\n").encode()


def batch_statement(epoch: str, first: int, last: int) -> list[str]:
    return [f"epoch={epoch}", f"first={first}", f"last={last}"]


def part_statement(sha256: str, size: int, offset: int) -> list[str]:
    """Of a part of evidence: which sealed file it is of, and where in it."""
    return [f"sha256={sha256}", f"bytes={size}", f"offset={offset}"]


def key_id(public: bytes) -> str:
    """First 16 hex digits of the SHA-256 of a raw public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def decoded(payload: bytes, type_: type[S]) -> S:
    """A payload of the wire. Raises Refused("malformed")."""
    try:
        return msgspec.json.decode(payload, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("malformed") from error


def instant_ns(text: str) -> int:
    """A time of the wire as nanoseconds since 1970. Raises Refused("bad_time")."""
    try:
        return utc_ns_of(text)
    except ValueError as error:
        raise Refused("bad_time") from error


class Trust:
    """Checks what comes from the centre."""

    def __init__(self, orders_key: bytes, clock: Clock) -> None:
        self._clock = clock
        self._orders_id = key_id(orders_key)
        self._orders_key = Ed25519PublicKey.from_public_bytes(orders_key)
        self._delegations: dict[str, tuple[Delegation, Ed25519PublicKey]] = {}

    def check_pinned(self, kind: Kind, topic: str, payload: bytes, properties: Mapping[str, str]) -> None:
        """An order, and reference data, must be signed by the pinned key itself."""
        if properties.get("key") != self._orders_id:
            raise Refused("unknown_key")
        _verify(self._orders_key, kind, topic, payload, properties)

    def check_delegated(self, kind: Kind, topic: str, payload: bytes, properties: Mapping[str, str]) -> None:
        """A receipt or a welcome must be signed by a key that the orders key has delegated, for now."""
        delegation, key = self._delegated(properties.get("delegation", ""))
        self._in_time(delegation)
        if properties.get("key") != key_id(key.public_bytes_raw()):
            raise Refused("unknown_key")
        _verify(key, kind, topic, payload, properties)

    def _delegated(self, token: str) -> tuple[Delegation, Ed25519PublicKey]:
        if token not in self._delegations:
            found = self._parse(token)
            if len(self._delegations) >= DELEGATIONS_REMEMBERED:
                self._delegations.clear()
            self._delegations[token] = found
        return self._delegations[token]

    def _parse(self, token: str) -> tuple[Delegation, Ed25519PublicKey]:
        if not token or len(token) > DELEGATION_MAX_CHARS:
            raise Refused("no_delegation")
        try:
            text, signature = (_from_base64url(part) for part in token.split("."))
            self._orders_key.verify(signature, DELEGATION_CONTEXT + text)
            delegation = msgspec.json.decode(text, type=Delegation)
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(delegation.key, validate=True))
        except (ValueError, InvalidSignature, msgspec.MsgspecError) as error:
            raise Refused("bad_delegation") from error
        return delegation, key

    def _in_time(self, delegation: Delegation) -> None:
        """Past `expires` it is refused by the latest time that is proven; `notbefore` needs a clock that is synced."""
        now_ns = self._clock.proven_ns()
        if now_ns > instant_ns(delegation.expires):
            raise Refused("expired_delegation")
        if self._clock.synced() and now_ns < instant_ns(delegation.notbefore):
            raise Refused("early_delegation")


def _verify(key: Ed25519PublicKey, kind: Kind, topic: str, payload: bytes, properties: Mapping[str, str]) -> None:
    try:
        signature = base64.b64decode(properties.get("sig", ""), validate=True)
        key.verify(signature, signed_text(kind, topic, payload))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise Refused("bad_signature") from error


def _from_base64url(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
