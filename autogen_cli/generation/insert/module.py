"""The module that an edit starts from, and the pieces of text that are put into it."""

import ast
import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autogen_cli.errors import TargetError
from autogen_cli.generation.module_names import ModuleNames, module_names
from autogen_cli.generation.source import Source, parse, read_source
from autogen_cli.generation.statements import end_line, first_line


@dataclass(frozen=True, slots=True)
class Splice:
    """Replaces the lines from `start` up to `end` (0-based); nothing else of the file is touched."""

    start: int
    end: int
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Module:
    """A module's text, tree and names. indent: one level of its indentation."""

    name: str
    source: Source
    tree: ast.Module
    names: ModuleNames
    indent: str

    @property
    def lines(self) -> tuple[str, ...]:
        return self.source.lines

    @property
    def lazy_annotations(self) -> bool:
        return any(
            isinstance(s, ast.ImportFrom) and s.module == "__future__" and any(a.name == "annotations" for a in s.names)
            for s in self.tree.body
        )


@functools.lru_cache(maxsize=12)  # a tree takes a hundred times its text
def read_module(data: bytes, path: str) -> Module:
    """As `parse_module`, remembered: edit and checks look at the same modules, answer after answer."""
    return parse_module(data, path)


def parse_module(data: bytes, path: str) -> Module:
    """Raises TargetError when the file isn't Python."""
    source = read_source(data, path)
    try:
        tree = parse(source.text)
    except SyntaxError as exc:
        raise TargetError(f"{path}:{exc.lineno}: {exc.msg}", hint="mend the module first") from exc
    return Module(path, source, tree, module_names(tree, source.text), _indent(tree, source.lines))


def _indent(tree: ast.Module, lines: Sequence[str]) -> str:
    for statement in tree.body:
        body = getattr(statement, "body", None)
        if body and isinstance(body, list) and body[0].lineno > statement.lineno:
            return leading_space(lines[first_line(body[0]) - 1]) or "    "
    return "    "


def splice(lines: Sequence[str], splices: Iterable[Splice]) -> list[str]:
    """Splices of one place come out in the order in which they are given: imports before what needs them."""
    result = list(lines)
    for part in sorted(splices, key=lambda s: (s.start, s.end))[::-1]:  # not reverse=True, which keeps ties
        result[part.start : part.end] = part.lines
    return result


def leading_space(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t\f"))]


def is_blank(line: str) -> bool:
    return not line.strip()


def span(statement: ast.stmt, lines: Sequence[str]) -> tuple[int, int]:
    """First and last line (0-based, last excluded) with the comments right above, and those right below its block."""
    start, end = first_line(statement) - 1, end_line(statement)
    space = leading_space(lines[start])
    while start and lines[start - 1].startswith(f"{space}#") and not _speaks_of_the_file(start - 1, lines[start - 1]):
        start -= 1
    while end < len(lines) and _deeper_comment(lines[end], space):
        end += 1
    return start, end


def _speaks_of_the_file(number: int, comment: str) -> bool:
    """`#!` and the encoding (PEP 263), which have to stay where they are."""
    return number < 2 and bool(re.match(r"#!|#.*?coding[:=]", comment))


def _deeper_comment(line: str, space: str) -> bool:
    own = leading_space(line)
    return line[len(own) : len(own) + 1] == "#" and own != space and own.startswith(space)
