"""The settings of every device: where it is, and what a contact or a button means."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import config
from agent.config import ConfigError
from agent.incidents.kinds import Kind, Means
from agent.strict import Problem
from tests.agent.test_config import HEAD, device, panel, reader

CONTACT = 'line = 17\nnormally = "open"\n'


def contact(more: str) -> str:
    return device("sensor", "door", "gpio_contact", CONTACT + more)


def loaded(tmp_path: Path, text: str) -> list[Problem] | config.SourceConfig:
    """The first device, or what is wrong with the file."""
    (tmp_path / "box.toml").write_text(HEAD + text)
    try:
        return config.load(tmp_path / "box.toml").sources[0]
    except ConfigError as error:
        return error.problems


def test_a_contact_has_a_place_and_a_meaning(tmp_path: Path) -> None:
    found = loaded(tmp_path, contact('place = "Porter\'s door"\nmeans = "intrusion"\n'))
    assert isinstance(found, config.SourceConfig)
    assert (found.place, found.means) == ("Porter's door", Means.INTRUSION)
    plain = loaded(tmp_path, contact(""))
    assert isinstance(plain, config.SourceConfig)
    assert (plain.place, plain.means) == ("", None)


def test_a_reader_has_a_place_and_a_button_may_answer(tmp_path: Path) -> None:
    text = reader("a").rstrip() + '\nplace = "canteen"\n' + contact('role = "button"\nmeans = "answer"\n')
    found = loaded(tmp_path, text)
    assert isinstance(found, config.SourceConfig)
    assert found.place == "canteen"


def test_a_reader_may_show_incidents(tmp_path: Path) -> None:
    found = loaded(tmp_path, reader("a").rstrip() + '\nalerts = ["fire", "other"]\n')
    assert isinstance(found, config.SourceConfig)
    assert found.alerts == (Kind.FIRE, Kind.OTHER)


WRONG = [
    ("a meaning that is none", contact('means = "flood"\n'), "C-103", "sensor[0].means", "fire"),
    ("a place too long", contact(f'place = "{"x" * 65}"\n'), "C-103", "sensor[0].place", "64"),
    ("a place that is no text", contact("place = 7\n"), "C-103", "sensor[0].place", "sports hall"),
    ("a panel with a meaning", panel().rstrip() + '\nmeans = "fire"\n', "C-113", "sensor[0].means", "panel"),
    ("a contact that answers", contact('means = "answer"\n'), "C-113", "sensor[0].means", "button"),
    ("a lamp for bullying", reader("a").rstrip() + '\nalerts = ["bullying"]\n', "C-114", "reader[0].alerts", "fire"),
    ("a contact that shows fires", contact('alerts = ["fire"]\n'), "C-101", "sensor[0].alerts", "setting"),
    ("a reader with a meaning", reader("a").rstrip() + '\nmeans = "fire"\n', "C-101", "reader[0].means", "means"),
]


@pytest.mark.parametrize(("text", "code", "key", "word"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_mistake_is_named_with_what_to_write_instead(
    tmp_path: Path, text: str, code: str, key: str, word: str
) -> None:
    found = loaded(tmp_path, text)
    assert isinstance(found, list)
    (problem,) = found
    assert (problem.code, problem.key) == (code, key)
    assert word in str(problem)
