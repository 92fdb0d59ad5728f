"""The city's certificate authority: its own certificate, those of servers, receivers and boxes.

A box makes its key itself and asks by EST (centre/est.py). `issue` also makes keys: for the centre's own parts, and for
boxes of demonstrations and tests. No certificate outlives the authority.
Raises  CentreError K-101 if the authority cannot be used, K-115 if a folder holds somebody else's certificate, K-186 if
        one cannot be renewed.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from centre.errors import CentreError
from centre.keys import write_private, write_public

CA_DAYS, LEAF_DAYS = 3650, 397 + 30


def make_authority(folder: Path) -> None:
    """DIR/ca.crt and ca.key; nothing if they are there."""
    if (folder / "ca.key").exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mektep development CA")])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        _builder(name, name, key.public_key(), _in_days(CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    write_private(folder / "ca.key", _pem(key))
    (folder / "ca.crt").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def issue(folder: Path, name: str, out: Path, file: str, *, hosts: tuple[str, ...] = ()) -> None:
    """A certificate for a client, or with hosts for a server: OUT/FILE.crt and FILE.key; nothing if they are there."""
    if (out / f"{file}.crt").exists():
        _must_be(out / f"{file}.crt", name)
        return
    ours, our_key = authority(folder)
    out.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(subject, ours.subject, key.public_key(), _end(ours))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(our_key.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    write_private(out / f"{file}.key", _pem(key))
    (out / f"{file}.crt").write_bytes(builder.sign(our_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def issue_to_box(folder: Path, school: str, public: ec.EllipticCurvePublicKey, uri: str) -> x509.Certificate:
    """A client certificate for a key that the box has made; the URI names its signing key."""
    ours, our_key = authority(folder)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, school)])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=False, crl_sign=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        _builder(subject, ours.subject, public, _end(ours))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(our_key.public_key()), critical=False)
    )
    return builder.sign(our_key, hashes.SHA256())


def renew(folder: Path, file: Path) -> x509.Certificate:
    """The same name, purpose and key until later. One file, so one rename: no moment has half of a pair, and whoever
    reads the key still may. Returns the new one."""
    ours, our_key = authority(folder)
    before = certificate(file)
    try:
        before.verify_directly_issued_by(ours)
    except (InvalidSignature, TypeError, ValueError) as error:
        what = f"{file} is not of the authority in {folder}"
        raise CentreError("K-186", what, do="Renew it where it comes from; or move it away and run init.") from error
    builder = _builder(before.subject, ours.subject, before.public_key(), _end(ours))
    for one in before.extensions:
        builder = builder.add_extension(one.value, critical=one.critical)
    new = builder.sign(our_key, hashes.SHA256())
    write_public(file, new.public_bytes(serialization.Encoding.PEM))
    return new


def certificate(file: Path) -> x509.Certificate:
    """Raises CentreError K-186."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        do = "Move it and its key away, then run `mektep-centre init` in this folder."
        raise CentreError("K-186", f"{file} is no certificate that can be read: {error}", do=do) from error


def authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Its certificate and its key. Raises CentreError K-101."""
    try:
        ours = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise CentreError(
            "K-101", f"the authority in {folder} cannot be used: {error}", do="Put ca.crt and ca.key back there."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CentreError("K-101", f"{folder}/ca.key is another kind of key", do="Put back the one that init made.")
    return ours, key


def _must_be(path: Path, name: str) -> None:
    """What lies there already must be of the same name."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise CentreError("K-115", f"{path} is no certificate", do="Remove it, then try again.") from error
    if [common.value for common in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] != [name]:
        raise CentreError(
            "K-115", f"{path} is not the certificate of {name}", do="Give each school a folder of its own."
        )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: CertificatePublicKeyTypes, end: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
        .not_valid_after(end)
    )


def _in_days(days: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=days)


def _end(ours: x509.Certificate) -> dt.datetime:
    """Of what the authority issues now."""
    if ours.not_valid_after_utc <= dt.datetime.now(dt.UTC):
        what = f"the authority's own certificate ended {ours.not_valid_after_utc:%Y-%m-%d}"
        raise CentreError("K-101", what, do="The city needs a new authority, and every box is enrolled again.")
    return min(_in_days(LEAF_DAYS), ours.not_valid_after_utc)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
