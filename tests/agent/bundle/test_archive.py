"""The archive is whole or not there, for its owner alone, and says what is in it and what is missing."""

from __future__ import annotations

import io
import json
import stat
import tarfile
from pathlib import Path

import msgspec
import pytest

from agent.bundle.archive import contents, packed, stem, write
from agent.bundle.gathering import File, Made
from agent.errors import AgentError
from agent.texts import load_texts
from tests.agent.bundle.laid_out import site

SAY = load_texts("en")
MADE = [
    Made(part="status", files=[File("status.json", b"{}\n")], gaps=[]),
    Made(part="doctor", files=[], gaps=["not here"]),
]


def test_its_name(tmp_path: Path) -> None:
    found = site(tmp_path)
    assert stem(found) == "mektep-school-07-20261126T090000Z"
    strange = msgspec.structs.replace(found, config=None, document={"school": "../../Etc/x"})
    assert stem(strange) == "mektep-tcx-20261126T090000Z"
    assert stem(msgspec.structs.replace(strange, document={})) == "mektep-unknown-20261126T090000Z"


def test_what_is_in_it(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(site(tmp_path), MADE, "top", SAY))) as tar:
        assert tar.getnames() == ["top/CONTENTS.txt", "top/about.json", "top/status/status.json"]
        assert {entry.mode for entry in tar.getmembers()} == {0o600}
        about = json.load(tar.extractfile("top/about.json"))  # type: ignore[arg-type]
    assert (about["school"], about["at"]) == ("school-07", "2026-11-26T09:00:00.000000Z")
    assert about["parts"][1] == {"part": "doctor", "bytes": 0, "files": [], "missing": ["not here"]}


def test_its_page_for_people(tmp_path: Path) -> None:
    page = contents(site(tmp_path), MADE, SAY)
    assert "No passwords" in page
    assert "status/status.json  3 B" in page
    assert "missing: not here" in page
    assert "\ndoctor                 -  what the examination" in page


def test_it_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    write(path, b"x", None)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"x", 0o600)


@pytest.mark.parametrize("name", ["there", "link", "no/folder"])
def test_nothing_is_overwritten_or_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AgentError, match="cannot be written") as raised:
        write(tmp_path / name, b"x", None)
    assert raised.value.code == "X-231"
    assert (tmp_path / "there").read_bytes() == b"mine"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link", "there"]
