"""Keys, requests and certificates of a box, and what must hold of a certificate before it is kept. Pure.

Request PKCS#10: CN = school, EC secp256r1, one URI in subjectAltName: docs/protocol.md, section 18.
Raises  EnrolmentError N-106 for a certificate that is not what was asked for.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.enrolment.errors import EnrolmentError
from agent.sync.identity import Identity

IDENTITY = "urn:mektep:identity:"
DO = "Tell the centre."
FAULTS = (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature, x509.DuplicateExtension,
          x509.UnsupportedGeneralNameType, x509.InvalidVersion, x509.ExtensionNotFound)  # fmt: skip


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate says."""

    school: str
    authority: str  # SHA-256 of the authority that vouches for it; empty: not looked at
    begins_ns: int
    expires_ns: int


def fresh_key() -> bytes:
    """PEM; for the box's file alone."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def first_request(key: bytes, school: str, identity: Identity) -> bytes:
    """A request that proves the signing key as well. Raises ValueError for what is no key."""
    private = _private(key)
    return _request(private, school, f"{_uri(identity)}:{_base64url(identity.sign(_spki(private.public_key())))}")


def next_request(key: bytes, school: str, identity: Identity) -> bytes:
    """For renewal: subject and subjectAltName are those of the certificate (RFC 7030, section 4.2.2)."""
    return _request(_private(key), school, _uri(identity))


def certificates_of(body: bytes) -> list[x509.Certificate]:
    """Of a PKCS#7 message in base64. Raises EnrolmentError N-106."""
    try:
        return pkcs7.load_der_pkcs7_certificates(base64.b64decode(b"".join(body.split()), validate=True))
    except FAULTS as error:
        raise EnrolmentError("N-106", f"the centre answers what is no certificate: {error}", do=DO) from error


def fingerprint(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def chosen(found: list[x509.Certificate], key: bytes, school: str, authority: bytes, now_ns: int | None) -> bytes:
    """The one that was asked for, PEM. now_ns: None where the clock is not trusted: then dates are not looked at."""
    ours = _spki(_private(key).public_key())
    try:
        mine = [one for one in found if _spki(one.public_key()) == ours]
    except FAULTS as error:
        raise EnrolmentError("N-106", f"the centre's certificate cannot be read: {error}", do=DO) from error
    if not mine:
        raise EnrolmentError("N-106", "the centre answers a certificate for another key", do=DO)
    kept = understood(pem(mine[0]), key, authority)
    if kept.school != school:
        raise EnrolmentError("N-106", f"the centre answers a certificate for {kept.school!r}", do=DO)
    if now_ns is not None and not kept.begins_ns <= now_ns < kept.expires_ns:
        what = f"by this box's clock the certificate it was given is not valid: until {kept_until(kept)}"
        raise EnrolmentError("N-109", what, do="Check the box's date first; if it is right, tell the centre.")
    return pem(mine[0])


def understood(certificate: bytes, key: bytes, authority: bytes) -> Kept:
    """What a kept certificate says; it fits its key and its authority. Raises EnrolmentError N-106."""
    try:
        return _understood(x509.load_pem_x509_certificate(certificate), key, authority)
    except FAULTS as error:
        what = f"the certificate is not the city's, or not of this box's key: {error or type(error).__name__}"
        raise EnrolmentError("N-106", what, do=DO) from error


def kept_until(kept: Kept) -> str:
    """Its last day."""
    return datetime.fromtimestamp(kept.expires_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d")


def read_dates(certificate: bytes) -> Kept:
    """What a certificate in use says, whoever gave it. Raises EnrolmentError N-106."""
    try:
        return _said(x509.load_pem_x509_certificate(certificate), "")
    except FAULTS as error:
        raise EnrolmentError("N-106", f"the certificate in use is none: {error}", do="Enrol the box anew.") from error


def _understood(one: x509.Certificate, key: bytes, authority: bytes) -> Kept:
    city = x509.load_pem_x509_certificate(authority)
    one.verify_directly_issued_by(city)
    if _spki(one.public_key()) != _spki(_private(key).public_key()):
        raise ValueError("another key")
    if ExtendedKeyUsageOID.CLIENT_AUTH not in one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
        raise ValueError("it is not for a client")
    return _said(one, fingerprint(city))


def _said(one: x509.Certificate, authority: str) -> Kept:
    names = [str(name.value) for name in one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return Kept(
        school=names[0] if len(names) == 1 else "",
        authority=authority,
        begins_ns=int(one.not_valid_before_utc.timestamp()) * 1_000_000_000,
        expires_ns=int(one.not_valid_after_utc.timestamp()) * 1_000_000_000,
    )


def _request(private: ec.EllipticCurvePrivateKey, school: str, uri: str) -> bytes:
    """In base64, lines of 76."""
    built = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, school)]))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    return base64.encodebytes(built.public_bytes(serialization.Encoding.DER))


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    found = serialization.load_pem_private_key(key, password=None)
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise ValueError("it is another kind of key")
    return found


def _spki(public: object) -> bytes:
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return b""
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _uri(identity: Identity) -> str:
    return IDENTITY + _base64url(identity.public)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
