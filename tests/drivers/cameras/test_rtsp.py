"""A network camera against GStreamer's server: what it tells, logins, TLS, and that no word of a password gets out.

How it fails and comes back: test_rtsp_troubles.py.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from agent import config
from agent.clock import SystemClock
from centre.pki import issue, make_authority
from drivers.cameras import greeting, reader, rtsp, watch
from drivers.cameras.rtsp import Settings, named, place
from drivers.driver import Driver, Secrets, Verdict
from drivers.errors import DeviceError
from drivers.readings import Light, PictureChange, PictureState
from tests.clock import FastClock
from tests.drivers.cameras.far_camera import far_camera
from tests.drivers.supervised import until
from tests.secrets import no_secrets, these_secrets

_: Driver[Settings, PictureChange] = rtsp

PASSWORD = "p@ss:wo/rd%?#&=é"
CONFIG = """
school = "school-07"
[centre]
broker = "mqtt://127.0.0.1:1883"
orders_key = "{key}"
[[camera]]
name = "gate"
driver = "rtsp"
"""


async def refused(settings: Settings, secrets: Secrets = no_secrets) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        async with rtsp.connect(settings, SystemClock(), secrets):
            pass
    return caught.value


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"url": "rtsp://admin:hunter2@10.0.0.5/main"}, "mektep secret"),
        ({"url": "rtsp://admin@10.0.0.5/main"}, "mektep secret"),
        ({"url": "rtsp://10.0.0.5/main", "sub_url": "rtsp://admin:hunter2@10.0.0.5/sub"}, "mektep secret"),
        ({"url": "rtsp://10.0.0.5/user=admin&password=hunter2&channel=1"}, "{password}"),
        ({"url": "rtsp://10.0.0.5/?pwd=hunter2"}, "{password}"),
        ({"url": "http://10.0.0.5/hunter2"}, "rtsp://HOST"),
        ({"url": "rtsp:///hunter2"}, "rtsp://HOST"),
        ({"url": "rtsp://[10.0.0.5/hunter2"}, "rtsp://HOST"),
        ({"url": "rtsp://10.0.0.5:hunter2/main"}, "rtsp://HOST"),
        ({"url": "rtsp://10.0.0.5/main hunter2"}, "rtsp://HOST"),
        ({"url": "rtsp://10.0.0.5/main\r\nhunter2: x"}, "rtsp://HOST"),
        ({"url": "rtsp://10.0.0.5/main", "secret": "gate-password"}, "`user`"),
        ({"url": "rtsps://10.0.0.5/main"}, "`ca`"),
        ({"url": "rtsp://10.0.0.5/main", "sub_url": "rtsps://10.0.0.5/sub"}, "`ca`"),
    ],
)
def test_settings_that_cannot_be_are_refused_without_repeating_them(words: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        Settings(**words)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["rtsp://viewer:hunter2@10.0.0.5/main", "rtsp://10.0.0.5/user=a&password=hunter2&channel=1"]
)
def test_mektep_check_refuses_an_address_with_a_password_and_says_how_to_store_it(url: str, tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(key="A" * 43 + "=") + f'url = "{url}"\n')
    with pytest.raises(config.ConfigError) as caught:
        config.load(path)
    problem = next(one for one in caught.value.problems if one.key.startswith("camera"))
    assert problem.code == "C-104"
    assert "mektep secret" in problem.do
    assert "hunter2" not in str(caught.value) + "".join(str(one) for one in caught.value.problems)


def test_an_address_without_one_is_in_order(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    words = 'url = "rtsp://10.0.0.5/main"\nuser = "viewer"\nsecret = "gate-password"\n'
    path.write_text(CONFIG.format(key="A" * 43 + "=") + words)
    assert [source.driver for source in config.load(path).sources] == ["rtsp"]


@pytest.mark.parametrize(
    ("url", "user", "full"),
    [
        ("rtsp://h:8554/m?x=1", "", "rtsp://h:8554/m?x=1"),
        ("rtsp://h/m", "a b", "rtsp://a%20b:p%40%3A%2F@h/m"),
        ("rtsp://h/u={user}&password={password}", "a", "rtsp://h/u=a&password=p%40%3A%2F"),
    ],
)
def test_name_and_password_are_put_into_the_address_in_memory_alone(url: str, user: str, full: str) -> None:
    settings = Settings(url=url, user=user)
    found = place(url, settings, "p@:/")
    assert found.url == full
    assert found.options["rtsp_transport"] == "tcp"
    assert "p%40" not in repr(found) + str(found) + f"{found}" + found.name
    assert found.name == named(url)


# --- a camera --------------------------------------------------------------------------------------------------------


async def test_h265_opens_and_is_kept() -> None:
    async with (
        far_camera(codec="h265") as camera,
        rtsp.connect(Settings(url=camera.url), SystemClock(), no_secrets) as source,
    ):
        await until(lambda: source.ring.cut(1))
        clip = source.ring.cut(1)
    assert clip is not None
    assert (clip.form.codec, clip.form.width, clip.form.height) == ("hevc", 320, 180)


async def test_it_tells_clear_covered_and_clear_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LOOK_S", 0.2)
    monkeypatch.setattr(watch, "CLEAR_S", 0.5)
    async with far_camera() as camera:
        settings = Settings(url=camera.url, covered_s=1)
        async with rtsp.connect(settings, SystemClock(), no_secrets) as source, asyncio.timeout(30):
            changes = aiter(source)
            assert source.counters.frames >= 1  # open means: a picture was decoded
            told = [await anext(changes)]
            camera.cover()
            told.append(await anext(changes))
            camera.clear()
            told.append(await anext(changes))
            await source.show(Light.ACCEPTED)
            clip = source.ring.cut(1)
    states = [(one.before, one.state) for one in told]
    clear, covered = PictureState.CLEAR, PictureState.COVERED
    assert states == [(None, clear), (clear, covered), (covered, clear)]
    assert all(one.jpeg.startswith(b"\xff\xd8") for one in told)
    assert len(told[1].jpeg) < len(told[0].jpeg)  # a hand has less to show than a room
    assert clip is not None
    assert (clip.form.width, clip.form.height) == (320, 180)
    assert clip.packets[0].is_key


async def test_the_sub_stream_is_looked_at_and_the_main_stream_shown() -> None:
    async with far_camera() as camera:
        settings = Settings(url=camera.url, sub_url=camera.url.replace("/main", "/sub"))
        async with rtsp.connect(settings, SystemClock(), no_secrets) as source, asyncio.timeout(20):
            change = await anext(aiter(source))
            assert change.state is PictureState.CLEAR
            assert source.ring.cut(1) is not None
            assert len([one for one in threading.enumerate() if one.name.startswith("camera ")]) == 2
    assert not [one for one in threading.enumerate() if one.name.startswith("camera ")]


async def test_a_right_password_opens_and_nothing_of_it_gets_out(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with far_camera(user="viewer", password=PASSWORD) as camera:
        settings = Settings(url=camera.url, user="viewer", secret="gate-password")
        known = these_secrets(**{"gate-password": PASSWORD})
        async with rtsp.connect(settings, FastClock(), known) as source:
            assert source.counters.frames >= 1
            names = " ".join(thread.name for thread in threading.enumerate())
            own = Path("/proc/self/cmdline").read_text() + Path("/proc/self/environ").read_text()
            shown = repr(source) + repr(vars(source)) + names
        wrong = await refused(settings, these_secrets(**{"gate-password": "hunter2"}))
        none = await refused(settings)
        gone = await refused(
            Settings(url=camera.url.replace("main", "none"), user="viewer", secret="gate-password"), known
        )
    assert (wrong.code, none.code, gone.code) == ("V-102", "T-120", "V-103")
    out, err = capfd.readouterr()
    everything = f"{caplog.text}{out}{err}{own}{shown}{wrong!r}{wrong.what}{wrong.do}{gone!r}{gone.what}"
    for word in (PASSWORD, "wo/rd", "p%40ss", "hunter2"):
        assert word not in everything
    assert (wrong.__cause__, wrong.__context__, gone.__context__) == (None, None, None)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.crt, and camera.pem of 127.0.0.1 signed by it."""
    folder = tmp_path_factory.mktemp("pki")
    make_authority(folder)
    issue(folder, "camera", folder, "camera", hosts=("127.0.0.1", "gate.school"))
    (folder / "camera.pem").write_bytes((folder / "camera.crt").read_bytes() + (folder / "camera.key").read_bytes())
    make_authority(folder / "other")
    return folder


async def test_rtsps_opens_with_the_camera_s_ca_alone(certificate: Path) -> None:
    async with far_camera(certificate=certificate / "camera.pem") as camera:
        right = Settings(url=camera.url, ca=str(certificate / "ca.crt"))
        async with rtsp.connect(right, FastClock(), no_secrets) as source:
            assert source.counters.frames >= 1
        assert rtsp.probe(right).verdict is Verdict.OK
        named_otherwise = Settings(url=camera.url, ca=str(certificate / "ca.crt"), certified="gate.school")
        async with rtsp.connect(named_otherwise, FastClock(), no_secrets) as source:
            assert source.counters.frames >= 1
        for words in (
            {"ca": str(certificate / "other" / "ca.crt")},
            {"ca": str(certificate / "ca.crt"), "certified": "another.school"},
            {"ca": str(certificate / "none.crt")},
        ):
            settings = Settings(url=camera.url, **words)
            assert (await refused(settings)).code == "V-108", words
            assert rtsp.probe(settings).code == "V-108"


async def test_probe_asks_without_a_password_and_opens_no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "GREET_S", 0.5)
    async with far_camera(user="viewer", password=PASSWORD) as camera:
        found = rtsp.probe(Settings(url=camera.url, user="viewer", secret="gate-password"))
        assert (found.verdict, found.code) == (Verdict.OK, "")
        camera.stall()
        stalled = rtsp.probe(Settings(url=camera.url))
        camera.go_on()
        await until(lambda: rtsp.probe(Settings(url=camera.url)).verdict is Verdict.OK)
    assert (stalled.verdict, stalled.code) == (Verdict.FAILED, "V-101")
