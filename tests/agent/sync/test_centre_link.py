"""The link against a real broker and a scripted centre: what each answer does, and that nothing else settles."""

from __future__ import annotations

from pathlib import Path

import pytest
from backports import zstd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.model import Lane
from agent.sync.settings import LinkSettings
from tests.agent.sync.box import Box, fire, health, open_box, taps, until
from tests.agent.sync.far_centre import FarCentre, SeenBatch, Verdicts, all_stored, sign

EPOCH_OPENED = "kz.mektep.epoch.opened.v1"
OTHER_EPOCH = "00000000-0000-0000-0000-000000000000"


def forget_to_unsubscribe(port: int, school: str, topic: str) -> None:
    """Leave a subscription in the box's session, as a broker that is broken into could."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=school, protocol=MQTTv5)
    kept = Properties(PacketTypes.CONNECT)
    kept.SessionExpiryInterval = 600
    client.on_connect = lambda *_: client.subscribe(topic, 1)
    client.on_subscribe = lambda *_: client.disconnect()
    client.connect("127.0.0.1", port, clean_start=False, properties=kept)
    client.loop_forever()


def silent(_batch: SeenBatch) -> None:
    return None


# --- verdicts -------------------------------------------------------------------------------------------


async def test_stored_settles_all_lanes(box: Box, centre: FarCentre) -> None:
    await box.outbox.accept([*taps(50), *health(3), fire()])
    box.start()
    await until(box.owes_nothing)
    assert centre.numbers("record", box.outbox.epoch) == list(range(1, 52))  # the first says why the epoch began
    assert centre.numbers("telemetry", box.outbox.epoch) == [1, 2, 3]
    assert centre.numbers("alarm", box.outbox.epoch) == [1]
    assert box.state == "online"
    assert box.link.snapshot().last_receipt_ns > 0
    assert centre.repeats == 0
    assert centre.encodings == set()


async def test_repeat_settles_and_is_counted(box: Box, centre: FarCentre) -> None:
    centre.judge = lambda batch: [("repeat", batch.first, batch.last)]
    await box.outbox.accept(taps(9))
    box.start()
    await until(box.owes_nothing)
    assert box.count("repeats") == 10


async def test_quarantined_settles_and_is_recorded(box: Box, centre: FarCentre) -> None:
    def judge(batch: SeenBatch) -> Verdicts:
        if batch.lane == "record" and batch.first <= 3 <= batch.last and batch.last > 3:
            return [("stored", batch.first, 2), ("quarantined", 3, 3), ("stored", 4, batch.last)]
        return all_stored(batch)

    centre.judge = judge
    await box.outbox.accept(taps(5))
    box.start()
    await until(lambda: centre.events("kz.mektep.quarantined.v1") and box.owes_nothing())
    (event,) = centre.events("kz.mektep.quarantined.v1")
    assert event["data"] == {"epoch": box.outbox.epoch, "lane": "record", "first": 3, "last": 3}
    assert box.count("quarantined") == 1
    assert centre.numbers("record", box.outbox.epoch) == [1, 2, 4, 5, 6, 7]


async def test_conflict_opens_an_epoch_and_reissues_there(box: Box, centre: FarCentre) -> None:
    old = box.outbox.epoch
    places = await box.outbox.accept(taps(3))

    def judge(batch: SeenBatch) -> Verdicts:
        if (batch.epoch, batch.lane) != (old, "record"):
            return all_stored(batch)
        return [("conflict" if n >= 3 else "stored", n, n) for n in range(batch.first, batch.last + 1)]

    centre.judge = judge
    box.start()
    await until(lambda: box.outbox.epoch != old and box.owes_nothing())
    assert box.count("conflicts") == 2
    (opened,) = [e for e in centre.events(EPOCH_OPENED) if e["source"].split("/")[3] == box.outbox.epoch]
    assert opened["data"] == {"epoch": box.outbox.epoch, "before": old, "reason": "conflict", "checkpoint": ""}
    again = [event for event in centre.events("kz.mektep.card.seen.v1") if "reissueof" in event]
    assert [event["reissueof"] for event in again] == [f"{old}/record/{place.sequence}" for place in places[1:]]
    assert [event["data"]["card"] for event in again] == [f"{n:032x}" for n in (1, 2)]
    assert {event["source"] for event in again} == {f"/schools/{centre.school}/{box.outbox.epoch}/record"}
    assert box.settled(Lane.RECORD, old) == 4


# --- forgeries ------------------------------------------------------------------------------------------

SPOILT = [
    ("wrong hash", {"sha256": "0" * 64}, "stale_receipt"),
    ("wrong range", {"last": 3, "verdicts": [{"verdict": "stored", "first": 1, "last": 3}]}, "stale_receipt"),
    ("too far", {"last": 9_999, "verdicts": [{"verdict": "stored", "first": 1, "last": 9_999}]}, "stale_receipt"),
    ("verdicts with a gap", {"verdicts": [{"verdict": "stored", "first": 2, "last": 5}]}, "stale_receipt"),
    ("wrong lane", {"lane": "alarm"}, "stale_receipt"),
    ("wrong epoch", {"epoch": OTHER_EPOCH}, "stale_receipt"),
    ("wrong school", {"school": "school-99"}, "other_school"),
    ("unknown verdict", {"verdicts": [{"verdict": "eaten", "first": 1, "last": 5}]}, "malformed"),
    ("no such lane", {"lane": "evidence"}, "malformed"),
    ("no verdicts", {"verdicts": []}, "malformed"),
]


@pytest.mark.parametrize(("changes", "reason"), [pytest.param(*row[1:], id=row[0]) for row in SPOILT])
async def test_a_receipt_that_does_not_fit_settles_nothing(
    box: Box, centre: FarCentre, changes: dict[str, object], reason: str
) -> None:
    centre.judge = silent
    await box.outbox.accept(taps(4))
    box.start()
    await until(lambda: centre.batches)
    centre.send_receipt(centre.batches[0], **changes)
    await until(lambda: box.refused(reason) == 1)
    assert box.count("stale") == (reason == "stale_receipt")
    assert box.count("receipts") == box.settled(Lane.RECORD) == 0
    centre.judge = all_stored
    await until(box.owes_nothing)


async def test_a_receipt_of_a_stranger_settles_nothing(box: Box, centre: FarCentre) -> None:
    centre.judge = silent
    await box.outbox.accept(taps(4))
    box.start()
    await until(lambda: centre.batches)
    batch = centre.batches[0]
    payload = centre.receipt(batch, all_stored(batch))
    stranger = Ed25519PrivateKey.generate()
    centre.say_delegated("receipts", "receipt", payload, stranger)
    await until(lambda: box.refused("unknown_key") == 1)
    centre.say("receipts", payload, {})
    await until(lambda: box.refused("no_delegation") == 1)
    topic = centre.prefix + "receipts"
    signed = sign(centre.receipt_key, "receipt", topic, payload) | {"delegation": centre.delegation}
    forged = sign(stranger, "receipt", topic, payload)["sig"]
    centre.say("receipts", payload, signed | {"sig": forged})
    await until(lambda: box.refused("bad_signature") == 1)
    centre.say("receipts", payload.replace(b"stored", b"repeat"), signed)
    await until(lambda: box.refused("bad_signature") == 2)
    assert box.count("receipts") == box.settled(Lane.RECORD) == 0


async def test_a_receipt_counts_once(box: Box, centre: FarCentre) -> None:
    await box.outbox.accept(taps(4))
    box.start()
    await until(box.owes_nothing)
    settled, receipts = box.settled(Lane.RECORD), box.count("receipts")
    centre.send_receipt(centre.batches[0])
    await until(lambda: box.refused("stale_receipt") == 1)
    assert (box.settled(Lane.RECORD), box.count("receipts")) == (settled, receipts)
    assert box.count("stale") == 1


async def test_rubbish_is_counted_and_changes_nothing(box: Box, centre: FarCentre) -> None:
    centre.judge = silent
    await box.outbox.accept(taps(4))
    box.start()
    await until(lambda: centre.batches and box.state != "greeting")
    centre.say_delegated("receipts", "receipt", b"{")
    centre.say_delegated("welcome", "welcome", b"\xff\xfe")
    await until(lambda: box.refused("malformed") == 2)
    centre.say_delegated("receipts", "receipt", b" " * 1_048_577)
    await until(lambda: box.refused("oversized") == 1)
    assert box.running()
    assert box.settled(Lane.RECORD) == 0


async def test_a_foreign_message_is_refused_even_if_its_signature_is_good(
    broker_port: int, box: Box, centre: FarCentre, school: str
) -> None:
    foreign = FarCentre("school-99", centre.box_public, order_key=centre.order_key, receipt_key=centre.receipt_key)
    foreign.connect(broker_port, f"foreign-{school}")
    forget_to_unsubscribe(broker_port, school, "mektep/v1/school-99/receipts")
    box.start()
    await until(lambda: box.state == "online")
    foreign.send_receipt(SeenBatch(box.outbox.epoch, "record", 1, 1, b"[]", 2))
    await until(lambda: box.refused("foreign_topic") == 1)
    foreign.close()


async def test_a_zstd_bomb_is_never_opened(box: Box, centre: FarCentre) -> None:
    centre.judge = silent
    await box.outbox.accept(taps(4))
    box.start()
    await until(lambda: centre.batches)
    batch, topic = centre.batches[0], centre.prefix + "receipts"
    receipt = centre.receipt(batch, all_stored(batch))
    bomb = receipt[:-1] + b',"more":"' + b" " * 200_000_000 + b'"}'
    signed = sign(centre.receipt_key, "receipt", topic, bomb) | {"delegation": centre.delegation}
    centre.say("receipts", zstd.compress(bomb), signed | {"encoding": "zstd"})
    await until(lambda: box.refused("bad_signature") == 1)
    assert box.settled(Lane.RECORD) == 0
    assert box.running()


async def test_a_defect_while_taking_a_message_is_counted_and_breaks_nothing(
    box: Box, centre: FarCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_receipt: object) -> None:
        raise ZeroDivisionError("a defect")

    box.start()
    await until(lambda: box.state == "online" and box.owes_nothing())
    with monkeypatch.context() as patch:
        patch.setattr(box.link._drain, "take", broken)
        await box.outbox.accept(taps(4))
        await until(lambda: box.refused("not_understood") > 0)
    await until(box.owes_nothing)  # on the same connection
    assert len({birth["session"] for birth in centre.births}) == 1


# --- silence and welcome --------------------------------------------------------------------------------


async def test_without_receipts_it_probes_says_so_and_recovers(box: Box, centre: FarCentre) -> None:
    centre.judge = silent
    await box.outbox.accept(taps(2_000))
    box.start()
    await until(lambda: box.state == "probing")
    assert box.link.snapshot().code == "L-120"
    await until(lambda: box.count("overdue") > 3)
    probes = centre.batches[-2:]
    assert [batch.first for batch in probes] == [1, 1]  # one batch at a time, always the oldest
    assert probes[0].body == probes[1].body
    centre.judge = all_stored
    await until(box.owes_nothing)
    assert box.state == "online"
    assert box.link.snapshot().code == ""
    assert centre.numbers("record", box.outbox.epoch) == list(range(1, 2_002))


async def test_an_alarm_goes_before_the_welcome_and_records_wait(
    box: Box, centre: FarCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.sync.centre_link.WELCOME_WITHIN_S", 60.0)
    centre.welcoming = False
    await box.outbox.accept([*taps(5), fire()])
    box.start()
    await until(lambda: centre.numbers("alarm", box.outbox.epoch) == [1])
    await until(lambda: len(centre.online()) >= 3)  # the birth is said again
    assert box.state == "greeting"
    assert {batch.lane for batch in centre.batches} == {"alarm"}
    assert len({birth["session"] for birth in centre.births}) == 1
    centre.welcome(centre.births[-1])
    await until(box.owes_nothing)
    assert box.state == "online"


async def test_without_a_welcome_records_go_after_a_while(box: Box, centre: FarCentre) -> None:
    centre.welcoming = False
    await box.outbox.accept(taps(5))
    box.start()
    await until(box.owes_nothing)
    assert box.state == "online"


async def test_a_welcome_for_another_connection_is_refused(
    box: Box, centre: FarCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.sync.centre_link.WELCOME_WITHIN_S", 60.0)
    centre.welcoming = False
    box.start()
    await until(lambda: centre.births)
    birth = centre.births[0]
    centre.welcome(birth | {"session": "f" * 32})
    await until(lambda: box.refused("other_session") == 1)
    centre.welcome(birth, school="school-99")
    await until(lambda: box.refused("other_session") == 2)
    centre.welcome(birth, time="yesterday")
    await until(lambda: box.refused("bad_time") == 1)
    assert box.state == "greeting"


async def test_a_welcome_settles_nothing(box: Box, centre: FarCentre) -> None:
    centre.judge, centre.highest = silent, {"record": 3}
    await box.outbox.accept(taps(5))
    box.start()
    await until(lambda: box.state == "probing")
    assert box.settled(Lane.RECORD) == 0


async def test_a_welcome_tells_of_meals_that_another_box_gave(box: Box, centre: FarCentre) -> None:
    box.start()
    await until(lambda: box.state == "online")
    assert box.granted == []
    meals = [f"2026-09-07/lunch/{pupil:016x}" for pupil in (1, 2)]
    centre.welcome(centre.births[-1], grants=["2026-09-07/lunch/somebody"])
    await until(lambda: box.refused("malformed") == 1)
    centre.welcome(centre.births[-1], grants=meals)
    await until(lambda: box.granted == meals)


async def test_a_welcome_proves_the_time_to_an_unsynced_clock(box: Box, centre: FarCentre) -> None:
    box.clock.is_synced = False
    box.start()
    await until(lambda: box.state == "online")
    assert abs(box.clock.proven - box.clock.utc_ns()) < 60e9


async def test_a_rewound_box_opens_an_epoch_and_still_sends_the_old(box: Box, centre: FarCentre) -> None:
    old = box.outbox.epoch
    centre.highest = {"telemetry": 100}
    await box.outbox.accept(taps(5))
    box.start()
    await until(lambda: box.outbox.epoch != old and box.owes_nothing())
    (opened,) = [e for e in centre.events(EPOCH_OPENED) if e["data"]["reason"] == "rewind"]
    assert opened["data"] == {"epoch": box.outbox.epoch, "before": old, "reason": "rewind", "checkpoint": ""}
    assert opened["id"] == f"{1:019d}"
    assert centre.numbers("record", old) == [1, 2, 3, 4, 5, 6]
    await box.outbox.accept(taps(1))
    await until(lambda: centre.numbers("record", box.outbox.epoch) == [1, 2])
    assert [birth["epoch"] for birth in centre.online()] == [old, box.outbox.epoch]  # and is told who has eaten today


async def test_a_late_welcome_is_a_rewind_too_and_one_epoch_is_enough(box: Box, centre: FarCentre) -> None:
    old = box.outbox.epoch
    box.start()
    await until(lambda: box.state == "online" and box.owes_nothing())
    centre.highest = {"record": 100}
    for _ in range(5):
        centre.welcome(centre.online()[-1])
    await until(lambda: box.outbox.epoch != old and box.owes_nothing())
    centre.order("ping", 1, box.outbox.epoch)
    await until(lambda: centre.answers)  # all five welcomes have passed
    assert len([e for e in centre.events(EPOCH_OPENED) if e["data"]["reason"] == "rewind"]) == 1


# --- what else leaves -----------------------------------------------------------------------------------


async def test_an_alarm_overtakes_a_backlog(box: Box, centre: FarCentre) -> None:
    await box.outbox.accept(taps(4_000))
    box.start()
    await until(lambda: len(centre.batches) > 3)
    await box.outbox.accept([fire()])
    before = box.outbox.last(box.outbox.epoch, Lane.RECORD) - box.settled(Lane.RECORD)
    await until(lambda: centre.numbers("alarm", box.outbox.epoch))
    left = box.outbox.last(box.outbox.epoch, Lane.RECORD) - box.settled(Lane.RECORD)
    assert before > 0
    assert left > 0
    await until(box.owes_nothing)


async def test_send_ahead_is_one_event_without_a_sequence(box: Box, centre: FarCentre) -> None:
    alarm = fire()
    assert not await box.link.send_ahead(alarm)  # no connection yet
    box.start()
    await until(lambda: box.state == "online")
    assert await box.link.send_ahead(alarm)
    await until(lambda: centre.ahead)
    (event,) = centre.ahead
    assert event["source"] == f"/schools/{centre.school}/{box.outbox.epoch}/ahead"
    assert "sequence" not in event
    assert event["data"]["state"] == "fire"


async def test_compressed_batches_hold_the_signed_bytes(
    broker_port: int, tmp_path: Path, school: str, centre: FarCentre
) -> None:
    settings = LinkSettings(
        broker=f"mqtt://127.0.0.1:{broker_port}", orders_key=centre.orders_key_base64, compress=True
    )
    async with open_box(tmp_path, settings, school) as box:
        await box.outbox.accept(taps(300))
        box.start()
        await until(box.owes_nothing)
        assert centre.numbers("record", box.outbox.epoch) == list(range(1, 302))
    assert centre.encodings == {"zstd"}
    large = max(centre.batches, key=lambda batch: len(batch.body))
    assert large.size < len(large.body) / 3
    assert {batch.body[:1] for batch in centre.batches} == {b"["}
