"""What a check of the configuration says that no code stands beside in the source: its instructions, and what structs
say of their own fields; read from the source, and from the settings' types.

Shape   advised() yields (code, text, where); a gap in a text is GAP. meanings() yields the words of each setting.
"""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import msgspec

from agent import config
from agent.devices import COMMON
from drivers import catalog
from tests.agent.texts.raised import GAP, Scope, _assigned, _code, _texts
from tests.source_tree import ROOT, modules, parsed

CHECKS = ("__post_init__", "_check")  # where a struct looks at its own fields
INNER = "agent.pipelines.watch"  # its structs stand within a value: their mistakes are C-103
PARTS = {"_problem": (0, 3, 4), "_failed": (1, 2, 3)}  # places of code, fact, instruction


def advised() -> Iterator[tuple[str, str, str]]:
    for name in ("agent.config", "agent.pipelines.watch"):
        yield from _by_calls(modules()[name])
    for name in sorted(_with_settings()):
        yield from _by_structs(name, modules()[name])


def meanings() -> set[str]:
    """What is said of every setting that a file may have, also within tables."""
    drivers = [import_module(one.module).Settings for one in catalog.CATALOG.values() if one.kind != "eyes"]
    found: set[str] = set()
    _gather([*vars(config).values(), *COMMON.values(), *drivers], found, {})
    return found


def _gather(hints: list[typing.Any], found: set[str], seen: dict[int, typing.Any]) -> None:
    for hint in hints:
        if id(hint) in seen:
            continue
        seen[id(hint)] = hint  # kept: else its number could become another's
        metas = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, msgspec.Meta)]
        if words := next((one.description for one in reversed(metas) if one.description), None):
            found.add(words.rstrip("."))
        _gather(list(typing.get_args(hint)), found, seen)
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            _gather(list(typing.get_type_hints(hint, include_extras=True).values()), found, seen)


def _with_settings() -> set[str]:
    """The modules whose structs a file is read into: those of the sections, of the drivers, of what cameras share."""
    structs = [one for one in vars(config).values() if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    named = {one.__module__ for one in structs} | {one.module for one in catalog.CATALOG.values() if one.kind != "eyes"}
    return named | {"drivers.cameras.view", "agent.enrolment.boot_file"}


def _by_calls(path: Path) -> Iterator[tuple[str, str, str]]:
    tree = parsed(path)
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        scope = _assigned(ast.Module(tree.body, [])) | _assigned(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                yield from _of_a_call(node, scope, f"{path.relative_to(ROOT)}:{node.lineno}")


def _of_a_call(node: ast.Call, scope: Scope, where: str) -> Iterator[tuple[str, str, str]]:
    called = ast.unparse(node.func).rpartition(".")[2]
    if called == "Strange":
        code, said = "C-111", node.args[2:4]
    elif called in PARTS:
        at, *places = PARTS[called]
        code, said = _code(node.args[at], scope), [node.args[place] for place in places]
    else:
        return
    for value in said:
        yield from ((code, text, where) for text in _texts(value, scope) if text)


def _by_structs(name: str, path: Path) -> Iterator[tuple[str, str, str]]:
    tree = parsed(path)
    outer = _assigned(ast.Module([node for node in tree.body if isinstance(node, ast.Assign)], []))
    code = "C-103" if name == INNER else "C-104"
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in CHECKS]:
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ValueError":
                for text in _texts(node.args[0], outer | _assigned(function)):
                    fact, _, do = text.partition(". ")
                    yield from ((code, one, f"{path.name}:{node.lineno}") for one in (fact, do) if one.strip(f"{GAP}."))
