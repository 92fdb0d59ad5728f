"""The tree: each file has its sign and a name that says something, none is too long, each module has its test."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

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


def sign(text: str) -> str:
    """The docstring of a file, without parsing the rest of it."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            return str(ast.literal_eval(token.string)) if token.type == tokenize.STRING else ""
    return ""


def test_every_file_has_its_sign() -> None:
    unsigned = [named(path) for path in source_files() if len(sign(path.read_text(encoding="utf-8"))) < SIGN_MIN_CHARS]
    assert unsigned == []


def test_every_file_is_read_in_one_sitting() -> None:
    lines = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in source_files()}
    assert {name: count for name, count in lines.items() if count > LINES_MAX} == {}


def test_no_name_is_a_junk_drawer() -> None:
    names = {part for path in source_files() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not names & JUNK


def has_test(path: Path) -> bool:
    """tests/agent/outbox/test_writer.py for agent/outbox/writer.py; test_writer_WHAT.py are more of it."""
    folder = ROOT / "tests" / path.relative_to(ROOT).parent
    return (folder / f"test_{path.stem}.py").exists() or any(folder.glob(f"test_{path.stem}_*.py"))


def needing_tests() -> Iterator[str]:
    for name, path in modules().items():
        if name.startswith(("agent.", "drivers.", "centre.")) and path.stem not in ("__init__", "__main__"):
            yield name


def test_every_module_has_its_test_file() -> None:
    needing = sorted(set(needing_tests()) - set(NO_CODE_OF_THEIR_OWN))
    assert [name for name in needing if not has_test(modules()[name])] == []


def test_what_needs_no_test_file_has_none() -> None:
    assert [name for name in NO_CODE_OF_THEIR_OWN if has_test(modules()[name])] == []


def reached(names: set[str]) -> set[str]:
    """What some modules import, and what that imports, and so on."""
    found: set[str] = set()
    while names:
        found |= names
        names = {one for name in names for one in imported(name)} & set(modules()) - found
    return found


def test_every_part_of_the_simulator_is_used_by_a_test() -> None:
    tests = [
        path for path in source_files() if named(path).startswith("tests") and "simulator" in path.read_text("utf-8")
    ]
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


def test_no_module_keeps_state_of_the_process() -> None:
    kept, looks = [], []
    for name, path in modules().items():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Global):
                kept.append(f"{name}:{node.lineno}")
            elif isinstance(node, ast.Attribute) and node.attr == "environ":
                looks.append(f"{name}:{node.lineno}")
    assert kept == []
    installed = [one for one in looks if one.startswith(("agent", "drivers", "centre"))]
    assert [one for one in installed if not one.startswith(ENVIRONMENT)] == []
