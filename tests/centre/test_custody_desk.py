"""The custody log and the accounts at a terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest

from centre.accounts import Accounts
from centre.custody import Custody
from centre.store import Store
from tests.centre.incident_box import ANNA, PICTURE
from tests.centre.test_incident_desk import Run, run, store

__all__ = ["run", "store"]
WORD = "correct horse battery"


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_the_log_shows_who_and_why(run: Run, store: Store) -> None:
    Custody(store.database).note("aliya", "school-07", PICTURE, "opened", "fight of Monday")
    run("evidence", "list", "school-07")
    code, out, _ = run("custody")
    assert (code, len(out.splitlines())) == (0, 2)
    assert f"aliya  opened  school-07  {PICTURE}  fight of Monday" in out
    assert run("custody", "--evidence", PICTURE)[1].count("\n") == 1
    assert json.loads(run("custody", "--school", "school-07", "--json")[1].splitlines()[1])["what"] == "listed"


def test_the_chain_is_checked_and_goes_on_from_what_was_kept(run: Run, store: Store) -> None:
    Custody(store.database).note("aliya", "school-07", PICTURE, "opened", "fight")
    code, out, _ = run("custody", "--verify")
    assert code == 0
    kept = out.split()[-1]
    assert run("custody", "--verify", kept)[0] == 0
    store.database.execute("update custody set reason = 'nothing'")
    code, out, _ = run("custody", "--verify", kept)
    assert (code, "row 1 was altered" in out) == (1, True)
    assert json.loads(run("custody", "--verify", kept, "--json")[1])["faults"] != []
    code, _, err = run("custody", "--verify", "yesterday")
    assert (code, err[:5]) == (2, "K-170")


def test_an_account_is_made_changed_and_ended(run: Run, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, f"{WORD}\n")
    words = ("account", "add", "anna", "--role", "responsible", "--school", "school-07", "--staff", "S-1")
    assert run(*words, "--language", "kk") == (0, "anna may log in.\n", "")
    found = Accounts(store.database).check("anna", WORD)
    assert found is not None
    assert (found.person, found.language) == (ANNA, "kk")
    typed(monkeypatch, "another few words\n")
    assert run("account", "password", "anna")[0] == 0
    assert Accounts(store.database).check("anna", "another few words") is not None
    assert "anna" in run("account", "list")[1]
    assert run("account", "end", "anna")[0] == 0
    assert json.loads(run("account", "list", "--json")[1])[0]["ended"] is True
    typed(monkeypatch, "short\n")
    assert run("account", "add", "boris", "--role", "police")[2][:5] == "K-161"
    assert run("account", "end", "anna")[2][:5] == "K-162"
    assert run("account", "add", "c", "--role", "responsible", "--school", "school-09")[2][:5] == "K-118"
