"""mektep-centre as a program: exit codes that scripts can trust, errors that help, no secret in what it says."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from centre import cli, commands
from centre.database import open_database
from centre.store import Store
from simulator.city import City
from simulator.processes import free_port
from tests.centre.batches import BOX, events, stored
from tests.centre.far_box import FarBox, until

COMMAND = [sys.executable, "-m", "centre"]
PASSWORD = "hunter2"


def call(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    path = {"PYTHONPATH": str(Path(cli.__file__).parents[1])}
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, env=os.environ | path, cwd=cwd, timeout=60
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A centre without a broker."""
    made = tmp_path_factory.mktemp("centre")
    assert call("init", str(made), "--broker-port", str(free_port())).returncode == 0
    return made


@pytest.fixture(scope="module")
def configs(folder: Path) -> dict[str, Path]:
    """Configurations in the same folder, one good and each other wrong in one thing."""
    texts = {
        "good": (folder / "centre.toml").read_text(),
        "unknown": 'databse = "x"\n',
        "url": f'database = "mysql://u:{PASSWORD}@h/d"\n',
        "unreadable": f'database = "postgresql://u:{PASSWORD}%zz@127.0.0.1:1/d"\n',
        "away": f'database = "postgresql://u:{PASSWORD}@127.0.0.1:{free_port()}/d"\n',
        "spoilt": f'database = "sqlite:///{folder}/spoilt.db"\n',
    }
    (folder / "spoilt.db").write_text("hello " * 1_000)
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text)
    return {name: folder / f"{name}.toml" for name in texts}


CODES: list[tuple[str, list[str], str, int, str]] = [
    ("all is well", ["status"], "good", 0, ""),
    ("no schools", ["school", "list"], "good", 0, ""),
    ("an empty quarantine", ["quarantine"], "good", 0, ""),
    ("nobody of that name", ["events", "--school", "school-x"], "good", 2, "K-118"),
    ("a bad key", ["school", "add", "school-x", "--key", "x"], "good", 2, "K-106"),
    ("a bad name", ["school", "add", "School", "--key", BOX.key_base64], "good", 2, "K-109"),
    ("no configuration", ["status"], "missing", 2, "K-103"),
    ("an unknown setting", ["status"], "unknown", 2, "K-103"),
    ("no such kind of database", ["status"], "url", 2, "K-102"),
    ("a URL that cannot be read", ["receive"], "unreadable", 2, "K-102"),
    ("the database is away", ["status"], "away", 3, "K-110"),
    ("the database is spoilt", ["school", "list"], "spoilt", 3, "K-110"),
    ("a receiver without a certificate", ["receive", "--name", "centre-9"], "good", 2, "K-101"),
]


@pytest.mark.parametrize(
    ("words", "config", "code", "says"), [case[1:] for case in CODES], ids=[case[0] for case in CODES]
)
def test_code_fact_and_instruction(
    folder: Path, configs: dict[str, Path], words: list[str], config: str, code: int, says: str
) -> None:
    done = call(*words, "--config", str(configs.get(config, folder / "missing.toml")))
    assert (done.returncode, done.stderr[: len(says)]) == (code, says)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (2 if code else 0)
    assert PASSWORD not in done.stdout + done.stderr


WRONG_USE = [
    [],
    ["fly"],
    ["school"],
    ["school", "add", "school-x"],
    ["events"],
    ["events", "--school", "s", "--lane", "evidence"],
    ["quarantine", "eat"],
    ["quarantine", "show", "x"],
    ["order", "s", "ping", "--expires", "0"],
    ["order", "s", "ping", "--expires", "-5"],
    ["order", "s", "ping", "--expires", "99999999999"],
    ["order", "s", "pi/ng"],
    ["order", "s", "#"],
    ["order", "s", "live."],
    ["order", "s", "live.start.now"],
    ["order", "s", "ping", "--wait", "long"],
    ["rekey", "--days", "0"],
    ["rekey", "--days", "1e3"],
    ["init", "x", "--broker-port", "65536"],
    ["init", "x", "--broker-port", "0"],
]


@pytest.mark.parametrize("words", WRONG_USE, ids=" ".join)
def test_wrong_use_is_told_before_anything_happens(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert "usage: mektep-centre" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ping", "live.start", "camera.snapshot", "incident.report"])
def test_every_order_of_the_protocol_has_a_name_that_is_taken(name: str) -> None:
    assert cli.ORDER_NAME.fullmatch(name)


@pytest.mark.parametrize("words", [["--help"], *([one, "--help"] for one in (
    "init", "receive", "school", "status", "events", "quarantine", "order", "rekey"))])  # fmt: skip
def test_help_is_there_for_each_command(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_the_configuration_of_the_current_folder_is_the_default(folder: Path) -> None:
    assert call("school", "list", cwd=folder).returncode == 0


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = call("init", str(tmp_path / "file/centre"))
    assert (done.returncode, done.stderr[:5]) == (2, "K-119")
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_enough_is_no_error(folder: Path, configs: dict[str, Path]) -> None:
    """mektep-centre events … | head"""
    store = Store(open_database(f"sqlite:///{folder}/centre.db"))
    for first in range(1, 6_000, 2_000):
        stored(store, events(first, first + 1_999))
    store.database.close()
    line = f"{' '.join(COMMAND)} events --school school-07 --config {configs['good']} | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, check=False, cwd=Path(cli.__file__).parents[1]
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines() == BOX.events("record", 1, 1)


def test_ctrl_c_is_no_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "status", interrupted)
    assert cli.main(["status", "--config", str(folder / "centre.toml")]) == 130


def test_no_private_key_is_ever_printed(folder: Path, tmp_path: Path) -> None:
    secrets = [
        line
        for path in [*folder.rglob("*.pem"), *folder.rglob("*.key")]
        for line in path.read_text().splitlines()
        if "-----" not in line
    ]
    config = ["--config", str(folder / "centre.toml")]
    done = [
        call("init", str(folder)),
        call("school", "add", "school-s", "--key", BOX.key_base64, "--certificate-dir", str(tmp_path), *config),
        call("school", "list", "--json", *config),
        call("status", "--json", *config),
        call("rekey", *config),
    ]
    said = "".join(one.stdout + one.stderr for one in done)
    assert [one.returncode for one in done] == [0] * 5
    assert len(secrets) > 10
    assert [secret for secret in secrets if secret in said] == []


# --- receive -------------------------------------------------------------------------------------------------


@pytest.fixture
def no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process the handlers stay pytest's."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)


def test_a_receiver_says_ready_and_ends_well_on_sigterm(city: City) -> None:
    receiver = city.receivers[0]
    asyncio.run(receiver.start())
    command = Path(f"/proc/{receiver.pid}/cmdline").read_bytes().decode()
    assert "BEGIN" not in command
    assert asyncio.run(receiver.stop()) == 0


def test_a_receiver_without_a_broker_gives_up_with_a_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, no_signals: None
) -> None:
    monkeypatch.setattr(commands, "SUBSCRIBE_S", 0.3)
    assert cli.main(["receive", "--config", str(folder / "centre.toml")]) == 3
    assert "K-112  no connection to the broker at 127.0.0.1:" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_receiver_that_cannot_go_on_ends_with_a_code_of_its_own(
    city: City, box: FarBox, monkeypatch: pytest.MonkeyPatch, no_signals: None
) -> None:
    """So that systemd starts it anew, instead of one that swallows its share in silence."""

    def broken(_self: Store, _batches: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Store, "store", broken)
    ended = threading.Event()

    def keep_sending() -> None:
        while not ended.wait(0.2):
            box.send(box.batch("record", 1, box.events("record", 1, 1)))

    sender = threading.Thread(target=keep_sending)
    sender.start()
    code = cli.main(["receive", "--config", str(city.folder / "centre.toml")])
    ended.set()
    sender.join()
    assert code == 4


def test_a_receiver_starts_without_its_database_and_says_so(city: City, tmp_path: Path) -> None:
    """It may be started at the same time; births and batches wait at the broker."""
    text = (city.folder / "centre.toml").read_text().splitlines()
    text[1] = f'database = "postgresql://u:{PASSWORD}@127.0.0.1:{free_port()}/d"'
    (city.folder / "away.toml").write_text("\n".join(text))
    words = ["receive", "--name", "centre-2", "--config", str(city.folder / "away.toml")]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([*COMMAND, *words], stdout=log, stderr=log, cwd=Path(cli.__file__).parents[1])
    until(lambda: "READY" in (tmp_path / "log").read_text())
    process.terminate()
    assert process.wait(30) == 0
    said = (tmp_path / "log").read_text()
    assert "K-110" in said
    assert PASSWORD not in said


def test_the_installed_program_is_this_source(tmp_path: Path) -> None:
    """Not a copy that was made when it was installed, and has grown old since."""
    done = subprocess.run(
        [sys.executable, "-c", "import centre; print(centre.__file__)"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert Path(done.stdout.strip()).parent == Path(cli.__file__).parent
    program = Path(sys.executable).with_name("mektep-centre")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith("usage: mektep-centre")
