"""The development authority: certificates that TLS takes, each for one name and one purpose, never mixed up."""

from __future__ import annotations

import datetime as dt
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


# --- renewal -------------------------------------------------------------------------------------------------------


def test_a_renewed_one_is_the_same_but_for_its_dates(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ("127.0.0.1", "broker.example")
    with monkeypatch.context() as patch:
        patch.setattr(pki, "LEAF_DAYS", 20)
        pki.issue(authority, "broker", authority, "broker", hosts=hosts)
        pki.issue(authority, "centre-1", authority, "centre-1")
    for name in ("broker", "centre-1"):
        file, key = authority / f"{name}.crt", (authority / f"{name}.key").read_bytes()
        before = certificate(file)
        new = pki.renew(authority, file)
        assert new == certificate(file)
        assert (new.subject, new.public_key()) == (before.subject, before.public_key())
        assert list(new.extensions) == list(before.extensions)
        assert new.not_valid_after_utc - before.not_valid_after_utc > dt.timedelta(days=300)
        assert new.serial_number != before.serial_number
        assert (authority / f"{name}.key").read_bytes() == key
        assert file.stat().st_mode & 0o777 == 0o644
    server, client = ((authority / f"{name}.crt", authority / f"{name}.key") for name in ("broker", "centre-1"))
    assert shake(server, client, authority / "ca.crt", "broker.example") == "centre-1"


def test_nothing_outlives_the_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pki, "CA_DAYS", 100)
    pki.make_authority(tmp_path)
    pki.issue(tmp_path, "centre-1", tmp_path, "centre-1")
    end = certificate(tmp_path / "ca.crt").not_valid_after_utc
    assert certificate(tmp_path / "centre-1.crt").not_valid_after_utc == end
    assert pki.renew(tmp_path, tmp_path / "centre-1.crt").not_valid_after_utc == end


def test_an_authority_that_has_ended_issues_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pki, "CA_DAYS", 0)
    pki.make_authority(tmp_path)
    with pytest.raises(CentreError, match="K-101"):
        pki.issue(tmp_path, "centre-1", tmp_path, "centre-1")


def test_what_another_authority_gave_is_left_alone(authority: Path, tmp_path: Path) -> None:
    pki.make_authority(tmp_path / "other")
    pki.issue(tmp_path / "other", "centre-1", tmp_path, "centre-1")
    before = (tmp_path / "centre-1.crt").read_bytes()
    with pytest.raises(CentreError, match="K-186"):
        pki.renew(authority, tmp_path / "centre-1.crt")
    assert (tmp_path / "centre-1.crt").read_bytes() == before
    (tmp_path / "spoilt.crt").write_text("hello")
    with pytest.raises(CentreError, match="K-186"):
        pki.renew(authority, tmp_path / "spoilt.crt")
