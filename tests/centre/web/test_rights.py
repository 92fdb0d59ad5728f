"""Who may see, open and answer what: whole tables."""

from __future__ import annotations

import msgspec
import pytest

from centre.accounts import Account
from centre.incident_words import KINDS
from centre.settings import DeskSettings
from centre.web.rights import downloads, opens, role_of, sees, sees_contact, sees_school, views_live

OPERATOR = Account(name="o", role="operator")
POLICE = Account(name="p", role="police")
OURS = Account(name="r", role="responsible", school="school-07")
STRANGE = Account(name="s", role="gardener")
BOTH = DeskSettings(blurred_identity="b", plain_identity="p")
GIVEN = msgspec.structs.replace(BOTH, operators_see_plain=True)
NONE = DeskSettings()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("certainty", ["suspected", "corroborated", "certain"])
def test_who_sees_an_incident(kind: str, certainty: str) -> None:
    for_police = kind in ("fire", "fight", "intrusion") or (kind, certainty) == ("tamper", "certain")
    assert sees(OPERATOR, "school-07", kind, certainty)
    assert sees(POLICE, "school-07", kind, certainty) == for_police
    assert sees(OURS, "school-07", kind, certainty)
    assert not sees(OURS, "school-08", kind, certainty)
    assert not sees(STRANGE, "school-07", kind, certainty)


FILES = [  # account, settings, snapshot, blurred, clip
    (OPERATOR, BOTH, False, True, False),
    (OPERATOR, GIVEN, True, True, True),
    (POLICE, BOTH, True, True, True),
    (POLICE, DeskSettings(blurred_identity="b"), False, True, False),
    (OURS, GIVEN, False, True, False),
    (OPERATOR, NONE, False, False, False),
    (POLICE, NONE, False, False, False),
    (STRANGE, GIVEN, False, True, False),
]


@pytest.mark.parametrize(("account", "settings", "snapshot", "blurred", "clip"), FILES)
def test_who_opens_a_file(account: Account, settings: DeskSettings, snapshot: bool, blurred: bool, clip: bool) -> None:
    assert [opens(account, form, settings) for form in ("snapshot", "blurred", "clip", "")] == [
        snapshot, blurred, clip, False,
    ]  # fmt: skip


def test_who_downloads_looks_live_and_reads_a_contact() -> None:
    accounts = (OPERATOR, POLICE, OURS, STRANGE)
    assert [downloads(one) for one in accounts] == [True, True, False, False]
    assert [views_live(one, BOTH) for one in accounts] == [False, True, False, False]
    assert [views_live(one, GIVEN) for one in accounts] == [True, True, False, False]
    assert [sees_contact(one) for one in accounts] == [True, False, False, False]
    assert [sees_school(one, "school-07") for one in accounts] == [True, True, True, False]
    assert [sees_school(one, "school-08") for one in accounts] == [True, True, False, False]


def test_who_is_not_logged_in_is_nobody() -> None:
    assert (role_of(None), role_of(POLICE)) == ("nobody", "police")
