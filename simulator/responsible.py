"""Who answers in the school of the day: the office's lines about them, and their cards.

Of each kind somebody else is told first: the watchman of an intrusion, the counsellor of a report of bullying, the
guard of everything else; after them the deputy head, the head, the city.
"""

from __future__ import annotations

from collections.abc import Iterator

GUARD, WATCHMAN, COUNSELLOR, DEPUTY, HEAD = STAFF = ("guard", "watchman", "counsellor", "deputy-head", "head")
NAMES = {  # nobody's
    GUARD: "Ерлан Тестов",
    WATCHMAN: "Пётр Примеров",
    COUNSELLOR: "Айгүл Үлгіева",
    DEPUTY: "Сауле Мысалова",
    HEAD: "Гүлнар Сынақова",
}
CITY, POLICE = "city", "police"
DUTY = (
    (GUARD, 1, "fire fight medical other tamper"),
    (WATCHMAN, 1, "intrusion"),
    (COUNSELLOR, 1, "bullying"),
    (DEPUTY, 2, ""),
)
ANSWER_S = 10  # of a fire: who is told has so long, then the next one is told
NOBODYS = 15  # cards of this number belong to no reader's children


def card_of(staff: str) -> bytes:
    """Five bytes; readers that tell fewer tell the last ones."""
    return bytes([0x6F, NOBODYS]) + ((NOBODYS << 18) + STAFF.index(staff)).to_bytes(3, "big")


def card_numbers() -> Iterator[tuple[str, str, str, str]]:
    """Lines of cards.csv."""
    for staff in STAFF:
        yield "", staff, "em4100", card_of(staff).hex().upper()
