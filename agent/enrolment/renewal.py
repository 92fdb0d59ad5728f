"""Keeps the box's certificate good: from two thirds of its life on it asks for the next one, by the one it has.

Due     at two thirds of the life, and up to a week later by the box's own key: a city does not ask at once. An expired
        certificate asks, too. Where the clock is not trusted, a broker that hangs up is a reason to ask.
Shown   the centre sees each certificate once over a line of its own, after it is on the disk here: then, not sooner,
        it revokes the one before. Cut off in between, the box shows it at its next start.
Fails   again after a growing, jittered while; a trouble from WARN_DAYS before the end on. The link takes up what is new
        at its next connection.
Codes   N-111 revoked, N-112 lost, N-120 soon over, N-121 over, N-122 nobody renews it.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable
from pathlib import Path

from agent.aside import aside
from agent.clock import Clock
from agent.enrolment import est
from agent.enrolment.certificate import Kept, chosen, kept_until, next_request, read_dates, understood
from agent.enrolment.errors import EnrolmentError
from agent.enrolment.papers import Papers
from agent.outbox.troubles import Trouble
from agent.sync.identity import Identity
from agent.sync.settings import LinkSettings

log = logging.getLogger("agent.enrolment")

DAY_NS = 86_400_000_000_000
SPREAD_NS = 7 * DAY_NS
WARN_DAYS = 30
LOOK_S = 3_600.0
AGAIN_S, AGAIN_MOST_S = 60.0, 6 * 3_600.0
FINAL = ("N-111", "N-112")  # told at once: no waiting helps
HUNG_UP = frozenset({"L-106", "L-109"})  # codes of the link that a bad certificate brings


def due_ns(kept: Kept, public: bytes) -> int:
    """When the next certificate is asked for. Pure."""
    share = int.from_bytes(hashlib.sha256(public).digest()[:4]) / 2**32
    life_ns = kept.expires_ns - kept.begins_ns
    return kept.begins_ns + life_ns * 2 // 3 + round(min(SPREAD_NS, life_ns // 6) * share)


class Renewal:
    """Of one box; refused: the code of the link's trouble, empty if it has none."""

    def __init__(
        self,
        settings: LinkSettings,
        school: str,
        identity: Identity,
        papers: Papers,
        clock: Clock,
        rng: random.Random,
        refused: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._school = school
        self._identity = identity
        self._papers = papers
        self._clock = clock
        self._rng = rng
        self._refused = refused
        self._kept: Kept | None = None
        self._error: EnrolmentError | None = None
        self._since_ns = 0
        self._again_s = AGAIN_S
        self._given_ns: int | None = None  # when the centre gave the last one, monotonic

    async def run(self) -> None:
        """For ever; without TLS there is nothing to renew."""
        if not self._settings.tls:
            return
        while True:
            try:
                wait_s = await self._look()
            except EnrolmentError as error:
                wait_s = self._failed(error)
            await self._clock.sleep(wait_s)

    def trouble(self) -> list[Trouble]:
        """What a person must do."""
        found = self._told()
        if found is None:
            self._since_ns = 0
            return []
        self._since_ns = self._since_ns or self._clock.utc_ns()
        code, what, do = found
        return [Trouble(code=code, what=what, do=do, since_ns=self._since_ns)]

    # --- asking ---------------------------------------------------------------------------------------------------

    async def _look(self) -> float:
        """Renew if it is due. Returns when to look again. Raises EnrolmentError."""
        self._kept = kept = await aside(self._read, "certificate-read")
        if self._renews and self._is_due(kept):
            try:
                self._kept = await aside(self._renewed, "certificate-renew")
            except est.Later as later:
                return later.seconds
            self._given_ns = self._clock.monotonic_ns()
            log.info("the certificate is renewed, good until %s", kept_until(self._kept))
            self._again_s = AGAIN_S
        self._error = None
        if self._renews:
            await self._show()
        return LOOK_S

    async def _show(self) -> None:
        """What fails is tried at the next look, and is no trouble: by itself the one before is over in some weeks."""
        try:
            await aside(self._shown, "certificate-show")
        except EnrolmentError as error:
            log.info("the centre does not see the certificate in use yet: %s %s", error.code, error.what)

    def _shown(self) -> None:
        """Blocks."""
        papers = self._papers
        if papers.was_shown():
            return
        authority, trusted = papers.authority(), self._clock.synced()
        est.show(self._settings.est, authority, papers.certificate, papers.key, check_dates=trusted)
        papers.note_shown()

    @property
    def _renews(self) -> bool:
        """Whether the files are ours to change, and somebody gives new ones."""
        return bool(self._settings.est) and self._settings.certificate == str(self._papers.certificate)

    def _is_due(self, kept: Kept) -> bool:
        if self._given_ns is not None and self._clock.monotonic_ns() - self._given_ns < DAY_NS:
            return False  # another would help no more: then it is the clock, or the broker
        if self._clock.proven_ns() >= due_ns(kept, self._identity.public):
            return True
        return not self._clock.synced() and self._refused() in HUNG_UP

    def _read(self) -> Kept:
        """Of the certificate in use, whoever made it."""
        path = self._settings.certificate
        try:
            return read_dates(Path(path).read_bytes())
        except OSError as error:
            do = "Give it to the agent's user; else enrol the box."
            raise EnrolmentError("N-108", f"{path} cannot be read: {error}", do=do) from error

    def _renewed(self) -> Kept:
        """Blocks."""
        papers, trusted = self._papers, self._clock.synced()
        papers.settle()
        authority, key = papers.authority(), papers.next_key()
        try:
            request = next_request(key, self._school, self._identity)
        except ValueError as error:
            papers.drop_next()  # spoilt by a power cut
            raise EnrolmentError("N-108", f"the next key is spoilt: {error}", do="Nothing: another is made.") from error
        found = est.renew(self._settings.est, authority, request, papers.certificate, papers.key, check_dates=trusted)
        certificate = chosen(found, key, self._school, authority, self._clock.utc_ns() if trusted else None)
        papers.publish(certificate, authority)
        return understood(certificate, key, authority)

    def _failed(self, error: EnrolmentError) -> float:
        if self._error is None or self._error.code != error.code:
            log.warning("the certificate is not renewed: %s %s", error.code, error.what)
        self._error = error
        wait_s = self._again_s * (0.5 + self._rng.random() / 2)
        self._again_s = AGAIN_MOST_S if error.code in FINAL else min(self._again_s * 2, AGAIN_MOST_S)
        return wait_s

    # --- telling --------------------------------------------------------------------------------------------------

    def _told(self) -> tuple[str, str, str] | None:
        error, kept = self._error, self._kept
        if error is not None and error.code in FINAL:
            return error.code, error.what, error.do
        if kept is None:
            return None  # the link says what is missing
        left_ns = kept.expires_ns - self._clock.proven_ns()
        if left_ns > WARN_DAYS * DAY_NS:
            return None
        when = f"expires in {left_ns // DAY_NS} days" if left_ns > 0 else f"expired on {kept_until(kept)}"
        if not self._renews:
            do = "Write est into [centre] of the configuration and restart the agent."
            return "N-122", f"the certificate {when}, and nobody renews it", do
        if error is None:
            return None
        code = "N-120" if left_ns > 0 else "N-121"
        return code, f"the certificate {when} and is not renewed: {error.code} {error.what}", error.do
