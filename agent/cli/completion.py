"""mektep completion bash|zsh: what a shell needs to complete these commands, written from their own tree.

    eval "$(mektep completion bash)"     in ~/.bashrc, or the text as a file in /usr/share/bash-completion/completions

Names of devices come from the configuration when Tab is pressed: that on the line, else the box's own. No agent is
asked then, and no Python started.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TextIO

import msgspec

from agent.cli.main import COMMANDS, DEFAULT_CONFIG, tree
from agent.devices import SOURCE_KINDS

ANY = "any"
SCRIPT = """# Completion of mektep for bash, by `mektep completion bash`. zsh loads it by bashcompinit.
_mektep_names() { # KIND CONFIG -> names of the devices of that kind
    awk -v kind="$1" '
        /^\\[\\[/ { now = $0; gsub(/[^a-z]/, "", now) }
        /^name *= *"/ { if (kind == "any" || now == kind) { split($0, part, "\\""); print part[2] } }
    ' "$2" 2>/dev/null
}

_mektep() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
    local path="mektep" config="@CONFIG@" words="" names="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$path ${COMP_WORDS[i]}" in
            @PATHS@) path="$path ${COMP_WORDS[i]}" ;;
        esac
        case "${COMP_WORDS[i]}" in *.toml) config="${COMP_WORDS[i]}" ;; esac
    done
    case "$path $prev" in
@VALUES@
        *)
            case "$path" in
@WORDS@
            esac ;;
    esac
    if [ -n "$names" ]; then words="$words $(_mektep_names "$names" "$config")"; fi
    COMPREPLY=( $(compgen -W "$words" -- "$cur") )
    if [ "${#COMPREPLY[@]}" -eq 0 ]; then COMPREPLY=( $(compgen -f -- "$cur") ); fi
}
"""
BASH = "complete -o filenames -F _mektep mektep\n"
ZSH_HEAD = "#compdef mektep\nautoload -U +X compinit bashcompinit && compinit -u && bashcompinit\n"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One command with what may follow it."""

    path: str  # "mektep camera snapshot"
    words: list[str]  # subcommands and options
    names: str  # kind of the devices that may be named; "any"; empty: none may
    values: dict[str, list[str]]  # option -> its choices
    devices: list[str]  # options that take a device


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh"])


def run(args: argparse.Namespace, out: TextIO) -> int:
    out.write(script(args.shell))
    return 0


def script(shell: str) -> str:
    """For one of the shells."""
    found = list(nodes(tree(COMMANDS), "mektep"))
    values = [line for node in found for line in _values(node)]
    text = (
        SCRIPT.replace("@CONFIG@", DEFAULT_CONFIG)
        .replace("@PATHS@", "|".join(f'"{node.path}"' for node in found[1:]))
        .replace("@VALUES@", "\n".join(values))
        .replace("@WORDS@", "\n".join(_words(node) for node in found))
    )
    return f"{ZSH_HEAD}{text}{BASH}" if shell == "zsh" else f"{text}{BASH}"


def nodes(parser: argparse.ArgumentParser, path: str) -> Iterator[Node]:
    """The command itself, then those beneath it."""
    words: list[str] = []
    names, beneath = "", dict[str, argparse.ArgumentParser]()
    values, devices = dict[str, list[str]](), list[str]()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            beneath = dict(action.choices)
            words += beneath
        elif action.option_strings:
            words += action.option_strings
            values |= {option: [str(one) for one in action.choices or ()] for option in action.option_strings}
            devices += action.option_strings if action.dest == "device" else []
        else:
            words += [str(one) for one in action.choices or ()]
            names = names or _kind(action.dest, path)
    yield Node(
        path=path, words=words, names=names, values={option: few for option, few in values.items() if few},
        devices=devices,
    )  # fmt: skip
    for name, sub in beneath.items():
        yield from nodes(sub, f"{path} {name}")


def _kind(dest: str, path: str) -> str:
    """Of which kind the devices are that this argument names."""
    command = path.split()[1] if " " in path else ""
    if dest == "device":
        return ANY
    return command if dest == "name" and command in SOURCE_KINDS else ""


def _values(node: Node) -> Iterator[str]:
    for option, few in node.values.items():
        yield f'        "{node.path} {option}") words="{" ".join(few)}" ;;'
    for option in node.devices:
        yield f'        "{node.path} {option}") names="{ANY}" ;;'


def _words(node: Node) -> str:
    names = f'; names="{node.names}"' if node.names else ""
    return f'                "{node.path}") words="{" ".join(node.words)}"{names} ;;'
