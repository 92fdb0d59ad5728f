"""WS-Discovery: a camera on this machine's own network answers a real multicast; hostile answers are not read."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery import onvif
from drivers.discovery.found import Found, Kind, Sure, Why
from simulator.onvif_camera import MATCH, OnvifCamera
from simulator.processes import free_port
from tests.drivers.discovery.looked import all_of

OURS = "urn:uuid:ours"
STANDARD = (onvif.GROUP, onvif.PORT)
WORDS = {"own": "o", "endpoint": "e", "hardware": "DS-2CD2143G2-I", "name": "HIKVISION%20DS-2CD2143G2"}
ANSWER = MATCH.format(related=OURS, **WORDS).encode()
# An answer as Dahua's cameras send it: other prefixes, addresses in mustUnderstand and so on.
OTHER = f"""<?xml version="1.0" encoding="utf-8" standalone="yes" ?><s:Envelope
 xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">
<s:Header><a:RelatesTo>{OURS}</a:RelatesTo><d:AppSequence MessageNumber="1" InstanceId="2"/></s:Header><s:Body>
<d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>uuid:1</a:Address></a:EndpointReference>
<d:Types>tds:Device</d:Types><d:Scopes>onvif://www.onvif.org/name/Dahua onvif://www.onvif.org/hardware/IPC</d:Scopes>
<d:XAddrs>http://192.168.1.108/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"""


def read(datagram: bytes) -> list[Found]:
    return list(onvif.found(datagram, "192.0.2.7", {OURS}))


def test_an_answer_is_a_camera_at_the_address_it_came_from() -> None:
    (found,) = read(ANSWER)
    assert (found.kind, found.host, found.name, found.sure) == (Kind.CAMERA, "192.0.2.7", "192.0.2.7", Sure.CERTAIN)
    assert found.what == "HIKVISION DS-2CD2143G2 DS-2CD2143G2-I (ONVIF)"


def test_an_answer_with_other_prefixes_is_read() -> None:
    (found,) = read(OTHER.encode())
    assert found.what == "Dahua IPC (ONVIF)"


def test_a_printer_is_no_camera() -> None:
    printer = OTHER.replace("onvif://www.onvif.org", "ldap:///x").replace("tds:Device", "wprt:PrintDeviceType")
    assert read(printer.encode()) == []


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;">]>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">&lol2;</s:Envelope>"""
FILE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>"""
HOSTILE = {
    "an entity bomb": BOMB,
    "a file of ours": FILE,
    "a document type alone": b"<!DOCTYPE x>" + ANSWER.partition(b"?>")[2],
    "too deep": b"<a>" * 2000,
    "too long": ANSWER + b" " * onvif.ANSWER_MOST,
    "no XML": b"hello",
    "nothing": b"",
    "an encoding that nobody knows": b'<?xml version="1.0" encoding="x-evil"?><a/>',
    "half of it": ANSWER[: len(ANSWER) // 2],
    "two roots": ANSWER + b"<a/>",
    "another's question": ANSWER.replace(OURS.encode(), b"urn:uuid:theirs"),
}


@pytest.mark.parametrize("datagram", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_answer_is_no_camera(datagram: bytes) -> None:
    assert read(datagram) == []


@pytest.mark.parametrize("name", ["BOMB", "FILE"])
def test_a_document_type_is_refused_before_any_entity(name: str) -> None:
    with pytest.raises(ValueError, match="document type"):
        onvif.read({"BOMB": BOMB, "FILE": FILE}[name])


def test_a_name_cannot_move_the_cursor() -> None:
    evil = MATCH.format(related=OURS, **(WORDS | {"name": "%1B%5B2J%0AEVIL" + "x" * 500})).encode()
    (found,) = read(evil)
    assert found.what.isprintable()
    assert len(found.what) < 120


@given(st.binary(max_size=400))
def test_any_datagram_is_read_or_refused(datagram: bytes) -> None:
    assert read(datagram) == []


@given(st.data())
def test_a_damaged_answer_is_read_or_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(ANSWER) - 1))
    damaged = ANSWER[:at] + data.draw(st.binary(max_size=8)) + ANSWER[at + data.draw(st.integers(0, 40)) :]
    assert all(one.what.isprintable() for one in read(damaged))


@given(st.text(max_size=200))
def test_any_scope_can_be_shown(name: str) -> None:
    match = onvif.Match((), tuple(f"{onvif.ONVIF}name/{name}".split()))
    assert match.words.isprintable()


@pytest.fixture(autouse=True)
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """Each test has a network of its own: the tests of other files ask on this machine too."""
    found = free_port()
    monkeypatch.setattr(onvif, "PORT", found)
    return found


@pytest.fixture
async def camera(port: int) -> AsyncIterator[OnvifCamera]:
    found = OnvifCamera(discovery_port=port)
    await found.start()
    yield found
    await found.stop()


async def test_a_camera_on_the_network_is_found_once(camera: OnvifCamera) -> None:
    (found,) = await all_of(onvif.look(["lo"], 0.5))
    assert (found.what, found.code) == ("HIKVISION DS-2CD2143G2 DS-2CD2143G2-I (ONVIF)", "")
    assert found.host != "203.0.113.9"  # what it says of its address is not believed
    assert camera.questions == 2  # UDP may lose one


async def test_a_hostile_camera_beside_a_good_one_changes_nothing(camera: OnvifCamera, port: int) -> None:
    hostile = OnvifCamera(says=BOMB.replace(b"lol2;<", b"lol2;{related}<"), discovery_port=port)
    await hostile.start()
    try:
        assert len(await all_of(onvif.look(["lo"], 0.5))) == 1
        assert hostile.questions == 2
    finally:
        await hostile.stop()


async def test_a_flood_of_answers_is_bounded(port: int) -> None:
    ear = onvif._Ear.on("lo")
    assert ear is not None
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as flood, contextlib.closing(ear):
        ear._room = 100_000
        ear._socket.bind(("127.0.0.1", 0))
        flood.connect(ear._socket.getsockname())
        for number in range(200):
            flood.send(number.to_bytes(2, "big") * 4_000)
            ear._hear()
        assert 5 < len(ear._heard) <= 100_000 // 8_000


async def test_no_network_is_told() -> None:
    (found,) = await all_of(onvif.look(["no-such-network"], 0.01))
    assert (found.why, found.code) == (Why.SILENT, "X-112")
    (found,) = await all_of(onvif.look([], 0.01))
    assert found.code == "X-112"


async def test_a_network_without_cameras_has_none() -> None:
    assert await all_of(onvif.look(["lo"], 0.01)) == []


def test_the_question_goes_where_the_standard_says() -> None:
    assert STANDARD == ("239.255.255.250", 3702)
