"""The tree: each file has its sign and a name that says something, none is too long, each module has its test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source_tree import ROOT, imported, imports, modules, parsed

LINES_MAX = 400
SIGN_MIN_CHARS = 12
JUNK = {
    "base",
    "common",
    "handler",
    "handlers",
    "helper",
    "helpers",
    "lib",
    "manager",
    "misc",
    "tools",
    "util",
    "utils",
}
NO_CODE_OF_THEIR_OWN = {  # only shapes and names: the tests of those who use them are theirs
    "agent.event_words": "annotated types; the events' tests and schemas are theirs",
    "agent.pipelines.sighting": "frozen facts and the shape of a detector",
    "agent.pipelines.settings": "frozen settings; each detector's tests use its own",
    "agent.school.purpose": "two enums",
    "agent.school.tapped": "frozen facts and the shape of a rule",
    "agent.school_events": "frozen facts; the contract's tests check each",
    "agent.incident_events": "frozen facts; the contract's tests check each",
    "agent.evidence.films": "a shape, and one of it without video",
    "agent.audit.source": "protocols; each source's test has the line that mypy checks",
    "centre.enrolment_tables": "the schema; both databases run it in every test of the store",
    "centre.incident_tables": "the schema; both databases run it in every test of the store",
    "drivers.driver": "protocols; every driver's test has the line that mypy checks",
    "agent.cells.child": "protocols; both kinds of children say that they keep to them",
    "drivers.errors": "one exception",
    "drivers.readings": "frozen facts",
}
ENVIRONMENT = ("agent.cli", "agent.texts", "drivers.cell_unit")  # the only ones that may look at os.environ


def source_files() -> list[Path]:
    places = ("agent", "drivers", "centre", "simulator", "bench", "scripts", "tests")
    return [path for place in places for path in sorted((ROOT / place).rglob("*.py"))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", source_files(), ids=named)
def test_a_file_has_its_sign_and_is_read_in_one_sitting(path: Path) -> None:
    sign = ast.get_docstring(parsed(path)) or ""
    assert len(sign) >= SIGN_MIN_CHARS, "a docstring that says what the file is"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_MAX


def test_no_name_is_a_junk_drawer() -> None:
    names = {part for path in source_files() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not names & JUNK


def has_test(name: str, path: Path) -> bool:
    """tests/agent/outbox/test_writer.py for agent/outbox/writer.py; test_writer_WHAT.py are more of it."""
    folder = ROOT / "tests" / path.relative_to(ROOT).parent
    return (folder / f"test_{path.stem}.py").exists() or any(folder.glob(f"test_{path.stem}_*.py"))


def needing_tests() -> Iterator[str]:
    for name, path in modules().items():
        if name.startswith(("agent.", "drivers.", "centre.")) and path.stem not in ("__init__", "__main__"):
            yield name


@pytest.mark.parametrize("name", sorted(set(needing_tests()) - set(NO_CODE_OF_THEIR_OWN)))
def test_a_module_has_its_test_file(name: str) -> None:
    assert has_test(name, modules()[name])


def test_what_needs_no_test_file_has_none() -> None:
    assert [name for name in NO_CODE_OF_THEIR_OWN if has_test(name, modules()[name])] == []


def reached(names: set[str]) -> set[str]:
    """What some modules import, and what that imports, and so on."""
    found: set[str] = set()
    while names:
        found |= names
        names = {one for name in names for one in imported(name)} & set(modules()) - found
    return found


def test_every_part_of_the_simulator_is_used_by_a_test() -> None:
    tests = [path for path in source_files() if named(path).startswith("tests")]
    begun = {one for path in tests for one in imports(parsed(path), modules())} | {"simulator.__main__"}  # run by demo
    begun.add("simulator.rtsp_server")  # a process of its own, of simulator.rtsp_camera
    begun.add("simulator.record_server")  # and of simulator.media_server
    begun.add("simulator.stand_in.sitecustomize")  # loaded by Python itself, in the agent of simulator.school
    ours = {name for name in modules() if name.startswith("simulator.")}
    assert ours - reached(begun & set(modules())) == set()


def test_every_part_of_the_benchmarks_is_run_by_them() -> None:
    ours = {name for name in modules() if name.startswith("bench.")}
    processes = {
        "bench.__main__",
        "bench.box",
        "bench.city_agents",
        "bench.odd_agent",
        "bench.odd_driver",
        "bench.vision.__main__",
    }
    processes |= {"bench.tune_week", "bench.vision.clock"}
    processes |= {"bench.peers.__main__", "bench.peers.our_box"}
    assert ours - reached(processes) - {"bench.peers", "bench.vision"} == set()


@pytest.mark.parametrize("name", modules())
def test_a_module_keeps_no_state_of_the_process(name: str) -> None:
    tree = parsed(modules()[name])
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)]
    looks = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "environ"]
    assert not looks or not name.startswith(("agent", "drivers", "centre")) or name.startswith(ENVIRONMENT)
