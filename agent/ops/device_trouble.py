"""What is wrong with a device that the daemon reads: its own code, or what a working device says of itself.

A device may work and yet need a hand: frames garbled on a bad line, a loop whose wire is cut, a covered lens.
"""

from __future__ import annotations

from agent.ops.status import PartView, SourceView, TroubleView

MANY_GARBLED = 20
SHARE = 0.05  # of all that came: beyond it the line is bad
GARBLED = "H-171"
GARBLED_DO = (
    "Check cable, plug and shield, and the baud rate; keep the cable away from mains. One now and then is no harm."
)
NO_ENCODER = "V-113"
NO_ENCODER_WHAT = "it can be neither shown live nor filmed: FFmpeg has no H.264 encoder here"
NO_ENCODER_DO = "Install the agent's package again; for a camera on the ribbon: sudo apt install python3-av."
PARTS = {  # kind and state of a part -> code, fact, instruction
    ("contact", "cut"): (
        "H-172",
        "its wire is cut",
        "Look for the break: measure the loop at the clamps, then box by box.",
    ),
    ("contact", "short"): (
        "H-173",
        "its wire is short-circuited",
        "Look where the two wires touch; water in a box is usual.",
    ),
    ("contact", "flapping"): (
        "H-174",
        "its contact chatters",
        "Tighten the clamps; if it is a door, adjust the contact and its magnet.",
    ),
    ("zone", "fault"): (
        "H-175",
        "the panel reports a fault of this zone",
        "Look at the panel itself; call who services it.",
    ),
    ("picture", "covered"): (
        "H-176",
        "its picture is covered",
        "Look at the lens: dirt, cobweb, a cloth, a turned camera.",
    ),
    ("picture", "frozen"): ("H-177", "its picture stands still", "Restart the camera; if it comes back, change it."),
}


def troubles_of(name: str, source: SourceView) -> list[TroubleView]:
    """The device's own trouble first, then those of its parts, then of its line."""
    found = []
    if source.code:
        found.append(TroubleView(code=source.code, what=source.what, do=source.do, since=source.since))
    for part in source.parts:
        if known := PARTS.get((part.kind, part.state)):
            code, what, do = known
            found.append(TroubleView(code=code, what=f"{_called(name, part)}: {what}", do=do))
    if source.video is not None and source.video.encodes is False:
        found.append(TroubleView(code=NO_ENCODER, what=f"{name}: {NO_ENCODER_WHAT}", do=NO_ENCODER_DO))
    if source.garbled:
        what = f"{source.garbled} frames of {name} were garbled, {source.readings + source.repeats} were whole"
        found.append(TroubleView(code=GARBLED, what=what, do=GARBLED_DO))
    return found


def is_noisy(source: SourceView) -> bool:
    """Whether so much is garbled that somebody should go there."""
    whole = source.readings + source.repeats
    return source.garbled >= MANY_GARBLED or source.garbled > SHARE * (whole + source.garbled)


def _called(name: str, part: PartView) -> str:
    return " ".join(word for word in (name, part.part, part.place) if word)
