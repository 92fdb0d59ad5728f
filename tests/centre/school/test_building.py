"""From rows to datasets: what a box then finds by a card, and no name, number or id among it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.book import Book
from agent.datasets import DATASETS
from agent.school.cards import card_hash
from centre.school.building import build, persons
from centre.school.faults import Findings
from centre.school.folder import read_school
from centre.school.persons import Secrets
from drivers.readings import CardForm
from tests.centre.school.folders import EXAMPLE, changed, copied, text

SECRETS = Secrets(bytes(32), bytes(range(32)))


def built(folder: Path = EXAMPLE) -> dict[str, bytes]:
    school = read_school(folder, Findings())
    assert school is not None
    return build(school, SECRETS)


def book() -> Book:
    return Book({name: msgspec.json.decode(content, type=DATASETS[name]) for name, content in built().items()})


READ = [
    ("P-1001", CardForm.EM4100, "6F007B3972", False),
    ("P-1001", CardForm.WIEGAND34, "007B3972", False),
    ("P-1001", CardForm.WIEGAND26, "7B3972", False),
    ("P-5001", CardForm.WIEGAND34, "007B39B5", False),
    ("P-5002", CardForm.UID4, "24548AAC", False),
    ("P-5002", CardForm.UID4, "AC8A5424", False),
    ("P-5002", CardForm.WIEGAND26, "8A5424", False),
    ("P-5002", CardForm.EM4100, "62E3086CED", True),
    ("P-5101", CardForm.WIEGAND26, "8A55EF", False),
    ("P-5102", CardForm.UID7, "0456463AAC2280", False),
    ("P-9001", CardForm.EM4100, "170009593F", False),
]


@pytest.mark.parametrize(("pupil", "form", "number", "blocked"), READ)
def test_a_box_knows_a_card_in_each_form_that_a_reader_reports(
    pupil: str, form: CardForm, number: str, blocked: bool
) -> None:
    found = book()
    assert found.card_key == bytes(32)
    holder = found.who(card_hash(bytes(32), form, number))
    assert holder is not None
    assert (holder.key, holder.blocked) == (SECRETS.person("pupil", pupil), blocked)


def test_a_box_knows_classes_rights_entitlements_and_vouchers() -> None:
    found = book()
    operator = found.who(card_hash(bytes(32), CardForm.EM4100, "01000734E0"))
    assert operator is not None
    assert (operator.kind, operator.may) == ("staff", frozenset({"meals"}))
    child = found.who(card_hash(bytes(32), CardForm.WIEGAND26, "8A55EF"))
    assert child is not None
    assert (child.class_, child.shift) == ("5Б", 2)
    pupil = SECRETS.person("pupil", "P-5001")
    assert [one.programme for one in found.entitlements[pupil]] == ["paid", "fund"]
    assert {one.club for one in found.vouchers[pupil]} == {"chess", "robotics"}
    assert found.club["chess"].minimum_min == 40


def test_no_name_number_or_id_leaves_the_centre() -> None:
    told = " ".join(content.decode() for content in built().values())
    secret = [
        cell
        for name in ("pupils", "staff", "cards")
        for line in text(name).splitlines()[1:]
        for cell in line.split(";")
    ]
    words = {cell for cell in secret if len(cell) > 3} - {"em4100", "uid4-10d", "wiegand34", "3d5d", "uid4", "uid7"}
    words -= {"meals", "incidents", "meals incidents"}
    assert len(words) > 30
    assert [word for word in words if word in told] == []


def test_the_order_of_lines_changes_nothing(tmp_path: Path) -> None:
    turned = {}
    for name in ("classes", "pupils", "cards", "staff", "holidays", "bells", "meals", "tariffs", "entitlements",
                 "clubs", "club_times", "vouchers", "duty"):  # fmt: skip
        head, *lines = text(name).splitlines()
        turned[name] = "\n".join([head, *reversed(lines)])
    assert built(copied(tmp_path / "school", **turned)) == built()


def test_a_dataset_without_files_is_not_made(tmp_path: Path) -> None:
    none: dict[str, Any] = dict.fromkeys(
        ("meals", "tariffs", "entitlements", "clubs", "club_times", "vouchers", "duty")
    )
    none["school"] = changed("school", 'head = "S-05"', "")
    assert set(built(copied(tmp_path / "school", **none))) == {"cards", "calendar"}
    empty = {"clubs": "club;places\n", "club_times": None, "vouchers": None}
    assert json.loads(built(copied(tmp_path / "empty", **empty))["clubs"]) == {"clubs": [], "vouchers": []}


def test_a_blocked_card_of_staff_is_nobodys(tmp_path: Path) -> None:
    cards = text("cards").replace("01000734E0;no", "01000734E0;yes")
    told = json.loads(built(copied(tmp_path / "school", cards=cards))["cards"])
    operator = next(one for one in told["staff"] if one["staff"] == SECRETS.person("staff", "S-01"))
    assert operator["cards"] == []


def test_persons_are_told_with_their_keys() -> None:
    school = read_school(EXAMPLE, Findings())
    assert school is not None
    found = {one.external: one for one in persons(school, SECRETS)}
    assert (found["P-1001"].kind, found["P-1001"].class_, found["P-1001"].name) == ("pupil", "1А", "Айша Сериккызы")
    assert found["S-01"].key == SECRETS.person("staff", "S-01")
    assert base64.b64decode(json.loads(built()["cards"])["card_key"]) == SECRETS.card_key
