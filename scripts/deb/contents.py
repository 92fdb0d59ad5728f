"""What the package holds, and where: one table. build_deb.py lays it out, tests/deb hold it against the tree.

Wheels are not in the table: they are fetched (scripts/deb/fetch) and lie in usr/share/mektep/wheels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "mektep-agent"
UNITS = "usr/lib/systemd/system"
DOC = f"usr/share/doc/{PACKAGE}"
WHEELS = "usr/share/mektep/wheels"
UNIT_KINDS = (".service", ".socket", ".path", ".timer")

PLACES = {  # of systemd/: what is no unit; each file says at its head what it is
    "sysusers.conf": "usr/lib/sysusers.d/mektep-agent.conf",
    "tmpfiles.conf": "usr/lib/tmpfiles.d/mektep-agent.conf",
    "gpio.conf": f"{UNITS}/mektep-cell@.service.d/gpio.conf",
    "enrolled.conf": f"{UNITS}/mektep-agent.service.d/enrolled.conf",
    "no-swap.conf": f"{UNITS}/dphys-swapfile.service.d/mektep.conf",
    "rpi-swap.conf": "etc/rpi/swap.conf.d/50-mektep.conf",
    "journald.conf": "usr/lib/systemd/journald.conf.d/50-mektep.conf",
    "modprobe.conf": "usr/lib/modprobe.d/mektep.conf",
    "nftables.conf": "etc/nftables.d/mektep.nft",
    "polkit.rules": "usr/share/polkit-1/rules.d/50-mektep-pcsc.rules",
    "udev-names.rules": "usr/lib/udev/rules.d/70-mektep-names.rules",
    "udev-usb.rules": "usr/lib/udev/rules.d/75-mektep-usb.rules",
}
PROGRAMS = {  # of scripts/deb/
    "install_version.py": "usr/lib/mektep/install-version",
    "update_version.py": "usr/lib/mektep/update-version",
    "firstboot.py": "usr/lib/mektep/firstboot",
    "usb-allow": "usr/lib/mektep/usb-allow",
}
MODULES = {  # of scripts/deb/: what a program takes from beside it
    "signed_version.py": "usr/lib/mektep/signed_version.py",
    "wheel_list.py": "usr/lib/mektep/wheel_list.py",
    "which_version.py": "usr/lib/mektep/which_version.py",
    "whole_file.py": "usr/lib/mektep/whole_file.py",
}
LINKS = {"usr/bin/mektep": "/opt/mektep/current/bin/mektep"}
MAN = {  # of docs/man/, from the commands' own tree
    "mektep.1": "usr/share/man/man1/mektep.1",
    "mektep.bash": "usr/share/bash-completion/completions/mektep",
    "_mektep": "usr/share/zsh/vendor-completions/_mektep",
}
SCRIPTS = ("postinst", "prerm", "postrm")  # of scripts/deb/, with @NAMES@ filled in

# Python 3.11 and 3.13 have wheels here; openssl checks signatures; ss of iproute2 tells who is connected;
# libstdc++6 is for the networks' library.
# What apt takes besides, unless told not to, is for readers of PC/SC.
DEPENDS = (
    "python3 (>= 3.11), python3 (<< 3.14), systemd (>= 252), udev, init-system-helpers, nftables, iproute2, "
    "libstdc++6, openssl, zlib1g"
)
CONTROL = """\
Package: {package}
Version: {version}
Architecture: {arch}
Maintainer: {maintainer}
Installed-Size: {size_kb}
Section: misc
Priority: optional
Homepage: https://mektep.example
Depends: {depends}
Recommends: pcscd, python3-pyscard
Suggests: python3-picamera2
Description: edge agent of a school
 Reads cards, fire panels and cameras of a school, decides on the spot, loses
 nothing, and tells the city centre. Holds all Python packages that it needs;
 installing it asks nothing of a network.
"""
MAINTAINER = "mektep-agent <mektep-agent@mektep.example>"


class File(NamedTuple):
    """One file of the package."""

    source: Path
    place: str
    mode: int


def units() -> list[Path]:
    return sorted(path for path in (ROOT / "systemd").iterdir() if path.suffix in UNIT_KINDS)


def enabled() -> list[str]:
    """Units that start with the box: what listens first, templates never."""
    found = [path for path in units() if "@." not in path.name and "\n[Install]\n" in path.read_text(encoding="utf-8")]
    return [path.name for path in sorted(found, key=lambda path: (path.suffix != ".socket", path.name))]


def names(kind: str) -> list[str]:
    """Users (u) or groups (g) of our own that sysusers makes; not those of Debian or Raspberry Pi OS."""
    text = (ROOT / "systemd/sysusers.conf").read_text(encoding="utf-8")
    return re.findall(rf"^{kind} +(mektep[\w-]*)", text, re.MULTILINE)


def files() -> Iterator[File]:
    """All but wheels, in the order of their places."""
    found = [File(path, f"{UNITS}/{path.name}", 0o644) for path in units()]
    found += [File(ROOT / "systemd" / name, place, 0o644) for name, place in PLACES.items()]
    found += [File(ROOT / "scripts/deb" / name, place, 0o755) for name, place in PROGRAMS.items()]
    found += [File(ROOT / "scripts/deb" / name, place, 0o644) for name, place in MODULES.items()]
    found += [File(ROOT / "docs/man" / name, place, 0o644) for name, place in MAN.items()]
    found.append(File(ROOT / "scripts/deb/firstboot.toml", "usr/share/mektep/firstboot.toml", 0o644))
    found.append(File(ROOT / "LICENSE", f"{DOC}/copyright", 0o644))
    for pattern in ("docs/*.md", "docs/drivers/*.md", "examples/*.toml", "CHANGELOG.md"):
        for path in sorted(ROOT.glob(pattern)):
            found.append(File(path, f"{DOC}/{path.relative_to(ROOT)}".replace("/docs/", "/"), 0o644))
    yield from sorted(found, key=lambda one: one.place)


def conffiles() -> list[str]:
    return [f"/{one.place}" for one in files() if one.place.startswith("etc/")]


def script(name: str, version: str) -> str:
    """A maintainer script as it is in the package."""
    text = (ROOT / "scripts/deb" / name).read_text(encoding="utf-8")
    filled = {
        "VERSION": version,
        "ENABLED": " ".join(enabled()),
        "USERS": " ".join(names("u")),
        "GROUPS": " ".join(names("g")),
    }
    for key, value in filled.items():
        text = text.replace(f"@{key}@", value)
    return text


def needed() -> list[str]:
    """Debian's packages that this one rests on, by name: for trees in which it is tried."""
    return list(dict.fromkeys(re.sub(r" \(.*?\)", "", DEPENDS).split(", ")))


def control(version: str, arch: str, size_kb: int) -> str:
    return CONTROL.format(
        package=PACKAGE, version=version, arch=arch, size_kb=size_kb, maintainer=MAINTAINER, depends=DEPENDS
    )


if __name__ == "__main__":
    print(",".join(needed()))
