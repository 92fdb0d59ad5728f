"""The facts that the source raises with a code, read from the source: each as literals with gaps between them.

A name in place of a fact is followed to what its function assigns to it; of a choice both sides are taken.
Shape   raised() yields (codes, fact, where); a gap in a fact is GAP. Code "" is what `well(…)` says. Several codes: the
        fact is a name that is assigned to more than once there, and is of one of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tests.source_tree import ROOT, modules, parsed

GAP = "\0"
CODE = re.compile(r"[A-Z]-\d{3}")
TELLS = re.compile(r"\"[A-Z]-\d{3}\"|\bwell\(")
FOLDERS = ("agent", "drivers")
FACT_WORDS = ("fact", "what")
PLACE = re.compile(r"\{\w+\}")  # of a text that is filled later
PROBLEM_AT = 3  # of what config.py's _problem(code, key, value, what, do) is given
Scope = dict[str, list[ast.expr]]


def raised() -> Iterator[tuple[set[str], str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if TELLS.search(path.read_text(encoding="utf-8")):
                yield from _of_file(path)


def texts() -> set[str]:
    """Every text of the source, whatever it is for: of some facts and of instructions only this is to be seen."""
    nodes = [node for name, path in modules().items() if name.startswith(FOLDERS) for node in ast.walk(parsed(path))]
    plain = {PLACE.sub(GAP, text) for text in map(_constant, nodes) if text}
    return plain | {text for node in nodes if isinstance(node, ast.JoinedStr) for text in _texts(node, {})}


def _of_file(path: Path) -> Iterator[tuple[set[str], str, str]]:
    tree = parsed(path)
    outer = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    constants = _assigned(ast.Module(outer, []))
    codes = {one for one in map(_constant, ast.walk(tree)) if CODE.fullmatch(one)} | {""}
    seen: set[ast.AST] = set()
    scopes: list[tuple[ast.AST, Scope]] = [(one, constants | _assigned(one)) for one in functions]
    for place, scope in [*scopes, (tree, constants)]:
        for node in ast.walk(place):
            if node in seen:
                continue
            seen.add(node)
            for code, value in _told(node, scope):
                several = isinstance(value, ast.Name) and len(scope.get(value.id, [])) > 1
                for fact in _texts(value, scope):
                    where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                    yield codes if several else {code}, PLACE.sub(GAP, fact), where


def _told(node: ast.AST, scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    """Code and fact of a call or a tuple."""
    given: list[ast.expr] = []
    named: dict[str, ast.expr] = {}
    if isinstance(node, ast.Call):
        given, named = node.args, {one.arg: one.value for one in node.keywords if one.arg}
        if ast.unparse(node.func) == "well" and given:
            yield "", given[0]
            return
    elif isinstance(node, ast.Tuple):
        given = node.elts
    values = [*given, *([named["code"]] if "code" in named else [])]
    code = next((_code(one, scope) for one in values if _code(one, scope)), None)
    if code is None:
        return
    fact = next((named[word] for word in FACT_WORDS if word in named), None)
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("._problem"):
        fact = given[PROBLEM_AT]
    at = next((at for at, one in enumerate(given) if _code(one, scope) == code), None)
    if fact is None and at is not None and at + 1 < len(given):
        fact = given[at + 1]
    if fact is not None and not _code(fact, scope):
        yield code, fact


def _code(node: ast.expr, scope: Scope) -> str:
    """A code, said there or a constant of that name; else nothing."""
    known = scope.get(node.id, []) if isinstance(node, ast.Name) else []
    text = _constant(known[0] if len(known) == 1 else node)
    return text if CODE.fullmatch(text) else ""


def _constant(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _assigned(place: ast.AST) -> Scope:
    found: Scope = {}
    for node in ast.walk(place):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for one, value in pairs:
                if isinstance(one, ast.Name):
                    found.setdefault(one.id, []).append(value)
    return found


def _texts(value: ast.expr, scope: Scope, depth: int = 0) -> list[str]:
    """Every text that it may be; none if it is not told here."""
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) else []
    if isinstance(value, ast.IfExp):
        return _texts(value.body, scope, depth) + _texts(value.orelse, scope, depth)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return [a + b for a, b in product(_texts(value.left, scope, depth), _texts(value.right, scope, depth))]
    if isinstance(value, ast.JoinedStr):
        parts = [[str(one.value)] if isinstance(one, ast.Constant) else _gap(one, scope, depth) for one in value.values]
        return ["".join(one) for one in product(*parts)]
    if isinstance(value, ast.Name) and depth < 2:
        return [text for one in scope.get(value.id, []) for text in _texts(one, scope, depth + 1)]
    return []


def _gap(part: ast.expr, scope: Scope, depth: int) -> list[str]:
    """A place of a fact: what stands there if the source says it, else a gap."""
    value = part.value if isinstance(part, ast.FormattedValue) else part
    chosen = value
    if isinstance(value, ast.Name) and len(scope.get(value.id, [])) == 1:
        chosen = scope[value.id][0]
    if isinstance(chosen, ast.IfExp):
        sides = [_texts(one, scope, depth + 1) for one in (chosen.body, chosen.orelse)]
        return [*sides[0], *sides[1]] if all(sides) else [GAP]
    said = isinstance(chosen, ast.JoinedStr) or _constant(chosen)
    return _texts(chosen, scope, depth + 1) if said else [GAP]
