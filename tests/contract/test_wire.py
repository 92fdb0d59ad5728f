"""What a real box says over a real broker is valid by the written schemas: births, the goodbye, batches, answers, an
alarm sent ahead.
"""

from __future__ import annotations

import msgspec

from tests.agent.sync.box import Box, fire, health, taps, until
from tests.agent.sync.far_centre import FarCentre
from tests.contract.documents import event_faults, faults

AHEAD_ID = "ahead-6ecd8c99-4036-403d-bf84-cf8400f67836"


async def test_a_box_says_nothing_that_is_not_in_the_contract(box: Box, centre: FarCentre) -> None:
    await box.outbox.accept([*taps(30), *health(2), fire()])
    box.start()
    await until(lambda: box.owes_nothing() and box.state == "online")
    assert await box.link.send_ahead(msgspec.structs.replace(fire(2), ahead_id=AHEAD_ID))
    orders = [("ping", {}), ("pace", {"bytes_per_s": 0, "for_s": 1}), ("pace", {"bytes_per_s": -1}), ("dance", {})]
    orders += [("resend", {"epoch": box.outbox.epoch, "lane": "record", "first": 1, "last": 5})]
    for number, (name, args) in enumerate(orders, 1):
        centre.order(name, number, box.outbox.epoch, args=args)
    await until(lambda: len(centre.answers) == len(orders) and centre.ahead)
    await box.stop()
    await until(lambda: centre.births[-1]["state"] == "offline")

    found = [fault for birth in centre.births for fault in faults("birth", birth)]
    found += [fault for answer in centre.answers for fault in faults("answer", answer)]
    found += [fault for event in centre.ahead for fault in faults("ahead", event)]
    found += [fault for batch in centre.batches for event in batch.events for fault in event_faults(event)]
    assert found == []
    answers = sorted(centre.answers, key=lambda answer: answer["number"])  # one that takes long delays no other
    assert [answer["outcome"] for answer in answers] == ["done", "done", "refused", "refused", "done"]
    assert all(faults("batch", batch.events) == [] for batch in centre.batches)
