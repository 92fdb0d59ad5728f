"""What lies beyond the box's walls: the reference centre with its broker, and the file server of the city's versions.

Everything of the centre is asked by its own commands, as an operator would.
"""

from __future__ import annotations

import functools
import http.server
import json
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from centre import pki
from simulator import papers
from simulator.city import City
from simulator.school_time import local_day, now
from tests.box.tree import HERE

SCHOOL = "school-07"
OFFSET_MIN = 300
CHILD, STRANGER = bytes.fromhex("6F01000001"), bytes.fromhex("6F01000002")
STAFF_CARD = bytes.fromhex("6F0100000F")
OPEN = ("00:00", "23:59")


class Centre:
    """The city, and what it says of its one school."""

    def __init__(self, folder: Path, city: City | None = None) -> None:
        self.city = city or City(folder, host=HERE, receivers=1)
        self.folder = folder

    def command(self, *words: str) -> tuple[int, str]:
        """A command of mektep-centre that may fail: its exit code and what it says."""
        done = subprocess.run(
            self.city.command(words[0], *words[1:]),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return done.returncode, done.stdout + done.stderr

    def order(self, name: str, args: dict[str, object] | None = None, wait_s: float = 60.0) -> dict[str, Any]:
        """Give an order and wait for its answer. Raises AssertionError where there is none."""
        words = ["order", SCHOOL, name, "--args", json.dumps(args or {}), "--wait", f"{wait_s:g}"]
        _, said = self.command(*words)
        line = next((one for one in said.splitlines() if one.startswith("{")), "")
        assert line, f"order {name}: {said}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def events(self, type_: str, lane: str = "record") -> list[dict[str, Any]]:
        """What is stored of a type, oldest first."""
        _, said = self.command("events", "--school", SCHOOL, "--lane", lane, "--json-lines")
        found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        return [one for one in found if one["type"] == f"kz.mektep.{type_}.v1"]

    def load_school(self) -> None:
        """One pupil who eats, one member of staff who answers."""
        day = local_day(now(), OFFSET_MIN)
        first, last = day.replace(day=1, month=1), day.replace(day=31, month=12)
        year = (
            f"first = {first}\nlast = {last}\nweekdays = [1, 2, 3, 4, 5, 6, 7]\nutc_offset_min = {OFFSET_MIN}\n"
            'reader_forms = ["em4100"]\nhead = "head"\n'
        )
        tables: dict[str, tuple[str, Any]] = {
            "classes": ("class shift", [("5А", 1)]),
            "pupils": ("pupil class", [("p-1", "5А")]),
            "staff": ("staff may name", [("head", "incidents", "Гүлнар Сынақова")]),
            "duty": ("staff rank kinds", [("head", 1, "")]),
            "cards": ("pupil staff form number", [("p-1", "", "em4100", CHILD.hex().upper()),
                                                  ("", "head", "em4100", STAFF_CARD.hex().upper())]),
            "bells": ("shift lesson starts ends", list(papers.bells())),
            "meals": ("meal starts ends", [("lunch", *OPEN)]),
            "tariffs": ("programme first tenge", [("social", first, 640)]),
            "entitlements": ("pupil programme meals first last", [("p-1", "social", "lunch", first, last)]),
            "clubs": ("club places", []),
            "club_times": ("club weekday starts ends", []),
            "vouchers": ("voucher pupil club first last", []),
        }  # fmt: skip
        papers.write_files(self.folder / "office", year, tables)
        self.city.must("school-data", "load", SCHOOL, str(self.folder / "office"), "--publish")


class Files:
    """An HTTPS server with a certificate of the city's authority, as `mektep-centre update stage --url` wants it."""

    def __init__(self, city: City, folder: Path, host: str = HERE, *, listen: str = "") -> None:
        """host: this machine, as the box sees it; listen: where that is here, if it is another address."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._host = folder, host
        pki.issue(city.folder / "pki", "files", city.folder / "pki", "files", hosts=(host,))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(city.folder / "pki/files.crt", city.folder / "pki/files.key")
        handler = functools.partial(Quiet, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer((listen or host, 0), handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, name: str) -> str:
        return f"https://{self._host}:{self._server.server_address[1]}/{name}"

    def close(self) -> None:
        self._server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Says nothing of each request."""

    def log_message(self, format: str, *args: object) -> None:
        return


def instant(before_s: float = 60.0) -> str:
    """A time that is past, as `--deadline` takes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - before_s))
