"""Mistakes of a configuration, one after another: code, where, what it is, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from agent.cli import screen
from agent.strict import Problem
from agent.texts import Texts


def report_all(problems: Sequence[Problem], out: TextIO, say: Texts) -> None:
    for one in problems:
        screen.trouble(out, one.code, said(one, say), say.instruction(one.code, one.do))


def report_first(problems: Sequence[Problem], out: TextIO, say: Texts) -> None:
    """Of a command that cannot go on: the first one, and how many there are."""
    report_all(problems[:1], out, say)
    if len(problems) > 1:
        more = say("checked.more", count=len(problems) - 1, file=problems[0].file)
        screen.write(out, more, first=screen.INDENT, rest=f"{screen.INDENT}  ")


def said(one: Problem, say: Texts) -> str:
    """file: key = value: what is wrong with it."""
    place = f"{one.file}: {one.key}" if one.key else one.file
    shown = f" = {one.value}" if one.value else ""
    return f"{place}{shown}: {say.fact(one.code, one.what)}"
