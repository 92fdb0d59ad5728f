"""Writes docs/man: the man page of `mektep`, from the commands' own tree and docs/commands.md, and its completions.

Run: python scripts/man_page.py [FOLDER]     (tests/test_man_page.py compares)
A package installs mektep.1 as it is, mektep.bash as /usr/share/bash-completion/completions/mektep, and _mektep for zsh.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agent.cli.completion import nodes, script
from agent.cli.main import COMMANDS, DEFAULT_CONFIG, HELP, tree

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/man"
HEAD = r""".\" Written by scripts/man_page.py from the commands' own tree and docs/commands.md.
.TH MEKTEP 1 "" "mektep\-agent" "Edge agent of a school"
.SH NAME
mektep \- the edge agent of a school: runs it, and tells a technician what it does
.SH SYNOPSIS
"""
FOOT = rf""".SH FILES
.TP
\fB{DEFAULT_CONFIG.replace("-", chr(92) + "-")}\fR
the configuration, unless another file is given
.TP
\fB/var/lib/mektep\fR
the database, keys and pictures, unless the configuration says otherwise
.TP
\fB/run/mektep\fR
what is read while the agent runs: its status, the socket on which commands ask it
.SH ENVIRONMENT
.TP
\fBLC_ALL\fR, \fBLC_MESSAGES\fR, \fBLANG\fR
the first that is set says the language: Kazakh, Russian, else English
.TP
\fBCOLORTERM\fR
a terminal with more than 256 colours says so
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)
"""


def page() -> str:
    """The whole man page."""
    return HEAD + "".join(_synopsis()) + ".SH COMMANDS\n" + "".join(_commands()) + "".join(_body()) + FOOT


def files() -> dict[str, str]:
    """Name in docs/man to content."""
    return {"mektep.1": page(), "mektep.bash": script("bash"), "_mektep": script("zsh")}


def _synopsis() -> Iterator[str]:
    for node in nodes(tree(COMMANDS), "mektep"):
        if node.path != "mektep":
            options = [word for word in node.words if word.startswith("--") and word != "--help"]
            shown = " ".join(f"[{_plain(option)}]" for option in options)
            yield f"\\fB{_plain(node.path)}\\fR {shown}".rstrip() + "\n.br\n"


def _commands() -> Iterator[str]:
    for name in COMMANDS:
        yield f".TP\n\\fBmektep {_plain(name)}\\fR\n{_line(HELP[name])}\n"


def _body() -> Iterator[str]:
    """docs/commands.md, as far as it tells of commands and exit codes."""
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    code, in_paragraph = False, False
    for line in text.splitlines()[1:]:
        if line.startswith("```"):
            code, in_paragraph = not code, False
            yield ".PP\n.nf\n.RS 4\n" if code else ".RE\n.fi\n"
        elif code:
            yield _guarded(_plain(line)) + "\n"
        elif line.startswith("## "):
            in_paragraph = False
            yield f".SS {_line(line[3:])}\n"
        elif line.startswith("|"):
            in_paragraph = False
            yield _row(line)
        elif not line:
            in_paragraph = False
        else:
            yield ("" if in_paragraph else ".PP\n") + _guarded(_line(line)) + "\n"
            in_paragraph = True


def _row(line: str) -> str:
    """A row of a table as a term and what it means; heads and rules are left out."""
    first, *rest = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
    if set(first) <= {"-", " "} or first in ("option", "exit code", "key", "difference"):
        return ""
    return f".TP\n\\fB{_line(first)}\\fR\n{_guarded(_line(': '.join(cell for cell in rest if cell)))}\n"


def _line(text: str) -> str:
    """Markdown within a line: links lose their address, code and bold are bold."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"`([^`]*)`|\*\*([^*]*)\*\*", text)
    done = [_plain(parts[0])]
    for at in range(1, len(parts), 3):
        bold = parts[at] if parts[at] is not None else parts[at + 1]
        done += [f"\\fB{_plain(bold or '')}\\fR", _plain(parts[at + 2] or "")]
    return "".join(done)


def _plain(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


def _guarded(line: str) -> str:
    """A line that begins with a point or an apostrophe would be an order to roff."""
    return f"\\&{line}" if line.startswith((".", "'")) else line


if __name__ == "__main__":
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    into.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (into / name).write_text(content, encoding="utf-8")
