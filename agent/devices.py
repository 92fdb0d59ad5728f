"""The settings that every device has besides its driver's own: name, place, what a reader or a sensor is for."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.datasets import Word
from agent.incidents.kinds import PLACE_CHARS, Kind, Means
from agent.school.purpose import Purpose, Way

SourceName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$(?!\n)",  # $ alone allows a line end after it
        description="one name per device: small Latin letters, digits, hyphens",
        examples=["canteen-1"],
    ),
]
SOURCE_KINDS = ("reader", "sensor", "camera", "signal")


class Common(msgspec.Struct, frozen=True):
    """The settings that every device has besides its driver's own."""

    name: SourceName
    driver: Annotated[str, Meta(description="what kind of device it is", examples=["serial_ascii"])]
    place: Annotated[
        str,
        Meta(
            max_length=PLACE_CHARS,
            description="where it is: sources of one place speak for one incident, and the duty roster's zones name it "
            "(with - for a space)",
            examples=["sports hall"],
        ),
    ] = ""


Alerts = Annotated[
    list[Kind],
    Meta(
        description="which incidents it shows, with its light and sound, until somebody has answered: fire, medical, "
        "fight, intrusion, other",
        examples=[["fire", "medical"]],
    ),
]


class Reader(Common, frozen=True):
    """What a reader has besides."""

    signal: Annotated[
        str, Meta(description="the lamp or buzzer beside it, by the name of its [[signal]]", examples=["lamp-1"])
    ] = ""
    purpose: Annotated[
        Purpose,
        Meta(
            description="what its taps mean: meals (who may eat), entrance (who is there), club (who has a place), or "
            "only seen",
            examples=["meals"],
        ),
    ] = Purpose.SEEN
    clubs: Annotated[
        list[Word],
        Meta(
            description="which clubs meet where this reader is, by their names at the centre; only for purpose club",
            examples=[["chess"]],
        ),
    ] = []
    way: Annotated[
        Way,
        Meta(description="for purpose entrance: in, out, or both: each child in turn", examples=["in"]),
    ] = Way.BOTH
    alerts: Alerts = []


class Signal(Common, frozen=True):
    """What a lamp, a buzzer or a siren has besides."""

    alerts: Alerts = []


class Sensor(Common, frozen=True):
    """What a sensor has besides."""

    means: Annotated[
        Means | None,
        Meta(
            description="fire, medical, fight, intrusion, bullying, other or tamper: which incident a contact opens "
            "(none: none), or a press of a button reports (none: other); answer: who presses the button is on the way",
            examples=["intrusion"],
        ),
    ] = None


COMMON: dict[str, type[Common]] = {"reader": Reader, "sensor": Sensor, "camera": Common, "signal": Signal}
