"""Who gets a certificate, on both databases: tokens, the box before, renewal, lost keys."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from centre import enrolment, pki
from centre.database import Database
from centre.enrolment import Certificate, Denied, Enrolments, Why
from centre.signing_request import Request, identity_uri, read_request
from centre.store import Store
from tests.centre.conftest import Open
from tests.centre.test_signing_request import PUBLIC
from tests.centre.test_signing_request import request as csr

SCHOOL = "school-07"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("centre")
    pki.make_authority(made / "pki")
    return made


@pytest.fixture
def database(open_one: Open) -> Database:
    return open_one()


@pytest.fixture
def enrolments(database: Database, folder: Path) -> Enrolments:
    return Enrolments(database, folder)


def asking(number: int = 1, school: str = SCHOOL, **changes: object) -> Request:
    """Of the box with this number: its TLS key and its signing key."""
    words: dict[str, object] = {
        "school": school,
        "public": ec.derive_private_key(number, ec.SECP256R1()).public_key(),
        "spki": f"{number:064x}",
        "identity": bytes([number]) * 32,
        "proven": True,
    }
    return Request(**(words | changes))  # type: ignore[arg-type]


def why(enrolments: Enrolments, token: str, request: Request, school: str = SCHOOL) -> Why:
    with pytest.raises(Denied) as denied:
        enrolments.enrol(school, token, request)
    return denied.value.why


def test_a_token_brings_a_certificate_and_registers_the_key(enrolments: Enrolments, database: Database) -> None:
    token = enrolments.invite(SCHOOL, 1)
    assert enrolments.is_invited(SCHOOL, token)
    assert not enrolments.is_invited(SCHOOL, token + "x")
    assert not enrolments.is_invited("school-08", token)
    given = enrolments.enrol(SCHOOL, token, asking())
    made = x509.load_der_x509_certificate(given.certificate.body)
    assert made.subject.rfc4514_string() == f"CN={SCHOOL}"
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [identity_uri(bytes([1]) * 32)]
    thirteen_months_s = 396 * 86_400
    assert (made.not_valid_after_utc - made.not_valid_before_utc).total_seconds() > thirteen_months_s
    assert Store(database).schools() == {SCHOOL: bytes([1]) * 32}
    stored = database.execute("select sha256 from enrolment_token")
    assert token not in str(stored)


def test_the_same_box_may_ask_again_and_nobody_else(enrolments: Enrolments) -> None:
    token = enrolments.invite(SCHOOL, 1)
    given = enrolments.enrol(SCHOOL, token, asking())
    assert enrolments.enrol(SCHOOL, token, asking()).certificate == given.certificate
    assert why(enrolments, token, asking(2)) is Why.TOKEN_USED
    assert len(enrolments.certificates()) == 1
    enrolments.revoke(SCHOOL, "lost")
    assert why(enrolments, token, asking()) is Why.REVOKED


def test_a_token_ends(enrolments: Enrolments, monkeypatch: pytest.MonkeyPatch) -> None:
    token = enrolments.invite(SCHOOL, 1)
    newer = enrolments.invite(SCHOOL, 1)
    assert why(enrolments, token, asking()) is Why.WRONG_TOKEN
    later = time.time_ns() + enrolment.DAY_NS
    monkeypatch.setattr(enrolment.time, "time_ns", lambda: later)
    assert why(enrolments, newer, asking()) is Why.TOKEN_EXPIRED
    monkeypatch.undo()
    enrolments.withdraw(SCHOOL)
    assert why(enrolments, newer, asking()) is Why.WRONG_TOKEN


def test_what_does_not_fit_the_token_is_denied(enrolments: Enrolments) -> None:
    enrolments.enrol("school-09", enrolments.invite("school-09", 1), asking(9, "school-09"))
    token = enrolments.invite(SCHOOL, 1)
    assert why(enrolments, token, asking(school="school-08")) is Why.OTHER_SCHOOL
    assert why(enrolments, token, asking(proven=False)) is Why.NO_IDENTITY
    assert why(enrolments, token, asking(identity=bytes([9]) * 32)) is Why.OTHER_IDENTITY
    assert enrolments.enrol(SCHOOL, token, asking()).first  # a mistake does not spend it


def test_a_new_box_takes_the_place_of_the_one_before(enrolments: Enrolments, database: Database) -> None:
    first = enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), asking(1)).certificate
    second = enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), asking(2)).certificate
    old, new = enrolments.certificates(SCHOOL)
    assert (old.serial, old.reason, new.serial, new.revoked_ns) == (first.serial, "replaced", second.serial, 0)
    assert Store(database).school_key(SCHOOL) == bytes([2]) * 32
    with pytest.raises(Denied, match="revoked"):
        enrolments.renew(first.body, asking(1, proven=False))


def test_a_certificate_renews_itself(enrolments: Enrolments) -> None:
    given = first(enrolments)
    renewed = renew(enrolments, given, 2)
    assert renewed.serial != given.serial
    assert standing(enrolments) == ["", ""]  # which of the two its box has is not known yet


def first(enrolments: Enrolments) -> Certificate:
    return enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), keyed(1)).certificate


def keyed(number: int) -> Request:
    """Of one box, with its TLS key of this number."""
    return asking(1, public=ec.derive_private_key(number, ec.SECP256R1()).public_key())


def renew(enrolments: Enrolments, by: Certificate, number: int) -> Certificate:
    return enrolments.renew(by.body, keyed(number)).certificate


def standing(enrolments: Enrolments) -> list[str]:
    """Why each is revoked, oldest first; empty: it is good."""
    return [one.reason for one in enrolments.certificates(SCHOOL)]


def days_pass(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    later = time.time_ns() + int(days * enrolment.DAY_NS)
    monkeypatch.setattr(enrolment.time, "time_ns", lambda: later)


def test_a_renewal_that_was_shown_ends_the_one_before(enrolments: Enrolments) -> None:
    given = first(enrolments)
    renewed = renew(enrolments, given, 2)
    assert enrolments.show(renewed.body) == SCHOOL
    assert standing(enrolments) == ["renewed", ""]
    assert enrolments.show(renewed.body) == ""  # once
    with pytest.raises(Denied, match="revoked"):
        renew(enrolments, given, 3)  # who has copied the old one gets nothing by it
    assert enrolments.renew(renewed.body, keyed(4)).ended is False


def test_a_renewal_by_the_renewed_one_is_a_way_of_showing_it(enrolments: Enrolments) -> None:
    second = renew(enrolments, first(enrolments), 2)
    assert enrolments.renew(second.body, keyed(3)).ended
    assert standing(enrolments) == ["renewed", "", ""]


def test_who_lost_the_answer_asks_by_the_same_key_and_gets_the_same(
    enrolments: Enrolments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the centre's commit and its own: at once, after a summer in a cupboard, after more than a year."""
    given = first(enrolments)
    lost = renew(enrolments, given, 2)
    assert renew(enrolments, given, 2) == lost
    days_pass(monkeypatch, enrolment.GRACE_DAYS + 1)
    assert enrolments.retire() == [SCHOOL]
    assert standing(enrolments) == ["renewed", ""]
    assert renew(enrolments, given, 2) == lost
    with pytest.raises(Denied, match="revoked"):
        renew(enrolments, given, 3)  # for another key it is good no more
    days_pass(monkeypatch, 500)
    assert renew(enrolments, given, 2).serial != lost.serial  # that one has expired meanwhile


def test_a_key_that_was_spoilt_is_no_reason_to_stay_out(enrolments: Enrolments) -> None:
    """The box asks by its old certificate for another key; what nobody has is over when the last one is shown."""
    given = first(enrolments)
    renew(enrolments, given, 2)
    third = renew(enrolments, given, 3)
    assert enrolments.show(third.body) == SCHOOL
    assert standing(enrolments) == ["renewed", "renewed", ""]


def test_what_a_thief_of_the_old_one_asked_for_is_over_when_the_box_shows_its_own(enrolments: Enrolments) -> None:
    given = first(enrolments)
    enrolments.show(given.body)
    ours = renew(enrolments, given, 2)
    theirs = renew(enrolments, given, 66)
    assert enrolments.show(ours.body) == SCHOOL
    assert standing(enrolments) == ["renewed", "", "renewed"]
    with pytest.raises(Denied, match="revoked"):
        renew(enrolments, theirs, 66)


def test_an_old_one_that_is_shown_ends_no_newer_one(enrolments: Enrolments, database: Database) -> None:
    """Of a centre of before nobody knows which was shown: the box may have lost the answer, and asks again."""
    given = first(enrolments)
    lost = renew(enrolments, given, 2)
    database.execute("delete from box_certificate_shown")
    assert enrolments.show(given.body) == ""
    assert renew(enrolments, given, 2) == lost


def test_after_the_grace_the_older_ones_are_over_shown_or_not(
    enrolments: Enrolments, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = first(enrolments)
    days_pass(monkeypatch, 285)
    renew(enrolments, given, 2)
    assert enrolments.retire() == []  # the older one is older than the grace, its successor is not
    days_pass(monkeypatch, 285 + enrolment.GRACE_DAYS + 1)
    assert enrolments.retire() == [SCHOOL]
    assert enrolments.retire() == []
    assert standing(enrolments) == ["renewed", ""]


def test_a_replaced_or_lost_box_asks_for_nothing_again(enrolments: Enrolments) -> None:
    given = first(enrolments)
    renew(enrolments, given, 2)
    enrolments.revoke(SCHOOL, "lost")
    with pytest.raises(Denied, match="revoked"):
        renew(enrolments, given, 2)


def test_a_certificate_that_asks_for_ever_new_keys_is_stopped(enrolments: Enrolments) -> None:
    given = first(enrolments)
    for number in range(2, enrolment.ISSUED_A_DAY + 1):
        renew(enrolments, given, number)
    with pytest.raises(Denied, match="too_often"):
        renew(enrolments, given, 99)
    assert renew(enrolments, given, 2)  # again is no new one


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"school": "school-08"}, Why.OTHER_SCHOOL),
        ({"identity": bytes(32)}, Why.OTHER_IDENTITY),
        ({"identity": b""}, Why.OTHER_IDENTITY),
    ],
)
def test_a_certificate_renews_nothing_else(enrolments: Enrolments, changes: dict[str, object], why: Why) -> None:
    given = enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), asking()).certificate
    with pytest.raises(Denied) as denied:
        enrolments.renew(given.body, asking(**changes))
    assert denied.value.why is why


def test_who_is_not_known_renews_nothing(enrolments: Enrolments, database: Database) -> None:
    with pytest.raises(Denied, match="unknown_certificate"):
        enrolments.renew(b"a receiver's own", asking())
    given = enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), asking()).certificate
    Store(database).remove_school(SCHOOL)
    with pytest.raises(Denied, match="not_registered"):
        enrolments.renew(given.body, asking())


def test_a_lost_key_is_never_enrolled_again(enrolments: Enrolments) -> None:
    enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), asking())
    assert enrolments.revoke(SCHOOL, "lost") != []
    assert enrolments.revoke(SCHOOL, "lost") == []
    assert enrolments.lose_keys(SCHOOL) == 1
    for school in (SCHOOL, "school-08"):
        token = enrolments.invite(school, 1)
        assert why(enrolments, token, asking(school=school), school) is Why.LOST_KEY
    assert enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), asking(2)).first


def test_one_certificate_is_revoked_by_its_serial(enrolments: Enrolments) -> None:
    given = enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), asking()).certificate
    revoked = enrolments.revoke_one(given.serial, "revoked")
    assert revoked is not None
    assert revoked.revoked_ns
    assert enrolments.revoke_one("12ab", "revoked") is None


def test_the_proof_of_a_real_request_is_enough(enrolments: Enrolments) -> None:
    real = read_request(csr())
    given = enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), real)
    assert given.certificate.identity == PUBLIC
