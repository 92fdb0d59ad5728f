"""The development authority: certificates that TLS takes, each for one name and one purpose, never mixed up."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from centre import pki
from centre.errors import CentreError


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    pki.make_authority(tmp_path / "pki")
    return tmp_path / "pki"


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def name_of(path: Path) -> str:
    (name,) = certificate(path).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def shake(server: tuple[Path, Path], client: tuple[Path, Path], ca: Path, host: str) -> str:
    """A TLS handshake both ways; the name that the server saw."""
    listening = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listening.load_cert_chain(*server)
    listening.load_verify_locations(ca)
    listening.verify_mode = ssl.CERT_REQUIRED
    calling = ssl.create_default_context(cafile=str(ca))
    calling.load_cert_chain(*client)
    near, far = socket.socketpair()
    seen: list[str] = []

    def serve() -> None:
        with listening.wrap_socket(far, server_side=True) as tls:
            subject = dict(pair for (pair,) in tls.getpeercert()["subject"])  # type: ignore[index,misc,union-attr]
            seen.append(str(subject["commonName"]))
            tls.sendall(b"ok")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with calling.wrap_socket(near, server_hostname=host) as tls:
            assert tls.recv(2) == b"ok"
    finally:
        near.close()
        thread.join(10)
    return seen[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "broker.example"])
def test_broker_and_box_know_each_other_by_it(authority: Path, tmp_path: Path, host: str) -> None:
    pki.issue(authority, "broker", authority, "broker", hosts=("127.0.0.1", "localhost", "broker.example"))
    pki.issue(authority, "school-07", tmp_path / "box", "box")
    server = authority / "broker.crt", authority / "broker.key"
    client = tmp_path / "box/box.crt", tmp_path / "box/box.key"
    assert shake(server, client, authority / "ca.crt", host) == "school-07"


def test_a_box_is_no_server(authority: Path, tmp_path: Path) -> None:
    pki.issue(authority, "school-07", tmp_path, "box")
    usage = certificate(tmp_path / "box.crt").extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    basic = certificate(tmp_path / "box.crt").extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic.ca is False


def test_a_certificate_outlives_the_summer(authority: Path, tmp_path: Path) -> None:
    """13 months at least: an expired one in September would need a visit."""
    pki.issue(authority, "school-07", tmp_path, "box")
    found = certificate(tmp_path / "box.crt")
    assert (found.not_valid_after_utc - found.not_valid_before_utc).days >= 13 * 30.5


def test_private_keys_are_private(authority: Path, tmp_path: Path) -> None:
    pki.issue(authority, "school-07", tmp_path / "box", "box")
    for key in (authority / "ca.key", tmp_path / "box/box.key"):
        assert key.stat().st_mode & 0o777 == 0o600
    assert authority.stat().st_mode & 0o777 == 0o700


def test_what_is_there_is_kept(authority: Path, tmp_path: Path) -> None:
    pki.issue(authority, "school-07", tmp_path / "box", "box")
    files = [authority / "ca.crt", authority / "ca.key", tmp_path / "box/box.crt", tmp_path / "box/box.key"]
    before = [path.read_bytes() for path in files]
    pki.make_authority(authority)
    pki.issue(authority, "school-07", tmp_path / "box", "box")
    assert [path.read_bytes() for path in files] == before


def test_one_folder_does_not_serve_two_schools(authority: Path, tmp_path: Path) -> None:
    """The second box would carry the first one's certificate, and speak for its school."""
    pki.issue(authority, "school-07", tmp_path / "box", "box")
    with pytest.raises(CentreError, match=r"K-115.*school-08"):
        pki.issue(authority, "school-08", tmp_path / "box", "box")
    assert name_of(tmp_path / "box/box.crt") == "school-07"


def test_what_is_no_certificate_is_not_taken_for_one(authority: Path, tmp_path: Path) -> None:
    (tmp_path / "box.crt").write_text("hello")
    with pytest.raises(CentreError, match="K-115"):
        pki.issue(authority, "school-07", tmp_path, "box")


@pytest.mark.parametrize(("file", "content"), [("ca.crt", None), ("ca.key", None), ("ca.crt", b"x"), ("ca.key", b"x")])
def test_an_authority_that_cannot_sign_is_told(
    authority: Path, tmp_path: Path, file: str, content: bytes | None
) -> None:
    if content is None:
        (authority / file).unlink()
    else:
        (authority / file).write_bytes(content)
    with pytest.raises(CentreError, match="K-101"):
        pki.issue(authority, "school-07", tmp_path / "box", "box")
    assert not (tmp_path / "box").exists()
