"""agent.toml and the enrolment say the same: written where it is missing, compared where it is there."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from agent import config
from agent.enrolment import configuration
from agent.enrolment.boot_file import BootFile
from agent.enrolment.errors import EnrolmentError

BOOT = BootFile(
    school="school-07",
    est="https://centre.example:8445",
    broker="mqtts://centre.example:8883",
    ca_sha256="a5" * 32,
    orders_key="O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
    token="t" * 32,
)
REST = '[state]\ndirectory = "/srv/state"\n\n[[signal]]\nname = "lamp"\ndriver = "gpio-lamp"\n'


def with_rest(rest: str) -> BootFile:
    return msgspec.structs.replace(BOOT, config=rest)


def test_what_is_written_is_a_configuration_of_this_school() -> None:
    text, found = configuration.composed(with_rest("[outbox]\nreserve_mb = 300\n"))
    assert (found.school, found.centre.est, found.outbox.reserve_mb) == ("school-07", BOOT.est, 300)
    assert found.centre.key == "/var/lib/mektep/pki/box.key"
    assert config.read(text, "agent.toml") == msgspec.structs.replace(found, file="agent.toml")


def test_the_state_may_lie_elsewhere() -> None:
    _, found = configuration.composed(with_rest('[state]\ndirectory = "/srv/state"\n'))
    assert found.centre.certificate == "/srv/state/pki/box.crt"


@pytest.mark.parametrize(
    ("rest", "place"),
    [
        ("[", "C-003"),
        ("[centre]\n", "C-003"),
        ('school = "school-08"\n', "C-003"),
        ("[outbx]\n", "outbx"),
        ('[[reader]]\nname = "r"\ndriver = "nonesuch"\n', "driver"),
        ("[state]\ndirectory = 7\n", "state.directory"),
        ("state = 7\n", "state = 7"),
    ],
)
def test_a_rest_that_cannot_be_is_told_with_its_place(rest: str, place: str) -> None:
    with pytest.raises(EnrolmentError, match="N-107") as told:
        configuration.composed(with_rest(rest))
    assert place in told.value.what
    assert "Nothing was asked" in told.value.do


def test_what_is_there_must_fit(tmp_path: Path) -> None:
    text, _ = configuration.composed(BOOT)
    file = tmp_path / "agent.toml"
    file.write_text(text)
    assert configuration.fitting(file, BOOT).school == "school-07"
    for key, other in [
        ("school", "school-08"),
        ("broker", "mqtts://other.example"),
        ("orders_key", "A" * 43 + "="),
        ("certificate", "/etc/mektep/box.crt"),
    ]:
        lines = [f"{key} = {json.dumps(other)}" if line.startswith(f"{key} =") else line for line in text.splitlines()]
        file.write_text("\n".join(lines))
        with pytest.raises(EnrolmentError, match=f"N-107.*{key} is") as told:
            configuration.fitting(file, BOOT)
        assert other in told.value.what
    file.write_text("[")
    with pytest.raises(EnrolmentError, match="N-107"):
        configuration.fitting(file, BOOT)


def test_it_is_written_whole_for_the_technicians_group(tmp_path: Path) -> None:
    file = tmp_path / "etc/agent.toml"
    configuration.write(file, "a = 1\n")
    assert file.read_text() == "a = 1\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]
    (tmp_path / "taken").write_text("")
    with pytest.raises(EnrolmentError, match="N-108"):
        configuration.write(tmp_path / "taken/agent.toml", "")


def test_a_rest_without_a_bottom_is_told_as_any_other_mistake() -> None:
    with pytest.raises(EnrolmentError, match="N-107"):
        configuration.composed(with_rest("a = " + "[" * 5_000))
