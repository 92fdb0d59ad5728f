"""From a bare Debian to a school's box: installed, enrolled, devices at work; and what it says of a pulled plug."""

from __future__ import annotations

import asyncio
import ctypes
import functools
import re
import subprocess
import time
from pathlib import Path

from simulator.card_reader import CardReader
from simulator.media_server import certificate
from tests.box.box import LONG_S, Box
from tests.box.far import CHILD, SCHOOL, STRANGER, Files
from tests.box.tree import HERE, until

ROOT = Path(__file__).resolve().parents[2]
USERS = {"corridor": "mektep-camera", "eyes": "mektep-eyes"}
BOX_TOML = """
[[reader]]
name = "canteen-1"
place = "canteen"
purpose = "meals"
driver = "serial_ascii"
port = "/run/test/canteen-1"
format = "em4100"
lights = {{ accepted = "G\\n", refused = "R\\n", wait = "W\\n", ready = "A\\n", unknown = "U\\n" }}

[[sensor]]
name = "fire-panel"
driver = "modbus_panel"
profile = "bolid-s2000-pp"
host = "{here}"
tcp_port = {panel}
unit = 2
zones = {{ 1 = "canteen", 2 = "gym" }}

[[camera]]
name = "corridor"
place = "corridor"
driver = "file"
file = "/srv/mektep/classroom.mp4"
sees = ["tamper"]
frozen_s = 3600                             # a clip of one room is stiller than life
"""
SYNCED = """[Service]
ExecStart=
ExecStart=/opt/mektep/current/bin/python -I -c "import agent.kernel_clock as c; c.ask = lambda: True; c.main()"
"""  # this machine has no time daemon; what the kernel would say is said for it
SYNCED_SAID = "      no time daemon keeps this machine's clock: mektep-clock says for the box that one does"


async def the_centre_runs(box: Box) -> None:
    subprocess.run(["ip", "address", "add", f"{HERE}/32", "dev", "lo"], check=True)
    city = box.centre.city
    await city.make()
    _, crt = await certificate(box.folder, HERE)
    city.show_live_at(HERE, box.media_port, crt)
    await city.start_est()
    await city.start()
    box.files = Files(city, box.folder / "files")
    await box.panel.start(tcp_port=box.panel_port, host=HERE)
    devices = box.folder / "devices.toml"
    devices.write_text(BOX_TOML.format(here=HERE, panel=box.panel_port))
    boot = box.tree.root / "boot/firmware"
    boot.mkdir(parents=True, exist_ok=True)
    (boot / "mektep.toml").write_text(await asyncio.to_thread(city.invite, SCHOOL, devices))
    footage = box.tree.root / "srv/mektep/classroom.mp4"
    footage.parent.mkdir(parents=True, exist_ok=True)
    footage.write_bytes((ROOT / "simulator/footage/classroom.mp4").read_bytes())
    if not synced():
        dropin = box.tree.root / "etc/systemd/system/mektep-clock.service.d/test.conf"
        dropin.parent.mkdir(parents=True, exist_ok=True)
        dropin.write_text(SYNCED)
        print(SYNCED_SAID)


async def a_bare_debian_boots(box: Box) -> None:
    await box.tree.boot()


async def one_command_installs_enrols_and_starts_it(box: Box) -> None:
    began_s = time.monotonic()
    await asyncio.to_thread(box.tree.must, "apt-get", "-q", "-y", "install", "/debs/old.deb")
    box.figures["install_s"] = round(time.monotonic() - began_s, 1)
    await until("an enrolled box that is READY and online", box.online, LONG_S)
    box.figures["enrolled_and_ready_s"] = round(time.monotonic() - began_s, 1)


async def its_boot_file_has_no_token_and_says_what_came_of_it(box: Box) -> None:
    boot = box.tree.root / "boot/firmware"
    await until("mektep-result.txt", (boot / "mektep-result.txt").exists)
    assert "the box is enrolled and works" in (boot / "mektep-result.txt").read_text(encoding="utf-8-sig")
    assert re.search(r'^token = " *"', (boot / "mektep.toml").read_text(), re.MULTILINE)


async def its_devices_work_in_units_of_their_own(box: Box) -> None:
    box.tree.must("mkdir", "-p", "/run/test")
    link = box.tree.inside("/run/test/canteen-1")
    box.reader = CardReader("canteen-1", link, "rdm6300", box.tree.open_pty)
    box.reader.line.plug()
    await until("every device works", box.working, LONG_S)
    for name, user in USERS.items():
        pid = await until(f"a process of {name}", functools.partial(process, box, name))
        assert box.tree.must("ps", "-o", "user:20=", "-p", str(pid)).strip() == user, name
        unit = box.tree.must("ps", "-o", "unit:60=", "-p", str(pid)).strip()
        assert unit.startswith(f"{user}@"), unit
    assert box.tree.must("ss", "-Htuln").strip() == ""


def process(box: Box, name: str) -> int:
    said = box.tree.ask("systemctl", "show", "--property=MainPID,StatusText", f"{USERS[name]}@*").out
    found = re.findall(r"MainPID=(\d+)\nStatusText=([^\n]*)", said)
    return next((int(pid) for pid, text in found if name in text), 0)


async def the_school_comes_and_a_child_eats(box: Box) -> None:
    await box.centre.city.name_recipient(SCHOOL)
    await asyncio.to_thread(box.centre.load_school)
    wanted = {"calendar", "cards", "meals", "duty", "live", "recipients"}
    await until("the school's data", lambda: wanted <= box.status().get("datasets", {}).keys(), LONG_S)
    assert box.reader is not None
    lights = [await box.reader.show(card, 30) for card in (CHILD, STRANGER)]
    assert lights == ["G", "U"], lights
    await until("a meal at the centre", lambda: box.centre.events("meal.granted"))


async def a_pulled_plug_is_named_by_doctor_why_and_status(box: Box) -> None:
    assert box.reader is not None
    box.reader.line.unplug()
    await until("the reader's trouble", lambda: box.source("canteen-1").get("code") == "P-101", LONG_S)
    for words in (("status",), ("why", "canteen-1"), ("doctor",)):
        began_s = time.monotonic()
        said = box.tree.ask("mektep", *words)
        box.figures[f"{words[0]}_s"] = round(time.monotonic() - began_s, 2)
        assert said.code == 1, (words, said)
        assert "canteen-1" in said.out, (words, said.out)
        assert "P-101" in said.out, (words, said.out)
    box.reader.line.plug()
    await until("the reader is back", box.working, LONG_S)
    assert box.tree.ask("mektep", "why", "canteen-1").code == 0


def synced() -> bool:
    """Whether this machine's kernel takes its clock for right; the box is asked the same."""
    timex = (ctypes.c_byte * 256)()
    return 0 <= int(ctypes.CDLL(None).adjtimex(ctypes.byref(timex))) < 5
