"""Every occurrence of one name in one file, with what is done to it. Whether it means the target is told later."""

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autogen_cli.context.facts import Usage
from autogen_cli.context.syntax import parse

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = frozenset({"function_definition", "lambda"})
SCOPES = frozenset({"function_definition", "class_definition"})
COMPOUND = frozenset(
    {
        "if_statement", "elif_clause", "while_statement", "for_statement", "with_statement", "match_statement",
        "function_definition", "class_definition", "except_clause", "case_clause",
    }
)  # fmt: skip
TRANSPARENT = frozenset(
    {
        "parenthesized_expression", "conditional_expression", "keyword_argument", "type", "with_item", "as_pattern",
        "list_splat", "named_expression",
    }
)  # fmt: skip
# Where the result goes, by the kind of node that holds it.
USE_OF_PARENT = {
    "return_statement": "returned",
    "yield": "returned",
    "comparison_operator": "compared",
    "not_operator": "tested",
    "boolean_operator": "tested",
    "assert_statement": "tested",
    "raise_statement": "raised",
    "argument_list": "argument",
    "expression_statement": "ignored",
    "decorator": "decorator",
    "list_splat": "unpacked",
    "list": "value",
    "dictionary": "value",
    "tuple": "value",
}
LONGEST_STATEMENT = 12


def read_usages(source: bytes, name: str) -> list[Usage]:
    """Occurrences of `name`, and of the names that imports in this file rename it to, in the order of the text."""
    return list(_Usages(source).of(name))


class _Usages:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.root = parse(source).root_node
        self._locals: dict[int, dict[str, str]] = {}

    def of(self, name: str) -> Iterator[Usage]:
        names = [name]
        for node in self._occurrences(name):
            statement = _ancestor(node, {"import_from_statement", "import_statement"})
            if statement is None:
                continue
            alias = node.parent.parent if node.parent and node.parent.type == "dotted_name" else None
            bound = alias.child_by_field_name("alias") if alias and alias.type == "aliased_import" else None
            bound_name = self.text(bound) if bound else name
            if bound and bound_name not in names:
                names.append(bound_name)
            yield Usage("import", node.start_point[0] + 1, self._statement_text(statement), bound_name)
        found = (usage for each in names for node in self._occurrences(each) for usage in self._usage(node, each))
        yield from sorted(found, key=lambda usage: usage.line)

    def _occurrences(self, name: str) -> Iterator["Node"]:
        for match in re.finditer(rb"\b%s\b" % re.escape(name.encode()), self.source):
            node = self.root.descendant_for_byte_range(match.start(), match.end())
            if node is not None and node.type in {"identifier", "string_content", "string"}:
                yield node

    def text(self, node: "Node | None") -> str:
        return self.source[node.start_byte : node.end_byte].decode() if node else ""

    def _usage(self, node: "Node", name: str) -> Iterator[Usage]:
        line = node.start_point[0] + 1
        if node.type != "identifier":
            kind = self._string_kind(node, name)
            if kind:
                yield Usage(kind, line, self._statement_text(_statement(node)), name, enclosing=self._enclosing(node))
            return
        parent = node.parent
        if parent is None or self._is_binding(node, parent):
            return
        receiver, receiver_type, expression = "", "", node
        if parent.type == "attribute":
            if parent.child_by_field_name("attribute") == node:
                receiver_node = parent.child_by_field_name("object")
                receiver, expression = self.text(receiver_node), parent
                receiver_type = self._type_of(receiver_node)
            elif self._is_local(node, name):
                return
        elif self._is_local(node, name):
            return
        yield self._use(expression, name, line, receiver, receiver_type)

    def _use(self, expression: "Node", name: str, line: int, receiver: str, receiver_type: str) -> Usage:
        arguments, result = None, expression
        parent = expression.parent
        if parent and parent.type == "call" and parent.child_by_field_name("function") == expression:
            arguments, result = tuple(self._arguments(parent)), parent
        awaited = bool(result.parent and result.parent.type == "await")
        if awaited and result.parent:
            result = result.parent
        uses, names, members = self._result(result)
        statement = _statement(expression)
        in_annotation = arguments is None and _ancestor(expression, {"type"}, statement) is not None
        return Usage(
            "annotation" if in_annotation else "use", line, self._statement_text(statement), name, receiver,
            receiver_type, self._enclosing(expression), arguments, awaited, uses, names, members,
        )  # fmt: skip

    def _is_binding(self, node: "Node", parent: "Node") -> bool:
        """Whether the name is bound here (a definition, a parameter, a target, an import), not read."""
        if parent.type == "attribute":
            outer = parent.parent
            return bool(outer and outer.type == "assignment" and outer.child_by_field_name("left") == parent)
        if parent.type in SCOPES or (parent.type == "keyword_argument" and parent.child_by_field_name("name") == node):
            return parent.child_by_field_name("name") == node
        if parent.type in {"assignment", "for_statement", "for_in_clause", "augmented_assignment"}:
            return parent.child_by_field_name("left") == node
        if parent.type in {"default_parameter", "typed_default_parameter", "named_expression"}:
            return parent.child_by_field_name("name") == node
        return parent.type in {
            "parameters", "lambda_parameters", "typed_parameter", "dotted_name", "aliased_import", "pattern_list",
            "as_pattern_target", "global_statement", "nonlocal_statement", "delete_statement",
        }  # fmt: skip

    def _string_kind(self, node: "Node", name: str) -> str | None:
        """A quoted annotation, or an entry of `__all__`; other strings say nothing."""
        text = self.text(node).strip("\"'")
        if _ancestor(node, {"type"}) is not None:
            return "annotation"
        statement = _statement(node)
        if text == name and self.text(statement).startswith("__all__"):
            return "export"
        return None

    # Arguments and results

    def _arguments(self, call: "Node") -> Iterator[tuple[str, str, str]]:
        listed = call.child_by_field_name("arguments")
        if listed is None:
            return
        if listed.type == "generator_expression":
            yield self.text(listed), "", ""
            return
        for child in listed.named_children:
            if child.type == "comment":
                continue
            if child.type == "keyword_argument":
                value = self.text(child.child_by_field_name("value"))
                yield value, self.text(child.child_by_field_name("name")), ""
            elif child.type in {"list_splat", "dictionary_splat"}:
                text = self.text(child)
                stars = "**" if child.type == "dictionary_splat" else "*"
                yield text.removeprefix(stars), "", stars
            else:
                yield self.text(child), "", ""

    def _result(self, node: "Node") -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """(uses, names bound to the result, members read from it)."""
        parent = node.parent
        while parent and parent.type in TRANSPARENT:
            if parent.type == "as_pattern":
                return self._entered(node, parent)
            if parent.type == "with_item":
                break
            node, parent = parent, parent.parent
        if parent is None:
            return ("value",), (), ()
        if parent.type == "with_item":
            return (self._with_use(parent),), (), ()
        if parent.type == "assignment":
            return self._assigned(parent)
        if parent.type == "attribute":
            return ("attribute",), (), (self._member(parent),)
        if parent.type == "subscript":
            held = parent.child_by_field_name("value") == node
            return ("subscript" if held else "argument",), (), ()
        if parent.type == "call":
            return ("called",), (), ()
        if parent.type in {"for_statement", "for_in_clause"}:
            return self._iterated(parent)
        if parent.type in {"if_statement", "while_statement", "elif_clause"}:
            return ("tested",), (), ()
        if parent.type == "argument_list":
            outer = parent.parent
            return ("base" if outer and outer.type == "class_definition" else "argument",), (), ()
        return (USE_OF_PARENT.get(parent.type, "value"),), (), ()

    def _entered(self, node: "Node", pattern: "Node") -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """`with helper() as x`."""
        alias = next((child for child in pattern.named_children if child.type == "as_pattern_target"), None)
        names = tuple(self._bound_names(alias)) if alias else ()
        item = pattern.parent
        use = self._with_use(item) if item and item.type == "with_item" else "raised"
        return (use,), names, self._members_of(node, names)

    def _with_use(self, item: "Node") -> str:
        statement = _ancestor(item, {"with_statement"})
        return "async_context" if statement and statement.children[0].type == "async" else "context"

    def _assigned(self, assignment: "Node") -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        target = assignment.child_by_field_name("left")
        names = tuple(self._bound_names(target)) if target else ()
        if target and target.type in {"pattern_list", "tuple_pattern", "list_pattern"}:
            return ("unpacked",), names, ()
        return ("assigned",), names, self._members_of(assignment, names)

    def _iterated(self, loop: "Node") -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        is_async = any(child.type == "async" for child in loop.children)
        target = loop.child_by_field_name("left")
        return ("async_iterated" if is_async else "iterated",), tuple(self._bound_names(target)), ()

    def _bound_names(self, target: "Node | None") -> Iterator[str]:
        if target is None:
            return
        if target.type in {"pattern_list", "tuple_pattern", "list_pattern", "as_pattern_target"}:
            for child in target.named_children:
                yield from self._bound_names(child)
        else:
            yield self.text(target)

    def _member(self, attribute: "Node") -> str:
        called = attribute.parent and attribute.parent.type == "call"
        called = called and attribute.parent.child_by_field_name("function") == attribute
        return self.text(attribute.child_by_field_name("attribute")) + ("()" if called else "")

    def _members_of(self, node: "Node", names: tuple[str, ...]) -> tuple[str, ...]:
        """Attributes that the scope around `node` reads from the names that hold the result."""
        scope = _ancestor(node, FUNCTIONS) or self.root
        members: dict[str, None] = {}
        for name in names:
            pattern = rb"(?<![\w.])%s\.\w+" % re.escape(name.encode())
            for match in re.finditer(pattern, self.source[scope.start_byte : scope.end_byte]):
                end = scope.start_byte + match.end()
                found = self.root.descendant_for_byte_range(end - 1, end)
                if found and found.type == "identifier" and found.parent and found.parent.type == "attribute":
                    members[self._member(found.parent)] = None
        return tuple(members)

    # Scopes

    def _enclosing(self, node: "Node") -> str:
        """Qualified name of the functions and classes around a node; a decorator or base stands outside its own."""
        names: list[str] = []
        child, parent = node, node.parent
        while parent:
            if parent.type in SCOPES and child == parent.child_by_field_name("body"):
                names.append(self.text(parent.child_by_field_name("name")))
            child, parent = parent, parent.parent
        return ".".join(reversed(names))

    def _is_local(self, node: "Node", name: str) -> bool:
        """Whether a function around the node binds the name itself."""
        function = _ancestor(node, FUNCTIONS)
        while function:
            if name in self._locals_of(function):
                return True
            function = _ancestor(function, FUNCTIONS)
        return False

    def _locals_of(self, function: "Node") -> dict[str, str]:
        """Names that a function binds, with the class that an annotation or an assignment `x = Class(...)` tells."""
        known = self._locals.get(function.id)
        if known is not None:
            return known
        found: dict[str, str] = {}
        self._locals[function.id] = found
        parameters = function.child_by_field_name("parameters")
        for child in parameters.named_children if parameters else ():
            name = child.child_by_field_name("name") or next(
                (c for c in [child, *child.named_children] if c.type == "identifier"), None
            )
            if name:
                found[self.text(name)] = self.text(child.child_by_field_name("type")).strip("\"'")
        body = function.child_by_field_name("body")
        stack = list(body.named_children) if body else []
        while stack:
            node = stack.pop()
            if node.type in SCOPES or node.type in {"import_statement", "import_from_statement"}:
                continue
            if node.type in {"assignment", "for_statement", "for_in_clause"}:
                right = node.child_by_field_name("right")
                made = self.text(right.child_by_field_name("function")) if right and right.type == "call" else ""
                declared = self.text(node.child_by_field_name("type")).strip("\"'")
                for name_text in self._bound_names(node.child_by_field_name("left")):
                    found.setdefault(name_text, declared or (made if node.type == "assignment" else ""))
            elif node.type == "as_pattern":
                found.update(dict.fromkeys(self._pattern_names(node), self._made_in(node)))
            stack.extend(node.named_children)
        return found

    def _pattern_names(self, pattern: "Node") -> Iterator[str]:
        for child in pattern.named_children:
            if child.type == "as_pattern_target":
                yield from self._bound_names(child)

    def _made_in(self, pattern: "Node") -> str:
        value = pattern.named_children[0]
        return self.text(value.child_by_field_name("function")) if value.type == "call" else ""

    def _type_of(self, receiver: "Node | None") -> str:
        if receiver is None:
            return ""
        if receiver.type == "call":
            return self.text(receiver.child_by_field_name("function"))
        function = _ancestor(receiver, FUNCTIONS) if receiver.type == "identifier" else None
        return self._locals_of(function).get(self.text(receiver), "") if function else ""

    # Text

    def _statement_text(self, statement: "Node") -> str:
        """A statement as written, dedented; of a compound one the header, of a long one its first lines."""
        end = statement.end_byte
        inner = statement.child_by_field_name("definition") or statement
        if inner.type in COMPOUND:
            body = inner.child_by_field_name("body") or inner.child_by_field_name("consequence")
            end = body.start_byte if body else end
        first = self.source.rfind(b"\n", 0, statement.start_byte) + 1
        lead = self.source[first : statement.start_byte]
        lead = lead if lead.isspace() else b""
        text = textwrap.dedent((lead + self.source[statement.start_byte : end]).decode())
        lines = [line.rstrip() for line in text.strip().splitlines() if line.strip()]
        if len(lines) > LONGEST_STATEMENT:
            lines = [*lines[:LONGEST_STATEMENT], "..."]
        return "\n".join(lines)


def _ancestor(node: "Node", types: frozenset[str] | set[str], stop: "Node | None" = None) -> "Node | None":
    parent = node.parent
    while parent and parent != stop:
        if parent.type in types:
            return parent
        parent = parent.parent
    return None


def _statement(node: "Node") -> "Node":
    """The statement around a node: the outermost node below a block."""
    while node.parent and node.parent.type not in {"block", "module"}:
        parent = node.parent
        if parent.type in COMPOUND and parent.type in {"elif_clause", "except_clause", "case_clause"}:
            return parent
        node = parent
    return node
