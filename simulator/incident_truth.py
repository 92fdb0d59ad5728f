"""What truly happened that a person must answer for, and whether the centre knows exactly that. Pure.

Cases    each is one incident at the centre: told first to whom the roster names, gone over to the next where nobody
         answered, answered by those who did, in that order, and ended.
All      of every incident, also of those that nobody planned: opened once, told at least once, no step told twice,
         each who is to know is in the centre's list, nobody answered who did not, and the centre shows its last state.
Files    each that shows an incident is at the centre whole, or its loss is told; who opened one is in the custody log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

PREFIX, SUFFIX = "kz.mektep.incident.", ".v1"
OPENED, TOLD, ANSWERED = (f"{PREFIX}{word}{SUFFIX}" for word in ("opened", "told", "answered"))
SHOWN = f"{PREFIX}evidence{SUFFIX}"
LIVE = "kz.mektep.live.view.v1"
SEALED, LOST = "kz.mektep.evidence.sealed.v1", "kz.mektep.evidence.lost.v1"
AGAIN = {"reminder", "unclosed"}  # may be told with the same words more than once
CLOSED, DISMISSED = "closed", "dismissed"
Event = dict[str, Any]


class Act(NamedTuple):
    """What a person said of an incident, and what the box has taken."""

    incident: str
    answer: str  # acknowledged, confirmed, dismissed, closed
    channel: str  # card, centre, command
    staff: str = ""  # number of the school's office; empty: the city, or an account of the box


class Case:
    """One thing that happens, of which one incident must come."""

    def __init__(
        self, what: str, kind: str, place: str, told: Sequence[str], *, gone_over_to: str = "", drill: bool = False,
        only: bool = True, ends: str = CLOSED,
    ) -> None:  # fmt: skip
        self.what = what
        self.kind, self.place, self.drill = kind, place, drill
        self.told = set(told)  # who must be told first: staff of the school, the city, the police
        self.gone_over_to = gone_over_to  # because the first ones do not answer
        self.only = only  # nothing else of this kind can happen there
        self.ends = ends
        self.incident = ""  # its id, as the box tells it
        self.signs: set[str] = set()  # sources that must have spoken for it
        self.left_out = ""  # why it did not happen


class View:
    """A live view that was ordered."""

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self.session = ""
        self.pictures = 0  # that were decoded at the media server
        self.left_out = ""


class Incidents:
    """Filled while the day goes on."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.views: list[View] = []
        self.acts: list[Act] = []
        self.defects: list[str] = []


class Centre(NamedTuple):
    """What the centre holds of incidents, besides the events."""

    staff: Mapping[str, str]  # by their keys
    states: Mapping[str, str]  # of each incident
    notified: Sequence[tuple[str, int, str, str, str]]  # incident, step, why, role, person's key
    files: Mapping[str, tuple[str, str, bool]]  # id: incident, kind, whole
    looks: set[str]  # files that were opened, by the custody log
    custody_holds: bool


class Life:
    """One incident, as its events tell it."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.opened: list[Event] = []
        self.told: list[Event] = []
        self.said: list[Event] = []  # answered, closed: with their order
        self.signs: set[str] = set()
        self.files: list[str] = []

    @property
    def name(self) -> str:
        """For people."""
        one = self.opened[0] if self.opened else {}
        return f"{one.get('kind', 'incident')} {one.get('place', '')} {self.id[:8]}"


def lives(events: Iterable[Event]) -> dict[str, Life]:
    """By incident, in the order of their events."""
    found: dict[str, Life] = {}
    for event in events:
        type_, data = event["type"], event["data"]
        if not type_.startswith(PREFIX):
            continue
        life = found.setdefault(data["incident"], Life(data["incident"]))
        word = type_.removeprefix(PREFIX).removesuffix(SUFFIX)
        if "sign" in data:
            life.signs.add(data["sign"]["source"])
        if word == "evidence":
            life.files += [data[name] for name in ("snapshot", "blurred", "clip") if data.get(name)]
        elif word in ("opened", "told"):
            getattr(life, word).append(data)
        elif word in ("answered", "closed"):
            life.said.append({"answer": word} | data)
    return found


def wrong(truth: Incidents, events: Sequence[Event], centre: Centre, opened: Mapping[str, str]) -> list[str]:
    """What does not agree, in words. opened: the SHA-256 of each file that its recipient could open."""
    found = lives(events)
    faults = list(truth.defects)
    for life in found.values():
        faults += _life(life, truth, centre)
    faults += _notified(found, centre)
    for case in truth.cases:
        faults += [] if case.left_out else _case(case, found, centre)
    faults += _files(found, events, centre, opened)
    for view in truth.views:
        faults += [] if view.left_out else _view(view, events)
    return faults


def _life(life: Life, truth: Incidents, centre: Centre) -> list[str]:
    faults = []
    if len(life.opened) != 1:
        faults.append(f"{life.name} was opened {len(life.opened)} times")
    if not life.told or not all(one["to"] for one in life.told):
        faults.append(f"{life.name} has no owner: nobody was told")
    steps = [one["step"] for one in life.told]
    if steps != sorted(steps):
        faults.append(f"{life.name} was told in the order of the steps {steps}")
    tellings = Counter(
        (one["step"], one["why"], _names(one["to"], centre.staff)) for one in life.told if one["why"] not in AGAIN
    )
    faults += [f"{life.name} was told {count} times: {one}" for one, count in tellings.items() if count > 1]
    said = Counter(_act(life.id, one, centre.staff) for one in life.said)
    acts = Counter(act for act in truth.acts if act.incident == life.id)
    faults += [f"{life.name} holds an answer that nobody gave: {_words(act)}" for act in said - acts]
    faults += [f"{life.name} does not hold the answer {_words(act)}" for act in acts - said]
    if life.opened and centre.states.get(life.id) != (state := _state(life)):
        faults.append(f"{life.name} is {state}, and the centre shows it as {centre.states.get(life.id)}")
    return faults


def _state(life: Life) -> str:
    """As the last event leaves it; a telling after an acknowledgement is for `_case`, whose order is known."""
    answers = [one["answer"] if one["answer"] != "closed" else CLOSED for one in life.said]
    return answers[-1] if answers else "told"


def _act(incident: str, said: Event, staff: Mapping[str, str]) -> Act:
    return Act(incident, said["answer"], said["channel"], staff.get(said["by"], said["by"]))


def _words(act: Act) -> str:
    return f"{act.answer} by {act.staff or 'nobody by name'}, {act.channel}"


def _names(to: Iterable[Event], staff: Mapping[str, str]) -> frozenset[str]:
    """Staff by the number of the office; the city and the police by their role."""
    return frozenset(staff.get(one["staff"], one["staff"]) or one["role"] for one in to)


def _notified(found: Mapping[str, Life], centre: Centre) -> list[str]:
    """Each who was told by the box stands in the list of those whom the centre tells, and nobody else."""
    due = {
        (life.id, one["step"], one["why"], to["role"], to["staff"])
        for life in found.values() for one in life.told for to in one["to"]
    }  # fmt: skip
    listed = set(centre.notified)
    return [
        *(f"{_telling(one, centre)} is not in the centre's list" for one in sorted(due - listed)),
        *(f"{_telling(one, centre)} is in the centre's list, and no box has said so" for one in sorted(listed - due)),
    ]


def _telling(one: tuple[str, int, str, str, str], centre: Centre) -> str:
    incident, step, why, role, key = one
    return f"{incident[:8]}, step {step}, {why}: {centre.staff.get(key, key) or role}"


def _case(case: Case, found: Mapping[str, Life], centre: Centre) -> list[str]:
    same = [one for one in found.values() if _is_of(case, one)]
    life = found.get(case.incident)
    if life is None:
        return [f"{case.what}: no incident came of it"]
    faults = []
    if case.only and len(same) != 1:
        faults.append(f"{case.what}: it is {len(same)} incidents")
    first = _names(life.told[0]["to"], centre.staff) if life.told else frozenset()
    if first != case.told:
        faults.append(f"{case.what}: told first to {_list(first)} in place of {_list(case.told)}")
    over = [_names(one["to"], centre.staff) for one in life.told if one["why"] == "unanswered"]
    if case.gone_over_to and (not over or over[0] != {case.gone_over_to}):
        faults.append(f"{case.what}: it was not gone over to {case.gone_over_to}")
    if missing := case.signs - life.signs:
        faults.append(f"{case.what}: {_list(missing)} did not join it")
    if _state(life) != case.ends:
        faults.append(f"{case.what}: it ends as {_state(life)} in place of {case.ends}")
    return faults


def _is_of(case: Case, life: Life) -> bool:
    one = life.opened[0] if life.opened else {}
    return (one.get("kind"), one.get("place"), one.get("drill")) == (case.kind, case.place, case.drill)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"


def _files(
    found: Mapping[str, Life], events: Sequence[Event], centre: Centre, opened: Mapping[str, str]
) -> list[str]:  # fmt: skip
    lost = {one["data"]["evidence"] for one in events if one["type"] == LOST}
    faults = []
    for life in found.values():
        for name in life.files:
            incident, kind, whole = centre.files.get(name, ("", "file", False))
            if incident != life.id:
                faults.append(f"{life.name}: the centre does not know that {name[:8]} shows it")
            elif not whole and name not in lost:
                faults.append(f"{life.name}: its {kind} {name[:8]} is neither whole at the centre nor told as lost")
    unseen = [name for name, digest in opened.items() if digest and name not in centre.looks]
    faults += [f"{name[:8]} was opened, and the custody log does not say so" for name in unseen]
    return faults if centre.custody_holds else [*faults, "the chain of the custody log is broken"]


def _view(view: View, events: Iterable[Event]) -> list[str]:
    told = [one["data"] for one in events if one["type"] == LIVE and one["data"]["session"] == view.session]
    states = [one["state"] for one in told]
    if states != ["started", "ended"]:
        return [f"the live view of {view.camera} is told as {states or 'nothing'}"]
    return [] if view.pictures else [f"the live view of {view.camera} brought no picture"]


# --- for the report ---------------------------------------------------------------------------------------------


def summary(truth: Incidents, events: Sequence[Event], centre: Centre) -> dict[str, Any]:
    """The cases and the rest, as JSON."""
    found = lives(events)
    planned = {case.incident for case in truth.cases}
    others = [one for one in found.values() if one.id not in planned]
    return {
        "cases": [_row(case, found.get(case.incident), centre) for case in truth.cases],
        "others": len(others),
        "others_by_kind": dict(Counter(one.opened[0]["kind"] for one in others if one.opened)),
        "told": sum(len(one.told) for one in found.values()),
        "views": [
            {"camera": one.camera, "pictures": one.pictures, "left_out": one.left_out} for one in truth.views
        ],
        "opened_by_custody": len(centre.looks),
    }  # fmt: skip


def _row(case: Case, life: Life | None, centre: Centre) -> dict[str, Any]:
    files = [centre.files[name] for name in (life.files if life else []) if name in centre.files]
    return {
        "what": case.what,
        "left_out": case.left_out,
        "told": [sorted(_names(one["to"], centre.staff)) for one in (life.told if life else [])],
        "said": [_said(one, centre) for one in (life.said if life else [])],
        "signs": sorted(life.signs) if life else [],
        "files": dict(Counter(f"{kind} {'whole' if whole else 'lost'}" for _, kind, whole in files)),
        "state": _state(life) if life and life.opened else "",
    }


def _said(one: Event, centre: Centre) -> str:
    name = centre.staff.get(one["by"], one["by"]) or one.get("role") or one.get("account") or ""
    return f"{one['answer']}: {name} ({one['channel']})" if name else f"{one['answer']} ({one['channel']})"
