"""Source text of scaffolds: functions, docstrings, and the imports that the text turns out to need."""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autogen_cli.models import CodeContext
from autogen_cli.providers.scaffold.evidence import Use
from autogen_cli.providers.scaffold.parameters import Parameter

HOMES = {
    **dict.fromkeys(("Any", "ClassVar", "Dict", "List", "Optional", "Set", "Tuple", "TypeVar", "Union"), "typing"),
    **dict.fromkeys(("AsyncIterator", "Callable", "Generator", "Iterable", "Iterator", "Sequence"), "collections.abc"),
    **dict.fromkeys(("AsyncIterable", "Awaitable", "Mapping", "MutableMapping"), "collections.abc"),
    **dict.fromkeys(("asynccontextmanager", "contextmanager"), "contextlib"),
    **dict.fromkeys(("Path", "PurePath", "PurePosixPath"), "pathlib"),
    **dict.fromkeys(("date", "datetime", "timedelta"), "datetime"),
    **dict.fromkeys(("BytesIO", "StringIO"), "io"),
    **dict.fromkeys(("Enum", "auto"), "enum"),
    "Decimal": "decimal", "Fraction": "fractions", "UUID": "uuid", "TracebackType": "types",
    "logging": "", "re": "", "threading": "",
}  # fmt: skip
"""Names that scaffolds use, and the standard module that each comes from; empty for a module itself."""

_SHOWN_SITES = 6
_SCAFFOLD = "Scaffold: nothing is implemented yet."


@dataclass(frozen=True, slots=True)
class Style:
    """How the project writes.

    evaluated: annotations are, when the module is imported. old: the project's oldest Python can't evaluate `X | None`.
    shadowed: names that mean something else inside the class (a method `list`).
    """

    annotate: bool = True
    evaluated: bool = True
    old: bool = False
    width: int = 88
    shadowed: frozenset[str] = frozenset()

    def annotation(self, text: str) -> str:
        """Names of the project's own are quoted: they may be defined below, or for type checkers only."""
        unsafe = names_in(text) - (KNOWN - self.shadowed) or (self.old and re.search(r"[|\[]", text))
        return f'"{text}"' if self.evaluated and unsafe else text


_BUILTIN = {
    "str", "int", "float", "complex", "bool", "bytes", "bytearray", "list", "tuple", "set", "frozenset", "dict",
    "range", "object", "type", "None", "Exception", "BaseException", "Pattern", "Match", "Logger", "Lock",
}  # fmt: skip
KNOWN = HOMES.keys() | _BUILTIN
"""Names that mean the same in every module, given the imports that `import_lines` finds."""


def names_in(annotation: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", annotation))


def portable(annotation: str) -> str:
    """`t.Any` as `Any`: the name that scaffolds import, whatever the caller calls the module."""
    return re.sub(r"\b(?:typing|t|collections\.abc|cabc|abc|datetime|pathlib|decimal)\.(?=[A-Z])", "", annotation)


def read_style(context: CodeContext) -> Style:
    """From the context's sentences on conventions. Projects that say nothing get annotations."""
    told = " ".join(context.conventions)
    width = re.search(r"at most (\d+) char", told)
    oldest = re.search(r"supports Python[^\d]*3\.(\d+)", told)
    return Style(
        annotate="have no annotations" not in told,
        evaluated="from __future__ import annotations" not in told,
        old=oldest is not None and int(oldest[1]) < 10,
        width=int(width[1]) if width else 88,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function to be written. body: statements, one a line. doc: the docstring's lines."""

    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[str, ...]
    doc: tuple[str, ...] = ()
    receiver: str | None = None
    decorators: tuple[str, ...] = ()
    returns: str = "Any"
    is_async: bool = False


def function_lines(function: Function, style: Style) -> list[str]:
    head = f"{'async ' if function.is_async else ''}def {function.name}("
    tail = f") -> {style.annotation(function.returns)}:" if style.annotate else "):"
    parameters = _parameter_texts(function, style)
    line = f"{head}{', '.join(parameters)}{tail}"
    signature = [line] if len(line) <= style.width else [head, *(f"    {text}," for text in parameters), tail]
    body = indent([*docstring(function.doc), *function.body])
    return [*(f"@{decorator}" for decorator in function.decorators), *signature, *body]


def _parameter_texts(function: Function, style: Style) -> list[str]:
    texts = [function.receiver] if function.receiver else []
    kinds = [parameter.kind for parameter in function.parameters]
    for index, parameter in enumerate(function.parameters):
        if parameter.kind == "keyword" and "keyword" not in kinds[:index] and "star" not in kinds:
            texts.append("*")
        texts.append(_parameter_text(parameter, style))
    return texts


def _parameter_text(parameter: Parameter, style: Style) -> str:
    text = {"star": "*", "double_star": "**"}.get(parameter.kind, "") + parameter.name
    if not style.annotate:
        return text if parameter.default is None else f"{text}={parameter.default}"
    text += f": {style.annotation(parameter.annotation or 'Any')}"
    return text if parameter.default is None else f"{text} = {parameter.default}"


def indent(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def docstring(lines: Sequence[str]) -> list[str]:
    """The lines as a docstring, whatever they hold."""
    if not lines:
        return []
    safe = [line.replace("\\", "\\\\").replace('"""', "'''") for line in lines]
    return [f'"""{safe[0]}', *safe[1:], '"""'] if len(safe) > 1 else [f'"""{safe[0]}"""']


def description(facts: Sequence[str], uses: Sequence[Use], width: int) -> tuple[str, ...]:
    """The lines of a scaffold's docstring: what is known, and where the symbol is used."""
    return (_SCAFFOLD, "", *facts, *([""] if facts else []), *site_lines(uses, width))


def site_lines(uses: Sequence[Use], width: int) -> list[str]:
    """Where the symbol is used, code before tests, the first few written out."""
    if not uses:
        return ["No use of it was found."]
    ordered = sorted(uses, key=lambda use: use.site.in_test)
    shown = [_site_line(use, width) for use in ordered[:_SHOWN_SITES]]
    rest = len(ordered) - len(shown)
    return ["Used in:", *shown, *([f"    and {rest} more"] if rest else [])]


def _site_line(use: Use, width: int) -> str:
    first, *more = use.site.text.strip().splitlines() or [""]
    line = f"    {use.site.path}:{use.site.line}  {first}{' ...' if more else ''}".rstrip()
    line = "".join(character if character.isprintable() else " " for character in line)
    room = width - 8
    return line if len(line) <= room else f"{line[: room - 4].rstrip()} ..."


def not_implemented(symbol: str) -> str:
    return f'raise NotImplementedError("{symbol} is a scaffold: write its body")'


def import_lines(code: str) -> list[str]:
    """Imports for the names of `HOMES` that the code uses and doesn't define, sorted as isort would."""
    tree = ast.parse(code)
    defined = {getattr(node, "name", "") for node in tree.body}
    used = {name for node in ast.walk(tree) for name in _used_names(node) if name in HOMES} - defined
    modules = sorted(name for name in used if not HOMES[name])
    homes = sorted({HOMES[name] for name in used} - {""})
    return [
        *(f"import {module}" for module in modules),
        *(f"from {home} import {', '.join(sorted(name for name in used if HOMES[name] == home))}" for home in homes),
    ]


def _used_names(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Name):
        yield node.id
    for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            yield from re.findall(r"(?<![\w.])[A-Za-z_]\w*", annotation.value)
