"""The centre's own certificates are renewed in time, at a real broker, and no line drops meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from centre import own_certificates, pki, revocation
from centre.cli import main
from centre.connection import Arrived, Connection
from centre.own_certificates import AUTHORITY, NAMES, Upkeep, attention, behind, renew
from centre.settings import EnrolmentSettings, Settings, load_settings
from centre.shown import shown_at
from simulator.city import City
from simulator.processes import Process
from tests.centre.far_box import FarBox, until
from tests.centre.visitor import Visitor

SOON_DAYS = 20


@pytest.fixture
def settings(city: City) -> Settings:
    return load_settings(city.folder / "centre.toml")


@pytest.fixture
def ending(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """All of them end soon, and the broker shows it."""
    with monkeypatch.context() as patch:
        patch.setattr(pki, "LEAF_DAYS", SOON_DAYS)
        renew(settings, None)
    until(lambda: shown(settings) == lies_there(settings))
    return settings


def shown(settings: Settings) -> int:
    found = shown_at(settings, settings.broker_host, settings.broker_port)
    return found.serial_number if found else 0


def lies_there(settings: Settings, name: str = "broker") -> int:
    return pki.certificate(settings.file(f"pki/{name}.crt")).serial_number


def days_left(settings: Settings) -> list[int]:
    """Of each but the authority."""
    now = dt.datetime.now(dt.UTC)
    ends = [pki.certificate(settings.file(f"pki/{name}.crt")).not_valid_after_utc for name in NAMES]
    return [(end - now).days for end in ends]


@pytest.fixture
def receiver(settings: Settings) -> Iterator[tuple[Connection, list[Arrived]]]:
    arrived: list[Arrived] = []
    made = Connection(settings, "centre-1", ["$share/centre/mektep/v1/+/events/record"], arrived.append)
    made.start()
    assert made.subscribed.wait(20)
    yield made, arrived
    made.stop()


def peer(visitor: Visitor) -> bytes:
    """The certificate by which a box has known the broker."""
    sock = visitor.client.socket()
    assert sock is not None
    found: bytes = sock.getpeercert(binary_form=True)  # type: ignore[attr-defined]
    return found


def test_deliver_renews_them_in_time_and_no_line_drops(
    city: City, ending: Settings, receiver: tuple[Connection, list[Arrived]], tmp_path: Path
) -> None:
    box = FarBox("school-07")
    city.add_school("school-07", box.key_base64, tmp_path / "box")
    line = Visitor(city.folder / "pki/ca.crt", tmp_path / "box/box", "school-07").knock(city.port)
    assert line.connected
    before, keys = peer(line), {name: ending.file(f"pki/{name}.key").read_bytes() for name in NAMES}

    deliverer = Process("deliver", city.command("deliver"), tmp_path, ready="READY")
    asyncio.run(deliverer.start())
    until(lambda: min(days_left(ending)) > 400 and shown(ending) == lies_there(ending))
    assert asyncio.run(deliverer.stop()) == 0

    assert line.publish("mektep/v1/school-07/events/record", b"as if nothing had been") == 0
    until(lambda: receiver[1])
    assert not line.gone.is_set()
    assert peer(line) == before
    assert (receiver[0].number, receiver[0].subscribed.is_set()) == (1, True)
    line.leave()
    again = Visitor(city.folder / "pki/ca.crt", tmp_path / "box/box", "school-07").knock(city.port)
    assert again.connected
    assert peer(again) == pki.certificate(ending.file("pki/broker.crt")).public_bytes(pki.serialization.Encoding.DER)
    again.leave()
    assert {name: ending.file(f"pki/{name}.key").read_bytes() for name in NAMES} == keys
    assert not attention(ending)


def test_an_operator_renews_by_hand(city: City, ending: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(city.folder / "centre.toml")]
    assert main(["status", *config]) == 1
    told = capsys.readouterr()
    assert told.err.count("K-187") == len(NAMES)
    assert "certificates end: pki/" in told.out
    assert main(["certificate", "list", "--json", *config]) == 1
    rows = {row["file"]: row for row in json.loads(capsys.readouterr().out) if row["file"]}
    assert {row["state"] for name, row in rows.items() if name != "pki/ca.crt"} == {"ends"}
    assert rows["pki/ca.crt"]["state"] == "good"
    assert main(["certificate", "renew", "--within", str(SOON_DAYS - 1), *config]) == 0
    assert max(days_left(ending)) <= SOON_DAYS
    capsys.readouterr()
    assert main(["certificate", "renew", *config]) == 0
    told = capsys.readouterr()
    assert told.out.count("renewed") == len(NAMES)
    assert "Nothing is to be restarted." in told.out
    assert shown(ending) == lies_there(ending)
    assert main(["certificate", "list", *config]) == 0
    before = lies_there(ending, "centre-2")
    assert main(["certificate", "renew", "--all", *config]) == 0
    assert lies_there(ending, "centre-2") != before


def test_a_broker_that_was_not_told_is_named(
    ending: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(own_certificates, "TAKEN_UP_S", 0.3)
    deaf = msgspec.structs.replace(ending, enrolment=EnrolmentSettings(reload=["true"]))
    old = shown(deaf)
    Upkeep(deaf).look()
    assert "K-188 the broker still shows" in caplog.text
    assert [one.code for one in attention(deaf)] == ["K-188"]
    assert shown(deaf) == old
    Upkeep(ending).look()  # a day later somebody has mended it
    assert shown(ending) == lies_there(ending)
    assert not behind(ending, 5.0)


def test_one_that_cannot_be_renewed_keeps_no_other_waiting(
    ending: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pki.make_authority(tmp_path)
    ours, spoilt = ending.file("pki/broker.crt"), ending.file("pki/centre-1.crt")
    good = spoilt.read_bytes()
    spoilt.write_text("hello")
    upkeep = Upkeep(ending)
    upkeep.look()
    assert "K-186" in caplog.text
    assert pki.certificate(ours).not_valid_after_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=400)
    assert [one.code for one in attention(ending)] == ["K-186"]
    before = ours.read_bytes()
    upkeep.look()  # not again today
    assert (ours.read_bytes(), caplog.text.count("K-186")) == (before, 1)
    spoilt.write_bytes(good)


def test_a_broker_that_may_not_be_called_is_told(ending: Settings, caplog: pytest.LogCaptureFixture) -> None:
    Upkeep(msgspec.structs.replace(ending, enrolment=EnrolmentSettings(reload=["false"]))).look()
    assert "K-182" in caplog.text
    revocation.call_broker(ending)


def test_the_end_of_the_authority_is_told_a_year_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pki, "CA_DAYS", 364)
    assert main(["init", str(tmp_path)]) == 0
    settings = load_settings(tmp_path / "centre.toml")
    (told,) = attention(settings)
    assert (told.code, "pki/ca.crt" in told.what, "enrolled again" in told.do) == ("K-187", True, True)
    assert AUTHORITY not in [one.name for one in renew(settings, None).found]
    (tmp_path / "pki/ca.key").unlink()  # kept elsewhere: dates are told, nothing is tried
    Upkeep(settings).look()
    assert main(["certificate", "renew", "--all", "--config", str(tmp_path / "centre.toml")]) == 1
    assert "K-101" in capsys.readouterr().err


def test_without_tls_there_is_nothing_to_renew(settings: Settings) -> None:
    plain = msgspec.structs.replace(settings, tls=False)
    assert renew(plain, None).found == []
    assert own_certificates.first_to_end(plain) == ""
    assert not attention(plain)
