"""The full screen of `mektep top`: what a look has brought, drawn at most once a second, and only where it differs.

Few bytes  the terminal's own colours, of pictures 256, or all where COLORTERM says so; no animation, no mouse; a part
           that is as it was is not sent again.
Camera     a blurred picture on a screen of its own, each PICTURE_S seconds while it is open.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Footer

from agent.cli import top_parts
from agent.cli.top_look import Looker, Seen
from agent.cli.top_picture import Peeking, half_blocks
from agent.config import Config
from agent.texts import Texts

PICTURE_S = 5.0  # a picture has some kilobytes
CSS = """
Screen { layout: vertical; }
.part { height: auto; width: 100%; }
#what { max-height: 4; height: auto; margin-top: 1; }
#what.-high { max-height: 12; }
#both { height: 1fr; margin-top: 1; }
#devices { height: 3fr; scrollbar-size-vertical: 1; }
#taps { height: 2fr; scrollbar-size-vertical: 1; margin-top: 1; }
#lanes { height: auto; margin-top: 1; }
#both.-wide { layout: horizontal; }
#both.-wide #devices, #both.-wide #taps { height: 1fr; }
#both.-wide #taps { margin-top: 0; margin-left: 2; }
"""
WIDE = 110  # columns, from which devices and taps stand side by side
HIGH = 32  # lines, from which troubles are told with their facts


class Part(Widget):
    """A part of the screen of which only those lines are sent that are others than before."""

    def __init__(self, id_: str = "") -> None:
        super().__init__(id=id_ or None, classes="part")
        self._what: RenderableType = ""
        self._lines: list[Strip] = []

    def put(self, what: RenderableType | None) -> None:
        """None: it takes no room."""
        self.display = what is not None
        self._what = what if what is not None else ""
        before, width = self._lines, self.size.width
        self._lines = self._drawn(width)
        if width == 0 or len(before) != len(self._lines):
            self.refresh(layout=True)
            return
        pairs = enumerate(zip(before, self._lines, strict=True))
        self._send([y for y, (old, new) in pairs if old != new])

    def _send(self, numbers: list[int]) -> None:
        if numbers:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in numbers))

    def on_resize(self) -> None:
        self._lines = self._drawn(self.size.width)
        self.refresh()

    def get_content_height(self, _container: Size, _viewport: Size, width: int) -> int:
        return len(self._drawn(width))

    def render_line(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else Strip([])
        return line.adjust_cell_length(self.size.width, self.rich_style)

    def _drawn(self, width: int) -> list[Strip]:
        if width <= 0:
            return []
        console = self.app.console
        lines = console.render_lines(self._what, console.options.update(width=width, height=None), pad=False)
        return [Strip(line) for line in lines]


class Top(App[int]):
    """One per terminal; its result is the exit code."""

    CSS = CSS
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, found: Config, say: Texts, looker: Looker, every_s: float) -> None:
        super().__init__()
        self._found, self._say, self._looker, self._every_s = found, say, looker, every_s
        self._paused = False
        self.seen: Seen | None = None
        self.animation_level = "none"
        self.theme = "ansi-dark"
        for key, action, word in _keys(bool(self.cameras)):
            self.bind(key, action, description=say(f"top.{word}"))

    @property
    def cameras(self) -> list[str]:
        return [source.name for source in self._found.sources if source.kind == "camera"]

    def compose(self) -> ComposeResult:
        yield Part("head")
        with VerticalScroll(id="what", can_focus=False):
            yield Part()
        with Vertical(id="both"):
            with VerticalScroll(id="devices"):
                yield Part()
            with VerticalScroll(id="taps"):
                yield Part()
        yield Part("lanes")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.look()
        self.set_interval(self._every_s, self.look)

    def on_resize(self) -> None:
        base = self.screen_stack[0]
        base.query_one("#both").set_class(self.size.width >= WIDE, "-wide")
        base.query_one("#what").set_class(self.size.height >= HIGH, "-high")

    def look(self) -> None:
        """Draw what is now."""
        if self._paused:
            return
        self.seen = seen = self._looker.look(time.monotonic())
        if len(self.screen_stack) > 1:  # nobody sees it; drawing it would send the camera's picture again
            return
        say = self._say
        what = top_parts.what_to_do(seen, say, short=self.size.height < HIGH)
        base = self.screen_stack[0]
        base.query_one("#head", Part).put(top_parts.head(seen, say))
        base.query_one("#what").display = what is not None
        base.query_one("#what Part", Part).put(what)
        base.query_one("#devices Part", Part).put(top_parts.devices(seen, say))
        base.query_one("#taps Part", Part).put(top_parts.taps(seen, say))
        base.query_one("#lanes", Part).put(top_parts.lanes(seen, say))

    def action_camera(self) -> None:
        self.push_screen(Camera(self._found, self._say, self.cameras), lambda _: self.look())

    def action_hold(self) -> None:
        """A picture that stands still can be copied."""
        self._paused = not self._paused

    def action_end(self) -> None:
        self.exit(self.seen.code if self.seen else 0)


def _keys(cameras: bool) -> Iterator[tuple[str, str, str]]:
    yield "q", "end", "quit"
    if cameras:
        yield "c", "camera", "camera"
    yield "space", "hold", "hold"
    yield "tab", "app.focus_next", "next_part"


class Camera(Screen[None]):
    """A blurred picture of one camera, as long as it is open."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, found: Config, say: Texts, names: list[str]) -> None:
        super().__init__()
        self._found, self._say, self._names = found, say, names
        self._at = 0
        self._process: Peeking | None = None
        for key, action, word in (("escape", "back", "back"), ("n", "next", "next_camera")):
            self._bindings.bind(key, action, say(f"top.{word}"))

    def compose(self) -> ComposeResult:
        yield Part("title")
        yield Part("picture")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._begin()
        self.set_interval(PICTURE_S, self._ask)

    async def on_unmount(self) -> None:
        if self._process is not None:
            await self._process.end()

    def action_back(self) -> None:
        self.dismiss()

    def action_next(self) -> None:
        self._at = (self._at + 1) % len(self._names)
        self._begin()

    def _begin(self) -> None:
        self.query_one("#title", Part).put(Text(self._names[self._at], "bold"))
        self.query_one("#picture", Part).put(Text(self._say("top.wait"), "dim"))
        self.run_worker(self._show(fresh=True), exclusive=True)

    def _ask(self) -> None:
        self.run_worker(self._show(fresh=False), exclusive=True)

    async def _show(self, *, fresh: bool) -> None:
        name = self._names[self._at]
        if fresh and self._process is not None:
            await self._process.end()
        if fresh or self._process is None:
            self._process = Peeking(self._found.file, name)
        one = await self._process.next()
        say, title = self._say, Text(f"{name}  ", "bold")
        if one.code:
            title.append(f"{one.code}  {say.fact(one.code, one.what)}", "bold red").append(
                f"\n→ {say.instruction(one.code, one.do)}", "bold"
            )
        else:
            title.append(
                f"{datetime.fromtimestamp(one.at_ns / 1e9).astimezone():%H:%M:%S}  {say('camera.blurred')}", "dim"
            )
        self.query_one("#title", Part).put(title)
        self.query_one("#picture", Part).put(None if one.code else half_blocks(one))
