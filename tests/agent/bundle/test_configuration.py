"""The configuration leaves without its comments and its mistakes' values; those before it without their texts."""

from __future__ import annotations

from pathlib import Path

from agent.bundle.configuration import configuration, configurations
from agent.trials.history import History
from tests.agent.bundle.laid_out import by_name, site

CAMERA = """
# call Aigul, 8 701 555 01 02
[[camera]]
name = "gate"
driver = "rtsp"
url = "rtsp://admin:S3cret@10.0.0.2/1"
pass_word = "hunter2"
"""


def test_as_it_is_understood(tmp_path: Path) -> None:
    told = by_name(configuration(site(tmp_path)))
    assert told["config.json"]["centre"]["broker"] == "mqtt://127.0.0.1:1"  # type: ignore[index]
    assert told["gaps"] == []


def test_its_mistakes_without_what_was_typed(tmp_path: Path) -> None:
    told = by_name(configuration(site(tmp_path, more=CAMERA)))
    mistakes = str(told["config-mistakes.json"])
    assert "pass_word" in mistakes
    assert "hunter2" not in mistakes
    assert "S3cret" not in mistakes
    assert "Aigul" not in str(told)
    assert told["gaps"] != []


def test_one_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('password = "hunter2\n')
    told = by_name(configuration(site(tmp_path, file=path)))
    assert "config.json" not in told
    assert "hunter2" not in str(told)
    assert len(told["config-mistakes.json"]) == 1  # type: ignore[arg-type]


def test_those_before(tmp_path: Path) -> None:
    found = site(tmp_path)
    assert by_name(configurations(found))["configurations.json"] == {"entries": [], "trial": None}
    entry = History(found.places.config).add(b"# hunter2", at="2026-11-26T09:00:00Z", by="aigul", outcome="kept")
    (told,) = by_name(configurations(found))["configurations.json"]["entries"]  # type: ignore[index]
    assert (told.by, told.outcome, told.sha256) == ("aigul", "kept", entry.sha256[:7])
