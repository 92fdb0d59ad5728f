"""What a box asks a certificate with: our own, openssl's, and every way to get it wrong."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from centre.signing_request import IDENTITY, REQUEST_MAX, Unfit, identity_uri, read_request

TLS = ec.derive_private_key(7, ec.SECP256R1())
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = SIGNING.public_key().public_bytes_raw()
CN = (x509.NameAttribute(NameOID.COMMON_NAME, "school-07"),)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def spki(key: Any = TLS) -> bytes:
    found: bytes = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found


def proof(key: Any = TLS) -> str:
    return f"{identity_uri(PUBLIC)}:{base64url(SIGNING.sign(spki(key)))}"


def request(
    names: Sequence[x509.NameAttribute] = CN,
    uri: str | None = None,
    key: Any = TLS,
    more: Sequence[x509.ExtensionType] = (),
) -> bytes:
    built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    uri = proof(key) if uri is None else uri
    if uri:
        built = built.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
    for extension in more:
        built = built.add_extension(extension, critical=False)
    return base64.encodebytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def test_a_request_names_the_school_and_proves_the_signing_key() -> None:
    found = read_request(request())
    assert (found.school, found.identity, found.proven) == ("school-07", PUBLIC, True)
    assert not read_request(request(uri=identity_uri(PUBLIC))).proven
    assert read_request(request(uri="")).identity == b""
    assert read_request(request().replace(b"\n", b"\r\n  ")).school == "school-07"


def spoilt() -> bytes:
    """The request's own signature does not fit."""
    der = bytearray(base64.b64decode(request()))
    der[-1] ^= 1
    return base64.b64encode(bytes(der))


OTHER = ec.derive_private_key(8, ec.SECP256R1())
SIGNED = base64url(SIGNING.sign(spki()))
WRONG: dict[str, bytes] = {
    "nothing": b"",
    "no base64": b"\xff",
    "PEM": b"-----BEGIN CERTIFICATE REQUEST-----\n" + request() + b"-----END CERTIFICATE REQUEST-----\n",
    "no DER": base64.b64encode(b"hello"),
    "too large": b"A" * (REQUEST_MAX + 1),
    "cut": base64.b64encode(base64.b64decode(request())[:-9]),
    "a spoilt signature": spoilt(),
    "another curve": request(key=ec.derive_private_key(7, ec.SECP384R1())),
    "RSA": request(key=rsa.generate_private_key(65_537, 2_048)),
    "no name": request([]),
    "two names": request([*CN, x509.NameAttribute(NameOID.ORGANIZATION_NAME, "school-08")]),
    "another name": request([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "school-07")]),
    "no school": request([x509.NameAttribute(NameOID.COMMON_NAME, "School 7")]),
    "a school and a line": request([x509.NameAttribute(NameOID.COMMON_NAME, "school-07\n")]),
    "wants to be an authority": request(more=[x509.BasicConstraints(ca=True, path_length=None)]),
    "wants to be a server": request(more=[x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])]),
    "a host": request(uri="", more=[x509.SubjectAlternativeName([x509.DNSName("centre.example")])]),
    "two URIs": request(uri="", more=[x509.SubjectAlternativeName([x509.UniformResourceIdentifier(proof())] * 2)]),
    "another URI": request(uri="https://centre.example"),
    "half a key": request(uri=IDENTITY + base64url(PUBLIC[:16])),
    "a key in another spelling": request(uri=f"{identity_uri(PUBLIC)}=:{SIGNED}"),
    "an empty proof": request(uri=f"{identity_uri(PUBLIC)}:"),
    "a proof of another key": request(uri=proof(OTHER)),
    "a proof by another": request(uri=f"{identity_uri(bytes(32))}:{SIGNED}"),
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_what_is_no_such_request_is_unfit(body: bytes) -> None:
    with pytest.raises(Unfit):
        read_request(body)


@given(st.integers(0, 600), st.integers(0, 255))
def test_a_changed_byte_never_passes_for_another_request(at: int, byte: int) -> None:
    der = bytearray(base64.b64decode(request()))
    der[at % len(der)] = byte
    try:
        found = read_request(base64.b64encode(bytes(der)))
    except Unfit:
        return
    assert (found.school, found.identity) == ("school-07", PUBLIC)
