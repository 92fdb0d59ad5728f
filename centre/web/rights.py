"""Who may see, open and answer what at the desk. Pure.

operator     the city: every school; pictures blurred, unless the city's settings give them plain ones
police       fires, fights, intrusions, certain tampering; pictures as they are, if the desk holds the police's key
responsible  everything of one school; pictures blurred
nobody       who has not logged in: may report, and nothing else
"""

from __future__ import annotations

from centre.accounts import Account
from centre.settings import DeskSettings

NOBODY, OPERATOR, POLICE, RESPONSIBLE = "nobody", "operator", "police", "responsible"
POLICE_KINDS = frozenset({"fire", "fight", "intrusion"})
PLAIN = frozenset({"snapshot", "clip"})  # with faces
BLURRED = "blurred"


def role_of(account: Account | None) -> str:
    return account.role if account else NOBODY


def sees(account: Account, school: str, kind: str, certainty: str) -> bool:
    """An incident, its story, and what was typed of it."""
    match account.role:
        case "operator":
            return True
        case "police":
            return kind in POLICE_KINDS or (kind == "tamper" and certainty == "certain")
        case "responsible":
            return school == account.school
        case _:
            return False


def sees_school(account: Account, school: str) -> bool:
    """Its state, and that of its cameras."""
    return account.role in (OPERATOR, POLICE) or (account.role == RESPONSIBLE and school == account.school)


def sees_contact(account: Account) -> bool:
    """How to reach who reported: not for the school, which the report may be about."""
    return account.role == OPERATOR


def opens(account: Account, form: str, settings: DeskSettings) -> bool:
    """Whether a file of this form is shown to them here: by their role, and by the keys that the desk holds."""
    if form == BLURRED:
        return bool(settings.blurred_identity)
    return form in PLAIN and bool(settings.plain_identity) and _plain(account, settings)


def downloads(account: Account) -> bool:
    """Sealed files: who has a key opens them on a machine of their own."""
    return account.role in (OPERATOR, POLICE)


def views_live(account: Account, settings: DeskSettings) -> bool:
    """A live view shows faces."""
    return _plain(account, settings)


def _plain(account: Account, settings: DeskSettings) -> bool:
    return account.role == POLICE or (account.role == OPERATOR and settings.operators_see_plain)
