"""How a class is instantiated and what its objects can do, its bases followed as far as they can be found."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autogen_cli.generation.checks.modules import Modules
from autogen_cli.generation.checks.signature import Parameter, Signature, decorator_names, of_function
from autogen_cli.generation.statements import Function, bound_names, find

_NEUTRAL = frozenset(("object", "Protocol", "Generic", "ABC"))
_KEEPING = frozenset(("dataclass", "final", "runtime_checkable", "total_ordering", "dataclass_transform", "deprecated"))
_MOST_BASES = 8


@dataclass(frozen=True, slots=True)
class Classes:
    """Looks classes up in the project and what it can read of its environment."""

    modules: Modules

    def signature(self, definition: ast.ClassDef, file: Path, depth: int = 0) -> Signature | None:
        """How the class is called; None where a decorator, metaclass or base that isn't known may decide it."""
        if any(k.arg == "metaclass" and _last_name(k.value) != "ABCMeta" for k in definition.keywords):
            return None
        if not _KEEPING.issuperset(decorator_names(definition)) or depth > _MOST_BASES:
            return None
        for name in ("__init__", "__new__"):
            for function in find(definition.body, name)[-1:]:
                return of_function(function, bound=1) if isinstance(function, ast.FunctionDef) else None
        if "dataclass" in decorator_names(definition) or any(_last_name(b) == "NamedTuple" for b in definition.bases):
            return self._of_fields(definition, file, depth)
        for base in definition.bases:
            inherited = self._of_base(base, file, depth)
            if inherited is None or inherited.parameters or inherited.args:
                return inherited
        return Signature(())

    def provides(self, definition: ast.ClassDef, file: Path, method: str, depth: int = 0) -> bool | None:
        """Whether objects of the class have a method; None where a base isn't known."""
        if method in bound_names(*definition.body):
            return True
        answers = []
        for base in definition.bases:
            if _last_name(base) not in _NEUTRAL:
                found = self.find(base, file) if depth <= _MOST_BASES else None
                answers.append(self.provides(found[1], found[0], method, depth + 1) if found else None)
        if definition.decorator_list or definition.keywords:
            answers.append(None)
        return True if True in answers else None if None in answers else False

    def method(
        self, definition: ast.ClassDef, file: Path, name: str, depth: int = 0
    ) -> tuple[Path, ast.ClassDef, Function] | None:
        """The function that a method's name means on objects of the class, and where it is; None if that isn't sure."""
        own = find(definition.body, name)
        if own:
            single = own[0] if len(own) == 1 else None
            return (file, definition, single) if isinstance(single, ast.FunctionDef | ast.AsyncFunctionDef) else None
        for base in definition.bases:
            if _last_name(base) in _NEUTRAL:
                continue
            found = self.find(base, file) if depth <= _MOST_BASES else None
            if found is None:
                return None
            if answer := self.method(found[1], found[0], name, depth + 1):
                return answer
            if self.provides(found[1], found[0], name) is not False:
                return None
        return None

    def inherits(
        self,
        definition: ast.ClassDef,
        file: Path,
        method: str,
        home: tuple[Path, str],
        *,
        own: bool = True,
        depth: int = 0,
    ) -> bool | None:
        """Whether a method comes from the class `home` (file, name) rather than from another one.

        None where neither has it: a base isn't known, or the object is of a class below this one. own: False asks for
        what `super()` gives.
        """
        if own and (file, definition.name) == home:
            return True
        if own and method in bound_names(*definition.body):
            return False
        for base in definition.bases:
            found = self.find(base, file) if depth <= _MOST_BASES else None
            if found is None and _last_name(base) not in _NEUTRAL:
                return None
            answer = self.inherits(found[1], found[0], method, home, depth=depth + 1) if found else None
            if answer is not None:
                return answer
        return None

    def _of_base(self, base: ast.expr, file: Path, depth: int) -> Signature | None:
        name = _last_name(base)
        if name in _NEUTRAL:
            return Signature(())
        builtin = getattr(builtins, name, None)
        if isinstance(base, ast.Name) and isinstance(builtin, type) and issubclass(builtin, BaseException):
            return Signature((), args=True)
        found = self.find(base, file)
        return self.signature(found[1], found[0], depth + 1) if found else None

    def find(self, base: ast.expr, file: Path) -> tuple[Path, ast.ClassDef] | None:
        """The class that an expression of a file names."""
        node = base.value if isinstance(base, ast.Subscript) else base
        found = self.modules.resolve(file, ast.unparse(node)) if isinstance(node, ast.Name | ast.Attribute) else None
        return (found[0], found[1]) if found and isinstance(found[1], ast.ClassDef) else None

    def _of_fields(self, definition: ast.ClassDef, file: Path, depth: int) -> Signature | None:
        fields: dict[str, Parameter] = {}
        for base in reversed(definition.bases):
            if _last_name(base) not in {*_NEUTRAL, "NamedTuple"}:
                found = self.find(base, file)
                inherited = self.signature(found[1], found[0], depth + 1) if found else None
                if inherited is None or inherited.args:
                    return None
                fields |= {p.name: p for p in inherited.parameters}
        fields |= {p.name: p for p in _fields(definition)}
        ordered = sorted(fields.values(), key=lambda p: not p.positional)
        return Signature(tuple(ordered))


def _fields(definition: ast.ClassDef) -> Iterator[Parameter]:
    keyword_only = _is_keyword_only(definition)
    for statement in definition.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        kind = _last_name(statement.annotation)
        if kind == "KW_ONLY":
            keyword_only = True
        elif kind != "ClassVar":
            given = _options(statement.value)
            if given.get("init") is not False:
                optional = statement.value is not None and (
                    given == {} or not given.keys().isdisjoint(("default", "default_factory"))
                )
                own = given.get("kw_only", keyword_only)
                yield Parameter(statement.target.id, required=not optional, positional=not own)


def _is_keyword_only(definition: ast.ClassDef) -> bool:
    calls = (d for d in definition.decorator_list if isinstance(d, ast.Call))
    return any(k.arg == "kw_only" and getattr(k.value, "value", None) is True for call in calls for k in call.keywords)


def _options(value: ast.expr | None) -> dict[str, object]:
    """Arguments of `field(...)`; a call without any is marked, since it gives no default."""
    if not isinstance(value, ast.Call) or _last_name(value.func) != "field":
        return {}
    return {"": None} | {k.arg or "": getattr(k.value, "value", ...) for k in value.keywords}


def _last_name(node: ast.expr) -> str:
    """`Generic` of `typing.Generic[T]`."""
    inner = node.value if isinstance(node, ast.Subscript) else node
    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
        return inner.value.partition("[")[0].rpartition(".")[2]
    return getattr(inner, "attr", getattr(inner, "id", ""))
