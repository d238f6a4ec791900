"""From what TOML, a variable or a flag gives to the declared type of a setting, and back to TOML."""

import json
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

NONE = "none"  # TOML has no null: this word unsets an optional setting that a lower source has set
LARGEST_INTEGER = 2**63 - 1  # what TOML promises and SQLite holds

_ACCEPTED: dict[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float, Decimal),
    Decimal: (int, float, Decimal),
    str: (str,),
    Path: (str, Path),
}
_EXPECTED = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    Decimal: "a number",
    str: "a string",
    Path: "a path",
    tuple: "a list of strings",
    Mapping: "a table",
}
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class MismatchError(ValueError):
    """A value is not what its setting declares. path: where inside the value, for lists and tables."""

    def __init__(self, problem: str, *, path: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path
        self.hint = hint


def unwrap(kind: Any) -> tuple[Any, bool]:
    """The type without its `| None`, and whether it had one."""
    return (get_args(kind)[0], True) if get_origin(kind) in {UnionType, Union} else (kind, False)


def expected(kind: Any) -> str:
    """What a value of this type looks like, for a person."""
    inner, optional = unwrap(kind)
    if get_origin(inner) is Literal:
        text = "one of " + ", ".join(get_args(inner))
    else:
        text = _EXPECTED.get(get_origin(inner) or inner, "a table")
    return f'{text} or "{NONE}"' if optional else text


def convert(kind: Any, value: object) -> Any:
    """`value`, as TOML or Python gives it, as the type `kind`. Raises MismatchError."""
    inner, optional = unwrap(kind)
    if optional and (value is None or value == NONE):
        return None
    origin = get_origin(inner)
    if origin is Literal and value in get_args(inner):
        return value
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_inside(str(number), str, item) for number, item in enumerate(value))
    if origin is Mapping and isinstance(value, Mapping):
        return {name: _inside(name, get_args(inner)[1], item) for name, item in value.items()}
    if origin is None and inner not in _ACCEPTED:
        return inner.from_toml(value)
    if not isinstance(value, _ACCEPTED.get(inner, ())) or (isinstance(value, bool) and inner is not bool):
        raise MismatchError(f"must be {expected(kind)}, not {_name(value)}")
    return _scalar(inner, value)


def parse(kind: Any, text: str) -> Any:
    """Text, as a variable or a command line gives it, as the type `kind`. Raises MismatchError.

    Lists are comma-separated or a TOML array (a JSON array is one too), tables are TOML inline tables.
    """
    inner, optional = unwrap(kind)
    text = text.strip()
    if optional and text.casefold() == NONE:
        return None
    raw: object = text
    if inner is bool:
        raw = _WORDS.get(text.casefold(), text)
    elif inner in {int, float, Decimal}:
        raw = _number(int if inner is int else Decimal, text)
    elif get_origin(inner) is tuple and not text.startswith("["):
        raw = [item.strip() for item in text.split(",") if item.strip()]
    elif get_origin(inner) is not Literal and inner not in _ACCEPTED:
        raw = _toml_value(text)
    return convert(kind, raw)


def to_toml(value: object) -> str:
    """`value` as it would be written in a TOML file; None, which TOML can't say, as "none"."""
    if value is None or isinstance(value, str | Path):
        return _quoted(NONE if value is None else str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(to_toml, value))}]"
    fields = value if isinstance(value, Mapping) else vars(value)
    items = ", ".join(f"{quote_key(name)} = {to_toml(item)}" for name, item in fields.items() if item is not None)
    return f"{{ {items} }}" if items else "{}"


def quote_key(name: str) -> str:
    """A key as TOML writes it."""
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML's one difference from JSON


def _inside(name: str, kind: Any, value: object) -> Any:
    try:
        return convert(kind, value)
    except MismatchError as exc:
        raise MismatchError(exc.problem, path=(name, *exc.path), hint=exc.hint) from exc


def _scalar(kind: Any, value: Any) -> Any:
    if kind in {float, Decimal}:
        number = kind(str(value))
        if not math.isfinite(number):
            raise MismatchError("must be a finite number")
        return number
    if kind is int and abs(value) > LARGEST_INTEGER:
        raise MismatchError("must fit into 64 bits")
    if kind in {str, Path}:
        return _text(kind, str(value))
    return value


def _text(kind: Any, value: str) -> Any:
    if not value:
        raise MismatchError("must not be empty")
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise MismatchError("must be text: it holds a zero byte or is not UTF-8")
    try:
        return Path(value).expanduser() if kind is Path else value
    except RuntimeError as exc:
        raise MismatchError("starts with the home folder of a user who does not exist") from exc


def _number(kind: type[int | Decimal], text: str) -> object:
    try:
        return kind(text)
    except (ValueError, InvalidOperation):
        return text


def _toml_value(text: str) -> object:
    import tomllib

    try:
        found = tomllib.loads(f"value = {text}", parse_float=Decimal)
    except (ValueError, RecursionError):
        return text
    return found["value"] if len(found) == 1 else text


def _name(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        text = str(value) if not isinstance(value, int) or abs(value) <= LARGEST_INTEGER else "a huge integer"
        return text if len(text) <= 40 else "a huge number"
    if isinstance(value, list | tuple):
        return "a list"
    return "a table" if isinstance(value, Mapping) else f"a {type(value).__name__}"
