"""Call sites joined with their syntax: the arguments as expressions, and what stands around the call.

A site's statement is parsed on its own; where that fails, what the context builder noted has to do.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from autogen_cli.models import Argument, CallSite
from autogen_cli.providers.scaffold.annotations import NOTHING_KNOWN, Scope
from autogen_cli.providers.scaffold.syntax import (
    Around,
    called_name,
    parse_expression,
    parse_statement,
    walk_with_parents,
)

_FORWARDERS = {
    "submit": 1, "to_thread": 1, "start_soon": 1, "call_soon": 1, "call_soon_threadsafe": 1, "addCleanup": 1,
    "run_in_executor": 2, "call_later": 2, "call_at": 2, "assertRaises": 2, "raises": 2,
}  # fmt: skip
"""Functions that take a callable and then its arguments, and at which position the arguments begin."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as a signature has to accept it. `positional` ends where a star begins; `after_star` counts what is
    passed by position from there on, the star itself left out. An expression is None when its text doesn't parse.
    """

    positional: tuple[ast.expr | None, ...] = ()
    keywords: tuple[tuple[str, ast.expr | None], ...] = ()
    star: bool = False
    after_star: int = 0
    double_star: bool = False
    enclosing: str | None = None
    scope: Scope = NOTHING_KNOWN

    @property
    def filled(self) -> int:
        """How many positions are taken at least."""
        return len(self.positional) + self.after_star


@dataclass(frozen=True, slots=True)
class Use:
    """A call site; `node` is the expression that uses the target (the call, or the bare name), `around` the nodes
    that enclose it, from the nearest to the statement. Both are empty where the text doesn't parse.
    """

    site: CallSite
    call: Call | None
    node: ast.expr | None = None
    around: Around = ()
    scope: Scope = NOTHING_KNOWN

    @property
    def parent(self) -> ast.AST | None:
        return self.around[0] if self.around else None

    @property
    def receiver(self) -> ast.expr | None:
        """What stands before the dot (`order` in `order.total()`)."""
        node = self.node.func if isinstance(self.node, ast.Call) else self.node
        return node.value if isinstance(node, ast.Attribute) else None

    @property
    def is_called(self) -> bool:
        return self.site.arguments is not None


def read_use(site: CallSite, name: str, scope: Scope = NOTHING_KNOWN) -> Use:
    """A site with its syntax. `name`: what is used there, as it is called where it is defined."""
    statement = parse_statement(site.text)
    node, around = _locate(statement, site, name) if statement else (None, ())
    if site.arguments is not None:
        return Use(site, _noted(site, site.arguments, scope), node, around, scope)
    return Use(site, _forwarded(site, node, around, scope), node, around, scope)


def read_uses(
    sites: tuple[CallSite, ...], name: str, scope_of: Callable[[CallSite], Scope] = lambda _: NOTHING_KNOWN
) -> tuple[Use, ...]:
    return tuple(read_use(site, name, scope_of(site)) for site in sites)


def call_of(node: ast.Call, site: CallSite, scope: Scope) -> Call:
    """The call that stands in the text; `site` tells where that is."""
    star = next((index for index, node_ in enumerate(node.args) if isinstance(node_, ast.Starred)), len(node.args))
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    return Call(
        positional=tuple(node.args[:star]),
        keywords=tuple(keywords.items()),
        star=star < len(node.args),
        after_star=sum(not isinstance(argument, ast.Starred) for argument in node.args[star:]),
        double_star=len(keywords) < len(node.keywords),
        enclosing=site.enclosing,
        scope=scope,
    )


def _noted(site: CallSite, arguments: tuple[Argument, ...], scope: Scope) -> Call:
    """The call that the context builder noted; it stands also where the text is cut off."""
    plain = [argument for argument in arguments if not argument.name and argument.star != "**"]
    star = next((index for index, argument in enumerate(plain) if argument.star), len(plain))
    keywords = {argument.name: parse_expression(_value(argument)) for argument in arguments if argument.name}
    return Call(
        positional=tuple(parse_expression(argument.text) for argument in plain[:star]),
        keywords=tuple(keywords.items()),
        star=star < len(plain),
        after_star=sum(not argument.star for argument in plain[star:]),
        double_star=any(argument.star == "**" for argument in arguments),
        enclosing=site.enclosing,
        scope=scope,
    )


def _forwarded(site: CallSite, node: ast.expr | None, around: Around, scope: Scope) -> Call | None:
    """The call that another function is going to make: `submit(helper, 1)`, `map(helper, xs)`, `sorted(key=helper)`."""
    parent = around[0] if around else None
    if isinstance(parent, ast.keyword):
        return Call((None,)) if parent.arg in {"key", "object_hook"} else None
    if not isinstance(parent, ast.Call) or node not in parent.args:
        return None
    name, position = called_name(parent), parent.args.index(node) + 1
    rest = ast.Call(parent.func, parent.args[position:], parent.keywords)
    given = call_of(rest, site, scope)
    if name in {"partial", "partialmethod"}:
        return Call(
            given.positional, given.keywords, star=True, double_star=True, enclosing=site.enclosing, scope=scope
        )
    if given.star or given.double_star or not given.positional:
        return None
    if name in {"map", "filter"} and not given.keywords:
        return Call((None,) * len(given.positional))
    return given if _FORWARDERS.get(name) == position else None


def _locate(statement: ast.stmt, site: CallSite, name: str) -> tuple[ast.expr | None, Around]:
    """The expression in the statement that the site speaks of. An alias has another name: then the arguments decide."""
    best: tuple[int, ast.expr | None, Around] = (0, None, ())
    wanted = [_plain(argument.text) for argument in site.arguments or ()]
    for node, around in walk_with_parents(statement):
        score = 0
        if site.arguments is None and isinstance(node, ast.Name | ast.Attribute):
            score = int(called_name(node) == name)
        elif site.arguments is not None and isinstance(node, ast.Call):
            score = 2 * (called_name(node) == name) + (_texts(node) == wanted)
        if score > best[0] and isinstance(node, ast.expr):
            best = (score, node, around)
    return best[1:]


def _texts(call: ast.Call) -> list[str]:
    nodes = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [_plain(ast.unparse(node)) for node in nodes]


def _plain(text: str) -> str:
    """An argument's text for comparison: neither spelling of quotes, nor stars, white space or brackets count."""
    return re.sub(r"[\s\"'()*]", "", text)


def _value(argument: Argument) -> str:
    """The argument's value without `name=`."""
    return re.sub(rf"^{re.escape(argument.name or '')}\s*=(?!=)\s*", "", argument.text.strip())
