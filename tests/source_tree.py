"""The source files as tests about the tree see them: parsed once, with names as Python would import them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("agent", "drivers", "centre", "simulator", "bench")


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file, of the product's packages."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module, known: dict[str, Path]) -> Iterator[str]:
    """What a module imports, also within functions; `from package import module` is the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module


@cache
def imported(name: str) -> frozenset[str]:
    """What a module of ours imports."""
    return frozenset(imports(parsed(modules()[name]), modules()))


def imported_at_once(name: str) -> set[str]:
    """What is imported when the module is, without what its functions import later."""
    tree = parsed(modules()[name])
    top = [node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    return set(imports(ast.Module(top, []), modules()))


def strings(tree: ast.Module) -> Iterator[str]:
    """Every text in the code that is no docstring."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value
