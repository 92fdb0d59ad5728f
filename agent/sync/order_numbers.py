"""Which orders were taken: the latest number and its answer, and those that a later one has overtaken. Pure.

Orders are taken in the order in which they come; they end in any order, because some take seconds. One that ends after
a later one is remembered beside it, and one that had not ended when the power went may come again.
"""

from __future__ import annotations

import msgspec

from agent.sync.topics import Answer

TAKEN = 32  # numbers that are remembered, to tell an order that comes again from one that two senders crossed
OVERTAKEN = 8  # answers that are remembered beside that of the latest number
OPEN = 64  # numbers that may still come again; more cannot be under way at once


class Last(msgspec.Struct, frozen=True):
    """The latest number, its answer, and what was taken before; as every version of the agent keeps it."""

    number: int
    answer: Answer
    taken: list[int] = []  # the latest numbers, this one first


class Overtaken(msgspec.Struct, frozen=True):
    """What is below the latest number and still matters."""

    open: list[int] = []  # taken, and not ended when this was written
    answers: list[Answer] = []  # of those that ended after a later one, the newest first


class Numbers(msgspec.Struct, frozen=True):
    """What is remembered of the orders so far."""

    last: Last | None = None
    overtaken: Overtaken = Overtaken()

    def answer_to(self, number: int) -> Answer | None:
        """The answer that is on disk."""
        if self.last is not None and number == self.last.number:
            return self.last.answer
        return next((one for one in self.overtaken.answers if one.number == number), None)

    def too_low(self, number: int) -> bool:
        """Whether a later order was taken, and this one is none that has still to end."""
        highest = max([self.last.number if self.last else 0, *self.overtaken.open])
        return number < highest and number not in self.overtaken.open

    def was_taken(self, number: int) -> bool:
        return self.last is not None and number in self.last.taken

    def begun(self, number: int) -> Numbers:
        """It is under way."""
        others = [one for one in self.overtaken.open if one != number]
        return self._with(Overtaken([number, *others][:OPEN], self.overtaken.answers))

    def given_up(self, number: int) -> Numbers:
        """It was not carried out after all: the number is not used up."""
        others = [one for one in self.overtaken.open if one != number]
        return self._with(Overtaken(others, self.overtaken.answers))

    def ended(self, answer: Answer) -> Numbers:
        """It has its answer."""
        left = self.given_up(answer.number).overtaken
        taken = [answer.number, *(self.last.taken if self.last else [])][:TAKEN]
        if self.last is None or answer.number > self.last.number:
            return Numbers(Last(answer.number, answer, taken), left)
        last = msgspec.structs.replace(self.last, taken=taken)
        return Numbers(last, Overtaken(left.open, [answer, *left.answers][:OVERTAKEN]))

    def _with(self, overtaken: Overtaken) -> Numbers:
        return msgspec.structs.replace(self, overtaken=overtaken)
