"""Runs checks side by side, each with its own limit: a check that hangs delays nobody, and is told as not finished.

Threads  of the daemon kind: what hangs in the kernel cannot be ended, and does not keep the command.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from agent.doctor.checks import Check
from agent.doctor.finding import Finding, note, told_once
from agent.doctor.site import Site

log = logging.getLogger("agent.doctor")

AGAIN = "Run it alone: mektep doctor --only NAME. If it fails again, send what it says to support."
Progress = Callable[[int, int, Sequence[str]], None]  # done, of, what is looked at now


def examine(site: Site, checks: Sequence[Check], progress: Progress = lambda _done, _of, _now: None) -> list[Finding]:
    """What all of them find, in the order of the table."""
    answers: queue.Queue[tuple[str, list[Finding]]] = queue.Queue()
    began_s = time.monotonic()
    for check in checks:
        threading.Thread(target=_look, args=(check, site, answers), name=check.name, daemon=True).start()
    found: dict[str, list[Finding]] = {}
    due = {check.name: began_s + check.limit_s for check in checks}
    while due:
        progress(len(found), len(checks), list(due))
        try:
            name, findings = answers.get(timeout=max(0.0, min(due.values()) - time.monotonic()))
            if due.pop(name, None) is not None:
                found[name] = findings
        except queue.Empty:
            for name in [name for name, at_s in due.items() if at_s <= time.monotonic()]:
                limit_s = due.pop(name) - began_s
                found[name] = [note("H-190", f"not finished within {limit_s:.0f} s", AGAIN)]
    progress(len(found), len(checks), [])
    return told_once(
        msgspec.structs.replace(one, check=check.name) for check in checks for one in found[check.name]
    )  # fmt: skip


def _look(check: Check, site: Site, answers: queue.Queue[tuple[str, list[Finding]]]) -> None:
    """A check that fails by itself is a finding, too: this thread is its supervisor."""
    try:
        findings = check.look(site)
    except Exception as error:  # supervised: told as a finding, the other checks go on
        log.debug("the check %s failed", check.name, exc_info=error)
        findings = [note("H-190", f"failed by itself: {type(error).__name__}: {error}", AGAIN)]
    answers.put((check.name, findings))
