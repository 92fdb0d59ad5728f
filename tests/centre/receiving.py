"""What a test asks of a city whose receiver runs: is a box known, what is stored, what was refused, who has signed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import sqlite3
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from simulator.city import City
from tests.centre.far_box import FarBox, Message, until


def greet(box: FarBox) -> None:
    deadline_s = time.monotonic() + 30
    while not box.heard_on("welcome"):
        assert time.monotonic() < deadline_s, "no welcome"
        box.send(box.birth())
        with contextlib.suppress(AssertionError):
            until(lambda: box.heard_on("welcome"), patience_s=0.5)
    settle(box)


def settle(box: FarBox) -> None:
    """Births may have been sent twice: the last answer is behind an answer to what came after them."""
    box.send(box.birth(session="f" * 32))
    until(lambda: any(one.body["session"] == "f" * 32 for one in box.heard_on("welcome")))
    box.heard.clear()


def rows(city: City, sql: str, *args: object) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{city.folder}/centre.db?mode=ro", uri=True) as db:
        found = db.execute(sql, args).fetchall()
    db.close()
    return found


def bodies(city: City, school: str) -> list[bytes]:
    sql = "select e.body from event e join stream s on s.id = e.stream where s.school = ? order by e.stream, e.sequence"
    return [body.encode() for (body,) in rows(city, sql, school)]


def refused(city: City, school: str) -> dict[str, int]:
    return dict(rows(city, "select reason, count from refusal where school = ?", school))


def verified(city: City, kind: str, message: Message) -> bool:
    """As a box checks it: the pinned orders key has delegated the key that signed this, here, for this."""
    text, signature = (base64.urlsafe_b64decode(part + "==") for part in message.properties["delegation"].split("."))
    orders = Ed25519PublicKey.from_public_bytes(base64.b64decode(city.orders_key()))
    orders.verify(signature, b"mektep/v1/delegation\n" + text)
    delegated = base64.b64decode(json.loads(text)["key"])
    lines = ["mektep/v1/signature", kind, message.topic, hashlib.sha256(message.payload).hexdigest()]
    Ed25519PublicKey.from_public_bytes(delegated).verify(
        base64.b64decode(message.properties["sig"]), "".join(f"{line}\n" for line in lines).encode()
    )
    return message.properties["key"] == hashlib.sha256(delegated).hexdigest()[:16]
