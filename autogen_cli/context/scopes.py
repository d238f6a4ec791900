"""What stands around a node of a syntax tree: its statement, its functions and classes, and the names they bind."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = frozenset({"function_definition", "lambda"})
DEFINITIONS = frozenset({"function_definition", "class_definition"})
PATTERNS = frozenset(
    {"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "dictionary_splat_pattern"}
)
TARGETS = PATTERNS | {"as_pattern_target", "tuple", "list"}
CLAUSES = frozenset({"elif_clause", "except_clause", "case_clause"})


class Scopes:
    """The scopes of one file."""

    def __init__(self, source: bytes, root: "Node") -> None:
        self.source, self.root = source, root
        self._locals: dict[int, dict[str, str]] = {}

    def text(self, node: "Node | None") -> str:
        return self.source[node.start_byte : node.end_byte].decode() if node else ""

    def enclosing(self, node: "Node") -> str:
        """Qualified name of the functions and classes around a node; a decorator or base stands outside its own."""
        names = [self.text(scope.child_by_field_name("name")) for scope in around(node, DEFINITIONS)]
        return ".".join(reversed(names))

    def is_local(self, node: "Node", name: str) -> bool:
        """Whether a function around the node binds the name itself."""
        return any(name in self._locals_of(function) for function in around(node, FUNCTIONS))

    def type_of(self, receiver: "Node | None") -> str:
        """What is written about the class of a value: an annotation, or what is called to make it; "" for nothing."""
        if receiver is None or receiver.type != "identifier":
            return self._made_by(receiver)
        name = self.text(receiver)
        functions = around(receiver, FUNCTIONS)
        return next(
            (self._locals_of(function)[name] for function in functions if name in self._locals_of(function)), ""
        )

    def bound_names(self, target: "Node | None") -> Iterator[str]:
        """Names on the left of an assignment, a loop or an `as`."""
        if target and target.type in TARGETS:
            for child in target.named_children:
                yield from self.bound_names(child)
        elif target:
            yield self.text(target)

    def _locals_of(self, function: "Node") -> dict[str, str]:
        """Names that a function binds, with what is written about their class."""
        known = self._locals.get(function.id)
        if known is None:
            known = self._locals[function.id] = dict(self._parameters(function))
            body = function.child_by_field_name("body")
            for name, made in self._bindings(body) if body else ():
                known[name] = known.get(name) or made
        return known

    def _parameters(self, function: "Node") -> Iterator[tuple[str, str]]:
        parameters = function.child_by_field_name("parameters")
        for child in parameters.named_children if parameters else ():
            name = child.child_by_field_name("name") or (child if child.type == "identifier" else _first(child))
            if name:
                starred = name.type in PATTERNS  # `*items: T` is no T
                declared = "" if starred else self.text(child.child_by_field_name("type")).strip("\"'")
                yield from ((bound, declared) for bound in self.bound_names(name))

    def _bindings(self, body: "Node") -> Iterator[tuple[str, str]]:
        stack = [body]
        while stack:
            node = stack.pop()
            if node.type in DEFINITIONS:
                yield self.text(node.child_by_field_name("name")), ""
                continue
            if node.type == "lambda":
                continue
            if node.type in {"assignment", "for_statement", "for_in_clause"}:
                right = node.child_by_field_name("right") if node.type == "assignment" else None
                declared = self.text(node.child_by_field_name("type")).strip("\"'")
                yield from self._bound(node.child_by_field_name("left"), declared or self._made_by(right))
            elif node.type == "named_expression":
                yield self.text(node.child_by_field_name("name")), self._made_by(node.child_by_field_name("value"))
            elif node.type == "as_pattern":
                for child in node.named_children[1:]:
                    yield from self._bound(_first(child), self._made_by(_first(node)))
            stack.extend(reversed(node.named_children))

    def _bound(self, target: "Node | None", written: str) -> Iterator[tuple[str, str]]:
        """The names of a target; what is written about the whole says nothing about the parts of an unpacked one."""
        unpacked = target is not None and target.type in TARGETS
        yield from ((name, "" if unpacked else written) for name in self.bound_names(target))

    def _made_by(self, value: "Node | None") -> str:
        if value and value.type == "await":
            value = _first(value)
        return self.text(value.child_by_field_name("function")) if value and value.type == "call" else ""


def _first(node: "Node") -> "Node | None":
    return next(iter(node.named_children), None)


def around(node: "Node", types: frozenset[str]) -> Iterator["Node"]:
    """Nodes of some types in whose body a node stands, the innermost first."""
    child, parent = node, node.parent
    while parent:
        if parent.type in types and child == parent.child_by_field_name("body"):
            yield parent
        child, parent = parent, parent.parent


def ancestor(node: "Node", types: frozenset[str] | set[str], stop: "Node | None" = None) -> "Node | None":
    parent = node.parent
    while parent and parent != stop:
        if parent.type in types:
            return parent
        parent = parent.parent
    return None


def statement_of(node: "Node") -> "Node":
    """The statement around a node: the outermost node below a block, or the clause of a compound one."""
    while node.parent and node.parent.type not in {"block", "module"}:
        node = node.parent
        if node.type in CLAUSES:
            break
    return node
