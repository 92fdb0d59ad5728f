#!/usr/bin/python3
"""firstboot: a box that finds mektep.toml on its boot partition enrols by it and starts the agent. Nobody is there.

Asks     `mektep enrol FILE`, again and again while it is no fault of the file's: after 5 s, then doubled up to 5 min.
Tells    mektep-result.txt beside the file, for who put the card in: what came of it and what to do, in Kazakh, Russian
         and English.
Leaves   no token in the file once it has served.
Exit     0 enrolled and running, or the file has to be mended; 1 the agent did not start: systemd tries again
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

PLACES = (Path("/boot/firmware/mektep.toml"), Path("/boot/mektep.toml"))
TEXTS = Path("/usr/share/mektep/firstboot.toml")
RESULT = "mektep-result.txt"
PAUSES_S = (5, 10, 20, 40, 80, 160, 300)  # the last one for ever
ENROL_S = 300  # a whole attempt; the command has its own, shorter limits
# Another attempt gets the same answer: docs/errors.md.
OF_THE_FILE = {"N-101", "N-104", "N-107", "N-111", "N-112"}
CODE = re.compile(r"\b[A-Z]-\d{3}\b")
TOKEN = re.compile(rb"""^(\s*token\s*=\s*)(["'])([\x21-\x7e]*)\2""", re.MULTILINE)

Run = Callable[[list[str]], tuple[int, str]]


def main(argv: Sequence[str], run: Run, pause: Callable[[float], None]) -> int:
    """argv: the file, where it is another. Returns the exit code."""
    places = [Path(word) for word in argv] or PLACES
    file = next((path for path in places if path.exists()), None)
    if file is None:
        print("firstboot: no boot file", file=sys.stderr)
        return 0
    said = enrolled(file, run, pause)
    if said:
        tell(file, "refused", said)
        return 0
    forget_token(file)
    code, said = run(["systemctl", "start", "mektep-agent.service"])  # comes back when the agent is READY
    tell(file, "running" if code == 0 else "enrolled", said)
    return min(code, 1)


def enrolled(file: Path, run: Run, pause: Callable[[float], None]) -> str:
    """Once the box is enrolled: nothing; what was said, if the file has to be mended."""
    attempt = 0
    while True:
        code, said = run(["/usr/bin/mektep", "enrol", str(file)])
        print(said, file=sys.stderr)
        if code == 0:
            return ""
        if OF_THE_FILE & set(CODE.findall(said)):
            return said
        if attempt == 0 or attempt % 10 == 9:  # the boot partition is a card too: not at each attempt
            tell(file, "waiting", said)
        pause(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])
        attempt += 1


def forget_token(file: Path) -> None:
    """The command has done it; this is for one that was cut off. No byte moves: a power cut leaves a whole file."""
    try:
        with file.open("r+b") as boot:
            data = boot.read()
            spent = TOKEN.sub(lambda found: found[1] + found[2] * 2 + b" " * len(found[3]), data)
            if spent != data:
                boot.seek(0)
                boot.write(spent)
                boot.flush()
                os.fsync(boot.fileno())
    except OSError as error:
        print(f"firstboot: the token stays in {file}, spent: {error}", file=sys.stderr)


def tell(file: Path, outcome: str, said: str) -> None:
    """Words for who put the card in; a file for Notepad. What cannot be written is in the journal."""
    texts = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    parts = [language[outcome].strip() for language in texts.values()]
    text = "\n\n".join([f"mektep-agent, {when}", *parts, said.strip()]).strip() + "\n"
    new = file.with_name(f"{RESULT}.new")
    try:
        with new.open("w", encoding="utf-8-sig", newline="\r\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file.with_name(RESULT))
        os.sync()
    except OSError as error:
        print(f"firstboot: {RESULT} cannot be written: {error}", file=sys.stderr)
    print(f"firstboot: {outcome}", file=sys.stderr)


def called(command: list[str]) -> tuple[int, str]:
    """Exit code, and all that was said."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=ENROL_S, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, f"{command[0]} gave no answer in {ENROL_S} s"
    except OSError as error:
        return 1, str(error)
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], called, time.sleep))
