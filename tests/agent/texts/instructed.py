"""What the source says beside a code is to be done, and what else a command shows that has no code: read from it.

Shape   instructed() yields (code, instruction, where), said_by(names) each text with which such an error is raised; a
        gap in a text is GAP. What cannot be seen there, an instruction that a function returns, is in its own test.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.agent.texts.raised import FOLDERS, TELLS, Scope, _assigned, _code, _texts
from tests.source_tree import ROOT, parsed

ROOT_FOLDER = "scripts/deb"


def instructed() -> Iterator[tuple[str, str, str]]:
    for node, scope, where in _calls("", TELLS.search):
        named = {one.arg: one.value for one in node.keywords}
        codes = [_code(one, scope) for one in node.args]
        code = _code(named["code"], scope) if "code" in named else next(filter(None, codes), "")
        given = node.args[codes.index(code) + 2 :] if code in codes else []
        do = named.get("do") or (given[0] if given else None)
        if code and do is not None:
            yield from ((code, text, where) for text in _texts(do, scope) if text)


def said_by(folder: str, *names: str) -> Iterator[tuple[str, str]]:
    for node, scope, where in _calls(folder, lambda text: any(f"{name}(" in text for name in names)):
        if ast.unparse(node.func) in names and node.args:
            yield from ((text, where) for text in _texts(node.args[0], scope))


def _calls(folder: str, wanted: Callable[[str], object]) -> Iterator[tuple[ast.Call, Scope, str]]:
    """Every call within a function, and what its names may be; of root's scripts where they are asked for."""
    for path in (path for one in (*FOLDERS, ROOT_FOLDER) for path in sorted((ROOT / one).rglob("*.py"))):
        name = str(path.relative_to(ROOT))
        if name.startswith(folder) and wanted(path.read_text(encoding="utf-8")):
            yield from ((node, scope, f"{name}:{node.lineno}") for node, scope in _of_file(path))


def _of_file(path: Path) -> Iterator[tuple[ast.Call, Scope]]:
    tree = parsed(path)
    outer = [node for node in tree.body if isinstance(node, ast.Assign)]
    constants = _assigned(ast.Module(list(outer), []))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = constants | _assigned(function)
            yield from ((node, scope) for node in ast.walk(function) if isinstance(node, ast.Call))
