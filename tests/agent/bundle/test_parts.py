"""The table of parts: each has its words in each language, its bounds, and together they end soon."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest

from agent.bundle.kept_secrets import SECRETS
from agent.bundle.parts import PARTS
from agent.bundle.site import Missing
from agent.ops import status
from agent.texts import LANGUAGES, load_texts
from tests.agent.bundle.laid_out import by_name, site

LOOKS = {part.name: part.look for part in PARTS}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", [*PARTS, SECRETS], ids=lambda part: part.name)
def test_each_has_its_words(part: object, language: str) -> None:
    key = f"bundle.{part.name}"  # type: ignore[attr-defined]
    assert load_texts(language)(key) != key


def test_all_of_them_are_bounded() -> None:
    assert sum(part.limit_bytes for part in PARTS) < 12 << 20
    assert sum(part.limit_s for part in PARTS) < 300
    assert len({part.name for part in PARTS}) == len(PARTS)


def test_the_live_picture(tmp_path: Path) -> None:
    found = site(tmp_path)
    with pytest.raises(Missing, match="has not run"):
        list(LOOKS["status"](found))
    found.places.live.parent.mkdir()
    status.write(found.places.live, status.blank("school-07"))
    told = by_name(list(LOOKS["status"](found)))["status.json"]
    assert told["running"] is False  # type: ignore[index]


def test_the_examination_is_the_commands(tmp_path: Path) -> None:
    found = site(tmp_path)
    with pytest.raises(Missing, match="no `mektep doctor`"):
        list(LOOKS["doctor"](found))
    says = tmp_path / "doctor.py"
    says.write_text("import sys, json\nprint(json.dumps(sys.argv[1:]))\nsys.exit(3)\n")
    able = msgspec.structs.replace(found, commands=frozenset({"doctor"}), mektep=(sys.executable, str(says)))
    assert by_name(list(LOOKS["doctor"](able)))["doctor.json"] == ["doctor", str(found.file), "--json"]
    says.write_text("print('no JSON')")
    with pytest.raises(Missing, match="nothing that can be read"):
        list(LOOKS["doctor"](able))
    says.write_text("raise SystemExit(2)")
    with pytest.raises(Missing, match="ended with 2"):
        list(LOOKS["doctor"](able))


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    told = by_name(list(LOOKS["configuration"](site(tmp_path, file=tmp_path / "none.toml"))))
    assert "there is no such file" in str(told["gaps"])
    json.dumps(told, default=str)
