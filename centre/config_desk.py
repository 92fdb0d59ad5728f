"""The commands `config apply` and `config history` of mektep-centre; centre/cli.py lists them.

Raises  CentreError K-191 for a file that cannot be sent, K-192 for a wrong choice of schools; StoreDown
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from centre import admin, keys
from centre.commands import ATTENTION, WELL, must_be_known, open_store
from centre.config_history import Change, changes, end_of, expected
from centre.errors import CentreError
from centre.rollout import KEPT, SAME, stopped_by, waves
from centre.settings import Settings, load_settings
from centre.store import Store
from centre.wire import Answer

T = TypeVar("T")
ORDER = "config.apply"
CHARS_MAX = 200_000
EXPIRES_S = 300
ANSWER_S = 15.0
GRACE_S = 180.0  # a loss is waited for, the agent restarts twice, the line comes back: then it has told
LOOK_S = 0.1


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One school's part, as far as it is."""

    school: str
    number: int = 0
    outcome: str = ""  # trial, kept, unchanged, undone, refused, failed, silent
    what: str = ""  # why, in the box's words


def add(subs: argparse._SubParsersAction[argparse.ArgumentParser], config: argparse.ArgumentParser) -> None:
    actions = subs.add_parser("config", help="a box's configuration: send another onto trial, see what became of it")
    kinds = actions.add_subparsers(metavar="ACTION", required=True)
    send = kinds.add_parser("apply", parents=[config], help="one school, or a folder of SCHOOL.toml in waves")
    send.add_argument("school", nargs="*", help="one with a file; with a folder those that are meant")
    send.add_argument("file", type=Path, help="the whole agent.toml; for several schools a folder of SCHOOL.toml")
    send.add_argument("--all", action="store_true", help="every school that has a file in the folder")
    send.add_argument("--first", type=int, default=1, metavar="N", help="size of the first wave, then twice as many")
    send.add_argument("--within", type=int, default=300, metavar="S", help="so long each box watches (300)")
    send.add_argument("--wait", action="store_true", help="for the outcome; several schools are always waited for")
    send.add_argument("--expects", default=None, metavar="SHA256", help="of the file it replaces; else as last told")
    send.add_argument("--force", action="store_true", help="whatever was changed on site")
    send.add_argument("--during-incident", action="store_true", help="also while an incident is open at the school")
    send.set_defaults(run=apply)
    listed = kinds.add_parser("history", parents=[config], help="what the box has told of its configurations")
    listed.add_argument("school")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=history)


def apply(args: argparse.Namespace) -> int:
    """1 if a school has not kept it, or has not told in time."""
    settings = load_settings(args.config)
    store = open_store(settings)
    texts = files(args.file, args.school, everyone=args.all)
    for school in texts:
        must_be_known(store, school)
    expects = "" if args.force else args.expects
    sender = Sender(settings, store, args.within, expects=expects, during_incident=args.during_incident)
    if len(texts) == 1 and not args.wait:
        ((school, text),) = texts.items()
        return _say([sender.send(school, text)])
    return _rolled_out(sender, texts, max(1, args.first))


def _rolled_out(sender: Sender, texts: dict[str, str], first: int) -> int:
    """In waves; stops where one school has not kept it."""
    done: dict[str, str] = {}
    for wave in waves(list(texts), first):
        found = sender.outcomes([sender.send(school, texts[school]) for school in wave])
        _say(found)
        done |= {one.school: one.outcome for one in found}
        if stopped_by(done):
            left = [school for school in texts if school not in done]
            if left:
                print(f"Stopped: {len(left)} schools are left as they are: {', '.join(left)}")
            return ATTENTION
    return WELL


def _say(found: Sequence[Sent]) -> int:
    for one in found:
        print(f"{one.school}  {one.outcome}{f'  {one.what}' if one.what else ''}", flush=True)
    return WELL if all(one.outcome in (KEPT, SAME, "trial") for one in found) else ATTENTION


class Sender:
    """Sends orders by itself, as `mektep-centre order` does, and looks for what comes."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        within_s: int,
        *,
        expects: str | None,
        during_incident: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """expects: None for what the box has told last."""
        self._settings, self._store, self._within_s, self._expects = settings, store, within_s, expects
        self._during_incident, self._sleep = during_incident, sleep

    def send(self, school: str, text: str) -> Sent:
        """Returns when the box has answered, or does not in time."""
        epoch = self._store.epoch_of(school)
        if not epoch:
            return Sent(school=school, outcome="silent", what="K-108 it was never seen")
        database = self._store.database
        expects = expected(database, school) if self._expects is None else self._expects
        args: dict[str, object] = {"config": text, "expects": expects, "within_s": self._within_s}
        if self._during_incident:
            args["force"] = True
        number = self._store.new_order(school, ORDER)
        key = keys.orders_key(self._settings.file("."))
        admin.send_order(self._settings, key, school, epoch, number, ORDER, args, EXPIRES_S)
        answer = self._until(lambda: self._store.answer_to(school, number), ANSWER_S)
        if answer is None:
            return Sent(school=school, number=number, outcome="silent", what="no answer yet")
        return judged(school, number, msgspec.json.decode(answer, type=Answer))

    def outcomes(self, sent: Sequence[Sent]) -> list[Sent]:
        """How the trials ended, each as soon as its box has told."""
        deadline_s = self._within_s + GRACE_S
        return [self._ended(one, deadline_s) if one.outcome == "trial" else one for one in sent]

    def _ended(self, one: Sent, patience_s: float) -> Sent:
        found = self._until(lambda: end_of(self._store.database, one.school, one.number), patience_s)
        if found is None:
            return msgspec.structs.replace(one, outcome="silent", what="the box has not told how it ended")
        if found.outcome == "applied":
            return msgspec.structs.replace(one, outcome=KEPT, what="")
        return msgspec.structs.replace(one, outcome="undone", what=why(found))

    def _until(self, look: Callable[[], T | None], patience_s: float) -> T | None:
        deadline = time.monotonic() + patience_s
        while (found := look()) is None and time.monotonic() < deadline:
            self._sleep(LOOK_S)
        return found


def judged(school: str, number: int, answer: Answer) -> Sent:
    """What a box's answer means."""
    if answer.outcome == "done":
        return Sent(school=school, number=number, outcome="trial" if answer.result.get("within_s") else SAME)
    told = [answer.reason]
    for value in answer.result.values():
        told += [str(each) for each in value] if isinstance(value, list) else [str(value)]
    return Sent(school=school, number=number, outcome=answer.outcome, what="\n    ".join(told))


def why(one: Change) -> str:
    return f"{one.reason}: {', '.join(one.lost)}" if one.lost else one.reason


def files(path: Path, schools: Sequence[str], *, everyone: bool) -> dict[str, str]:
    """The text for each school, in the order of their names."""
    if not path.is_dir():
        if everyone or len(schools) != 1:
            raise CentreError(
                "K-192", "a file is for one school", do="Name one; for several give a folder of SCHOOL.toml."
            )
        return {schools[0]: _read(path)}
    there = sorted(one.stem for one in path.glob("*.toml"))
    wanted = there if everyone else list(schools)
    if everyone == bool(schools) or not wanted:
        raise CentreError("K-192", "it is not said which schools are meant", do="Name them, or give --all.")
    return {school: _read(path / f"{school}.toml") for school in wanted}


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CentreError("K-191", f"{path} cannot be read: {error}", do="It must be UTF-8 text.") from error
    if len(text) > CHARS_MAX:
        raise CentreError("K-191", f"{path} has more than {CHARS_MAX} characters", do="Is it the right file?")
    return text


def history(args: argparse.Namespace) -> int:
    store = open_store(load_settings(args.config))
    must_be_known(store, args.school)
    found = changes(store.database, args.school)
    if args.json:
        print(msgspec.json.encode(found).decode())
        return WELL
    if not found:
        print("The box has told of no change: it has the configuration with which it was set up.")
    for one in found:
        print(f"{one.time[:19]}Z  {one.outcome:8}{one.sha256[:8]}  {one.by}  {why(one)}".rstrip())
    return WELL
