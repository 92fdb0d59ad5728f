"""`mektep outbox`: what is owed, one event, a range byte for byte, and what the centre says."""

from __future__ import annotations

import asyncio
import io
import json
import stat
from pathlib import Path

import pytest

from agent import config
from agent.cli.main import main
from agent.model import Lane
from agent.ops.centre_word import word_asks
from agent.ops.control import Control
from tests.agent.cli.command import write_config
from tests.agent.outbox.box import opened, taps, until
from tests.agent.sync.box import Box
from tests.agent.sync.box import until as until_of_link
from tests.agent.sync.conftest import box, broker_port, centre, school  # noqa: F401 - fixtures
from tests.agent.sync.far_centre import FarCentre

FILE = "the configuration"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return write_config(tmp_path)


async def mektep(*words: object) -> tuple[int, str]:
    out = io.StringIO()
    return await asyncio.to_thread(main, ["outbox", *(str(word) for word in words)], out), out.getvalue()


async def test_what_is_owed_one_event_and_a_range(file: Path, tmp_path: Path) -> None:
    async with opened(tmp_path / "state/outbox.db") as outbox:
        await outbox.accept(taps(6))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 4)
        await until(lambda: outbox.settled(outbox.epoch, Lane.RECORD) == 4)
        await outbox.accept(taps(1))
        batch = await outbox.read(outbox.epoch, Lane.RECORD, 0, max_bytes=100_000, max_events=100)
        epoch = outbox.epoch
    code, text = await mektep("list", file)
    assert code == 1
    (row,) = [line.split() for line in text.splitlines() if "records" in line]
    assert row[:5] == [epoch[:8], "records", "8", "4", "4"]
    lanes = json.loads((await mektep("list", file, "--json"))[1])["lanes"]
    assert [one["owed"] for one in lanes] == [0, 4, 0]
    assert batch is not None
    whole = json.loads(batch.body)
    assert json.loads((await mektep("show", "record", 3, file))[1]) == whole[2]
    out = tmp_path / "range.jsonl"
    assert await mektep("export", "record", file, "--out", out) == (0, f"{out}: 8 events\n")
    assert b"[" + out.read_bytes().rstrip(b"\n").replace(b"\n", b",") + b"]" == batch.body, "byte for byte"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    _, text = await mektep("export", "record", file, "--owed", "--epoch", epoch[:5], "--out", "-")
    assert [json.loads(line)["sequence"] for line in text.splitlines()] == [one["sequence"] for one in whole[4:]]
    told = (await mektep("export", "record", file, "--from", 2, "--to", 3, "--out", tmp_path / "b", "--json"))[1]
    assert json.loads(told)["events"] == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "record", "99", FILE], "X-206"),
        (["show", "record", "1", FILE, "--epoch", "zz"], "X-203"),
        (["export", "record", FILE, "--out", "/no/such/folder/x"], "X-207"),
        (["export", "record", FILE, "--out", "/dev/null"], "X-207"),
        (["reconcile", FILE], "U-121"),
    ],
)
async def test_what_cannot_be_done(file: Path, words: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with opened(file.parent / "state/outbox.db") as outbox:
        await outbox.accept(taps(1))
    assert (await mektep(*(file if word == FILE else word for word in words)))[0] == (3 if code == "U-121" else 2)
    assert code in capsys.readouterr().err


async def test_all_is_stored_is_exit_code_0(file: Path) -> None:
    async with opened(file.parent / "state/outbox.db") as outbox:
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 1)
        await until(lambda: outbox.settled(outbox.epoch, Lane.RECORD) == 1)
    assert (await mektep("list", file))[0] == 0


async def test_what_the_centre_says_is_compared(file: Path, box: Box, centre: FarCentre, tmp_path: Path) -> None:  # noqa: F811
    """The box's database is that of the link's test; the command is asked to look there."""
    (tmp_path / "state").rmdir()
    (tmp_path / "state").symlink_to(tmp_path)
    path = config.load(file).state.control
    path.parent.mkdir()
    await box.outbox.accept(taps(4))
    async with Control(path, word_asks(box.outbox, box.link)):
        assert (await mektep("reconcile", file))[0] == 2, "no line yet"
        box.start()
        await until_of_link(box.owes_nothing)
        centre.welcoming = False

        async def answered(through: int) -> tuple[int, str]:
            known = len(centre.births)
            asking = asyncio.create_task(mektep("reconcile", file))
            await until_of_link(lambda: len(centre.births) > known)
            lanes = [("alarm", 0), ("record", through), ("telemetry", 0)]
            said = [{"epoch": box.outbox.epoch, "lane": lane, "through": at, "highest": at} for lane, at in lanes]
            centre.welcome(centre.births[-1], stored=said)
            return await asking

        code, text = await answered(5)
        assert (code, "of one mind" in text) == (0, True)
        code, text = await answered(2)
        assert code == 1
        assert "records 3–5" in text
        assert f'mektep-centre order school-07 resend --args \'{{"epoch": "{box.outbox.epoch}"' in text
