"""Who gets a certificate, on both databases: tokens, the box before, renewal, lost keys."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from centre import enrolment, pki
from centre.database import Database
from centre.enrolment import Denied, Enrolments, Why
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
    given = enrolments.enrol(SCHOOL, enrolments.invite(SCHOOL, 1), asking()).certificate
    renewed = enrolments.renew(given.body, asking(public=ec.generate_private_key(ec.SECP256R1()).public_key()))
    assert renewed.certificate.serial != given.serial
    assert not renewed.first
    assert [one.revoked_ns for one in enrolments.certificates(SCHOOL)] == [0, 0]


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
