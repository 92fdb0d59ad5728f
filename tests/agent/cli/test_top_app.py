"""The full screen, headless: it shows what is, goes on, is resized, ends by its key; only what changes is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.text import Text
from textual.widgets import Footer

from agent.cli import top_app
from agent.cli.top_app import Camera, Part, Top
from agent.cli.top_picture import Peek
from agent.texts import LANGUAGES, load_texts
from tests.agent.cli.looks import box, living, looker
from tests.agent.outbox.box import opened, tap, taps

SIZES = [(80, 24), (132, 43)]


def shown(app: Top, where: str) -> str:
    return "\n".join(line.text.rstrip() for line in app.query_one(where, Part)._lines)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_has_its_place_from_80_by_24_on(tmp_path: Path, language: str) -> None:
    found, say = box(tmp_path), load_texts(language)
    async with opened(found.state.database) as outbox:
        await outbox.accept(taps(3))
        living(found)
        app = Top(found, say, looker(found, language), 60.0)
        async with app.run_test(size=SIZES[0]) as pilot:
            for size in (*SIZES, SIZES[0]):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                app.look()
                await pilot.pause()
                heights = {part.id or part.parent.id: part.size.height for part in app.query(Part) if part.parent}
                assert min(heights.values()) > 0, heights
                assert app.query_one("#devices").size.height >= 2
                assert app.query_one("#taps").size.height >= 2
            assert "school-07" in shown(app, "#head")
            assert "gate" in shown(app, "#devices Part")
            assert say("event.card_seen") in shown(app, "#taps Part")
            assert say("lane.record") in shown(app, "#lanes")
            assert app.query_one(Footer).size.height == 1
            await outbox.accept([tap(8, "gate")])
            app.look()
            assert "gate" in shown(app, "#taps Part").splitlines()[0]
            await pilot.press("q")
        assert app.return_value == 1


async def test_it_holds_and_ends_with_the_code_of_a_dead_agent(tmp_path: Path) -> None:
    found, say = box(tmp_path), load_texts("en")
    living(found, pid_start=1)
    app = Top(found, say, looker(found), 60.0)
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.press("space")
        before = app.seen
        app.look()
        assert app.seen is before
        await pilot.press("space")
        app.look()
        assert app.seen is not before
        assert "NOT RUNNING" in shown(app, "#head")
        assert "D-001" in shown(app, "#what Part")
        await pilot.press("c")  # no camera: no key
        assert len(app.screen_stack) == 1
        await pilot.press("q")
    assert app.return_value == 3


async def test_only_lines_that_differ_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = box(tmp_path)
    living(found)
    app = Top(found, load_texts("en"), looker(found), 60.0)
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.pause()
        part, sent = app.query_one("#lanes", Part), []
        part.put(Text("one\ntwo\nthree"))
        await pilot.pause()
        monkeypatch.setattr(part, "_send", sent.append)
        part.put(Text("one\ntwo\nthree"))
        part.put(Text("one\nTWO\nthree"))
        assert sent == [[], [1]]


async def test_a_camera_opens_by_its_key_and_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process beside it says, or that it cannot. A stand-in for it; its own test has the real one."""

    class Says:
        ended = 0

        def __init__(self, *_: str) -> None:
            self.told = [Peek(at_ns=1, width=2, height=2, rgb=bytes(12)), Peek(code="V-405", what="none", do="Do.")]

        async def next(self) -> Peek:
            return self.told.pop(0)

        async def end(self) -> None:
            Says.ended += 1

    monkeypatch.setattr(top_app, "Peeking", Says)
    found = box(tmp_path, cameras=True)
    living(found)
    app = Top(found, load_texts("en"), looker(found), 60.0)
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.press("c")
        await pilot.pause()
        camera = app.screen
        assert isinstance(camera, Camera)
        await pilot.app.workers.wait_for_complete()
        lines = ["".join(line.text for line in part._lines) for part in camera.query(Part)]
        assert "blurred" in lines[0]
        camera._ask()
        await pilot.app.workers.wait_for_complete()
        assert "V-405" in "".join(line.text for line in camera.query_one("#title", Part)._lines)
        await pilot.press("n")
        await pilot.press("escape")
        await pilot.pause()
        assert len(app.screen_stack) == 1
        assert Says.ended == 2
        await pilot.press("q")
