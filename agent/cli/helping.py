"""The help of the commands in the reader's language. In English it stands beside each command, and is left as it is.

What is typed (commands, options, choices, names of values) is the same in every language.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.texts import Texts

ASKS = ("-h", "--help")


def is_asked(words: Sequence[str]) -> bool:
    return any(word in ASKS for word in words)


def translate(parser: argparse.ArgumentParser, say: Texts, shape: type[argparse.HelpFormatter]) -> None:
    """The parser, its options and what is beneath it."""
    parser.formatter_class = shape
    parser.description = _told(parser.description, say)
    parser.epilog = _told(parser.epilog, say)
    for group in parser._action_groups:  # argparse has no other way to them
        group.title = _told(group.title, say)
    for action in parser._actions:
        if action.help is not None and action.help is not argparse.SUPPRESS:
            action.help = _told(action.help, say)
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                choice.help = _told(choice.help, say)
            for beneath in action.choices.values():
                translate(beneath, say, shape)


def formatter(say: Texts) -> type[argparse.HelpFormatter]:
    """Its first word is argparse's own."""

    class InWords(argparse.HelpFormatter):
        def add_usage(self, usage, actions, groups, prefix=None):  # type: ignore[no-untyped-def]
            super().add_usage(usage, actions, groups, say.help("usage: ") if prefix is None else prefix)

    return InWords


def _told(text: str | None, say: Texts) -> str | None:
    return say.help(text.strip()) if text else text
