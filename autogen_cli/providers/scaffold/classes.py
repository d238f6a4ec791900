"""Classes: the constructor that callers call, the attributes and methods that they use, the protocols they rely on."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from autogen_cli.models import ResultUse
from autogen_cli.providers.scaffold.evidence import Use
from autogen_cli.providers.scaffold.functions import Project, build_method
from autogen_cli.providers.scaffold.members import Member, read_members
from autogen_cli.providers.scaffold.parameters import VARIADIC, Parameter, receiver
from autogen_cli.providers.scaffold.render import (
    Function,
    description,
    docstring,
    function_lines,
    indent,
    not_implemented,
)
from autogen_cli.providers.scaffold.signature import infer_parameters
from autogen_cli.providers.scaffold.special import SPECIAL
from autogen_cli.providers.scaffold.syntax import called_name

_EXCEPTION_NAME = re.compile(r"(Error|Exception|Warning|Exit|Interrupt|Failure|Failed)$")
_EXPECTING = {"raises", "assertRaises", "assertRaisesRegex", "suppress"}
_PROTOCOLS: dict[ResultUse, tuple[str, ...]] = {
    "context": ("__enter__", "__exit__"), "async_context": ("__aenter__", "__aexit__"), "iterated": ("__iter__",),
    "unpacked": ("__iter__",), "async_iterated": ("__aiter__",), "subscript": ("__getitem__",),
    "called": ("__call__",), "decorator": ("__call__",),
}  # fmt: skip
_INHERITED = {
    "Exception": {"args", "with_traceback", "add_note", "__cause__", "__context__", "__traceback__"},
    "UserWarning": {"args"},
    "Enum": {"name", "value", "__members__"},
}


def class_lines(symbol: str, uses: Sequence[Use], project: Project) -> list[str]:
    """`symbol`: module and name."""
    name = symbol.rpartition(".")[2]
    own = [use for use in uses if not use.site.symbol]
    made = [use for use in own if use.is_called]
    members = read_members(uses)
    project = replace(project, style=replace(project.style, shadowed=frozenset(members)))
    base = _base(name, own, made, members)
    parameters = _constructor(uses, made, base, project)
    used = [member for member in members.values() if member.name not in _INHERITED.get(base or "", ())]
    fields = [_field(member, base, annotate=project.style.annotate) for member in _attributes(used, parameters)]
    methods = {member.name: member for member in _methods(used, parameters)}
    methods |= {special: Member(special, called=True) for special in _special_names(made) if special not in methods}
    functions = [_method(f"{symbol}.{member.name}", member, project) for member in methods.values()]
    if parameters:
        functions.insert(0, _init(parameters, base, symbol, stub=not (functions or fields or base)))
    body = docstring(description((), own or uses, project.style.width))
    body += ["", *fields] if fields else []
    for function in functions:
        body += ["", *function_lines(function, project.style)]
    return [f"class {name}{f'({base})' if base else ''}:", *indent(body)]


def _base(name: str, own: Sequence[Use], made: Sequence[Use], members: dict[str, Member]) -> str | None:
    if _EXCEPTION_NAME.search(name) or any(_is_raised(use, name) for use in own):
        return "UserWarning" if name.endswith("Warning") else "Exception"
    constants = [member for member in members.values() if member.on_class and member.name.isupper()]
    iterated = any("iterated" in use.site.uses for use in own if not use.is_called)
    looked_up = all(use.call and len(use.call.positional) == 1 and not use.call.keywords for use in made)
    plain = not any(member.called for member in constants)
    return "Enum" if constants and plain and len(constants) + iterated > 1 and looked_up else None


def _is_raised(use: Use, name: str) -> bool:
    handled = re.search(rf"\bexcept\b[^:]*\b{re.escape(name)}\b", use.site.text)
    return "raised" in use.site.uses or bool(handled) or called_name(use.parent) in _EXPECTING


def _constructor(uses: Sequence[Use], made: Sequence[Use], base: str | None, project: Project) -> tuple[Parameter, ...]:
    """The parameters of `__init__`; empty where the class needs none of its own."""
    calls = [use.call for use in made if use.call]
    if not uses:
        return VARIADIC
    if not calls or base == "Enum" or (base and not any(call.keywords or call.double_star for call in calls)):
        return ()
    return infer_parameters(calls, precedents=project.precedents)


def _init(parameters: tuple[Parameter, ...], base: str | None, symbol: str, *, stub: bool) -> Function:
    passed = ", ".join(parameter.name for parameter in parameters if parameter.kind == "positional")
    parent = [f"super().__init__({passed})"] if base else []
    first = receiver("self", parameters)
    stored = [f"{first}.{parameter.name} = {parameter.name}" for parameter in parameters]
    missing = [not_implemented(symbol)] if stub else []
    body = (*parent, *stored, *missing)
    return Function(name="__init__", parameters=parameters, receiver=first, returns="None", body=body)


def _attributes(used: Iterable[Member], parameters: Sequence[Parameter]) -> list[Member]:
    stored = {parameter.name for parameter in parameters}
    return [member for member in used if not member.called and (member.on_class or member.name not in stored)]


def _methods(used: Iterable[Member], parameters: Sequence[Parameter]) -> list[Member]:
    stored = {parameter.name for parameter in parameters}
    return [member for member in used if member.called and member.name not in stored]


def _field(member: Member, base: str | None, *, annotate: bool) -> str:
    if base == "Enum" and member.on_class:
        return f"{member.name} = auto()"
    if not annotate:
        return f"{member.name} = None"
    return f"{member.name}: {'ClassVar[Any]' if member.on_class else 'Any'} = None"


def _special_names(made: Sequence[Use]) -> list[str]:
    names = [name for use in made for way in use.site.uses for name in _PROTOCOLS.get(way, ())]
    names += ["__await__"] * any(use.site.awaited for use in made)
    names += ["__len__"] * any(called_name(use.parent) == "len" for use in made)
    return list(dict.fromkeys(names))


def _method(symbol: str, member: Member, project: Project) -> Function:
    function = build_method(symbol, [use for use in member.uses if use.is_called], project)
    if member.hidden and member.name not in SPECIAL:
        function = replace(function, parameters=VARIADIC)
    if member.on_class and "classmethod" not in function.decorators:
        function = replace(function, receiver="cls", decorators=("classmethod", *function.decorators))
    return replace(function, doc=())
