"""The clocks: whether somebody vouches for the time, for how long still, whether the box keeps it without power, and
whether its commands show the school's own.
"""

from __future__ import annotations

from datetime import datetime

from agent import kernel_clock
from agent.clock import SystemClock
from agent.doctor.finding import Finding, Level, note, of_trouble, well
from agent.doctor.history import last_day
from agent.doctor.service import held
from agent.doctor.site import Site, number
from agent.history.rows import Part
from agent.ops.life_view import UNSYNCED

OFF_S = 60
ALONE_S = 60  # so long without the kernel's word: it gives a clock up nine hours after a time server's last
ALONE = "Check that NTP passes the router (UDP 123): `timedatectl timesync-status`."
ZONE = "Run: sudo timedatectl set-timezone Asia/Almaty. If it is that already: sudo apt install tzdata"
BATTERY = "On a Pi 5 fit the RTC battery; else an RTC module. Without it the box begins in the past after a power cut."


def clock(site: Site) -> list[Finding]:
    """As the running agent says; without it, as the kernel does. And jumps of the last day."""
    synced = site.picture.clock == "synced" if site.alive and site.picture else SystemClock().synced()
    found = _alone(site) if synced else [of_trouble(UNSYNCED, Level.WARN)]
    found += [of_trouble(one, Level.NOTE) for one in last_day(site, Part.CLOCK) if one.code == "H-133"]
    return found or [well("a time server keeps it")]


def _alone(site: Site) -> list[Finding]:
    """That the time is believed still, where no time server has answered for hours."""
    told, vouched = site.text(kernel_clock.TOLD).split(), site.text(kernel_clock.HELD).split()
    up_ns, vouched_ns = number("".join(told[1:2])), number("".join(vouched[1:2]))
    if up_ns is None or vouched_ns is None or up_ns - vouched_ns < ALONE_S * 10**9:
        return []
    days = max(0, kernel_clock.HOLD_NS - (up_ns - vouched_ns)) // 86_400_000_000_000
    fact = f"no time server has answered for hours; the time is believed for {days} days more, unless the power goes"
    return [note("H-135", fact, ALONE)]


def rtc(site: Site) -> list[Finding]:
    """The clock on battery."""
    at_s = number(site.text("sys/class/rtc/rtc0/since_epoch"))
    if at_s is None:
        return [note("H-132", "the box has no clock that runs without power", BATTERY)]
    off_s = at_s - site.now_ns // 1_000_000_000
    if abs(off_s) > OFF_S:
        do = "Change its battery; then: sudo hwclock --systohc"
        return [note("H-134", f"the clock on battery is {off_s:+d} s off the system's", do)]
    return [well(f"within {OFF_S} s of the system's clock")]


def zone(site: Site) -> list[Finding]:
    """Commands show the box's own time; the school's rules go by its calendar. Where they differ, people misread."""
    try:
        calendar = (held(site) or {}).get("calendar")
    except PermissionError:  # the check of the data says so
        return []
    offset = datetime.fromtimestamp(site.now_ns / 1e9).astimezone().utcoffset()
    if calendar is None or calendar.utc_offset_min is None or offset is None:
        return []
    here_min, there_min = round(offset.total_seconds() / 60), calendar.utc_offset_min
    if here_min == there_min:
        return [well(f"that of the school, UTC{_hours(here_min)}")]
    fact = f"commands show UTC{_hours(here_min)}, and the school lives by UTC{_hours(there_min)}"
    return [note("H-136", fact, ZONE)]


def _hours(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
