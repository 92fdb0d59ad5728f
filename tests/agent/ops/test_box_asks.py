"""What commands ask about the box itself is answered, or refused with code and instruction."""

from __future__ import annotations

from typing import Any

import pytest

from agent.errors import AgentError
from agent.ops.box_asks import box_asks
from agent.paths.reader_test import Tried, Untestable
from agent.trials.apply import Applied, Refusal

DONE = Applied(sha256="ab" * 32, before="", within_s=300)


class Box:
    def __init__(self, fails: Exception | None = None) -> None:
        self.by: list[str] = []
        self._fails = fails

    async def undo(self, by: str) -> Applied:
        self.by.append(by)
        if self._fails:
            raise self._fails
        return DONE

    async def run(self, name: str) -> Tried:
        if self._fails:
            raise self._fails
        return Tried(device=name, driver="osdp", lights=[], interrupted=False)

    async def ask(self, word: str, **args: Any) -> object:
        return await box_asks(self, self)[word](args, "olga")  # type: ignore[arg-type]


async def test_the_account_that_asks_is_known() -> None:
    box = Box()
    assert await box.ask("config-undo") == DONE
    assert box.by == ["olga"]


async def test_a_readers_lights() -> None:
    found = await Box().ask("reader-test", device="gym")
    assert isinstance(found, Tried)
    assert found.device == "gym"


REFUSED = [
    ("config-undo", {}, Refusal("nothing_before"), "G-102"),
    ("config-undo", {}, Refusal("trial_running"), "G-103"),
    ("config-undo", {}, Refusal("forbidden_change"), "G-104"),
    ("config-undo", {}, Refusal("bad_config"), "G-104"),
    ("config-undo", {}, PermissionError("no"), "G-101"),
    ("reader-test", {"device": "x"}, Untestable("unknown_device", "x is no reader"), "G-105"),
    ("reader-test", {"device": "x"}, Untestable("not_working", "x is starting"), "G-105"),
    ("reader-test", {"device": "x"}, Untestable("busy", "a card"), "G-105"),
    ("reader-test", {}, None, "U-122"),
    ("config-undo", {"now": 1}, None, "U-122"),
]


@pytest.mark.parametrize(("word", "args", "error", "code"), REFUSED)
async def test_a_refusal_says_what_to_do(word: str, args: dict[str, Any], error: Exception | None, code: str) -> None:
    with pytest.raises(AgentError) as caught:
        await Box(error).ask(word, **args)
    assert caught.value.code == code
    assert caught.value.do
