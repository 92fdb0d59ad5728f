"""`mektep config`: what is in force, what was before, and back to it, with the agent running and without."""

from __future__ import annotations

import json
from pathlib import Path

from agent.trials.config_file import change_of, replace
from agent.trials.history import History
from agent.trials.trial import TrialFile
from agent.trials.verdict import Seen
from tests.agent.cli.command import daemon, mektep, write_config
from tests.agent.sync.box import until

AT = "2026-11-26T08:00:00.000000Z"


def with_history(folder: Path, *texts: bytes) -> tuple[Path, History]:
    """The last of the texts is in force."""
    path, history = folder / "box.toml", History(folder / "state" / "config")
    (folder / "state").mkdir(exist_ok=True)
    for text in texts:
        history.add(text, at=AT, by="technician", outcome="in_use")
        path.write_bytes(text)
    return path, history


def on_trial(path: Path, history: History, text: bytes) -> None:
    before, new = history.entries()[-1], history.add(text, at=AT, by="centre", outcome="trial")
    TrialFile(history.folder).begin("config", "centre", AT, 300, Seen(), change_of(path, new, before))
    replace(path, text)


def test_a_box_that_never_ran_has_a_file_and_no_history(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    assert mektep("config", "show", "--file", path).stdout == path.read_text()
    done = mektep("config", "history", path)
    assert (done.returncode, "No configuration" in done.stdout) == (0, True)
    done = mektep("config", "undo", "--file", path)
    assert (done.returncode, done.stderr[:5]) == (2, "G-102")
    assert mektep("config", "show", "--file", tmp_path / "none").stderr.startswith("C-001")


def test_what_changed_is_shown(tmp_path: Path) -> None:
    text = write_config(tmp_path).read_bytes()
    path, _ = with_history(tmp_path, text + b"# two\n", text + b"# three\n")
    done = mektep("config", "diff", "--file", path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2:] == ["-# two", "+# three"]
    (tmp_path / "other").write_bytes(path.read_bytes())
    done = mektep("config", "diff", tmp_path / "other", "--file", path)
    assert mektep("config", "diff", tmp_path / "other", path).stdout == done.stdout
    assert (done.returncode, done.stdout) == (0, "No difference.\n")


def test_without_an_agent_the_file_is_put_back_and_the_trial_is_over(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    old = path.read_bytes()
    path, history = with_history(tmp_path, old)
    on_trial(path, history, old + b"# new\n")
    done = mektep("config", "history", "--json", "--file", path)
    assert (done.returncode, json.loads(done.stdout)["trial"]["what"]) == (1, "config")
    done = mektep("config", "undo", "--file", path)
    assert (done.returncode, "put back" in done.stdout) == (0, True)
    assert path.read_bytes() == old
    trial = TrialFile(history.folder).read()
    assert trial is not None
    assert (trial.outcome, trial.reason) == ("undone", "by_hand")


async def test_a_running_agent_tries_the_one_before_and_restarts_itself(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    old, new = path.read_bytes(), path.read_bytes() + b"# new\n"
    path, history = with_history(tmp_path, old, new)
    process = daemon(path)
    await process.start()
    pid = process.pid
    done = mektep("config", "undo", "--file", path)
    assert (done.returncode, "on trial" in done.stdout) == (0, True), done.stderr
    log = tmp_path / "agent.log"
    await until(lambda: log.read_text().count("INFO agent: school") == 2, 30)
    assert (process.pid, process.running(), path.read_bytes()) == (pid, True, old)
    assert mektep("config", "history", "--file", path).returncode == 1
    done = mektep("config", "undo", "--file", path)  # ends the trial: the file of before it is back
    assert done.returncode == 0, done.stderr
    await until(lambda: history.entries()[-1].outcome == "undone", 30)
    assert (history.entries()[-1].reason, path.read_bytes()) == ("by_hand", new)
    await process.stop()
