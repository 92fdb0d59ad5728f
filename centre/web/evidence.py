"""Pictures and films of an incident: opened with the key that the desk holds, or handed out sealed.

An opening is a row of the custody log, committed before the key is tried; then a ticket of that session opens that one
file for TICKET_S. What is opened is kept nowhere: each look decrypts it anew.
"""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path

from starlette.responses import Response

from centre import age
from centre.custody import Custody
from centre.evidence import EvidenceStore
from centre.incidents import Evidence
from centre.web.answers import missing, to, whole
from centre.web.incident import subject
from centre.web.rights import BLURRED, downloads, opens
from centre.web.visit import Kept, Visit

TICKET_S = 300
TICKETS_MAX = 1_000
TYPES = {"snapshot": "image/jpeg", "blurred": "image/jpeg", "clip": "video/mp4"}
RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")


def look(visit: Visit) -> Response:
    """With a reason. Raises CentreError K-160 without one, K-121 or K-122 if the desk's key does not fit."""
    file = _file(visit)
    if file is None or not opens(visit.who, file.kind, visit.desk.settings.desk):
        return missing(visit)
    school = visit.path["school"]
    sealed = _sealed(visit, school, file.id)
    if sealed is None:
        return missing(visit)
    Custody(visit.database).note(visit.who.name, school, file.id, "opened", visit.form.get("reason", ""))
    _opened(visit, sealed, file.kind)  # a key that does not fit is told here, and not in the picture's place
    ticket = _ticket(visit, school, file)
    back = f"/incident/{school}/{visit.path['id']}"
    return whole(visit, "look.html", file=file, ticket=ticket, back=back, kind=TYPES[file.kind])


def shown(visit: Visit) -> Response:
    """The content of a ticket, whole or the part of a film that the player asks for."""
    kept = visit.desk.tickets.get(visit.path["ticket"])
    if kept is None or kept.token != visit.token or time.monotonic() > kept.until_s:
        return missing(visit)
    sealed = _sealed(visit, kept.school, kept.evidence)
    if sealed is None:
        return missing(visit)
    return _ranged(_opened(visit, sealed, kept.form), TYPES[kept.form], visit.range)


def download(visit: Visit) -> Response:
    """Sealed, as the box made it: only who has a key sees anything."""
    file = _file(visit)
    if file is None or not downloads(visit.who):
        return missing(visit)
    sealed = _sealed(visit, visit.path["school"], file.id)
    if sealed is None:
        return missing(visit)
    Custody(visit.database).note(visit.who.name, visit.path["school"], file.id, "downloaded", "")
    name = f"{file.id}.{'mp4' if file.kind == 'clip' else 'jpeg'}.age"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(sealed, media_type="application/octet-stream", headers=headers)


def back(visit: Visit) -> Response:
    """A look is a POST: who loads its page again is at the incident."""
    return to(f"/incident/{visit.path['school']}/{visit.path['id']}")


def _file(visit: Visit) -> Evidence | None:
    found = subject(visit)
    if found is None or found.details is None:
        return None
    wanted = visit.path["evidence"]
    return next((one for one in found.details.evidence if one.id == wanted and one.kind in TYPES), None)


def _sealed(visit: Visit, school: str, name: str) -> bytes | None:
    """None until all of it has come."""
    found = EvidenceStore(visit.database).sealed(name, school)
    return found[0][1] if found else None


def _opened(visit: Visit, sealed: bytes, form: str) -> bytes:
    desk = visit.desk.settings.desk
    identity = desk.blurred_identity if form == BLURRED else desk.plain_identity
    return age.open_sealed(sealed, Path(visit.desk.settings.file(identity)))


def _ticket(visit: Visit, school: str, file: Evidence) -> str:
    name, now_s = secrets.token_urlsafe(16), time.monotonic()
    desk = visit.desk
    with desk.tickets_lock:
        for old in [key for key, one in desk.tickets.items() if one.until_s < now_s]:
            del desk.tickets[old]
        while len(desk.tickets) >= TICKETS_MAX:
            del desk.tickets[next(iter(desk.tickets))]
        desk.tickets[name] = Kept(visit.token, school, file.id, file.kind, now_s + TICKET_S)
    return name


def _ranged(content: bytes, kind: str, wanted: str) -> Response:
    match = RANGE.fullmatch(wanted)
    headers = {"accept-ranges": "bytes"}
    if match is None:
        return Response(content, media_type=kind, headers=headers)
    first, last = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
    if first > last:
        return Response(b"", status_code=416, headers={"content-range": f"bytes */{len(content)}"})
    headers["content-range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], status_code=206, media_type=kind, headers=headers)
