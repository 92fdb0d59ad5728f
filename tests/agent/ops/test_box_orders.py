"""The orders about the box itself say what the contract says: results, refusals, failures."""

from __future__ import annotations

from typing import Any

import pytest

from agent.ops.box_orders import box_orders
from agent.paths.reader_test import Shown, Tried, Untestable
from agent.restart import Restart
from agent.sync.orders import BadArgs, Denied, Failed
from agent.sync.topics import Order
from agent.trials.apply import Applied, NewConfig, Refusal

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
SHA = "ab" * 32


class Box:
    """Stands for ConfigChange and ReaderTest: does what it is told, once."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.wanted: list[NewConfig] = []
        self.incident = False
        self.restart, self._fails = Restart(), fails

    async def apply(self, wanted: NewConfig) -> Applied:
        self.wanted.append(wanted)
        if self._fails:
            raise self._fails
        return Applied(sha256=SHA, before="", within_s=wanted.within_s)

    async def run(self, name: str) -> Tried:
        if self._fails:
            raise self._fails
        return Tried(device=name, driver="osdp", lights=[Shown(light="wait")], interrupted=False)

    async def give(self, name: str, **args: Any) -> dict[str, object]:
        order = Order(order=name, school="school-07", epoch=EPOCH, number=9, issued="", expires="", args=args)
        return await box_orders(self, self.restart, self, lambda: self.incident)[name](order)  # type: ignore[arg-type]


async def test_a_configuration_is_given_on_as_it_came() -> None:
    box = Box()
    assert await box.give("config.apply", config="é", expects=SHA, within_s=60) == {
        "sha256": SHA, "before": "", "within_s": 60,
    }  # fmt: skip
    assert box.wanted == [NewConfig(text="é".encode(), by="centre", expects=SHA, within_s=60, order=9, force=False)]
    assert (await box.give("config.apply", config=""))["within_s"] == 300


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("config.apply", {}),
        ("config.apply", {"config": "x" * 200_001}),
        ("config.apply", {"config": "", "expects": "AB"}),
        ("config.apply", {"config": "", "within_s": 0}),
        ("config.apply", {"config": "", "within_s": 3_601}),
        ("restart", {"now": True}),
        ("reader.test", {}),
    ],
)
async def test_wrong_arguments_are_refused(name: str, args: dict[str, Any]) -> None:
    box = Box()
    with pytest.raises(BadArgs):
        await box.give(name, **args)
    assert box.wanted == []


async def test_a_refusal_is_told_with_what_belongs_to_it() -> None:
    with pytest.raises(Denied, match="bad_config") as caught:
        await Box(Refusal("bad_config", {"problems": ["C-003"]})).give("config.apply", config="=")
    assert caught.value.result == {"problems": ["C-003"]}


async def test_a_disk_that_refuses_is_a_failure() -> None:
    with pytest.raises(Failed, match="cannot be written"):
        await Box(PermissionError("no")).give("config.apply", config="")


async def test_a_restart_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    assert await box.give("restart") == {}
    assert box.restart._wanted.is_set()
    assert not box.restart._answered.is_set()


async def test_a_box_does_not_leave_while_an_incident_is_open_unless_told_so() -> None:
    box = Box()
    box.incident = True
    with pytest.raises(Denied, match="incident_open"):
        await box.give("restart")
    assert not box.restart._wanted.is_set()
    assert await box.give("restart", force=True) == {}
    assert box.restart._wanted.is_set()
    await box.give("config.apply", config="", force=True)
    assert [one.force for one in box.wanted] == [True]


async def test_a_readers_test_tells_what_it_showed() -> None:
    assert await Box().give("reader.test", device="gym") == {
        "device": "gym", "driver": "osdp", "lights": [{"light": "wait", "code": "", "what": ""}], "interrupted": False,
    }  # fmt: skip
    with pytest.raises(Denied, match="busy"):
        await Box(Untestable("busy", "")).give("reader.test", device="gym")
    with pytest.raises(Failed, match="not_working: P-101"):
        await Box(Untestable("not_working", "P-101")).give("reader.test", device="gym")
