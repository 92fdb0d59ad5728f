"""Checkpoints by trusted keys: which keys count, what a note must be, what witnesses saw."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.audit.findings import Findings
from agent.audit.signed import Head, checkpoint_of, opened, trusted
from agent.audit.source import KeptNote
from agent.errors import AgentError
from agent.ledger.merkle import leaf_hash
from agent.ledger.note import Checkpoint, Kind, NoteError, PrivateKey, Verifier, base64_text, sign_note
from agent.ledger.origin import origin_of
from bench.ledger_year import EPOCH, KEY, SCHOOL, SECOND
from centre.ledger_note import cosign

ORIGIN = origin_of(SCHOOL, EPOCH)
VKEY = str(Verifier(ORIGIN, Kind.LOG, KEY.public))
CITY_KEY = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)
CITY = PrivateKey(CITY_KEY)
WITNESS = str(Verifier("city.example", Kind.COSIGNER, CITY.public))


def note(size: int, root: bytes = leaf_hash(b"x"), key: PrivateKey = KEY, origin: str = ORIGIN) -> str:
    return sign_note(str(Checkpoint(origin, size, root)), origin, key)


def look(*notes: KeptNote, witnesses: tuple[str, ...] = ()) -> tuple[list[Head], list[tuple[str, str]]]:
    findings = Findings()
    heads = opened(notes, SCHOOL, EPOCH, trusted(SCHOOL, [VKEY], [], witnesses), findings)
    return heads, [(one.code, one.case) for one in findings.all]


def test_a_key_is_the_boxs_for_every_log_of_its_school() -> None:
    second = note(3, origin=origin_of(SCHOOL, SECOND))
    for given in (VKEY, base64_text(KEY.public)):
        keys = trusted(SCHOOL, [given], [], [])
        assert not keys.from_source
        assert checkpoint_of(second, SCHOOL, SECOND, keys.public).size == 3
    with pytest.raises(NoteError):
        checkpoint_of(second, SCHOOL, EPOCH, keys.public)


def test_the_sources_own_key_is_taken_only_without_another() -> None:
    other = str(Verifier(ORIGIN, Kind.LOG, CITY.public))
    assert trusted(SCHOOL, [], [VKEY], []).from_source
    assert trusted(SCHOOL, [other], [VKEY], []).public == {CITY.public}


def test_a_cosigners_key_that_the_source_says_is_used_and_nothing_is_demanded_of_it() -> None:
    keys = trusted(SCHOOL, [], [VKEY, WITNESS], [])
    assert (keys.public, [str(one) for one in keys.witnesses], keys.demanded) == ({KEY.public}, [WITNESS], False)
    assert trusted(SCHOOL, [VKEY], [VKEY, WITNESS], []).witnesses == ()
    assert trusted(SCHOOL, [VKEY], [], [WITNESS]).demanded


@pytest.mark.parametrize(
    ("given", "witnesses"),
    [
        ([], []), (["rubbish"], []), (["A" * 44], []), ([VKEY[:-2]], []), ([WITNESS], []), ([VKEY], [VKEY]),
        ([VKEY.replace(SCHOOL, "school-08")], []), ([VKEY], ["x"]),
        ([str(Verifier(origin_of("school-08", EPOCH), Kind.LOG, KEY.public))], []),
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(given: list[str], witnesses: list[str]) -> None:
    with pytest.raises(AgentError) as error:
        trusted(SCHOOL, given, [], witnesses)
    assert error.value.code == "A-102"


def test_a_checkpoint_that_nobody_trusted_has_signed_does_not_count() -> None:
    good = note(5)
    heads, told = look(
        KeptNote(good, 1), KeptNote(note(6, key=CITY), 2), KeptNote("rubbish", 3),
        KeptNote(good.replace("\n5\n", "\n7\n"), 4),
        KeptNote(note(8, origin=origin_of(SCHOOL, SECOND)), 5), KeptNote("", 6),
    )  # fmt: skip
    assert heads == [Head(5, leaf_hash(b"x"), 0, 1, {})]
    assert told == [("A-131", ""), ("A-131", "unreadable"), ("A-131", ""), ("A-131", "other"), ("A-131", "unreadable")]


def test_two_checkpoints_that_cannot_both_be_true() -> None:
    assert look(KeptNote(note(5), 1), KeptNote(note(5, leaf_hash(b"y")), 2))[1] == [("A-134", "")]
    assert look(KeptNote(note(5), 1), KeptNote(note(4), 2))[1] == [("A-134", "shrunk")]
    assert look(KeptNote(note(5), 2), KeptNote(note(6), 2))[1] == [("A-134", "order")]
    assert look(KeptNote(note(5)), KeptNote(note(5)), KeptNote(note(6)))[1] == []


def test_a_witness_whole_or_by_its_line_alone() -> None:
    whole = cosign(note(5), "city.example", CITY_KEY, 1_700_000_000)
    line = whole.removeprefix(note(5))
    for cosigned in (whole, line):
        (head,), told = look(KeptNote(note(5), 1, cosigned), witnesses=(WITNESS,))
        assert (head.witnessed_s, told) == ({"city.example": 1_700_000_000}, [])
    (head,), told = look(KeptNote(note(5), 1), witnesses=(WITNESS,))
    assert (head.witnessed_s, told) == ({}, [])


def test_a_cosignature_that_does_not_hold() -> None:
    for cosigned in (
        cosign(note(6), "city.example", CITY_KEY, 1_700_000_000),  # of another checkpoint
        cosign(note(6), "city.example", CITY_KEY, 1_700_000_000).removeprefix(note(6)),
    ):
        (head,), told = look(KeptNote(note(5), 1, cosigned), witnesses=(WITNESS,))
        assert (head.witnessed_s, told) == ({}, [("A-136", "")])
