"""What the configuration may say about the link to the centre."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta

PORTS = {"mqtts": 8883, "mqtt": 1883}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
KEY_BYTES = 32
LIKE = "Write mqtts://HOST:PORT."


class LinkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to reach the city centre, and by which key to know it."""

    broker: Annotated[
        str,
        Meta(
            description="the centre's broker, with TLS; mqtt:// is allowed on this machine only",
            examples=["mqtts://broker.shymkent.example:8883"],
            pattern="^mqtts?://",
        ),
    ]
    orders_key: Annotated[
        str,
        Meta(
            description="the centre's public orders key, base64: only its orders are followed",
            examples=["O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="],
        ),
    ]
    ca: Annotated[
        str, Meta(description="PEM file with the city's certificate authority", examples=["/var/lib/mektep/pki/ca.crt"])
    ] = ""
    certificate: Annotated[
        str, Meta(description="PEM file with this box's certificate", examples=["/var/lib/mektep/pki/box.crt"])
    ] = ""
    key: Annotated[
        str, Meta(description="PEM file with the certificate's key", examples=["/var/lib/mektep/pki/box.key"])
    ] = ""
    est: Annotated[
        str,
        Meta(
            description="where the certificate is renewed (EST); empty: the box does not renew it by itself",
            examples=["https://centre.shymkent.example:8445"],
            pattern=r"^(https://[^\s]+)?\Z",
        ),
    ] = ""
    compress: Annotated[bool, Meta(description="zstd for what is sent; a plain rule engine cannot read it then")] = (
        False
    )
    keepalive_s: Annotated[int, Meta(ge=5, le=120, description="how soon a silent line is noticed: twice this")] = 30

    def __post_init__(self) -> None:
        """Raises ValueError, which the configuration shows with its place."""
        url = urlsplit(self.broker)
        if url.username or url.password:
            raise ValueError("broker holds a user or password. Take them out: the box is known by its certificate.")
        if not url.hostname:
            raise ValueError(f"broker names no host. {LIKE}")
        if url.path.strip("/") or url.query or url.fragment:
            raise ValueError(f"broker is a host and a port, nothing after them. {LIKE}")
        if _port(url) == 0:
            raise ValueError(f"broker's port is no number from 1 to 65535. {LIKE}")
        if url.scheme == "mqtt" and url.hostname not in LOOPBACK:
            raise ValueError(f"broker without TLS is allowed on this machine only. {LIKE}")
        if url.scheme == "mqtts" and not (self.ca and self.certificate and self.key):
            raise ValueError("a broker with TLS needs ca, certificate and key. Write all three.")
        if len(_decoded(self.orders_key)) != KEY_BYTES:
            raise ValueError("orders_key is not the base64 of 32 bytes. Copy it whole from the centre's file.")

    @property
    def host(self) -> str:
        return urlsplit(self.broker).hostname or ""

    @property
    def port(self) -> int:
        return _port(urlsplit(self.broker))

    @property
    def tls(self) -> bool:
        return self.broker.startswith("mqtts://")

    @property
    def orders_key_bytes(self) -> bytes:
        return _decoded(self.orders_key)


def _port(url: SplitResult) -> int:
    """The port given, or that of the scheme; 0 if it is none."""
    try:
        return PORTS[url.scheme] if url.port is None else url.port
    except ValueError:
        return 0


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
