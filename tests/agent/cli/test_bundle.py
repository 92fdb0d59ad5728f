"""`mektep bundle`: with the daemon up, down, its database locked; and nothing in it that must not leave the school.

The proof: a real daemon with children in its data, taps, secrets, keys and a sealed picture, and a journal that says
all of it aloud; then the whole archive is searched.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import stat
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agent.bundle.parts import PARTS
from agent.clock import SystemClock
from agent.history.rows import Part
from agent.history.view import read
from agent.model import Severity
from agent.ops import status
from agent.outbox.outbox import open_outbox
from agent.reference import Reference
from agent.school.cards import card_hash
from agent.secrets import SecretStore
from drivers.cards import printed
from drivers.readings import CardForm
from simulator.card_reader import CardReader
from simulator.processes import Process
from tests.agent.bundle.laid_out import program
from tests.agent.cli.command import MEKTEP, READER, ROOT, daemon, log_of, mektep, write_config
from tests.agent.evidence.pictures import IDENTITY, change, evidence_of, jpeg, somebody
from tests.agent.outbox.box import SMALL, until
from tests.agent.sealed import CALENDAR, CARD_KEY, CARDS, PUPIL, sealed

CARD = "6F007B3972"
PASSWORD = "blue Bicycle 47"
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg0rBt8nFqgh5rGQ2m\n-----END EC PRIVATE KEY-----\n"
MORE = """
# Aigul Serikova, 8 701 555 01 02
[[camera]]
name = "gate"
driver = "rtsp"
url = "rtsp://127.0.0.1:9/stream"
user = "viewer"
secret = "yard"
"""
CHILD = card_hash(CARD_KEY, CardForm.EM4100, CARD)


class School(msgspec.Struct, frozen=True):
    """A box with all that must not leave it."""

    config: Path
    process: Process
    secret: list[str]  # what must be nowhere


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"LC_ALL": "C", "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


def bundle(folder: Path, *words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [*MEKTEP, "bundle", *(str(word) for word in words)]
    given = environment(folder) | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd or ROOT, env=given, capture_output=True, text=True, timeout=120, check=False)


def unpacked(path: Path) -> dict[str, str]:
    """Everything in it, by its name below the top folder."""
    with tarfile.open(path) as tar:
        members = [entry for entry in tar.getmembers() if entry.isfile()]
        return {entry.name.partition("/")[2]: content(tar, entry).decode() for entry in members}


def content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry)
    assert file is not None
    return file.read()


async def furnished(folder: Path) -> Path:
    """Children, keys, secrets, a sealed picture."""
    reader = folder / "canteen-1"
    path = write_config(folder, more=READER.format(name="canteen-1", port=reader) + MORE)
    state = folder / "state"
    state.mkdir()
    SecretStore(state / "secrets").put("yard", PASSWORD)
    (state / "pki").mkdir()
    (state / "pki/box.key").write_text(PEM)
    reference = Reference(state / "reference", SystemClock())
    children = json.loads(json.dumps(CARDS))
    children["pupils"][0]["cards"] = [CHILD]
    for name, told in {"cards": children, "calendar": CALENDAR}.items():
        content = sealed(told, reference.recipient) if name == "cards" else json.dumps(told).encode()
        await reference.put(name, 1, content)
    async with open_outbox(state / "outbox.db", school="school-07", clock=SystemClock(), settings=SMALL) as outbox:
        evidence = evidence_of(outbox, state, SystemClock(), somebody)
        await evidence.begin()
        await evidence.keep(change(jpeg(), blurred=jpeg(seed=2)), "gate", Severity.ERROR)
        await evidence.drained()
    return path


FORMS = {
    CardForm.EM4100: CARD,
    CardForm.UID4: "04A1B2C3",
    CardForm.UID7: "04A1B2C3D4E5F6",
    CardForm.WIEGAND26: "7B3972",
    CardForm.WIEGAND34: "6F007B39",
}
IN_FILES = ["PRIVATE KEY", "MHcCAQEE", "Aigul", "701 555", "S3cret"]  # of a key, of a comment, of a URL


def said_aloud(state: Path) -> list[str]:
    """What a journal must not say; this one does."""
    prints = [text for form, card in FORMS.items() for text in printed(form, card).values()]
    keys = [CARD_KEY, (state / "card.key").read_bytes()]
    return [
        *(text.rpartition(" ")[2] for text in prints),
        *(CHILD, PUPIL, PASSWORD, IDENTITY),
        (state / "identity.pem").read_text().splitlines()[1],
        (state / "reference.agekey").read_text().strip(),
        *(key.hex() for key in keys),
        *(base64.b64encode(key).decode() for key in keys),
    ]


def pieces(aloud: list[str]) -> list[str]:
    """A long one must not be there by halves either."""
    return [part for one in aloud for part in ({one[:24], one[-24:]} if len(one) > 32 else {one})]


def works(folder: Path) -> bool:
    """The daemon has shown in its picture that it has opened the reader."""
    picture = status.read(folder / "run/status.json")
    return picture is not None and picture.sources["canteen-1"].state == "working"


def is_written(folder: Path) -> bool:
    """And has written that into the history."""
    return bool(read(folder / "state/outbox.db", Part.DEVICE, "canteen-1", 0).stretches)


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """Its daemon runs, a child has eaten, and its journal tells what no journal should."""
    reader = CardReader("canteen-1", tmp_path / "canteen-1", "em4100")
    reader.line.plug()
    path = await furnished(tmp_path)
    process = daemon(path)
    await process.start()
    await until(lambda: works(tmp_path), 60)
    assert await reader.show(bytes.fromhex(CARD), patience_s=30) == "G"
    await until(lambda: is_written(tmp_path), 60)
    aloud = said_aloud(tmp_path / "state")
    spoken = "\n".join(f"2026-11-26T08:00:00+0000 box mektep[1]: read {one}" for one in aloud)
    url = "opening rtsp://admin:S3cret@10.0.0.2/1"
    program(tmp_path, "journalctl", f"{log_of(path)}\n{spoken}\n{PEM}{url}\nkernel: usb 1-1: serial {CARD}\n")
    yield School(path, process, [*pieces(aloud), *IN_FILES])
    process.kill()
    reader.line.unplug()


def told(path: Path) -> dict[str, dict]:
    return {one["part"]: one for one in json.loads(unpacked(path)["about.json"])["parts"]}


async def test_nothing_in_it_must_not_leave_the_school(school: School, tmp_path: Path) -> None:
    done = bundle(tmp_path, school.config, "--out", tmp_path / "one.tar.gz", "--json")
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert [one["part"] for one in answer["parts"]] == [part.name for part in PARTS]
    files = unpacked(tmp_path / "one.tar.gz")
    for one in school.secret:
        for name, text in files.items():
            assert one.lower() not in text.lower(), f"{one} in {name}"

    spoken = (tmp_path / "journalctl.says").read_text()
    assert sum(one in spoken for one in school.secret) > 20, "the journal has said it"
    with sqlite3.connect(tmp_path / "state/outbox.db") as db:
        kept = str(db.execute("select json from event").fetchall())
    db.close()
    assert '"form":"em4100"' in kept, "the tap is in the database"
    assert PASSWORD in (tmp_path / "state/secrets/yard").read_text()


async def test_what_support_needs_is_in_it(school: School, tmp_path: Path) -> None:
    done = bundle(tmp_path, school.config, "--out", tmp_path / "one.tar.gz")
    assert "status " in done.stdout
    assert "what works now" in done.stdout
    assert str(tmp_path / "one.tar.gz") in done.stdout
    assert stat.S_IMODE((tmp_path / "one.tar.gz").stat().st_mode) == 0o600
    files = unpacked(tmp_path / "one.tar.gz")
    picture = json.loads(files["status/status.json"])
    assert (picture["running"], picture["picture"]["sources"]["canteen-1"]["state"]) == (True, "working")
    assert any(one["name"] == "canteen-1" for one in json.loads(files["history/history.json"]) if "name" in one)
    config = json.loads(files["configuration/config.json"])
    assert (config["camera"][0]["url"], config["camera"][0]["secret"]) == ("rtsp://127.0.0.1:9/stream", "[removed]")
    assert any(one["owed"] > 0 for one in json.loads(files["owed/lanes.json"]))
    assert {one["kind"] for one in json.loads(files["owed/evidence.json"])} == {"snapshot", "blurred"}
    assert json.loads(files["database/database-check.json"]) == ["ok"]
    assert "agent: school school-07" in files["journal/journal.txt"]
    assert "usb 1-1: serial [removed]" in files["kernel/kernel.txt"]
    assert "agent" in json.loads(files["software/software.json"])
    assert "MemTotal" in json.loads(files["system/memory-kb.json"])
    for name in files:
        assert name in files["CONTENTS.txt"] or name in ("CONTENTS.txt", "about.json")


async def test_with_the_daemon_dead_and_the_database_locked(school: School, tmp_path: Path) -> None:
    school.process.kill()
    with sqlite3.connect(tmp_path / "state/outbox.db", isolation_level=None) as db:
        db.execute("pragma wal_checkpoint(truncate)")
        db.execute("pragma locking_mode=exclusive").fetchone()
        db.execute("begin exclusive")
        done = bundle(tmp_path, school.config, "--out", tmp_path)
    db.close()
    assert done.returncode == 1
    assert "missing: another program holds the database locked" in done.stdout
    (path,) = tmp_path.glob("mektep-school-07-*.tar.gz")
    files = unpacked(path)
    assert json.loads(files["status/status.json"])["running"] is False
    assert json.loads(files["owed/lanes.json"])
    assert "locked" in str(told(path)["database"]["missing"])


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    program(tmp_path, "journalctl", "")
    return write_config(tmp_path)


def test_a_box_that_never_ran_and_whose_configuration_is_wrong(bare: Path, tmp_path: Path) -> None:
    bare.write_text(bare.read_text() + '[[reader]]\nname = "a"\npassword = "hunter2"\n')
    done = bundle(tmp_path, bare, cwd=tmp_path)
    assert done.returncode == 1
    (path,) = tmp_path.glob("mektep-school-07-*.tar.gz")
    files = unpacked(path)
    assert "C-1" in files["configuration/config-mistakes.json"]
    assert "hunter2" not in str(files)
    assert "has not run" in str(told(path)["status"]["missing"])
    assert "system/machine.json" in files
    assert not (tmp_path / "state").exists(), "looking makes nothing"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("C", ("kernel", "No passwords")),
        ("ru_RU.UTF-8", ("журнал служб", "Паролей")),
        ("kk_KZ.UTF-8", ("журналы", "құпиясөздер")),
    ],
)
def test_what_would_be_in_it(tmp_path: Path, language: str, words: tuple[str, ...]) -> None:
    done = mektep("bundle", "--list", tmp_path / "none.toml", language=language)
    assert (done.returncode, done.stderr) == (0, "")
    for word in (*words, *(part.name for part in PARTS)):
        assert word in done.stdout
    assert "bundle." not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_would_be_in_it_as_json(tmp_path: Path) -> None:
    parts = json.loads(mektep("bundle", "--list", "--json", tmp_path / "none.toml").stdout)["parts"]
    assert [one["part"] for one in parts] == [part.name for part in PARTS]


def test_a_file_that_is_there_stays(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = bundle(tmp_path, bare, "--out", tmp_path / "mine")
    assert (done.returncode, done.stdout) == (2, "")
    assert "X-231" in done.stderr
    assert (tmp_path / "mine").read_text() == "mine"


def test_it_can_go_into_a_pipe(bare: Path, tmp_path: Path) -> None:
    command = [*MEKTEP, "bundle", str(bare), "--out", "-"]
    done = subprocess.run(command, env=environment(tmp_path), cwd=ROOT, capture_output=True, timeout=120, check=False)
    (tmp_path / "piped").write_bytes(done.stdout)
    assert (done.returncode, done.stderr) == (1, b"")
    assert "CONTENTS.txt" in unpacked(tmp_path / "piped")
    assert list(tmp_path.glob("*.gz")) == []
