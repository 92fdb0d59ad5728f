"""What an operator does with pictures and reference data: publish who may see, list, write to a file, open."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pyrage
import pytest

from centre.cli import main
from centre.custody import Custody
from centre.database import open_database
from centre.evidence import EvidenceStore
from centre.reference import Published
from centre.settings import load_settings
from centre.store import Store
from centre.wire import Birth
from simulator.city import City
from tests.centre.batches import BOX, batch
from tests.centre.far_box import EPOCH, SESSION, FarBox, Message, event, public, until
from tests.centre.test_evidence import ONE, TWO, part
from tests.source_tree import ROOT

Run = Callable[..., tuple[int, str, str]]
MINE = pyrage.x25519.Identity.generate()
RECIPIENT = str(MINE.to_public())


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A centre that knows one school; no broker runs."""
    config = tmp_path / "centre"
    assert main(["init", str(config), "--broker-port", "1"]) == 0
    store = Store(open_database(load_settings(config / "centre.toml").database))
    store.add_school("school-07", public(BOX.key))
    store.database.close()
    capsys.readouterr()
    return config


def runner(config: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--config", str(config)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(folder / "centre.toml", capsys)


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    made = Store(open_database(load_settings(folder / "centre.toml").database))
    yield made
    made.database.close()


def keep(store: Store, sealed: bytes, name: str = ONE, school: str = "school-07") -> None:
    parts = [part(at, sealed=sealed, name=name, school=school) for at in range(0, len(sealed), 16_384)]
    EvidenceStore(store.database).store(parts)


# --- evidence -------------------------------------------------------------------------------------------------------


def test_the_list_says_what_came_and_what_will_not(run: Run, store: Store) -> None:
    keep(store, bytes(20_000))
    lost = {"evidence": TWO, "camera": "yard", "kind": "blurred", "reason": "quota"}
    store.store([batch("record", 1, [event("school-07", "record", 1, type="kz.mektep.evidence.lost.v1", data=lost)])])
    code, out, _ = run("evidence", "list", "school-07")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == [ONE, TWO]
    assert "whole  20000 bytes" in out
    assert "yard" in out
    assert "blurred  lost quota" in out
    code, out, _ = run("evidence", "list", "--json")
    assert [one["state"] for one in json.loads(out)] == ["whole", "lost"]


def test_the_words_of_a_box_cannot_move_the_cursor(run: Run, store: Store) -> None:
    bad = "\x1b[2J\n" + "x" * 5_000
    lost = {"evidence": TWO, "camera": bad, "kind": bad, "reason": "\x1b]0;evil\x07"}
    store.store([batch("record", 1, [event("school-07", "record", 1, type="kz.mektep.evidence.lost.v1", data=lost)])])
    _, out, _ = run("evidence", "list")
    assert out.removesuffix("\n").isprintable()
    assert len(out) < 300
    Published(store.database).note("school-07", "recipients", 7, b"{}")
    birth = Birth(state="online", school="school-07", session=SESSION, epoch=EPOCH, datasets={"recipients": "\x1b[2J"})
    store.note_births([("school-07", birth, msgspec.json.encode(birth).decode())])
    assert "\x1b" not in run("reference", "school-07")[1]


def test_what_is_on_its_way_shows_how_far(run: Run, store: Store) -> None:
    EvidenceStore(store.database).store([part(0)])
    assert run("evidence", "list") == (0, f"{ONE}  school-07  ?  ?  ?  partial  16384/40000 bytes\n", "")


def test_a_sealed_file_is_written_and_with_a_key_opened(run: Run, store: Store, tmp_path: Path) -> None:
    picture = b"\xff\xd8 a picture"
    sealed = pyrage.encrypt(picture, [MINE.to_public()])
    keep(store, sealed)
    (tmp_path / "key").write_text(f"{MINE}\n")
    assert run("evidence", "get", ONE, "--out", str(tmp_path / "sealed"))[0] == 0
    assert (tmp_path / "sealed").read_bytes() == sealed
    assert run("evidence", "get", ONE, "--out", str(tmp_path / "a.jpg"), "--identity", str(tmp_path / "key"),
               "--reason", "incident of Monday", "--author", "aliya")[0] == 0  # fmt: skip
    assert (tmp_path / "a.jpg").read_bytes() == picture
    assert stat.S_IMODE((tmp_path / "a.jpg").stat().st_mode) == 0o600
    code, _, err = run("evidence", "get", ONE, "--out", str(tmp_path / "a.jpg"))
    assert (code, "K-119" in err) == (2, True)  # what is there stays
    assert (tmp_path / "a.jpg").read_bytes() == picture


def test_a_key_that_does_not_fit_stands_in_the_log(run: Run, store: Store, tmp_path: Path) -> None:
    keep(store, pyrage.encrypt(b"a picture", [MINE.to_public()]))
    (tmp_path / "key").write_text(f"{pyrage.x25519.Identity.generate()}\n")
    words = ["evidence", "get", ONE, "--out", str(tmp_path / "x"), "--identity", str(tmp_path / "key")]
    code, _, err = run(*words, "--reason", "incident of Monday", "--author", "aliya")
    assert (code, err[:5], (tmp_path / "x").exists()) == (2, "K-122", False)
    (entry,) = Custody(store.database).latest(1)
    assert (entry.account, entry.evidence, entry.what, entry.reason) == ("aliya", ONE, "opened", "incident of Monday")


def test_a_file_goes_to_standard_output(folder: Path, store: Store) -> None:
    keep(store, b"sealed")
    words = ["evidence", "get", ONE, "--out", "-", "--config", str(folder / "centre.toml")]
    done = subprocess.run([sys.executable, "-m", "centre", *words], capture_output=True, check=True, cwd=ROOT)
    assert done.stdout == b"sealed"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["evidence", "get", ONE, "--out", "x"], "K-124"),
        (["evidence", "list", "school-99"], "K-118"),
        (["reference", "school-99"], "K-118"),
        (["reference", "school-07", "recipients"], "K-125"),
        (["reference", "school-07", "recipients", "--snapshot", "age1x"], "K-123"),
        (["reference", "school-07", "calendar", "--snapshot", RECIPIENT], "K-123"),
        (["reference", "school-07", "recipients", "--blurred", "age1x"], "K-123"),
        (["reference", "school-07", "calendar", "--blurred", RECIPIENT], "K-123"),
        (["reference", "school-07", "recipients", "/no/such/file"], "K-119"),
        (["reference", "school-07", "recipients", "/dev/null"], "K-123"),
    ],
)
def test_each_mistake_is_named(run: Run, words: list[str], code: str) -> None:
    number, _, err = run(*words)
    assert (number, err[:5]) == (2, code)


def test_an_id_of_two_schools_wants_the_school(run: Run, store: Store, tmp_path: Path) -> None:
    keep(store, b"one")
    keep(store, b"other", school="school-08")
    assert "K-124" in run("evidence", "get", ONE, "--out", str(tmp_path / "x"))[2]
    assert run("evidence", "get", ONE, "--school", "school-08", "--out", str(tmp_path / "x"))[0] == 0
    assert (tmp_path / "x").read_bytes() == b"other"


# --- reference data -------------------------------------------------------------------------------------------------


def test_without_a_broker_nothing_is_published(run: Run, store: Store) -> None:
    code, _, err = run("reference", "school-07", "recipients", "--snapshot", RECIPIENT)
    assert (code, err[:5]) == (3, "K-112")
    assert Published(store.database).versions("school-07") == {}


def test_what_the_box_holds_stands_beside_what_is_published(run: Run, store: Store) -> None:
    assert run("reference", "school-07") == (0, "", "")
    Published(store.database).note("school-07", "recipients", 7, b'{"snapshot":[]}')
    assert run("reference", "school-07") == (1, "recipients  version 7  the box holds none\n", "")
    body = BOX.birth(datasets={"recipients": "7"}).payload.decode()
    store.note_births([("school-07", Birth(state="online", school="school-07", session=SESSION, epoch=EPOCH), body)])
    assert run("reference", "school-07") == (0, "recipients  version 7  held by the box\n", "")
    assert run("reference", "school-07", "recipients") == (0, '{"snapshot":[]}\n', "")


def test_a_published_dataset_waits_at_the_broker(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also for a box that was never there; the next version takes its place, and its parts with it."""
    box = FarBox("school-reference")
    city.add_school(box.school, box.key_base64, tmp_path / "box")
    call = runner(city.folder / "centre.toml", capsys)
    large = json.dumps({f"{number:05d}": "x" * 90 for number in range(3_000)})
    (tmp_path / "calendar.json").write_text(large)
    assert call("reference", box.school, "calendar", str(tmp_path / "calendar.json"))[0] == 0
    assert call("reference", box.school, "recipients", "--snapshot", RECIPIENT)[0] == 0
    assert call("reference", box.school, "recipients", "--blurred", RECIPIENT)[0] == 0
    heard = retained(box, city, tmp_path / "box")
    assert heard["recipients"].body["content"] == {"snapshot": [RECIPIENT], "blurred": [RECIPIENT]}
    assert call("reference", box.school, "recipients", "--snapshot")[0] == 0
    heard = retained(box, city, tmp_path / "box")
    assert heard["recipients"].body["content"] == {"snapshot": [], "blurred": [RECIPIENT]}
    assert call("reference", box.school, "recipients", "--support", RECIPIENT)[0] == 0
    heard = retained(box, city, tmp_path / "box")
    assert heard["recipients"].body["content"] == {"snapshot": [], "blurred": [RECIPIENT], "support": [RECIPIENT]}
    names = [one["sha256"] for one in heard["calendar"].body["parts"]]
    assert b"".join(heard[name].payload for name in names).decode() == large
    assert len(heard) == 2 + len(names)
    (tmp_path / "calendar.json").write_text("{}")
    assert call("reference", box.school, "calendar", str(tmp_path / "calendar.json"))[0] == 0
    heard = retained(box, city, tmp_path / "box")
    assert set(heard) == {"recipients", "calendar"}
    code, out, _ = call("reference", box.school)
    assert (code, out.count("the box holds none")) == (1, 2)


def retained(box: FarBox, city: City, certificates: Path) -> dict[str, Message]:
    """What a box gets that listens to all reference data."""
    box.heard.clear()
    box.connect(city.port, certificates)
    assert box._client is not None
    box._client.subscribe(box.topic("reference/+"), 1)
    until(lambda: len(box.heard_on("reference/calendar")) == 1 and box.heard_on("reference/recipients"))
    box._client.subscribe(box.topic("orders/+"), 1)
    box.close()
    prefix = box.topic("reference/")
    return {one.topic.removeprefix(prefix): one for one in box.heard if one.topic.startswith(prefix)}
