"""What the commands of this box may ask about the box itself: a reader's lights, the configuration before."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.errors import AgentError
from agent.event_words import Name
from agent.ops.asks import NoArgs
from agent.ops.control import Handler, args_of
from agent.paths.reader_test import ReaderTest, Untestable
from agent.trials.apply import ConfigChange, Refusal

UNTESTABLE = {  # word -> what to do
    "unknown_device": "`mektep status` names the readers.",
    "not_working": "Mend that first: `mektep status` says what to do.",
    "busy": "Try again in some seconds.",
}
REFUSED = {  # word -> code, fact, instruction
    "nothing_before": ("G-102", "there is no configuration before this one", "`mektep config history` shows them."),
    "trial_running": ("G-103", "another change is on trial", "Wait until it is over: `mektep config history`."),
}
UNUSABLE = ("G-104", "the configuration before cannot be used any more", "Edit the file, and run `mektep check`.")
UNWRITABLE = "Check the disk, and that the agent's user may write the file and its folder."


class DeviceArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: Name


def box_asks(change: ConfigChange, reader_test: ReaderTest) -> dict[str, Handler]:
    """Word to what answers it."""

    async def test(args: dict[str, Any], _account: str) -> object:
        try:
            return await reader_test.run(args_of(args, DeviceArgs).device)
        except Untestable as error:
            raise AgentError("G-105", error.what, do=UNTESTABLE[error.word]) from error

    async def undo(args: dict[str, Any], account: str) -> object:
        args_of(args, NoArgs)
        try:
            return await change.undo(account)
        except Refusal as refusal:
            code, what, do = REFUSED.get(refusal.reason, UNUSABLE)
            raise AgentError(code, what, do=do) from refusal
        except OSError as error:
            raise AgentError("G-101", f"the configuration cannot be put back: {error}", do=UNWRITABLE) from error

    return {"reader-test": test, "config-undo": undo}
