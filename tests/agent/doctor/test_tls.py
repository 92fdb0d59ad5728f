"""TLS with a real server, and certificates near their ends."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from agent.doctor import tls as checks
from agent.doctor.site import Site
from agent.doctor.tls import certificates, tls
from tests.agent.doctor.boxes import box, configured, told
from tests.agent.sync.brokers import City
from tests.reachable import reachable


@contextmanager
def served(city: City) -> Iterator[int]:
    """A server that greets whoever calls; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(city.folder / "broker.crt", city.folder / "broker.key")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    line, _ = server.accept()
                    with context.wrap_socket(line, server_side=True) as talk:
                        talk.recv(1)
                except OSError:
                    if server.fileno() < 0:
                        return

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def of(folder: Path, city: City, port: int = 1, **words: object) -> Site:
    site = configured(folder, **words)
    assert site.config
    config = msgspec.structs.replace(site.config, centre=city.settings(port))
    return msgspec.structs.replace(site, config=config)


def end_of(path: str) -> datetime:
    return x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc


def at(moment: datetime) -> int:
    return round(moment.timestamp()) * 10**9


def test_who_is_there_and_how_long_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city, now_ns = City(tmp_path / "city"), at(datetime.now(UTC))
    with served(city) as port:
        (found,) = tls(of(tmp_path, city, port, now_ns=now_ns))
        assert told([found]) == ["ok"]
        assert "TLSv1.3 with 127.0.0.1" in found.fact
        monkeypatch.setattr(checks, "GREETING_SLOW_S", 0.0)
        assert told(tls(of(tmp_path, city, port, now_ns=now_ns))) == ["note H-144"]


def test_another_city_is_not_ours_and_nobody_is_refused(tmp_path: Path) -> None:
    ours, theirs = City(tmp_path / "ours"), City(tmp_path / "theirs")
    with served(theirs) as port:
        assert told(tls(of(tmp_path, ours, port))) == ["fault L-107"]
    assert told(tls(of(tmp_path, ours, 1))) == ["fault L-103"]


@pytest.mark.parametrize(
    ("days", "level"), [(60, "ok"), (20, "warn H-145"), (-1, "fault H-146"), (30_000, "fault H-146")]
)
def test_a_certificate_near_its_end(tmp_path: Path, days: int, level: str) -> None:
    city = City(tmp_path / "city")
    settings = city.settings(1)
    ends = min(end_of(settings.certificate), end_of(settings.ca))
    found = certificates(of(tmp_path, city, now_ns=at(ends - timedelta(days=days))))
    assert told(found)[0] == level


def test_files_that_are_none_and_files_of_others(tmp_path: Path) -> None:
    city = City(tmp_path / "city")
    site = of(tmp_path, city, now_ns=at(datetime.now(UTC)))
    Path(city.settings(1).certificate).write_text("nothing")
    assert told(certificates(site)) == ["fault L-105"]
    Path(city.settings(1).ca).unlink()
    assert told(certificates(site)) == ["fault L-105", "fault L-105"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be refused as somebody else here")
def test_a_key_that_this_user_may_not_read_is_no_fault_of_the_box(tmp_path: Path) -> None:
    city = City(tmp_path / "city")
    reachable(city.folder)
    Path(city.settings(1).key).chmod(0o600)
    with served(city) as port:
        site = of(tmp_path, city, port, now_ns=at(datetime.now(UTC)))
        os.seteuid(65_534)
        try:
            assert "note H-192" in told(tls(site))
        finally:
            os.seteuid(0)


def test_without_tls_nothing_is_needed(tmp_path: Path) -> None:
    site = configured(tmp_path)
    assert [told(check(site)) for check in (tls, certificates)] == [["ok"], ["ok"]]
    assert tls(box(tmp_path)) == certificates(box(tmp_path)) == []
