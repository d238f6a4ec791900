"""Methods that the language itself calls: their signatures are given, whatever the project does."""

from autogen_cli.providers.scaffold.parameters import Parameter
from autogen_cli.providers.scaffold.render import Function, not_implemented

_EXIT = "exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None"
_OTHER = "other: Any"
_ITEM = "key: Any"

SPECIAL: dict[str, tuple[str, str]] = {
    "__enter__": ("", "Any"), "__exit__": (_EXIT, "bool | None"),
    "__aenter__": ("", "Any"), "__aexit__": (_EXIT, "bool | None"),
    "__iter__": ("", "Iterator[Any]"), "__next__": ("", "Any"),
    "__aiter__": ("", "AsyncIterator[Any]"), "__anext__": ("", "Any"), "__await__": ("", "Generator[Any, None, Any]"),
    "__len__": ("", "int"), "__bool__": ("", "bool"), "__contains__": ("item: object", "bool"),
    "__getitem__": (_ITEM, "Any"), "__setitem__": (f"{_ITEM}, value: Any", "None"), "__delitem__": (_ITEM, "None"),
    "__getattr__": ("name: str", "Any"), "__eq__": ("other: object", "bool"), "__ne__": ("other: object", "bool"),
    "__lt__": (_OTHER, "bool"), "__le__": (_OTHER, "bool"), "__gt__": (_OTHER, "bool"), "__ge__": (_OTHER, "bool"),
    "__hash__": ("", "int"), "__repr__": ("", "str"), "__str__": ("", "str"), "__bytes__": ("", "bytes"),
    "__int__": ("", "int"), "__float__": ("", "float"), "__fspath__": ("", "str"), "__del__": ("", "None"),
    "__add__": (_OTHER, "Any"), "__sub__": (_OTHER, "Any"), "__mul__": (_OTHER, "Any"), "__truediv__": (_OTHER, "Any"),
    "__or__": (_OTHER, "Any"), "__and__": (_OTHER, "Any"),
}  # fmt: skip
"""Name: parameters after `self`, and what it returns."""

_ASYNC = {"__aenter__", "__aexit__", "__anext__"}


def special_method(name: str, symbol: str) -> Function:
    """`symbol`: the dotted name for messages."""
    signature, returns = SPECIAL[name]
    pairs = [part.split(": ", 1) for part in signature.split(", ")] if signature else []
    given = tuple(Parameter(parameter, annotation=annotation) for parameter, annotation in pairs)
    return Function(
        name=name,
        parameters=given,
        receiver="self",
        returns=returns,
        is_async=name in _ASYNC,
        body=(not_implemented(symbol),),
    )
