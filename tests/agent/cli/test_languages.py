"""What a person reads is in their language: no Latin word stands in Russian or Kazakh but names and what is typed.

First the texts themselves, then what the commands print of a box on which much is wrong.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent import config
from agent.bundle.parts import PARTS as PARTS_OF_A_BUNDLE
from agent.cli.main import main
from agent.firmware import board
from agent.incident_events import Addressee
from agent.incidents.kinds import Certainty, Kind
from agent.incidents.life import State
from agent.incidents.view import SignView, View
from agent.ops import status
from agent.ops.status import EvidenceView, PartView, TroubleView
from agent.texts.facts import FOLDER
from tests.agent.cli.command import READER, write_config
from tests.agent.cli.looks import living, source
from tests.agent.firmware.pi import pi
from tests.agent.outbox.box import opened, tap, taps

LANGUAGES = ("ru", "kk")
NAMES = """
    Bluetooth CSI FFmpeg JSON NVMe ONVIF PostgreSQL psycopg zstd bash zsh
    base baud BCM dialout DHCP DNS EEPROM EST GPIO gpio HTTP IPv Mifare Modbus MQTT NTP OSDP PEM PoE RDM RTC RTSP RTU
    SSH TCP TLS TOML toml UDP UART UID USB UTC UTF QoS Raspberry Python python pid
"""  # of protocols, plugs, things
PROGRAMS = """
    all gate incidents kill none OTHER password proc show since sys vkey
    agent apt audit backup blurred busybox camera cameras card cells certificate chip chmod chown clock close cmdline
    config confirm cons csi days deb dev discover dismiss docs doctor drivers eeprom enable enrol examples export ext
    firmware fsck fuser gpiodetect gpioinfo history hwclock identity incident input install journalctl journald jpg
    json kbd key
    LABEL leaf ledger lib libcamera list listen make mektep mkfs mount new nonint now only out outbox overlayroot pcsc
    pcscd pgpass PGPASSWORD picamera pip pki plain png polkit probe proof pyscard pyserial raspi reboot reference
    reinstall replace restart root rpi rpicam rwx scan secret serial setup sha skip snapshot socket ssh start status
    sudo systemctl systemd SystemMaxUse systohc tar timedatectl true tune txt udev uid unit var video why xzf yes
"""  # what is typed, and the words behind it
SETTINGS = """
    add address age agekey boot broker calendar cards centre certified channel check club clubs data duty est event
    evidence false form format height hello host keep keyboard live meals panel place port profile pull purpose quota
    reader reason recipients runtime secrets sees stale state steps tamper thresholds token top url user width zones
"""  # of the configuration and of the centre's data
ALLOWED = set(f"{NAMES} {PROGRAMS} {SETTINGS}".split())
TYPED = re.compile(r"`[^`]*`|\{[^}]*\}|\b(?:sudo|mektep)\b[A-Za-z0-9_ ./=:-]*")  # a place, or a command
WORD = re.compile(r"[A-Za-z]{3,}")


def strangers(text: str, allowed: set[str]) -> set[str]:
    """Latin words that nobody has allowed; what stands in a place of a text is not of the text."""
    bare = TYPED.sub(" ", text)
    return {word for word in WORD.findall(bare) if word not in allowed}


def texts(language: str) -> Iterator[tuple[str, str]]:
    folder = FOLDER.parent
    for section, table in tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8")).items():
        yield from ((f"{section}.{key}", text) for key, text in table.items())
    for path in sorted(FOLDER.glob("*.toml")):
        for code, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            yield from ((f"{code} {english}", told[language]) for english, told in table.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_an_english_word(language: str) -> None:
    assert {key: found for key, text in texts(language) if (found := strangers(text, ALLOWED))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [("агент failed", {"failed"}), ("`agent failed` MQTT {what}", set()), ("sudo foo bar --baz, failed", {"failed"})],
)
def test_the_test_sees_english(text: str, found: set[str]) -> None:
    assert strangers(text, ALLOWED) == found


# --- a box on which much is wrong -----------------------------------------------------------------------------------

AT = "2026-11-23T08:00:00.000000Z"
OWN = {"school", "canteen", "gate", "smoke", "loop", "stairs", "gym", "hall", "serial", "ascii", "osdp", "OSError"}
PARTS = {part.name for part in PARTS_OF_A_BUNDLE}  # folders of the archive
FIRE = View(
    incident="3f2a91c0-0000-4000-8000-000000000000", kind=Kind.FIRE, place="stairs", certainty=Certainty.SUSPECTED,
    state=State.TOLD, opened=AT, answer_by=AT, to=(Addressee(role="duty", staff="0a" * 8),),
    signs=(SignView(source="smoke/2", what="fire", certain=False, count=3),),
)  # fmt: skip
WRONG = {
    "canteen-1": source(),
    "gate": source("failed", code="P-104", what="/dev/reader-gate went away: it hung up", do="Check.", since=AT),
    "smoke": source("quarantined", code="R-190", what="osdp failed by itself: OSError: x", do="Send.", since=AT),
    "loop": source(parts=[PartView(kind="contact", part="gym", place="", state="cut")], garbled=40),
}
TROUBLES = [
    TroubleView(code="D-122", what="another process holds the database locked: unknown", do="End it."),
    TroubleView(code="M-102", what="reference data is older than two weeks: cards; decisions are marked stale", do="."),
    TroubleView(code="V-401", what="the clock of gate is 3 days ahead", do="Set it."),
]


@pytest.fixture
async def box(tmp_path: Path) -> Path:
    """Its file; an agent that lives has left its status."""
    for folder in ("run", "state"):
        (tmp_path / folder).mkdir()
    file = write_config(tmp_path, more="".join(READER.format(name=name, port=f"/dev/{name}") for name in WRONG))
    async with opened(tmp_path / "state/outbox.db") as outbox:
        await outbox.accept([tap(1, "gate"), *taps(2)])
    found = config.load(file)
    now = living(
        found, sources=WRONG, troubles=TROUBLES, incidents=[FIRE], clock="unsynced",
        evidence=EvidenceView(kept=3, owed_bytes=450_000, sealed=9, delivered=5, lost=1, not_kept=2),
    )  # fmt: skip
    link = msgspec.structs.replace(
        now.link, state="offline", code="L-103", what="centre:8883 refuses the connection", do="Tell.",
        refused={"oversized": 1}, last_receipt=AT,
    )  # fmt: skip
    status.write(found.state.live, msgspec.structs.replace(now, link=link))
    return file


CHECKS = (
    *("configuration", "agent", "version", "life", "troubles", "devices", "power", "temperature", "memory", "swap"),
    *("disk", "mounts", "card", "wear", "database", "clock", "rtc", "link", "gateway", "name", "broker", "tls"),
    *("certificates", "centre", "reference", "files", "usb"),
)
COMMANDS = [
    *(["status"], ["why", "gate"], ["why", "loop"], ["why", "centre"], ["why", "clock"], ["why", "agent"]),
    *(["camera", "list"], ["outbox", "list"], ["reference"], ["config", "history"], ["update", "show"], ["check"]),
    *(
        ["tail", "--once"],
        ["incident", "list"],
        ["reader", "test", "gate"],
        ["outbox", "reconcile"],
    ),
    *(["drill", "fire"], ["camera", "snapshot", "hall", "--out", "/tmp/x.png"], ["bundle", "--list"]),
    ["doctor", *(word for name in CHECKS for word in ("--only", name))],
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
async def test_no_command_says_an_english_word(
    box: Path, words: list[str], language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    named = [*words, str(box)] if words[:2] != ["bundle", "--list"] else words
    if "--out" in words:
        named = [*words[:3], str(box), *words[3:]]
    await asyncio.to_thread(main, named, out)
    said = out.getvalue() + capsys.readouterr().err
    assert said, "it says nothing at all"
    words = re.sub(r"\S*[/\d]\S*|\b[0-9a-f]{8}\b", " ", said)  # without paths, and ids that may have letters alone
    assert strangers(words, ALLOWED | OWN | PARTS) == set()
    assert max(len(line) for line in said.splitlines() if str(box) not in line) <= 80  # a path is never cut


OF_A_CARD = {"IronLogic", "Marine", "Mifare"}
WITHOUT_A_BOX = [
    *(["card", "6F007B3972"], ["card", "A1B2C3D4", "--form", "uid4"], ["card", "04A1B2C3D4E5F6", "--form", "uid7"]),
    *(["card", "12AB34", "--form", "wiegand26"], ["card", "6F"]),
    *(["audit", "/no/such/export"], ["audit", "postgresql://a:b@127.0.0.1:1/x"]),
    *(["discover", "--port", "/dev/none", "/none.toml"], ["check", "/none.toml"], ["enrol", "/none.toml"]),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", WITHOUT_A_BOX, ids=lambda words: " ".join(words[:2]))
def test_no_command_without_a_box_says_an_english_word(
    words: list[str], language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}.UTF-8")
    out = io.StringIO()
    main(words, out)
    said = out.getvalue() + capsys.readouterr().err
    assert strangers(re.sub(r"\S*[/\d]\S*", " ", said), ALLOWED | OF_A_CARD) == set()
    assert said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reasons_of_the_pis_own_lines_are_in_the_readers_language(
    tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MACHINE", os.uname().machine)
    monkeypatch.setenv("LC_ALL", f"{language}.UTF-8")
    out = io.StringIO()
    main(["firmware", "show", "--root", str(pi(tmp_path)), "--with", "rtc-ds3231"], out)
    reasons = " ".join(line for line in out.getvalue().splitlines() if line.startswith("      "))
    assert len(reasons) > 1000
    assert strangers(reasons, ALLOWED) == set()
