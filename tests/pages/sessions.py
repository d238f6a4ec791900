"""Console blocks of the documentation: run in order, a page in one shell, in a copy of docs/sample, with its own home.

    $ autogen cache stats           a command; lines behind `> ` go on with it
    level    entries ...            what it prints, written here by `make docs`; without any, nothing is compared
    $ autogen check ...  # exit 6   the exit code that it has to have, if not 0

Blocks of Python are run at their place, too. A comment right above a block can say `not run: REASON` (a reader of the
source sees why), or `answered by the fake server`: from there on OPENAI_BASE_URL is that of the package's fake server,
which answers with ANSWERS. What differs from run to run (times, dates, temporary folders, ports) is made the same.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from shutil import copytree

from autogen_cli.providers.fake import FakeServer

HOUSE = Path(__file__).parent.parent.parent
BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^>]+) -->\n+)?^```(?P<kind>console|python)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
TYPICAL = (  # what every run has its own of
    (r"\b\d[\d,]* ms\b", "410 ms"),
    (r"\b[\d.,]+ s, [\d.,]+ rows/s", "1.2 s, 1.7 rows/s"),
    (r"\b20\d\d-\d\d-\d\d\b", "2026-11-20"),
    (r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8081"),
)
FAKE = "answered by the fake server"
PYTHON = (  # a file whose `await`s may stand outside of functions, as in a notebook
    "import ast, asyncio, inspect, sys; path = sys.argv[1]; "
    "code = compile(open(path).read(), path, 'exec', flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT); "
    "found = eval(code, {'__name__': 'example'}); inspect.iscoroutine(found) and asyncio.run(found)"
)
ANSWERS = {
    "split_tax": '''\
```python
from decimal import ROUND_HALF_UP, Decimal


def split_tax(gross: Decimal, rate: Decimal, *, rounding: str = ROUND_HALF_UP) -> tuple[Decimal, Decimal]:
    """Net amount and tax of a gross amount; the tax is rounded, the net amount takes the rest."""
    if rate < 0:
        raise AmountError(f"a tax rate can't be negative: {rate}")
    tax = (gross - gross / (1 + rate)).quantize(CENT, rounding=rounding)
    return gross - tax, tax
```
''',
    "fetch_rate": '''\
```python
from datetime import date
from decimal import Decimal


async def fetch_rate(currency: str, *, to: str, on: date) -> Decimal:
    """The rate of a day, from a table; LookupError for a currency that is not in it."""
    rates = {("USD", "EUR"): Decimal("0.92"), ("CHF", "EUR"): Decimal("1.05")}
    if (currency, to) not in rates:
        raise LookupError(f"no rate from {currency} to {to} on {on}")
    return rates[currency, to]
```
''',
    "totp_generator": '''\
```python
import base64
import hmac
import struct
import time


def totp_generator(secret: str) -> str:
    """The six digits that a secret in Base32 gives now (RFC 6238)."""
    key = base64.b32decode(secret.translate({ord("1"): "I"}) + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06}"
```
''',
}


@dataclass(frozen=True)
class Step:
    """A command of a page, or a program in Python. shown: what the page says that it prints; None: it says nothing."""

    command: str
    shown: str | None = None
    code: int = 0
    is_python: bool = False
    fake: bool = False

    def text(self, output: str) -> str:
        """The step as the page has it, with this output."""
        command = self.command.replace("\n", "\n> ")
        return f"$ {command}\n" + (output if self.shown is not None else "")


@dataclass(frozen=True)
class Block:
    """A block, from `start` to `end` of the page's text. note: the comment above it."""

    start: int
    end: int
    note: str
    steps: tuple[Step, ...]

    @property
    def is_run(self) -> bool:
        return not self.note.startswith("not run: ")


class PageError(Exception):
    """A page promises what the program doesn't do."""


def blocks(text: str) -> list[Block]:
    """The console and Python blocks of a page, in order."""
    found, fake = [], False
    for match in BLOCK.finditer(text):
        note, body = match["note"] or "", match["body"]
        fake = fake or note == FAKE
        is_python = match["kind"] == "python"
        steps = (Step(body, is_python=True, fake=fake),) if is_python else tuple(_steps(body, fake=fake))
        found.append(Block(match.start("body"), match.end("body"), note, steps))
    return found


def _steps(body: str, *, fake: bool) -> Iterator[Step]:
    before, *parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    if before:
        raise PageError(f"a console block doesn't begin with a command: {before}")
    for part in parts:
        first, *rest = part.splitlines()
        more = list(takewhile(lambda line: line.startswith("> "), rest))
        command = "\n".join([first, *(line.removeprefix("> ") for line in more)])
        code = re.search(r"# exit (\d+)$", command)
        shown = "\n".join(rest[len(more) :])
        yield Step(command, shown or None, int(code[1]) if code else 0, fake=fake)


def pages() -> list[Path]:
    """The pages that have such blocks."""
    found = [HOUSE / "README.md", *sorted((HOUSE / "docs").glob("*.md")), HOUSE / "docs" / "sample" / "README.md"]
    return [page for page in found if BLOCK.search(page.read_text(encoding="utf-8"))]


def rendered(page: Path) -> str:
    """The page with what its commands print today. Raises PageError where one doesn't end as it should."""
    text = page.read_text(encoding="utf-8")
    run = [block for block in blocks(text) if block.is_run]
    outputs = iter(_play(page, [step for block in run for step in block.steps]))
    pieces, done = [], 0
    for block in run:
        said = [(step, next(outputs)) for step in block.steps]
        if not any(step.is_python for step in block.steps):
            pieces += [text[done : block.start], *(step.text(output) for step, output in said)]
            done = block.end
    return "".join([*pieces, text[done:]])


def _play(page: Path, steps: Sequence[Step]) -> list[str]:
    """What each step prints, stdout and stderr as they come. One shell runs them all."""
    if not steps:
        return []
    with tempfile.TemporaryDirectory() as folder, FakeServer(answer, models=("gpt-5-mini",)) as server:
        home = Path(folder)
        sample = copytree(HOUSE / "docs" / "sample", home / "docs" / "sample")
        script = "\n".join(_script(home / f"{number}", step, server.base_url) for number, step in enumerate(steps))
        shell = ("bash", "-c", script)
        start = home if page == HOUSE / "README.md" else sample
        subprocess.run(shell, cwd=start, env=environment(home), stdin=subprocess.DEVNULL, check=False, timeout=300)
        return [_said(page, step, home / f"{number}") for number, step in enumerate(steps)]


def _script(said: Path, step: Step, fake: str) -> str:
    command = step.command
    if step.is_python:
        said.with_suffix(".py").write_text(command, encoding="utf-8")
        command = f'python -c "{PYTHON}" {said}.py'
    address = f"export OPENAI_BASE_URL={fake}\n" if step.fake else ""
    return f"{address}{{ {command}\n}} >{said}.out 2>&1; echo $? >{said}.code"


def _said(page: Path, step: Step, said: Path) -> str:
    """What a step has printed, with whatever differs between runs made the same."""
    output = said.with_suffix(".out").read_text(encoding="utf-8")
    code = int(said.with_suffix(".code").read_text())
    if code != step.code:
        raise PageError(f"{page}: exit code {code} instead of {step.code} of: {step.command}\n{output}")
    lines = typical(output, said.parent).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines if line.strip() or not _is_frame(output))


def typical(output: str, home: Path) -> str:
    """Output as any run could have printed it."""
    for pattern, example in TYPICAL:
        output = re.sub(pattern, example, output)
    return output.replace(str(home), "~").replace(str(HOUSE), "~")


def _is_frame(output: str) -> bool:
    """Whether it is a table, around which there are empty lines."""
    return "\u2500\u2500\u2500" in output


def answer(prompt: str) -> str:
    """What the fake model answers: the function that the prompt asks for."""
    asked = re.search(r"Write the .*?`([\w.]+)`", prompt)
    return ANSWERS.get(asked[1] if asked else "", "It is a traceback of a program.")


def environment(home: Path) -> dict[str, str]:
    """Of a program that finds nothing of this machine but the project's own environment."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "HOME": str(home),
        "AUTOGEN_HOME": str(home / "autogen"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PYTHONPATH": str(HOUSE),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
