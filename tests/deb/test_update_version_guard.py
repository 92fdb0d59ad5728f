"""How root watches a version that it has switched to: it stays, or the one before is back, also over a power cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deb.root_updates import SYSTEMCTL, Box, archive


def test_a_version_that_comes_up_stays(box: Box) -> None:
    box.built()
    box.wish(do="use", version="0.2.0")
    assert box.run()[0] == 0
    assert box.outcome()["done"]
    assert box.current() == "versions/0.2.0"
    assert not (box.own / "guard.json").exists()
    assert box.called() == [
        "use 0.2.0", "systemctl reset-failed mektep-agent.service",
        "systemctl restart --no-block mektep-agent.service", "prune",
    ]  # fmt: skip


@pytest.mark.parametrize(("falls", "state"), [("3", "activating"), ("0", "failed")])
def test_a_version_that_does_not_come_up_is_left(box: Box, falls: str, state: str) -> None:
    (box.folder / "falls").write_text(falls)
    (box.folder / "state").write_text(state)
    box.built()
    box.wish(do="use", version="0.2.0")
    box.run()
    assert box.current() == "versions/0.1.0"
    assert box.outcome()["said"] == "the version did not come up"
    assert "leave 0.2.0 --why it did not come up" in box.called()
    assert not (box.own / "guard.json").exists()


def test_a_version_that_is_switched_to_while_another_is_guarded_is_the_one_that_is_left(box: Box) -> None:
    """Four minutes are long: the centre may order the next one meanwhile."""
    box.built("0.3.0")
    (box.folder / "opt/versions/0.3.0").mkdir()
    (box.folder / "opt/current").unlink()
    (box.folder / "opt/current").symlink_to("versions/0.2.0")
    (box.own / "guard.json").write_text('{"version": "0.2.0"}')
    (box.folder / "next").write_text('{"do": "use", "version": "0.3.0"}')
    once = f"[ -e {box.folder}/asked ] || {{ touch {box.folder}/asked; cp {box.folder}/next {box.updates}/wish.json; }}"
    falls = f'case "$*" in *restart*) echo 3 > {box.folder}/falls ;; esac'
    script = (box.folder / "bin/systemctl").read_text().replace("*NRestarts*)", f"*NRestarts*) {once};")
    (box.folder / "bin/systemctl").write_text(script.replace("\n", f"\n{falls}\n", 1))
    assert box.run("--guard-seconds", "60")[0] == 0  # it ends with the third fall
    assert [line for line in box.called() if line.startswith("leave")] == ["leave 0.3.0 --why it did not come up"]


def test_a_guard_that_the_power_cut_goes_on(box: Box) -> None:
    (box.folder / "opt/current").unlink()
    (box.folder / "opt/current").symlink_to("versions/0.2.0")
    (box.own / "guard.json").write_text('{"version": "0.2.0"}')
    (box.folder / "state").write_text("failed")
    box.run()
    assert box.current() == "versions/0.1.0"


def test_the_agent_itself_asks_to_go_back_from_what_was_switched_to_and_no_further(box: Box) -> None:
    box.built()
    box.wish(do="use", version="0.2.0")
    box.run()
    box.wish(do="back", version="0.2.0")
    box.run()
    assert box.outcome()["version"] == "0.1.0"
    assert box.current() == "versions/0.1.0"
    for version in ("0.1.0", ""):
        box.wish(do="back", version=version)
        box.run()
        assert not box.outcome()["done"]
    assert sum(line.startswith("leave") for line in box.called()) == 1


def test_with_nothing_to_go_back_to_it_stays_and_is_told(box: Box) -> None:
    (box.folder / "alone").touch()
    (box.folder / "state").write_text("failed")
    box.built()
    box.wish(do="use", version="0.2.0")
    code, said = box.run()
    assert (code, "no previous version" in said) == (1, True)
    assert box.current() == "versions/0.2.0"
    assert box.run() == (0, "")  # and no guard goes on for ever


@pytest.mark.parametrize("at", ["leave", "reset-failed", "restart"])
def test_root_itself_is_killed_while_it_leads_back(box: Box, at: str) -> None:
    """Whatever was done until then, at the next start the whole is."""
    box.built()
    (box.folder / "opt/current").unlink()
    (box.folder / "opt/current").symlink_to("versions/0.2.0")
    (box.own / "guard.json").write_text('{"version": "0.2.0"}')
    (box.folder / "state").write_text("failed")
    name = "install-version" if at == "leave" else "systemctl"
    whole = (box.folder / "bin" / name).read_text()
    kill = f'case "$*" in *{at}*) kill -9 $PPID; exit 9 ;; esac\n'
    (box.folder / "bin" / name).write_text(whole.replace("\n", f"\n{kill}", 1))
    assert box.run()[0] != 0
    (box.folder / "bin" / name).write_text(whole)
    (box.folder / "state").write_text("active")  # it happens to come up this time: it is left all the same
    assert box.run()[0] == 0
    assert box.current() == "versions/0.1.0"
    assert box.called()[-1] == "systemctl restart --no-block mektep-agent.service"
    assert not (box.own / "guard.json").exists()
    assert "did not stay" in box.install(archive())["said"]


def test_root_is_killed_between_switch_and_restart(box: Box) -> None:
    """Else the link would lead to a version that starts some day, and nobody guards it then."""
    box.built()
    whole = (box.folder / "bin/systemctl").read_text()
    (box.folder / "bin/systemctl").write_text(whole.replace("\n", "\nkill -9 $PPID\n", 1))
    box.wish(do="use", version="0.2.0")
    assert box.run()[0] != 0
    (box.folder / "bin/systemctl").write_text(whole)
    assert box.run()[0] == 0
    assert "systemctl restart --no-block mektep-agent.service" in box.called()
    assert not (box.own / "guard.json").exists()


def test_a_folder_that_leads_elsewhere_is_not_the_agents(box: Box, tmp_path: Path) -> None:
    """The folder above is the agent's, too: it may put a link in the place of its own."""
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots/wish.json").write_text('{"do": "install", "archive": "0.2.0.tar"}')
    (tmp_path / "roots/0.2.0.tar").write_bytes(archive())
    box.updates.rmdir()
    box.updates.symlink_to(tmp_path / "roots")
    (box.own / "guard.json").write_text('{"version": "0.1.0"}')
    assert box.run()[0] == 0
    assert (tmp_path / "roots/wish.json").exists()
    assert not (box.own / "outcome.json").exists()
    assert not (box.own / "guard.json").exists()  # and what root has to do it does all the same


def test_wheels_of_before_stay_until_the_new_ones_are_there(box: Box) -> None:
    """Cut off in the middle of the change; the next archive may leave out what the box has."""
    assert box.install(archive())["done"]
    (box.own / "wheels").rename(box.own / "wheels.before")
    assert box.run()[0] == 0
    assert (box.own / "wheels/mektep_agent-0.2.0-py3-none-any.whl").exists()
    assert not (box.own / "wheels.before").exists()


def test_asked_twice_to_go_back_it_goes_back_once(box: Box) -> None:
    """The version that is left asks again at its next start, if root is slow: it must not come back by that."""
    box.wish(do="back", version="0.2.0")  # 0.1.0 runs already
    assert box.run()[0] == 0
    assert (box.outcome()["done"], box.outcome()["version"]) == (True, "0.1.0")
    assert box.called() == []


def test_a_guard_before_its_switch_takes_nothing_away(box: Box) -> None:
    """The power went between the two: what was built waits for its hour still."""
    (box.own / "guard.json").write_text('{"version": "0.2.0"}')
    assert box.run()[0] == 0
    assert not (box.own / "guard.json").exists()
    assert box.called() == []


def test_a_count_of_falls_that_begins_anew_is_counted_from_there(box: Box) -> None:
    """What systemd counts is of before, until the restart that was asked for has begun."""
    (box.folder / "bin/systemctl").write_text(
        SYSTEMCTL.format(folder=box.folder).replace(
            "n=$(cat", f"[ -e {box.folder}/old ] || {{ touch {box.folder}/old; echo 9; exit; }}; n=$(cat"
        )
    )
    (box.folder / "falls").write_text("3")
    box.built()
    box.wish(do="use", version="0.2.0")
    box.run("--guard-seconds", "60")  # it ends with the third fall
    assert box.current() == "versions/0.1.0"


def test_a_folder_for_a_wish_is_told_and_gone(box: Box) -> None:
    """Else systemd would start this again and again, and then never more."""
    (box.updates / "wish.json/more").mkdir(parents=True)
    assert box.run()[0] == 0
    assert "is none" in box.outcome()["said"]
    assert not (box.updates / "wish.json").exists()
