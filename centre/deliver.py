"""What must reach somebody, sent until it has: orders to boxes, messages to the gateway; and the watch on silent boxes.

Two threads, so that a slow gateway holds up no order; each with its own database connection. All they know is in the
database: killed at any moment and started again, they go on. Several may run; a row is one sender's at a time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import msgspec

from centre import admin, keys
from centre.database import open_database
from centre.errors import CentreError, StoreDown
from centre.notify import Notifications
from centre.order_queue import OrderQueue, Queued
from centre.school_time import S_NS
from centre.settings import Settings
from centre.silence import watch
from centre.store import Store
from centre.webhook import Webhook, WebhookDown
from centre.wire import Answer

log = logging.getLogger("centre")

LOOK_S = 0.1
WATCH_S = 1.0
RETRY_S = 2.0
SOON_NS, LATER_NS = S_NS // 10, 2 * S_NS  # when an answer is looked for again: at first, and after ten seconds
PRESENT = "select school, seen_ns from presence where state = 'online'"


class OrderSender:
    """One look at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store(open_database(settings.database))
        self._queue = OrderQueue(self._store.database)
        self._key = keys.orders_key(settings.file("."))
        self._watched_s = 0.0
        self._seen: dict[str, int] = {}

    def look(self) -> None:
        """Send what is due, take up answers. Raises StoreDown."""
        if time.monotonic() - self._watched_s >= WATCH_S:
            self._watched_s = time.monotonic()
            self._wake_present()
            for name in watch(self._store.database, self._settings.notify, time.time_ns()):
                log.warning("K-167 the box is silent: the centre tells of %s by itself", name)
        if not self._queue.any_due(time.time_ns()):
            return
        for one in self._queue.claim(time.time_ns()):
            if one.state == "due":
                self._send(one)
            else:
                self._look_for_answer(one)

    def _wake_present(self) -> None:
        """What waits for a box that has come back is due at once."""
        for school, seen_ns in self._store.database.execute(PRESENT):
            if self._seen.get(school) != seen_ns:
                self._seen[school] = seen_ns
                self._queue.wake(school)

    def _send(self, one: Queued) -> None:
        now_ns = time.time_ns()
        epoch = self._store.epoch_of(one.school)
        if now_ns >= one.until_ns or not epoch:
            self._queue.note_trouble(one, "K-108 never seen" if not epoch else one.error, now_ns)
            return
        number, good_for_s = self._store.new_order(one.school, one.name), one.good_for_s(now_ns)
        try:
            admin.send_order(self._settings, self._key, one.school, epoch, number, one.name, one.args, good_for_s)
        except CentreError as error:
            self._queue.note_trouble(one, f"{error.code} {error.what}", now_ns)
            return
        self._queue.note_sent(one, number, now_ns)

    def _look_for_answer(self, one: Queued) -> None:
        now_ns = time.time_ns()
        text = self._store.answer_to(one.school, one.number)
        if text is None:
            pause_ns = SOON_NS if now_ns - one.sent_ns < 10 * S_NS else LATER_NS
            self._queue.note_silence(one, now_ns, now_ns + pause_ns, self._seen.get(one.school, 0))
            return
        self._queue.note_answer(one, msgspec.json.decode(text, type=Answer), now_ns)

    def close(self) -> None:
        self._store.database.close()


class MessageSender:
    """To the gateway."""

    def __init__(self, settings: Settings) -> None:
        self._webhook = Webhook(settings)
        self._database = open_database(settings.database)
        self._rows = Notifications(self._database, settings.notify.language)
        self._trouble = ""

    def look(self) -> None:
        """Send what is due. Raises StoreDown."""
        for due, message in self._rows.claim(time.time_ns()):
            try:
                self._webhook.post(message, message.id)
            except WebhookDown as error:
                self._say(str(error))
                self._rows.note_trouble(due, str(error), time.time_ns())
            else:
                self._say("")
                self._rows.note_sent(due, time.time_ns())

    def _say(self, trouble: str) -> None:
        """A burst is one line."""
        if trouble != self._trouble and trouble:
            log.warning("K-168 the gateway takes no message: %s; it is tried again", trouble)
        self._trouble = trouble

    def close(self) -> None:
        self._database.close()


class Deliverer:
    """The threads. on_failure is called once one of them cannot go on."""

    def __init__(self, settings: Settings, on_failure: Callable[[], None]) -> None:
        self._on_failure = on_failure
        self._stop, self._hurry = threading.Event(), threading.Event()
        makers: list[tuple[str, Callable[[], OrderSender | MessageSender]]] = [
            ("orders", lambda: OrderSender(settings))
        ]
        if settings.notify.url:
            Webhook(settings)  # a gateway that cannot be used is told now
            makers.append(("messages", lambda: MessageSender(settings)))
        self._threads = [
            threading.Thread(target=self._run, args=(make,), name=f"deliver-{name}", daemon=True)
            for name, make in makers
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def hurry(self) -> None:
        """Something was just queued by this process."""
        self._hurry.set()

    def stop(self) -> None:
        self._stop.set()
        self._hurry.set()
        for thread in self._threads:
            thread.join(15)

    def _run(self, make: Callable[[], OrderSender | MessageSender]) -> None:
        try:
            while not self._stop.is_set():
                self._until_down(make)
        finally:
            if not self._stop.is_set():
                self._on_failure()

    def _until_down(self, make: Callable[[], OrderSender | MessageSender]) -> None:
        """The database may go away and come back."""
        try:
            sender = make()
            try:
                while not self._stop.is_set():
                    sender.look()
                    self._hurry.wait(LOOK_S)
                    self._hurry.clear()
            finally:
                sender.close()
        except StoreDown as error:
            log.warning("K-110 the database does not answer: %s; again in %g s", error, RETRY_S)
            self._stop.wait(RETRY_S)
