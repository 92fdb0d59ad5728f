"""What must hold of a certificate before it is kept; what a request says, as the centre reads it."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from agent.enrolment import certificate
from agent.enrolment.errors import EnrolmentError
from agent.sync.identity import load_identity
from centre import pki
from centre.signing_request import identity_uri, read_request

KEY = certificate.fresh_key()
YEAR_NS = 365 * 86_400 * 1_000_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("city")
    pki.make_authority(made)
    pki.make_authority(made / "other")
    return made


def given(folder: Path, school: str = "school-07", key: bytes = KEY) -> x509.Certificate:
    private = serialization.load_pem_private_key(key, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return pki.issue_to_box(folder, school, private.public_key(), "urn:mektep:identity:x")


def test_a_request_is_what_the_centre_reads(tmp_path: Path) -> None:
    identity = load_identity(tmp_path)
    first = read_request(certificate.first_request(KEY, "school-07", identity))
    again = read_request(certificate.next_request(KEY, "school-07", identity))
    assert (first.school, first.identity, first.proven) == ("school-07", identity.public, True)
    assert (again.school, again.identity, again.proven) == ("school-07", identity.public, False)
    assert again.spki == first.spki


def test_a_renewal_asks_with_what_the_certificate_says(tmp_path: Path, folder: Path) -> None:
    """RFC 7030, section 4.2.2: subject and subjectAltName must be identical."""
    identity = load_identity(tmp_path)
    request = x509.load_der_x509_csr(base64.b64decode(certificate.next_request(KEY, "school-07", identity)))
    private = serialization.load_pem_private_key(KEY, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    made = pki.issue_to_box(folder, "school-07", private.public_key(), identity_uri(identity.public))
    kinds = x509.SubjectAlternativeName
    assert request.subject == made.subject
    assert (
        request.extensions.get_extension_for_class(kinds).value == made.extensions.get_extension_for_class(kinds).value
    )


def test_the_one_that_was_asked_for_is_chosen_of_several(folder: Path) -> None:
    found = [given(folder, key=certificate.fresh_key()), given(folder)]
    authority = (folder / "ca.crt").read_bytes()
    assert certificate.chosen(found, KEY, "school-07", authority, time.time_ns()) == certificate.pem(found[1])


def test_what_was_not_asked_for_is_refused(folder: Path) -> None:
    authority, other = (folder / "ca.crt").read_bytes(), (folder / "other/ca.crt").read_bytes()
    now_ns = time.time_ns()
    wrong = [
        ([], authority, now_ns, "N-106"),
        ([given(folder, key=certificate.fresh_key())], authority, now_ns, "N-106"),
        ([given(folder, "school-08")], authority, now_ns, "N-106"),
        ([given(folder)], other, now_ns, "N-106"),
        ([given(folder)], authority, now_ns - YEAR_NS, "N-109"),
        ([given(folder)], authority, now_ns + 10 * YEAR_NS, "N-109"),
    ]
    for found, city, at_ns, code in wrong:
        with pytest.raises(EnrolmentError, match=code):
            certificate.chosen(found, KEY, "school-07", city, at_ns)
    assert certificate.chosen([given(folder)], KEY, "school-07", authority, None)  # the clock is not trusted


def test_a_server_certificate_is_not_a_box(folder: Path, tmp_path: Path) -> None:
    pki.issue(folder, "school-07", tmp_path, "server", hosts=("127.0.0.1",))
    parts = [(tmp_path / f"server.{kind}").read_bytes() for kind in ("crt", "key")]
    with pytest.raises(EnrolmentError, match=r"N-106.*not for a client"):
        certificate.understood(parts[0], parts[1], (folder / "ca.crt").read_bytes())


@pytest.mark.parametrize("body", [b"", b"not base64!", base64.b64encode(b"not DER"), base64.b64encode(b"\x30\x80")])
def test_garbage_is_no_certificate(body: bytes) -> None:
    with pytest.raises(EnrolmentError, match="N-106"):
        certificate.certificates_of(body)
    with pytest.raises(EnrolmentError, match="N-106"):
        certificate.read_dates(body)


def test_a_message_of_certificates_is_read(folder: Path) -> None:
    one = given(folder)
    body = base64.encodebytes(pkcs7.serialize_certificates([one], serialization.Encoding.DER))
    assert certificate.certificates_of(body) == [one]
