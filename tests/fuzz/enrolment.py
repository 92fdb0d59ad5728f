"""Enrolment from both ends: a boot file that anybody may have written, a centre's answer, a box's request."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from agent.enrolment.boot_file import read_boot_file, without_token
from agent.enrolment.certificate import certificates_of, chosen, first_request, fresh_key
from agent.enrolment.errors import EnrolmentError
from agent.sync.identity import load_identity
from centre import pki
from centre.est_answers import _basic
from centre.signing_request import Unfit, identity_uri, read_request
from tests.fuzz.target import Target, shown_safely

KEY = fresh_key()
SCHOOL, TOKEN = "school-07", "0123456789abcdefghijKLMNOPQRST_-"
with TemporaryDirectory() as _folder:
    IDENTITY = load_identity(Path(_folder))
    pki.make_authority(Path(_folder) / "pki")
    AUTHORITY = (Path(_folder) / "pki/ca.crt").read_bytes()
    _private = serialization.load_pem_private_key(KEY, password=None)
    assert isinstance(_private, ec.EllipticCurvePrivateKey)
    GIVEN = pki.issue_to_box(Path(_folder) / "pki", SCHOOL, _private.public_key(), identity_uri(IDENTITY.public))
REQUEST = first_request(KEY, SCHOOL, IDENTITY)
CITY = x509.load_pem_x509_certificate(AUTHORITY)
ANSWERS = [
    base64.encodebytes(pkcs7.serialize_certificates(found, serialization.Encoding.DER))
    for found in ([GIVEN], [CITY], [CITY, GIVEN])
]
BOOT = f"""
school = "{SCHOOL}"
est = "https://centre.example:8445"
broker = "mqtts://centre.example:8883"
ca_sha256 = "{"a5" * 32}"
orders_key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
token = "{TOKEN}"
config = '''
[outbox]
reserve_mb = 300
'''
""".encode()


def boot_file(data: bytes) -> None:
    """Read, or refused in words that show nothing of the token; blanked, nothing moves."""
    try:
        found = read_boot_file(data, "mektep.toml")
    except EnrolmentError as error:
        assert error.code == "N-101"
        assert TOKEN not in error.what + error.do
        return
    spent = without_token(data, found.token)
    assert len(spent) == len(data)
    assert not found.token or f'"{found.token}"'.encode() not in spent
    tomllib.loads(spent.decode("utf-8-sig").replace("\r\n", "\n"))


def answer(data: bytes) -> None:
    """A certificate for our key by our authority, or none; what is shown is one line."""
    try:
        found = chosen(certificates_of(data), KEY, SCHOOL, AUTHORITY, None)
    except EnrolmentError as error:
        assert error.code == "N-106"
        shown_safely(error.what)
        return
    assert x509.load_pem_x509_certificate(found).tbs_certificate_bytes == GIVEN.tbs_certificate_bytes


def request(data: bytes) -> None:
    """Nobody's request passes but the one that was signed."""
    try:
        found = read_request(data)
    except Unfit as error:
        shown_safely(str(error))
        return
    assert (found.school, found.identity, found.proven) == (SCHOOL, IDENTITY.public, True)


def basic(data: bytes) -> None:
    """Who asks: a user and a password, or nobody."""
    user, password = _basic(data.decode("latin-1"))
    assert ":" not in user
    assert isinstance(password, str)


TARGETS = {
    "enrolment, boot file": Target(boot_file, [BOOT, BOOT.replace(b"\n", b"\r\n"), b"token = 1"], most=4_096),
    "enrolment, the centre's answer": Target(answer, [*ANSWERS, b"MIIB"], most=4_096),
    "enrolment, a box's request": Target(request, [REQUEST, b"MIIB"], most=4_096),
    "enrolment, who asks": Target(basic, [b"Basic " + base64.b64encode(b"school-07:token"), b"Bearer x"]),
}
