"""What `mektep discover` may call a thing, read from the source of its looks: as literals with gaps between them.

Whatever a call is given as `what` or `words` counts; what a device says of itself is a gap. A text that another call
makes cannot be seen here, so that none may: only printable() and what a table has.
Shape   discovered() yields (text, where); a gap in a text is GAP.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.agent.texts.raised import GAP, Scope, _assigned, _texts
from tests.source_tree import ROOT, modules, parsed

LOOKS = ("drivers.discovery.", "agent.cli.discover_")
NAMES = ("what", "words")
OF_THE_DEVICE = ("usb.word", "BY_NUMBER.get", "IRONLOGIC.get")  # its own words, or its maker's name


def discovered() -> Iterator[tuple[str, str]]:
    for name, path in modules().items():
        if name.startswith(LOOKS):
            yield from _of_file(path)


def _of_file(path: Path) -> Iterator[tuple[str, str]]:
    for function in ast.walk(parsed(path)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        scope = _assigned(function)
        for value in (one.value for one in ast.walk(function) if isinstance(one, ast.keyword) and one.arg in NAMES):
            yield from ((text, f"{path.relative_to(ROOT)}:{value.lineno}") for text in said(value, scope))


def said(value: ast.expr, scope: Scope) -> Iterator[str]:
    """Each text that it may be. Raises AssertionError where nobody can see that."""
    if isinstance(value, ast.BoolOp | ast.IfExp):
        sides = value.values if isinstance(value, ast.BoolOp) else [value.body, value.orelse]
        yield from (text for one in sides for text in said(one, scope))
    elif isinstance(value, ast.Name) and value.id in scope:
        rest = {name: values for name, values in scope.items() if name != value.id}
        yield from (text for one in scope[value.id] for text in said(one, rest))
    elif isinstance(value, ast.Call) and ast.unparse(value.func) == "printable":
        yield from said(value.args[0], scope)
    elif isinstance(value, ast.Call) and ast.unparse(value.func) in OF_THE_DEVICE:
        yield GAP
    elif any(isinstance(node, ast.Call) for node in ast.walk(value)):
        raise AssertionError(f"{ast.unparse(value)}: nobody sees here what this says")
    else:
        yield from _texts(value, scope) or [GAP]
