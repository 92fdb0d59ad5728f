"""What truly happened in a rush: who must have eaten, and what each light allows to be.

A light that a child saw leaves no doubt; one that was lost (a killed agent, a broken lamp) leaves two possibilities
until the child has shown the card again. What is not possible is wrong.
"""

from __future__ import annotations

from collections import Counter

LOST = ("", "W")  # nothing was shown, or only that nothing is decided yet


class RushTruth:
    """Filled while the rush goes on. Children are named as the school's office names them."""

    def __init__(self) -> None:
        self.taps = 0
        self.lights: Counter[str] = Counter()
        self.defects: list[str] = []  # a light that must not have come
        self.meals: dict[str, set[int]] = {}  # by child: how many meals may count at the end
        self.grants: Counter[str] = Counter()  # by child: how often at most a meal was given
        self.forgotten = Range()
        self.reversed = Range()
        self.refused: dict[str, Range] = {}  # by reason

    def sure(self, child: str) -> bool:
        """It is known whether this child has eaten."""
        return len(self.meals.get(child, {0})) == 1

    def has_eaten(self, child: str) -> bool:
        return self.meals.get(child) == {1}

    def shown(self, light: str) -> None:
        self.taps += 1
        self.lights[light or "-"] += 1

    def came(self, child: str, light: str) -> None:
        """An entitled child who has not eaten yet, as far as anybody knows."""
        possible = self.meals.setdefault(child, {0})
        if light == "G":
            self.grants[child] += 1
            self.meals[child] = {1}
        elif light in LOST:
            self.grants[child] += 1
            self.meals[child] = possible | {1}
        elif light == "R" and 1 in possible:  # what the light did not tell has been given, and the grace is over
            self.meals[child] = {1}
            self._refusal("already_eaten", light)
        else:
            self.defects.append(f"{child} is entitled and got {light}")

    def came_at_both(self, child: str, light: str) -> None:
        """One of two cards that this child shows at the same moment: one meal, whichever is first."""
        if light == "R" and self.has_eaten(child):  # the other one was long before: the reader was away
            self._refusal("already_eaten", light)
        else:
            self.came(child, light)

    def came_again(self, child: str, light: str, *, grace: bool | None) -> None:
        """A child who has eaten. grace: whether it is still the same meal; None: nobody can say."""
        expected = {True: "G", False: "R", None: "GR"}[grace]
        if light not in LOST and light not in expected:
            self.defects.append(f"{child} has eaten, came again and got {light} in place of {' or '.join(expected)}")
        if light != "G" and grace is not True:
            self._refusal("already_eaten", light)

    def came_in_vain(self, who: str, light: str, *, reason: str, expected: str) -> None:
        """A stranger's or a blocked card, or a child without a right."""
        if light not in LOST and light != expected:
            self.defects.append(f"{who}: {reason} got {light} in place of {expected}")
        self._refusal(reason, light)

    def taken_back(self, child: str, light: str, *, armed: bool) -> None:
        """A child's card after the operator's. armed: the operator saw that the reader waits for it."""
        if light == "G":
            self.reversed.add(1 if armed else 0, 1)
            self.meals[child] = {0} if armed else self.meals[child] | {0}
        elif light in LOST:
            self.reversed.add(0, 1)
            self.meals[child] = self.meals[child] | {0}
        elif armed:
            self.defects.append(f"{child}'s meal was to be taken back and the light was {light}")
        else:
            self._refusal("already_eaten", light)

    def gave_forgotten(self, greens: int, lost: int) -> None:
        """An operator's meals for a forgotten card: lights seen, and taps whose light nobody saw."""
        self.forgotten.add(greens, greens + lost)

    def _refusal(self, reason: str, light: str) -> None:
        self.refused.setdefault(reason, Range()).add(0 if light in LOST else 1, 1)


class Range:
    """At least, at most."""

    def __init__(self) -> None:
        self.least = 0
        self.most = 0

    def add(self, least: int, most: int) -> None:
        self.least += least
        self.most += most

    def holds(self, count: int) -> bool:
        return self.least <= count <= self.most

    def __str__(self) -> str:
        return f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
