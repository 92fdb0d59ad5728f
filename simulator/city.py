"""The city's side of a simulated school: broker, receivers and database in one folder, on private ports.

Everything is made by the centre's own commands, as an operator would; TLS with client certificates.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from simulator.postgres import AWAY, Postgres
from simulator.processes import Process, free_port, mosquitto, output, wait_for_port

RECEIVERS = 2
HERE = "127.0.0.1"
OPEN = """
select kind, place, state, drill, why, answer_by from incident where school = ? and state not in ('closed', 'dismissed')
order by drill, opened_ns
"""
STEPS = "select body from incident_step where school = ? and what = ?"
STATES = "select id, state from incident where school = ?"
NOTIFIED = "select incident, number, why, role, person from notification where school = ? and by_centre = 0"
FILES = """
select i.evidence, i.incident, i.kind, coalesce(e.whole_ns, 0) from incident_evidence i
left join evidence e on e.school = i.school and e.name = i.evidence where i.school = ?
"""
LOOKS = "select evidence from custody where school = ? and what = 'opened'"


class Open(NamedTuple):
    """An incident that is not over, as the centre has it."""

    kind: str
    place: str
    state: str
    drill: int
    why: str
    answer_by: str


class City:
    """make() once, then start() and stop() as often as wanted. Parts: broker, receivers, postgres; and the deliverer,
    which sends what persons at the centre say to the boxes.

    far   broker and receivers leave the processor to the box, as a city on other machines does
    host  the address at which broker and EST server listen
    """

    def __init__(
        self, folder: Path, *, postgres: bool = False, receivers: int = RECEIVERS, far: bool = False, host: str = HERE
    ) -> None:
        self.folder = folder / "centre"
        self.host = host
        self.port, self.est_port = free_port(), free_port()
        self.postgres = Postgres() if postgres else None
        conf = self.folder / "broker/mosquitto.conf"
        self.broker = Process("broker", mosquitto(conf), folder, background=far)
        self.est = Process(
            "est", self.command("est", "--host", host, "--port", str(self.est_port)), folder, ready="READY"
        )
        self.deliverer = Process("deliver", self.command("deliver"), folder, ready="READY", background=far)
        self.receivers = [
            Process(
                f"receiver-{n}",
                self.command("receive", "--name", f"centre-{n}"),
                folder,
                ready="READY",
                background=far,
            )
            for n in range(1, receivers + 1)
        ]

    # --- life -----------------------------------------------------------------------------------------------------

    async def make(self) -> None:
        """Keys, certificates, configuration and an empty database."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for shared in (self.folder.parent, self.folder):
            shared.chmod(0o711)  # the broker drops to its own user and must reach its part
        database = await self.postgres.start() if self.postgres else f"sqlite:///{self.folder}/centre.db"
        where = ("--broker-host", self.host, "--broker-port", str(self.port))
        self.must("init", str(self.folder), *where, "--database", database)

    def invite(self, school: str, box: Path | None = None) -> str:
        """The text of a boot file; box: a file with the rest of its configuration."""
        return self.must("enrol", school, *(["--box", str(box)] if box else []))

    def add_school(self, school: str, key: str, certificates: Path) -> None:
        """Register a box by its public key; its certificate lands in the folder given."""
        self.must("school", "add", school, "--key", key, "--certificate-dir", str(certificates))

    async def start_est(self) -> None:
        """Where boxes get their certificates; what boot files say is written into centre.toml once."""
        toml = self.folder / "centre.toml"
        if "[enrolment]" not in toml.read_text():
            with toml.open("a") as file:
                file.write(f'\n[enrolment]\nest = "https://{self.host}:{self.est_port}"\n')
        await self.est.start()

    async def start(self) -> None:
        await self.start_broker()
        for receiver in self.receivers:
            await receiver.start()
        await self.deliverer.start()

    async def start_broker(self) -> None:
        """Raises RuntimeError with the broker's last words if it does not listen."""
        await self.broker.start()
        try:
            await wait_for_port(self.port, host=self.host)
        except TimeoutError as error:
            raise RuntimeError(f"the broker does not listen:\n{self.broker.last_words()}") from error

    async def stop(self) -> None:
        await self.deliverer.stop()
        await self.est.stop()
        for receiver in self.receivers:
            await receiver.stop()
        await self.broker.stop()
        if self.postgres:
            await self.postgres.stop()
            self.postgres.remove()

    async def name_recipient(self, school: str) -> None:
        """Make the keys of the police and of the school's desk, and tell the school to seal its pictures for them."""
        recipients = []
        for key in (self.police_key, self.desk_key):
            await output(["age-keygen", "-o", str(key)])
            _, recipient = await output(["age-keygen", "-y", str(key)])
            recipients.append(recipient.strip())
        police, desk = recipients
        self.must("reference", school, "recipients", "--snapshot", police, "--blurred", desk)

    @property
    def police_key(self) -> Path:
        """The age identity of who may look at pictures; the centre itself has none."""
        return self.folder / "police.age"

    @property
    def desk_key(self) -> Path:
        """The age identity of those who may look at blurred pictures."""
        return self.folder / "desk.age"

    async def picture(self, school: str, evidence: str, key: Path) -> bytes:
        """As who holds this key sees it; nothing if it is not for them, or the centre does not hold it whole."""
        out = self.folder / f"{evidence}.jpeg"
        words = ["get", evidence, "--school", school, "--out", str(out), "--identity", str(key), "--reason", "a look"]
        code, _ = await output(self.command("evidence", *words))
        return out.read_bytes() if code == 0 else b""

    # --- what the centre says ----------------------------------------------------------------------------------------

    def orders_key(self) -> str:
        """What a box pins, base64."""
        return (self.folder / "orders.pub").read_text().strip()

    async def status(self, school: str) -> dict[str, Any]:
        """The centre's report on a school; empty while its database does not answer."""
        _, text = await output(self.command("status", "--school", school, "--json"))
        try:
            found: dict[str, Any] = json.loads(text)[0]
        except (ValueError, IndexError):
            return {}
        return found

    async def events(self, school: str) -> list[str]:
        """Every stored event, verbatim."""
        _, text = await output(self.command("events", "--school", school, "--json-lines"))
        return text.splitlines()

    async def report(self, school: str, month: str) -> dict[str, Any]:
        """What a month comes to, as an accountant of the city asks for it. Raises RuntimeError."""
        _, text = await output(self.command("report", "--school", school, "--month", month, "--json"))
        try:
            found: dict[str, Any] = json.loads(text)[0]
        except (ValueError, IndexError) as error:
            raise RuntimeError(f"mektep-centre report says {text!r}") from error
        return found

    async def export(self, school: str, folder: Path) -> None:
        """The school's ledgers, for an auditor. Raises RuntimeError."""
        await asyncio.to_thread(self.must, "ledger", "export", school, str(folder))

    def people(self, school: str, kind: str = "pupil") -> dict[str, str]:
        """Whose the keys of pupils, or of staff, are, by the numbers of the school's office."""
        sql = "select key, external from person where school = ? and kind = ?"
        return {str(key): str(external) for key, external in self._rows(sql, school, kind)}

    def states(self, school: str) -> dict[str, str]:
        """In which state the centre shows each incident."""
        return {str(id_): str(state) for id_, state in self._rows(STATES, school)}

    def open_now(self, school: str) -> list[Open]:
        """What somebody must still answer for, or close. Empty while the database does not answer."""
        try:
            return [Open(*row) for row in self._rows(OPEN, school)]
        except (sqlite3.Error, AWAY):
            return []

    def steps(self, school: str, what: str) -> list[dict[str, Any]]:
        """What each step says: opened, told, answered, closed. Empty while the database does not answer."""
        try:
            return [json.loads(body) for (body,) in self._rows(STEPS, school, what)]
        except (sqlite3.Error, AWAY):
            return []

    def notified(self, school: str) -> list[tuple[str, int, str, str, str]]:
        """Who is to know: incident, step, why, role, person's key."""
        return [(str(one), int(step), str(why), str(role), str(key))
                for one, step, why, role, key in self._rows(NOTIFIED, school)]  # fmt: skip

    def files(self, school: str) -> dict[str, tuple[str, str, bool]]:
        """What shows incidents: of each file the incident, its kind, and whether it is here whole."""
        return {str(name): (str(incident), str(kind), bool(whole_ns))
                for name, incident, kind, whole_ns in self._rows(FILES, school)}  # fmt: skip

    def looks(self, school: str) -> set[str]:
        """The files that somebody has opened, by the custody log."""
        return {str(name) for (name,) in self._rows(LOOKS, school)}

    async def custody_holds(self) -> bool:
        """Whether the custody log's chain is whole."""
        code, _ = await output(self.command("custody", "--verify"))
        return code == 0

    def show_live_at(self, host: str, port: int, ca: Path) -> None:
        """Where live views may go: with the school's data it is published."""
        with (self.folder / "centre.toml").open("a") as file:
            file.write(f'\n[live]\nservers = [{{ host = "{host}", port = {port}, ca_file = "{ca}" }}]\n')

    def card_key(self, school: str) -> bytes:
        """Under which the school's cards are hashed; empty if no data of the school were ever loaded."""
        rows = self._rows("select card_key from school_secret where school = ?", school)
        return bytes(rows[0][0]) if rows else b""

    def _rows(self, sql: str, *args: str) -> list[tuple[Any, ...]]:
        """Of either database."""
        if self.postgres:
            return self.postgres.rows(sql.replace("?", "%s"), *args)
        with sqlite3.connect(f"file:{self.folder}/centre.db?mode=ro", uri=True) as db:
            found = db.execute(sql, args).fetchall()
        db.close()
        return found

    def stored(self, lane: str) -> tuple[int, int]:
        """Events of a lane that are committed, and the highest sequence; of the SQLite database, at once."""
        sql = "select coalesce(sum(events), 0), coalesce(max(highest), 0) from stream where lane = ?"
        with sqlite3.connect(f"file:{self.folder}/centre.db?mode=ro", uri=True) as db:
            events, highest = db.execute(sql, (lane,)).fetchone()
        db.close()
        return int(events), int(highest)

    # --- commands -------------------------------------------------------------------------------------------------

    def command(self, command: str, *args: str) -> list[str]:
        """The command line of mektep-centre."""
        config = [] if command == "init" else ["--config", str(self.folder / "centre.toml")]
        return [sys.executable, "-m", "centre", command, *args, *config]

    def must(self, command: str, *args: str, given: str = "") -> str:
        """Run a command that may not fail; `given` is typed into it. Raises RuntimeError with what it said."""
        words = self.command(command, *args)
        done = subprocess.run(words, capture_output=True, text=True, check=False, input=given)
        if done.returncode:
            raise RuntimeError(f"mektep-centre {command} {args[0]} failed:\n{done.stderr}")
        return done.stdout
