"""The life of the package in a Debian tree: installed, installed again, upgraded, gone back, repaired, removed, purged.

Runs inside the tree (scripts/test-deb), as root, by Debian's Python, without a network and without a running systemd.
/debs holds the packages old.deb and new.deb, /src this source tree. Only the standard library.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.exposure import MOST

OPT, VERSIONS = Path("/opt/mektep"), Path("/opt/mektep/versions")
INSTALL_VERSION = "/usr/lib/mektep/install-version"
OUTBOX, CONFIG = Path("/var/lib/mektep/outbox.db"), Path("/etc/mektep/agent.toml")
EXTRAS = "serial pymodbus osdp_sys av numpy onnxruntime cv2 gpiod smartcard.scard cryptography pyrage paho.mqtt.client"
LEFT = (  # what apt and dpkg write in any case
    "/var/lib/dpkg", "/var/lib/apt", "/var/cache", "/var/log", "/var/lib/systemd/deb-systemd-helper", "/tmp",
    "/run", "/dev", "/proc", "/sys", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid",
    "/etc/subgid", "/etc/.pwd.lock", "/src", "/debs", "/root", "/usr/share/doc", "/etc/systemd/system",
)  # fmt: skip
PROVED_CLOSED = """
import importlib.metadata as m
from packaging.requirements import Requirement
have = {d.metadata["Name"].lower().replace("_", "-").replace(".", "-"): d.version for d in m.distributions()}
extras = ["serial", "osdp", "modbus", "camera", "vision", "gpio"]
for d in m.distributions():
    for text in d.requires or []:
        r = Requirement(text)
        ours = d.metadata["Name"] == "mektep-agent"
        if r.marker and not any(r.marker.evaluate({"extra": e}) for e in (extras if ours else [""])):
            continue
        if r.name == "pip":  # sqlite-utils' own command to install plugins; nobody adds to a version
            continue
        name = r.name.lower().replace("_", "-").replace(".", "-")
        assert name in have and r.specifier.contains(have[name], prereleases=True), (d.metadata["Name"], text)
print(len(have))
"""


def sh(*command: str, code: int | None = 0) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert code in (None, done.returncode), f"{' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}"
    return done.stdout


def apt(*words: str) -> str:
    return sh("apt-get", "-q", "-y", "--allow-downgrades", "-o", "Dpkg::Use-Pty=0", *words)


def version_of(package: str) -> str:
    return sh("dpkg-deb", "-f", package, "Version").strip()


OLD, NEW = version_of("/debs/old.deb"), version_of("/debs/new.deb")


def everything() -> set[str]:
    found = set()
    for folder, names, files in os.walk("/"):
        names[:] = [name for name in names if not os.path.join(folder, name).startswith(LEFT) and name != "__pycache__"]
        found |= {os.path.join(folder, name) for name in [*names, *files]}
    return {path for path in found if not path.startswith(LEFT)}


def owned(path: Path | str) -> str:
    at = os.lstat(path)
    user, group = sh("stat", "-c", "%U %G", str(path)).split()
    return f"{user}:{group} {stat.S_IMODE(at.st_mode):04o}"


def current() -> str:
    assert sh("mektep", "--version") == f"mektep-agent {os.readlink(OPT / 'current').removeprefix('versions/')}\n"
    return os.readlink(OPT / "current").removeprefix("versions/")


def previous() -> str:
    return os.readlink(OPT / "previous").removeprefix("versions/")


# --- the story, in this order ---------------------------------------------------------------------------------------


def it_installs_without_a_network() -> None:
    assert "not enrolled yet" in apt("install", "/debs/old.deb")
    assert current() == OLD
    assert not (OPT / "previous").exists()


def its_files_are_as_it_says() -> None:
    said = sh("dpkg", "--verify", "mektep-agent").splitlines()
    left_out = ("/usr/share/doc/", "/usr/share/man/")  # by the trees
    assert [line for line in said if not any(place in line for place in left_out)] == []


def nobody_but_root_can_change_what_runs() -> None:
    for path in [OPT, *OPT.rglob("*")]:
        at = path.lstat()
        assert at.st_uid == 0, path
        assert stat.S_ISLNK(at.st_mode) or not at.st_mode & 0o022, path


def its_users_have_no_way_in() -> None:
    for user in ("mektep", "mektep-cell", "mektep-camera", "mektep-eyes"):
        line = sh("getent", "passwd", user).strip().split(":")
        assert int(line[2]) < 1000
        assert line[6] == "/usr/sbin/nologin"
        assert sh("getent", "shadow", user).split(":")[1].startswith("!")


def its_folders_are_whose_they_should_be() -> None:
    assert (found := owned("/etc/mektep")) == "root:mektep 1770", found
    assert owned("/var/lib/mektep") == "mektep:mektep 0700"
    assert owned("/etc/mektep/credentials") == "root:root 1770"
    sh("runuser", "-u", "mektep", "--", "mv", "/etc/mektep/credentials", "/etc/mektep/mine", code=1)  # read by root


def it_ships_no_configuration() -> None:
    assert not CONFIG.exists()


def status_says_what_to_do_on_a_box_that_is_not_enrolled() -> None:
    assert "mektep enrol" in sh("mektep", "status", code=2)


def every_extra_can_be_imported() -> None:
    for name in EXTRAS.split():
        sh("/opt/mektep/current/bin/python", "-c", f"import {name}")


def every_requirement_is_met() -> None:
    assert int(sh("/opt/mektep/current/bin/python", "-c", PROVED_CLOSED)) > 25


def the_examples_are_checked() -> None:
    for example in sorted(Path("/src/examples").glob("*.toml")):
        assert "C-" not in sh("mektep", "check", str(example))


def units_start_with_the_box() -> None:
    wanted = Path("/etc/systemd/system")
    names = {path.name for path in wanted.glob("*.wants/*")}
    assert {"mektep-agent.service", "mektep-firstboot.service", "mektep-firewall.service"} <= names


def systemd_understands_its_units() -> None:
    units = [
        str(path)
        for path in Path("/usr/lib/systemd/system").glob("mektep-*")
        if path.is_file() and "@" not in path.name
    ]
    said = sh("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", *units, code=None)
    later = ("RestartSteps", "RestartMaxDelaySec")  # systemd 252 does not know them; the unit says so
    assert [line for line in said.splitlines() if "mektep" in line and not any(word in line for word in later)] == []


def its_units_are_no_more_exposed_than_promised() -> None:
    """By this Debian's own systemd."""
    for unit, most in MOST.items():
        path = f"/usr/lib/systemd/system/{unit}"
        said = sh("systemd-analyze", "security", "--offline=true", "--no-pager", path, code=None)
        found = re.search(r"Overall exposure level for \S+ (\d+\.\d+)", said)
        assert found, said
        assert float(found[1]) <= most, (unit, found[1])


def udev_understands_its_rules() -> None:
    rules = [str(path) for path in Path("/usr/lib/udev/rules.d").glob("*mektep*")]
    assert len(rules) == 2
    if "verify" in sh("udevadm", "--help"):  # from systemd 254 on
        sh("udevadm", "verify", *rules)


def the_firewall_lets_in_ssh_from_service_networks_alone() -> None:
    Path("/etc/nftables.d/mektep-ssh-seen.nft").write_text("add element inet mektep service4 { 203.0.113.7 }\n")
    for _ in range(2):  # loaded once more it is the same
        sh("nft", "-f", "/etc/nftables.d/mektep.nft")
        rules = sh("nft", "list", "table", "inet", "mektep")
    assert rules.count("policy drop") == 2
    assert re.findall(r"tcp dport .*", rules) == ["tcp dport 22 accept"] * 2
    assert "203.0.113.7" in rules
    Path("/etc/nftables.d/mektep-ssh-seen.nft").unlink()
    sh("nft", "delete", "table", "inet", "mektep")


def installed_again_it_is_the_same() -> None:
    before = {path: path.lstat().st_mtime_ns for path in VERSIONS.iterdir()}
    apt("install", "--reinstall", "/debs/old.deb")
    assert {path: path.lstat().st_mtime_ns for path in VERSIONS.iterdir()} == before
    assert current() == OLD


def an_upgrade_keeps_the_version_before() -> None:
    CONFIG.write_text('school = "school-07"\n')
    OUTBOX.write_bytes(b"owed")
    apt("install", "/debs/new.deb")
    assert (current(), previous()) == (NEW, OLD)
    assert sh(str(VERSIONS / OLD / "bin/mektep"), "--version") == f"mektep-agent {OLD}\n"


def the_version_before_is_one_command_away() -> None:
    assert sh(INSTALL_VERSION, "back").strip() == OLD
    assert (current(), previous()) == (OLD, NEW)
    assert sh(INSTALL_VERSION, "back").strip() == NEW


def installed_again_it_leaves_the_version_that_the_centre_has_put_there() -> None:
    sh(INSTALL_VERSION, "use", OLD)
    assert f"version {OLD} stays" in apt("install", "--reinstall", "/debs/new.deb")
    assert (current(), previous()) == (OLD, NEW)
    sh(INSTALL_VERSION, "use", NEW)


def it_goes_back_to_an_older_package() -> None:
    apt("install", "/debs/old.deb")
    assert (current(), previous()) == (OLD, NEW)
    assert OUTBOX.read_bytes() == b"owed"


def another_python_makes_it_anew() -> None:
    """As after an upgrade of Debian: what is there no longer runs, and dpkg says that Python is another one."""
    broken = VERSIONS / "0.0.1.cp310-00000000"
    (broken / "bin").mkdir(parents=True)
    (broken / ".complete").touch()
    (VERSIONS / "0.0.1").symlink_to(broken.name)
    sh(INSTALL_VERSION, "use", "0.0.1")
    sh("dpkg-trigger", "--by-package=python3-minimal", "--no-await", "/usr/bin/python3")
    sh("dpkg", "--triggers-only", "--pending")
    assert current() == OLD


def damaged_wheels_are_not_installed() -> None:
    copy = Path("/tmp/wheels")
    sh("cp", "-a", "/usr/share/mektep/wheels", str(copy))
    for path in copy.glob("cp*.txt"):  # another list, so that there is something to make
        path.write_text(path.read_text() + f"{'0' * 64}  extra-1-py3-none-any.whl\n")
    for wheel in copy.glob("msgspec-*"):  # of each Python
        wheel.write_bytes(wheel.read_bytes()[:-1] + b"!")
    before = sorted(VERSIONS.iterdir())
    assert "damaged" in sh(INSTALL_VERSION, "install", str(copy), code=1)
    assert sorted(VERSIONS.iterdir()) == before
    sh("rm", "-rf", str(copy))


def removed_it_keeps_the_data() -> None:
    apt("remove", "mektep-agent")
    assert not OPT.exists()
    assert not os.path.lexists("/usr/bin/mektep")
    assert not list(Path("/usr/lib/systemd/system").glob("mektep*"))
    assert OUTBOX.read_bytes() == b"owed"
    assert CONFIG.exists()


def installed_after_that_it_finds_them() -> None:
    apt("install", "/debs/new.deb")
    assert current() == NEW
    assert OUTBOX.read_bytes() == b"owed"


def purged_it_leaves_nothing() -> None:
    apt("purge", "mektep-agent")
    assert everything() - BEFORE == set()
    assert "mektep" not in Path("/etc/passwd").read_text() + Path("/etc/group").read_text()
    assert not list(Path("/etc/systemd/system").rglob("mektep*"))


STORY: list[Callable[[], None]] = [
    it_installs_without_a_network, its_files_are_as_it_says, nobody_but_root_can_change_what_runs,
    its_users_have_no_way_in, its_folders_are_whose_they_should_be, it_ships_no_configuration,
    status_says_what_to_do_on_a_box_that_is_not_enrolled, every_extra_can_be_imported, every_requirement_is_met,
    the_examples_are_checked, units_start_with_the_box, systemd_understands_its_units,
    its_units_are_no_more_exposed_than_promised, udev_understands_its_rules,
    the_firewall_lets_in_ssh_from_service_networks_alone,
    installed_again_it_is_the_same, an_upgrade_keeps_the_version_before, the_version_before_is_one_command_away,
    installed_again_it_leaves_the_version_that_the_centre_has_put_there, it_goes_back_to_an_older_package,
    another_python_makes_it_anew, damaged_wheels_are_not_installed, removed_it_keeps_the_data,
    installed_after_that_it_finds_them, purged_it_leaves_nothing,
]  # fmt: skip
SHORT = STORY[:1] + STORY[7:9]  # where another machine's processor is imitated
BEFORE = everything()


def main() -> int:
    """Each check is a step of one life: after a failure the rest means nothing."""
    for check in SHORT if "short" in sys.argv[1:] else STORY:
        began = time.monotonic()
        try:
            check()
        except (AssertionError, OSError, ValueError) as error:
            print(f"FAILED  {check.__name__}")
            traceback.print_exception(error)
            return 1
        print(f"passed  {check.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
