"""What callers use of a class: on its instances, on itself, and with which arguments where the text shows them."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from autogen_cli.models import CallSite, ResultUse
from autogen_cli.providers.scaffold.evidence import Use, call_of
from autogen_cli.providers.scaffold.syntax import Around

_FROM_OBJECT = {"__name__", "__class__", "__doc__", "__dict__", "__module__", "__qualname__", "__init__", "__mro__"}
_WAYS: dict[type[ast.AST], ResultUse] = {
    ast.Expr: "ignored", ast.withitem: "context", ast.For: "iterated", ast.comprehension: "iterated",
    ast.Assign: "assigned",
}  # fmt: skip


@dataclass(slots=True)
class Member:
    """on_class: read from the class itself, not from an instance. hidden: called somewhere with unknown arguments."""

    name: str
    uses: list[Use] = field(default_factory=list)
    called: bool = False
    hidden: bool = False
    on_class: bool = False


def read_members(uses: Sequence[Use]) -> dict[str, Member]:
    members: dict[str, Member] = {}
    for use in uses:
        for name, called, shown in _member_uses(use):
            if name in _FROM_OBJECT:
                continue
            member = members.setdefault(name, Member(name))
            member.called |= called
            member.hidden |= called and shown is None
            member.on_class |= not use.is_called and not use.site.symbol and not use.site.names
            if shown:
                member.uses.append(shown)
    return members


def _member_uses(use: Use) -> Iterator[tuple[str, bool, Use | None]]:
    """(member, whether it is called, its use where the text shows it)."""
    if use.site.symbol:
        yield use.site.symbol.partition(".")[0], use.is_called, replace(use, site=replace(use.site, symbol=None))
        return
    shown = _chained(use)
    if shown:
        yield shown[0], shown[1].is_called, shown[1]
    for member in use.site.members:
        name = member.removesuffix("()")
        if not shown or shown[0] != name:
            yield name, member.endswith("()"), None


def _chained(use: Use) -> tuple[str, Use] | None:
    """`Owner(1).run(2)` and `Owner.run(2)`: the use of `run`; `Owner(1)(2)`: that of `__call__`."""
    held, outer = use.parent, use.around[1:]
    if use.is_called and isinstance(held, ast.Call) and held.func is use.node:
        return "__call__", _called(use, held, outer)
    if not isinstance(held, ast.Attribute):
        return None
    if outer and isinstance(outer[0], ast.Call) and outer[0].func is held:
        return held.attr, _called(use, outer[0], outer[1:])
    return held.attr, Use(_derived(use.site, outer), None, held, outer, use.scope)


def _called(use: Use, call: ast.Call, around: Around) -> Use:
    site = replace(_derived(use.site, around), arguments=())
    return Use(site, call_of(call, site, use.scope), call, around, use.scope)


def _derived(site: CallSite, around: Around) -> CallSite:
    """The site as it would be noted for the member; its arguments stand in the syntax alone."""
    parent = around[0] if around else None
    way = _WAYS.get(type(parent), "value") if parent else "value"
    return replace(site, arguments=None, uses=(way,), names=(), members=(), awaited=isinstance(parent, ast.Await))
