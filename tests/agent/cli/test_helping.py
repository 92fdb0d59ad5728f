"""`--help` in every language: each text has its words, the commands themselves stay as they are typed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from agent.cli.helping import is_asked
from agent.cli.main import COMMANDS, main, tree
from agent.texts import load_texts
from agent.texts.facts import HELP, templates


def texts(parser: argparse.ArgumentParser) -> Iterator[str]:
    """All that its help says."""
    yield from (text.strip() for text in (parser.description, parser.epilog) if text)
    yield from (group.title for group in parser._action_groups if group.title)
    for action in parser._actions:
        if action.help and action.help is not argparse.SUPPRESS:
            yield action.help
        if isinstance(action, argparse._SubParsersAction):
            yield from (choice.help for choice in action._choices_actions if choice.help)
            for beneath in action.choices.values():
                yield from texts(beneath)


def test_every_text_of_every_command_is_told() -> None:
    known = templates(HELP)[HELP]
    said = set(texts(tree(list(COMMANDS))))
    assert [text for text in sorted(said) if not any(one.pattern.fullmatch(text) for one in known)] == []
    stale = [one.told["en"] for one in known if not any(one.pattern.fullmatch(text) for text in {*said, "usage: "})]
    assert stale == []


@pytest.mark.parametrize(
    ("language", "word", "use"),
    [("ru", "испытать считыватель", "использование: mektep"), ("kk", "оқығышты сынау", "қолдану: mektep"),
     ("en", "one screen", "usage: mektep")],
)  # fmt: skip
@pytest.mark.parametrize("words", [["--help"], ["reader", "test", "--help"], ["enrol", "--help"]])
def test_help_in_the_readers_language(
    language: str, word: str, use: str, words: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("LC_ALL", f"{language}.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(use)
    assert max(map(len, said.splitlines())) <= 80
    if words == ["--help"]:
        assert " status " in said
        assert word in " ".join(said.split())


@pytest.mark.parametrize("words", [["-h"], ["status", "--help"], ["status"], []])
def test_who_asks(words: list[str]) -> None:
    assert is_asked(words) is any(word.startswith("-") for word in words)


def test_english_stays_as_it_is_beside_the_command() -> None:
    assert load_texts("en").help("of this device only") == "of this device only"
    assert load_texts("ru").help("a text that nobody knows") == "a text that nobody knows"
