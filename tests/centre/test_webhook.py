"""Messages to a real HTTP server: signed, named, and refused where a name would travel in the open."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import msgspec
import pytest

from centre.errors import CentreError
from centre.settings import NotifySettings, Settings
from centre.webhook import Webhook, WebhookDown
from simulator.processes import free_port
from tests.centre.gateway import open_gateway

SECRET = b"0123456789abcdef0123456789abcdef"


class Said(msgspec.Struct):
    text: str


def settings(folder: Path, **notify: str) -> Settings:
    (folder / "secret").write_bytes(SECRET + b"\n")
    given = NotifySettings(**({"url": "https://gateway.example/sms", "secret_file": "secret"} | notify))
    return Settings(database="sqlite:///x", notify=given, folder=str(folder))


def test_a_message_is_signed_and_named(tmp_path: Path) -> None:
    with open_gateway() as gateway:
        Webhook(settings(tmp_path, url=gateway.url)).post(Said("Өрт"), "n-1")
    assert gateway.heard == [{"text": "Өрт"}]
    headers = gateway.headers[0]
    assert headers["Idempotency-Key"] == "n-1"
    wanted = hmac.new(SECRET, gateway.bodies[0], hashlib.sha256).hexdigest()
    assert headers["Mektep-Signature"] == f"sha256={wanted}"


@pytest.mark.parametrize("code", [500, 503, 401, 302])
def test_a_gateway_that_does_not_take_it_is_told(tmp_path: Path, code: int) -> None:
    with open_gateway() as gateway:
        gateway.codes = [code]
        with pytest.raises(WebhookDown, match=str(code)):
            Webhook(settings(tmp_path, url=gateway.url)).post(Said("x"), "n-1")


def test_a_gateway_that_is_not_there_or_goes_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(WebhookDown, match="ConnectionRefused"):
        Webhook(settings(tmp_path, url=f"http://127.0.0.1:{free_port()}/")).post(Said("x"), "n-1")
    with open_gateway() as gateway:
        gateway.codes = [0]
        with pytest.raises(WebhookDown):
            Webhook(settings(tmp_path, url=gateway.url)).post(Said("x"), "n-1")


WRONG = [
    {"url": "http://gateway.example/sms"}, {"url": "ftp://gateway.example/"}, {"url": "gateway"},
    {"url": "https://a:b@gateway.example/"}, {"url": "https://gateway.example:99999/"}, {"secret_file": ""},
    {"secret_file": "nowhere"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_gateway_that_cannot_be_used_is_told_before_anything_is_sent(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(CentreError, match="K-166"):
        Webhook(settings(tmp_path, **wrong))
