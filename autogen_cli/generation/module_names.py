"""The names that a module offers to its own code and to those who import it."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autogen_cli.generation.statements import bound_names, find, flatten, is_type_checking

# What makes names that no reader of the text can list.
_DYNAMIC = re.compile(
    r"\bglobals\(\)\s*(?:\[[^\]\n]*\]\s*=(?!=)|\.\s*(?:update|setdefault)\b)|[=(]\s*(?:globals|vars)\(\)\s*(?:[,)]|$)"
    r"|\bexec\w*\([^()\n]*,\s*globals\(\)|\bsys\.modules\[\s*__name__|^exec\(|\b_convert_\(|\bglobal_enum\b",
    re.MULTILINE,
)

_DYNAMIC_WORDS = ("globals()", "vars()", "exec(", "sys.modules", "_convert_", "global_enum")

IMPLICIT = frozenset(
    ("__file__", "__name__", "__doc__", "__package__", "__path__", "__spec__", "__loader__", "__builtins__",
     "__debug__", "__dict__", "__annotations__", "__cached__", "WindowsError")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModuleNames:
    """runtime: bound as the module is imported. typing: bound only for type checkers. stars: star imports.

    offered: what a module-level `__getattr__` may answer importers, told by the strings of the module; None where it
    asks something else. dynamic: the module makes names in ways that the text doesn't tell.
    """

    runtime: frozenset[str]
    typing: frozenset[str]
    stars: tuple[ast.ImportFrom, ...]
    offered: frozenset[str] | None
    dynamic: bool

    def __contains__(self, name: str) -> bool:
        return name in self.runtime or name in self.typing or name in IMPLICIT


def module_names(tree: ast.Module, text: str) -> ModuleNames:
    runtime, typing = _split(tree.body)
    names = bound_names(*runtime)
    if "global " in text:
        names.update(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
    imports = (s for s in ast.walk(tree) if isinstance(s, ast.ImportFrom)) if "*" in names else ()
    return ModuleNames(
        runtime=frozenset(names - {"*"}),
        typing=frozenset(bound_names(*typing) - names),
        stars=tuple(s for s in imports if s.names[0].name == "*"),
        offered=_offered(tree) if "__getattr__" in names else frozenset(),
        dynamic=_is_dynamic(text),
    )


def extended_names(
    names: ModuleNames, top: Sequence[ast.stmt], inner: Sequence[ast.stmt], text: str
) -> ModuleNames | None:
    """A module's names with those of statements that join it: at its top level, and inside its classes. text: of them.

    None where more than the new statements tell.
    """
    runtime, typing = _split(top)
    new = bound_names(*runtime)
    if "__getattr__" in names or "__getattr__" in new:
        return None
    stars = [s for part in top for s in ast.walk(part) if isinstance(s, ast.ImportFrom)] if "*" in new else []
    if "global " in text:
        nodes = (node for part in (*top, *inner) for node in ast.walk(part))
        new.update(name for node in nodes if isinstance(node, ast.Global) for name in node.names)
    bound = names.runtime | (new - {"*"})
    return ModuleNames(
        runtime=bound,
        typing=(names.typing | bound_names(*typing)) - bound,
        stars=(*names.stars, *(s for s in stars if s.names[0].name == "*")),
        offered=names.offered,
        dynamic=names.dynamic or _is_dynamic(text),
    )


def _is_dynamic(text: str) -> bool:
    return any(word in text for word in _DYNAMIC_WORDS) and bool(_DYNAMIC.search(text))


def _offered(tree: ast.Module) -> frozenset[str] | None:
    lookup = find(tree.body, "__getattr__")[-1]
    match lookup:
        case ast.Assign(value=ast.Call(func=ast.Name(id=maker))):  # made by a function of the module
            lookup = next(reversed(find(tree.body, maker)), lookup)
    called = {ast.unparse(node.func) for node in ast.walk(lookup) if isinstance(node, ast.Call)}
    if not isinstance(lookup, ast.FunctionDef) or "getattr" in called:
        return None
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str) and value.isidentifier())


def _split(body: Sequence[ast.stmt]) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Statements that run, and those under `if TYPE_CHECKING`."""
    runtime, typing = [], []
    for statement in body:
        if isinstance(statement, ast.If) and is_type_checking(statement):
            typing += statement.body
            runtime += statement.orelse
        else:
            runtime.append(statement)
    return runtime, typing


def imports_of(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """The import statements of a scope, and whether each is for type checkers only."""
    for part, typing in zip(_split(body), (False, True), strict=True):
        for statement in flatten(part):
            if isinstance(statement, ast.Import | ast.ImportFrom):
                yield statement, typing
