"""How a function can be called, read off its definition, and whether a call fits."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from autogen_cli.generation.statements import DEFINITIONS, Function
from autogen_cli.models import Argument

# Decorators after which a function is called as it was written; after the second ones its result is another.
_SAME_RESULT = frozenset(
    ("abstractmethod", "cache", "classmethod", "deprecated", "final", "lru_cache", "no_type_check", "override",
     "hookimpl", "hookspec", "mypyc_attr", "profile", "receiver", "register", "route", "staticmethod", "typechecked")
)  # fmt: skip
_OTHER_RESULT = frozenset(
    ("asynccontextmanager", "contextmanager", "inlineCallbacks", "overload", "singledispatch", "singledispatchmethod")
)
_PROPERTIES = frozenset(("property", "cached_property", "setter", "getter", "deleter", "classproperty"))


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    required: bool
    positional: bool = True
    keyword: bool = True


@dataclass(frozen=True, slots=True)
class Signature:
    """What a call site may pass. args, kwargs: more of it, positional or by keyword."""

    parameters: tuple[Parameter, ...]
    args: bool = False
    kwargs: bool = False

    def mismatch(self, given: Sequence[Argument]) -> str | None:
        """Why a call doesn't bind; None when it does, or when its stars may make up for it."""
        positional = [p for p in self.parameters if p.positional]
        values = [a for a in given if not a.star and a.name is None]
        names = [a.name for a in given if a.name is not None]
        stars: set[str] = {a.star for a in given}
        if len(values) > len(positional) and not self.args:
            return f"it passes {len(values)} positional arguments, and {len(positional)} are taken"
        known = {p.name for p in self.parameters if p.keyword}
        for name in names:
            if name not in known and not self.kwargs:
                return f"it passes {name}=, which isn't a parameter"
            if any(p.name == name and p.keyword for p in positional[: len(values)]):
                return f"it passes {name} twice"
        left = [*positional[len(values) :], *(p for p in self.parameters if not p.positional)]
        missing = [p.name for p in left if p.required and p.name not in names and not _may_fill(stars, p)]
        return f"it passes no {' and no '.join(missing)}" if missing else None


def _may_fill(stars: set[str], parameter: Parameter) -> bool:
    return ("*" in stars and parameter.positional) or ("**" in stars and parameter.keyword)


def decorator_names(statement: ast.stmt) -> list[str]:
    """The last part of each decorator's name: `functools.cache` and `cache()` give `cache`."""
    if not isinstance(statement, DEFINITIONS):
        return []
    calls = (d.func if isinstance(d, ast.Call) else d for d in statement.decorator_list)
    return [getattr(c, "attr", getattr(c, "id", "")) for c in calls]


def is_property(statement: ast.stmt) -> bool:
    return not _PROPERTIES.isdisjoint(decorator_names(statement))


def is_known(decorator: str) -> bool:
    """Whether a decorator's name says that the function is called as it was written."""
    return decorator in _SAME_RESULT | _OTHER_RESULT | _PROPERTIES


def keeps_result(decorator: str) -> bool:
    return decorator in _SAME_RESULT | _PROPERTIES


def of_function(function: Function | ast.Lambda, *, bound: int = 0) -> Signature:
    """`bound`: how many of the first parameters are filled already (`self`)."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args]
    optional = len(named) - len(arguments.defaults)
    parameters = [
        Parameter(a.arg, required=i < optional, keyword=i >= len(arguments.posonlyargs)) for i, a in enumerate(named)
    ][bound:]
    parameters += [
        Parameter(a.arg, required=default is None, positional=False)
        for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    return Signature(tuple(parameters), arguments.vararg is not None, arguments.kwarg is not None)
