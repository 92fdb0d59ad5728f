"""The school of the demonstration: what each reader is for, and which of the cards shown to it belongs to whom.

Each card is shown once, so each is a child of its own. Of twelve who come one is a stranger, and one has no right to a
meal and no voucher; whoever comes after the last pupil is a stranger, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from simulator import papers, school_time
from simulator.devices import TakesCards
from simulator.responsible import ANSWER_S, DUTY, HEAD, NAMES, STAFF, card_numbers
from simulator.school import SCHOOL, School

MEALS, ENTRANCE = 'purpose = "meals"', 'purpose = "entrance"'
CLUB_OF = {"gym-1": "wrestling", "library": "chess"}
USES = {
    **{"canteen-1": MEALS, "canteen-2": MEALS, "gym-2": ENTRANCE, "hall": ENTRANCE},
    **{reader: f'purpose = "club"\nclubs = ["{club}"]' for reader, club in CLUB_OF.items()},
}
PUPILS = 400  # of each reader
STRANGER, NO_RIGHT, OF = 0, 6, 12
OPEN = ("06:00", "23:30")  # whatever the fault "clock jumps" makes of the hour
TARIFF = 640
PATIENCE_S = 60.0


class Comes(NamedTuple):
    """Who comes to a reader, and the light that is right for them. pupil: empty for a stranger."""

    pupil: str
    light: str


def comes(reader: str, number: int, use: str) -> Comes:
    """The so-manieth card at a reader. Where only cards are recorded, everybody is well."""
    if not use:
        return Comes("", "G")
    if number > PUPILS or number % OF == STRANGER:
        return Comes("", "U")
    return Comes(f"{reader}-{number}", "R" if number % OF == NO_RIGHT and use != ENTRANCE else "G")


def card_of(reader: int, number: int) -> bytes:
    """Five bytes; also the last three are nobody else's, which is all that some readers tell of a card."""
    return bytes([0x6F, reader]) + ((reader << 18) + number).to_bytes(3, "big")


async def publish(school: School) -> None:
    """The centre loads the school's files and publishes them; they are at the box when this returns."""
    offset_min = school_time.rush_offset(school_time.now())
    day = school_time.local_day(school_time.now(), offset_min)
    write(school.folder / "office", school.devices.readers(), day, offset_min)

    async def online() -> bool:
        return await school.until(lambda: school.status().get("link", {}).get("state") == "online", PATIENCE_S)

    if not await online():
        raise RuntimeError(f"the box is not online\n{school.agent.last_words()}")
    words = ("load", SCHOOL, str(school.folder / "office"), "--publish")
    await asyncio.to_thread(school.city.must, "school-data", *words)
    wanted = {"calendar", "cards", "meals", "clubs", "duty"} | ({"live"} if school.media else set())
    if not await school.until(lambda: wanted <= school.status().get("datasets", {}).keys(), PATIENCE_S):
        raise RuntimeError(f"the school's data do not come\n{school.agent.last_words()}")


def write(folder: Path, readers: list[TakesCards], day: date, offset_min: int) -> None:
    """The office's files: docs/school-data.md."""
    first, last = day - timedelta(days=60), day + timedelta(days=60)
    year = (
        f"first = {first}\nlast = {last}\nweekdays = [1, 2, 3, 4, 5, 6, 7]\nutc_offset_min = {offset_min}\n"
        'reader_forms = ["em4100", "wiegand34", "uid4"]\n'
        f'head = "{HEAD}"\ndeadlines = {{ fire = [{ANSWER_S}, 300] }}\n'
    )
    known = list(_known(readers))
    eat = [who.pupil for reader, who, _ in known if USES[reader] == MEALS and who.light == "G"]
    places = [(who.pupil, CLUB_OF[reader]) for reader, who, _ in known if reader in CLUB_OF and who.light == "G"]
    papers.write_files(
        folder,
        year,
        {
            "classes": ("class shift", [("5А", 1), ("6Б", 2)]),
            "pupils": ("pupil class", [(who.pupil, "5А" if at % 2 else "6Б") for at, (_, who, _) in enumerate(known)]),
            "staff": ("staff may name", [(one, "incidents", NAMES[one]) for one in STAFF]),
            "duty": ("staff rank kinds", DUTY),
            "cards": (
                "pupil staff form number",
                [*((who.pupil, "", *card.split(":")) for _, who, card in known), *card_numbers()],
            ),
            "bells": ("shift lesson starts ends", list(papers.bells())),
            "meals": ("meal starts ends", [("lunch", *OPEN)]),
            "tariffs": ("programme first tenge", [("social", first, TARIFF)]),
            "entitlements": (
                "pupil programme meals first last",
                [(who, "social", "lunch", first, last) for who in eat],
            ),
            "clubs": ("club places", [(club, 1_000) for club in CLUB_OF.values()]),
            "club_times": (
                "club weekday starts ends",
                [(club, weekday, *OPEN) for club in CLUB_OF.values() for weekday in range(1, 8)],
            ),
            "vouchers": (
                "voucher pupil club first last",
                [(f"v-{at}", who, club, first, last) for at, (who, club) in enumerate(places, 1)],
            ),
        },
    )


def _known(readers: list[TakesCards]) -> Iterator[tuple[str, Comes, str]]:
    """Each pupil: of which reader, who, form and number of the card."""
    for at, reader in enumerate(readers, 1):
        for number in range(1, PUPILS + 1):
            who = comes(reader.name, number, USES[reader.name])
            if who.pupil:
                yield reader.name, who, reader.number(card_of(at, number)[-reader.card_bytes :])
