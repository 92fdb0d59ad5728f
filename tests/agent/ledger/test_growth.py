"""Files that prove growth: the same both ways, true of one beginning under one signed checkpoint, and strict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales import tlog

from agent.ledger.growth import GrowthProof, parse_growth
from agent.ledger.merkle import consistency, root_of
from agent.ledger.note import Checkpoint, Kind, NoteError, PrivateKey, Verifier, sign_note
from agent.ledger.proof import PATH_MAX
from tests.agent.ledger.leaves import PUBLISHED, kept

ORIGIN = "ledger.example/school-07"
KEY = PrivateKey(bytes(32))
LOG = Verifier(ORIGIN, Kind.LOG, KEY.public)
NOTE = sign_note(str(Checkpoint(ORIGIN, 8, root_of(PUBLISHED))), ORIGIN, KEY)


def earlier(size: int, root: bytes | None = None) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root_of(PUBLISHED[:size]) if root is None else root)


def proof(old: int) -> GrowthProof:
    return GrowthProof(old=old, path=tuple(consistency(old, 8, kept(PUBLISHED))), checkpoint=NOTE)


TEXT = str(proof(6))


def test_a_file_has_the_form_that_witnesses_take() -> None:
    lines = TEXT.split("\n")
    assert lines[0] == "old 6"
    assert [len(line) for line in lines[1:5]] == [44, 44, 44, 0]
    assert TEXT.endswith(NOTE)
    assert str(proof(8)) == f"old 8\n\n{NOTE}"


@pytest.mark.parametrize("old", range(9))
def test_it_proves_its_beginning_and_no_other(old: int) -> None:
    found = parse_growth(str(proof(old)))
    assert found.verify(earlier(old), [LOG]) == Checkpoint(ORIGIN, 8, root_of(PUBLISHED))
    tlog.ConsistencyProof(old, 8, list(found.path)).check(root_of(PUBLISHED[:old]), root_of(PUBLISHED))
    others = [earlier(size) for size in range(9) if size != old]
    if old:
        others.append(earlier(old, bytes(32)))
    for other in others:
        with pytest.raises(NoteError):
            found.verify(other, [LOG])


def test_another_log_or_a_stranger_proves_nothing() -> None:
    with pytest.raises(NoteError, match="another log"):
        proof(6).verify(Checkpoint("ledger.example/other", 6, root_of(PUBLISHED[:6])), [LOG])
    with pytest.raises(NoteError, match="nobody known"):
        proof(6).verify(earlier(6), [Verifier(ORIGIN, Kind.LOG, PrivateKey(bytes([7]) * 32).public)])


@given(old=st.integers(0, 2**63 - 1), path=st.lists(st.binary(min_size=32, max_size=32), max_size=PATH_MAX))
def test_a_file_is_the_same_both_ways(old: int, path: list[bytes]) -> None:
    one = GrowthProof(old=old, path=tuple(path), checkpoint=NOTE)
    assert parse_growth(str(one)) == one


@given(at=st.integers(0, len(TEXT) - 1), char=st.characters(codec="utf-8"))
def test_no_other_character_is_taken(at: int, char: str) -> None:
    other = TEXT[:at] + char + TEXT[at + 1 :]
    try:
        parse_growth(other).verify(earlier(6), [LOG])
    except NoteError:
        return
    assert other == TEXT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends in a checkpoint"),
        ("old 6\n" + NOTE, "no base64"),
        ("index 6\n\n" + NOTE, "begins with"),
        ("old 06\n\n" + NOTE, "no number"),
        ("old -1\n\n" + NOTE, "no number"),
        (f"old 6\nYQ==\n\n{NOTE}", "hashes of 32 bytes"),
        ("old 6\n" + "\n".join(["A" * 43 + "="] * (PATH_MAX + 1)) + "\n\n" + NOTE, "at most 63"),
        ("old 6\n\n" + "x" * 3_000_000, "too long"),
    ],
)
def test_what_is_no_proof_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(NoteError, match=words):
        parse_growth(text)
