"""Fuzzes each target of tests/fuzz with atheris: python scripts/fuzz.py [--seconds 60] [WORD ...]

WORD    only targets whose name has it. Atheris is installed from PyPI into build/fuzz; .venv stays as it is.
Writes  build/fuzz/corpus/TARGET, which the next run begins with, and build/fuzz/found/TARGET-crash-..., which
        --replay FILE runs again without atheris.
Exit    0 if every target held, 1 if one did not.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).parents[1]
HOME = ROOT / "build/fuzz"
ATHERIS = "atheris==3.0.0"
INPUT_SECONDS, MEMORY_MB = 10, 1024
OURS = ["agent", "centre", "drivers"]
COVERED = re.compile(r"cov: (\d+)")
DONE = re.compile(r"stat::number_of_executed_units: (\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (%(default)s)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one input of one target")
    parser.add_argument("--child", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if args.child:
        return _fuzz_here(*args.child)
    names = [name for name in _names() if all(word in name for word in args.words)]
    if not names:
        parser.error(f"no target is called so; there are {'; '.join(_names())}")
    if args.replay:
        return _replay(names, args.replay)
    _install()
    return 1 if [name for name in names if not _fuzz(name, args.seconds)] else 0


def _names() -> list[str]:
    return list(importlib.import_module("tests.fuzz.catalog").TARGETS)


def _install() -> None:
    """Raises CalledProcessError; pip says why."""
    if not (HOME / "atheris").is_dir():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", HOME, ATHERIS], check=True)


def _fuzz(name: str, seconds: int) -> bool:
    """One target in a process of its own, at the lowest priority; tells one line of it, and how it fell."""
    folder = re.sub(r"\W+", "-", name)
    corpus, found = HOME / "corpus" / folder, HOME / "found"
    for place in (corpus, found):
        place.mkdir(parents=True, exist_ok=True)
    command = [
        "nice", "-n", "19", sys.executable, __file__, "--child", name, str(corpus), f"-max_total_time={seconds}",
        f"-artifact_prefix={found}/{folder}-", f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MB}", "-print_final_stats=1",
    ]  # fmt: skip
    with Console(stderr=True).status(name):
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False,
            env=os.environ | {"PYTHONPATH": f"{HOME}:{ROOT}"},
        )  # fmt: skip
    said = done.stdout + done.stderr
    inputs, covered = DONE.findall(said), COVERED.findall(said)
    held = done.returncode == 0
    print(
        f"{'held' if held else 'FELL'}  {name}: {(inputs or ['?'])[-1]} inputs, {(covered or ['?'])[-1]} places",
        flush=True,
    )
    if not held:
        print(said[-4000:])
    return held


def _fuzz_here(name: str, corpus: str, *options: str) -> int:
    """In the child: our modules are instrumented as they are imported."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=OURS):
        target = importlib.import_module("tests.fuzz.catalog").TARGETS[name]
    for number, seed in enumerate(target.seeds):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], f"-max_len={target.most}", *options, corpus], target.run)
    atheris.Fuzz()
    return 0


def _replay(names: list[str], file: Path) -> int:
    if len(names) > 1:
        print(f"which of {'; '.join(names)}?")
        return 1
    importlib.import_module("tests.fuzz.catalog").TARGETS[names[0]].run(file.read_bytes())
    print(f"held  {names[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
