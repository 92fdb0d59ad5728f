"""The one exception of this package: a device that cannot be used, in words a technician can act on."""

from __future__ import annotations


class DeviceError(Exception):
    """A device failed. The supervisor reports it, waits and connects again.

    code  stable key of docs/errors.md, e.g. "R-102"
    what  the fact, for the log
    do    the instruction, for the person on site
    """

    def __init__(self, code: str, what: str, *, do: str) -> None:
        super().__init__(f"{code} {what}")
        self.code = code
        self.what = what
        self.do = do
