"""The order `bundle`: the command's archive, sealed for support alone, promised at once and kept or told as lost."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tarfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.age import fingerprint
from agent.datasets import Recipients
from agent.evidence.clips import NotMade
from agent.evidence.rows import RANK
from agent.evidence.store import Evidence
from agent.model import Severity
from agent.ops import bundle_order
from agent.ops.bundle_order import bundle_orders, made_by_command
from agent.outbox.outbox import Outbox
from agent.sync.orders import BadArgs, Denied
from agent.sync.topics import Order
from tests.agent.cli.command import ROOT, write_config
from tests.agent.evidence.pictures import DESK, DESK_IDENTITY, RECIPIENT, evidence_of, opened
from tests.agent.outbox.box import opened as outbox_opened
from tests.agent.outbox.box import records, until
from tests.clock import FastClock

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
SUPPORT = Recipients(snapshot=[RECIPIENT], support=[DESK])


class Box:
    """A real store of evidence, and who may see what it seals."""

    def __init__(self, outbox: Outbox, folder: Path) -> None:
        self.outbox, self.folder, self.named = outbox, folder, SUPPORT
        self.evidence = self.store()

    def store(self, quota_mb: int = 100) -> Evidence:
        return evidence_of(self.outbox, self.folder, FastClock(), lambda: self.named, quota_mb=quota_mb)

    async def order(self, make: bundle_order.Make, **args: Any) -> dict[str, object]:
        order = Order(order="bundle", school="school-07", epoch=EPOCH, number=9, issued="", expires="", args=args)
        return await bundle_orders(self.evidence, make)["bundle"](order)

    def file(self, id_: object) -> bytes:
        return (self.folder / f"evidence/{id_}.age").read_bytes()


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async with outbox_opened(tmp_path / "outbox.db") as outbox:
        made = Box(outbox, tmp_path)
        await made.evidence.begin()
        yield made


def says(content: bytes) -> Callable[[], Any]:
    async def make() -> bytes:
        return content

    return make


async def test_the_commands_archive_is_sealed_for_support(box: Box, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    answer = await box.order(partial(made_by_command, str(config), environment))
    await until(box.evidence.shelf.owed, 60)
    sealed = box.file(answer["evidence"])
    with tarfile.open(fileobj=io.BytesIO(opened(sealed, DESK_IDENTITY))) as tar:
        names = tar.getnames()
    assert any(name.endswith("/CONTENTS.txt") for name in names)
    assert any(name.endswith("/configuration/config.json") for name in names)
    with pytest.raises(Exception, match="No matching keys"):  # not the police's
        opened(sealed)
    (record,) = await records(box.outbox, "evidence.sealed")
    assert (record["kind"], record["camera"], record["recipients"]) == ("bundle", "", [fingerprint(DESK)])
    owed = box.evidence.shelf.owed()
    assert owed is not None
    assert (owed.id, owed.kind, owed.rank) == (answer["evidence"], "bundle", RANK[Severity.DEBUG])


async def test_it_is_refused_where_nobody_of_support_is_named(box: Box) -> None:
    for named in (Recipients(snapshot=[RECIPIENT], blurred=[DESK]), Recipients(snapshot=[], support=["age1nobody"])):
        box.named = named
        with pytest.raises(Denied, match="no_recipient"):
            await box.order(says(b"x"))
    box.named = SUPPORT
    box.evidence = box.store(quota_mb=0)
    with pytest.raises(Denied, match="quota"):
        await box.order(says(b"x"))
    with pytest.raises(BadArgs):
        await box.order(says(b"x"), full=True)


async def test_one_is_made_at_a_time(box: Box) -> None:
    go = asyncio.Event()

    async def make() -> bytes:
        await go.wait()
        return b"x"

    await box.order(make)
    with pytest.raises(Denied, match="busy"):
        await box.order(make)
    go.set()
    await until(box.evidence.shelf.owed)
    await until(lambda: not box.evidence._bundling)
    await box.order(make)


async def test_one_that_cannot_be_made_is_told_as_lost(box: Box) -> None:
    async def make() -> bytes:
        raise NotMade("failed")

    answer = await box.order(make)
    await until(lambda: not box.evidence._bundling)
    (lost,) = await records(box.outbox, "evidence.lost")
    assert (lost["evidence"], lost["kind"], lost["reason"]) == (answer["evidence"], "bundle", "failed")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("raise SystemExit(2)", "ended with 2"),
        ("raise SystemExit(0)", "ended with 0"),
        ("import sys; sys.stdout.write('x' * 200)", "larger than"),
        ("import time; time.sleep(60)", "not made within"),
    ],
)
async def test_a_command_that_fails_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, program: str, why: str
) -> None:
    monkeypatch.setattr(bundle_order, "MOST_BYTES", 100)
    command = (sys.executable, "-c", program)
    within_s = 0.3 if "within" in why else 30.0
    with pytest.raises(NotMade, match="failed"):
        await made_by_command(str(tmp_path / "box.toml"), os.environ, command, within_s)
    assert why in caplog.text


async def test_what_is_missing_in_it_keeps_nothing_back(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(1)")
    content = await made_by_command("a.toml", os.environ, command)
    assert content == b"['bundle', 'a.toml', '--out', '-']\n"
