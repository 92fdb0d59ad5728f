"""The one exception of this package: what is wrong, in words an operator can act on. Codes K-1xx, docs/errors.md."""

from __future__ import annotations


class CentreError(Exception):
    """Something the centre cannot do."""

    def __init__(self, code: str, what: str, *, do: str) -> None:
        super().__init__(f"{code} {what}")
        self.code = code
        self.what = what
        self.do = do


class StoreDown(Exception):
    """The database cannot commit now: nothing is answered, everything is tried again."""
