"""A box in a booted tree and all that it is connected to: what each says, and how each is asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from simulator.card_reader import CardReader
from simulator.fire_panel import FirePanel
from simulator.media_server import MediaServer
from simulator.processes import free_port
from tests.box.far import SCHOOL, Centre, Files, instant
from tests.box.tree import Tree

AGENT = "mektep-agent.service"
LONG_S = 300.0  # the machine may be busy


class Box:
    """A box in a booted tree, and all that it is connected to."""

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
        """Of `mektep update show`; nothing while the link to the version is being changed."""
        try:
            found: dict[str, Any] = json.loads(self.tree.ask("mektep", "update", "show", "--json").out)
        except ValueError:
            return {"runs": "", "staged": None}
        return found

    def step(self) -> str:
        """Of the version that is to run: step and word; nothing while it cannot be asked."""
        staged = self.update()["staged"] or {}
        return f"{staged.get('version', '')} {staged.get('step', '')} {staged.get('said', '')}".strip()

    async def order(self, name: str, args: dict[str, object] | None = None) -> dict[str, Any]:
        """An order that is carried out: its result."""
        answer = await asyncio.to_thread(self.centre.order, name, args)
        assert answer["outcome"] == "done", answer
        result: dict[str, Any] = answer["result"]
        return result

    def incidents(self, kind: str, *, drill: bool) -> list[str]:
        _, said = self.centre.command("incident", "list", "--school", SCHOOL, "--json")
        found = json.loads(said.splitlines()[0])["incidents"]
        return [one["id"] for one in found if one["kind"] == kind and bool(one["drill"]) == drill]

    async def close_all(self) -> None:
        """An incident that is not closed holds a restart back, and one that is not dismissed an update."""
        _, said = await asyncio.to_thread(self.centre.command, "incident", "list", "--school", SCHOOL, "--json")
        for one in json.loads(said.splitlines()[0])["incidents"]:
            for answer in (("dismissed", "--reason", "false_alarm"), ("closed",)):
                words = ["incident", "answer", one["id"], *answer, "--school", SCHOOL, "--author", "aliya"]
                await asyncio.to_thread(self.centre.command, *words, "--wait", "60")

    async def stage(self, wheels: Path) -> str:
        """Sign a version and order it, as an operator does. Returns its name."""
        assert self.files is not None
        await self.close_all()
        archive = self.files.folder / f"{wheels.name}.tar"
        having = self.tree.root / "usr/share/mektep/wheels"
        words = [
            "update",
            "make",
            str(wheels),
            str(archive),
            "--having",
            str(having),
            "--clock-checked",
            "this is a test",
        ]
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

    async def end(self) -> None:
        """Everything is off, and nothing is left running."""
        if self.reader is not None:
            self.reader.line.unplug()
        await self.tree.off()
        if self.media is not None:
            await self.media.stop()
        if self.files is not None:
            self.files.close()
        await self.panel.stop()
        await self.centre.city.stop()
