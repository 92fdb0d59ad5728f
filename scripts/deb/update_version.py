#!/usr/bin/python3
"""update-version: what the agent may not do itself, done for it by root: install a signed version, switch, switch back.

Wish     STATE/wish.json, of the agent: {"do": "install", "archive": NAME}, {"do": "use", "version": V},
         {"do": "back", "version": V}: away from V; "id": by which it knows the answer.
         STATE is the agent's own folder: nothing in it is believed but what the city's orders key has signed.
Signed   which archive is taken, and when it must have been signed: signed_version.py, beside this one.
One way  only what the city has signed last is switched to, and only from what was switched to so a way leads back, and
         once: who holds the agent cannot lead the box from version to version.
Guard    a version that was switched to must come up: after three starts that failed, or if it does not run when GUARD_S
         are over, the one before is put back. OWN/guard.json says what is guarded, if the power goes meanwhile.
Left     what did not come up, or was left by the agent's wish, is no way back any more (install-version leave), and is
         taken again only if the city signs it anew.
Told     OWN/outcome.json: {"wish": ..., "done": bool, "said": text, "version": text, "again": bool}
By hand  --forget-times: take the next signed version, whenever it was signed (docs/updates.md)
Exit     0 nothing to do, or done; 1 not done, and why on standard error
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True  # beside a script of the package nothing is left
sys.path.insert(0, str(Path(__file__).resolve().parent))
from signed_version import (  # noqa: E402 - the file beside this one
    TEXT_BYTES,
    VERSION,
    Ledger,
    Refused,
    known_time,
    read_plain,
    settle,
    unpacked,
)
from whole_file import write  # noqa: E402 - another one

WISH, WISH_BYTES = "wish.json", 4_096
UNIT = "mektep-agent.service"
GUARD_S, LOOK_S = 240.0, 2.0
FAILED_MOST = 3
NOT_UP, WORSE = "it did not come up", "the agent found it worse than the one before"


class Places:
    """Where everything lies."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.state: Path = args.state
        self.own: Path = args.own
        self.opt: Path = args.opt
        self.shipped: Path = args.shipped
        self.clock: Path = args.clock
        self.install: str = args.install_version
        self.guard = self.own / "guard.json"
        self.tried = self.own / "tried.json"
        self.outcome = self.own / "outcome.json"
        self.wheels = self.own / "wheels"


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[int]:
    """The agent's folder itself: what it puts in its place, a link to somewhere else, is not followed."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(f"the agent's folder cannot be opened: {error}") from error
    try:
        yield handle
    finally:
        os.close(handle)


def taken_wish(folder: int) -> dict[str, str] | None:
    """The wish, which is gone then: none is granted twice. None if there is none."""
    try:
        wish = json.loads(read_plain(WISH, WISH_BYTES, folder))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, Refused) as error:
        raise Refused(f"wish.json is none: {error}") from error
    finally:
        _remove(WISH, folder)
    if not isinstance(wish, dict) or not all(isinstance(value, str) for value in wish.values()):
        raise Refused("wish.json is none")
    return wish


def _remove(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    except IsADirectoryError:
        shutil.rmtree(name, dir_fd=folder)  # follows no link


def call(words: Sequence[str]) -> str:
    """Raises Refused with what the program says."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(done.stderr.strip() or f"{words[0]}: exit code {done.returncode}")
    return done.stdout.strip()


# --- the three wishes -----------------------------------------------------------------------------------------------


def install(places: Places, wish: dict[str, str], folder: int) -> str:
    """Build the version; nothing runs it yet. Returns its name."""
    archive, now_s = wish.get("archive", ""), known_time(places.clock)
    signed = unpacked(folder, archive, places.own, places.shipped, running(places), now_s)
    told = call([places.install, "install", str(places.wheels), "--expect", signed.list_sha256, "--again"])
    if told != signed.version:
        raise Refused(f"the archive holds version {told}, and is signed as {signed.version}")
    Ledger(places.own).note_built(signed.version, signed.made, signed.instead_of)
    return signed.version


def use(places: Places, wish: dict[str, str], _folder: int) -> str:
    """Switch, and begin to guard. Returns the version."""
    version = wish.get("version", "")
    if not VERSION.fullmatch(version):
        raise Refused(f"{version!r} is no version")
    if not Ledger(places.own).is_last(version):
        raise Refused(f"{version} is not what the city has signed last")
    if version == running(places):
        return version
    if not (places.opt / "versions" / version).exists():  # the package has pruned it, which does not know what waits
        raise Refused(f"{version} is not built here any more", again=True)
    write(places.tried, json.dumps({"version": version}).encode())
    guarding(places, version=version, begun=False)
    try:
        call([places.install, "use", version])
    except Refused:
        places.guard.unlink()
        raise
    restart()
    guarding(places, version=version, begun=True)
    return version


def back(places: Places, wish: dict[str, str], _folder: int) -> str:
    """The version before runs again. Returns it. Asked again, it does not lead forth again."""
    version = wish.get("version", "")
    if version and version != running(places):
        return running(places)
    if not version or version not in (read(places.tried).get("version"), read(places.guard).get("version")):
        raise Refused(f"{version or 'a version without a name'} is not on trial: it is not left by a wish")
    return leave(places, version, WORSE)


def leave(places: Places, version: str, why: str) -> str:
    """For good, until it is signed anew. Cut off anywhere, it is done again from its beginning. Returns what runs."""
    guarding(places, version=version, over=why)
    try:
        now = call([places.install, "leave", version, "--why", why])
    except Refused:  # there is nothing to go back to
        places.guard.unlink()
        raise
    Ledger(places.own).note_left(version)
    write(places.tried, json.dumps({"version": ""}).encode())
    restart()
    places.guard.unlink()
    return now


def running(places: Places) -> str:
    return os.readlink(places.opt / "current").rpartition("/")[2] if (places.opt / "current").is_symlink() else ""


def restart() -> None:
    call(["systemctl", "reset-failed", UNIT])
    call(["systemctl", "restart", "--no-block", UNIT])


DEEDS = {"install": install, "use": use, "back": back}


def grant(places: Places) -> bool:
    """One wish, if there is one. Returns whether there was; its end is told. Never raises for what the agent did."""
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(opened(places.state))
        except Refused as error:
            print(f"update-version: {error}", file=sys.stderr)
            return False
        try:
            wish = taken_wish(folder)
        except Refused as error:
            tell(places, {}, error)
            return True
        if wish is None:
            return False
        try:
            deed = DEEDS.get(wish.get("do", ""))
            if deed is None:
                raise Refused(f"{wish.get('do')!r} is no wish")
            tell(places, wish, None, deed(places, wish, folder))
        except (Refused, OSError) as error:
            tell(places, wish, error)
        return True


def tell(places: Places, wish: dict[str, str], error: Exception | None, version: str = "") -> None:
    """To the agent, which reads it, and to the log."""
    said, again = str(error)[-500:] if error else "", isinstance(error, Refused) and error.again
    told = {"wish": wish, "done": error is None, "said": said, "version": version, "again": again}
    write(places.outcome, json.dumps(told).encode())
    print(f"update-version: {wish}: {said or version}", file=sys.stderr)


# --- the guard ------------------------------------------------------------------------------------------------------


def guarding(places: Places, **words: object) -> None:
    write(places.guard, json.dumps(words).encode())


def guard(places: Places, guard_s: float) -> None:
    """Until the version that was switched to has shown that it comes up, or the one before is back."""
    if not places.guard.exists():
        return
    told, version = read(places.guard), guarded(places)
    if told.get("over"):
        leave(places, version, str(told["over"]))
        return
    if version != running(places):  # the power went before the switch: nothing is on trial
        places.guard.unlink()
        return
    if not told.get("begun", True):
        restart()
    watch(places, guard_s)


def watch(places: Places, guard_s: float) -> None:
    version = guarded(places)
    deadline, failed_before, granted = time.monotonic() + guard_s, restarts(), False
    while places.guard.exists():
        if grant(places):
            failed_before, granted = restarts(), True
            if guarded(places) != version:  # the next one was switched to: it is that one which is watched now
                version, deadline, granted = guarded(places), time.monotonic() + guard_s, False
            continue
        failed_before = min(failed_before, failed := restarts())  # systemd counts anew once the restart has begun
        if failed - failed_before >= FAILED_MOST or (time.monotonic() >= deadline and shown("ActiveState") != "active"):
            tell(places, {"do": "guard"}, Refused("the version did not come up"), leave(places, version, NOT_UP))
            return
        if time.monotonic() >= deadline:
            places.guard.unlink(missing_ok=True)
            if not granted:  # else what was just built for the next time would go, too
                call([places.install, "prune"])
            return
        time.sleep(LOOK_S)


def guarded(places: Places) -> str:
    """The version that guard.json names; if it is spoilt, that which runs."""
    return str(read(places.guard).get("version") or running(places))


def read(path: Path) -> dict[str, Any]:
    """Of root's own; empty if it is spoilt, or not there."""
    try:
        found = json.loads(read_plain(path, TEXT_BYTES))
    except (OSError, ValueError, Refused):
        return {}
    return found if isinstance(found, dict) else {}


def shown(what: str) -> str:
    return call(["systemctl", "show", "--property", what, "--value", UNIT])


def restarts() -> int:
    told = shown("NRestarts")
    return int(told) if told.isdecimal() else 0


# --- the command ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def alone(own: Path) -> Iterator[None]:
    """One at a time; what the power cut left is tidied."""
    own.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (own / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in own.glob(".new-*"):
            shutil.rmtree(left, ignore_errors=True)
        settle(own / "wheels")
        yield


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="update-version", description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--state", type=Path, default=Path("/var/lib/mektep/updates"))
    parser.add_argument("--own", type=Path, default=Path("/var/lib/mektep-update"))
    parser.add_argument("--opt", type=Path, default=Path("/opt/mektep"))
    parser.add_argument("--shipped", type=Path, default=Path("/usr/share/mektep/wheels"))
    parser.add_argument("--install-version", default="/usr/lib/mektep/install-version")
    parser.add_argument("--clock", type=Path, default=Path("/run/mektep-clock/synced"))
    parser.add_argument("--guard-seconds", type=float, default=GUARD_S)
    parser.add_argument("--forget-times", action="store_true", help="take the next signed version, whenever signed")
    args = parser.parse_args(argv)
    places = Places(args)
    os.umask(0o022)
    try:
        with alone(places.own):
            if args.forget_times:
                print(f"forgotten: {Ledger(places.own).forget() or 'nothing'}")
                return 0
            while grant(places):
                pass
            guard(places, args.guard_seconds)
    except (Refused, OSError) as error:
        print(f"update-version: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
