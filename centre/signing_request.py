"""What a box asks a certificate with: a PKCS#10 request, read and checked. Pure.

Wire    base64 of DER (RFC 7030, section 4.2.1). Subject: CN = school, nothing else. Key: EC secp256r1. Extensions: at
        most a subjectAltName with one URI, urn:mektep:identity:KEY or urn:mektep:identity:KEY:SIG; KEY and SIG in
        base64url without padding: the box's Ed25519 key, and its signature over the request's SubjectPublicKeyInfo
        (DER).
Raises  Unfit with what is wrong, for the person who wrote the other side.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import ExtensionOID, NameOID

from centre.wire import SCHOOL

IDENTITY = "urn:mektep:identity:"
REQUEST_MAX = 16_384
KEY_BYTES, SIGNATURE_BYTES = 32, 64


class Unfit(Exception):
    """A request that no certificate follows."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose own signature is good: who sent it holds the private key."""

    school: str
    public: ec.EllipticCurvePublicKey
    spki: str  # hash of the public key, hexadecimal
    identity: bytes  # the box's signing key; empty: none is named
    proven: bool  # whether that key has signed for this request


def read_request(body: bytes) -> Request:
    """Raises Unfit."""
    if len(body) > REQUEST_MAX:
        raise Unfit("it is too large")
    try:
        return _read(x509.load_der_x509_csr(base64.b64decode(b"".join(body.split()), validate=True)))
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise Unfit("it is no PKCS#10 request in base64") from error


def identity_uri(identity: bytes) -> str:
    """As it stands in the certificate: the key without a proof."""
    return IDENTITY + base64.urlsafe_b64encode(identity).decode().rstrip("=")


def _read(csr: x509.CertificateSigningRequest) -> Request:
    public = csr.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise Unfit("its key is not of EC secp256r1")
    if not csr.is_signature_valid:
        raise Unfit("its signature is not of its own key")
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    identity, proven = _identity(csr, spki)
    return Request(
        school=_school(csr.subject),
        public=public,
        spki=hashlib.sha256(spki).hexdigest(),
        identity=identity,
        proven=proven,
    )


def _school(subject: x509.Name) -> str:
    names = list(subject)
    if len(names) != 1 or names[0].oid != NameOID.COMMON_NAME:
        raise Unfit("its subject is not a CN alone")
    name = str(names[0].value)
    if not SCHOOL.fullmatch(name):
        raise Unfit("its CN is no name of a school")
    return name


def _identity(csr: x509.CertificateSigningRequest, spki: bytes) -> tuple[bytes, bool]:
    """The signing key that it names, and whether that key has signed."""
    try:
        extensions = list(csr.extensions)
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise Unfit("its extensions cannot be read") from error
    if any(one.oid != ExtensionOID.SUBJECT_ALTERNATIVE_NAME for one in extensions):
        raise Unfit("it asks for extensions besides subjectAltName")
    names = [name for one in extensions for name in one.value]
    if not names:
        return b"", False
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise Unfit("its subjectAltName is not one URI")
    return _proof(names[0].value, spki)


def _proof(uri: str, spki: bytes) -> tuple[bytes, bool]:
    key, colon, signature = uri.removeprefix(IDENTITY).partition(":")
    identity = _base64url(key, KEY_BYTES)
    if not uri.startswith(IDENTITY) or not identity:
        raise Unfit(f"its URI is not {IDENTITY}KEY:SIG")
    if not colon:
        return identity, False
    try:
        Ed25519PublicKey.from_public_bytes(identity).verify(_base64url(signature, SIGNATURE_BYTES), spki)
    except InvalidSignature as error:
        raise Unfit("the signing key has not signed this request's key") from error
    return identity, True


def _base64url(text: str, size: int) -> bytes:
    """Empty unless it is the one spelling of so many bytes."""
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    spelt = base64.urlsafe_b64encode(found).decode().rstrip("=")
    return found if len(found) == size and spelt == text else b""
