"""What a server shows is seen also when it has ended; a door at which nobody speaks TLS shows nothing."""

from __future__ import annotations

import socket
from pathlib import Path

from centre import pki
from centre.settings import load_settings
from centre.shown import shown_at
from simulator.city import City
from simulator.processes import free_port


def test_the_broker_shows_its_own(city: City) -> None:
    settings = load_settings(city.folder / "centre.toml")
    assert shown_at(settings, "127.0.0.1", city.port) == pki.certificate(city.folder / "pki/broker.crt")
    (city.folder / "pki/centre-admin.key").rename(city.folder / "pki/away.key")  # a machine that has no such key
    assert shown_at(settings, "127.0.0.1", city.port) == pki.certificate(city.folder / "pki/broker.crt")
    (city.folder / "pki/away.key").rename(city.folder / "pki/centre-admin.key")


def test_nobody_shows_nothing(city: City, tmp_path: Path) -> None:
    settings = load_settings(city.folder / "centre.toml")
    assert shown_at(settings, "127.0.0.1", free_port()) is None
    with socket.create_server(("127.0.0.1", 0)) as server:  # and says nothing, ever
        server.listen()
        assert shown_at(settings, "127.0.0.1", server.getsockname()[1]) is None
