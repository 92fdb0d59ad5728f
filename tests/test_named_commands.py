"""Every command that a page, an instruction or a text names is there, with the options that it is named with."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from agent.cli import main as mektep
from centre.cli import _parser as centre_parser
from tests.source_tree import ROOT

NAMED = re.compile(r"(?:`|^|\$ )(?:sudo )?(mektep(?:-centre)?) ([a-z][a-z-]*)((?: [^`\n#;|]*)?)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
PAGES = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
SOURCES = [path for room in ("agent", "centre") for end in ("*.py", "*.toml") for path in (ROOT / room).rglob(end)]


def commands(parser: argparse.ArgumentParser, before: tuple[str, ...] = ()) -> dict[tuple[str, ...], set[str]]:
    """Each command by its words, with its options."""
    found = {before: {option for action in parser._actions for option in action.option_strings}}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                found |= commands(inner, (*before, name))
    return found


def of_the_box() -> dict[tuple[str, ...], set[str]]:
    found: dict[tuple[str, ...], set[str]] = {}
    for name in mektep.COMMANDS:
        parser = argparse.ArgumentParser()
        importlib.import_module(f"agent.cli.{name}").arguments(parser)
        found |= commands(parser, (name,))
    return found


KNOWN = {"mektep": of_the_box(), "mektep-centre": commands(centre_parser())}


def faults(text: str) -> Iterator[str]:
    """Commands and options that are not there, as they are written."""
    for program, first, rest in NAMED.findall(text):
        known = KNOWN[program]
        actions = {name[1] for name in known if name[:1] == (first,) and len(name) == 2}
        second = re.match(r" ([a-z-]+)(?= |$)", rest)
        if (first,) not in known or (actions and second and second[1] not in actions):
            yield f"{program} {first}{rest}"
            continue
        options = {option for name, taken in known.items() if name[:1] == (first,) for option in taken}
        yield from (f"{program} {first} {one}" for one in OPTION.findall(rest) if one not in options)


def all_faults(paths: list[Path]) -> list[str]:
    found = ((path, path.read_text(encoding="utf-8")) for path in paths)
    return [f"{path.relative_to(ROOT)}: {fault}" for path, text in found for fault in faults(text)]


def test_the_commands_that_pages_and_instructions_name_are_there() -> None:
    assert all_faults(PAGES) == []
    assert all_faults(SOURCES) == []


def test_a_wrong_one_is_found() -> None:
    text = "`mektep-centre ledger proof` writes it; see `sudo mektep status --jsn`, `mektep statsu`, `mektep doctor`."
    assert list(faults(text)) == ["mektep-centre ledger proof", "mektep status --jsn", "mektep statsu"]
