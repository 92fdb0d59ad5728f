"""The package against the tree: every unit and file is in it, where its head says, with the right mode; its scripts and
lists of wheels are sound.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tarfile
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from scripts.deb import build_deb
from scripts.deb.contents import (
    LINKS,
    MODULES,
    PLACES,
    PROGRAMS,
    SCRIPTS,
    UNIT_KINDS,
    UNITS,
    WHEELS,
    conffiles,
    enabled,
    files,
    names,
    script,
    units,
)

ROOT = Path(__file__).parents[2]
LISTS = sorted((ROOT / "scripts/deb/wheels").glob("*.txt"))
BOX = ("/opt/mektep/current/bin/", "/opt/mektep/csi/bin/", "/usr/")
EXTRAS = ("serial", "osdp", "modbus", "camera", "vision", "gpio")  # pcsc: Debian's python3-pyscard
SECRET = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY|^token\s*=\s*\"[\w-]", re.MULTILINE)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real package, without what would have to be fetched."""
    scratch = tmp_path_factory.mktemp("deb")
    fetched = scratch / "fetched"
    fetched.mkdir()
    for python in ("cp311", "cp313"):
        (fetched / f"{python}.txt").write_text("")
    return build_deb.built("arm64", "9.8.7", fetched, scratch / "work", scratch)


@pytest.fixture(scope="module")
def members(package: Path) -> dict[str, tarfile.TarInfo]:
    told = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, check=True)
    with tarfile.open(fileobj=io.BytesIO(told.stdout)) as tar:
        return {one.name.removeprefix("./"): one for one in tar.getmembers()}


def field(package: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "-f", package, name], capture_output=True, text=True, check=True).stdout.strip()


def test_the_package_holds_what_the_table_says(members: dict[str, tarfile.TarInfo]) -> None:
    for one in files():
        assert oct(members[one.place].mode) == oct(one.mode), one.place
    for place, target in LINKS.items():
        assert members[place].linkname == target
    beyond = {name for name, one in members.items() if not one.isdir()} - {one.place for one in files()} - set(LINKS)
    wheel = f"{WHEELS}/mektep_agent-9.8.7-py3-none-any.whl"
    assert beyond == {wheel, f"{WHEELS}/cp311.txt", f"{WHEELS}/cp313.txt"}


def test_all_of_it_is_roots_and_of_one_time(members: dict[str, tarfile.TarInfo]) -> None:
    assert {(one.uname, one.gname) for one in members.values()} == {("root", "root")}
    assert len({one.mtime for one in members.values()}) == 1
    assert not [name for name, one in members.items() if one.mode & 0o022 and not one.issym()]


def test_it_ships_no_configuration_of_a_school() -> None:
    assert conffiles() == ["/etc/nftables.d/mektep.nft", "/etc/rpi/swap.conf.d/50-mektep.conf"]


def test_it_holds_no_secret() -> None:
    assert [one.place for one in files() if SECRET.search(one.source.read_bytes())] == []


def test_its_head_is_sound(package: Path) -> None:
    assert field(package, "Package") == "mektep-agent"
    assert (field(package, "Version"), field(package, "Architecture")) == ("9.8.7", "arm64")
    assert "python3 (>= 3.11), python3 (<< 3.14)" in field(package, "Depends")


def test_every_file_of_systemd_is_packaged_and_says_where() -> None:
    there = {path.name for path in (ROOT / "systemd").iterdir()}
    assert there == {path.name for path in units()} | set(PLACES)
    for name, place in PLACES.items():
        assert f"/{place}" in (ROOT / "systemd" / name).read_text(encoding="utf-8"), name


def test_what_a_program_takes_from_beside_it_is_packaged() -> None:
    for name in [*PROGRAMS, *MODULES]:
        if name.endswith(".py"):
            tree = ast.parse((ROOT / "scripts/deb" / name).read_bytes())
            taken = {f"{one.module}.py" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
            beside = {one for one in taken if (ROOT / "scripts/deb" / one).exists()}
            assert beside <= set(MODULES), name


def test_every_place_is_taken_once() -> None:
    places = [one.place for one in files()] + list(LINKS)
    assert len(places) == len(set(places))


def test_what_starts_with_the_box() -> None:
    found = enabled()
    assert {"mektep-agent.service", "mektep-firstboot.service", "mektep-firewall.service"} <= set(found)
    assert not [name for name in found if "@" in name]
    kinds = [Path(name).suffix for name in found]
    assert kinds == sorted(kinds, key=lambda kind: kind != ".socket")
    assert set(kinds) <= set(UNIT_KINDS)


@pytest.mark.parametrize("unit", units(), ids=lambda path: path.name)
def test_a_unit_starts_what_a_box_has(unit: Path) -> None:
    programs = re.findall(r"^Exec\w+=[-+!@:]*(\S+)", unit.read_text(encoding="utf-8"), re.MULTILINE)
    ours = {f"/{place}" for place in PROGRAMS.values()} | {f"/{place}" for place in LINKS}
    assert [one for one in programs if one not in ours and not one.startswith(BOX)] == []
    assert programs or unit.suffix != ".service"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_maintainer_script_is_sound(name: str) -> None:
    text = script(name, "9.8.7")
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -e\n" in text
    assert re.findall(r"@[A-Z]+@", text) == []
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)


def test_purged_users_are_those_that_were_made() -> None:
    assert {"mektep", "mektep-cell", "mektep-camera", "mektep-eyes"} <= set(names("u"))
    assert "gpio" not in names("g")  # Raspberry Pi OS's own
    assert f"for user in {' '.join(names('u'))};" in script("postrm", "1")


# --- lists of wheels --------------------------------------------------------------------------------------------------


def listed(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="ascii").splitlines()
    assert all(re.fullmatch(r"[0-9a-f]{64}  [\w.+-]+\.whl", line) for line in lines)
    return {canonicalize_name(parse_wheel_filename(line[66:])[0]): line[66:] for line in lines}


def test_there_is_a_list_for_each_box() -> None:
    assert [path.stem for path in LISTS] == [
        f"{arch}-{tag}" for arch in ("amd64", "arm64") for tag in ("cp311", "cp313")
    ]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_a_list_has_what_a_box_needs(path: Path) -> None:
    """If not: scripts/deb/lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *[one for extra in EXTRAS for one in project["optional-dependencies"][extra]]]
    have = {name: parse_wheel_filename(file)[1] for name, file in listed(path).items()}
    for text in needed:
        one = Requirement(text)
        assert one.specifier.contains(have[canonicalize_name(one.name)]), text
    assert "pip" in have


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_a_list_fits_its_box(path: Path) -> None:
    arch, python = path.stem.split("-")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[arch]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(36, 4, -1)]  # Debian 12 has glibc 2.36
    platforms.append(f"manylinux2014_{machine}")
    fitting = {str(tag) for tag in cpython_tags((3, int(python[3:])), platforms=platforms)}
    for file in listed(path).values():
        tags = {str(tag) for tag in parse_wheel_filename(file)[3]}
        assert tags & fitting or any(tag.endswith("-none-any") for tag in tags), file


@pytest.mark.parametrize("python", ["cp311", "cp313"])
def test_both_kinds_of_box_run_the_same_versions(python: str) -> None:
    one, other = (
        {
            name: parse_wheel_filename(file)[1]
            for name, file in listed(ROOT / f"scripts/deb/wheels/{arch}-{python}.txt").items()
        }
        for arch in ("amd64", "arm64")
    )
    assert one == other


def test_units_go_where_systemd_looks() -> None:
    assert UNITS == "usr/lib/systemd/system"
