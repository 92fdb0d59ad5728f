"""What the journal says of the agent's units, and what the kernel says of hardware. The newest line is the first, so
that a bound on the size takes the oldest.

Source  journalctl(1), dmesg(1)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.bundle.gathering import Gap, Said, Text
from agent.bundle.site import Missing, Site

JOURNAL_BYTES = 4 << 20
KERNEL_BYTES = 16 << 20  # that are looked through
SINCE = "-2d"
READ = ("journalctl", "--no-pager", "--quiet", "--reverse", "--output=short-iso", f"--since={SINCE}")
NOTHING = "the journal has no line of it that this user may read"
MATTERS = re.compile(
    r"(?i)\b(usb|tty\w*|ftdi\w*|cp210x|ch34\w|cdc_acm|mmc\w*|sdhci\w*|nvme\w*|voltage|undervoltage|throttl\w*|"
    r"thermal|temperature|oom\w*|out of memory|killed process|ext4\w*|jbd2|f2fs|fsck|fat-fs|i/o error|watchdog|rtc\w*|"
    r"eth\d+|end\d+|link is (up|down)|hung task|segfault|linux version|panic)"
)


def journal(site: Site) -> Iterator[Said]:
    text = site.ask([*READ, "--unit=mektep*"], limit_bytes=JOURNAL_BYTES)
    yield Text("journal.txt", text) if text.strip() else Gap(NOTHING)


def kernel(site: Site) -> Iterator[Said]:
    text = ""
    try:
        text = site.ask([*READ, "_TRANSPORT=kernel"], limit_bytes=KERNEL_BYTES)
    except Missing as error:
        yield Gap(str(error))
    if not text.strip():
        text = site.ask(["dmesg", "--time-format=iso"], limit_bytes=KERNEL_BYTES)
        text = "".join(reversed(text.splitlines(keepends=True)))
    yield Text("kernel.txt", "".join(line for line in text.splitlines(keepends=True) if MATTERS.search(line)))
