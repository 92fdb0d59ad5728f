"""What happens in the day that a person must answer for, and who answers: by card, at the centre, by command.

Each case goes on by itself, so that a day stays short: a fire that nobody answers at first, a fight, somebody in the
store at night, a hand before the camera, a report of bullying typed at the centre, a drill, a live view. What else
opens an incident, such as the other fires, is acknowledged by the city's operator.
Not      whether all of it is known at the centre: simulator/incident_truth.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from simulator.devices import TakesCards
from simulator.fire_panel import FIRE, NORMAL
from simulator.incident_truth import CLOSED, DISMISSED, LIVE, PREFIX, SUFFIX, Act, Case, View
from simulator.media_server import MediaServer
from simulator.processes import output
from simulator.responsible import CITY, COUNSELLOR, DEPUTY, GUARD, POLICE, WATCHMAN, card_of
from simulator.school import SCHOOL, School
from simulator.truth import CONTACT, NOTICED, Fire, Truth

PATIENCE_S = 60.0  # for what must come, whatever is broken meanwhile
SEEN_S = 40.0  # for a camera to be played something, and to notice it
TOLD_S = 10.0  # that all is well again: on a full disk the box may have dropped it
LOOK_S = 0.5
LIGHT_S = 5.0
KITCHEN = 2  # zone of the panel; the others burn by turns
PICTURES = 5
WORDS = "Старшие забирают у младших деньги за обеды, каждый день за спортзалом."
Queues = Mapping[str, asyncio.Lock]


class Missing(Exception):
    """What must come did not come in time; the reconciliation says what is wrong."""


class Emergencies:
    """run() goes on until every case has its end; at_night is set when the day's last phase begins."""

    def __init__(
        self, school: School, truth: Truth, note: Callable[[str], None], ending: asyncio.Event, queues: Queues
    ) -> None:
        self.truth = truth.incidents
        self.at_night = asyncio.Event()
        self._fires = truth.fires
        self._school = school
        self._note = note
        self._ending = ending
        self._queues = queues
        self._seen: set[str] = set()  # by the operator
        self._known: dict[str, tuple[float, list[dict[str, Any]]]] = {}  # of the centre: when looked at, what is there

    async def run(self, media: MediaServer | None) -> None:
        footage = {camera.name for camera in self._school.devices.footage}
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._case(self._fire("kitchen" in footage), self._fire_case("kitchen" in footage)))
            tasks.create_task(self._case(self._fight("corridor" in footage), self._fight_case("corridor" in footage)))
            tasks.create_task(self._case(self._intrusion, Case(
                "an intrusion at night", "intrusion", "store", (WATCHMAN, CITY))))  # fmt: skip
            tasks.create_task(self._case(self._covered, Case(
                "a covered camera", "tamper", "gate", (GUARD,), ends=DISMISSED)))  # fmt: skip
            tasks.create_task(self._case(self._bullying, Case(
                "a report of bullying", "bullying", "yard", (COUNSELLOR,))))  # fmt: skip
            tasks.create_task(self._case(self._drill, Case(
                "a drill", "medical", "sports entrance", (GUARD, CITY), drill=True)))  # fmt: skip
            if media is not None:
                tasks.create_task(self._look(media))
            tasks.create_task(self._operator())

    # --- the cases --------------------------------------------------------------------------------------------------

    async def _case(self, happens: Callable[[Case], Awaitable[None]], case: Case) -> None:
        self.truth.cases.append(case)
        try:
            await happens(case)
        except Missing as missing:
            self.truth.defects.append(f"{case.what}: {missing}")

    @staticmethod
    def _fire_case(filmed: bool) -> Case:
        told = (GUARD,) if filmed else (GUARD, CITY, POLICE)  # a camera's word alone is a suspicion
        return Case("a fire in the kitchen", "fire", "kitchen", told, gone_over_to=DEPUTY, only=not filmed)

    def _fire(self, filmed: bool) -> Callable[[Case], Awaitable[None]]:
        """The guard does not answer: the deputy head does, with a card at the kitchen's reader."""

        async def happens(case: Case) -> None:
            if filmed and not await self._until(lambda: self._noticed("kitchen", "fire", "smoke"), SEEN_S):
                self._note("kitchen: the camera has not noticed a fire so far; the panel tells of one")
                case.told |= {CITY, POLICE}
            fire = Fire(KITCHEN, time.time())
            self._fires.append(fire)
            self._school.panel.set(KITCHEN, FIRE)
            self._note("fire in the kitchen; the guard does not answer")
            await self.opened(case, f"fire-panel/{KITCHEN}")
            if not await self._until(lambda: self._told(case, "unanswered")):
                raise Missing("nobody else was told")
            await self.by_card(case, DEPUTY, self._school.readers[0])
            await self._at_centre(case, "confirmed", CITY)
            self._school.panel.set(KITCHEN, NORMAL)
            fire.to_s = time.time()
            await self._school.until_told(KITCHEN, "normal", patience_s=TOLD_S)
            await self._end_of(filmed)
            await self._at_centre(case, CLOSED, CITY)

        return happens

    @staticmethod
    def _fight_case(filmed: bool) -> Case:
        return Case("a fight in the corridor", "fight", "corridor", (GUARD,) if filmed else (GUARD, CITY),
                    only=not filmed)  # fmt: skip

    def _fight(self, filmed: bool) -> Callable[[Case], Awaitable[None]]:
        """Seen by the camera, else somebody presses the button for help."""

        async def happens(case: Case) -> None:
            more = self._school.devices.more
            if more is None:
                case.left_out = "the school has no button for help"
                return
            if filmed and await self._until(lambda: self._noticed("corridor", "fight"), SEEN_S):
                source = "corridor"
            else:
                self._note("corridor: somebody presses the button for help")
                case.told, source = {GUARD, CITY}, "help"
                while not await self._until(lambda: self._newest(case) != "", 2.0):
                    await more.help.press()
            await self.opened(case, source)
            await self.by_card(case, GUARD, more.hall)
            await self._at_centre(case, "confirmed", POLICE)
            await self._end_of(filmed)
            await self._at_centre(case, CLOSED, POLICE)

        return happens

    async def _intrusion(self, case: Case) -> None:
        """The store's door at night; the watchman says on the box's command line that it was he."""
        more = self._school.devices.more
        if more is None:
            case.left_out = "the school has no contact at the store"
            return
        await self.at_night.wait()
        self._note("night: the store's door is open")
        more.store_door.move(closed=False)
        await self.opened(case, "store-door")
        await self.by_command(case, "acknowledge", "acknowledged")
        await self.by_command(case, "dismiss", DISMISSED, "--reason", "allowed")
        more.store_door.move(closed=True)
        await self._until(lambda: self._school.newest(CONTACT, source="store-door").get("state") == "idle", TOLD_S)
        await self.by_command(case, "close", CLOSED)

    async def _covered(self, case: Case) -> None:
        """simulator/day.py covers the camera now and then; the guard has looked, and it was play."""
        while self._newest(case) == "":
            if self._ending.is_set() and not await self._until(lambda: self._newest(case) != "", LOOK_S):
                case.left_out = "the day was too short for it"
                return
            await asyncio.sleep(LOOK_S)
        await self.opened(case, "gate")
        await self._at_centre(case, "acknowledged", "duty", GUARD)
        await self._at_centre(case, DISMISSED, "duty", GUARD, "--reason", "play")

    async def _bullying(self, case: Case) -> None:
        """Typed at the centre, in the words of a pupil who gives no name."""
        words = self._school.folder / "words.txt"
        words.write_text(WORDS, encoding="utf-8")
        self._note("somebody reports bullying at the centre")
        report = ["report", SCHOOL, "--kind", "bullying", "--place", "yard", "--words", str(words), "--wait", "0"]
        report += ["--reporter", "pupil"]
        code, text = await output(self._school.city.command("incident", *report))
        if code:
            raise Missing(f"mektep-centre incident report ended with {code}")
        case.incident = text.split()[0]
        await self.opened(case, "centre")
        await self._at_centre(case, "acknowledged", "duty", COUNSELLOR)
        await self._at_centre(case, "confirmed", "duty", COUNSELLOR)
        await self._at_centre(case, CLOSED, CITY)

    async def _drill(self, case: Case) -> None:
        """On the box's command line; the guard answers with a card at the place."""
        more = self._school.devices.more
        if more is None:
            case.left_out = "the school has no second entrance"
            return
        words = ["drill", "--place", case.place, "--seconds", f"{PATIENCE_S:.0f}", "medical", self._school.config]
        await self._until(lambda: self._school.status().get("link", {}).get("state") == "online")
        self._note("a drill: somebody lies at the sports entrance")
        playing = asyncio.create_task(output([sys.executable, "-m", "agent", *words]))
        await self.opened(case, "drill")
        await self.by_card(case, GUARD, more.osdp.readers[2])
        code, text = await playing
        if code == 1:  # others: the agent was killed while it was asked
            self._note(f"the drill ended with {code}: {text.splitlines()[-1:]}")
        await self.by_command(case, "dismiss", DISMISSED, "--reason", "other")
        await self.by_command(case, "close", CLOSED)

    # --- the live view ----------------------------------------------------------------------------------------------

    async def _look(self, media: MediaServer) -> None:
        """The gate's camera, at the city's media server, until some pictures have come."""
        view = View("gate")
        self.truth.views.append(view)
        for _ in range(10):
            view.session, view.pictures = str(uuid.uuid4()), 0
            before = len(media.look())
            where = {"host": "localhost", "port": media.port, "path": f"live/{view.session}"}
            args = {"session": view.session, "camera": "gate", "seconds": 60, "by": "operator", **where}
            code = await self._order("live.start", args)
            if not await self._until(lambda: self._view(view, "started"), 2.0) and code:
                await asyncio.sleep(LOOK_S)
                continue
            self._note("the city looks at the gate live")
            await self._shown(media, view, before)
            await self._order("live.stop", {"session": view.session})
            await self._until(lambda: self._view(view, "ended"), 35.0)  # by itself, where nobody could be told
            if view.pictures:
                self._note(f"live: {view.pictures} pictures of the gate were decoded")
                return
        view.left_out = "the camera, the line or the box was away each time"

    async def _shown(self, media: MediaServer, view: View, before: int) -> None:
        """Some pictures have come, or it is over."""
        await self._until(lambda: len(media.look()) >= before + PICTURES or self._view(view, "ended"), 10.0)
        view.pictures = len(media.look()) - before

    async def _order(self, name: str, args: dict[str, object]) -> int:
        words = ["--args", json.dumps(args), "--wait", "5"]
        code, _ = await output(self._school.city.command("order", SCHOOL, name, *words))
        return code

    def _view(self, view: View, state: str) -> bool:
        return self._school.count(LIVE, session=view.session, state=state) > 0

    # --- who answers ------------------------------------------------------------------------------------------------

    async def by_card(self, case: Case, staff: str, reader: TakesCards) -> None:
        """Held before a reader again and again until the box has it."""
        card = card_of(staff)[-reader.card_bytes :]
        deadline_s = time.monotonic() + PATIENCE_S
        while not await self._has(case, "acknowledged", 0.3):
            if time.monotonic() > deadline_s:
                raise Missing(f"the card of {staff} was not taken at {reader.name}")
            async with self._queues[reader.name]:
                if reader.takes_cards() and not await self._has(case, "acknowledged", 0.0):
                    await reader.show(card, LIGHT_S)
        self._said(case, Act(case.incident, "acknowledged", "card", staff))

    async def _at_centre(self, case: Case, answer: str, role: str, staff: str = "", *more: str) -> None:
        """Typed once: the centre sends it until the box has it."""
        words = ["answer", case.incident, answer, "--role", role, "--wait", "0", *more]
        words += ["--by", staff] if staff else []
        deadline_s = time.monotonic() + PATIENCE_S
        while (await output(self._school.city.command("incident", *words)))[0] > 1:  # its database is away
            if time.monotonic() > deadline_s:
                raise Missing(f"{answer} could not be typed at the centre")
            await asyncio.sleep(LOOK_S)
        if not await self._has(case, answer, PATIENCE_S):
            raise Missing(f"{answer}, said at the centre, was not taken")
        self._said(case, Act(case.incident, answer, "centre", staff))

    async def by_command(self, case: Case, word: str, answer: str, *more: str) -> None:
        """On the box, again while the agent is away."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not await self._has(case, answer, 0.0):
            if time.monotonic() > deadline_s:
                raise Missing(f"mektep incident {word} was not taken")
            words = ["incident", word, *more, case.incident, self._school.config]
            code, _ = await output([sys.executable, "-m", "agent", *words])
            await asyncio.sleep(LOOK_S if code else 0)
        self._said(case, Act(case.incident, answer, "command"))

    async def _operator(self) -> None:
        """At the city: acknowledges what else is opened, once each."""
        while not self._ending.is_set():
            for incident in self._unplanned():
                self._seen.add(incident)
                case = Case("", "", "", ())
                case.incident = incident
                await self._acknowledge(case)
            await asyncio.sleep(LOOK_S)

    async def _acknowledge(self, case: Case) -> None:
        try:
            await self._at_centre(case, "acknowledged", CITY)
        except Missing as missing:
            self.truth.defects.append(f"an operator's answer: {missing}")

    def _unplanned(self) -> list[str]:
        """What has opened that is no case and that nobody at the city has seen."""
        planned = {(case.kind, case.place, case.drill) for case in self.truth.cases}
        fresh = {one["incident"]: one for one in self._steps("opened") if one["incident"] not in self._seen}
        return [id_ for id_, one in fresh.items() if (one["kind"], one["place"], one["drill"]) not in planned]

    def _said(self, case: Case, act: Act) -> None:
        self.truth.acts.append(act)
        if case.what:
            self._note(f"{case.what}: {act.answer}, by {act.channel}{f' of {act.staff}' if act.staff else ''}")

    # --- what the box holds -----------------------------------------------------------------------------------------

    async def opened(self, case: Case, source: str) -> None:
        """It is an incident, and this source speaks for it."""
        case.signs.add(source)
        if not await self._until(lambda: self._newest(case) != "" and self._told(case, "first")):
            raise Missing("no incident came of it")

    def _newest(self, case: Case) -> str:
        """Its id; empty while there is none."""
        if not case.incident:
            of = {"kind": case.kind, "place": case.place, "drill": case.drill}
            known = {other.incident for other in self.truth.cases}
            opened = [
                one for one in self._steps("opened") if one.items() >= of.items() and one["incident"] not in known
            ]
            case.incident = opened[-1]["incident"] if opened else ""
        return case.incident

    def _told(self, case: Case, why: str) -> bool:
        return any((one["incident"], one["why"]) == (case.incident, why) for one in self._steps("told"))

    def _steps(self, what: str) -> list[dict[str, Any]]:
        """What the box holds of this sort; and the centre, for on a full disk the box drops what it has delivered."""
        with contextlib.suppress(sqlite3.Error):  # locked, full, or the box was just killed
            events = self._school.told(f"{PREFIX}{what}{SUFFIX}")
            return [*self._at_the_centre(what), *(json.loads(event)["data"] for event in events)]
        return self._at_the_centre(what)

    def _at_the_centre(self, what: str) -> list[dict[str, Any]]:
        """As it was a moment ago."""
        looked_s, found = self._known.get(what, (0.0, []))
        if time.monotonic() - looked_s > LOOK_S:
            found = self._school.city.steps(SCHOOL, what)
            self._known[what] = (time.monotonic(), found)
        return found

    def _noticed(self, camera: str, *kinds: str) -> bool:
        return any(self._school.count(NOTICED, camera=camera, suspected=kind) for kind in kinds)

    async def _has(self, case: Case, answer: str, patience_s: float) -> bool:
        """Whether the box has taken an answer."""

        def taken() -> bool:
            if answer == CLOSED:
                return any(one["incident"] == case.incident for one in self._steps("closed"))
            return any((one["incident"], one["answer"]) == (case.incident, answer) for one in self._steps("answered"))

        return await self._until(taken, patience_s)

    async def _until(self, true: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
        return await self._school.until(true, max(patience_s, 0.01))

    async def _end_of(self, filmed: bool) -> None:
        """A camera goes on playing until the day is over: what it sees is of the same incident while that is open."""
        if filmed:
            await self._ending.wait()
