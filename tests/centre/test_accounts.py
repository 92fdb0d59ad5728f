"""Accounts: who may log in, as what, and that a password is never kept."""

from __future__ import annotations

import pytest

from centre.accounts import Account, Accounts
from centre.errors import CentreError
from tests.centre.conftest import Open
from tests.centre.incident_box import ANNA

WORD = "correct horse battery"
ALIYA = Account(name="aliya", role="responsible", school="school-07", person=ANNA, language="kk")


@pytest.fixture
def accounts(open_one: Open) -> Accounts:
    return Accounts(open_one())


def test_an_account_logs_in_with_its_password_alone(accounts: Accounts) -> None:
    accounts.add(ALIYA, WORD)
    assert accounts.check("aliya", WORD) == ALIYA
    assert accounts.check("aliya", WORD + ".") is None
    assert accounts.check("boris", WORD) is None
    assert accounts.named("aliya") == ALIYA
    assert accounts.named("boris") is None
    assert accounts.language_of("school-07", ANNA) == "kk"
    assert accounts.language_of("school-07", "") == ""


@pytest.mark.parametrize(("name", "word"), [("al\0iya", WORD), ("\ud800", WORD), ("aliya", "\ud800"), ("", "")])
def test_what_no_database_would_take_is_nobody(accounts: Accounts, name: str, word: str) -> None:
    accounts.add(ALIYA, WORD)
    assert accounts.check(name, word) is None


def test_the_password_is_not_kept(accounts: Accounts) -> None:
    accounts.add(ALIYA, WORD)
    accounts.add(Account(name="city", role="operator"), WORD)
    first, second = (row[0] for row in accounts._database.execute("select password from account"))
    assert WORD not in first
    assert first.split("$")[4] != second.split("$")[4]


def test_a_new_password_takes_the_place_of_the_old_one(accounts: Accounts) -> None:
    accounts.add(ALIYA, WORD)
    accounts.new_password("aliya", "another few words")
    assert accounts.check("aliya", WORD) is None
    assert accounts.check("aliya", "another few words") == ALIYA
    accounts.set_language("aliya", "ru")
    assert accounts.language_of("school-07", ANNA) == "ru"


def test_an_account_that_has_ended_is_nobody(accounts: Accounts) -> None:
    accounts.add(ALIYA, WORD)
    accounts.end("aliya")
    assert accounts.check("aliya", WORD) is None
    assert [one.ended for one in accounts.all()] == [True]
    accounts.add(ALIYA, WORD)
    assert accounts.check("aliya", WORD) == ALIYA


WRONG = [
    Account(name="Aliya", role="operator"),
    Account(name="a", role="king"),
    Account(name="a", role="operator", language="de"),
    Account(name="a", role="responsible"),
    Account(name="a", role="police", school="school-07"),
]


def test_an_account_that_cannot_be_is_refused(accounts: Accounts) -> None:
    for one in WRONG:
        with pytest.raises(CentreError, match="K-161"):
            accounts.add(one, WORD)
    assert accounts.all() == []


def test_a_name_stands_once_and_a_password_is_long(accounts: Accounts) -> None:
    accounts.add(ALIYA, WORD)
    with pytest.raises(CentreError, match=r"K-161.*there is"):
        accounts.add(ALIYA, WORD)
    with pytest.raises(CentreError, match=r"K-161.*characters"):
        accounts.new_password("aliya", "short")
    for act in (lambda: accounts.new_password("boris", WORD), lambda: accounts.end("boris")):
        with pytest.raises(CentreError, match="K-162"):
            act()
