"""A root that forgets, on a card as a Pi's, in a machine that says it is a Pi: `make test-vm`, after tests/deb/vm.py.

A fresh system installs the package and enrols. `mektep firmware apply --with read-only-root` moves what is kept to the
third partition; after a restart children show their cards while the city is away, and the power goes in the middle; a
new version is installed; the data partition is missing once; at last the root is writable again. Nothing that was told
by a light is lost; and after all of it, before the root is written again, not a byte of it has changed. A line a step,
at last a JSON line.
usage: python -m tests.deb.read_only_root CARD.img PACKAGE.deb
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.firmware.data_partition import MOUNT_POINT, folders
from simulator.card_reader import CardReader
from tests.box import versions
from tests.box.far import SCHOOL, Centre, Files, instant
from tests.box.life import SYNCED, SYNCED_SAID
from tests.box.tree import until
from tests.deb.card import DATA, ROOT, Card, pi
from tests.deb.machine import Machine, play
from tests.deb.vm import HOST, centre, checked, online

READER = r"""
[[reader]]
name = "gate"
driver = "serial_ascii"
port = "/dev/ttyUSB0"
format = "em4100"
lights = { accepted = "G\n", refused = "R\n", wait = "W\n", ready = "A\n", unknown = "U\n" }
"""
TAPS = 40
HALF = "192M"  # of what its unit lets root's part of an update have; what takes more is killed
LIGHT_S, LONG_S = 60.0, 900.0  # the processor is emulated
AT_WORK = "until systemctl is-active -q mektep-agent; do sleep 1; done"
ANSWERS = {"G", "U"}


class Story:
    """The machine, what it is connected to, and what was found."""

    def __init__(self, machine: Machine, card: Card, city: Centre, reader: CardReader, folder: Path) -> None:
        self.machine, self.card, self.city, self.reader, self.folder = machine, card, city, reader, folder
        self.figures: dict[str, float | str] = {}
        self.root = ""  # of the root's bytes, since it forgets
        self.version = ""  # the new one

    async def starts(self) -> None:
        await self.machine.power_on()
        await self.machine.login()
        await self.machine.sh(AT_WORK, patience_s=LONG_S)

    async def goes_off(self, how: str) -> None:
        await self.machine.tell(f"systemctl {how}")
        await self.machine.went_off()

    async def answers(self) -> None:
        """The centre asks, and the box answers."""
        answer = await asyncio.to_thread(self.city.order, "ping", None, LONG_S)
        assert answer["outcome"] == "done", answer

    async def lies_on_the_partition(self) -> None:
        for source, place in folders():
            said = await self.machine.sh(f"findmnt -n -o SOURCE {place}")
            assert said == f"/dev/vda3[{source.removeprefix(f'/{MOUNT_POINT}')}]", (place, said)

    def told(self, type_: str) -> list[dict[str, object]]:
        return [one["data"] for one in self.city.events(type_)]


@asynccontextmanager
async def step(name: str) -> AsyncIterator[None]:
    began_s = time.monotonic()
    yield
    print(f"ok    {name}  ({time.monotonic() - began_s:.1f} s)", flush=True)


async def it_installs_and_enrols(story: Story) -> None:
    began = time.monotonic()
    await story.machine.power_on()
    story.figures["online_s"] = round(await online(story.city.city, began))
    await checked(story.machine)


async def one_command_moves_what_is_kept(story: Story) -> None:
    machine = story.machine
    await machine.sh("mkfs.ext4 -q -L mektep-data /dev/vda3 && udevadm settle")
    await machine.sh("mektep firmware show", code=1)
    said = await machine.sh("mektep firmware apply --with read-only-root --yes", code=1, patience_s=LONG_S)
    assert "sudo reboot" in said, said
    await machine.sh(AT_WORK, patience_s=LONG_S)  # the school does not wait for the restart
    await story.lies_on_the_partition()
    await machine.sh("mektep firmware show")
    await story.answers()
    await story.goes_off("poweroff")
    story.root = story.card.digest(ROOT)


async def it_comes_back_on_a_root_that_forgets(story: Story) -> None:
    machine, began = story.machine, time.monotonic()
    await story.starts()
    story.figures["start_s"] = round(time.monotonic() - began)
    assert await machine.sh("findmnt -n -o FSTYPE /") == "overlay"
    await story.lies_on_the_partition()
    await machine.sh("mektep firmware show")
    failed = await machine.sh("systemctl --failed --plain --no-legend --no-pager | cut -d' ' -f1")
    assert failed in ("", "systemd-remount-fs.service"), failed  # no overlay is mounted anew with other options
    said = await machine.sh("mektep doctor; true", patience_s=LONG_S)
    assert not [code for code in ("H-113", "H-116", "H-118") if code in said], said
    await machine.sh("touch /etc/forgotten /var/lib/mektep/kept")
    await story.answers()


async def the_power_goes_while_cards_are_shown(story: Story) -> None:
    city, reader = story.city.city, story.reader
    async with asyncio.timeout(LONG_S):
        while await reader.show(em4100(TAPS), 5) not in ANSWERS:  # until its port is open
            continue
    await city.broker.stop()  # what is owed lies on the card alone
    for number in range(1, TAPS + 1):  # the last one once more
        light = await reader.show(em4100(number), LIGHT_S)
        assert light in ANSWERS, (number, light)
    await reader.away()
    last = asyncio.create_task(reader.show(em4100(TAPS + 1), LIGHT_S))
    await asyncio.sleep(0.05)  # its frame is in; the box decides and writes
    story.machine.power_cut()
    last.cancel()
    began = time.monotonic()
    await story.starts()
    story.figures["after_power_cut_s"] = round(time.monotonic() - began)
    await city.start_broker()
    await until("every card that had its light", lambda: len(cards(story)) >= TAPS, LONG_S, 2)
    await story.answers()
    story.figures |= {"lit": TAPS, "stored": len(cards(story))}
    assert len(cards(story)) <= TAPS + 1
    bad = [one for one in await city.events(SCHOOL) if "mektep.salvaged" in one or "mektep.loss" in one]
    assert bad == []
    await story.machine.sh("test ! -e /etc/forgotten -a -e /var/lib/mektep/kept")


def em4100(number: int) -> bytes:
    """None of them all zeros: that is no card."""
    return number.to_bytes(5, "big")


def cards(story: Story) -> set[object]:
    return {one["card"] for one in story.told("card.seen")}


async def an_update_stays(story: Story) -> None:
    machine, city = story.machine, story.city.city
    files = Files(city, story.folder / "files", HOST, listen="127.0.0.1")
    try:
        archive = files.folder / "new.tar"
        made = ["make", str(story.folder / "new"), str(archive), "--having", str(story.folder / "old")]
        made += ["--clock-checked", "this is a test"]
        said = await asyncio.to_thread(city.must, "update", *made)
        story.version = said.partition(": version ")[2].partition(",")[0]
        staged = ["stage", str(archive), SCHOOL, "--url", files.url(archive.name), "--deadline", instant()]
        await its_clock_is_taken_for_right(machine)
        await machine.sh(f"systemctl set-property --runtime mektep-update.service MemoryMax={HALF}")
        began = time.monotonic()
        await asyncio.to_thread(city.must, "update", *staged, "--within", "60", "--rate", "50000000")
        current = f"until [ $(readlink /opt/mektep/current) = versions/{story.version} ]; do sleep 1; done"
        await machine.sh(current, patience_s=2 * LONG_S)
        story.figures["update_switched_s"] = round(time.monotonic() - began)
        await until("the version is kept", lambda: story.told("update.installed"), LONG_S, 5)
    finally:
        files.close()
    machine.power_cut()
    await story.starts()
    assert await machine.sh("readlink /opt/mektep/current") == f"versions/{story.version}"
    assert await machine.sh("mektep --version") == f"mektep-agent {story.version}"
    await story.lies_on_the_partition()
    await story.answers()


async def its_clock_is_taken_for_right(machine: Machine) -> None:
    """Until the next start. No update is taken before the time is known, and no time server answers the guest."""
    print(SYNCED_SAID)
    dropin = "/run/systemd/system/mektep-clock.service.d"
    await machine.sh(f"mkdir -p {dropin} && cat >{dropin}/test.conf <<'END'\n{SYNCED}END")
    await machine.sh("systemctl daemon-reload && systemctl restart mektep-clock")


async def without_its_partition_the_agent_waits(story: Story) -> None:
    machine = story.machine
    machine.power_cut()
    before = story.card.swap(DATA, bytes(8192))
    await machine.power_on()
    await machine.login()
    said = await machine.sh("mektep doctor; true", patience_s=LONG_S)
    assert "H-118" in said, said
    await machine.sh("systemctl is-system-running --wait; true", patience_s=LONG_S)  # else it may only be on its way
    await machine.sh("systemctl is-active mektep-agent", code=3)
    machine.power_cut()
    story.card.swap(DATA, before)
    await story.starts()
    await story.answers()


async def not_a_byte_of_the_root_has_changed(story: Story) -> None:
    story.machine.power_cut()
    assert story.card.digest(ROOT) == story.root


async def its_root_is_writable_again_and_nothing_is_forgotten(story: Story) -> None:
    machine = story.machine
    await story.starts()
    await machine.sh("mektep firmware apply --without read-only-root --yes", code=1)
    await story.goes_off("reboot")
    await story.starts()
    assert await machine.sh("findmnt -n -o FSTYPE /") == "ext4"
    await story.lies_on_the_partition()
    assert await machine.sh("mektep --version") == f"mektep-agent {story.version}"
    await machine.sh("mektep firmware show")
    await story.answers()


STEPS = (
    it_installs_and_enrols, one_command_moves_what_is_kept, it_comes_back_on_a_root_that_forgets,
    the_power_goes_while_cards_are_shown, an_update_stays, without_its_partition_the_agent_waits,
    not_a_byte_of_the_root_has_changed, its_root_is_writable_again_and_nothing_is_forgotten,
)  # fmt: skip


async def whole(image: Path, package: Path, folder: Path) -> None:
    versions.make(package, folder)
    card = Card(folder / "card.img")
    subprocess.run(["cp", "--sparse=always", image, card.path], check=True)
    reader = CardReader("gate", folder / "gate", "rdm6300")
    reader.line.plug()
    async with centre(folder) as city:
        toml, boot_file = folder / "reader.toml", folder / "mektep.toml"
        toml.write_text(READER)
        boot_file.write_text(city.invite(SCHOOL, toml))
        card.put(package, boot_file)
        machine = pi(card, folder, reader.line.link)
        story = Story(machine, card, Centre(folder, city), reader, folder)
        try:
            for one in STEPS:
                async with step(one.__name__.replace("_", " ")):
                    await one(story)
        except BaseException:
            print(machine.last_words())
            with contextlib.suppress(AssertionError, OSError, TimeoutError):
                await asyncio.wait_for(machine.login(), LIGHT_S)
                print(await machine.sh("journalctl -b --no-pager -p 5 | tail -80; true"))
            raise
        finally:
            machine.power_cut()
            reader.line.unplug()
    load = os.getloadavg()[0]
    print(json.dumps({"read_only_root": image.parent.name, "load": round(load, 1), **story.figures}), flush=True)


if __name__ == "__main__":
    sys.exit(play(whole, "mektep-card-"))
