"""What a page of the desk says, read from its HTML as it came. Pure.

By the marks that its style and its script go by: `#case` and its class, the list of steps, the rows of files, the
custody log below; words are taken as they stand, so ask for English.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

STATES = frozenset({"opened", "told", "acknowledged", "confirmed", "dismissed", "closed"})
GROUPS = frozenset({"waiting", "going", "decided"})
VOID = frozenset({"br", "img", "input", "link", "meta", "hr"})


class Tag:
    """An element; `said` is its text and its children, in order."""

    def __init__(self, name: str, marks: dict[str, str]) -> None:
        self.name = name
        self.marks = marks
        self.said: list[str | Tag] = []

    @property
    def classes(self) -> set[str]:
        return set(self.marks.get("class", "").split())

    def all(self, name: str, class_: str = "") -> Iterator[Tag]:
        """Those of this name below, with this class."""
        for child in self.said:
            if isinstance(child, Tag):
                if child.name == name and (not class_ or class_ in child.classes):
                    yield child
                yield from child.all(name, class_)

    @property
    def text(self) -> str:
        """Everything below, one blank between words."""
        parts = (child.text if isinstance(child, Tag) else child for child in self.said)
        return " ".join(" ".join(parts).split())


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Tag("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Tag(tag, {name: value or "" for name, value in attrs})
        self._open[-1].said.append(found)
        if tag not in VOID:
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        names = [one.name for one in self._open]
        if tag in names[1:]:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        self._open[-1].said.append(data)


class Answer(NamedTuple):
    """A step in which somebody said something."""

    what: str  # acknowledged, confirmed, dismissed, closed
    words: str


class Look(NamedTuple):
    """A row of the custody log."""

    who: str
    why: str


class Shown(NamedTuple):
    """An incident, as its page shows it."""

    state: str
    drill: bool
    told: list[frozenset[str]]  # of each telling the persons: a name, or in words whom
    answers: list[Answer]
    files: dict[str, str]  # state of each
    looks: list[Look]


def read(html: str) -> Tag:
    tree = _Tree()
    tree.feed(html)
    tree.close()
    return tree.root


def shown(html: str) -> Shown | None:
    """None if the page is of no incident."""
    page = read(html)
    case = next((one for one in page.all("section", "case")), None)
    if case is None:
        return None
    steps = [step for steps in page.all("ol", "steps") for step in steps.all("li")]
    return Shown(
        state=next(iter(STATES & case.classes), ""),
        drill="drill" in case.classes,
        told=[
            frozenset(person.text.partition(" (")[0] for person in step.all("span", "person"))
            for step in steps if "told" in step.classes
        ],
        answers=[_answer(step) for step in steps if step.classes & {"answered", "closed"}],
        files={
            row.marks["id"].removeprefix("file-"): next(iter(cell.classes - {"filestate"}), "")
            for row in page.all("tr") if row.marks.get("id", "").startswith("file-")
            for cell in row.all("td", "filestate")
        },
        looks=[look for section in page.all("section") for look in _looks(section)],
    )  # fmt: skip


def _answer(step: Tag) -> Answer:
    what = "closed" if "closed" in step.classes and "answered" not in step.classes else ""
    return Answer(what or next(iter(step.classes & STATES), ""), step.text)


def _looks(section: Tag) -> Iterator[Look]:
    """The custody log is the one panel whose rows have four cells and no id."""
    if "id" in section.marks:
        return
    for row in section.all("tr"):
        cells = [cell.text for cell in row.all("td")]
        if len(cells) == 4:
            yield Look(cells[1], cells[3])


def links(html: str) -> set[str]:
    """Where the page leads."""
    return {one.marks.get("href", "") for one in read(html).all("a")}


def form_token(html: str) -> str:
    """What a form on it must carry."""
    fields = [one for one in read(html).all("input") if one.marks.get("name") == "csrf"]
    return fields[0].marks.get("value", "") if fields else ""


def logged_in(html: str) -> bool:
    return any(one.marks.get("action") == "/logout" for one in read(html).all("form"))


def cards(html: str) -> dict[str, str]:
    """What is on the board: the group of each card, by the card's mark."""
    return {one.marks.get("id", ""): next(iter(one.classes & GROUPS), "") for one in read(html).all("article", "card")}


def picture(html: str) -> str:
    """The address of the picture or video that it shows; empty: none."""
    page = read(html)
    found = [one.marks.get("src", "") for name in ("img", "video") for one in page.all(name, "look")]
    return found[0] if found else ""
