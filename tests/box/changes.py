"""What the centre changes of a box, and what the box undoes by itself: configurations and versions of the agent."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable

from tests.box.box import LONG_S, Box
from tests.box.far import SCHOOL
from tests.box.tree import until


async def order_config_apply_is_kept(box: Box) -> None:
    await apply(box, lambda text: text.replace("[centre]\n", "[centre]\nkeepalive_s = 20\n"), "kept", 0)
    assert "keepalive_s = 20" in box.tree.must("cat", "/etc/mektep/agent.toml")


async def order_config_apply_is_undone(box: Box) -> None:
    await apply(box, lambda text: text.replace("/run/test/canteen-1", "/run/test/nowhere"), "undone", 1)
    assert "/run/test/canteen-1" in box.tree.must("cat", "/etc/mektep/agent.toml")
    await until("every device works again", box.working, LONG_S)


async def apply(box: Box, change: Callable[[str], str], outcome: str, code: int) -> None:
    """A change of the box's own file, sent by the centre and waited for."""
    text = box.tree.must("cat", "/etc/mektep/agent.toml")
    new = box.folder / "new.toml"
    new.write_text(change(text))
    assert new.read_text() != text
    words = ["config", "apply", SCHOOL, str(new), "--within", "30", "--wait"]
    found, said = await asyncio.to_thread(box.centre.command, *words)
    assert (found, outcome in said) == (code, True), said
    await until("online", box.online, LONG_S)


async def order_update_is_fetched_built_switched_and_kept(box: Box) -> None:
    began_s = time.monotonic()
    version = await box.stage(box.versions[1])
    await until(f"{version} is on trial", functools.partial(came_to, box, version, "trial"), 1_200, 1)
    box.figures["update_switched_s"] = round(time.monotonic() - began_s, 1)
    await until(f"{version} is kept", lambda: box.step() == f"{version} over kept", LONG_S, 1)
    assert box.update()["runs"] == version
    told = await until("its event", lambda: box.centre.events("update.installed"))
    assert told[-1]["data"]["version"] == version
    await until("every device works", box.working, LONG_S)


async def a_version_that_cannot_start_is_rolled_back(box: Box) -> None:
    began_s = time.monotonic()
    before = box.update()["runs"]
    version = await box.stage(box.versions[2])
    await until(f"{version} is undone", functools.partial(came_to, box, version, "over undone"), 1_800, 1)
    box.figures["rolled_back_s"] = round(time.monotonic() - began_s, 1)
    shown = box.tree.ask("mektep", "update", "show")
    assert (shown.code, before in shown.out, version in shown.out) == (1, True, True), shown
    print("".join(f"      {line}\n" for line in shown.out.splitlines()), end="")
    told = await until("its event", lambda: box.centre.events("update.undone"))
    assert told[-1]["data"]["version"] == version
    await until("every device works", box.working, LONG_S)


def came_to(box: Box, version: str, step: str) -> bool:
    """Whether the version is so far. Raises AssertionError where it has ended in another way."""
    now = box.step()
    assert f"{version} over" not in now or f"{version} {step}" in now, now
    return f"{version} {step}" in now
