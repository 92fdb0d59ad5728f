"""The newest picture of a camera, asked of the agent: as its cell wrote it, or why there is none."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.errors import AgentError
from agent.ops.picture_asks import picture_asks
from drivers.frame_slot import Picture
from tests.drivers.slot_file import slot_in


async def test_whole_or_why_not(tmp_path: Path) -> None:
    places = {"hall": str(tmp_path / "hall"), "gone": str(tmp_path / "gone")}
    ask = picture_asks(lambda camera: places.get(camera, ""))["picture"]

    async def refused(**args: object) -> str:
        with pytest.raises(AgentError) as error:
            await ask(args, "olga")
        return error.value.code

    assert await refused(camera="yard") == "V-405"
    assert await refused(camera="gone") == "V-404"
    assert await refused(of="hall") == "U-122"
    with slot_in(tmp_path / "hall") as slot:
        assert await refused(camera="hall") == "V-404"
        slot.put(bytes(range(96)), 8, 8, at_ns=7, monotonic_ns=8, moving=False)
        found = await ask({"camera": "hall"}, "olga")
    assert isinstance(found, Picture)
    assert (found.at_ns, found.pixels) == (7, bytes(range(96)))
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), Picture) == found
