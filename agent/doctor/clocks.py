"""The clocks: whether somebody vouches for the time, and whether the box keeps it without power."""

from __future__ import annotations

from agent.clock import SystemClock
from agent.doctor.finding import Finding, Level, note, of_trouble, well
from agent.doctor.history import last_day
from agent.doctor.site import Site, number
from agent.history.rows import Part
from agent.ops.life_view import UNSYNCED

OFF_S = 60
BATTERY = "On a Pi 5 fit the RTC battery; else an RTC module. Without it a box without Internet does not know the date."


def clock(site: Site) -> list[Finding]:
    """As the running agent says; without it, as the kernel does. And jumps of the last day."""
    synced = site.picture.clock == "synced" if site.alive and site.picture else SystemClock().synced()
    found = [] if synced else [of_trouble(UNSYNCED, Level.WARN)]
    found += [of_trouble(one, Level.NOTE) for one in last_day(site, Part.CLOCK) if one.code == "H-133"]
    return found or [well("a time server keeps it")]


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
