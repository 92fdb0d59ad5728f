"""The commands `ledger …`, as the centre's operator and an auditor type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.agent.school.decisions import pupil
from tests.centre.ledger_box import SCHOOL
from tests.centre.ledger_folder import Centre, copied, make

LEAF_7 = 'body like \'%"leaf":"7"%\''


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("ledger") / "centre")


@pytest.fixture
def centre(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Centre:
    return Centre(copied(made, tmp_path / "centre"), capsys)


def test_what_is_there(centre: Centre) -> None:
    code, said, _ = centre("ledger", "list")
    assert code == 0
    assert said.endswith("15 leaves, 15 verified, 0 cosigned, 1 statements\n")
    ((one,), code) = (json.loads(centre("ledger", "list", SCHOOL, "--json")[1]), code)
    assert (one["leaves"], one["verified"], one["pending"], one["wrong"]) == (15, 15, 0, 0)
    assert centre("ledger", "list", "school-08")[:2] == (0, "")


def test_a_verdict_that_was_bad_is_listed(centre: Centre) -> None:
    centre.execute("update statement set verdict = 'differs: x'")
    code, said, _ = centre("ledger", "list")
    assert code == 1
    assert "1 WRONG" in said


def test_anew_from_the_first_leaf(centre: Centre) -> None:
    code, said, _ = centre("ledger", "show", SCHOOL)
    assert code == 0
    assert "15 leaves, 15 under a checkpoint that fits" in said
    assert "statement of 2026-11-23, leaf 14: verified" in said


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (f"update event set body = replace(body, ':950', ':1950') where {LEAF_7}", "leaf 7 of"),
        (f"delete from event where {LEAF_7}", "leaf 7 of"),
        ("delete from ledger_leaf where idx = 14", "pending: leaf 14 is not here"),
        ("update ledger_checkpoint set note = replace(note, 'mektep', 'mektap')", "altered afterwards"),
    ],
)
def test_what_was_altered_is_named(centre: Centre, sql: str, says: str) -> None:
    centre.execute(sql)
    code, said, _ = centre("ledger", "show", SCHOOL)
    assert code == 1
    assert says in said
    (one,) = json.loads(centre("ledger", "show", SCHOOL, "--json")[1])
    assert one["faults"] or "pending" in str(one)


def test_the_city_cosigns(centre: Centre) -> None:
    code, said, _ = centre("ledger", "cosign")
    key, line = said.splitlines()
    assert code == 0
    assert key.startswith("witness key: mektep.kz/witness+")
    assert line.endswith("15 leaves: cosigned")
    assert centre("ledger", "cosign", SCHOOL)[1].endswith("15 leaves: nothing new\n")
    assert "15 cosigned" in centre("ledger", "list")[1]


def test_a_fork_is_refused(centre: Centre) -> None:
    centre.execute("update ledger_leaf set entry_hash = zeroblob(32) where idx = 12")
    code, said, _ = centre("ledger", "cosign")
    assert code == 1
    assert "refused: the box has signed what does not fit its leaves" in said


def test_an_export_is_written_once(centre: Centre, tmp_path: Path) -> None:
    code, said, _ = centre("ledger", "export", SCHOOL, str(tmp_path / "out"), "--month", "2026-11")
    assert (code, said) == (0, f"{tmp_path}/out: 1 ledgers of {SCHOOL}.\n")
    assert json.loads((tmp_path / "out/manifest.json").read_text())["witnesses"][0].startswith("mektep.kz/witness+")
    code, _, said = centre("ledger", "export", SCHOOL, str(tmp_path / "out"))
    assert (code, said[:5]) == (2, "K-154")


def test_a_child_is_forgotten(centre: Centre) -> None:
    """Its entitlements are loaded still: the operator is told, and the code says so."""
    code, said, error = centre("ledger", "erase", SCHOOL, "1003", "--reason", "moved away")
    assert code == 1
    assert said.startswith("Forgotten in 2 events, 2 of them leaves")
    assert "still in meals" in error
    assert centre("ledger", "show", SCHOOL)[0] == 0
    centre.execute("delete from school_data")
    assert centre("ledger", "erase", SCHOOL, pupil(3), "--reason", "once more")[0] == 0
    assert centre.execute("select count(*) from event where body like ?", (f'%"{pupil(3)}"%',)) == [(0,)]


def test_a_school_that_nobody_knows(centre: Centre, tmp_path: Path) -> None:
    for words in (
        ["list", "nowhere"], ["show", "nowhere"], ["cosign", "nowhere"], ["export", "nowhere", str(tmp_path / "out")],
        ["erase", "nowhere", "1", "--reason", "x"],
    ):  # fmt: skip
        code, _, said = centre("ledger", *words)
        assert (code, said[:5]) == (2, "K-118")
