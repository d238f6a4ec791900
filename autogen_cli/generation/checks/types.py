"""Types, where an annotation and a literal make it certain: defaults, returned values, arguments at call sites."""

import ast
from collections.abc import Iterator

from autogen_cli.generation.checks import sites
from autogen_cli.generation.checks.results import results_of
from autogen_cli.generation.checks.signature import decorator_names, is_property
from autogen_cli.generation.checks.subject import Finding, Subject, verdict
from autogen_cli.generation.statements import Function
from autogen_cli.models import CallSite, CheckResult

# What a parameter of a type takes besides its own literals.
_TAKES: dict[str, frozenset[str]] = {
    "str": frozenset(("str",)),
    "bytes": frozenset(("bytes",)),
    "bool": frozenset(("bool",)),
    "int": frozenset(("int", "bool")),
    "float": frozenset(("float", "int", "bool")),
    "list": frozenset(("list",)),
    "dict": frozenset(("dict",)),
    "set": frozenset(("set",)),
    "tuple": frozenset(("tuple",)),
    "None": frozenset(("NoneType",)),
}
_DISPLAYS: dict[type[ast.AST], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.JoinedStr: "str",
}


def match(subject: Subject) -> CheckResult:
    shadowed = subject.after.names.runtime & set(_TAKES)
    if shadowed:
        return verdict("types", [], f"the module has a {', '.join(sorted(shadowed))} of its own")
    return verdict("types", [finding for symbol in subject.symbols() for finding in _findings(symbol)])


def _findings(subject: Subject) -> Iterator[Finding]:
    definition = subject.shown.definition[-1]
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (*_defaults(definition), *_returned(definition), *_passed(definition, subject))


def _defaults(function: Function) -> Iterator[Finding]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(reversed(named), reversed(arguments.defaults), strict=False)]
    for parameter, default in [*pairs, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        given = _literal(default)
        if given not in {None, "NoneType"} and parameter.annotation and not _takes(parameter.annotation, given):
            detail = f"{parameter.arg} is annotated {ast.unparse(parameter.annotation)}, and its default is a {given}"
            yield Finding(detail, parameter.lineno)


def _returned(function: Function) -> Iterator[Finding]:
    results = results_of(function)
    if function.returns is None or results.yields:
        return
    for value in results.returns:
        given = _literal(value)
        if value is not None and given and not _takes(function.returns, given):
            detail = f"it returns a {given}, and is annotated {ast.unparse(function.returns)}"
            yield Finding(detail, value.lineno, "warn" if given == "NoneType" else "fail")


def _passed(function: Function, subject: Subject) -> Iterator[Finding]:
    names = decorator_names(function)
    if is_property(function) or (names and not {"staticmethod", "classmethod"}.issuperset(names)):
        return
    arguments = function.args
    bound = subject.target.owner is not None and "staticmethod" not in names
    positional = [*arguments.posonlyargs, *arguments.args][bound:]
    by_name = {p.arg: p for p in (*positional, *arguments.kwonlyargs)}
    for site in sites.calls(subject):
        if sites.is_unbound(site, subject) or sites.expects_error(site, subject):
            continue
        for parameter, given in _pairs(site, positional, by_name):
            wrong = parameter.annotation and not _takes(parameter.annotation, given)
            if parameter.annotation and wrong and sites.is_certain(site, subject):
                wanted = f"{parameter.arg}: {ast.unparse(parameter.annotation)}"
                detail = f"{site.path}:{site.line}: it passes a {given} for {wanted}"
                yield Finding(detail, parameter.lineno, "warn" if site.in_test or given == "NoneType" else "fail")


def _pairs(site: CallSite, positional: list[ast.arg], by_name: dict[str, ast.arg]) -> Iterator[tuple[ast.arg, str]]:
    """Parameters with the type of the literal that is passed for them."""
    for index, argument in enumerate(site.arguments or ()):
        if argument.star:
            return
        try:
            given = _literal(ast.parse(argument.text.strip(), mode="eval").body)
        except (SyntaxError, ValueError):
            continue
        parameter = (
            by_name.get(argument.name) if argument.name else positional[index] if index < len(positional) else None
        )
        if parameter and given:
            yield parameter, given


def _literal(value: ast.expr | None) -> str | None:
    """The type of a literal; None for anything that has to be run to be known."""
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        value = value.operand
    if isinstance(value, ast.Constant):
        return None if value.value is ... else type(value.value).__name__
    return _DISPLAYS.get(type(value)) if value else None


def _takes(annotation: ast.expr, given: str | None) -> bool:
    """Whether a type takes a literal; True where the annotation isn't made of built-in types alone."""
    match annotation:
        case ast.Constant(value=None):
            return given == "NoneType"
        case ast.Constant(value=str(text)):
            try:
                return _takes(ast.parse(text, mode="eval").body, given)
            except SyntaxError:
                return True
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _takes(left, given) or _takes(right, given)
        case ast.Subscript(value=ast.Name(id=name)):
            return given is None or name not in _TAKES or given in _TAKES[name]
        case ast.Name(id=name):
            return given is None or name not in _TAKES or given in _TAKES[name]
    return True
