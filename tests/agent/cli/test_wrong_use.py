"""argparse's words as ours: each has its words in every language, and what it may say besides is shown as it came."""

from __future__ import annotations

import pytest

from agent.cli.wrong_use import CODE, FACTS, told
from agent.texts import load_texts
from agent.texts.facts import templates


@pytest.mark.parametrize(
    ("message", "fact"),
    [("argument x: expected at least one argument", "x: at least one value must follow"),
     ("argument -n: expected 2 arguments", "-n: so many values must follow: 2"),
     ("one of the arguments --a --b is required", "one of these is needed: --a --b"),
     ("ambiguous option: --s could match --since, --sea", "--s may be each of these: --since, --sea"),
     ("argument --at: invalid _when value: 'x'", "--at: 'x' is not what is wanted"),
     ("argument --n: invalid choice: 5 (choose from 1, 2)", "--n: 5 is none of 1, 2"),
     ("words of a later Python", "words of a later Python")],
)  # fmt: skip
def test_argparses_words(message: str, fact: str) -> None:
    assert told(message, "mektep")[0] == fact


def test_every_fact_has_its_words() -> None:
    known = {one.told["en"] for one in templates("X")[CODE]}
    assert {fact for _, fact in FACTS} - {"{name}"} <= known
    assert load_texts("ru").fact(CODE, "--since: a value must follow") == "--since: дальше нужно значение"
