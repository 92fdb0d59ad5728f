"""The whole way of a box, in a booted Debian tree: `make test-box`. A line a check, at last one JSON line with figures.

The package is installed by apt, the boot file does the rest; the reference centre, the panel, the media server and the
file server of versions run on this machine, at the other end of a cable. Run by scripts/test-box, as root, in a network
namespace of its own. What it cannot show: a Pi; a clock that a time daemon keeps, where this machine has none.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.box import changes, life, orders
from tests.box.box import Box
from tests.box.tree import Tree

TARGET_S = 300
Check = Callable[[Box], Awaitable[None]]
BEGIN: tuple[Check, ...] = (  # without one of these the rest means nothing
    life.the_centre_runs, life.a_bare_debian_boots, life.one_command_installs_enrols_and_starts_it,
)  # fmt: skip
LIFE: tuple[Check, ...] = (
    life.its_boot_file_has_no_token_and_says_what_came_of_it, life.its_devices_work_in_units_of_their_own,
    life.the_school_comes_and_a_child_eats,
)  # fmt: skip
GIVEN: dict[str, tuple[Check, ...]] = {  # order -> who gives it; a check may give several
    "ping": (orders.order_ping,),
    "status": (orders.order_status,),
    "pace": (orders.order_pace,),
    "resend": (orders.order_resend,),
    "reference.reload": (orders.order_reference_reload,),
    "reader.test": (orders.order_reader_test,),
    "camera.snapshot": (orders.order_camera_snapshot,),
    "live.start": (orders.orders_live_start_keep_stop, orders.order_live_start_to_a_stranger_is_refused),
    "live.keep": (orders.orders_live_start_keep_stop,),
    "live.stop": (orders.orders_live_start_keep_stop,),
    "incident.report": (orders.orders_incident_report_and_answer,),
    "incident.answer": (orders.orders_incident_report_and_answer,),
    "drill": (orders.order_drill,),
    "restart": (orders.order_restart,),
    "bundle": (orders.order_bundle_for_nobody_is_refused,),
    "config.apply": (changes.order_config_apply_is_kept, changes.order_config_apply_is_undone),
    "update": (
        changes.order_update_is_fetched_built_switched_and_kept,
        changes.a_version_that_cannot_start_is_rolled_back,
    ),
}
UNPLUGGED: tuple[Check, ...] = (life.a_pulled_plug_is_named_by_doctor_why_and_status,)


async def tell(check: Check, box: Box) -> bool:
    """Run it; a line. Returns whether it held."""
    name, began_s = str(getattr(check, "__name__", check)).replace("_", " "), time.monotonic()
    try:
        await check(box)
    except Exception:  # noqa: BLE001 - a check that fails is told, and the next one runs
        print(f"FAIL  {name}  ({time.monotonic() - began_s:.1f} s)\n{traceback.format_exc()}", flush=True)
        return False
    print(f"ok    {name}  ({time.monotonic() - began_s:.1f} s)", flush=True)
    return True


async def live(box: Box, only: Sequence[str]) -> int:
    """Its whole way. Returns how many checks failed. only: words of the checks that are wanted after the begin."""
    failed = 0
    try:
        for check in BEGIN:
            if not await tell(check, box):
                failed = 1
                return failed
        for check in dict.fromkeys((*LIFE, *UNPLUGGED, *(one for checks in GIVEN.values() for one in checks))):
            if check in LIFE or not only or any(word in str(check) for word in only):
                failed += not await tell(check, box)
        return failed
    finally:
        if failed and box.tree.runs():
            print(box.tree.journal(), flush=True)
        await box.end()


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.box.story", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suite")
    parser.add_argument("tree", type=Path, help="a Debian tree that may be spoilt")
    parser.add_argument("folder", type=Path, help="for the centre, and all else that is made")
    parser.add_argument("debs", type=Path, help="holds old.deb and the folders of wheels old, new, broken")
    parser.add_argument("--only", nargs="*", default=(), metavar="WORD", help="checks with one of these in their name")
    args = parser.parse_args()
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it tells each question when a line ends
    tree = Tree(args.tree, args.folder / "console", {args.debs: "/debs"})
    box = Box(tree, args.folder, [args.debs / name for name in ("old", "new", "broken")])
    failed = asyncio.run(live(box, args.only))
    print(json.dumps({"box": args.suite, "failed": failed, "target_s": TARGET_S, **box.figures}), flush=True)
    slow = box.figures.get("enrolled_and_ready_s", TARGET_S + 1) > TARGET_S
    return 1 if failed or slow else 0


if __name__ == "__main__":
    sys.exit(main())
