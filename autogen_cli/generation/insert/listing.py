"""Puts one more item into a list that stands in the text: the names of an import, the strings of `__all__`."""

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autogen_cli.generation.insert.module import leading_space


@dataclass(frozen=True, slots=True)
class Item:
    """An item's key and where it stands: lines 1-based, columns in UTF-8 bytes, as `ast` has them."""

    key: str
    line: int
    column: int
    end_line: int
    end_column: int


def add_item(lines: list[str], items: Sequence[Item], key: str, text: str) -> None:
    """Changes `lines` in place: in order where the items are in order, else at the end; one a line where they are."""
    keys = [item.key for item in items]
    order = next((by for by in _ORDERS if keys == sorted(keys, key=by)), None)
    at = bisect.bisect(keys, order(key), key=order) if order else len(keys)
    if len(items) > 1 and all(_begins_line(item, lines) for item in items):
        _add_line(lines, items, at, text)
    elif at < len(items):
        _put(lines, items[at].line, items[at].column, f"{text}, ")
    else:
        _put(lines, items[-1].end_line, items[-1].end_column, f", {text}")


def _by_kind(name: str) -> tuple[int, str]:
    """The order of isort and ruff: CONSTANTS, Classes, functions."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name


_ORDERS: tuple[Callable[[str], tuple[int, str]], ...] = (
    _by_kind,
    lambda name: (0, name),
    lambda name: (0, name.casefold()),
)


def _begins_line(item: Item, lines: Sequence[str]) -> bool:
    return len(leading_space(lines[item.line - 1])) == item.column


def _add_line(lines: list[str], items: Sequence[Item], at: int, text: str) -> None:
    space = leading_space(lines[items[0].line - 1])
    if at < len(items):
        lines.insert(items[at].line - 1, f"{space}{text},\n")
        return
    last = items[-1]
    rest = lines[last.end_line - 1].encode()[last.end_column :].decode()
    ended = rest.lstrip().startswith(",")
    if not ended:
        _put(lines, last.end_line, last.end_column, ",")
    lines.insert(last.end_line, f"{space}{text}{',' if ended else ''}\n")


def _put(lines: list[str], line: int, column: int, text: str) -> None:
    data = lines[line - 1].encode()
    lines[line - 1] = (data[:column] + text.encode() + data[column:]).decode()
