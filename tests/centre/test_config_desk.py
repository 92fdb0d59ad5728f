"""`mektep-centre config`: which files go to whom, what answers mean, when a roll-out stops. The whole way to a box:
tests/agent/trials/test_whole_way.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from centre import config_desk
from centre.config_desk import Sender, Sent, files, judged
from centre.config_history import APPLIED, UNDONE
from centre.errors import CentreError
from centre.settings import Settings
from centre.store import Store
from centre.wire import Answer
from tests.centre.answered import answered
from tests.centre.batches import batch
from tests.centre.conftest import Open
from tests.centre.far_box import event

# --- files ----------------------------------------------------------------------------------------------------


def test_one_file_for_one_school(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("é")
    assert files(tmp_path / "a.toml", ["school-07"], everyone=False) == {"school-07": "é"}


def test_a_folder_for_several(tmp_path: Path) -> None:
    for name in ("school-08", "school-07"):
        (tmp_path / f"{name}.toml").write_text(name)
    assert list(files(tmp_path, [], everyone=True)) == ["school-07", "school-08"]
    assert files(tmp_path, ["school-08"], everyone=False) == {"school-08": "school-08"}


@pytest.mark.parametrize(
    ("folder", "schools", "everyone", "code"),
    [
        (False, [], False, "K-192"),
        (False, ["a", "b"], False, "K-192"),
        (False, ["a"], True, "K-192"),
        (True, [], False, "K-192"),
        (True, ["a"], True, "K-192"),
        (True, ["none"], False, "K-191"),
        (False, ["spoilt"], False, "K-191"),
        (False, ["long"], False, "K-191"),
    ],
)
def test_a_choice_that_is_not_clear_is_refused(
    tmp_path: Path, folder: bool, schools: list[str], everyone: bool, code: str
) -> None:
    (tmp_path / "a.toml").write_text("a")
    (tmp_path / "spoilt.toml").write_bytes(b"\xff")
    (tmp_path / "long.toml").write_text("x" * (config_desk.CHARS_MAX + 1))
    path = tmp_path if folder else tmp_path / f"{(schools or ['a'])[0]}.toml"
    with pytest.raises(CentreError) as caught:
        files(path, schools, everyone=everyone)
    assert caught.value.code == code


# --- answers --------------------------------------------------------------------------------------------------


def answer(outcome: str, reason: str = "", **result: object) -> Answer:
    return answered("config.apply", outcome, reason, **result)


JUDGED = [
    (answer("done", within_s=300), "trial", ""),
    (answer("done", within_s=0), "unchanged", ""),
    (
        answer("refused", "bad_config", problems=["C-101 a", "C-102 b"]),
        "refused",
        "bad_config\n    C-101 a\n    C-102 b",
    ),
    (answer("refused", "changed_on_site", sha256="ab"), "refused", "changed_on_site\n    ab"),
    (answer("failed", "the disk is full"), "failed", "the disk is full"),
]


@pytest.mark.parametrize(("said", "outcome", "what"), JUDGED)
def test_what_an_answer_means(said: Answer, outcome: str, what: str) -> None:
    assert judged("school-07", 7, said) == Sent(school="school-07", number=7, outcome=outcome, what=what)


# --- outcomes -------------------------------------------------------------------------------------------------


@pytest.fixture
def store(open_one: Open) -> Store:
    return Store(open_one())


def told(store: Store, number: int, type_: str, **data: object) -> None:
    body = event(
        "school-07", "record", number, type=type_, data={"sha256": "a" * 64, "before": "", "by": "centre", **data}
    )
    store.store([batch("record", number, [body])])


def sender(store: Store, within_s: int = 300, expects: str | None = None) -> Sender:
    settings = Settings(database="", broker_host="", broker_port=1, tls=False)
    return Sender(settings, store, within_s, expects=expects, sleep=lambda _s: None)


def test_an_outcome_is_that_of_the_order(store: Store) -> None:
    trial = Sent(school="school-07", number=7, outcome="trial")
    refused = Sent(school="school-08", number=8, outcome="refused", what="bad_config")
    told(store, 1, UNDONE, order=6, reason="link_gone")
    told(store, 2, APPLIED, order=7)
    assert [one.outcome for one in sender(store).outcomes([trial, refused])] == ["kept", "refused"]
    told(store, 3, UNDONE, order=9, reason="device_lost", lost=["device/gym"])
    (undone,) = sender(store).outcomes([Sent(school="school-07", number=9, outcome="trial")])
    assert (undone.outcome, undone.what) == ("undone", "device_lost: device/gym")


def test_a_box_that_does_not_tell_is_silent(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_desk, "GRACE_S", -1.0)
    (found,) = sender(store, within_s=1).outcomes([Sent(school="school-07", number=7, outcome="trial")])
    assert found.outcome == "silent"


def test_a_school_that_was_never_seen_gets_no_order(store: Store) -> None:
    assert sender(store).send("school-99", "").outcome == "silent"


# --- the roll-out ---------------------------------------------------------------------------------------------


class Played(Sender):
    """Boxes that do as they are told."""

    def __init__(self, outcomes: dict[str, str]) -> None:
        self.sent: list[str] = []
        self._played = outcomes

    def send(self, school: str, text: str) -> Sent:
        self.sent.append(school)
        return Sent(school=school, outcome="trial", what=text)

    def outcomes(self, sent: object) -> list[Sent]:
        return [Sent(school=one.school, outcome=self._played.get(one.school, "kept")) for one in sent]  # type: ignore[attr-defined]


def test_all_get_it_while_it_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    boxes = Played({"c": "unchanged"})
    assert config_desk._rolled_out(boxes, dict.fromkeys("abcd", ""), 1) == 0
    assert (boxes.sent, capsys.readouterr().out.split()) == (
        list("abcd"),
        ["a", "kept", "b", "kept", "c", "unchanged", "d", "kept"],
    )


def test_the_first_that_is_undone_stops_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    boxes = Played({"b": "undone"})
    assert config_desk._rolled_out(boxes, dict.fromkeys("abcdef", ""), 1) == 1
    assert boxes.sent == list("abc")
    assert capsys.readouterr().out.splitlines()[-1] == "Stopped: 3 schools are left as they are: d, e, f"
