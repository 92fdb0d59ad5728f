"""Examples of live views: the order that begins one, its answer, and one that is refused."""

from __future__ import annotations

import msgspec
from contract_signing import EPOCH, NOW_NS, SCHOOL, SECOND, TOPICS, Example, signed

from agent.live.orders import StartArgs
from agent.sync.topics import Answer, Kind, Order
from agent.wall_time import rfc3339

SESSION = "3d2f8a41-7c60-4b5e-9a1d-52f0c9e8b764"
PATH = "live/q7Zk3vXo1mT9"
NUMBER = 20


def good() -> list[Example]:
    return [start(), refused()]


def start() -> Example:
    args = StartArgs(
        session=SESSION, camera="hall", host="media.shymkent.example", port=322, path=PATH, seconds=600,
        by="operator olga",
    )  # fmt: skip
    found = Order(
        order="live.start", school=SCHOOL, epoch=EPOCH, number=NUMBER, issued=rfc3339(NOW_NS + 2 * SECOND),
        expires=rfc3339(NOW_NS + 32 * SECOND), args=msgspec.to_builtins(args),
    )  # fmt: skip
    topic, about = f"{TOPICS.orders}live.start", "An order: show a camera live"
    return signed("live-start", about, Kind.ORDER, topic, msgspec.json.encode(found), by="orders")


def refused() -> Example:
    found = Answer(
        order="live.start", school=SCHOOL, epoch=EPOCH, number=NUMBER, outcome="refused", reason="forbidden_host",
        result={}, time=rfc3339(NOW_NS + 3 * SECOND),
    )  # fmt: skip
    about = "The answer where the dataset `live` does not name the host"
    return signed("live-refused", about, Kind.ANSWER, TOPICS.answers, msgspec.json.encode(found), by="box")
