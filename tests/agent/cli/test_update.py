"""mektep update show: which version runs, what waits for what, in words and as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from agent import __version__, config
from agent.cli import update
from agent.cli.main import main
from agent.updates.staged import Shelf, Step
from tests.agent.cli.command import write_config
from tests.agent.updates.staging import staged


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(update, "VERSIONS", tmp_path)
    (tmp_path / "previous").symlink_to("versions/0.0.9")
    return write_config(tmp_path)


def typed(file: Path, *words: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(["update", "show", str(file), *words], out), out.getvalue()


def test_nothing_is_staged(file: Path) -> None:
    assert typed(file) == (
        0, f"version {__version__} runs now\nthe one before, for the way back: 0.0.9\nNo other version is staged.\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("undone link_gone link", "отменена: пропала связь с центром (link)"),
        ("the signature is none", "это не подпись"),
        ("a word of another version", "a word of another version"),
    ],
)
def test_why_it_ended_is_in_the_readers_language(
    file: Path, said: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    Shelf(config.load(file).state.updates).note(staged(step=Step.OVER, said=said))
    assert typed(file)[1].splitlines()[-1] == f"0.2.0: закончено - {told}"


def test_what_did_not_stay_is_named(file: Path, tmp_path: Path) -> None:
    builds = {"0.2.0.cp311-0011aabb": "it did not come up", "0.3.0.cp311-0011aabb": "by hand"}
    (tmp_path / "left.json").write_text(json.dumps(builds))
    assert typed(file)[1].splitlines()[2:4] == [
        "0.2.0: left for good, because it did not come up", "0.3.0: left for good, because by hand",
    ]  # fmt: skip
    assert json.loads(typed(file, "--json")[1])["left"] == {"0.2.0": "it did not come up", "0.3.0": "by hand"}
    (tmp_path / "left.json").write_text("spoilt")
    assert json.loads(typed(file, "--json")[1])["left"] == {}


@pytest.mark.parametrize(
    ("step", "said", "code", "line"),
    [
        (Step.FETCH, "", 1, "0.2.0: is being fetched"),
        (Step.SWITCH, "school_hours", 1, "0.2.0: is built, and waits for its hour - the school is not empty"),
        (Step.OVER, "kept", 0, "0.2.0: is done with - it has proved itself"),
        (
            Step.OVER,
            "undone link_gone link",
            1,
            "0.2.0: is done with - undone: the centre was not reached any more (link)",
        ),
    ],
)
def test_a_staged_one(file: Path, step: Step, said: str, code: int, line: str) -> None:
    Shelf(config.load(file).state.updates).note(staged(step=step, said=said))
    found, text = typed(file)
    assert (found, text.splitlines()[-1]) == (code, line)
    assert json.loads(typed(file, "--json")[1])["staged"]["step"] == step.value
