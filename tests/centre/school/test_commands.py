"""`mektep-centre school-data …` as an operator uses it: exit codes, what is shown, what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyrage
import pytest

from centre.cli import main
from centre.database import open_database
from centre.school.kept import kept_of
from centre.settings import load_settings
from centre.store import Store
from centre.wire import Birth
from simulator.city import City
from tests.centre.batches import BOX
from tests.centre.far_box import EPOCH, SESSION, FarBox, public
from tests.centre.school.folders import EXAMPLE, changed, copied, text
from tests.centre.test_desk import Run, runner

MINE = str(pyrage.x25519.Identity.generate().to_public())


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A centre that knows one school; no broker runs."""
    folder = tmp_path / "centre"
    assert main(["init", str(folder), "--broker-port", "1"]) == 0
    capsys.readouterr()
    return folder / "centre.toml"


@pytest.fixture
def run(config: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(config, capsys)


@pytest.fixture
def store(config: Path) -> Iterator[Store]:
    made = Store(open_database(load_settings(config).database))
    made.add_school("school-07", public(BOX.key))
    yield made
    made.database.close()


def test_a_folder_is_checked_without_a_centre(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["school-data", "check", str(EXAMPLE)]) == 0
    assert capsys.readouterr().out.endswith("no mistakes.\n")
    folder = copied(tmp_path / "school", pupils=changed("pupils", "P-1001;1А", "P-1001;7А"))
    assert main(["school-data", "check", str(folder)]) == 1
    assert capsys.readouterr().out.startswith("pupils.csv:2  class  «7А»  is no class of classes.csv\n    → ")
    assert main(["school-data", "check", str(folder), "--json"]) == 1
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert fault == {
        "file": "pupils.csv", "line": 2, "column": "class", "value": "7А", "what": "is no class of classes.csv",
        "do": "Add the class, or correct it here.",
    }  # fmt: skip


def test_loading_shows_what_changes_and_keeps_it(run: Run, store: Store) -> None:
    code, out, err = run("school-data", "load", "school-07", str(EXAMPLE))
    assert (code, err) == (0, "")
    assert ["pupils", "0", "8", "8", "0", "0"] in [line.split() for line in out.splitlines()]
    assert "school-07 is loaded." in out
    assert set(kept_of(store.database, "school-07")) == {"cards", "calendar", "meals", "clubs", "duty"}
    names = store.database.execute("select name from person where external = ?", ("P-1001",))
    assert names == [("Айша Сериккызы",)]
    first = kept_of(store.database, "school-07")
    run("school-data", "load", "school-07", str(EXAMPLE))
    again = kept_of(store.database, "school-07")
    assert {name: one.loaded for name, one in first.items()} == {name: one.loaded for name, one in again.items()}


def test_a_mistake_keeps_everything_out(run: Run, store: Store, tmp_path: Path) -> None:
    folder = copied(tmp_path / "school", tariffs=changed("tariffs", "600", "6OO"))
    code, out, _ = run("school-data", "load", "school-07", str(folder))
    assert code == 1
    assert "tariffs.csv:5" in out
    assert kept_of(store.database, "school-07") == {}
    assert store.database.execute("select count(*) from person") == [(0,)]
    code, out, _ = run("school-data", "load", "school-07", str(folder), "--json")
    assert (code, json.loads(out)[0]["loaded"], len(json.loads(out)[0]["faults"])) == (1, False, 1)


def test_a_file_that_was_cut_is_not_loaded_unless_it_is_meant_so(run: Run, store: Store, tmp_path: Path) -> None:
    numbers = [f"P-{n}" for n in range(2_000, 2_040)]
    many = copied(tmp_path / "many", pupils=text("pupils") + "".join(f"{one};1А;\n" for one in numbers))
    assert run("school-data", "load", "school-07", str(many))[0] == 0
    note = "update school_data set published = loaded, published_ns = 1"
    store.database.execute(note)
    code, _, err = run("school-data", "load", "school-07", str(EXAMPLE))
    assert (code, "K-144" in err, "40 of 48 pupils" in err) == (1, True, True)
    assert kept_of(store.database, "school-07")["cards"].changed is False
    assert run("school-data", "load", "school-07", str(EXAMPLE), "--allow-removals")[0] == 0


def test_of_many_schools_one_that_is_wrong_keeps_no_other_out(run: Run, store: Store, tmp_path: Path) -> None:
    store.add_school("school-08", public(BOX.key))
    for name in ("school-07", "school-09"):
        copied(tmp_path / "root" / name)
    copied(tmp_path / "root/school-08", meals=None)
    code, out, err = run("school-data", "load", "--all", str(tmp_path / "root"))
    assert code == 1
    assert "school-07 is loaded." in out
    assert "school-08 is loaded." not in out
    assert "K-118  school-09" in err


WRONG = [
    (["load"], "K-141"),
    (["load", "school-07"], "K-141"),
    (["load", "school-07", "x", "--all", "."], "K-141"),
    (["load", "--all", "EMPTY"], "K-141"),
    (["publish"], "K-141"),
    (["publish", "school-07", "--all"], "K-141"),
    (["publish", "school-07"], "K-143"),
    (["show", "school-07"], "K-143"),
    (["show", "school-99"], "K-118"),
]


@pytest.mark.parametrize(("words", "code"), WRONG)
def test_wrong_use_is_said(run: Run, store: Store, words: list[str], code: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    given = [str(tmp_path / "empty") if word == "EMPTY" else word for word in words]
    found, _, err = run("school-data", *given)
    assert (found, err[:5]) == (2, code)


def test_a_sealed_dataset_is_not_published_by_hand(run: Run, store: Store, tmp_path: Path) -> None:
    (tmp_path / "cards.json").write_text("{}")
    for words in (["cards"], ["meals", str(tmp_path / "cards.json")]):
        code, _, err = run("reference", "school-07", *words)
        assert (code, err[:5]) == (2, "K-140")


def born(store: Store, school: str, recipient: str, **datasets: str) -> None:
    birth = Birth(state="online", school=school, session=SESSION, epoch=EPOCH, recipient=recipient, datasets=datasets)
    store.note_births([(school, birth, msgspec.json.encode(birth).decode())])


def test_show_and_status_tell_what_is_due_and_for_which_box(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = FarBox("school-show")
    city.add_school(box.school, box.key_base64, tmp_path / "box")
    call = runner(city.folder / "centre.toml", capsys)
    store = Store(open_database(load_settings(city.folder / "centre.toml").database))
    born(store, box.school, MINE)
    code, out, _ = call("school-data", "load", box.school, str(EXAMPLE), "--publish")
    assert (code, out.count("(changed)")) == (0, 5)
    code, out, _ = call("school-data", "show", box.school)
    assert (code, out.count("the box holds none")) == (1, 5)
    views = json.loads(call("school-data", "show", box.school, "--json")[1])
    born(store, box.school, MINE, **{one["dataset"]: one["version"] for one in views})
    code, out, _ = call("school-data", "show", box.school)
    assert (code, out.count("held by the box")) == (0, 5)
    assert "8 pupils" in out
    assert call("status", "--school", box.school)[0] == 0
    born(store, box.school, str(pyrage.x25519.Identity.generate().to_public()))
    code, out, _ = call("school-data", "show", box.school)
    assert (code, out.count("sealed for another box"), out.count("to be published: another box")) == (1, 3, 3)
    code, out, _ = call("status", "--school", box.school)
    assert (code, "sealed for another box: cards, clubs, meals" in out) == (1, True)
    code, out, _ = call("school-data", "publish", "--all")
    assert (code, out.count("(another box)")) == (0, 3)
    assert call("status", "--school", box.school)[0] == 0
    assert call("school-data", "publish", box.school)[1] == f"{box.school}: nothing is due.\n"
    fewer = copied(tmp_path / "fewer", duty="staff;rank\nS-02;1\n")
    assert call("school-data", "load", box.school, str(fewer))[0] == 0
    lines = [line.split() for line in call("school-data", "publish", box.school)[1].splitlines()]
    assert lines[1] == ["duties", "3", "1", "1", "3", "0"]  # seen before it is published
    assert lines[2][1:3] == ["duty,", "version"]
    assert call("school-data", "publish", box.school, "--again")[1].count("(again)") == 5
    store.database.close()
