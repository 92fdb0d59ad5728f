"""A stolen box opens nothing any more, and what only people can do is listed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from agent.sync.identity import load_identity
from centre.school.persons import secrets_of
from centre.store import Store
from tests.centre.visitor import Visitor
from tests.enrolling import Enrolling

GATE = {"camera": "gate", "place": "main gate", "state": "clear", "picture_age_s": 1, "clock_off_s": None}
LISTED = {
    "type": "kz.mektep.camera.list.v1",
    "time": "2026-11-26T08:00:00Z",
    "clock": "synced",
    "data": {"cameras": [GATE]},
}


def test_lost_shuts_the_box_out_and_says_what_is_left(
    enrolling: Enrolling, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    school = enrolling.new_school()
    state = enrolling.enrolled(school, tmp_path)
    database = enrolling.database
    before = secrets_of(database, school)
    for dataset in ("cards", "calendar"):
        sql = "insert into school_data (school, dataset, loaded, loaded_ns, published) values (?, ?, ?, 1, ?)"
        database.execute(sql, (school, dataset, b"{}", b"{}"))
    sql = "insert into camera_list values (?, 1, 1, ?, 'synced', ?, ?)"
    database.execute(sql, (school, LISTED["time"], time.time_ns(), json.dumps(LISTED)))
    open_invitation = enrolling.invite(school, tmp_path / "next")
    line = Visitor(enrolling.ca, state / "pki/box", school).knock(enrolling.city.port)
    line.client.reconnect_delay_set(600, 600)

    told = json.loads(enrolling.city.must("lost", school, "--json"))

    assert (len(told["revoked"]), told["keys"], told["card_key"]) == (1, 1, True)
    assert line.gone.wait(20)
    line.client.loop_stop()
    assert not Visitor(enrolling.ca, state / "pki/box", school).knock(enrolling.city.port).connected
    assert school not in Store(database).schools()
    after = secrets_of(database, school)
    assert (after.card_key != before.card_key, after.person_key) == (True, before.person_key)
    assert database.execute("select dataset from school_data where school = ?", (school,)) == [("calendar",)]
    assert told["cameras"] == ["gate (main gate)"]
    assert enrolling.enrol(open_invitation)[0] == 2

    again = enrolling.city.must("lost", school)
    assert "0 certificates revoked" in again
    assert "change the password of camera gate (main gate)" in again
    assert f"mektep-centre enrol {school}" in again

    found = enrolling.invite(school, tmp_path)  # the thief, or the finder, with the old box
    capsys.readouterr()
    assert enrolling.enrol(found, "--replace")[0] == 2
    assert "N-112" in capsys.readouterr().err
    new = enrolling.enrolled(school, tmp_path / "fresh")
    assert Store(database).school_key(school) == load_identity(new).public


def test_a_school_that_never_was_is_not_lost(enrolling: Enrolling) -> None:
    with pytest.raises(RuntimeError, match="K-118"):
        enrolling.city.must("lost", "nonesuch")
