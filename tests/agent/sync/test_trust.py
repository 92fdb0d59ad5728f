"""A message is followed only if the right key has signed this very text for this very purpose; all else is refused."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent.sync.topics import Kind
from agent.sync.trust import DELEGATIONS_REMEMBERED, Refused, Trust, batch_statement, instant_ns, key_id, signed_text
from tests.agent.sync.far_centre import delegation_of, delegation_token, public, sign, text_to_sign
from tests.clock import START_NS, FastClock

TOPIC = "mektep/v1/school-07/receipts"
ORDER_TOPIC = "mektep/v1/school-07/orders/ping"
PAYLOAD = b'{"school":"school-07"}'
ORDERS, RECEIPTS, STRANGER = (Ed25519PrivateKey.generate() for _ in range(3))
DAY = {"notbefore": "2026-11-23T00:00:00.000000Z", "expires": "2026-11-24T00:00:00.000000Z"}  # START_NS lies within
DELEGATION = delegation_of(ORDERS, RECEIPTS, **DAY)


def receipt(**changes: str) -> dict[str, str]:
    return sign(RECEIPTS, "receipt", TOPIC, PAYLOAD) | {"delegation": DELEGATION} | changes


def check(properties: dict[str, str], *, topic: str = TOPIC, payload: bytes = PAYLOAD, at: FastClock | None = None):
    Trust(public(ORDERS), at or FastClock()).check_delegated(Kind.RECEIPT, topic, payload, properties)


def check_order(properties: dict[str, str], *, topic: str = ORDER_TOPIC, payload: bytes = PAYLOAD) -> None:
    Trust(public(ORDERS), FastClock()).check_pinned(Kind.ORDER, topic, payload, properties)


def spoilt(**changes: str) -> str:
    return delegation_of(ORDERS, RECEIPTS, **(DAY | changes))


def without(properties: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in properties.items() if key != name}


def test_what_the_centre_signs_is_followed() -> None:
    check(receipt())
    check_order(sign(ORDERS, "order", ORDER_TOPIC, PAYLOAD))


REFUSED: list[tuple[str, Callable[[], None], str]] = [
    ("no properties at all", lambda: check({}), "no_delegation"),
    ("no delegation", lambda: check(without(receipt(), "delegation")), "no_delegation"),
    ("an oversized delegation", lambda: check(receipt(delegation="A" * 2_001)), "no_delegation"),
    ("a delegation that is no token", lambda: check(receipt(delegation="abc")), "bad_delegation"),
    ("a token of three parts", lambda: check(receipt(delegation=DELEGATION + ".AAAA")), "bad_delegation"),
    ("a token beyond ASCII", lambda: check(receipt(delegation="é.é")), "bad_delegation"),
    ("the signature of another text", lambda: check(receipt(delegation=swapped())), "bad_delegation"),
    (
        "a foreign delegation: a stranger's orders key",
        lambda: check(receipt(delegation=delegation_of(STRANGER, RECEIPTS, **DAY))),
        "bad_delegation",
    ),
    (
        "a receipt key that delegates itself",
        lambda: check(receipt(delegation=delegation_of(RECEIPTS, RECEIPTS, **DAY))),
        "bad_delegation",
    ),
    ("a delegation for another use", lambda: check(receipt(delegation=spoilt(use="orders"))), "bad_delegation"),
    ("a delegated key of 31 bytes", lambda: check(receipt(delegation=spoilt(key="A" * 42 + "=="))), "bad_delegation"),
    (
        "a signed text that is no JSON",
        lambda: check(receipt(delegation=delegation_token(ORDERS, b"\xff{"))),
        "bad_delegation",
    ),
    ("expires is no time", lambda: check(receipt(delegation=spoilt(expires="tomorrow"))), "bad_time"),
    ("expires has no zone", lambda: check(receipt(delegation=spoilt(expires="2026-11-24T00:00:00"))), "bad_time"),
    (
        "an expired delegation",
        lambda: check(receipt(delegation=spoilt(expires="2026-11-23T07:59:59.999999Z"))),
        "expired_delegation",
    ),
    (
        "an early delegation",
        lambda: check(receipt(delegation=spoilt(notbefore="2026-11-23T08:00:00.000001Z"))),
        "early_delegation",
    ),
    (
        "signed by a key that is not the delegated one",
        lambda: check(sign(STRANGER, "receipt", TOPIC, PAYLOAD) | {"delegation": DELEGATION}),
        "unknown_key",
    ),
    (
        "a stranger who names the delegated key",
        lambda: check(receipt(sig=sign(STRANGER, "receipt", TOPIC, PAYLOAD)["sig"])),
        "bad_signature",
    ),
    ("no key named", lambda: check(without(receipt(), "key")), "unknown_key"),
    ("no signature", lambda: check(without(receipt(), "sig")), "bad_signature"),
    ("a signature that is no base64", lambda: check(receipt(sig="***")), "bad_signature"),
    ("a signature beyond ASCII", lambda: check(receipt(sig="é")), "bad_signature"),
    ("moved to another school", lambda: check(receipt(), topic="mektep/v1/school-08/receipts"), "bad_signature"),
    ("an altered payload", lambda: check(receipt(), payload=PAYLOAD + b" "), "bad_signature"),
    (
        "a welcome replayed as a receipt",
        lambda: check(sign(RECEIPTS, "welcome", TOPIC, PAYLOAD) | {"delegation": DELEGATION}),
        "bad_signature",
    ),
    ("an order of a stranger", lambda: check_order(sign(STRANGER, "order", ORDER_TOPIC, PAYLOAD)), "unknown_key"),
    ("an order without a signature", lambda: check_order({}), "unknown_key"),
    (
        "a stranger who names the orders key",
        lambda: check_order(
            {"key": key_id(public(ORDERS)), "sig": sign(STRANGER, "order", ORDER_TOPIC, PAYLOAD)["sig"]}
        ),
        "bad_signature",
    ),
    (
        "a receipt key that gives orders",
        lambda: check_order(sign(RECEIPTS, "order", ORDER_TOPIC, PAYLOAD) | {"delegation": DELEGATION}),
        "unknown_key",
    ),
    (
        "a receipt replayed as an order",
        lambda: check_order(sign(ORDERS, "receipt", ORDER_TOPIC, PAYLOAD)),
        "bad_signature",
    ),
    (
        "an order moved to another order's topic",
        lambda: check_order(sign(ORDERS, "order", ORDER_TOPIC, PAYLOAD), topic=ORDER_TOPIC[:-4] + "pace"),
        "bad_signature",
    ),
    (
        "an order with another payload",
        lambda: check_order(sign(ORDERS, "order", ORDER_TOPIC, PAYLOAD), payload=b"{}"),
        "bad_signature",
    ),
]


def swapped() -> str:
    """The text of one delegation with the signature of another."""
    text, _ = DELEGATION.split(".")
    return text + "." + spoilt(expires="2027-11-24T00:00:00.000000Z").split(".")[1]


@pytest.mark.parametrize(("attempt", "reason"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_refused(attempt: Callable[[], None], reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        attempt()
    assert refusal.value.reason == reason


def test_an_unsynced_clock_expires_by_what_is_proven() -> None:
    clock = FastClock(utc_ns=START_NS + 400 * 86_400 * 10**9, synced=False)  # a false date beyond every expiry
    clock.proven = START_NS
    check(receipt(), at=clock)
    clock.prove(instant_ns(DAY["expires"]) + 1_000)
    with pytest.raises(Refused, match="expired_delegation"):
        check(receipt(), at=clock)


def test_an_unsynced_clock_cannot_find_a_delegation_early() -> None:
    clock = FastClock(synced=False)
    clock.proven = START_NS - 365 * 86_400 * 10**9
    check(receipt(), at=clock)


def test_a_remembered_delegation_still_expires() -> None:
    clock = FastClock()
    trust = Trust(public(ORDERS), clock)
    trust.check_delegated(Kind.RECEIPT, TOPIC, PAYLOAD, receipt())
    clock.advance(86_400)
    with pytest.raises(Refused, match="expired_delegation"):
        trust.check_delegated(Kind.RECEIPT, TOPIC, PAYLOAD, receipt())


def test_many_delegations_are_not_remembered_for_ever_and_all_work() -> None:
    trust = Trust(public(ORDERS), FastClock())
    for second in range(2 * DELEGATIONS_REMEMBERED + 1):
        token = spoilt(expires=f"2026-11-24T00:00:{second:02d}.000000Z")
        trust.check_delegated(Kind.RECEIPT, TOPIC, PAYLOAD, receipt(delegation=token))
        assert len(trust._delegations) <= DELEGATIONS_REMEMBERED


@given(place=st.integers(0, len(PAYLOAD) - 1), mask=st.integers(1, 255))
def test_any_changed_byte_of_the_payload_is_refused(place: int, mask: int) -> None:
    payload = bytearray(PAYLOAD)
    payload[place] ^= mask
    with pytest.raises(Refused):
        check(receipt(), payload=bytes(payload))


@given(place=st.integers(0, 63), mask=st.integers(1, 255))
def test_any_changed_byte_of_the_signature_is_refused(place: int, mask: int) -> None:
    signature = bytearray(base64.b64decode(receipt()["sig"]))
    signature[place] ^= mask
    with pytest.raises(Refused):
        check(receipt(sig=base64.b64encode(signature).decode()))


@given(place=st.integers(0, len(TOPIC) - 1), char=st.characters(codec="utf-8"))
def test_any_changed_character_of_the_topic_is_refused(place: int, char: str) -> None:
    topic = TOPIC[:place] + char + TOPIC[place + 1 :]
    if topic == TOPIC:
        check(receipt(), topic=topic)
        return
    with pytest.raises(Refused):
        check(receipt(), topic=topic)


@given(place=st.integers(0, 10_000), mask=st.integers(1, 255))
def test_any_changed_byte_of_the_delegation_is_refused(place: int, mask: int) -> None:
    parts = [bytearray(base64.urlsafe_b64decode(part + "==")) for part in DELEGATION.split(".")]
    part = parts[place % 2]
    part[place % len(part)] ^= mask
    token = ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts)
    with pytest.raises(Refused):
        check(receipt(delegation=token))


@given(st.dictionaries(st.sampled_from(["key", "sig", "delegation"]), st.text(max_size=40)), st.binary(max_size=40))
def test_rubbish_is_refused_and_never_raises_anything_else(properties: dict[str, str], payload: bytes) -> None:
    with pytest.raises(Refused):
        check(properties, payload=payload)
    with pytest.raises(Refused):
        check_order(properties, payload=payload)
    with pytest.raises(Refused):
        check(properties | {"delegation": DELEGATION}, payload=payload)


@given(st.text(max_size=40))
def test_a_time_is_an_instant_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(instant_ns(text), int)


TIMES = [
    ("2026-11-23T08:00:00.000000Z", START_NS),
    ("2026-11-23T08:00:00.000001Z", START_NS + 1_000),
    ("2026-11-23T13:00:00.000000+05:00", START_NS),
    ("1969-12-31T23:59:59Z", -1_000_000_000),
]


@pytest.mark.parametrize(("text", "utc_ns"), TIMES)
def test_instants(text: str, utc_ns: int) -> None:
    assert instant_ns(text) == utc_ns


def test_the_signed_text_is_the_contracts() -> None:
    epoch = "01234567-89ab-cdef-0123-456789abcdef"
    text = signed_text(Kind.BATCH, TOPIC, PAYLOAD, batch_statement(epoch, 7, 12))
    assert text == text_to_sign("batch", TOPIC, PAYLOAD, f"epoch={epoch}", "first=7", "last=12")
    assert text.startswith(b"mektep/v1/signature\nbatch\nmektep/v1/school-07/receipts\n")
    assert text.endswith(b"\nfirst=7\nlast=12\n")


def test_the_delegation_text_is_what_the_contract_shows() -> None:
    text = json.loads(base64.urlsafe_b64decode(DELEGATION.split(".")[0] + "=="))
    assert set(text) == {"key", "use", "notbefore", "expires"}
    assert text["use"] == "receipts"
