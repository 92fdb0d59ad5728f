"""Templates and words: every word that a page asks for is there, and everything of a box is escaped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import centre
from centre.texts import LANGUAGES, words
from centre.web.pages import STATIC, ago, environment, page, static

TEMPLATES = Path(centre.__file__).parent / "web/templates"
WORD = re.compile(r"\bt\('(\w+)', '(\w*)'")


def test_every_word_of_the_templates_is_there() -> None:
    asked = {found for file in TEMPLATES.glob("*.html") for found in WORD.findall(file.read_text(encoding="utf-8"))}
    assert len(asked) > 80
    assert {f"{section}.{key}" for section, key in asked if not words("en").get(section, {}).get(key)} <= {
        "report.kind_"
    }


def test_every_word_of_the_desk_is_asked_for() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in TEMPLATES.glob("*.html"))
    for section in ("desk", "column"):
        assert [key for key in words("en")[section] if f"t('{section}', '{key}'" not in text] == []


def test_no_word_stands_in_a_template() -> None:
    """Only what Jinja fills in: no language is built in."""
    for file in TEMPLATES.glob("*.html"):
        text = re.sub(
            r"\{#.*?#\}|\{% block body_class %\}\w*|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>",
            "",
            file.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        assert re.findall(r"[A-Za-zА-яӘ-ӿ]{2,}", text.replace("UTC", "")) == [], file.name


def test_no_template_has_a_script_or_style_of_its_own() -> None:
    """The policy of the page would not run it."""
    for file in TEMPLATES.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=|hx-on|<script(?! src=\"/static/)|javascript:", text), file.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_box_says_is_escaped(language: str) -> None:
    one = {"visit": 1, "account": None, "role": "nobody", "csrf": "", "here": "/", "what": "missing", "code": "K-1"}
    text = page("trouble.html", language, said="<script>alert(1)</script>", **one)
    assert "&lt;script&gt;" in text
    assert f'<html lang="{language}">' in text


def test_a_template_that_lacks_a_value_fails() -> None:
    with pytest.raises(UndefinedError):
        page("trouble.html", "en")


def test_the_files_of_the_page_are_whole() -> None:
    assert all(len(static(name)) > 200 for name in STATIC)
    assert b"htmx" in static("htmx.min.js")
    assert "board.html" in environment().list_templates()


AGES = [(None, "—"), (-5, "0:00"), (9, "0:09"), (75, "1:15"), (3_725, "1:02:05"), (200_000, "2 × 24:00")]


@pytest.mark.parametrize(("seconds", "text"), AGES)
def test_an_age_in_digits(seconds: int | None, text: str) -> None:
    assert ago(seconds) == text
