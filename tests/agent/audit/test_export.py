"""Exports: a folder and a tar say the same, a leaf is found without reading all, what is none is refused in words."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from agent.audit.audit import Report, audit
from agent.audit.export import Export
from agent.audit.leaf import read
from agent.audit.signed import trusted
from agent.audit.source import Source
from agent.errors import AgentError
from bench.ledger_year import EPOCH, SCHOOL, export
from centre import ledger_export
from centre.database import open_database
from centre.witness import Witness
from tests.agent.audit.centre import fill
from tests.agent.audit.kept import LEAVES, audited, codes, erased, ledger


def look(path: Path) -> Report:
    source: Source = Export(path)
    try:
        return audit(source, trusted(source.school, [], source.keys, []))
    finally:
        source.close()


def packed(folder: Path, path: Path, top: str = "") -> Path:
    with tarfile.open(path, "w") as tar:
        tar.add(folder, arcname=top)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return export([ledger()], tmp_path / "export")


def test_a_folder_and_a_tar_of_it_are_one(folder: Path, tmp_path: Path) -> None:
    whole = look(folder)
    assert (whole.findings, [one.code for one in whole.notes]) == ([], ["A-162"])
    for top in ("", ".", "school-07"):
        assert look(packed(folder, tmp_path / "a.tar", top)) == whole


def test_hashes_beside_the_events_name_the_leaf(tmp_path: Path) -> None:
    folder = export([ledger()], tmp_path / "export", hashes=True)
    events = folder / EPOCH / "events.jsonl"
    lines = events.read_bytes().split(b"\n")
    lines[700] = lines[700].replace(b'"lunch"', b'"dinner"').replace(b'"minutes":60', b'"minutes":61')
    events.write_bytes(b"\n".join(lines))
    (finding, *_) = look(folder).findings
    assert (finding.code, finding.first) == ("A-115", 700)
    (folder / EPOCH / "hashes").write_text("rubbish")
    with pytest.raises(AgentError, match="A-101"):
        look(folder)


@pytest.mark.parametrize("packed_too", [False, True])
def test_a_leaf_is_found_without_reading_all(folder: Path, tmp_path: Path, packed_too: bool) -> None:
    (log,) = Export(packed(folder, tmp_path / "a.tar") if packed_too else folder).logs
    for index in (0, 1, 2, LEAVES // 3, LEAVES - 2, LEAVES - 1):
        kept = log.leaf(index)
        assert kept is not None
        assert read(kept).index == index
    assert log.leaf(LEAVES) is None


def test_a_leaf_of_an_erased_child_is_found_too(tmp_path: Path) -> None:
    made = ledger()
    made.events = [erased(event) for event in made.events]
    (log,) = Export(export([made], tmp_path)).logs
    kept = log.leaf(5)
    assert kept is not None
    assert read(kept).hash == made.hashes[5]


def test_lines_that_end_oddly(folder: Path) -> None:
    events = folder / EPOCH / "events.jsonl"
    sound = events.read_bytes()
    events.write_bytes(sound.rstrip(b"\n"))
    assert look(folder).findings == []
    events.write_bytes(sound.replace(b"\n", b"\r\n\n"))
    assert look(folder).findings == []
    events.write_bytes(b"x" * 3_000_000 + b"\n" + sound)  # no line of a ledger is so long
    assert set(codes(look(folder))) >= {"A-113"}


def test_without_checkpoints_nothing_is_vouched_for(folder: Path) -> None:
    (folder / EPOCH / "checkpoints.jsonl").write_bytes(b'{"note":1}\n[\n')
    assert codes(look(folder)) == ["A-131", "A-137"]
    (folder / EPOCH / "checkpoints.jsonl").unlink()
    assert codes(look(folder)) == ["A-137"]


@pytest.mark.parametrize(
    "manifest",
    [None, "", "[]", "{}", '{"school":"a","epochs":["../x"]}', '{"school":"a","epochs":["nowhere"]}', "[" * 9_999],
)
def test_what_is_no_export_is_refused(folder: Path, tmp_path: Path, manifest: str | None) -> None:
    if manifest is None:
        (folder / "manifest.json").unlink()
    else:
        (folder / "manifest.json").write_text(manifest)
    for path in (folder, packed(folder, tmp_path / "a.tar")):
        with pytest.raises(AgentError) as error:
            look(path)
        assert error.value.code == "A-101"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for name in ("text", "nothing"):
        with pytest.raises(AgentError, match="A-101"):
            look(tmp_path / name)


@pytest.mark.parametrize("name", ["out", "out.tar"])
def test_what_the_centre_exports_with_its_cosignature(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path}/centre.db"
    fill(url, ledger())
    database = open_database(url)
    (tmp_path / "keys").mkdir()
    witness = Witness(tmp_path, database)
    (cosigned,) = witness.cosign(SCHOOL)
    place = tmp_path / name
    months = {"month": "", "witness": [witness.vkey], "made_ns": 1, "track": lambda lines, _: lines}
    ledger_export.export(database, SCHOOL, place, **months)  # type: ignore[arg-type]
    database.close()
    report = look(place)
    assert (cosigned.outcome, report.findings, report.months) == ("cosigned", [], audited(ledger()).months)
    assert report.logs[0].witnessed == {"mektep.kz/witness": LEAVES}


def test_epochs_may_be_told_with_more_words(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["epochs"] = [{"epoch": EPOCH, "leaves": LEAVES}]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert look(folder).findings == []
