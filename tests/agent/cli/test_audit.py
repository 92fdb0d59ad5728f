"""`mektep audit` as an auditor runs it: exit codes, words, JSON, one meal, and keys from a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.ledger_year import EPOCH, export
from tests.agent.audit.kept import LEAVES, ledger
from tests.agent.audit.proofs import proof_of
from tests.agent.cli.command import mektep


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return export([ledger()], tmp_path / "export")


def test_in_order(folder: Path) -> None:
    done = mektep("audit", folder, "--key", ledger().vkey)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().endswith("In order: 2\u00a0000 leaves, 2\u00a0000 of them under a signed checkpoint.")
    assert "A-" not in done.stdout


def test_what_is_wrong_is_said_with_its_leaf_and_what_to_do(folder: Path) -> None:
    events = folder / EPOCH / "events.jsonl"
    lines = events.read_bytes().split(b"\n")
    del lines[700]
    events.write_bytes(b"\n".join(lines))
    done = mektep("audit", folder)
    assert done.returncode == 1
    assert "A-111  leaf 700: 1 missing." in done.stdout
    assert "→ Ask the centre for these events" in done.stdout
    assert "A-162  The key came with the data." in done.stdout
    assert "NOT in order" in done.stdout
    assert "A-111  запись 700: отсутствует 1." in mektep("audit", folder, language="ru_RU.UTF-8").stdout
    found = json.loads(mektep("audit", folder, "--json").stdout)
    assert [one["first"] for one in found["findings"] if one["code"] == "A-111"] == [700]
    assert found["logs"][0]["leaves"] == LEAVES


def test_keys_from_a_file_and_a_witness_that_saw_nothing(folder: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"# the box, from its papers\n\n{ledger().vkey}\n")
    assert mektep("audit", folder, "--key-file", keys).returncode == 0
    witness = "witness.example/w1+e42b2f2c+BDtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
    done = mektep("audit", folder, "--key-file", keys, "--witness", witness)
    assert (done.returncode, "A-136  witness.example/w1 has cosigned no checkpoint" in done.stdout) == (1, True)
    assert mektep("audit", folder, "--key-file", tmp_path / "nothing").returncode == 2


def test_one_meal(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "meal.proof"
    file.write_text(str(proof_of(ledger(), 700)), newline="")
    words = ("audit", folder, "--key", ledger().vkey, "--proof", file, "--leaf")
    done = mektep(*words, f"{EPOCH}/700")
    assert (done.returncode, "Proven: it is in the ledger of 2000 leaves" in done.stdout) == (0, True)
    done = mektep(*words, f"{EPOCH}/701")
    assert (done.returncode, "A-151  leaf 701" in done.stdout) == (1, True)
    assert json.loads(mektep(*words, f"{EPOCH}/700", "--json").stdout)["findings"] == []
    assert "A-103" in mektep("audit", folder, "--proof", file).stderr


def test_wrong_use(tmp_path: Path) -> None:
    for words, code in (([tmp_path], "A-101"), (["postgresql://a:b@127.0.0.1/x"], "A-104")):
        done = mektep("audit", *words)
        assert (done.returncode, code in done.stderr) == (2, True)
