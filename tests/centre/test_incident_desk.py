"""What an operator does about incidents at a terminal: list, show, answer, report, drills, cameras."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from centre.cli import main
from centre.database import open_database
from centre.order_queue import OrderQueue
from centre.school.persons import Person, note_persons
from centre.settings import load_settings
from centre.store import Store
from tests.centre.answered import answered
from tests.centre.batches import BOX, batch
from tests.centre.far_box import event, public, until
from tests.centre.incident_box import ANNA, ONE, TWO, ahead, alarms, life, said

Run = Callable[..., tuple[int, str, str]]
WORDS = "Их бьют\nза спортзалом"


@pytest.fixture
def store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Store]:
    """Of a centre that knows one school; no broker runs."""
    assert main(["init", str(tmp_path / "centre"), "--broker-port", "1"]) == 0
    made = Store(open_database(load_settings(tmp_path / "centre/centre.toml").database))
    made.add_school("school-07", public(BOX.key))
    with made.database.transaction():
        note_persons(made.database, "school-07", [Person(key=ANNA, kind="staff", external="S-1", name="Анна")])
    capsys.readouterr()
    yield made
    made.database.close()


@pytest.fixture
def run(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--config", str(tmp_path / "centre/centre.toml")])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def boxs_word(store: Store, outcome: str, reason: str = "") -> threading.Thread:
    """A sender and a box, as far as the table shows them: what is queued is answered."""

    def take() -> None:
        other = Store(open_database(f"sqlite:///{store.database.execute('pragma database_list')[0][2]}"))
        queue = OrderQueue(other.database)
        until(lambda: queue.any_due(2**62))
        (one,) = queue.claim(2**62)
        queue.note_answer(one, answered(one.name, outcome, reason, state="acknowledged"), 0)
        other.database.close()

    thread = threading.Thread(target=take)
    thread.start()
    return thread


def test_nothing_is_open(run: Run) -> None:
    assert run("incident", "list") == (0, "No incident.\n", "")


def test_what_is_open_waits_for_somebody(run: Run, store: Store) -> None:
    store.store([alarms(1, said("opened", 1), said("told", 2))])
    store.note_ahead("school-07", "ahead-1", ahead("told", incident=TWO))
    code, out, _ = run("incident", "list")
    assert code == 1
    assert ONE in out
    assert "duty Анна, police" in out
    found = json.loads(run("incident", "list", "--kind", "fight", "--json")[1])
    assert {one["id"] for one in found["incidents"]} == {ONE, TWO}
    store.store([alarms(3, said("answered", 3), said("answered", 4, incident=TWO))])
    code, out, _ = run("incident", "list", "--school", "school-07")
    assert (code, "acknowledged by duty Анна" in out) == (1, True)  # the copy that came ahead is still there
    assert run("incident", "list", "--kind", "fire")[1].count(ONE) == 0


def test_all_shows_also_what_is_closed(run: Run, store: Store) -> None:
    store.store([alarms(1, *life())])
    assert run("incident", "list") == (0, "No incident.\n", "")
    code, out, _ = run("incident", "list", "--all", "--days", "3650")
    assert (code, "closed, confirmed" in out) == (0, True)


def test_one_is_shown_from_its_first_sign_on(run: Run, store: Store) -> None:
    store.store([alarms(1, *life())])
    code, out, _ = run("incident", "show", ONE)
    assert code == 0
    for part in (
        "fight, hall, certain", "opened: fight by hall-camera, suspected", "told (step 0, first): duty Анна, police",
        "shown by lamp-1", "evidence of hall-camera", "joined: pressed", "acknowledged after 12.5 s  duty Анна",
        "closed: confirmed", "snapshot of hall-camera: told", "notified duty Анна",
    ):  # fmt: skip
        assert part in out, part
    assert json.loads(run("incident", "show", ONE, "--json")[1])["details"]["incident"]["state"] == "closed"
    code, _, err = run("incident", "show", TWO)
    assert (code, err[:5]) == (2, "K-165")


def test_a_report_is_typed_and_shown(run: Run, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "words").write_text(WORDS, encoding="utf-8")
    words = ("incident", "report", "school-07", "--kind", "bullying", "--reporter", "parent")
    code, out, _ = run(*words, "--words", str(tmp_path / "words"), "--contact", "8701", "--wait", "0")
    name = out.strip()
    assert code == 0
    code, out, _ = run("incident", "show", name)
    assert (code, "typed by parent, 8701" in out, "| за спортзалом" in out) == (0, True, True)
    code, out, _ = run("incident", "list")
    assert (code, "on its way to the box" in out) == (1, True)
    assert run("incident", "forget", name)[0] == 0
    assert "(forgotten)" in run("incident", "show", name)[1]
    monkeypatch.setattr(sys, "stdin", io.StringIO("x" * 2_001))
    code, _, err = run(*words, "--words", "-", "--wait", "0")
    assert (code, err[:5]) == (2, "K-163")
    assert run("incident", "forget", TWO)[0] == 2


def test_an_answer_waits_for_the_boxs_word(run: Run, store: Store) -> None:
    store.store([alarms(1, said("opened", 1), said("told", 2))])
    thread = boxs_word(store, "done")
    code, out, _ = run("incident", "answer", ONE, "acknowledged", "--role", "duty", "--by", "S-1")
    thread.join(30)
    assert (code, out) == (0, 'done: {"state":"acknowledged"}\n')
    (order,) = OrderQueue(store.database).of("school-07", ONE)
    assert (order.args["by"], order.args["role"]) == (ANNA, "duty")
    thread = boxs_word(store, "failed", "it is closed")
    code, out, _ = run("incident", "answer", ONE, "dismissed", "--reason", "play")
    thread.join(30)
    assert (code, out) == (1, "failed: it is closed\n")


def test_a_box_that_tells_of_anothers_incident_gets_none_of_its_answers(run: Run, store: Store) -> None:
    store.add_school("school-01", bytes(32))
    store.store([alarms(1, *life())])
    store.note_ahead("school-01", "ahead-1", ahead("opened", school="school-01"))
    for words in (["show", ONE], ["answer", ONE, "acknowledged", "--role", "city"]):
        code, out, error = run("incident", *words)
        assert (code, "K-165" in error, "school-01 and school-07" in error) == (2, True, True), (out, error)
    assert "school-07" in run("incident", "show", ONE, "--school", "school-07")[1]
    assert store.database.execute("select count(*) from order_due") == [(0,)]


def test_an_answer_that_the_box_does_not_take_in_time_goes_on(run: Run, store: Store) -> None:
    store.store([alarms(1, said("opened", 1))])
    code, _, err = run("incident", "answer", ONE, "confirmed", "--wait", "0")
    assert (code, "it is sent until it has" in err) == (1, True)
    assert OrderQueue(store.database).any_due(2**62)
    for words, fault in (
        ((ONE, "dismissed"), "K-164"),
        ((TWO, "closed"), "K-165"),
        ((ONE, "closed", "--by", "S-9"), "K-169"),
    ):
        assert run("incident", "answer", *words)[2][:5] == fault


def test_drills_of_every_school(run: Run, store: Store) -> None:
    code, out, _ = run("incident", "drills")
    assert (code, out) == (1, "school-07  none\n")
    bodies = [said("opened", 1, drill=True), said("told", 2, drill=True), said("answered", 3)]
    store.store([alarms(1, *bodies)])
    code, out, _ = run("incident", "drills", "--school", "school-07", "--days", "3650")
    assert code == 0
    assert "2.0 s  acknowledged  Анна" in out
    assert json.loads(run("incident", "drills", "--json")[1])[0]["verdict"] == "answered"


def test_cameras_are_red_when_lost(run: Run, store: Store) -> None:
    assert run("cameras") == (0, "No box has told of a camera.\n", "")
    one = {"camera": "hall", "place": "hall", "state": "lost", "picture_age_s": 90, "clock_off_s": 0.5, "live": True}
    body = event("school-07", "telemetry", 1, type="kz.mektep.camera.list.v1", data={"cameras": [one]})
    store.store([batch("telemetry", 1, [body])])
    code, out, _ = run("cameras", "--school", "school-07")
    assert (code, "lost" in out, "90 s old" in out, "+0.5 s" in out) == (1, True, True, True)
    assert json.loads(run("cameras", "--json")[1])[0]["trouble"] == "lost"
