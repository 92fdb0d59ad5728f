"""Sessions: how they begin and end, and what a form carries."""

from __future__ import annotations

import time

import pytest

from centre.accounts import Account, Accounts
from centre.web.sessions import SHIFT_NS, Sessions, form_token, is_form_of
from tests.centre.web.made_up_city import PASSWORD, City


@pytest.fixture
def accounts(fresh: City) -> Accounts:
    found = Accounts(fresh.store.database)
    found.add(Account(name="olga", role="operator"), PASSWORD)
    return found


def test_a_session_is_who_began_it(fresh: City, accounts: Accounts) -> None:
    sessions = Sessions(fresh.store.database)
    token = sessions.begin("olga")
    found = sessions.account_of(token)
    assert found
    assert found.name == "olga"
    assert (sessions.account_of(""), sessions.account_of("x" * 43)) == (None, None)
    kept = str(fresh.store.database.execute("select token, password from desk_session"))
    assert token not in kept  # who reads the database cannot log in


def test_it_ends_by_itself_and_on_wish(fresh: City, accounts: Accounts) -> None:
    sessions, now_ns = Sessions(fresh.store.database), time.time_ns()
    old, other = sessions.begin("olga", now_ns), sessions.begin("olga", now_ns)
    assert sessions.account_of(old, now_ns + SHIFT_NS - 1)
    assert sessions.account_of(old, now_ns + SHIFT_NS) is None
    sessions.end(old)
    assert sessions.account_of(old) is None
    assert sessions.account_of(other)
    sessions.begin("olga", now_ns + 2 * SHIFT_NS)
    assert len(fresh.store.database.execute("select 1 from desk_session")) == 1  # the old ones are gone


def test_it_ends_with_the_password_and_the_account(fresh: City, accounts: Accounts) -> None:
    sessions = Sessions(fresh.store.database)
    first = sessions.begin("olga")
    accounts.new_password("olga", "other words")
    assert sessions.account_of(first) is None
    second = sessions.begin("olga")
    assert sessions.account_of(second)
    accounts.end("olga")
    assert sessions.account_of(second) is None


def test_a_form_is_bound_to_its_visitor() -> None:
    assert is_form_of("one", form_token("one"))
    assert not is_form_of("one", form_token("other"))
    assert not is_form_of("one", "")
    assert not is_form_of("one", "é")
    assert not is_form_of("", form_token(""))
