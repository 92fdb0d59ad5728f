"""Orders that wait for their box: due, sent, answered, tried again with a fresh number, given up; one sender each."""

from __future__ import annotations

import time

import pytest

from centre.order_queue import EXPIRES_S, LEASE_NS, LOST_NS, OrderQueue, Queued
from centre.wire import Answer
from tests.centre.answered import answered
from tests.centre.conftest import Open

S_NS = 1_000_000_000


@pytest.fixture
def queue(open_one: Open) -> OrderQueue:
    return OrderQueue(open_one())


def add(queue: OrderQueue, subject: str = "", school: str = "school-07", for_s: int = 3_600) -> int:
    return queue.add(school, "ping", {"a": 1}, subject=subject, account="aliya", for_s=for_s)


def now() -> int:
    return time.time_ns()


def found(queue: OrderQueue, number: int) -> Queued:
    one = queue.find(number)
    assert one is not None
    return one


def pong(outcome: str, reason: str = "") -> Answer:
    return answered("ping", outcome, reason, number=5, b=2)


def test_an_order_is_due_sent_and_done(queue: OrderQueue) -> None:
    number = add(queue)
    (one,) = queue.claim(now())
    assert (one.id, one.state, one.args, one.open) == (number, "due", {"a": 1}, True)
    queue.note_sent(one, 5, now())
    assert (found(queue, number).state, found(queue, number).number) == ("sent", 5)
    queue.note_answer(found(queue, number), pong("done"), now())
    done = found(queue, number)
    assert (done.state, done.result, done.open) == ("done", {"b": 2}, False)
    assert queue.claim(2**62) == []


def test_one_sender_has_it_until_its_lease_ends(queue: OrderQueue, open_one: Open) -> None:
    add(queue)
    began = now()
    assert len(queue.claim(began)) == 1
    other = OrderQueue(open_one())
    assert other.claim(began) == []
    assert len(other.claim(began + LEASE_NS + 1)) == 1  # the first one was killed


def test_of_one_subject_one_after_the_other(queue: OrderQueue) -> None:
    first, second = add(queue, "x"), add(queue, "x")
    other_school, alone = add(queue, "x", "school-08"), add(queue, "")
    assert [one.id for one in queue.claim(now())] == [first, other_school, alone]
    queue.note_answer(found(queue, first), pong("failed", "it is closed"), now())
    assert found(queue, first).error == "it is closed"
    assert [one.id for one in queue.claim(now())] == [second]


def test_what_is_not_sent_is_tried_again_with_longer_pauses(queue: OrderQueue) -> None:
    number, at = add(queue), now()
    for pause_s in (1, 2, 4):
        (one,) = queue.claim(at)
        queue.note_trouble(one, "K-116 nobody", at)
        assert queue.claim(at + pause_s * S_NS - 1) == []
        at += pause_s * S_NS
    assert (found(queue, number).error, found(queue, number).tries) == ("K-116 nobody", 3)


def test_a_box_that_is_there_again_gets_it_at_once(queue: OrderQueue) -> None:
    number = add(queue)
    queue.note_trouble(found(queue, number), "K-116", now())
    assert queue.claim(now()) == []
    queue.wake("school-07")
    assert [one.id for one in queue.claim(now())] == [number]


def test_a_box_that_refuses_its_form_gets_a_fresh_one(queue: OrderQueue) -> None:
    for reason in ("expired", "other_epoch", "old_number", "busy"):
        number = add(queue)
        queue.note_sent(found(queue, number), 5, now())
        queue.note_answer(found(queue, number), pong("refused", reason), now())
        assert (found(queue, number).state, found(queue, number).error) == ("due", reason)


def test_a_box_that_refuses_it_has_refused_it(queue: OrderQueue) -> None:
    for reason in ("bad_args", "unknown_order"):
        number = add(queue)
        queue.note_answer(found(queue, number), pong("refused", reason), now())
        assert (found(queue, number).state, found(queue, number).error) == ("refused", reason)


def test_a_report_that_the_box_could_not_take_is_tried_again(queue: OrderQueue) -> None:
    number = queue.add("school-07", "incident.report", {}, for_s=3_600)
    queue.note_answer(found(queue, number), pong("failed", "disk_full"), now())
    assert (found(queue, number).state, found(queue, number).error) == ("due", "disk_full")


def test_silence_for_its_whole_time_makes_a_fresh_one_due(queue: OrderQueue) -> None:
    number, sent = add(queue, for_s=10 * EXPIRES_S), now()
    queue.note_sent(found(queue, number), 5, sent)
    queue.note_silence(found(queue, number), sent + S_NS, 0)
    assert found(queue, number).state == "sent"
    queue.note_silence(found(queue, number), sent + EXPIRES_S * S_NS + LOST_NS, 0)
    assert found(queue, number).state == "due"


def test_what_was_sent_before_the_box_was_born_anew_is_sent_afresh(queue: OrderQueue) -> None:
    """A broker that is killed loses what it holds for a box."""
    number, sent = add(queue, for_s=10 * EXPIRES_S), now()
    queue.note_sent(found(queue, number), 5, sent)
    born = sent + S_NS
    for at, state in ((born, "sent"), (born + 4 * S_NS, "sent"), (born + 5 * S_NS, "due")):
        queue.note_silence(found(queue, number), at, 0, born)
        assert found(queue, number).state == state
    queue.note_sent(found(queue, number), 6, born + 6 * S_NS)
    queue.note_silence(found(queue, number), born + 20 * S_NS, 0, born)
    assert found(queue, number).state == "sent", "it was born before"


def test_it_is_given_up_in_the_end(queue: OrderQueue) -> None:
    one, other = add(queue, for_s=1), add(queue, for_s=1)
    late = now() + 2 * S_NS
    queue.note_trouble(found(queue, one), "K-116", late)
    queue.note_sent(found(queue, other), 5, now())
    queue.note_silence(found(queue, other), late + LOST_NS, 0)
    assert [found(queue, number).state for number in (one, other)] == ["expired", "expired"]


def test_a_try_is_good_for_no_longer_than_it_is_wanted(queue: OrderQueue) -> None:
    """A live view that was asked for half a minute ago does not begin minutes later."""
    now_ns = now()
    one = found(queue, add(queue, for_s=30))
    assert one.good_for_s(one.until_ns - 30 * S_NS) == 30
    assert one.good_for_s(one.until_ns - S_NS // 2) == 1
    assert found(queue, add(queue, for_s=7 * 86_400)).good_for_s(now_ns) == EXPIRES_S
    queue.note_sent(one, 5, one.until_ns - 30 * S_NS)
    queue.note_silence(found(queue, one.id), one.until_ns + LOST_NS - 1, 0)
    assert found(queue, one.id).state == "sent", "its answer may be on its way"
    queue.note_silence(found(queue, one.id), one.until_ns + LOST_NS, 0)
    assert found(queue, one.id).state == "expired"
