"""A message to the city's gateway of short messages: one signed POST, answered by 2xx or tried again.

Signed   header Mektep-Signature: sha256=HEX, HMAC-SHA256 of the body under the secret
Once     header Idempotency-Key: the message's id; the same message may come again after a lost answer
Raises   CentreError K-166 for a gateway that cannot be used; WebhookDown if it does not take a message now
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import ssl
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

from centre.errors import CentreError
from centre.settings import Settings

PATIENCE_S = 10.0
SECRET_MIN = 16


class WebhookDown(Exception):
    """The gateway has not taken it; later again."""


class Webhook:
    """One gateway; each message is a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        given = settings.notify
        self._url = _sound(given.url)
        self._secret = _secret(settings.file(given.secret_file) if given.secret_file else None)
        self._tls = ssl.create_default_context(cafile=str(settings.file(given.ca_file)) if given.ca_file else None)

    def post(self, message: msgspec.Struct, name: str) -> None:
        """Raises WebhookDown."""
        body = msgspec.json.encode(message)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": name,
            "Mektep-Signature": signature(self._secret, body),
        }
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        connection = self._connection()
        try:
            connection.request("POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read(4_096)
        except (OSError, http.client.HTTPException) as error:
            raise WebhookDown(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise WebhookDown(f"it answers {answer.status} {answer.reason}")

    def _connection(self) -> http.client.HTTPConnection:
        host, port = str(self._url.hostname), self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=PATIENCE_S, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=PATIENCE_S)


def signature(secret: bytes, body: bytes) -> str:
    return "sha256=" + hmac.digest(secret, body, hashlib.sha256).hex()


def _sound(url: str) -> SplitResult:
    """https; without it only on this machine: the message has a name in it."""
    try:
        found = urlsplit(url)
        well = bool(found.hostname) and (found.port or 1) > 0
    except ValueError:
        found, well = urlsplit(""), False
    if not well or found.username or not (found.scheme == "https" or (found.scheme == "http" and _is_here(found))):
        do = "Write https://HOST/PATH as `url` of [notify]; http only to 127.0.0.1."
        raise CentreError("K-166", "the gateway's address cannot be used", do=do)
    return found


def _is_here(url: SplitResult) -> bool:
    try:
        return url.hostname == "localhost" or ipaddress.ip_address(str(url.hostname)).is_loopback
    except ValueError:
        return False


def _secret(path: Path | None) -> bytes:
    try:
        found = path.read_bytes().strip() if path else b""
    except OSError as error:
        raise CentreError("K-166", f"the gateway's secret cannot be read: {error}", do="Look at that file.") from error
    if len(found) < SECRET_MIN:
        do = "Name a file with at least 16 characters as `secret_file`: `openssl rand -hex 32 > keys/webhook.txt`."
        raise CentreError("K-166", "the gateway's messages have no secret to be signed with", do=do)
    return found
