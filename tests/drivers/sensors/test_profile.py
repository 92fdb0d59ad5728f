"""Profiles: what each code and each input means, which of two codes decides, and every mistake in a file named with its
key and what to write.
"""

from __future__ import annotations

import re
import tomllib
import typing
from importlib import resources
from itertools import product
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DeviceError
from drivers.readings import ZoneState
from drivers.sensors.profile import HOW, RANK, Condition, Profile, condition, load_profile, shipped

FIRE, EXTINGUISHING, ATTENTION, FAULT = ZoneState.FIRE, ZoneState.EXTINGUISHING, ZoneState.ATTENTION, ZoneState.FAULT
DISABLED, TEST, RESTORED, NORMAL = ZoneState.DISABLED, ZoneState.TEST, ZoneState.RESTORED, ZoneState.NORMAL
UNKNOWN = ZoneState.UNKNOWN

BOLID = "bolid-s2000-pp"
CODES = {  # the maker's manual v3.01, as two published lists quote it
    FIRE: "37 40",
    EXTINGUISHING: "141 146 144 145 139",
    ATTENTION: "44 43 216 48",
    FAULT: "41 45 214 46 215 187 250 224 225 165 135 204 2 198 202 211 212 196 205 149 121 122 126",
    DISABLED: "112 109 114",
    TEST: "19 20 21",
    RESTORED: "1 39 47 123 152 188 199 200 213 251",
    NORMAL: "24",
}
STATE_OF = {int(code): state for state, codes in CODES.items() for code in codes.split()}
CAPTURED = [  # a published answer for seven zones
    (0x18BC, NORMAL, (24, 188)),
    (0xC72F, RESTORED, (199, 47)),
    (0xFABB, FAULT, (250, 187)),
    (0xFB00, RESTORED, (251,)),
    (0x6DBC, DISABLED, (109, 188)),
    (0xECB7, UNKNOWN, (236, 183)),
]
PAIRS = [
    ("a fire behind normal", 24, 37, FIRE),
    ("a fire behind a fault", 45, 40, FIRE),
    ("an unknown code behind normal", 24, 236, UNKNOWN),
    ("an unknown code behind a fault", 45, 236, FAULT),
    ("disabled behind normal", 24, 109, DISABLED),
    ("attention before a fault", 44, 41, ATTENTION),
    ("of two alike the first", 40, 37, FIRE),
    ("restored behind normal", 24, 188, NORMAL),
    ("normal behind restored", 188, 24, RESTORED),
    ("one code", 24, 0, NORMAL),
    ("none", 0, 0, UNKNOWN),
]
DUCT = [  # mounted, service, smoke
    ((1, 0, 0), NORMAL),
    ((1, 1, 0), FAULT),
    ((1, 0, 1), FIRE),
    ((1, 1, 1), FIRE),
    ((0, 0, 0), FAULT),
    ((0, 1, 0), FAULT),
    ((0, 0, 1), FIRE),
    ((0, 1, 1), FIRE),
]
PANEL = """
name = "A panel"
[canary]
function = 3
address = 500
expect = 7
[zones]
function = 3
address = 100
layout = "two_codes"
most = 8
[states]
fire = [1, 2]
normal = [3]
[words]
1 = "fire"
"""
DETECTOR = """
name = "A detector"
[zones]
function = 2
address = 0
layout = "bits"
most = 1
[[bit]]
offset = 0
state = "fire"
words = "smoke"
[[bit]]
offset = 3
state = "fault"
words = "dirty"
when = false
"""
WRONG = [  # file, what stands there, what is written in its place, the key that is named, what to write
    (PANEL, 'name = "A panel"', "", "name", "name ="),
    (PANEL, 'name = "A panel"', "name = 7", "name", "name ="),
    (PANEL, 'name = "A panel"', 'name = ""', "name", "name ="),
    (PANEL, 'name = "A panel"', 'nmae = "A panel"', "nmae", "name ="),
    (PANEL, "[canary]", "[kanary]", "kanary", "[canary]"),
    (PANEL, "expect = 7", "", "canary.expect", "expect ="),
    (PANEL, "expect = 7", "expect = 70_000", "canary.expect", "expect ="),
    (PANEL, "expect = 7", "expected = 7", "canary.expected", "expect ="),
    (PANEL, "address = 500", "address = -1", "canary.address", "address ="),
    (PANEL, "function = 3\naddress = 500", "function = 6\naddress = 500", "canary.function", "reading function"),
    (PANEL, "[zones]", "[zone]", "zone", "[zones]"),
    (PANEL, "most = 8", "", "zones.most", "most ="),
    (PANEL, "most = 8", "most = 0", "zones.most", "most ="),
    (PANEL, "most = 8", "most = 8\ncolour = 1", "zones.colour", "function, address, layout, most"),
    (PANEL, "address = 100", "address = 65_530", "zones.most", "most ="),
    (PANEL, "address = 100", 'address = "100"', "zones.address", "address ="),
    (PANEL, "[states]", "[[bit]]\noffset = 0\nstate = 'fire'\nwords = 'x'\n[states]", "states", "[states]"),
    (PANEL, 'layout = "two_codes"', 'layout = "codes"', "zones.layout", '"two_codes"'),
    (PANEL, "function = 3\naddress = 100", "function = 16\naddress = 100", "zones.function", "reading function"),
    (PANEL, "function = 3\naddress = 100", "function = 2\naddress = 100", "zones.function", "3 or 4 for two_codes"),
    (PANEL, "[states]\nfire = [1, 2]\nnormal = [3]\n[words]\n1 = ", "[words]\n1 = ", "states", "[states]"),
    (PANEL, "fire = [1, 2]", "fier = [1, 2]", "states", "fire, extinguishing"),
    (PANEL, "fire = [1, 2]", "fire = 1", "states", "[states]"),
    (PANEL, "fire = [1, 2]", "fire = [1, 0]", "states", "1 to 255"),
    (PANEL, "fire = [1, 2]", "fire = [1, 256]", "states", "1 to 255"),
    (PANEL, "fire = [1, 2]", "fire = [1, 3]", "states", "each code once"),
    (PANEL, '1 = "fire"', '9 = "fire"', "words", "[words]"),
    (PANEL, '1 = "fire"', "1 = 5", "words", "[words]"),
    (PANEL, "[words]", "[wordz]", "wordz", "[words]"),
    (PANEL, "[canary]", "[extra]\n[canary]", "extra", "name, canary, zones, states, words, bit"),
    (DETECTOR, "offset = 3", "offset = 16", "bit[1].offset", "offset ="),
    (DETECTOR, "offset = 3", "ofset = 3", "bit[1].ofset", "offset ="),
    (DETECTOR, "offset = 0", "", "bit[0].offset", "offset ="),
    (DETECTOR, 'state = "fire"', 'state = "smoke"', "bit[0].state", "fire, extinguishing"),
    (DETECTOR, 'words = "smoke"', "", "bit[0].words", "words ="),
    (DETECTOR, "when = false", "when = 0", "bit[1].when", "when = false"),
    (DETECTOR, "most = 1", "most = 2", "zones.most", "of bits, 1"),
    (DETECTOR, "function = 2", "function = 4", "zones.function", "1 or 2 for bits"),
    (DETECTOR, "[[bit]]", "[states]\nfire = [1]\n[[bit]]", "bit", "[[bit]]"),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text)
    return path


def refused(path: str) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        load_profile(path)
    assert caught.value.code == "S-110"
    return caught.value


# --- what was read ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", range(1, 256))
def test_each_code_of_the_bolid_panel_is_what_its_manual_says(code: int) -> None:
    assert condition(load_profile(BOLID), [code << 8]).state is STATE_OF.get(code, UNKNOWN)


@pytest.mark.parametrize(("register", "state", "codes"), CAPTURED)
def test_a_captured_answer_is_understood(register: int, state: ZoneState, codes: tuple[int, ...]) -> None:
    found = condition(load_profile(BOLID), [register])
    assert (found.state, found.codes) == (state, codes)


@pytest.mark.parametrize(("high", "low", "state"), [case[1:] for case in PAIRS], ids=[case[0] for case in PAIRS])
def test_the_worse_of_two_codes_decides(high: int, low: int, state: ZoneState) -> None:
    assert condition(load_profile(BOLID), [high << 8 | low]).state is state


@given(high=st.integers(0, 255), low=st.integers(0, 255))
def test_nothing_hides_a_fire_and_nothing_unknown_is_normal(high: int, low: int) -> None:
    found = condition(load_profile(BOLID), [high << 8 | low])
    states = {STATE_OF.get(code, UNKNOWN) for code in (high, low) if code} or {UNKNOWN}
    assert found.state in states
    assert found.state is next((state for state in RANK if state in states), found.state)
    assert (found.state is NORMAL) <= (states <= {NORMAL, RESTORED})
    assert found.words


def test_words_are_those_of_the_code_that_decides() -> None:
    bolid = load_profile(BOLID)
    assert condition(bolid, [24 << 8 | 45]) == Condition(FAULT, (24, 45), "line broken")
    assert condition(bolid, [236 << 8]) == Condition(UNKNOWN, (236,), "unknown (code 236)")
    assert "configured" in condition(bolid, [0]).words


@pytest.mark.parametrize(("inputs", "state"), DUCT)
def test_each_set_of_inputs_of_the_duct_detector(inputs: tuple[int, ...], state: ZoneState) -> None:
    found = condition(load_profile("calectro-ug-3"), inputs)
    assert (found.state, found.codes) == (state, inputs)


def test_the_table_of_inputs_is_complete() -> None:
    assert {inputs for inputs, _ in DUCT} == set(product((0, 1), repeat=3))


# --- the files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_profile_loads_by_its_name_and_by_its_path(name: str) -> None:
    with resources.as_file(resources.files("drivers.sensors.profiles") / f"{name}.toml") as path:
        assert load_profile(name) == load_profile(str(path))


def test_a_file_of_one_s_own_loads(tmp_path: Path) -> None:
    assert load_profile(str(written(tmp_path, PANEL))).name == "A panel"
    assert load_profile(str(written(tmp_path, DETECTOR))).bit[1].when is False


@pytest.mark.parametrize(
    ("text", "old", "new", "key", "write"), WRONG, ids=[f"{case[3]}: {case[2]!r}" for case in WRONG]
)
def test_a_mistake_is_named_with_file_key_and_what_to_write(
    tmp_path: Path, text: str, old: str, new: str, key: str, write: str
) -> None:
    assert text.count(old) >= 1
    path = written(tmp_path, text.replace(old, new, 1))
    error = refused(str(path))
    file, named, fact = error.what.split(": ", 2)
    assert (file, re.sub(r"^states.*", "states", named)) == (str(path), key)
    assert fact
    assert "`" not in error.what
    assert write in error.do


@pytest.mark.parametrize("text", [b"name = ", b"\xff\xfe", b"= ="])
def test_what_is_not_toml_is_refused_with_its_name(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "own.toml").write_bytes(text)
    assert str(tmp_path / "own.toml") in refused(str(tmp_path / "own.toml")).what


@pytest.mark.parametrize("name", ["bolid", "../x.toml", "/nowhere/own.toml", "/", "nul\0.toml", "profile.TOML"])
def test_what_is_no_profile_is_refused_and_the_shipped_ones_are_named(name: str) -> None:
    assert BOLID in refused(name).do


@given(text=st.text(max_size=300))
def test_no_text_does_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text)
    refused(str(path))


def _keys(struct: type[msgspec.Struct], prefix: str = "") -> set[str]:
    """Every key that a profile may hold."""
    found = set()
    for name, hint in typing.get_type_hints(struct).items():
        found.add(prefix + name)
        for one in (hint, *typing.get_args(hint)):
            if isinstance(one, type) and issubclass(one, msgspec.Struct):
                found |= _keys(one, f"{prefix}{name}.")
    return found


def test_each_key_has_its_advice_and_the_advice_is_toml() -> None:
    assert set(HOW) == _keys(Profile)
    for key, advice in HOW.items():
        line = advice.partition(":")[0].partition(";")[0].partition(" (")[0].partition(" if ")[0]
        if "[" not in line:
            assert set(tomllib.loads(line)) == {key.rpartition(".")[2]}
