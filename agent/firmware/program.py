"""Runs a program of the system; what it prints, or why there is nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

PROGRAM_S = 600.0  # a copy of a school's pictures takes its time
Run = Callable[[Sequence[str]], str]


class ProgramFailed(Exception):
    """It is not there, takes too long, or says no."""


def run_program(words: Sequence[str]) -> str:
    """What it prints. Raises ProgramFailed."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PROGRAM_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramFailed(f"{words[0]}: {error}") from error
    if done.returncode != 0:
        raise ProgramFailed(f"{words[0]}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout
