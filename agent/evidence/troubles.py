"""What is wrong with evidence right now, in words a technician can act on. Codes E-1xx."""

from __future__ import annotations

from agent.clock import Clock
from agent.evidence.picture import Form
from agent.outbox.troubles import Trouble

CALLED = {Form.SNAPSHOT: "plain", Form.BLURRED: "blurred"}
SHOWN_S = 3600.0  # how long a drop for want of space is shown


class Troubles:
    """Told of facts by the store; `cameras` are configured."""

    def __init__(self, clock: Clock, cameras: int) -> None:
        self._clock = clock
        self._cameras = cameras
        self._given: dict[Form, int] = dict.fromkeys(Form, 0)
        self._usable = dict(self._given)
        self._write_error = ""
        self._shed_s = -SHOWN_S
        self._since: dict[str, int] = {}

    def recipients(self, form: Form, *, given: int, usable: int) -> None:
        """How many recipients of a form the centre has named, and for how many of them a picture can be sealed."""
        self._given[form], self._usable[form] = given, usable

    def unwritable(self, error: OSError) -> None:
        self._write_error = error.strerror or str(error)

    def written(self) -> None:
        self._write_error = ""

    def shed(self) -> None:
        """Something had to give way."""
        self._shed_s = self._seconds()

    def now(self) -> list[Trouble]:
        """The troubles of this moment; `since_ns` is when each was first seen."""
        found = self._found()
        utc_ns = self._clock.utc_ns()
        self._since = {code: self._since.get(code, utc_ns) for code, _, _ in found}
        return [Trouble(code=code, what=what, do=do, since_ns=self._since[code]) for code, what, do in found]

    def _found(self) -> list[tuple[str, str, str]]:
        found = []
        if self._write_error:
            what = f"a picture could not be written: {self._write_error}"
            found.append(("E-101", what, "Check space and rights of the folder `evidence` in the state directory."))
        if self._cameras and (nobody := [form for form in Form if not self._given[form]]):
            which = "" if len(nobody) == len(Form) else f"{CALLED[nobody[0]]} "
            what = f"nobody is named who may see {which}pictures: none are kept"
            do = "Nothing on site; tell the centre: mektep-centre reference SCHOOL recipients --snapshot … --blurred …"
            found.append(("E-102", what, do))
        if self._seconds() - self._shed_s < SHOWN_S:
            what = "pictures that the centre did not have yet were dropped for want of space, and recorded"
            do = "See why the centre does not take them; free space, or raise quota_mb in [evidence]."
            found.append(("E-103", what, do))
        given, usable = sum(self._given.values()), sum(self._usable.values())
        if usable < given:
            what = f"for {given - usable} of {given} recipients no picture can be sealed"
            do = "Tell the centre: publish `recipients` again with keys that begin with age1."
            found.append(("E-105", what, do))
        return found

    def _seconds(self) -> float:
        return self._clock.monotonic_ns() / 1e9
