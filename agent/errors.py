"""The one exception of this package: what is wrong, in words a technician can act on."""

from __future__ import annotations


class AgentError(Exception):
    """Something the agent cannot do, with its code, the fact and the instruction.

    code  stable key of docs/errors.md, e.g. "D-102"
    what  the fact, for the log
    do    the instruction, for the person on site
    """

    def __init__(self, code: str, what: str, *, do: str) -> None:
        super().__init__(f"{code} {what}")
        self.code = code
        self.what = what
        self.do = do
