"""A picture's whole way: sealed on the box, in parts over the shipped broker with its rules, whole at the centre,
opened by who may see it. Over a line that is cut and slow, and with an agent that is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest

from agent.book import EMPTY
from agent.cells.cells import Cells
from agent.cells.films import CellFilms
from agent.clock import SystemClock
from agent.config import SourceConfig
from agent.evidence.picture import Ids
from agent.model import Lane, Severity
from agent.paths.alarm import AlarmPath
from agent.paths.rules import Rules
from agent.paths.signals import Signals
from agent.paths.tap import TapPath
from agent.school.defects import Defects
from agent.sources import Station
from agent.sync.settings import LinkSettings
from agent.watching.eyes import Board
from drivers.cameras import rtsp
from drivers.driver import Counters
from drivers.readings import Light
from simulator.city import City
from simulator.link_proxy import LinkProxy
from simulator.processes import free_port
from tests.agent.evidence.pictures import IDENTITY, RECIPIENT, change, jpeg
from tests.agent.sync.box import Box, fire, open_box, until
from tests.centre.conftest import make_city
from tests.drivers.cameras.far_camera import far_camera
from tests.drivers.supervised import kept_reading
from tests.secrets import no_secrets

SCHOOL = "school-07"

OVERTAKEN_BYTES = 200_000  # of a megabyte


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """With one school, one receiver, and somebody who may see pictures."""
    with make_city() as made:
        folder = tmp_path_factory.mktemp("identity")
        key = subprocess.run(
            [sys.executable, "-c", IDENTIFY, str(folder)], capture_output=True, text=True, check=True
        ).stdout.strip()
        made.add_school(SCHOOL, key, folder)
        made.must("reference", SCHOOL, "recipients", "--snapshot", RECIPIENT)
        asyncio.run(made.receivers[0].start())
        made.box_folder = folder  # type: ignore[attr-defined]
        yield made


IDENTIFY = """
import sys
from pathlib import Path
from agent.sync.identity import load_identity
print(load_identity(Path(sys.argv[1])).public_base64)
"""


def settings(city: City, port: int) -> LinkSettings:
    folder: Path = city.box_folder  # type: ignore[attr-defined]
    return LinkSettings(
        broker=f"mqtts://127.0.0.1:{port}", orders_key=city.orders_key(), ca=str(folder / "ca.crt"),
        certificate=str(folder / "box.crt"), key=str(folder / "box.key"), keepalive_s=5,
    )  # fmt: skip


@pytest.fixture
async def line(city: City) -> AsyncIterator[LinkProxy]:
    made = LinkProxy(free_port(), city.port)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def box(city: City, line: LinkProxy, tmp_path: Path) -> AsyncIterator[Box]:
    (tmp_path / "identity.pem").write_bytes((city.box_folder / "identity.pem").read_bytes())  # type: ignore[attr-defined]
    async with open_box(tmp_path, settings(city, line.port), SCHOOL) as made:
        made.start()
        await until(lambda: made.state == "online" and made.reference.recipients().snapshot)
        yield made


class Camera:
    """Stands for the connected device; a camera shows no lights."""

    def __init__(self) -> None:
        self.counters = Counters()

    async def show(self, light: Light) -> None:
        raise AssertionError


async def keep(box: Box, size: int, seed: int) -> str:
    """A camera is covered: what the rules make of that reading. Returns the id that its alarm gives."""
    alarms = AlarmPath(box.outbox.accept, box.link.send_ahead, box.clock)
    rules = Rules(
        alarms,
        TapPath(box.outbox.transact, Defects(box.clock)),
        bytes(32),
        box.clock,
        signals=Signals(box.clock),
        keep=box.evidence.keep,
        book=lambda: EMPTY,
        board=Board(box.clock),
        record=box.outbox.accept,
    )
    config = SourceConfig(name="gate", kind="camera", driver="rtsp", settings=msgspec.Struct(), places={})
    before = box.outbox.last(box.outbox.epoch, Lane.ALARM)
    await rules.on_reading(Station(config, box.clock), Camera(), change(jpeg(size, seed)))
    await alarms.drained()
    batch = await box.outbox.read(box.outbox.epoch, Lane.ALARM, before, max_bytes=10_000, max_events=1)
    assert batch is not None
    id_: str = json.loads(batch.body)[0]["data"]["evidence"]
    return id_


async def command(city: City, *words: str) -> str:
    return await asyncio.to_thread(city.must, *words)


async def delivered(box: Box, patience_s: float = 30.0) -> None:
    await box.evidence.drained()
    await until(lambda: box.evidence.state().kept == 0, patience_s)
    await box.evidence.drained()


# --- the whole way ------------------------------------------------------------------------------------------------


async def test_what_the_camera_saw_is_what_its_judge_sees(city: City, box: Box, tmp_path: Path) -> None:
    """Opened by the centre's command with the key, and by Debian's age."""
    plain = jpeg(150_000, 5)
    id_ = await keep(box, 150_000, 5)
    await delivered(box)
    await until(box.owes_nothing)
    assert list((tmp_path / "evidence").iterdir()) == []
    (known,) = [one for one in json.loads(await command(city, "evidence", "list", "--json")) if one["id"] == id_]
    assert (known["school"], known["camera"], known["state"]) == (SCHOOL, "gate", "whole")
    events = [json.loads(text) for text in await city.events(SCHOOL)]
    (record,) = [one["data"] for one in events if one["data"].get("evidence") == id_ and "plain_sha256" in one["data"]]
    assert record["plain_sha256"] == hashlib.sha256(plain).hexdigest()
    (alarm,) = [one for one in events if one["type"] == "kz.mektep.camera.picture.v1"]
    assert alarm["data"]["evidence"] == id_

    (tmp_path / "key").write_text(f"{IDENTITY}\n")
    await command(city, "evidence", "get", id_, "--out", str(tmp_path / "sealed"))
    await command(
        city,
        "evidence",
        "get",
        id_,
        "--out",
        str(tmp_path / "a.jpg"),
        "--identity",
        str(tmp_path / "key"),
        "--reason",
        "a test",
    )
    assert (tmp_path / "a.jpg").read_bytes() == plain
    opened = subprocess.run(
        ["age", "--decrypt", "-i", str(tmp_path / "key"), str(tmp_path / "sealed")], capture_output=True, check=True
    )
    assert opened.stdout == plain
    assert "held by the box" in await command(city, "reference", SCHOOL)


async def test_a_video_of_a_real_camera_plays_for_who_holds_the_key(city: City, box: Box, tmp_path: Path) -> None:
    """Copied and sealed in the camera's cell, verified by the centre against the box's record, opened and decoded."""
    async with far_camera() as far:
        settings = rtsp.Settings(url=far.url)
        config = SourceConfig(name="yard", kind="camera", driver="rtsp", settings=settings, places={})
        async with Cells([config], SystemClock(), os.environ) as cells:
            box.evidence._films = CellFilms([config], cells)
            async with kept_reading(cells.driver(config), settings, no_secrets) as kept:
                await until(kept.works)
                at = SystemClock().now()
                id_ = await box.evidence.keep_clip("yard", before_s=1, after_s=1, severity=Severity.ERROR, at=at)
                await box.evidence.drained()
    await delivered(box)
    await until(box.owes_nothing)
    (known,) = [one for one in json.loads(await command(city, "evidence", "list", "--json")) if one["id"] == id_]
    assert (known["camera"], known["kind"], known["state"]) == ("yard", "clip", "whole")
    (tmp_path / "key").write_text(f"{IDENTITY}\n")
    opened = ("--out", str(tmp_path / "a.mp4"), "--identity", str(tmp_path / "key"), "--reason", "a test")
    await command(city, "evidence", "get", id_, *opened)
    events = [json.loads(text) for text in await city.events(SCHOOL)]
    (record,) = [one["data"] for one in events if one["data"].get("evidence") == id_ and "plain_sha256" in one["data"]]
    content = (tmp_path / "a.mp4").read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["plain_sha256"]
    with av.open(str(tmp_path / "a.mp4")) as played:
        frames = list(played.decode(video=0))
    assert not any(one.is_corrupt for one in frames)
    assert len(frames) == pytest.approx(25 * (record["before_s"] + record["after_s"]), abs=3)


async def test_nobody_named_keeps_nothing_and_a_new_name_holds_at_once(city: City, box: Box) -> None:
    await command(city, "reference", SCHOOL, "recipients", "--snapshot")
    await until(lambda: not box.reference.recipients().snapshot)
    assert await box.evidence.keep(change(jpeg()), "gate", Severity.ERROR) == Ids()
    await command(city, "reference", SCHOOL, "recipients", "--snapshot", RECIPIENT)
    await until(lambda: box.reference.recipients().snapshot == [RECIPIENT])
    assert await keep(box, 5_000, 6)
    await delivered(box)


# --- a bad line ---------------------------------------------------------------------------------------------------


async def test_a_cut_in_mid_transfer_goes_on_from_what_the_centre_has(city: City, box: Box, line: LinkProxy) -> None:
    line.bits_per_s = 2_000_000
    id_ = await keep(box, 400_000, 7)
    for share in (100_000, 250_000):
        await until(lambda wanted=share: box.count("part_bytes") > wanted)
        line.cut()
        await until(lambda: box.state == "offline")
    await delivered(box)
    size = len(jpeg(400_000)) + 600
    assert 400_000 < box.count("part_bytes") < size + 2 * (65_536 + 16_384)  # a window and a question for each cut
    assert box.evidence.state().lost == 0
    assert id_ in await command(city, "evidence", "list")


async def test_alarms_overtake_a_picture_of_a_megabyte_on_a_slow_line(box: Box, line: LinkProxy) -> None:
    line.bits_per_s, line.delay_s = 256_000, 0.02
    await keep(box, 1_000_000, 8)
    await until(lambda: box.count("part_bytes") > 40_000, 30.0)
    for number in range(5):
        before = box.count("part_bytes")
        (place,) = await box.outbox.accept([fire(number + 1)])
        await until(lambda wanted=place: box.settled(Lane.ALARM) >= wanted.sequence)
        assert box.count("part_bytes") - before < OVERTAKEN_BYTES  # what was on the line already, and a part or two
    assert box.evidence.state().kept == 1  # it is still on its way
    line.bits_per_s, line.delay_s = 0.0, 0.0
    await delivered(box)


# --- kill -9 ------------------------------------------------------------------------------------------------------

AGENT = """
import asyncio, sys
from pathlib import Path
from agent.model import Severity
from agent.sync.settings import LinkSettings
from tests.agent.evidence.pictures import change, jpeg
from tests.agent.sync.box import open_box
import msgspec

async def main(folder, settings, pictures):
    async with open_box(folder, settings, "school-07") as box:
        box.start()
        while not box.reference.recipients().snapshot:
            await asyncio.sleep(0.01)
        for seed in range(pictures):
            ids = await box.evidence.keep(change(jpeg(150_000, 100 + seed)), "gate", Severity.ERROR)
            print("kept", ids.snapshot, flush=True)
        await box.evidence.drained()
        print("sealed", flush=True)
        while box.evidence.state().kept:
            await asyncio.sleep(0.02)
        await box.evidence.drained()
        print("delivered", box.count("part_bytes"), flush=True)

asyncio.run(main(Path(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=LinkSettings), int(sys.argv[3])))
"""


@contextlib.contextmanager
def agent(folder: Path, given: LinkSettings, pictures_: int) -> Iterator[subprocess.Popen[str]]:

    words = [sys.executable, "-c", AGENT, str(folder), msgspec.json.encode(given).decode(), str(pictures_)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def until_said(process: subprocess.Popen[str], word: str) -> list[str]:
    """The lines up to one that begins with a word."""
    assert process.stdout is not None
    found: list[str] = []
    for line in process.stdout:
        found.append(line.strip())
        if line.startswith(word):
            return found
    raise AssertionError(f"it ended before it said {word}: {found}")


async def test_an_agent_killed_in_mid_transfer_goes_on_where_it_was(
    city: City, line: LinkProxy, tmp_path: Path
) -> None:
    (tmp_path / "identity.pem").write_bytes((city.box_folder / "identity.pem").read_bytes())  # type: ignore[attr-defined]
    line.bits_per_s = 1_500_000
    given = settings(city, line.port)
    with agent(tmp_path, given, 2) as first:
        said = await asyncio.to_thread(until_said, first, "sealed")
        ids = [one.split()[1] for one in said if one.startswith("kept")]
        stored: dict[str, Any] = {}

        async def half() -> bool:
            nonlocal stored
            stored = {one["id"]: one for one in json.loads(await command(city, "evidence", "list", "--json"))}
            return ids[0] in stored and stored[ids[0]]["stored"] > 40_000

        while not await half():
            await asyncio.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()
    line.bits_per_s = 0.0
    with agent(tmp_path, given, 0) as second:
        (*_, last) = await asyncio.to_thread(until_said, second, "delivered")
    known = {one["id"]: one for one in json.loads(await command(city, "evidence", "list", "--json"))}
    assert [known[id_]["state"] for id_ in ids] == ["whole", "whole"]
    assert int(last.split()[1]) <= 2 * 151_000 - 40_000 + 16_384
    for seed, id_ in enumerate(ids):
        out = tmp_path / f"{seed}.jpg"
        (tmp_path / "key").write_text(f"{IDENTITY}\n")
        await command(
            city, "evidence", "get", id_, "--out", str(out), "--identity", str(tmp_path / "key"), "--reason", "a test"
        )
        assert out.read_bytes() == jpeg(150_000, 100 + seed)
