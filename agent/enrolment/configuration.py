"""The box's agent.toml and its enrolment say the same: written where it is missing, compared where it is there.

Raises  EnrolmentError N-107 with the first thing that does not fit, N-108 if it cannot be written.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

from agent import config
from agent.config import PKI, Config, ConfigError, StatePlaces
from agent.enrolment.boot_file import BootFile
from agent.enrolment.errors import EnrolmentError
from agent.enrolment.papers import Papers
from agent.private_file import half_made, publish
from agent.strict import Problem

MODE = 0o640  # the technician's group reads it

TEXT = """# Written by `mektep enrol`. docs/config.md explains every setting; `mektep check` names every mistake.
school = {school}
{rest}
[centre]
broker = {broker}
orders_key = {orders_key}
est = {est}
ca = {ca}
certificate = {certificate}
key = {key}
"""


def composed(boot: BootFile) -> tuple[str, Config]:
    """The file that a box without one gets, checked."""
    papers = Papers(Path(_state_of(boot)) / PKI)
    words = {
        "school": boot.school,
        "broker": boot.broker,
        "orders_key": boot.orders_key,
        "est": boot.est,
        "ca": str(papers.ca),
        "certificate": str(papers.certificate),
        "key": str(papers.key),
    }
    rest = boot.config.strip("\n")  # before the first section: it may begin with keys
    text = TEXT.format(rest=f"\n{rest}\n" if rest else "", **{name: json.dumps(word) for name, word in words.items()})
    try:
        return text, config.read(text, "config")
    except ConfigError as error:
        raise _unfit("the boot file's config", error) from error


def fitting(path: Path, boot: BootFile) -> Config:
    """The file that is there: of this school, this centre, these certificates."""
    try:
        found = config.load(path)
    except ConfigError as error:
        raise _unfit(str(path), error) from error
    papers = Papers(found.state.pki)
    wanted = {
        "school": (found.school, boot.school),
        "centre.broker": (found.centre.broker, boot.broker),
        "centre.orders_key": (found.centre.orders_key, boot.orders_key),
        "centre.ca": (found.centre.ca, str(papers.ca)),
        "centre.certificate": (found.centre.certificate, str(papers.certificate)),
        "centre.key": (found.centre.key, str(papers.key)),
    }
    for key, (has, wants) in wanted.items():
        if has != wants:
            what = f"{path}: {key} is {json.dumps(has)}, the boot file wants {json.dumps(wants)}"
            do = f"Correct it; or move {path} away: then it is written anew."
            raise EnrolmentError("N-107", what, do=do)
    return found


def write(path: Path, text: str) -> None:
    """Whole or not at all, on disk when it returns."""
    fresh = half_made(path)
    try:
        path.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as out:
            os.fchmod(out.fileno(), MODE)  # whatever the umask says
            out.write(text.encode())
            out.flush()
            os.fsync(out.fileno())
        publish(fresh, path)
    except OSError as error:
        do = f"Let the agent's user write to {path.parent}: owner root, its group, mode 1770."
        raise EnrolmentError("N-108", f"{path} cannot be written: {error}", do=do) from error


def _state_of(boot: BootFile) -> str:
    """Where the box keeps its state, as the rest of the configuration has it."""
    default = StatePlaces().directory
    try:
        state = tomllib.loads(boot.config).get("state", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return default  # the check of the whole says what is wrong
    found = state.get("directory", default) if isinstance(state, dict) else default
    return found if isinstance(found, str) else default


def _unfit(where: str, error: ConfigError) -> EnrolmentError:
    one = error.problems[0]
    more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
    return EnrolmentError("N-107", f"{where}: {_coded(one)}{more}", do=f"{one.do} Nothing was asked of the centre yet.")


def _coded(one: Problem) -> str:
    """With its own code: by that it is told in the reader's language."""
    value = f" = {one.value}" if one.value else ""
    key = f"{one.key}{value}: " if one.key else ""
    return f"{one.code} {key}{one.what}"
