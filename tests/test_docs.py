"""The pages are complete and nothing on them is stale: codes, settings, commands, reasons, orders, faults,
dependencies, links, and every path under docs/ that the source names.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest

from agent import config
from agent.cli import main as mektep
from agent.evidence.settings import EvidenceSettings
from agent.model import Lane
from agent.outbox import lanes
from agent.outbox.settings import OutboxSettings
from agent.pipelines.watch import Watch
from agent.sync.settings import LinkSettings
from bench.__main__ import GROUPS
from centre import cli as mektep_centre
from centre.settings import Settings as CentreSettings
from drivers import catalog
from simulator.faults import FAULTS
from tests.source_tree import ROOT, modules, parsed, strings

DOCS = ROOT / "docs"
CODE = re.compile(r"\b[A-Z]-\d{3}\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """The rows of all tables."""
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


# --- codes --------------------------------------------------------------------------------------------------------


@cache
def codes_of_the_source() -> frozenset[str]:
    found = {code for path in modules().values() for text in strings(parsed(path)) for code in CODE.findall(text)}
    rules = lanes.rules(OutboxSettings(), disk_low=False)
    return frozenset(found) | {f"D-{126 + lane}" for lane in Lane if not rules[lane].sheds}  # agent/outbox/troubles.py


def code_rows() -> list[list[str]]:
    return [row for row in rows(page("errors.md")) if CODE.fullmatch(row[0])]


def test_every_code_has_its_entry_and_no_entry_is_stale() -> None:
    assert {row[0] for row in code_rows()} == codes_of_the_source()


def test_an_entry_stands_once_and_says_what_to_do() -> None:
    codes = [row[0] for row in code_rows()]
    assert len(codes) == len(set(codes))
    assert [row for row in code_rows() if len(row) != 3 or len(row[1]) < 8 or len(row[2]) < 8] == []


def test_every_first_letter_is_explained() -> None:
    letters = {row[0] for row in rows(page("errors.md")) if len(row[0]) == 1}
    assert letters == {code[0] for code in codes_of_the_source()}


# --- settings -----------------------------------------------------------------------------------------------------

SETTINGS = [
    ("config.md", LinkSettings),
    ("config.md", OutboxSettings),
    ("config.md", EvidenceSettings),
    ("config.md", config.StatePlaces),
    ("config.md", Watch),
    *[
        ("config.md", catalog.load(name).Settings)
        for name, one in catalog.CATALOG.items()
        if one.kind in config.SOURCE_KINDS
    ],
    ("centre.md", CentreSettings),
]


@pytest.mark.parametrize(("name", "type_"), SETTINGS)
def test_every_setting_is_on_its_page(name: str, type_: type[msgspec.Struct]) -> None:
    known = {field.name for field in msgspec.structs.fields(type_)} - {"folder"}  # set when loading
    assert {setting for setting in known if f"`{setting}`" not in page(name)} == set()


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.name)
def test_every_example_configuration_loads(path: Path) -> None:
    assert config.load(path).sources


# --- commands -----------------------------------------------------------------------------------------------------

CENTRE_COMMANDS = [
    "init", "receive", "school add", "school remove", "school list", "status", "events", "quarantine", "order", "rekey",
    "config apply", "config history",
    "deliver", "incident list", "incident show", "incident answer", "incident report", "incident forget",
    "incident drills", "cameras", "desk", "custody", "account add", "account password", "account end", "account list",
    "evidence list", "evidence get", "reference", "school-data check", "school-data load", "school-data publish",
    "school-data show",
    "report", "correct meal", "correct attendance", "ledger list", "ledger show", "ledger cosign", "ledger export",
    "ledger erase", "enrol", "est", "certificate list", "certificate revoke", "lost",
    "update make", "update stage", "update list",
]  # fmt: skip
Main = Callable[[list[str]], int]


def told(main: Main, words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    return capsys.readouterr().out


def options(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z-]*", text)) - {"--help"}


@pytest.mark.parametrize("command", mektep.COMMANDS)
def test_every_command_of_the_box_is_documented_with_its_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, part = page("commands.md").partition(f"\n## mektep {command}")
    part = part.partition("\n## ")[0]
    assert part
    assert options(told(mektep.main, [command], capsys)) == options(part)


@pytest.mark.parametrize("command", CENTRE_COMMANDS)
def test_every_command_of_the_centre_is_documented_with_its_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = [row for row in rows(page("centre.md")) if re.match(f"`{command}[ `]", row[0])]
    assert options(told(mektep_centre.main, command.split(), capsys)) - {"--config"} == options(row[1])


def test_the_centre_has_no_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    names = {command.split()[0] for command in CENTRE_COMMANDS}
    told_names = set(re.findall(r"^    ([a-z-]+)(?= |$)", told(mektep_centre.main, [], capsys), re.MULTILINE))
    assert told_names == names


@pytest.mark.parametrize(("name", "text"), [("commands.md", mektep.__doc__), ("centre.md", mektep_centre.__doc__)])
def test_every_exit_code_is_documented(name: str, text: str) -> None:
    _, _, part = page(name).partition("| exit code |")
    said = {int(row[0]) for row in rows(part) if row[0].isdigit()}
    assert said == {int(code) for code in re.findall(r"(?:^|[·]|codes) *(\d)\b", " ".join(text.split()))}


def test_every_target_of_make_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for path in PAGES for name in re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text(), re.MULTILINE)}
    assert named >= {"demo", "test", "bench", "docs"}
    assert named <= targets


def test_make_docs_writes_every_generated_page() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ndocs:")[2].partition("\n\n")[0]
    scripts = {path.name for path in (ROOT / "scripts").glob("*.py") if "__main__" in path.read_text(encoding="utf-8")}
    others = {"figures_page.py", "fuzz.py", "watch_footage.py"}  # take what was measured, or measure; write no page
    assert set(re.findall(r"scripts/(\w+\.py)", recipe)) == scripts - others


# --- what the protocol, the simulator and the benchmarks say ---------------------------------------------------------


def test_every_reason_for_a_refusal_is_in_the_protocol() -> None:
    pattern = re.compile(r'(?:raise Refused\(|_refused\[|\brefused\()"([a-z_]+)"')
    source = "".join(path.read_text(encoding="utf-8") for name, path in modules().items() if "." in name)
    reasons = set(pattern.findall(source))
    part = page("protocol.md").partition("\n## 12.")[2].partition("\n## 13.")[0]
    listed = {reason for row in rows(part) for reason in re.findall(r"`([a-z_]+)`", row[0])}
    assert len(reasons) > 15
    assert listed == reasons


def test_every_fault_is_on_the_simulators_page() -> None:
    part = page("simulator.md").partition("| fault |")[2].partition("\n## ")[0]
    assert [row[0] for row in rows(part)] == [fault.name for fault in FAULTS]


def test_every_group_of_figures_is_named() -> None:
    assert [name for name in GROUPS if name not in page("benchmarks.md")] == []


def test_every_dependency_has_its_reason() -> None:
    needed: set[str] = set()
    for file in ("pyproject.toml", "centre/pyproject.toml"):
        project = tomllib.loads((ROOT / file).read_text(encoding="utf-8"))["project"]
        lists = [project["dependencies"], *project["optional-dependencies"].values()]
        needed |= {re.split(r"[\[<>=; ]", one)[0] for every in lists for one in every}
    reasons = {name.strip() for row in rows(page("decisions/0005-dependencies.md")) for name in row[0].split(",")}
    assert reasons - {"package"} == needed - {"mektep-agent"}


# --- where things are -----------------------------------------------------------------------------------------------


MAPS = [  # page, where its map begins and ends, the folder
    ("architecture.md", "## Where to look in `agent/`\n", "\n\nIn `drivers/`", "agent"),
    ("architecture.md", "## Where to look in `centre/`\n", "\n\nWhat is in `simulator/`", "centre"),
    ("simulator.md", "## Its parts\n", "\n## ", "simulator"),
]


@pytest.mark.parametrize(("name", "begin", "end", "folder"), MAPS, ids=[row[-1] for row in MAPS])
def test_a_map_names_each_room_and_each_module_once(name: str, begin: str, end: str, folder: str) -> None:
    part = page(name).split(begin)[1].split(end)[0]
    column = 0 if folder == "simulator" else -1
    named = [word for row in rows(part) for word in re.findall(r"`([\w/.]+)`", row[column])]
    children = [one for one in (ROOT / folder).iterdir() if one.name not in ("__pycache__", "__init__.py")]
    there = [f"{one.name}/" if one.is_dir() else one.name for one in children if one.is_dir() or one.suffix == ".py"]
    there = [one for one in there if folder != "simulator" or one not in ("__main__.py", "footage/")]
    assert sorted(named) == sorted(there)


# --- links --------------------------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """As they are made of headings."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"\n *", " ", FENCE.sub("", path.read_text(encoding="utf-8")))
    for link in LINK.findall(text):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    found, new = set(), {ROOT / "README.md"}
    while new:
        found |= new
        links = {(one, link.partition("#")[0]) for one in new for link in LINK.findall(one.read_text(encoding="utf-8"))}
        reached = {(one.parent / name).resolve() for one, name in links if name.endswith(".md")}
        new = {one for one in reached if one.exists()} - found
    assert set(PAGES) - found - {ROOT / "CHANGELOG.md"} == set()


def test_every_path_under_docs_that_the_source_names_is_there() -> None:
    files = [*modules().values(), *(ROOT / "scripts").glob("*.py"), *(ROOT / "agent").rglob("*.sql"), ROOT / "Makefile"]
    files += [*(ROOT / "examples").glob("*.toml"), *(ROOT / "drivers").rglob("*.toml")]
    named = {
        name.rstrip(".")
        for path in files
        for name in re.findall(r"\bdocs/[\w./-]*\w", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 5
    assert {name for name in named if not name.endswith(".new") and not (ROOT / name).exists()} == set()
