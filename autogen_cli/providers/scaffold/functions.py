"""Functions and methods: signature and outcome put together to a stub."""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autogen_cli.providers.scaffold.annotations import alternatives
from autogen_cli.providers.scaffold.evidence import Call, Use
from autogen_cli.providers.scaffold.naming import words
from autogen_cli.providers.scaffold.parameters import Parameter, binds, receiver
from autogen_cli.providers.scaffold.precedents import Precedent, read_parameters
from autogen_cli.providers.scaffold.ranking import written_names
from autogen_cli.providers.scaffold.render import Function, Style, description, docstring, indent, not_implemented
from autogen_cli.providers.scaffold.results import outcome
from autogen_cli.providers.scaffold.signature import infer_parameters
from autogen_cli.providers.scaffold.special import SPECIAL, special_method
from autogen_cli.providers.scaffold.syntax import called_name, parse

_STEPS = {
    "context": "Iterator", "generator": "Iterator",
    "async_context": "AsyncIterator", "async_generator": "AsyncIterator",
}  # fmt: skip
_MANAGERS = {"context": ("contextmanager",), "async_context": ("asynccontextmanager",)}
_CALLABLE = "Callable[..., Any]"
_STEPWISE = re.compile(r"^(\w+\.)*(Async)?(Iterator|Generator)\b")


@dataclass(frozen=True, slots=True)
class Project:
    """What a scaffold goes by besides the uses. signature: of the definition that is going to be replaced."""

    style: Style
    precedents: tuple[Precedent, ...] = ()
    signature: str = ""


def build_function(symbol: str, uses: Sequence[Use], project: Project) -> Function:
    """`symbol`: module and name."""
    if any("decorator" in use.site.uses for use in uses):
        return _decorator(symbol, uses, project)
    return _assemble(symbol, uses, [use for use in uses if use.is_called], project)


def kept_lines(symbol: str, uses: Sequence[Use], project: Project) -> list[str] | None:
    """The stub under the signature that is there; None where a call doesn't bind to it, or it isn't a function's."""
    module = parse(f"{project.signature}\n    pass")
    node = module.body[0] if module else None
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    owner = symbol.rpartition(".")[0].rpartition(".")[2]
    static = any(ast.unparse(decorator) == "staticmethod" for decorator in node.decorator_list)
    parameters = tuple(read_parameters(node.args, "" if static else owner))
    calls = [_bound(use, owner).call for use in uses if use.is_called]
    if not all(call is None or binds(parameters, call) for call in calls):
        return None
    returns = alternatives(ast.unparse(node.returns)) if node.returns else []
    steps = len(returns) == 1 and _STEPWISE.search(returns[0])
    doc = description(_facts([use for use in uses if use.is_called]), uses, project.style.width)
    body = [*docstring(doc), not_implemented(symbol), *(["yield  # what callers get goes here"] if steps else [])]
    return [*project.signature.splitlines(), *indent(body)]


def build_method(symbol: str, uses: Sequence[Use], project: Project) -> Function:
    """A method as its callers see it: on instances, on the class, or read like an attribute."""
    *_, owner, name = symbol.split(".")
    if name in SPECIAL:
        return special_method(name, symbol)
    if any(_delegates(use, name) or (use.is_called and not _is_on_class(use, owner)) for use in uses):
        uses = [_bound(use, owner) for use in uses]
    called = [use for use in uses if use.is_called]
    if uses and not called and not any(_is_passed_on(use) for use in uses):
        return _property(symbol, uses, project)
    function = _assemble(symbol, uses, called, project)
    if any(_is_on_class(use, owner) for use in called):
        first = receiver("cls", function.parameters)
        return replace(function, receiver=first, decorators=("classmethod", *function.decorators))
    returns = "None" if name == "__init__" else function.returns
    return replace(function, receiver=receiver("self", function.parameters), returns=returns)


def _property(symbol: str, uses: Sequence[Use], project: Project) -> Function:
    name = symbol.rpartition(".")[2]
    end = outcome(uses, name)
    kinds = {"plain": end.annotation or "Any", "generator": f"Iterable[{end.annotation}]"}
    return Function(
        name=name,
        parameters=(),
        receiver="self",
        decorators=("property",),
        returns=kinds.get(end.flavour, "Any"),
        doc=description(_facts(uses), uses, project.style.width),
        body=(not_implemented(symbol),),
    )


def _assemble(symbol: str, uses: Sequence[Use], called: Sequence[Use], project: Project) -> Function:
    """`called`: the uses whose result is the function's."""
    name = symbol.rpartition(".")[2]
    calls = [use.call for use in uses if use.call]
    parameters = _precedent(symbol, calls, project) or infer_parameters(
        calls, function=name, precedents=project.precedents
    )
    end = outcome(called, name)
    kind = end.annotation or "Any"
    return Function(
        name=name,
        parameters=parameters,
        decorators=_MANAGERS.get(end.flavour, ()),
        returns=f"{_STEPS[end.flavour]}[{kind}]" if end.flavour in _STEPS else kind,
        is_async=end.flavour in {"coroutine", "async_context", "async_generator"},
        doc=description(_facts(called), uses, project.style.width),
        body=(not_implemented(symbol), *(("yield  # what callers get goes here",) if end.flavour in _STEPS else ())),
    )


def _precedent(symbol: str, calls: Sequence[Call], project: Project) -> tuple[Parameter, ...] | None:
    """The parameters of a function of the same name in a class of a similar one (an override, an async twin), if every
    call binds to them and callers have no other names for what they pass.
    """
    *_, owner, name = symbol.split(".")
    for precedent in project.precedents:
        related = words(owner) & words(precedent.owner) if precedent.owner else owner.islower()
        if precedent.name == name and related and calls and _agrees(precedent, calls):
            known = {found.name: found.annotation for found in infer_parameters(calls)}
            return tuple(replace(found, annotation=known.get(found.name)) for found in precedent.parameters)
    return None


def _agrees(precedent: Precedent, calls: Sequence[Call]) -> bool:
    if not all(binds(precedent.parameters, call) for call in calls):
        return False
    verdicts = []
    for index, name in enumerate(precedent.positional):
        passed = [(call.positional[index], call) for call in calls if index < len(call.positional)]
        if written := written_names(passed):
            verdicts.append(name in written)
    return 2 * sum(verdicts) >= len(verdicts)


def _facts(called: Sequence[Use]) -> list[str]:
    """What callers do with the result, in words."""
    facts = []
    unpacked = [use.site.names for use in called if "unpacked" in use.site.uses and use.site.names]
    if unpacked:
        _, longest = max((len(names), names) for names in unpacked)
        facts.append(f"Callers unpack the result into {', '.join(longest)}.")
    members = sorted({member for use in called for member in use.site.members})
    if members:
        facts.append(f"Callers use {', '.join(members[:8])} of the result.")
    bound = Counter(use.site.names[0] for use in called if len(use.site.names) == 1)
    if bound and not unpacked:
        facts.append(f"Callers name the result {', '.join(name for name, _ in bound.most_common(3))}.")
    return facts


def _decorator(symbol: str, uses: Sequence[Use], project: Project) -> Function:
    """`@name`, `@name(...)` or both; a plain call passes the function itself, unless there is only `@name(...)`."""
    bare = [use for use in uses if "decorator" in use.site.uses and not use.is_called]
    factory = any("decorator" in use.site.uses and use.is_called for use in uses)
    on_classes = bool(bare) and all(re.search(r"^\s*class\b", use.site.text, re.MULTILINE) for use in bare)
    subject, kind = ("cls", "type") if on_classes else ("func", _CALLABLE)
    calls = [use.call for use in uses if use.call and use.is_called]
    if bare:
        calls.insert(0, Call((ast.Name(subject),)))
    parameters = infer_parameters(calls, precedents=project.precedents)
    if bare:
        first = parameters[0]
        wanted = kind if first.default is None else f"{kind} | None"
        fixed = {name for call in calls for name, _ in call.keywords} | {found.name for found in parameters[1:]}
        name = first.name if {first.name, subject} & fixed else subject
        parameters = (replace(first, name=name, annotation=wanted), *parameters[1:])
    made = f"Callable[[{_CALLABLE}], {_CALLABLE}]"
    return Function(
        name=symbol.rpartition(".")[2],
        parameters=parameters,
        returns="Any" if bare and factory else kind if bare else made,
        doc=description(["Callers use it as a decorator."], uses, project.style.width),
        body=(not_implemented(symbol),),
    )


def _delegates(use: Use, name: str) -> bool:
    """Whether the caller is a method of the same name: an override."""
    return (use.site.enclosing or "").rpartition(".")[2] == name


def _bound(use: Use, owner: str) -> Use:
    """`Owner.method(self, x)` is the call `self.method(x)` of a method that instances have."""
    first = use.call.positional[0] if use.call and use.call.positional else None
    if use.call and _is_on_class(use, owner) and isinstance(first, ast.Name) and first.id == "self":
        return replace(use, call=replace(use.call, positional=use.call.positional[1:]), node=None, around=())
    return use


def _is_on_class(use: Use, owner: str) -> bool:
    name = called_name(use.receiver) if isinstance(use.receiver, ast.Name | ast.Attribute) else ""
    return name in {"cls", owner} or (name.lstrip("_")[:1].isupper() and not name.isupper())


def _is_passed_on(use: Use) -> bool:
    """A bound method given away (`on_close(self.finish)`): not an attribute that is read."""
    return use.call is not None or bool({"argument", "decorator"} & set(use.site.uses))
