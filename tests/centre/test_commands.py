"""What an operator does with mektep-centre: make a centre, register schools, look, requeue, order, change keys."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from centre import keys
from centre.cli import main
from centre.database import open_database
from centre.settings import load_settings
from centre.store import Store
from centre.wire import Answer, Birth
from simulator.city import City
from tests.centre.batches import BOX, batch, events, stored
from tests.centre.far_box import EPOCH, OTHER_EPOCH, SESSION, FarBox, until
from tests.centre.visitor import NOT_AUTHORISED, Visitor, visit

KEY = BOX.key_base64
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A centre that nobody has used yet; no broker runs."""
    assert main(["init", str(tmp_path / "centre"), "--broker-port", "1"]) == 0
    capsys.readouterr()
    return tmp_path / "centre"


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit code, output, errors."""

    def call(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--config", str(folder / "centre.toml")])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    made = Store(open_database(load_settings(folder / "centre.toml").database))
    yield made
    made.database.close()


# --- init ----------------------------------------------------------------------------------------------------


def test_init_makes_a_whole_centre(folder: Path) -> None:
    settings = load_settings(folder / "centre.toml")
    assert (settings.database, settings.broker_port, settings.tls) == (f"sqlite:///{folder}/centre.db", 1, True)
    assert (folder / "centre.toml").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (folder / "pki").glob("*.crt")} == {
        "ca.crt", "broker.crt", "est.crt", "centre-admin.crt", "centre-1.crt", "centre-2.crt", "centre-1-alarm.crt",
        "centre-2-alarm.crt",
    }  # fmt: skip
    assert (folder / "broker/mosquitto.conf").exists()


def test_init_says_what_boxes_pin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init", str(tmp_path / "centre")])
    assert (tmp_path / "centre/orders.pub").read_text().strip() in capsys.readouterr().out


def test_init_again_changes_nothing(folder: Path) -> None:
    """Also with other words, and when the operator has changed things."""
    (folder / "centre.toml").write_text('database = "sqlite:////elsewhere"\n')
    (folder / "broker/mosquitto.conf").write_text("# ours\n")
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert main(["init", str(folder), "--broker-port", "9999"]) == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize("name", ['quo"ted', "back\\slash", "Орталық", "with space"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    assert main(["init", str(folder)]) == 0
    assert load_settings(folder / "centre.toml").database == f"sqlite:///{folder}/centre.db"


@pytest.mark.parametrize("url", ["postgresql://u:secret@h/d", "postgres://u:@h/d", "postgresql://h/d?password=secret"])
def test_a_password_is_not_taken_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert main(["init", str(tmp_path / "centre"), "--database", url]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("K-117  ")
    assert "secret" not in out + err
    assert not (tmp_path / "centre").exists()


@pytest.mark.parametrize("url", ["postgresql://u@h:5432/d", "postgresql:///d?host=/run/postgresql"])
def test_a_database_without_a_password_is_taken(tmp_path: Path, url: str) -> None:
    assert main(["init", str(tmp_path / "centre"), "--database", url]) == 0
    assert load_settings(tmp_path / "centre/centre.toml").database == url


def test_a_plain_configuration_is_made_when_asked_for(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path), "--plain-port", "1883"]) == 0
    plain = load_settings(tmp_path / "centre-plain.toml")
    assert (plain.broker_host, plain.broker_port, plain.tls) == ("127.0.0.1", 1883, False)


# --- schools -------------------------------------------------------------------------------------------------


def rules(folder: Path) -> list[str]:
    found = json.loads((folder / "broker/dynsec.json").read_bytes())
    return [one["username"] for one in found["clients"] if not one["username"].startswith("centre")]


def test_a_school_is_registered_in_the_table_and_in_the_rules(folder: Path, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("school", "add", "school-07", "--key", KEY, "--certificate-dir", str(tmp_path / "box"))
    assert (code, out) == (0, "school-07 is registered.\n")
    assert run("school", "list")[1] == f"school-07  {KEY}\n"
    assert json.loads(run("school", "list", "--json")[1]) == {"school-07": KEY}
    assert rules(folder) == ["school-07"]
    assert {path.name for path in (tmp_path / "box").iterdir()} == {"box.crt", "box.key", "ca.crt"}


def test_a_school_is_removed_from_both(folder: Path, run: Run) -> None:
    run("school", "add", "school-07", "--key", KEY)
    code, out, _ = run("school", "remove", "school-07")
    assert (code, out) == (0, "school-07 is no longer registered; what it sent is kept.\n")
    assert (run("school", "list")[1], rules(folder)) == ("", [])
    code, _, err = run("school", "remove", "school-07")
    assert (code, err[:5]) == (2, "K-118")


@pytest.mark.parametrize("name", ["", "School", "школа", "centre-1", "centre", "a" * 33, "a/b", "+", "#", "a b"])
def test_a_name_that_cannot_be_a_topic_is_refused(folder: Path, run: Run, name: str) -> None:
    code, _, err = run("school", "add", name, "--key", KEY)
    assert (code, err[:5]) == (2, "K-109")
    assert rules(folder) == []


@pytest.mark.parametrize(
    "key",
    ["", "hello", base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(33)).decode(), KEY + " ", "ключ"],
    ids=["empty", "a word", "31 bytes", "33 bytes", "a space after it", "no ASCII"],
)
def test_a_key_of_another_shape_is_refused(run: Run, key: str) -> None:
    code, _, err = run("school", "add", "school-07", "--key", key)
    assert (code, err[:5]) == (2, "K-106")
    assert "mektep identity" in err
    assert run("school", "list")[1] == ""


def test_the_certificate_of_another_school_is_not_left_in_the_folder(run: Run, tmp_path: Path) -> None:
    """And then the school is not registered either."""
    run("school", "add", "school-07", "--key", KEY, "--certificate-dir", str(tmp_path / "box"))
    code, _, err = run("school", "add", "school-08", "--key", KEY, "--certificate-dir", str(tmp_path / "box"))
    assert (code, err[:5]) == (2, "K-115")
    assert "school-08" not in run("school", "list")[1]


def test_with_a_running_broker_both_happen_at_once(city: City, tmp_path: Path) -> None:
    box, config = FarBox("school-live"), ["--config", str(city.folder / "centre.toml")]
    words = ["--key", box.key_base64, "--certificate-dir", str(tmp_path / "box")]
    assert main(["school", "add", box.school, *words, *config]) == 0
    ca, certificate = city.folder / "pki/ca.crt", tmp_path / "box/box"
    with visit(city.port, ca, certificate, box.school) as visitor:
        assert visitor.publish(box.topic("status")) == 0
        assert main(["school", "remove", box.school, *config]) == 0
        until(visitor.gone.is_set)
    again = Visitor(ca, certificate, box.school).knock(city.port)
    assert again.publish(box.topic("status")) == NOT_AUTHORISED
    again.leave()


# --- looking -------------------------------------------------------------------------------------------------


def test_a_sound_centre_needs_no_attention(run: Run, store: Store) -> None:
    store.add_school("school-07", b"k" * 32)
    stored(store, events(1, 3))
    code, out, err = run("status")
    assert (code, err) == (0, "")
    assert out.startswith("school-07  never seen")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda store: stored(store, events(5, 6)), 1),
        (lambda store: stored(store, events(1, 1, data={"other": 1})), 1),
        (lambda store: stored(store, batch("record", 4, [b"{}"])), 1),
        (lambda store: store.note_refusal("school-07", "oversized"), 0),
        (lambda store: store.note_ahead("school-07", "1", "{}"), 0),
    ],
    ids=["a gap", "a conflict", "quarantine", "a refusal", "an alarm ahead"],
)
def test_gaps_conflicts_and_quarantine_need_attention(
    run: Run, store: Store, spoil: Callable[[Store], object], code: int
) -> None:
    store.add_school("school-07", b"k" * 32)
    stored(store, events(1, 3))
    spoil(store)
    assert run("status")[0] == code
    assert run("status", "--json", "--school", "school-07")[0] == code


def test_status_as_json_is_a_list_of_schools(run: Run, store: Store) -> None:
    store.add_school("school-07", b"k" * 32)
    store.add_school("school-08", b"k" * 32)
    store.note_refusal("-", "unknown_school")
    stored(store, events(1, 3))
    found = json.loads(run("status", "--json")[1])
    assert [one["school"] for one in found] == ["school-07", "school-08", "-"]
    assert found[0]["epochs"][EPOCH]["record"]["through"] == 3
    (one,) = json.loads(run("status", "--json", "--school", "school-07")[1])
    assert one == found[0]


def test_a_removed_school_is_still_shown_with_what_it_sent(run: Run, store: Store) -> None:
    stored(store, events(1, 3))
    assert "no longer registered" in run("status")[1]


@pytest.mark.parametrize(
    "words", [("status", "--school", "school-o7"), ("events", "--school", "school-o7"), ("order", "school-o7", "ping")]
)
def test_a_slip_in_a_name_is_told(run: Run, store: Store, words: tuple[str, ...]) -> None:
    store.add_school("school-07", b"k" * 32)
    code, out, err = run(*words)
    assert (code, out, err[:5]) == (2, "", "K-118")


def test_a_delegation_that_runs_out_is_told_in_time(folder: Path, run: Run) -> None:
    """Three months after `init` every box would refuse every receipt."""
    keys.delegate(folder, 5)
    code, _, err = run("status")
    assert (code, err[:5]) == (1, "K-114")
    assert "rekey" in err
    assert run("rekey")[0] == 0
    assert run("status")[0] == 0


def test_events_are_printed_verbatim_in_order(run: Run, store: Store) -> None:
    stored(store, events(1, 3), events(1, 1, "alarm"), events(1, 2, epoch=OTHER_EPOCH))
    bodies = [one.decode() for one in BOX.events("record", 1, 3)]
    _, out, _ = run("events", "--school", "school-07", "--lane", "record", "--epoch", EPOCH)
    assert out.splitlines() == bodies
    assert len(run("events", "--school", "school-07")[1].splitlines()) == 6
    assert len(run("events", "--school", "school-07", "--lane", "record")[1].splitlines()) == 5


def test_more_events_than_are_read_at_once_are_all_printed(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("centre.commands.EVENTS_AT_ONCE", 7)
    stored(store, events(1, 21))
    _, out, _ = run("events", "--school", "school-07", "--json-lines")
    assert out.splitlines() == [one.decode() for one in BOX.events("record", 1, 21)]


# --- quarantine ----------------------------------------------------------------------------------------------


@pytest.fixture
def aside(store: Store) -> int:
    """A piece that was malformed when it came, and a second one that still is; the number of the first."""
    stored(store, batch("record", 1, [b"{}", b'{"\xff": 1}']))
    number = int(store.database.execute("select min(id) from quarantine")[0][0])
    sound = BOX.events("record", 1, 1)[0]
    store.database.execute("update quarantine set body = ? where id = ?", (sound, number))
    return number


def test_an_empty_quarantine_says_so(run: Run) -> None:
    assert run("quarantine") == (0, "Nothing is in quarantine.\n", "")


def test_quarantine_is_listed_with_its_reasons(run: Run, aside: int) -> None:
    code, out, _ = run("quarantine", "list")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith(f"{aside}  school-07/{EPOCH}/record/1-1  Object missing required field")
    assert len(lines) == 2


def test_a_piece_is_shown_verbatim(run: Run, aside: int) -> None:
    assert run("quarantine", "show", str(aside + 1))[1].splitlines()[1] == '{"\\xff": 1}'
    assert len(run("quarantine", "show")[1].splitlines()) == 4


def test_a_sound_piece_is_stored_and_the_other_stays(run: Run, store: Store, aside: int) -> None:
    code, out, _ = run("quarantine", "requeue")
    assert code == 1
    assert [line.strip() for line in out.splitlines() if line.startswith("  ")] == ["1-1 stored", "still unreadable"]
    assert len(run("events", "--school", "school-07")[1].splitlines()) == 1
    assert store.database.execute("select id from quarantine") == [(aside + 1,)]


def test_one_piece_alone_is_requeued(run: Run, aside: int) -> None:
    assert run("quarantine", "requeue", str(aside))[0] == 0
    assert run("quarantine", "requeue", str(aside)) == (1, f"There is no number {aside} in quarantine.\n", "")


def test_what_was_stored_meanwhile_is_told(run: Run, store: Store, aside: int) -> None:
    stored(store, events(1, 1))
    assert "1-1 repeat" in run("quarantine", "requeue", str(aside))[1]


# --- orders --------------------------------------------------------------------------------------------------


def born(city: City, box: FarBox) -> list[str]:
    """The centre has seen its birth; the end of the command line."""
    config = city.folder / "centre.toml"
    store = Store(open_store(config))
    birth = Birth(state="online", school=box.school, session=SESSION, epoch=EPOCH)
    store.note_births([(box.school, birth, "{}")])
    store.database.close()
    return ["--config", str(config)]


def open_store(config: Path) -> Any:
    return open_database(load_settings(config).database)


def answering(city: City, box: FarBox, outcome: str) -> threading.Thread:
    """The box's answer lies in the database as a receiver would put it there."""

    def answer() -> None:
        until(lambda: box.heard_on("orders/ping"))
        order = box.heard_on("orders/ping")[0].body
        found = {"order": "ping", "school": box.school, "epoch": EPOCH, "number": order["number"], "outcome": outcome}
        body = json.dumps(found | {"reason": "", "result": {"text": '"outcome":"done"'}, "time": ""}, indent=1)
        store = Store(open_store(city.folder / "centre.toml"))
        store.note_answer(box.school, Answer(**json.loads(body)), body)
        store.database.close()

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.parametrize(("outcome", "code"), [("done", 0), ("refused", 1), ("failed", 1)])
def test_an_order_waits_for_its_answer(
    city: City, box: FarBox, capsys: pytest.CaptureFixture[str], outcome: str, code: int
) -> None:
    config = born(city, box)
    thread = answering(city, box, outcome)
    assert main(["order", box.school, "ping", "--wait", "30", *config]) == code
    thread.join(30)
    assert json.loads(capsys.readouterr().out)["outcome"] == outcome


def test_an_order_without_an_answer_stays_valid(city: City, box: FarBox, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--wait", "0.1", "--expires", "60", *born(city, box)]
    assert main(["order", box.school, "ping", *words]) == 1
    assert "order 1 stays valid for 60 s" in capsys.readouterr().err
    assert main(["order", box.school, "ping", *words]) == 1
    until(lambda: len(box.heard) == 2)
    assert [order.body["number"] for order in box.heard] == [1, 2]


def test_an_order_to_a_box_that_was_never_there_is_told(run: Run, store: Store) -> None:
    store.add_school("school-07", b"k" * 32)
    code, _, err = run("order", "school-07", "ping")
    assert (code, err[:5]) == (2, "K-108")


@pytest.mark.parametrize("args", ["", "[]", "{", "5", '{"a": }'])
def test_arguments_that_are_no_object_are_told(run: Run, args: str) -> None:
    code, _, err = run("order", "school-07", "pace", "--args", args)
    assert (code, err[:5]) == (2, "K-107")


def test_a_new_receipt_key_is_delegated(folder: Path, run: Run) -> None:
    before = (folder / "keys/receipts.pem").read_bytes()
    code, out, _ = run("rekey", "--days", "30")
    assert code == 0
    assert (folder / "keys/receipts.pem").read_bytes() != before
    assert keys.expires_soon(folder) is False
    assert "until 20" in out
