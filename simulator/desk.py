"""The city's desk beside a simulated school: `mektep-centre desk` on a private port of this machine, and its accounts.

Accounts  operator (the city), police, guard (responsible for the school); one password, new for each run
Keys      blurred pictures for everybody, plain ones and live views for the police: this machine is theirs, too
"""

from __future__ import annotations

import asyncio
import importlib.util
import secrets
from typing import NamedTuple

from simulator.city import City
from simulator.processes import Process, free_port
from simulator.responsible import GUARD

OPERATOR, POLICE = "operator", "police"
NEEDS = ("starlette", "uvicorn", "jinja2")
NO_DESK = "no desk: it needs pip install './centre[desk]'"


class Login(NamedTuple):
    """Of one who may come."""

    name: str
    password: str


class Desk:
    """open() when the school's data are published: the guard's account is of its staff."""

    def __init__(self, city: City) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._city = city
        self._password = secrets.token_hex(6)
        words = ("--host", "127.0.0.1", "--port", str(self.port), "--insecure")
        self._process = Process("desk", city.command("desk", *words), city.folder.parent, ready="Uvicorn running")

    @staticmethod
    def missing() -> str:
        """Why there is none on this machine; empty if there is."""
        return "" if all(importlib.util.find_spec(name) for name in NEEDS) else NO_DESK

    def login(self, name: str) -> Login:
        return Login(name, self._password)

    @property
    def told(self) -> str:
        """For whoever wants to look."""
        return f"{self.url}  {OPERATOR}, {POLICE} or {GUARD}, password {self._password}"

    @property
    def short(self) -> str:
        """For a narrow screen."""
        return f"{self.url}  {OPERATOR}  {self._password}"

    async def open(self, school: str, *, guard: bool = True) -> None:
        """Without the guard it needs no staff. Raises RuntimeError with what the command said."""
        city = self._city
        with (city.folder / "centre.toml").open("a") as file:
            file.write(f'\n[desk]\nblurred_identity = "{city.desk_key.name}"\n')
            file.write(f'plain_identity = "{city.police_key.name}"\n')
        for name in (OPERATOR, POLICE):
            await self._add(name, "--role", name)
        if guard:
            await self._add(GUARD, "--role", "responsible", "--school", school, "--staff", GUARD)
        await self._process.start()

    async def _add(self, name: str, *words: str) -> None:
        """In a thread: the school's devices are answered meanwhile."""
        more = (name, *words, "--language", "en")
        await asyncio.to_thread(self._city.must, "account", "add", *more, given=f"{self._password}\n")

    async def stop(self) -> None:
        await self._process.stop()
