"""Conversations with the broker: schools in and out of its rules while it runs, orders that really reach a session."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from centre import admin, keys, pki
from centre.errors import CentreError
from centre.settings import Settings, load_settings
from centre.wire import verify
from simulator.city import City
from simulator.processes import Process, free_port, mosquitto, wait_for_port
from tests.centre.far_box import EPOCH, FarBox, public, until
from tests.centre.visitor import GRANTED, NOT_AUTHORISED, visit


@pytest.fixture
def settings(city: City) -> Settings:
    return load_settings(city.folder / "centre.toml")


def send(settings: Settings, school: str, number: int = 1, **changes: Any) -> None:
    words: dict[str, Any] = {"name": "ping", "args": {}, "expires_s": 60} | changes
    key = keys.orders_key(settings.file("."))
    admin.send_order(settings, key, school, EPOCH, number, words["name"], words["args"], words["expires_s"])


# --- orders --------------------------------------------------------------------------------------------------


def test_an_order_is_signed_addressed_and_expires(settings: Settings, box: FarBox) -> None:
    whole: list[Any] = []
    assert box._client is not None
    real = box._client.on_message
    box._client.on_message = lambda *args: (whole.append(args[2]), real(*args))  # type: ignore[func-returns-value,misc]
    send(settings, box.school, 18, name="pace", args={"bytes_per_s": 5})
    until(lambda: box.heard)
    (order,) = box.heard_on("orders/pace")
    body = order.body
    assert {name: body[name] for name in ("order", "school", "epoch", "number", "args")} == {
        "order": "pace", "school": box.school, "epoch": EPOCH, "number": 18, "args": {"bytes_per_s": 5}
    }  # fmt: skip
    assert body["issued"] < body["expires"]
    pinned = public(keys.orders_key(settings.file(".")))
    verify(pinned, "order", order.topic, order.payload, order.properties)
    properties = whole[0].properties
    assert properties.ResponseTopic == box.topic("answers")
    assert properties.CorrelationData == b"18"
    assert 1 <= properties.MessageExpiryInterval <= 60


def test_an_order_that_nobody_will_get_is_told(settings: Settings) -> None:
    with pytest.raises(CentreError, match=r"K-116.*school-nobody"):
        send(settings, "school-nobody")


def test_an_order_that_the_broker_does_not_let_through_is_told(
    settings: Settings, box: FarBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """paho calls a refused message published."""
    monkeypatch.setattr("centre.broker.ADMIN", "centre-1")  # a receiver may not give orders
    with pytest.raises(CentreError, match=r"K-112.*[Nn]ot authorized"):
        send(settings, box.school)


def test_conversations_at_once_do_not_throw_each_other_out(settings: Settings, box: FarBox) -> None:
    """Each conversation uses the one certificate, and the broker knows it as one client."""
    failures: list[CentreError] = []

    def one(number: int) -> None:
        try:
            admin.add_school(settings, f"school-at-once-{number}")
            send(settings, box.school, number)
        except CentreError as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    until(lambda: len(box.heard) == 6)
    assert sorted(order.body["number"] for order in box.heard) == [1, 2, 3, 4, 5, 6]


# --- schools -------------------------------------------------------------------------------------------------


def certified(settings: Settings, folder: Path, school: str) -> Path:
    pki.issue(settings.file("pki"), school, folder, school)
    return folder / school


def test_a_running_broker_learns_of_a_school_and_forgets_it(settings: Settings, tmp_path: Path) -> None:
    school = "school-new"
    certificate, ca = certified(settings, tmp_path, school), settings.file("pki/ca.crt")
    with visit(settings.broker_port, ca, certificate, school) as before:
        assert before.publish(f"mektep/v1/{school}/status") == NOT_AUTHORISED
    assert admin.add_school(settings, school)
    with visit(settings.broker_port, ca, certificate, school) as box:
        assert box.publish(f"mektep/v1/{school}/status") == 0
        assert box.subscribe(f"mektep/v1/{school}/receipts") == GRANTED
        assert admin.remove_school(settings, school)
        until(box.gone.is_set)  # thrown out at once
    with visit(settings.broker_port, ca, certificate, school) as after:
        assert after.publish(f"mektep/v1/{school}/status") == NOT_AUTHORISED
        assert after.subscribe(f"mektep/v1/{school}/receipts") == NOT_AUTHORISED


def test_twice_is_no_mistake(settings: Settings) -> None:
    for _ in range(2):
        assert admin.add_school(settings, "school-twice")
    for _ in range(2):
        assert admin.remove_school(settings, "school-twice")


def test_the_rules_outlive_the_broker(city: City, settings: Settings, tmp_path: Path) -> None:
    admin.add_school(settings, "school-kept")
    asyncio.run(city.broker.stop())
    asyncio.run(city.start_broker())
    certificate = certified(settings, tmp_path, "school-kept")
    with visit(settings.broker_port, settings.file("pki/ca.crt"), certificate, "school-kept") as box:
        assert box.publish("mektep/v1/school-kept/status") == 0


# --- nobody to talk to ---------------------------------------------------------------------------------------


def test_without_a_broker_the_caller_is_to_change_the_file(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, broker_port=free_port())
    assert not admin.add_school(away, "school-07")
    assert not admin.remove_school(away, "school-07")
    with pytest.raises(CentreError, match=r"K-112.*nobody listens"):
        send(away, "school-07")


def test_a_broker_of_another_city_is_not_taken_for_none(settings: Settings, tmp_path: Path) -> None:
    """Else the file would be changed under a broker that runs."""
    pki.make_authority(tmp_path / "pki")
    pki.issue(tmp_path / "pki", "centre-admin", tmp_path / "pki", "centre-admin")
    foreign = msgspec.structs.replace(settings, folder=str(tmp_path))
    with pytest.raises(CentreError, match=r"K-112.*(certificate|issuer)"):
        admin.add_school(foreign, "school-07")


def test_somebody_who_is_no_broker_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "PATIENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wrong = msgspec.structs.replace(settings, broker_port=silent.getsockname()[1], tls=False)
        with pytest.raises(CentreError, match=r"K-112.*does not greet"):
            admin.add_school(wrong, "school-07")


def test_a_broker_without_the_plugin_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the one for measurements, which has no rules at all."""
    monkeypatch.setattr(admin, "PATIENCE_S", 0.5)
    port = free_port()
    (tmp_path / "mosquitto.conf").write_text(f"allow_anonymous true\nlistener {port} 127.0.0.1\n")
    plain = Process("plain", mosquitto(tmp_path / "mosquitto.conf"), tmp_path)

    async def start() -> None:
        await plain.start()
        await wait_for_port(port)

    asyncio.run(start())
    with pytest.raises(CentreError, match="K-113"):
        admin.add_school(msgspec.structs.replace(settings, broker_port=port, tls=False), "school-07")
    plain.kill()
