"""The machine, laid out as the kernel shows it; and this one, whatever it has."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.bundle.machine import devices, figure, keyed, network, software, system
from agent.bundle.site import Site
from tests.agent.bundle.laid_out import by_name, site

FILES = {
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    "proc/meminfo": "MemTotal:        8245632 kB\nHugePages_Total:       0\n",
    "proc/uptime": "40648.66 12.00\n",
    "proc/diskstats": "179 0 mmcblk0 12345678 0 99 0\n 7 0 loop0 0 0 0 0\n",
    "proc/pressure/io": "some avg10=0.10 avg60=0.00 avg300=0.00 total=123456789\n",
    "proc/mounts": "/dev/root / ext4 rw 0 0\nproc /proc proc rw 0 0\n",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "boot/firmware/config.txt": "dtparam=rtc_bbat_vchg=3000000\n",
    "boot/firmware/mektep.toml": 'token = "one-time"\n',
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "51200\n",
    "sys/block/mmcblk0/size": "124735488\n",
    "sys/block/mmcblk0/device/name": "SN64G\n",
    "sys/block/mmcblk0/device/serial": "0x12345678\n",
    "sys/bus/usb/devices/1-1.2/idVendor": "0403\n",
    "sys/bus/usb/devices/1-1.2/product": "FT232R USB UART\n",
    "sys/bus/usb/devices/1-1.2/serial": "A50285BI\n",
    "sys/bus/usb/devices/1-0:1.0/bInterfaceClass": "09\n",
    "sys/class/net/eth0/carrier_changes": "17\n",
    "etc/resolv.conf": "nameserver 192.168.1.1\n",
    "dev/ttyUSB0": "",
}
PROGRAMS = {
    "vcgencmd": "throttled=0x50005\n",
    "timedatectl": "NTPSynchronized=no\n",
    "ip": '[{"ifname": "eth0"}]',
    "systemctl": "Id=mektep-agent.service\nNRestarts=3\nMemoryCurrent=98765432\n\nId=mektep-clock.service\n",
}


def pi(folder: Path) -> Site:
    for name, text in FILES.items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    versions = folder / "root/opt/mektep/versions/1.4.0"
    versions.mkdir(parents=True)
    (folder / "root/opt/mektep/current").symlink_to("versions/1.4.0")
    names = folder / "root/dev/serial/by-id"
    names.mkdir(parents=True)
    (names / "usb-FTDI").symlink_to("../../ttyUSB0")
    return msgspec.structs.replace(site(folder, programs=PROGRAMS), root=folder / "root")


def test_the_board(tmp_path: Path) -> None:
    told = by_name(list(system(pi(tmp_path))))
    assert told["machine.json"]["model"] == "Raspberry Pi 5 Model B Rev 1.0"  # type: ignore[index]
    assert told["machine.json"]["temperatures"] == {"cpu-thermal": 51200}  # type: ignore[index]
    assert told["memory-kb.json"] == {"MemTotal": 8245632, "HugePages_Total": 0}
    assert told["pressure.json"]["io"] == "some avg10=0.10 avg60=0.00 avg300=0.00"  # type: ignore[index]
    assert told["disk-counts.json"] == {"mmcblk0": [12345678, 0, 99, 0]}
    assert told["disks.json"] == {"mmcblk0": {"name": "mmcblk0", "size": 124735488, "device/name": "SN64G"}}
    assert [one["at"] for one in told["space.json"]] == ["/"]  # type: ignore[union-attr]
    assert told["throttled.txt"] == "throttled=0x50005\n"
    assert told["config.txt"] == "dtparam=rtc_bbat_vchg=3000000\n"
    assert told["gaps"] == []
    assert "one-time" not in str(told), "the boot file holds a token"
    assert "0x12345678" not in str(told), "the card's serial number"


def test_what_is_plugged_in(tmp_path: Path) -> None:
    told = by_name(list(devices(pi(tmp_path))))
    assert told["usb.json"] == [{"name": "1-1.2", "idVendor": "0403", "product": "FT232R USB UART"}]
    assert told["names.json"] == {"/dev/serial/by-id": {"usb-FTDI": "../../ttyUSB0"}}
    assert told["nodes.json"] == ["ttyUSB0"]


def test_the_network(tmp_path: Path) -> None:
    told = by_name(list(network(pi(tmp_path))))
    assert told["interfaces.json"] == {"eth0": {"name": "eth0", "carrier_changes": 17}}
    assert told["addresses.json"] == [{"ifname": "eth0"}]
    assert told["resolv.conf"] == "nameserver 192.168.1.1\n"


def test_the_software(tmp_path: Path) -> None:
    told = by_name(list(software(pi(tmp_path))))
    assert told["software.json"]["versions"] == ["1.4.0"]  # type: ignore[index]
    assert told["software.json"]["current"] == "versions/1.4.0"  # type: ignore[index]
    assert "msgspec" in told["software.json"]["packages"]  # type: ignore[index]
    assert told["units.json"] == [
        {"Id": "mektep-agent.service", "NRestarts": 3, "MemoryCurrent": 98765432}, {"Id": "mektep-clock.service"},
    ]  # fmt: skip


def test_a_machine_without_any_of_it(tmp_path: Path) -> None:
    bare = msgspec.structs.replace(site(tmp_path), root=tmp_path / "nothing")
    told = [by_name(list(look(bare))) for look in (system, devices, network, software)]
    assert told[0]["gaps"] == ["clock.txt: timedatectl: No such file or directory"]
    assert told[1]["gaps"] == []
    assert len(told[2]["gaps"]) == 3  # type: ignore[arg-type]
    assert len(told[3]["gaps"]) == 2  # type: ignore[arg-type]


def test_figures() -> None:
    assert [figure(text) for text in ("17", "0403", "0", "", "1.5")] == [17, "0403", 0, "", "1.5"]
    assert keyed("A=1\nnothing\nB = x=y\n", "=") == {"A": 1, "B": "x=y"}
