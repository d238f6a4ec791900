"""The class of an object, told by what made it, annotates it, returns it or gives it to a test; never guessed."""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autogen_cli.generation.checks.bindings import Bound, assigned, bindings, binds, is_fixture, is_none, last_name
from autogen_cli.generation.checks.classes import Classes
from autogen_cli.generation.checks.modules import Modules
from autogen_cli.generation.checks.signature import decorator_names, is_property, keeps_result
from autogen_cli.generation.scopes import parameters
from autogen_cli.generation.source import parse
from autogen_cli.generation.statements import Function, bound_names, find, own_nodes

_WRAPPERS = frozenset(("Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly"))
_GIVERS = frozenset(("Iterator", "Iterable", "Generator", "AsyncIterator", "AsyncIterable", "AsyncGenerator"))
_MANAGERS = frozenset(("contextmanager", "asynccontextmanager"))


@dataclass(frozen=True, slots=True)
class Known:
    """A class and its file. is_class: the class itself is meant, not an object of it."""

    file: Path
    definition: ast.ClassDef
    is_class: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: its file, and the functions and classes around it, outermost first."""

    file: Path
    around: tuple[ast.AST, ...] = ()

    def hides(self, dotted: str) -> bool:
        """Whether a function around has a variable of the first name of a dotted one."""
        name = dotted.partition(".")[0]
        return any(isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef) and binds(s, name) for s in self.around)


@dataclass(slots=True)
class Receivers:
    """Follows assignments, annotations, calls and fixtures. Where two of them disagree, nothing is known."""

    modules: Modules
    _memo: dict[int, Known | None] = field(default_factory=dict)

    @property
    def classes(self) -> Classes:
        return Classes(self.modules)

    def of(self, node: ast.expr, place: Place) -> Known | None:
        """node: of a tree that `modules` holds."""
        if id(node) not in self._memo:
            self._memo[id(node)] = None  # for whoever comes back here in a circle
            self._memo[id(node)] = self._of(node, place)
        return self._memo[id(node)]

    def _of(self, node: ast.expr, place: Place) -> Known | None:
        known = None
        match node:
            case ast.Name(id=name):
                known = self._named(name, place)
            case ast.Attribute(value=value, attr=name):
                owner = self.of(value, place)
                known = self._attribute(owner, name) if owner else self._global(ast.unparse(node), place)
            case ast.Call(func=ast.Name(id="cast") | ast.Attribute(attr="cast"), args=[annotation, _]):
                known = self.annotated(annotation, place)
            case ast.Call(func=function):
                known = self._called(function, place, awaited=False)
            case ast.Await(value=ast.Call(func=function)):
                known = self._called(function, place, awaited=True)
            case ast.NamedExpr(value=value):
                known = self.of(value, place)
            case ast.IfExp(body=body, orelse=other):
                known = self._agreed([body, other], place)
            case ast.BoolOp(values=values):
                known = self._agreed(values, place)
        return known

    def _agreed(self, values: Iterable[ast.expr | None], place: Place) -> Known | None:
        """What all values are, those that are None left out."""
        real = [v for v in values if v is not None and not (isinstance(v, ast.Constant) and v.value is None)]
        return _same([self.of(value, place) for value in real])

    def annotated(self, node: ast.expr | None, place: Place, itself: Known | None = None) -> Known | None:
        """What an annotation names. itself: what `Self` means."""
        match node:
            case ast.Constant(value=str(text)):
                return self.annotated(_expression(text), place, itself)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                sides = [s for s in (left, right) if not (isinstance(s, ast.Constant) and s.value is None)]
                return _same([self.annotated(side, place, itself) for side in sides])
            case ast.Subscript(value=value, slice=inner) if last_name(value) in _WRAPPERS:
                return self.annotated(inner.elts[0] if isinstance(inner, ast.Tuple) else inner, place, itself)
            case ast.Subscript(value=value, slice=inner) if last_name(value) in {"type", "Type"}:
                found = self.annotated(inner, place, itself)
                return replace(found, is_class=True) if found else None
            case ast.Name() | ast.Attribute() if last_name(node) == "Self":
                return replace(itself, is_class=False) if itself else None
            case ast.Name() | ast.Attribute() | ast.Subscript():
                found_class = self.classes.find(node, place.file)
                return Known(*found_class) if found_class else None
        return None

    def _named(self, name: str, place: Place) -> Known | None:
        for index in range(len(place.around) - 1, -1, -1):
            scope = place.around[index]
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) and binds(scope, name):
                return self._local(name, scope, replace(place, around=place.around[: index + 1]))
        return self._global(name, place)

    def _local(self, name: str, scope: Function, place: Place) -> Known | None:
        """A variable of a function, by all its bindings there."""
        answers = [self._parameter(p, scope, place) for p in parameters(scope.args) if p.arg == name]
        nodes = list(own_nodes(scope.body))
        bound = [b for node in nodes for b in bindings(node, name)]
        stores = sum(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in nodes)
        if stores > sum(isinstance(b, Bound) for b in bound):
            return None  # by a loop, or by taking something apart
        answers += [self._bound(binding, name, place) for binding in bound if not is_none(binding)]
        return _same(answers)

    def _bound(self, binding: Bound | ast.stmt, name: str, place: Place) -> Known | None:
        match binding:
            case Bound(annotation=ast.expr() as annotation):
                return self.annotated(annotation, place)
            case Bound(value=ast.expr() as value, entered=entered):
                return self._entered(value, place) if entered else self.of(value, place)
            case ast.ClassDef():
                return Known(place.file, binding, is_class=True)
            case ast.ImportFrom():
                found = self.modules.resolve_import(binding, name, place.file)
                if found and isinstance(found[1], ast.ClassDef):
                    return Known(found[0], found[1], is_class=True)
        return None

    def _parameter(self, parameter: ast.arg, function: Function, place: Place) -> Known | None:
        names = decorator_names(function)
        owner = place.around[-2] if len(place.around) > 1 else None
        first = parameter is next(iter(parameters(function.args)))
        if isinstance(owner, ast.ClassDef) and first and "staticmethod" not in names:
            return Known(place.file, owner, is_class="classmethod" in names or function.name == "__new__")
        if parameter.annotation or parameter in {function.args.vararg, function.args.kwarg}:
            return self.annotated(parameter.annotation, place) if parameter.annotation else None
        return self._fixture(parameter.arg, place)

    def _global(self, name: str, place: Place) -> Known | None:
        """A name of the module, or what is reached by way of one."""
        if place.hides(name):
            return None
        found = self.modules.resolve(place.file, name)
        if found and isinstance(found[1], ast.ClassDef):
            return Known(found[0], found[1], is_class=True)
        tree = self.modules.tree(found[0]) if found else None
        if not found or not tree:
            return None
        home = Place(found[0])
        (own, *others) = bound_names(found[1]) or {""}
        bound = [b for s in find(tree.body, own) for b in bindings(s, own)]
        return None if others else _same([self._bound(b, own, home) for b in bound if not is_none(b)])

    def _called(self, function: ast.expr, place: Place, *, awaited: bool) -> Known | None:
        known = self.of(function, place)
        if known:
            return replace(known, is_class=False) if known.is_class and not awaited else None
        owner = None
        found = self._function(function, place)
        if isinstance(function, ast.Attribute) and (owner := self.of(function.value, place)):
            found = self._method(owner, function.attr)
        return self._returned(*found, owner, awaited=awaited) if found else None

    def _method(self, owner: Known, name: str) -> tuple[Function, Place] | None:
        found = self.classes.method(owner.definition, owner.file, name)
        return (found[2], Place(found[0], found[1:])) if found else None

    def _function(self, node: ast.expr, place: Place) -> tuple[Function, Place] | None:
        """The function of a module that an expression names."""
        dotted = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        found = self.modules.resolve(place.file, dotted) if dotted and not place.hides(dotted) else None
        if not found or not isinstance(found[1], ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        return found[1], Place(found[0], (found[1],))

    def _returned(self, function: Function, place: Place, itself: Known | None, *, awaited: bool) -> Known | None:
        plain = all(map(keeps_result, decorator_names(function)))
        if isinstance(function, ast.AsyncFunctionDef) != awaited or not plain:
            return None
        if function.returns:
            return self.annotated(function.returns, place, itself)
        values = [node.value for node in own_nodes(function.body) if isinstance(node, ast.Return)]
        return self._agreed(values, place)

    def _entered(self, value: ast.expr, place: Place) -> Known | None:
        """What `with value as ...` gives."""
        if known := self.of(value, place):
            for name in ("__enter__", "__aenter__"):
                if method := self._method(known, name):
                    return self._given(*method, known)
            return known
        found = self._function(value.func, place) if isinstance(value, ast.Call) else None
        if found and not _MANAGERS.isdisjoint(decorator_names(found[0])):
            return self._given(*found, None)
        return None

    def _given(self, function: Function, place: Place, itself: Known | None) -> Known | None:
        """What a function yields, or returns where it yields nothing."""
        annotation = function.returns
        if isinstance(annotation, ast.Subscript) and last_name(annotation.value) in _GIVERS:
            inner = annotation.slice
            return self.annotated(inner.elts[0] if isinstance(inner, ast.Tuple) else inner, place, itself)
        if annotation:
            return self.annotated(annotation, place, itself)
        nodes = list(own_nodes(function.body))
        yielded = [node.value for node in nodes if isinstance(node, ast.Yield)]
        returned = [node.value for node in nodes if isinstance(node, ast.Return)]
        return self._agreed(yielded or returned, place)

    def _attribute(self, owner: Known, name: str) -> Known | None:
        """An attribute, by the class body, by what the methods assign to `self`, or by the bases."""
        place = Place(owner.file, (owner.definition,))
        own = find(owner.definition.body, name)
        for statement in own:
            if isinstance(statement, ast.FunctionDef) and is_property(statement):
                return self._returned(statement, Place(owner.file, (owner.definition, statement)), owner, awaited=False)
            if isinstance(statement, ast.AnnAssign):
                return self.annotated(statement.annotation, place, owner)
        answers = [self._bound(b, name, place) for s in own for b in bindings(s, name) if not is_none(b)]
        for method in owner.definition.body:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.args.args:
                inside = replace(place, around=(owner.definition, method))
                found = list(assigned(method, name))
                if told := next((b for b in found if b.annotation), None):
                    return self._bound(told, name, inside)
                answers += [self._bound(b, name, inside) for b in found if not is_none(b)]
        if own or answers:
            return _same(answers)
        bases = (self.classes.find(base, owner.file) for base in owner.definition.bases)
        inherited = (self._attribute(Known(*base), name) for base in bases if base)
        return next((known for known in inherited if known), None)

    def _fixture(self, name: str, place: Place) -> Known | None:
        """What pytest hands to a parameter of that name: by the class, the module, or a `conftest.py` further up."""
        root = self.modules.root
        folders = [folder for folder in place.file.parents if folder.is_relative_to(root)]
        classes = [scope for scope in place.around if isinstance(scope, ast.ClassDef)]
        bodies: list[tuple[Place, Sequence[ast.stmt]]] = [(Place(place.file, (c,)), c.body) for c in reversed(classes)]
        for file in (place.file, *(folder / "conftest.py" for folder in folders)):
            tree = self.modules.tree(file) if file == place.file or file.is_file() else None
            bodies += [(Place(file), tree.body)] if tree else []
        for home, body in bodies:
            for function in body:
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and is_fixture(function, name):
                    return self._given(function, replace(home, around=(*home.around, function)), None)
        return None


def _same(answers: Sequence[Known | None]) -> Known | None:
    """The answer, if all are the same."""
    return answers[0] if answers and all(answer == answers[0] for answer in answers) else None


def _expression(text: str) -> ast.expr | None:
    try:
        (statement,) = parse(text.strip()).body
    except (SyntaxError, ValueError):
        return None
    return statement.value if isinstance(statement, ast.Expr) else None
