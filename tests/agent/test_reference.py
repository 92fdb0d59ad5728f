"""A dataset on the disk: replaced whole, never by an older one, kept over restarts, distrusted when it changed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from agent import private_file, reference
from agent.reference import BEHIND_S, Reference
from tests.agent.evidence.pictures import RECIPIENT
from tests.clock import FastClock

ONE = json.dumps({"snapshot": [RECIPIENT]}).encode()
NONE = b'{"snapshot":[]}'


async def test_the_newest_is_kept_also_after_a_restart(tmp_path: Path) -> None:
    held = Reference(tmp_path, FastClock())
    assert (held.recipients(), held.versions(), held.version("recipients")) == ((), {}, 0)
    assert await held.put("recipients", 5, ONE)
    assert not await held.put("recipients", 5, NONE)
    assert not await held.put("recipients", 4, NONE)
    again = Reference(tmp_path, FastClock())
    assert (again.recipients(), again.versions()) == ((RECIPIENT,), {"recipients": "5"})
    assert not await again.put("recipients", 4, NONE)
    assert await again.put("recipients", 6, NONE)
    assert Reference(tmp_path, FastClock()).recipients() == ()
    assert stat.S_IMODE((tmp_path / "recipients.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-5], lambda text: text.replace('"sha256":"', '"sha256":"0', 1), lambda _: "{}"]
)
async def test_a_file_that_changed_is_not_believed(tmp_path: Path, spoil: object) -> None:
    await Reference(tmp_path, FastClock()).put("recipients", 5, ONE)
    path = tmp_path / "recipients.json"
    path.write_text(spoil(path.read_text()))  # type: ignore[operator]
    held = Reference(tmp_path, FastClock())
    assert (held.recipients(), held.version("recipients")) == ((), 0)
    assert await held.put("recipients", 5, ONE)  # the broker keeps it for us


async def test_on_a_full_disk_the_former_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Reference(tmp_path, FastClock())
    await held.put("recipients", 5, ONE)

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reference, "write_private", full)
    with pytest.raises(OSError, match="No space"):
        await held.put("recipients", 6, NONE)
    assert (held.recipients(), held.version("recipients")) == ((RECIPIENT,), 5)
    monkeypatch.setattr(reference, "write_private", private_file.write_private)
    assert await held.put("recipients", 6, NONE)


async def test_what_the_centre_has_and_does_not_come_is_a_trouble(tmp_path: Path) -> None:
    clock = FastClock()
    held = Reference(tmp_path, clock)
    held.said({"recipients": "9" * 5_000})  # no number that anybody has
    assert held.trouble() == []
    held.said({"recipients": "5", "menu": "9", "meals": "x"})  # others are not for this version
    assert held.trouble() == []
    clock.advance(BEHIND_S)
    (trouble,) = held.trouble()
    assert (trouble.code, "recipients" in trouble.what, "menu" in trouble.what) == ("E-104", True, False)
    await held.put("recipients", 5, ONE)
    assert held.trouble() == []
    held.said({"recipients": "6"})
    assert held.trouble() == []  # its minute begins now
