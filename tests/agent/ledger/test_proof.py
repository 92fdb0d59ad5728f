"""Files of proofs: the same both ways, true of one leaf under one signed checkpoint, and strict."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.merkle import inclusion, root_of
from agent.ledger.note import Checkpoint, Kind, NoteError, PrivateKey, Verifier, sign_note
from agent.ledger.proof import FORMAT, PATH_MAX, LeafProof, parse_proof
from centre.ledger_note import cosign
from tests.agent.ledger.leaves import PUBLISHED, kept

ORIGIN = "ledger.example/school-07"
KEY, COSIGNER = PrivateKey(bytes(32)), Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
LOG = Verifier(ORIGIN, Kind.LOG, KEY.public)
WITNESS = Verifier("city.example", Kind.COSIGNER, PrivateKey(COSIGNER).public)
NOTE = cosign(
    sign_note(str(Checkpoint(ORIGIN, 8, root_of(PUBLISHED))), ORIGIN, KEY), WITNESS.name, COSIGNER, 1_700_000_000
)
PROOF = LeafProof(index=5, path=tuple(inclusion(8, 5, kept(PUBLISHED))), checkpoint=NOTE)
TEXT = str(PROOF)


def test_a_file_has_the_form_that_its_name_promises() -> None:
    lines = TEXT.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 5"]
    assert [len(line) for line in lines[2:6]] == [44, 44, 44, 0]
    assert TEXT.endswith(NOTE)
    assert str(LeafProof(index=0, path=(), checkpoint=NOTE, extra=b"x")) == f"{FORMAT}\nextra eA==\nindex 0\n\n{NOTE}"


@given(
    index=st.integers(0, 2**63 - 1),
    path=st.lists(st.binary(min_size=32, max_size=32), max_size=PATH_MAX),
    extra=st.binary(max_size=40),
)
def test_a_file_is_the_same_both_ways(index: int, path: list[bytes], extra: bytes) -> None:
    proof = LeafProof(index=index, path=tuple(path), checkpoint=NOTE, extra=extra)
    assert parse_proof(str(proof)) == proof


def test_it_proves_its_leaf_and_no_other() -> None:
    checkpoint = parse_proof(TEXT).verify(PUBLISHED[5], ORIGIN, [LOG], [WITNESS])
    assert (checkpoint.size, checkpoint.root) == (8, root_of(PUBLISHED))
    for other in PUBLISHED[:5] + PUBLISHED[6:]:
        with pytest.raises(NoteError, match="not leaf 5 of 8"):
            PROOF.verify(other, ORIGIN, [LOG])


@given(at=st.integers(0, len(TEXT) - 1), char=st.characters(codec="utf-8"))
def test_no_other_character_is_taken(at: int, char: str) -> None:
    """But for the cosigner's line, which is passed over when its name or key id is another's."""
    other = TEXT[:at] + char + TEXT[at + 1 :]
    try:
        parse_proof(other).verify(PUBLISHED[5], ORIGIN, [LOG], [WITNESS])
    except NoteError:
        return
    assert other[: TEXT.index("— city")] == TEXT[: TEXT.index("— city")]


BAD = [
    "",
    FORMAT,
    TEXT.replace("@v1", "@v2"),
    TEXT.replace("index 5\n", ""),
    TEXT.replace("index 5\n", "extra eA==\nextra eA==\nindex 5\n"),
    TEXT.replace("index 5\n", "extra \nindex 5\n"),
    TEXT.replace("index 5\n", "extra eB==\nindex 5\n"),
    TEXT.replace("index 5\n", "index 5\nextra eA==\n"),
    TEXT.replace("index 5\n", "index 5\nc2hvcnQ=\n"),
    TEXT.replace("index 5\n", "index 5\n" + f"{'A' * 43}=\n" * PATH_MAX),
    *(TEXT.replace("index 5", f"index {index}") for index in ("05", "+5", "-5", "5_0", " 5", "", "5 ", str(2**63))),
    TEXT.replace("\n", "\r\n"),
    "x" * 2_000_001,
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_proof(text)
