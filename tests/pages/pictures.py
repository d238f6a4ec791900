"""docs/pictures: what commands print on a terminal, drawn by Rich. One run in a copy of docs/sample makes them all."""

import fcntl
import io
import os
import re
import struct
import subprocess
import tempfile
import termios
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from shutil import copytree

from rich.console import Console
from rich.text import Text

from autogen_cli.providers.fake import FakeServer
from tests.pages.sessions import HOUSE, answer, environment, typical

FOLDER = HOUSE / "docs" / "pictures"
WIDTHS = {"context": 132}
WIDTH = 112
LONGEST = 30  # lines
COMMANDS = {  # in this order
    "context": "autogen context invoices.rates fetch_rate",
    "generate": "autogen generate invoices.money split_tax --test 'python -m pytest -q tests/test_money.py'",
    "batch": "autogen todo --jsonl | autogen batch - -o results.jsonl --write",
    "usage": "autogen usage --by module",
}


def pages() -> dict[Path, Callable[[], str]]:
    """Every picture, and what makes it."""
    return {FOLDER / f"{name}.svg": partial(_picture, name) for name in COMMANDS}


def _picture(name: str) -> str:
    console = Console(record=True, width=WIDTHS.get(name, WIDTH), file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "bold green"), (COMMANDS[name], "bold")))
    lines = _printed()[name].splitlines()
    console.print(Text.from_ansi("\n".join([*lines[:LONGEST], *["..."] * (len(lines) > LONGEST)])))
    drawn = console.export_svg(title="autogen", unique_id=f"autogen-{name}")
    without_web = re.sub(r"@font-face \{.*?\}\n", "", drawn, flags=re.DOTALL)  # Rich's font is on a server
    return without_web.replace("Fira Code, monospace", "ui-monospace, monospace")


@cache
def _printed() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder, FakeServer(answer, models=("gpt-5-mini",)) as server:
        sample = copytree(HOUSE / "docs" / "sample", Path(folder) / "sample")
        model = {"OPENAI_BASE_URL": server.base_url, "TERM": "xterm-256color"}
        env = environment(Path(folder)) | model
        return {name: typical(_run(name, sample, env), Path(folder)) for name in COMMANDS}


def _run(name: str, folder: Path, env: dict[str, str]) -> str:
    """What a command prints on a terminal of its width, and then what it says on stderr."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTHS.get(name, WIDTH), 0, 0))
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            ["bash", "-c", COMMANDS[name]], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=its, stderr=said
        ):
            os.close(its)
            shown = _read(ours)
        said.seek(0)
        return shown + said.read().decode()


def _read(terminal: int) -> str:
    pieces = []
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the program has ended
            piece = b""
        if not piece:
            os.close(terminal)
            return b"".join(pieces).decode().replace("\r\n", "\n")
        pieces.append(piece)
