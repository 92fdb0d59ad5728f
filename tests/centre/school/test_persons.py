"""Keys of persons and cards, by the rule that the pages give; a school's secrets are made once, also by two at once."""

from __future__ import annotations

import hashlib
import hmac

from centre.school.numbers import Reported
from centre.school.persons import Person, Secrets, note_persons, secrets_of
from tests.centre.conftest import Open


def test_keys_are_computed_as_the_pages_say() -> None:
    secrets = Secrets(b"c" * 32, b"p" * 32)
    assert secrets.person("pupil", "P-1") == hmac.new(b"p" * 32, b"pupil:P-1", hashlib.sha256).hexdigest()[:16]
    assert secrets.person("staff", "P-1") != secrets.person("pupil", "P-1")
    want = hmac.new(b"c" * 32, b"em4100:6F007B3972", hashlib.sha256).hexdigest()[:32]
    assert secrets.card(Reported("em4100", "6F007B3972")) == want


def test_secrets_are_made_once_for_each_school(open_one: Open) -> None:
    one, other = open_one(), open_one()
    made = secrets_of(one, "school-07")
    assert (len(made.card_key), len(made.person_key), made.card_key == made.person_key) == (32, 32, False)
    assert secrets_of(other, "school-07") == made
    assert secrets_of(other, "school-08") != made


def test_persons_are_noted_changed_and_kept_when_they_leave(open_one: Open) -> None:
    database = open_one()

    def note(*persons: Person) -> list[tuple[str, ...]]:
        with database.transaction():
            note_persons(database, "school-07", persons)
        return database.execute("select key, kind, external, class, name from person order by key")

    dana = Person(key="a" * 16, kind="pupil", external="P-1", class_="5А", name="Дана")
    assert note(dana, Person(key="b" * 16, kind="staff", external="S-1")) == [
        ("a" * 16, "pupil", "P-1", "5А", "Дана"),
        ("b" * 16, "staff", "S-1", "", ""),
    ]
    assert note(Person(key="a" * 16, kind="pupil", external="P-1", class_="6А"))[0][3:] == ("6А", "")
    assert len(note()) == 2
