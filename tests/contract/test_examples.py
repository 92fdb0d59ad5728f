"""The examples of docs/protocol.md and docs/vectors.json: valid by the schemas, signed as the page says, and taken or
refused by the agent and by the reference centre as they foretell.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent.sync.topics import Kind
from agent.sync.trust import Refused, Trust, instant_ns
from centre.age import open_sealed
from centre.database import open_database
from centre.evidence import EvidenceStore
from centre.judge import judge
from centre.parts import judge_part
from centre.store import Store
from centre.wire import Refused as CentreRefused
from centre.wire import unpacked, verify
from tests.clock import FastClock
from tests.contract.documents import (
    HEADERS_OF,
    SCHEMA_OF,
    event_faults,
    faults,
    messages,
    page_examples,
    page_signed_texts,
    vectors,
)

KEYS = vectors()["keys"]
MESSAGES = {one["name"]: one for one in messages()}
GOOD = [name for name, one in MESSAGES.items() if one["expect"] == "good"]
UP = ("status", "batch", "ahead", "answer", "evidence")
LIMIT = 1_048_576


def public(name: str) -> bytes:
    return base64.b64decode(KEYS[name]["public"])


def plain(one: dict[str, Any]) -> bytes:
    return zstd.decompress(one["bytes"]) if "encoding" in one["properties"] else one["bytes"]


def text_by_the_page(one: dict[str, Any]) -> str:
    """Section 2 of the page, in a few lines."""
    lines = ["mektep/v1/signature", one["kind"], one["topic"], hashlib.sha256(plain(one)).hexdigest()]
    if one["kind"] == "batch":
        lines += [f"{name}={one['properties'][name]}" for name in ("epoch", "first", "last")]
    if one["kind"] == "evidence":
        lines += [f"{name}={one['properties'][name]}" for name in ("sha256", "bytes", "offset")]
    return "".join(f"{line}\n" for line in lines)


def is_signed(one: dict[str, Any]) -> bool:
    """Whether the signature is that of the key named in the example."""
    try:
        Ed25519PublicKey.from_public_bytes(public(one["by"])).verify(
            base64.b64decode(one["properties"]["sig"], validate=True), text_by_the_page(one).encode()
        )
    except InvalidSignature:
        return False
    return True


def test_the_keys_are_made_from_their_seeds() -> None:
    for key in KEYS.values():
        made = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["seed"])).public_key().public_bytes_raw()
        assert base64.b64encode(made).decode() == key["public"]
        assert hashlib.sha256(made).hexdigest()[:16] == key["id"]


def test_every_kind_of_message_has_a_good_and_a_bad_example() -> None:
    assert {MESSAGES[name]["kind"] for name in GOOD} == {kind.value for kind in Kind}
    bad = {one["kind"] for one in MESSAGES.values() if one["expect"] != "good"}
    assert bad == {"batch", "order", "receipt", "evidence", "reference"}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_example_is_signed_as_the_page_says(name: str) -> None:
    one = MESSAGES[name]
    assert one["signed"] == text_by_the_page(one)
    assert is_signed(one)
    assert one["properties"]["key"] == KEYS[one["by"]]["id"]


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"batch-short", "batch-foreign"}))
def test_a_good_example_is_valid_by_the_schemas(name: str) -> None:
    one = MESSAGES[name]
    assert faults(HEADERS_OF.get(one["kind"], "properties"), one["properties"]) == []
    if one["kind"] == "evidence":
        return  # its payload is bytes
    body = json.loads(plain(one))
    assert faults("evidence-receipt" if "evidence" in body else SCHEMA_OF[one["kind"]], body) == []
    if one["kind"] == "reference" and "content" in body:
        assert faults(f"reference.{body['dataset']}", body["content"]) == []
    for event in body if one["kind"] == "batch" else []:
        assert event_faults(event) == []


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_shows_an_example_of_every_kind() -> None:
    assert {MESSAGES[name]["kind"] for name in page_examples()} == {kind.value for kind in Kind}


@pytest.mark.parametrize(("name", "shown"), page_examples().items())
def test_what_the_page_shows_is_the_example_byte_for_byte(name: str, shown: dict[str, Any]) -> None:
    assert shown == {key: MESSAGES[name][key] for key in ("topic", "properties", "bytes")}


def test_the_signed_text_on_the_page_is_the_signed_text() -> None:
    shown = page_signed_texts()
    assert shown
    for name, text in shown.items():
        assert text == MESSAGES[name]["signed"]


# --- the agent and the reference centre, with the same messages -----------------------------------------------------


@pytest.mark.parametrize("name", [name for name, one in MESSAGES.items() if one["kind"] not in UP])
def test_the_agent_does_with_each_what_the_example_foretells(name: str) -> None:
    one = MESSAGES[name]
    clock = FastClock(instant_ns(vectors()["now"]))
    trust = Trust(public("orders"), clock)

    def take() -> str:
        try:
            if one["kind"] in ("order", "reference"):
                trust.check_pinned(Kind(one["kind"]), one["topic"], one["bytes"], one["properties"])
            else:
                trust.check_delegated(Kind(one["kind"]), one["topic"], one["bytes"], one["properties"])
        except Refused as refusal:
            return refusal.reason
        return "good"

    assert take() == one["expect"]


@pytest.mark.parametrize("name", [name for name, one in MESSAGES.items() if one["kind"] == "batch"])
def test_the_centre_does_with_each_batch_what_the_example_foretells(name: str, tmp_path: Path) -> None:
    one = MESSAGES[name]
    lane = one["topic"].rpartition("/")[2]
    if one["expect"] != "good":
        with pytest.raises(CentreRefused) as refusal:
            judge("school-07", lane, one["topic"], one["bytes"], one["properties"], public("box"))
        assert refusal.value.reason == one["expect"]
        return
    judged = judge("school-07", lane, one["topic"], one["bytes"], one["properties"], public("box"))
    (found,) = Store(open_database(f"sqlite:///{tmp_path}/centre.db")).store([judged])
    assert [{"verdict": part.verdict, "first": part.first, "last": part.last} for part in found] == one["verdicts"]


@pytest.mark.parametrize("name", [name for name, one in MESSAGES.items() if one["kind"] == "evidence"])
def test_the_centre_does_with_each_part_what_the_example_foretells(name: str) -> None:
    one = MESSAGES[name]
    id_ = one["topic"].rpartition("/")[2]
    if one["expect"] != "good":
        with pytest.raises(CentreRefused) as refusal:
            judge_part("school-07", id_, one["topic"], one["bytes"], one["properties"], public("box"))
        assert refusal.value.reason == one["expect"]
        return
    found = judge_part("school-07", id_, one["topic"], one["bytes"], one["properties"], public("box"))
    assert found.body == one["bytes"]


def test_the_parts_are_a_sealed_file_that_the_key_of_the_vectors_opens(tmp_path: Path) -> None:
    parts = [
        judge_part("school-07", "x", one["topic"], one["bytes"], one["properties"], public("box"))
        for one in MESSAGES.values()
        if one["kind"] == "evidence" and one["expect"] == "good"
    ]
    evidence = EvidenceStore(open_database(f"sqlite:///{tmp_path}/centre.db"))
    (outcome,) = evidence.store(parts)
    assert outcome.verdict == "whole"
    ((_, sealed),) = evidence.sealed("x")
    age = vectors()["age"]
    (tmp_path / "key").write_text(age["identity"])
    assert open_sealed(sealed, tmp_path / "key") == base64.b64decode(age["picture_base64"])
    receipt = json.loads(MESSAGES["evidence-receipt"]["bytes"])
    assert (receipt["sha256"], receipt["bytes"]) == (outcome.sha256, outcome.size)


def test_the_sealed_dataset_is_what_its_manifest_names_and_opens_by_its_key(tmp_path: Path) -> None:
    age = vectors()["age"]
    sealed = base64.b64decode(age["clubs_sealed_base64"])
    manifest = json.loads(MESSAGES["reference-sealed"]["bytes"])
    assert manifest["parts"] == [{"sha256": hashlib.sha256(sealed).hexdigest(), "bytes": len(sealed)}]
    assert sealed.startswith(b"age-encryption.org/v1\n")
    (tmp_path / "key").write_text(age["identity"])
    assert open_sealed(sealed, tmp_path / "key").decode() == age["clubs"]
    assert faults("reference.clubs", json.loads(age["clubs"])) == []


@pytest.mark.parametrize("name", [name for name in GOOD if MESSAGES[name]["kind"] in ("status", "answer", "ahead")])
def test_the_centre_takes_every_other_message_of_the_box(name: str) -> None:
    one = MESSAGES[name]
    payload = unpacked(one["bytes"], one["properties"])
    verify(public("box"), one["kind"], one["topic"], payload, one["properties"])


def test_the_bomb_is_small_and_true() -> None:
    """A receiver that does not stop at the limit would get two megabytes from it."""
    packed = MESSAGES["batch-bomb"]["bytes"]
    assert len(packed) < 100
    assert len(zstd.decompress(packed)) == 2 * LIMIT
