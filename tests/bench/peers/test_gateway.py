"""The gateway's configuration, what it sends and what it is answered; `make test` does not install it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import mqtt_wire as wire
from bench.peers import event, gateway

SHIPPED = {"thingsboard": {"host": "thingsboard.cloud", "port": 1883, "qos": 1}, "storage": {"type": "memory"}}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As pip lays it out."""
    config = tmp_path / "peers/lib/python3.11/site-packages/thingsboard_gateway/config"
    config.mkdir(parents=True)
    (config / "tb_gateway.json").write_text(json.dumps(SHIPPED))
    (config / "logs.json").write_text('{"level": "INFO"}')
    monkeypatch.setattr(gateway, "HOME", tmp_path / "peers")
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def configured(home: Path, kind: gateway.Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    gateway.configure(home, kind, 1884, home / "orders")
    return json.loads((home / "tb_gateway.json").read_text()), json.loads((home / "taps.json").read_text())


def test_as_shipped_only_the_address_and_the_device_are_changed(home: Path) -> None:
    config, taps = configured(home, gateway.SHIPPED)
    assert config["thingsboard"] == {"host": "127.0.0.1", "port": 1884, "qos": 1}
    assert config["storage"] == {"type": "memory", "data_file_path": f"{home}/data/"}
    assert [connector["class"] for connector in config["connectors"]] == ["TapConnector"]
    assert taps["socket"] == str(home / "orders")
    assert taps["event"] % 5 == event.TEXT % 5
    assert "INFO" in (home / "logs.json").read_text()


def test_tuned_it_has_a_store_that_survives_and_no_limits(home: Path) -> None:
    config, _ = configured(home, gateway.SQLITE)
    assert config["storage"]["type"] == "sqlite"
    assert config["storage"]["max_read_records_count"] >= 1_000
    assert config["thingsboard"]["qos"] == 1
    assert config["thingsboard"]["messagesRateLimits"] == gateway.NO_LIMIT
    assert "INFO" not in (home / "logs.json").read_text()


def test_the_taps_of_a_message_are_found_and_other_values_are_not() -> None:
    samples = [{"ts": number, "values": {"tap": event.TEXT % number}} for number in (7, 8)]
    body = {"canteen-1": samples, "other": [{"ts": 1, "values": {"connectorType": "taps"}}]}
    assert gateway.numbers(json.dumps(body).encode()) == [7, 8]


def test_the_question_for_limits_is_answered_on_its_own_topic() -> None:
    answer = gateway.reply(b"v1/devices/me/rpc/request/3", b'{"method": "getSessionLimits", "params": {}}')
    assert answer is not None
    ((first, rest),) = wire.packets(bytearray(answer))
    topic, body = wire.published(rest)
    assert (first, topic) == (wire.PUBLISH, b"v1/devices/me/rpc/response/3")
    assert json.loads(body) == gateway.LIMITS
    assert gateway.reply(b"v1/devices/me/rpc/request/4", b'{"method": "getTime"}') is None
