"""What is declared, for people and for editors: `autogen.toml.example` and the JSON Schema of a settings file."""

import textwrap
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from autogen_cli.config.fields import Setting, Table
from autogen_cli.config.settings import AutogenConfig
from autogen_cli.config.values import NONE, expected, to_toml, unwrap

_HEAD = """\
# Settings of autogen. A project keeps its own in autogen.toml, or in pyproject.toml below [tool.autogen]; the user's
# are in config.toml, in the folder that `autogen config path` names. A flag goes before the environment
# (AUTOGEN_<TABLE>_<NAME>), that before the project's file, that before the user's.
#
# Every setting stands here with its default, or with an example where the default is none or empty. Take away the # in
# front of a name to set it. Credentials never come from a file, but from OPENAI_API_KEY or CODEGEN_API_TOKEN.
# What redirects them, runs programs or loosens a guard counts in a project's file only after `autogen config trust`.
"""
_PROTECTED = {
    "always": "from a project's file only when trusted",
    "loosening": "an untrusted project's file may only tighten it",
}
_JSON_TYPES: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "number"},
    str: {"type": "string", "minLength": 1},
    Path: {"type": "string", "minLength": 1},
}


def example() -> str:
    """A settings file in which every setting stands, documented and commented out."""
    mapped = {name: table for name, found in AutogenConfig.__settings__.items() if (table := _table_in(found))}
    top = {name: found for name, found in AutogenConfig.__settings__.items() if name not in mapped}
    lines = [_HEAD, *_section(top)]
    for name, inner in AutogenConfig.__tables__.items():
        lines += [*_comment(_doc(inner)), f"[{name}]", "", *_section(inner.__settings__)]
    for name, table in mapped.items():
        said = "; ".join(facts(AutogenConfig.__settings__[name]))
        lines += [
            *_comment(_doc(table)),
            f"# {said}",
            f'#[{name}."name-of-a-model"]',
            "",
            *_section(table.__settings__),
        ]
    return "\n".join(lines)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a settings file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "autogen.toml",
        **_table_schema(AutogenConfig),
    }


def _section(settings: Mapping[str, Setting]) -> Iterator[str]:
    for name, declared in settings.items():
        yield from _comment(declared.doc)
        yield from _comment("; ".join(facts(declared)))
        yield f"#{name} = {to_toml(declared.example)}"
        yield ""


def facts(declared: Setting) -> Iterator[str]:
    """Type, limits, default, other names and protection of a setting, for people."""
    yield expected(declared.kind)
    for word, limit in (("at least", declared.minimum), ("more than", declared.above), ("at most", declared.maximum)):
        if limit is not None:
            yield f"{word} {limit}"
    yield f"default {_default(declared)}"
    if declared.variable:
        yield f"also {declared.variable}"
    if declared.protection:
        yield _PROTECTED[declared.protection]


def _default(declared: Setting) -> str:
    return NONE if declared.default is None else to_toml(declared.default)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 120, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _doc(table: type[Table] | Table) -> str:
    return (table.__doc__ or "").strip()


def _table_in(declared: Setting) -> type[Table] | None:
    """The tables that a setting maps names to, as `prices` does."""
    inner = get_args(declared.kind)[-1] if get_origin(declared.kind) is Mapping else None
    return inner if isinstance(inner, type) else None


def _table_schema(table: type[Table] | Table) -> dict[str, Any]:
    properties = {name: _setting_schema(declared) for name, declared in table.__settings__.items()}
    properties |= {name: _table_schema(inner) for name, inner in table.__tables__.items()}
    return {"type": "object", "description": _doc(table), "properties": properties, "additionalProperties": False}


def _setting_schema(declared: Setting) -> dict[str, Any]:
    inner, optional = unwrap(declared.kind)
    limits = {"minimum": declared.minimum, "exclusiveMinimum": declared.above, "maximum": declared.maximum}
    kind = _kind_schema(inner) | {name: limit for name, limit in limits.items() if limit is not None}
    if declared.pattern:
        kind["pattern"] = f"^{declared.pattern[0]}$"
    found: dict[str, Any] = {"anyOf": [kind, {"const": NONE}]} if optional else kind
    found["description"] = declared.doc
    if declared.protection:
        found["$comment"] = _PROTECTED[declared.protection]
    if declared.default is None:
        return found | {"examples": [_json(declared.example)]}
    return found | {"default": _json(declared.default)}


def _kind_schema(kind: Any) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _kind_schema(arguments[0])}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _kind_schema(arguments[1])}
    return dict(_JSON_TYPES[kind]) if kind in _JSON_TYPES else _table_schema(kind)


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Decimal):
        return float(value)
    return value.as_posix() if isinstance(value, Path) else value
