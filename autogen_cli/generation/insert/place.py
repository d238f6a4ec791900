"""Where a new definition goes among the statements of its module or class."""

import ast
import builtins
import itertools
import re
from collections.abc import Iterable, Sequence

from autogen_cli.errors import TargetError
from autogen_cli.generation.insert.module import Splice, is_blank, span
from autogen_cli.generation.scopes import module_uses
from autogen_cli.generation.statements import (
    DEFINITIONS,
    bound_names,
    end_line,
    first_line,
    has_docstring,
    is_import,
)


def position(body: Sequence[ast.stmt], new: Sequence[ast.stmt], text: str, *, lazy: bool = False) -> int:
    """The index in `body` that the new statements go before: after the last definition, where nothing speaks against.

    What runs as the module is imported has to come after what it calls: so before the first statement that needs one of
    the new names by then, and after those that the new statements need (decorators, defaults, bases). text: the
    module's. Raises TargetError where no line lies between the two.
    """
    names = bound_names(*new) - {"*"}
    need = _first_need(body, names, text, lazy=lazy)
    place = min(_usual(body, new[-1]), need)
    needs = {use.name for use in module_uses(new, lazy_annotations=lazy) if use.when == "now"} - set(dir(builtins))
    for index, statement in enumerate(body):
        bound = bound_names(statement) & needs
        needs -= bound  # the first definition counts
        if bound:
            place = max(place, index + 1)
    return _between_lines(body, place, need)


def _between_lines(body: Sequence[ast.stmt], place: int, need: int) -> int:
    """Behind the statements that share a line there (`a = 1; b = 2`), or before them where one needs the new names."""
    start = end = place
    while 0 < end < len(body) and first_line(body[end]) <= end_line(body[end - 1]):
        end += 1
    while 0 < start < len(body) and first_line(body[start]) <= end_line(body[start - 1]):
        start -= 1
    if not place <= need < end:
        return end
    if start == 0 and has_docstring(body):
        raise TargetError(
            f"line {body[0].lineno} holds a docstring and what needs the new code", hint="give each a line of its own"
        )
    return start


def _usual(body: Sequence[ast.stmt], new: ast.stmt) -> int:
    definitions = [index for index, statement in enumerate(body) if isinstance(statement, DEFINITIONS)]
    if not isinstance(new, DEFINITIONS):
        leading = (i for i, s in enumerate(body) if not (_is_plain(s) or is_import(s)))
        return next(leading, len(body))
    if getattr(new, "name", "") in {"__init__", "__new__"} and definitions:
        return definitions[0]
    if definitions:
        return definitions[-1] + 1
    return next((i for i, s in enumerate(body) if _is_main_guard(s)), len(body))


def _is_plain(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign | ast.AnnAssign | ast.TypeAlias) or has_docstring([statement])


def _is_main_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "'__main__'" in ast.unparse(statement.test)


def _first_need(body: Sequence[ast.stmt], names: set[str], text: str, *, lazy: bool) -> int:
    """Index of the first statement that needs one of the names as it runs, also by way of a function that it calls."""
    if not any(name in text and re.search(rf"\b{name}\b", text) for name in names):
        return len(body)
    uses = [module_uses([statement], lazy_annotations=lazy) for statement in body]
    carriers: set[str] = set()
    grew = True
    while grew:
        users = (
            bound_names(s)
            for s, all_ in zip(body, uses, strict=True)
            if isinstance(s, DEFINITIONS) and any(use.name in names | carriers for use in all_)
        )
        found = set().union(*users)
        grew = not found <= carriers
        carriers |= found
    for index, own in enumerate(uses):
        if any(use.when == "now" and (use.name in names or (use.called and use.name in carriers)) for use in own):
            return index
    return len(body)


def insertion(
    body: Sequence[ast.stmt],
    index: int,
    new: Sequence[ast.stmt],
    pieces: Sequence[str],
    lines: Sequence[str],
    *,
    gap: int,
) -> Splice:
    """`pieces` before `body[index]`, with `gap` blank lines around definitions; lines that exist stay as they are."""
    above = body[index - 1] if index else None
    below = body[index] if index < len(body) else None
    at = span(above, lines)[1] if above else span(below, lines)[0] if below else len(lines)
    head = max(0, _gap(above, new[0], gap) - _blank_lines(reversed(lines[:at])))
    tail = max(0, _gap(new[-1], below, gap) - _blank_lines(lines[at:]))
    return Splice(at, at, ["\n"] * head + list(pieces) + ["\n"] * tail)


def _gap(above: ast.stmt | None, below: ast.stmt | None, gap: int) -> int:
    if above is None or below is None:
        return 0
    if isinstance(above, DEFINITIONS) or isinstance(below, DEFINITIONS):
        return 1 if has_docstring([above]) and gap == 1 else gap
    return 0 if _is_plain(above) and _is_plain(below) and not has_docstring([above]) else 1


def _blank_lines(lines: Iterable[str]) -> int:
    return sum(1 for _ in itertools.takewhile(is_blank, lines))
