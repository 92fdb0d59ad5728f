"""The steps from a boot file to a box that the centre knows. Each is on disk before the next begins, and each can be
done again: cut off anywhere, the same call goes on.

Steps   configuration checked → signing key made → TLS key made → authority compared with the pin → certificate asked
        for by the token, over TLS verified against that authority → key, certificate, authority in use → agent.toml
Again   the centre gives the same certificate for the same token and key.
Raises  EnrolmentError N-103 … N-112; AgentError T-111.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.clock import Clock
from agent.config import Config
from agent.enrolment import configuration, est
from agent.enrolment.boot_file import BootFile
from agent.enrolment.certificate import Kept, chosen, first_request, kept_until
from agent.enrolment.errors import EnrolmentError
from agent.enrolment.papers import Papers
from agent.sync.identity import Identity, load_identity

LATER_TIMES = 30
Tell = Callable[[str, dict[str, str]], None]  # the key of a line of agent/texts, and what stands in it


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended."""

    school: str
    until: str  # the certificate's last day
    fresh: bool  # it was given now
    renews: bool  # the configuration says where


def prepare(boot: BootFile, file: Path) -> tuple[Config, str]:
    """The configuration, and its text if the file is still to be written. Nothing is changed."""
    if file.exists():
        return configuration.fitting(file, boot), ""
    text, found = configuration.composed(boot)
    return found, text


def enrol(
    boot: BootFile,
    file: Path,
    clock: Clock,
    tell: Tell,
    pause: Callable[[float], None],
    *,
    replace: bool,
) -> Enrolled:
    """file: agent.toml. replace: a certificate that is there is no answer, another is asked for."""
    found, text = prepare(boot, file)
    papers = Papers(found.state.pki)
    papers.settle()
    kept = _kept(papers, boot, replace=replace)
    fresh = kept is None
    if kept is None:
        kept = _ask(boot, papers, Path(found.state.directory), clock, tell, pause)
    if text:
        configuration.write(file, text)
        tell("config", {"file": str(file)})
    return Enrolled(school=boot.school, until=kept_until(kept), fresh=fresh, renews=bool(found.centre.est))


def _kept(papers: Papers, boot: BootFile, *, replace: bool) -> Kept | None:
    """The certificate that answers this boot file already."""
    try:
        kept = papers.kept()
    except EnrolmentError as error:
        if not replace or error.code != "N-106":
            raise
        return None  # spoilt: another is asked for
    if kept is None:
        return None
    if kept.school == boot.school and kept.authority == boot.ca_sha256.lower():
        return kept if not replace or papers.was_given_for(boot.token) else None
    if replace:
        return None
    what = f"this box is enrolled already: as {kept.school or 'nobody'}, by another boot file"
    raise EnrolmentError("N-110", what, do="Is it the right box? Then enrol it anew: `sudo mektep enrol --replace`.")


def _ask(boot: BootFile, papers: Papers, state: Path, clock: Clock, tell: Tell, pause: Callable[[float], None]) -> Kept:
    if not boot.token:
        raise EnrolmentError("N-104", "the boot file holds no token: it was used", do=est.NEW_FILE)
    identity = load_identity(state)
    key, request = _request(papers, boot.school, identity)
    tell("key", {})
    authority = est.fetch_authority(boot.est, boot.ca_sha256)
    tell("authority", {"sha256": boot.ca_sha256.lower()[:16]})
    found = None
    for _ in range(LATER_TIMES):
        try:
            found = est.enrol(boot.est, authority, request, boot.school, boot.token, check_dates=clock.synced())
            break
        except est.Later as later:
            tell("later", {"seconds": f"{later.seconds:.0f}"})
            pause(later.seconds)
    if found is None:
        what = "the centre has accepted the request and does not finish it"
        raise EnrolmentError("N-105", what, do="Nothing on site; tell the centre if it lasts.", again=True)
    certificate = chosen(found, key, boot.school, authority, clock.utc_ns() if clock.synced() else None)
    papers.publish(certificate, authority, boot.token)
    kept = papers.kept()
    if kept is None:
        raise EnrolmentError("N-108", f"{papers.folder} lost what was just written", do="Look at the disk.")
    tell("given", {"until": kept_until(kept)})
    return kept


def _request(papers: Papers, school: str, identity: Identity) -> tuple[bytes, bytes]:
    """The key to ask with, and the request; a key that a power cut has spoilt is made anew."""
    try:
        key = papers.next_key()
        return key, first_request(key, school, identity)
    except ValueError:
        papers.drop_next()
        key = papers.next_key()
        return key, first_request(key, school, identity)
