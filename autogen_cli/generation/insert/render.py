"""Takes statements out of an answer's text and gives them the indentation of the place they go to."""

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence

from autogen_cli.generation.insert.module import leading_space, span
from autogen_cli.generation.snippet import Snippet
from autogen_cli.generation.statements import DEFINITIONS, end_line, has_docstring, shares_line

_OPENING = {tokenize.FSTRING_START, getattr(tokenize, "TSTRING_START", -1)}
_CLOSING = {tokenize.FSTRING_END, getattr(tokenize, "TSTRING_END", -1)}


def render(statement: ast.stmt, lines: Sequence[str], *, prefix: str, indent: str) -> list[str]:
    r"""The statement's lines with the comments above it, ends as `\n`.

    prefix: what the statement itself is indented by. indent: one level inside it. Lines inside strings stay as they
    are, save those of docstrings, which move with their function.
    """
    lines = _apart(statement, lines)
    start, end = span(statement, lines)
    own = leading_space(lines[start])
    fixed = _inside_strings(lines, start, end) - _docstring_lines(statement, lines)
    text = [line.rstrip("\r\n") for line in lines[start:end]]
    flat = [line if start + i in fixed else line.removeprefix(own) for i, line in enumerate(text)]
    inside = {number - start for number in fixed}
    moved = (
        line if i in inside else _moved(line, old, new, prefix)
        for i, (line, (old, new)) in enumerate(zip(flat, _levels(flat, indent), strict=True))
    )
    return [f"{line}\n" for line in moved]


def _apart(statement: ast.stmt, lines: Sequence[str]) -> Sequence[str]:
    """The lines without what stands beside the statement on its own (`a = 1; b = 2`)."""
    if not shares_line(statement, lines):
        return lines
    result = list(lines)
    start, end = statement.lineno - 1, end_line(statement) - 1
    result[end] = result[end].encode()[: statement.end_col_offset].decode()
    result[start] = result[start].encode()[statement.col_offset :].decode()
    return result


def pieces(new: Sequence[ast.stmt], snippet: Snippet, *, prefix: str, indent: str, gap: int) -> list[str]:
    """Statements one after another, `gap` blank lines around definitions; others as close as the answer has them."""
    result: list[str] = []
    for index, statement in enumerate(new):
        if index:
            apart = span(statement, snippet.lines)[0] > end_line(new[index - 1])
            defining = isinstance(statement, DEFINITIONS) or isinstance(new[index - 1], DEFINITIONS)
            result += ["\n"] * (gap if defining else apart)
        result += render(statement, snippet.lines, prefix=prefix, indent=indent)
    return result


def _moved(line: str, old: str, new: str, prefix: str) -> str:
    if not line.strip():
        return ""
    if line.startswith(old):
        return prefix + new + line[len(old) :]
    return prefix + line.lstrip()


def _tokens(lines: Sequence[str]) -> Iterator[tokenize.TokenInfo]:
    text = "".join(f"{line}\n" for line in lines)
    return tokenize.generate_tokens(io.StringIO(text).readline)


def _inside_strings(lines: Sequence[str], start: int, end: int) -> set[int]:
    """Lines (0-based) that begin within a string."""
    inside: set[int] = set()
    opened: list[int] = []
    own = leading_space(lines[start])
    text = [line.rstrip("\r\n").removeprefix(own) for line in lines[start:end]]
    for token in _tokens(text):
        if token.type in _OPENING:
            opened.append(token.start[0])
        elif token.type in _CLOSING:
            inside.update(range(opened.pop(), token.end[0]))
        elif token.type == tokenize.STRING:
            inside.update(range(token.start[0], token.end[0]))
    return {start + line for line in inside}


def _docstring_lines(statement: ast.stmt, lines: Sequence[str]) -> set[int]:
    """Lines of docstrings after the first, where none is indented less than the docstring itself."""
    found: set[int] = set()
    for node in ast.walk(statement):
        if isinstance(node, DEFINITIONS) and has_docstring(node.body):
            string = node.body[0]
            numbers = set(range(string.lineno, string.end_lineno or string.lineno))
            space = leading_space(lines[string.lineno - 1])
            if all(lines[n].startswith(space) for n in numbers if lines[n].strip()):
                found |= numbers
    return found


def _levels(lines: Sequence[str], indent: str) -> list[tuple[str, str]]:
    """For each line the indentation of its logical line: as it is, and as it is to be."""
    levels = [("", "")]
    before = levels
    result = [("", "")] * len(lines)
    comments: list[int] = []
    first: int | None = None
    for token in _tokens(lines):
        if token.type == tokenize.INDENT:
            levels = [*levels, (token.string, levels[-1][1] + indent)]
        elif token.type == tokenize.DEDENT:
            levels = levels[:-1]
        elif token.type == tokenize.NEWLINE and first is not None:
            result[first - 1 : token.start[0]] = [levels[-1]] * (token.start[0] - first + 1)
            first, before = None, levels
        elif token.type in {tokenize.COMMENT, tokenize.NL} and first is None:
            comments.append(token.start[0] - 1)
        elif first is None:
            for number in comments:
                result[number] = _level_of(lines[number], max(before, levels, key=len))
            first, comments = token.start[0], []
    return result


def _level_of(comment: str, levels: Sequence[tuple[str, str]]) -> tuple[str, str]:
    return next(level for level in reversed(levels) if comment.startswith(level[0]))
