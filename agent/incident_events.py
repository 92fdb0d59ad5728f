"""What events of incidents say: opened, joined, told, answered, closed. agent/events.py lists their kinds.

An incident is one thing that happens, from the first sign of it to its end. A person is a key of the centre's; what
somebody wrote about it stays at the centre.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.event_words import Count, Name, Somebody, Uuid

Kind = Annotated[
    str,
    Meta(
        pattern="^(fire|fight|bullying|intrusion|tamper|medical|other)$",
        description="fire; fight: seen by a camera; bullying: reported by a person; intrusion: somebody where nobody "
        "may be; tamper: of a camera, a reader, a wire, or a forged order; medical: somebody lies on the floor; other",
    ),
]
Certainty = Annotated[
    str,
    Meta(
        pattern="^(suspected|corroborated|certain)$",
        description="suspected: one source that may be wrong; corroborated: two that cannot err together; certain: a "
        "fire panel's word, or a person's",
    ),
]
Place = Annotated[str, Meta(max_length=64, description="where, by the configuration; empty: somewhere in the school")]
Role = Annotated[
    str,
    Meta(
        pattern="^(duty|deputy|head|city|police)$",
        description="as whom: on duty now; a deputy, by rank; the school's head; the city's operator; the police",
    ),
]
Channel = Annotated[
    str,
    Meta(
        pattern="^(centre|card|button|command)$",
        description="by what a person said it: at the centre, with a card at a reader, at the report button, on the "
        "box's command line",
    ),
]
When = Annotated[str, Meta(description="RFC 3339, UTC")]


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that speaks for an incident."""

    source: Annotated[str, Meta(max_length=64, description="the device, or `centre` for a report typed there")]
    what: Annotated[
        str, Meta(max_length=32, description="what it told: fire, smoke, fight, lying, pressed, covered, report, ...")
    ]
    certain: Annotated[bool, Meta(description="whether it alone makes the incident certain")]
    at: When


class IncidentOpened(msgspec.Struct, frozen=True, kw_only=True):
    """Something happens that a person must answer for."""

    incident: Uuid
    kind: Kind
    place: Place
    certainty: Certainty
    sign: Sign
    drill: Annotated[bool, Meta(description="a drill: the whole chain, nothing happened")] = False
    report: Annotated[str, Meta(max_length=64, description="the centre's id of the report that was typed there")] = ""


class IncidentJoined(msgspec.Struct, frozen=True, kw_only=True):
    """Another sign of the same incident; a source that repeats itself is not told again and again."""

    incident: Uuid
    certainty: Annotated[Certainty, Meta(description="from now on")]
    sign: Sign
    signs: Annotated[int, Meta(ge=2, description="that speak for it now")]
    report: Annotated[str, Meta(max_length=64)] = ""


class Addressee(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told."""

    role: Role
    staff: Annotated[Somebody, Meta(description="a person of the school; empty for the city and the police")] = ""


class IncidentTold(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is to know of it: the centre tells those who are named; lights and sirens at the school are on."""

    incident: Uuid
    kind: Kind
    place: Place
    certainty: Certainty
    drill: bool = False
    step: Annotated[int, Meta(ge=0, description="of the chain: 0 is the first; it rises with each escalation")]
    why: Annotated[
        str,
        Meta(
            pattern="^(first|certain|reminder|unanswered|undecided|unclosed)$",
            description="first; certain: it was only suspected before; reminder: to the same persons; unanswered, "
            "undecided, unclosed: the deadline of the one before has passed",
        ),
    ]
    to: Annotated[list[Addressee], Meta(min_length=1, max_length=64)]
    locally: Annotated[list[Name], Meta(max_length=64, description="lamps, sirens, readers that show it")] = []
    answer_by: Annotated[str, Meta(description="RFC 3339; empty: nothing more follows by itself")]


class IncidentAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """A person has answered."""

    incident: Uuid
    answer: Annotated[
        str,
        Meta(
            pattern="^(acknowledged|confirmed|dismissed)$",
            description="acknowledged: I am on my way; confirmed: it is so; dismissed: it is not so",
        ),
    ]
    by: Somebody
    role: Annotated[str, Meta(pattern="^(duty|deputy|head|city|police)?$", description="as whom; empty: not known")]
    channel: Channel
    account: Annotated[str, Meta(max_length=64, description="on the box, for an answer by its command line")] = ""
    reason: Annotated[str, Meta(max_length=32, description="a word of docs/incidents.md, for a dismissal")] = ""
    after_s: Annotated[float, Meta(ge=0, description="since it was opened")]


class IncidentClosed(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody need do anything more about it."""

    incident: Uuid
    outcome: Annotated[str, Meta(pattern="^(confirmed|dismissed)$")]
    by: Annotated[Somebody, Meta(description="empty: by rule, some time after it was dismissed")]
    channel: Annotated[str, Meta(pattern="^(centre|card|button|command)?$", description="empty: by rule")] = ""
    account: Annotated[str, Meta(max_length=64)] = ""
    signs: Count
    told: Annotated[int, Meta(ge=0, description="how often somebody was told")]


class IncidentEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What shows an incident: files that the box keeps, or is making. Section 15 tells what becomes of each id."""

    incident: Uuid
    camera: Name
    snapshot: Annotated[str, Meta(description="id of a picture; empty: none")] = ""
    blurred: Annotated[str, Meta(description="id of the same with faces and bodies made unrecognisable")] = ""
    clip: Annotated[str, Meta(description="id of a video, copied as the camera encoded it")] = ""


class LiveView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looks at a camera live, or no longer."""

    session: Uuid
    camera: Name
    state: Annotated[str, Meta(pattern="^(started|ended)$")]
    by: Annotated[str, Meta(max_length=64, description="the account at the centre who asked for it")]
    host: Annotated[str, Meta(max_length=255, description="where it goes")]
    reason: Annotated[
        str,
        Meta(
            max_length=32,
            description="of an end: stopped, lapsed, limit, host, certificate, camera, codec, masked, no_encoder, "
            "no_picture, defect, restart",
        ),
    ] = ""
    seconds: Count = 0
    bytes: Count = 0


class CameraState(msgspec.Struct, frozen=True, kw_only=True):
    """One camera as the police's list shows it."""

    camera: Name
    place: Place
    state: Annotated[str, Meta(description="clear, covered, frozen, dark, turned, defocused, lost, unknown")]
    picture_age_s: Annotated[Count | None, Meta(description="of the last decoded picture; null: never")]
    clock_off_s: Annotated[float | None, Meta(description="its clock ahead of the box's, where its stream tells it")]
    live: Annotated[bool, Meta(description="whether a live view may be ordered")] = False


class CameraList(msgspec.Struct, frozen=True, kw_only=True):
    """All cameras of a box, every few minutes and when one changes."""

    cameras: Annotated[list[CameraState], Meta(max_length=64)]
