"""Mistakes of a configuration, one after another: code, where, what it is, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from agent.cli import screen
from agent.strict import Problem
from agent.texts import Texts, load_texts

INDENT = " " * 7  # of what stands beneath a code


def report_all(problems: Sequence[Problem], out: TextIO) -> None:
    say = load_texts()
    for one in problems:
        screen.write(out, said(one, say), first=f"{one.code}  ", rest=INDENT)
        screen.write(out, say.instruction(one.code, one.do), first=f"{INDENT}→ ", rest=f"{INDENT}  ")


def report_first(problems: Sequence[Problem], out: TextIO) -> None:
    """Of a command that cannot go on: the first one, and how many there are."""
    report_all(problems[:1], out)
    if len(problems) > 1:
        more = load_texts()("checked.more", count=len(problems) - 1, file=problems[0].file)
        screen.write(out, more, first=INDENT, rest=f"{INDENT}  ")


def said(one: Problem, say: Texts) -> str:
    """file: key = value: what is wrong with it."""
    place = f"{one.file}: {one.key}" if one.key else one.file
    shown = f" = {one.value}" if one.value else ""
    return f"{place}{shown}: {say.fact(one.code, one.what)}"
