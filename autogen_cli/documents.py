"""The JSON forms of the models: what `--json` prints, what the cache keeps, what docs/schemas describes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from autogen_cli.models import CheckResult, CodeContext, ContextItem, ContextSummary, GeneratedCode, Hop, Usage, Value

type Json = dict[str, Any]


def to_json(value: Any) -> Any:
    """Dataclasses become objects, tuples arrays, paths strings, money numbers; an unknown cost stays null."""
    if value is None or isinstance(value, str | int | float):
        return value  # nearly all of them
    if isinstance(value, Value):  # as below, in a third of the time
        return {name: to_json(getattr(value, name)) for name in type(value).__slots__}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.as_posix() if isinstance(value, Path) else value


def document(what: str, value: Any) -> Json:
    """`value` (a dataclass or a mapping) as a document that names its schema, `autogen.<what>/1`, first."""
    return {"schema": f"autogen.{what}/1", **to_json(value)}


def context_json(context: ContextSummary | CodeContext) -> Json:
    """What a context holds and why, without the text of its items."""
    return {
        "tokens": context.tokens,
        "budget": context.budget,
        "items": [_item_json(item) for item in context.items],
        "omitted": [_item_json(item) for item in context.omitted],
    }


def result_json(result: GeneratedCode) -> Json:
    """The `autogen.generate/1` document of a result."""
    found: Json = {"schema": "autogen.generate/1"}
    for name in type(result).__slots__:
        value = getattr(result, name)
        found[name] = _PARTS[name](value) if name in _PARTS else to_json(value)
    return found


def result_from_json(found: Mapping[str, Any]) -> GeneratedCode:
    """The inverse of `result_json`. Raises KeyError or TypeError where the document is not one."""
    plain = {key: value for key, value in found.items() if key != "schema"}
    usage, context = dict(plain["usage"]), plain["context"]
    cost = usage["cost_usd"]
    usage["cost_usd"] = None if cost is None else Decimal(str(cost))
    plain["usage"] = Usage(**usage)
    plain["checks"] = tuple(CheckResult(**check) for check in plain["checks"])
    plain["hops"] = tuple(Hop(**hop) for hop in plain["hops"])
    plain["warnings"] = tuple(plain["warnings"])
    plain["context"] = ContextSummary(
        tokens=context["tokens"],
        budget=context["budget"],
        items=tuple(ContextItem(**item) for item in context["items"]),
        omitted=tuple(ContextItem(**item) for item in context["omitted"]),
    )
    return GeneratedCode(**plain)


def _item_json(item: ContextItem) -> Json:
    """Without its text. A result holds hundreds of items: `to_json` would take ten times as long."""
    return {
        "kind": item.kind,
        "path": item.path,
        "line": item.line,
        "symbol": item.symbol,
        "tokens": item.tokens,
        "reason": item.reason,
    }


def _checks_json(checks: Sequence[CheckResult]) -> list[Json]:
    return [{"name": c.name, "status": c.status, "detail": c.detail, "line": c.line} for c in checks]


_PARTS: Mapping[str, Callable[[Any], Any]] = {"context": context_json, "checks": _checks_json}
