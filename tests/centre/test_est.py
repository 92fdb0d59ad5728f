"""The EST server at its door: TLS, who is let in with what, how it ends."""

from __future__ import annotations

import argparse
import contextlib
import socket
import ssl
import warnings
from pathlib import Path

import pytest

from centre import est, pki
from centre.errors import CentreError
from centre.settings import Settings, load_settings
from centre.shown import shown_at
from simulator.city import City
from simulator.processes import free_port
from tests.centre.far_box import until
from tests.enrolling import Enrolling

ASKED = b"GET /.well-known/est/cacerts HTTP/1.1\r\nHost: x\r\n\r\n"


def client(enrolling: Enrolling, certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(enrolling.ca))
    if certificate:
        context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
    return context


def ask(enrolling: Enrolling, context: ssl.SSLContext, from_: str = "127.0.0.1") -> bytes:
    """The first line of the answer; empty if there was none."""
    address = ("127.0.0.1", enrolling.city.est_port)
    try:
        with (
            socket.create_connection(address, 20, (from_, 0)) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as line,
        ):
            line.sendall(ASKED)
            return line.recv(12)
    except OSError:
        return b""


def test_only_tls_of_today_and_only_certificates_of_the_city(enrolling: Enrolling, tmp_path: Path) -> None:
    assert ask(enrolling, client(enrolling)) == b"HTTP/1.1 200"
    assert ask(enrolling, client(enrolling, enrolling.city.folder / "pki/centre-1")) == b"HTTP/1.1 200"
    pki.make_authority(tmp_path)
    pki.issue(tmp_path, "school-07", tmp_path, "box")
    assert ask(enrolling, client(enrolling, tmp_path / "box")) == b""
    old = client(enrolling)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert ask(enrolling, old) == b""


def test_who_says_nothing_holds_nobody_up(enrolling: Enrolling) -> None:
    address = ("127.0.0.1", enrolling.city.est_port)
    with contextlib.ExitStack() as stack:
        for _ in range(est.LINES_MAX // 2):
            stack.enter_context(socket.create_connection(address, 20))
        assert ask(enrolling, client(enrolling)) == b"HTTP/1.1 200"

        def is_full() -> bool:
            """Whether who asks now is put out: at once, not after a while."""
            stack.enter_context(socket.create_connection(address, 20))
            return ask(enrolling, client(enrolling)) == b""

        until(is_full)
        assert ask(enrolling, client(enrolling), from_="127.0.0.2") == b"HTTP/1.1 200"  # another address
    until(lambda: ask(enrolling, client(enrolling)) == b"HTTP/1.1 200")


async def test_it_ends_at_sigterm_with_a_line_open(enrolling: Enrolling, tmp_path: Path) -> None:
    city = City(tmp_path, receivers=0)
    city.folder = enrolling.city.folder
    city.est._command = city.command("est", "--port", str(port := free_port()))
    await city.est.start()
    with socket.create_connection(("127.0.0.1", port), 20):
        assert await city.est.stop() == 0


@pytest.fixture
def settings(enrolling: Enrolling) -> Settings:
    return load_settings(enrolling.city.folder / "centre.toml")


def test_half_a_certificate_or_none_is_told(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(CentreError, match="K-183"):
        est.tls(settings, tmp_path / "x.crt", None)
    with pytest.raises(CentreError, match="K-183"):
        est.tls(settings, tmp_path / "x.crt", tmp_path / "x.key")


def test_without_tls_files_it_makes_its_own(settings: Settings) -> None:
    for kind in ("crt", "key"):
        settings.file(f"pki/est.{kind}").rename(settings.file(f"pki/est-before.{kind}"))
    assert est.tls(settings, None, None).verify_mode is ssl.CERT_OPTIONAL
    assert settings.file("pki/est.crt").exists()


def test_the_command_wants_a_configuration(tmp_path: Path) -> None:
    args = argparse.Namespace(config=tmp_path / "none.toml", tls_cert=None, tls_key=None, host="127.0.0.1", port=1)
    with pytest.raises(CentreError, match="K-103"):
        est.est(args)


def test_a_renewed_certificate_is_shown_without_a_restart(enrolling: Enrolling, settings: Settings) -> None:
    def shown() -> int:
        found = shown_at(settings, "127.0.0.1", enrolling.city.est_port)
        assert found is not None
        return found.serial_number

    new = pki.renew(settings.file("pki"), settings.file("pki/est.crt"))
    assert shown() == new.serial_number
    good = settings.file("pki/est.crt").read_bytes()
    settings.file("pki/est.crt").write_text("spoilt")
    assert shown() == new.serial_number
    settings.file("pki/est.crt").write_bytes(good)
    assert ask(enrolling, client(enrolling)) == b"HTTP/1.1 200"
