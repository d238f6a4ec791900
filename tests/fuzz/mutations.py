"""Damage: what happens to text on its way through models, editors and networks, one small step at a time."""

import random
from collections.abc import Callable

ODD = (
    "\x00", "\x0c", "\x1a", "\r", "\r\n", "\t", "\u2028", "\x85", "\ufeff", "\u200b", "\xa0", "\U0001f600", "\ud800",
    "ﬁeld", "é",
    "`" * 3, "`" * 4, "~~~", "```python", "```diff", "<think>", "</think>", "<code>", "&lt;", "\\n", "\\", "'''",
    '"""', "f'{", "}",
    "(" * 60, "[" * 300, ")" * 3, "-" * 2000, "lambda: " * 40, "...", ">>> ", "@@ -1,3 +1,4 @@\n", "+", "-",
    "# type: ignore",
    "async ", "await ", "yield ", "return ", "global x\n", "nonlocal y\n", "import *\n", "from . import *\n", "del ",
    "match x:\n",
    "class A(B, metaclass=C): pass\n", "type X[T] = list[T]\n", "def f[T: int](a, /, *b, c=1, **d): ...\n", "x = 1; ",
    ":= 1",
    "if TYPE_CHECKING:\n", "__all__ = []\n", "__all__ += ['x']\n", "try:\n", "except* E:\n", "finally:\n",
    "with a as b, c as d:\n",
    "# -*- coding: klingon -*-\n", "# coding: latin-1\n", "1_000j", "0x", "é = 1\n", "print(", "raise", "@",
    "@property\n", "\\\n",
)  # fmt: skip


def mutated(text: str, chance: random.Random, *, most: int = 4) -> str:
    """`text` after one to `most` steps."""
    for _ in range(chance.randint(1, most)):
        text = chance.choice(STEPS)(text, chance)
    return text


def _lines(text: str, chance: random.Random) -> tuple[list[str], int, int]:
    lines = text.splitlines(keepends=True) or [""]
    first = chance.randrange(len(lines))
    return lines, first, min(len(lines), first + chance.choice((1, 1, 1, 2, 5, 30)))


def drop_lines(text: str, chance: random.Random) -> str:
    lines, first, last = _lines(text, chance)
    return "".join(lines[:first] + lines[last:])


def repeat_lines(text: str, chance: random.Random) -> str:
    lines, first, last = _lines(text, chance)
    return "".join(lines[:last] + lines[first:])


def move_lines(text: str, chance: random.Random) -> str:
    lines, first, last = _lines(text, chance)
    rest = lines[:first] + lines[last:]
    place = chance.randint(0, len(rest))
    return "".join(rest[:place] + lines[first:last] + rest[place:])


def indent_lines(text: str, chance: random.Random) -> str:
    lines, first, last = _lines(text, chance)
    step = chance.choice(("    ", "\t", " ", "        ", ""))
    return "".join(
        step + line if first <= number < last and step else line.lstrip(" \t") if first <= number < last else line
        for number, line in enumerate(lines)
    )


def join_lines(text: str, chance: random.Random) -> str:
    lines, first, _ = _lines(text, chance)
    lines[first] = lines[first].rstrip("\r\n") + chance.choice(("; ", " ", "", " \\\n"))
    return "".join(lines)


def cut(text: str, chance: random.Random) -> str:
    return text[: chance.randint(0, len(text))]


def put_in(text: str, chance: random.Random) -> str:
    place = chance.randint(0, len(text))
    return text[:place] + chance.choice(ODD) + text[place:]


def drop_characters(text: str, chance: random.Random) -> str:
    place = chance.randint(0, len(text))
    return text[:place] + text[place + chance.choice((1, 1, 2, 10)) :]


def swap_words(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    first, second = chance.randrange(len(words)), chance.randrange(len(words))
    words[first], words[second] = words[second], words[first]
    return " ".join(words)


def end_lines(text: str, chance: random.Random) -> str:
    return text.replace("\n", chance.choice(("\r\n", "\r", "\n\n", "\n\r", "\x0c\n", " \n")))


STEPS: tuple[Callable[[str, random.Random], str], ...] = (
    drop_lines, repeat_lines, move_lines, indent_lines, join_lines, join_lines, cut, put_in, put_in, drop_characters,
    swap_words, end_lines,
)  # fmt: skip
