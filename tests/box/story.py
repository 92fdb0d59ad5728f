"""The whole way of a box, in a booted Debian tree: `make test-box`. A line a check, at last one JSON line with figures.

The package is installed by apt, the boot file does the rest; the reference centre, the panel, the media server and the
file server of versions run on this machine, at the other end of a cable. Run by scripts/test-box, as root, in a network
namespace of its own. What it cannot show: a Pi; a clock that a time daemon keeps, where this machine has none.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from simulator.card_reader import CardReader
from simulator.fire_panel import FirePanel
from simulator.media_server import MediaServer, certificate
from simulator.processes import free_port
from tests.box.far import CHILD, SCHOOL, STRANGER, Centre, Files, instant
from tests.box.tree import HERE, Tree, until

ROOT = Path(__file__).resolve().parents[2]
AGENT = "mektep-agent.service"
TARGET_S = 300
LONG_S = 300.0  # the machine may be busy
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
"""
SYNCED = """[Service]
ExecStart=
ExecStart=/opt/mektep/current/bin/python -I -c "import agent.kernel_clock as c; c.ask = lambda: True; c.main()"
"""  # this machine has no time daemon; what the kernel would say is said for it


class Story:
    """Everything that the checks share."""

    def __init__(self, tree: Tree, folder: Path, versions: list[Path]) -> None:
        """versions: folders of wheels: the one that is installed, a new one, and one that cannot start."""
        self.tree, self.folder, self.versions = tree, folder, versions
        self.centre = Centre(folder)
        self.panel = FirePanel(folder, "panel", zones=2)
        self.panel_port, self.media_port = free_port(), free_port()
        self.reader: CardReader | None = None
        self.media: MediaServer | None = None
        self.files: Files | None = None
        self.figures: dict[str, float] = {}
        self.failed = 0

    # --- what the box says --------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Of `mektep status --json` in the box; empty while there is none."""
        said = self.tree.ask("mektep", "status", "--json").out
        try:
            found: dict[str, Any] = json.loads(said)
        except ValueError:
            return {}
        return found

    def source(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.status().get("sources", {}).get(name, {})
        return found

    def online(self) -> bool:
        """The daemon that runs now is READY, and the centre has welcomed it."""
        now = self.status()
        return (
            self.tree.shown(AGENT, "ActiveState") == "active"
            and now.get("state") == "running"
            and str(now.get("pid")) == self.tree.shown(AGENT, "MainPID")
            and now.get("link", {}).get("state") == "online"
        )

    def working(self) -> bool:
        """Online, and so is every device."""
        now = self.status()
        return self.online() and all(one["state"] == "working" for one in now["sources"].values())

    def update(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.tree.ask("mektep", "update", "show", "--json").out)
        return found

    def step(self) -> str:
        """Of the version that is to run: step and word."""
        staged = self.update()["staged"] or {}
        return f"{staged.get('version', '')} {staged.get('step', '')} {staged.get('said', '')}".strip()

    # --- the checks, in this order ------------------------------------------------------------------------------------

    async def the_centre_runs(self) -> None:
        subprocess.run(["ip", "address", "add", f"{HERE}/32", "dev", "lo"], check=True)
        city = self.centre.city
        await city.make()
        _, crt = await certificate(self.folder, HERE)
        city.show_live_at(HERE, self.media_port, crt)
        await city.start_est()
        await city.start()
        await self.panel.start(tcp_port=self.panel_port, host=HERE)
        box = self.folder / "devices.toml"
        box.write_text(BOX_TOML.format(here=HERE, panel=self.panel_port))
        boot = self.tree.root / "boot/firmware"
        boot.mkdir(parents=True, exist_ok=True)
        (boot / "mektep.toml").write_text(await asyncio.to_thread(city.invite, SCHOOL, box))
        footage = self.tree.root / "srv/mektep/classroom.mp4"
        footage.parent.mkdir(parents=True, exist_ok=True)
        footage.write_bytes((ROOT / "simulator/footage/classroom.mp4").read_bytes())
        if not synced():
            dropin = self.tree.root / "etc/systemd/system/mektep-clock.service.d/test.conf"
            dropin.parent.mkdir(parents=True, exist_ok=True)
            dropin.write_text(SYNCED)
            print("      no time daemon keeps this machine's clock: mektep-clock says for the box that one does")

    async def a_bare_debian_boots(self) -> None:
        await self.tree.boot()

    async def one_command_installs_enrols_and_starts_it(self) -> None:
        began_s = time.monotonic()
        await asyncio.to_thread(self.tree.must, "apt-get", "-q", "-y", "install", "/debs/old.deb")
        self.figures["install_s"] = round(time.monotonic() - began_s, 1)
        await until("an enrolled box that is READY and online", self.online, LONG_S)
        self.figures["enrolled_and_ready_s"] = round(time.monotonic() - began_s, 1)

    async def its_boot_file_has_no_token_and_says_what_came_of_it(self) -> None:
        boot = self.tree.root / "boot/firmware"
        await until("mektep-result.txt", (boot / "mektep-result.txt").exists)
        assert "the box is enrolled and works" in (boot / "mektep-result.txt").read_text(encoding="utf-8-sig")
        assert re.search(r'^token = " *"', (boot / "mektep.toml").read_text(), re.MULTILINE)

    async def its_devices_work_in_units_of_their_own(self) -> None:
        self.tree.must("mkdir", "-p", "/run/test")
        link = self.tree.inside("/run/test/canteen-1")
        self.reader = CardReader("canteen-1", link, "rdm6300", self.tree.open_pty)
        self.reader.line.plug()
        await until("every device works", self.working, LONG_S)
        for name, user in USERS.items():
            pid = await until(f"a process of {name}", lambda name=name: self.pid(name))
            assert self.tree.must("ps", "-o", "user:20=", "-p", str(pid)).strip() == user, name
            unit = self.tree.must("ps", "-o", "unit:60=", "-p", str(pid)).strip()
            assert unit.startswith(f"{user}@"), unit
        assert self.tree.must("ss", "-Htuln").strip() == ""

    def pid(self, name: str) -> int:
        said = self.tree.ask("systemctl", "show", "--property=MainPID,StatusText", f"{USERS[name]}@*").out
        found = re.findall(r"MainPID=(\d+)\nStatusText=([^\n]*)", said)
        return next((int(pid) for pid, text in found if name in text), 0)

    async def the_school_comes_and_a_child_eats(self) -> None:
        await self.centre.city.name_recipient(SCHOOL)
        await asyncio.to_thread(self.centre.load_school)
        wanted = {"calendar", "cards", "meals", "duty", "live", "recipients"}
        await until("the school's data", lambda: wanted <= self.status().get("datasets", {}).keys(), LONG_S)
        assert self.reader is not None
        lights = [await self.reader.show(card, 30) for card in (CHILD, STRANGER)]
        assert lights == ["G", "U"], lights
        await until("a meal at the centre", lambda: self.centre.events("meal.granted"))

    async def order_ping(self) -> None:
        assert (await self.order("ping"))["time"]

    async def order_status(self) -> None:
        assert (await self.order("status"))["school"] == SCHOOL

    async def order_pace(self) -> None:
        await self.order("pace", {"bytes_per_s": 1_000_000, "for_s": 1})

    async def order_resend(self) -> None:
        args = {"epoch": self.status()["epoch"], "lane": "record", "first": 1, "last": 3}
        assert (await self.order("resend", args))["events"] == 3

    async def order_reference_reload(self) -> None:
        assert "cards" in (await self.order("reference.reload"))["datasets"]

    async def order_reader_test(self) -> None:
        told = await self.order("reader.test", {"device": "canteen-1"})
        assert [(one["light"], one["code"]) for one in told["lights"]] == [
            ("accepted", ""), ("refused", ""), ("wait", ""),
        ], told  # fmt: skip

    async def order_camera_snapshot(self) -> None:
        told = await self.order("camera.snapshot", {"camera": "corridor"})
        city = self.centre.city
        for form, key in (("evidence", city.police_key), ("blurred", city.desk_key)):
            picture = b""
            end_s = time.monotonic() + LONG_S
            while not picture:
                assert time.monotonic() < end_s, f"{form} is not whole at the centre"
                picture = await city.picture(SCHOOL, told[form], key)
            assert picture.startswith(b"\xff\xd8"), form

    async def orders_live_start_keep_stop(self) -> None:
        self.media = MediaServer("media", self.media_port, self.folder, self.folder / "media.pem", host=HERE)
        await self.media.start()
        session = "3d2f8a41-7c60-4b5e-9a1d-52f0c9e8b764"
        args = {
            "session": session, "camera": "corridor", "host": HERE, "port": self.media_port, "path": "live/q7Zk3vXo",
            "seconds": 120, "by": "aliya",
        }  # fmt: skip
        await self.order("live.start", args)
        await self.media.until_shown(10, LONG_S)
        await self.order("live.keep", {"session": session})
        await self.order("live.stop", {"session": session})
        await until("the view's end on the record", lambda: self.ended_views() == ["stopped"])

    def ended_views(self) -> list[str]:
        return [one["data"]["reason"] for one in self.centre.events("live.view") if one["data"]["state"] == "ended"]

    async def order_live_start_to_a_stranger_is_refused(self) -> None:
        args = {
            "session": "3d2f8a41-7c60-4b5e-9a1d-52f0c9e8b765", "camera": "corridor", "host": "elsewhere.example",
            "port": 322, "path": "live/x", "seconds": 60, "by": "aliya",
        }  # fmt: skip
        answer = await asyncio.to_thread(self.centre.order, "live.start", args)
        assert (answer["outcome"], answer["reason"]) == ("refused", "forbidden_host"), answer

    async def orders_incident_report_and_answer(self) -> None:
        words = self.folder / "words.txt"
        words.write_text("smoke in the gym")
        code, said = await asyncio.to_thread(
            self.centre.command, "incident", "report", SCHOOL, "--kind", "fire", "--place", "gym",
            "--words", str(words), "--author", "aliya", "--wait", "60",
        )  # fmt: skip
        assert code == 0, said
        found = await until("the incident at the centre", lambda: self.incidents("fire", drill=False))
        code, said = await asyncio.to_thread(
            self.centre.command, "incident", "answer", found[0], "dismissed", "--reason", "false_alarm", "--school",
            SCHOOL, "--author", "aliya", "--wait", "60",
        )  # fmt: skip
        assert code == 0, said

    async def order_drill(self) -> None:
        told = await self.order("drill", {"kind": "fire", "place": "gym"})
        await until("the drill at the centre", lambda: told["incident"] in self.incidents("fire", drill=True))
        await self.close_all()

    def incidents(self, kind: str, *, drill: bool) -> list[str]:
        _, said = self.centre.command("incident", "list", "--school", SCHOOL, "--json")
        found = json.loads(said.splitlines()[0])["incidents"]
        return [one["id"] for one in found if one["kind"] == kind and bool(one["drill"]) == drill]

    async def close_all(self) -> None:
        """An open incident holds an update back."""
        _, said = await asyncio.to_thread(self.centre.command, "incident", "list", "--school", SCHOOL, "--json")
        for one in json.loads(said.splitlines()[0])["incidents"]:
            words = ["incident", "answer", one["id"], "dismissed", "--reason", "false_alarm", "--school", SCHOOL]
            await asyncio.to_thread(self.centre.command, *words, "--author", "aliya", "--wait", "60")

    async def order_restart(self) -> None:
        before = self.tree.shown(AGENT, "MainPID")
        await self.order("restart")
        await until(
            "another daemon, online", lambda: self.tree.shown(AGENT, "MainPID") != before and self.working(), LONG_S
        )

    async def order_config_apply_is_kept(self) -> None:
        await self.apply(lambda text: text.replace("[centre]\n", "[centre]\nkeepalive_s = 20\n"), "kept", 0)
        assert "keepalive_s = 20" in self.tree.must("cat", "/etc/mektep/agent.toml")

    async def order_config_apply_is_undone(self) -> None:
        await self.apply(lambda text: text.replace("/run/test/canteen-1", "/run/test/nowhere"), "undone", 1)
        assert "/run/test/canteen-1" in self.tree.must("cat", "/etc/mektep/agent.toml")
        await until("every device works again", self.working, LONG_S)

    async def apply(self, change: Callable[[str], str], outcome: str, code: int) -> None:
        """A change of the box's own file, sent by the centre and waited for."""
        text = self.tree.must("cat", "/etc/mektep/agent.toml")
        new = self.folder / "new.toml"
        new.write_text(change(text))
        assert new.read_text() != text
        words = ["config", "apply", SCHOOL, str(new), "--within", "30", "--wait"]
        found, said = await asyncio.to_thread(self.centre.command, *words)
        assert (found, outcome in said) == (code, True), said
        await until("online", self.online, LONG_S)

    async def a_pulled_plug_is_named_by_doctor_why_and_status(self) -> None:
        assert self.reader is not None
        self.reader.line.unplug()
        await until("the reader's trouble", lambda: self.source("canteen-1").get("code") == "R-101", LONG_S)
        for words in (("status",), ("why", "canteen-1"), ("doctor",)):
            began_s = time.monotonic()
            said = self.tree.ask("mektep", *words)
            self.figures[f"{words[0]}_s"] = round(time.monotonic() - began_s, 2)
            assert said.code == 1, (words, said)
            assert "canteen-1" in said.out, (words, said.out)
            assert "R-10" in said.out, (words, said.out)
        self.reader.line.plug()
        await until("the reader is back", self.working, LONG_S)
        assert self.tree.ask("mektep", "why", "canteen-1").code == 0

    async def order_update_is_fetched_built_switched_and_kept(self) -> None:
        began_s = time.monotonic()
        version = await self.stage(self.versions[1])
        await until(f"{version} is on trial", lambda: f"{version} trial" in self.step(), 1_200, 1)
        self.figures["update_switched_s"] = round(time.monotonic() - began_s, 1)
        await until(f"{version} is kept", lambda: self.step() == f"{version} over kept", LONG_S, 1)
        assert self.update()["runs"] == version
        told = await until("its event", lambda: self.centre.events("update.installed"))
        assert told[-1]["data"]["version"] == version
        await until("every device works", self.working, LONG_S)

    async def a_version_that_cannot_start_is_rolled_back(self) -> None:
        began_s = time.monotonic()
        before = self.update()["runs"]
        version = await self.stage(self.versions[2])
        await until(f"{version} is undone", lambda: f"{version} over undone" in self.step(), 1_800, 1)
        self.figures["rolled_back_s"] = round(time.monotonic() - began_s, 1)
        shown = self.tree.ask("mektep", "update", "show")
        assert (shown.code, before in shown.out, version in shown.out) == (1, True, True), shown
        print("".join(f"      {line}\n" for line in shown.out.splitlines()), end="")
        told = await until("its event", lambda: self.centre.events("update.undone"))
        assert told[-1]["data"]["version"] == version
        await until("every device works", self.working, LONG_S)

    async def stage(self, wheels: Path) -> str:
        """Sign a version and order it, as an operator does. Returns its name."""
        assert self.files is not None
        await self.close_all()
        archive = self.files.folder / f"{wheels.name}.tar"
        having = self.tree.root / "usr/share/mektep/wheels"
        words = ["update", "make", str(wheels), str(archive), "--having", str(having)]
        said = await asyncio.to_thread(self.centre.city.must, *words)
        words = [
            "update",
            "stage",
            str(archive),
            SCHOOL,
            "--url",
            self.files.url(archive.name),
            "--deadline",
            instant(),
        ]
        await asyncio.to_thread(self.centre.city.must, *words, "--within", "60", "--rate", "50000000")
        return said.partition(": version ")[2].partition(",")[0]

    async def order(self, name: str, args: dict[str, object] | None = None) -> dict[str, Any]:
        """An order that is carried out: its result."""
        answer = await asyncio.to_thread(self.centre.order, name, args)
        assert answer["outcome"] == "done", answer
        result: dict[str, Any] = answer["result"]
        return result

    # --- telling ------------------------------------------------------------------------------------------------------

    async def tell(self, check: Callable[[], Awaitable[None]]) -> bool:
        name, began_s = check.__name__.replace("_", " "), time.monotonic()
        try:
            await check()
        except Exception:  # noqa: BLE001 - a check that fails is told, and the next one runs
            self.failed += 1
            print(f"FAIL  {name}  ({time.monotonic() - began_s:.1f} s)\n{traceback.format_exc()}", flush=True)
            return False
        print(f"ok    {name}  ({time.monotonic() - began_s:.1f} s)", flush=True)
        return True

    async def run(self) -> None:
        first = (self.the_centre_runs, self.a_bare_debian_boots, self.one_command_installs_enrols_and_starts_it)
        rest = (
            self.its_boot_file_has_no_token_and_says_what_came_of_it, self.its_devices_work_in_units_of_their_own,
            self.the_school_comes_and_a_child_eats, self.order_ping, self.order_status, self.order_pace,
            self.order_resend, self.order_reference_reload, self.order_reader_test, self.order_camera_snapshot,
            self.orders_live_start_keep_stop, self.order_live_start_to_a_stranger_is_refused,
            self.orders_incident_report_and_answer, self.order_drill, self.order_restart,
            self.order_config_apply_is_kept, self.order_config_apply_is_undone,
            self.a_pulled_plug_is_named_by_doctor_why_and_status,
            self.order_update_is_fetched_built_switched_and_kept, self.a_version_that_cannot_start_is_rolled_back,
        )  # fmt: skip
        try:
            for check in first:
                if not await self.tell(check):
                    return
            self.files = Files(self.centre.city, self.folder / "files")
            for check in rest:
                await self.tell(check)
        finally:
            await self._end()

    async def _end(self) -> None:
        if self.failed and self.tree.runs():
            print(self.tree.journal(), flush=True)
        if self.reader is not None:
            self.reader.line.unplug()
        await self.tree.off()
        if self.media is not None:
            await self.media.stop()
        if self.files is not None:
            self.files.close()
        await self.panel.stop()
        await self.centre.city.stop()


def synced() -> bool:
    """Whether this machine's kernel takes its clock for right; the box is asked the same."""
    timex = (ctypes.c_byte * 256)()
    return 0 <= int(ctypes.CDLL(None).adjtimex(ctypes.byref(timex))) < 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.box.story", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suite")
    parser.add_argument("tree", type=Path, help="a Debian tree that may be spoilt")
    parser.add_argument("folder", type=Path, help="for the centre, and all else that is made")
    parser.add_argument("debs", type=Path, help="holds old.deb and the folders of wheels old, new, broken")
    args = parser.parse_args()
    tree = Tree(args.tree, args.folder / "console", {args.debs: "/debs"})
    story = Story(tree, args.folder, [args.debs / name for name in ("old", "new", "broken")])
    asyncio.run(story.run())
    told = {"box": args.suite, "failed": story.failed, "target_s": TARGET_S, **story.figures}
    print(json.dumps(told), flush=True)
    slow = story.figures.get("enrolled_and_ready_s", TARGET_S + 1) > TARGET_S
    return 1 if story.failed or slow else 0


if __name__ == "__main__":
    sys.exit(main())
