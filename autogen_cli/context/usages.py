"""Every occurrence of one name in one file, with what is done to it. Whether it means the target is told later."""

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autogen_cli.context.facts import Usage, UsageKind
from autogen_cli.context.parsing import parse
from autogen_cli.context.scopes import DEFINITIONS, PATTERNS, Scopes, ancestor, around, statement_of

if TYPE_CHECKING:
    from tree_sitter import Node

type Result = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]  # uses, names bound to it, members read

FUNCTION = frozenset({"function_definition"})
COMPOUND = frozenset(
    {
        "if_statement", "elif_clause", "while_statement", "for_statement", "with_statement", "match_statement",
        "function_definition", "class_definition", "except_clause", "case_clause",
    }
)  # fmt: skip
TRANSPARENT = frozenset(
    {
        "parenthesized_expression", "conditional_expression", "keyword_argument", "type", "as_pattern",
        "named_expression",
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
    "if_statement": "tested",
    "elif_clause": "tested",
    "while_statement": "tested",
    "if_clause": "tested",
    "decorator": "decorator",
    "except_clause": "raised",
    "call": "called",
    "list_splat": "unpacked",
    "dictionary_splat": "unpacked",
    "dotted_name": "compared",  # case Name():
    "list": "value",
    "dictionary": "value",
    "tuple": "value",
}
LONGEST_STATEMENT = 12
LONGEST_TEXT = 4_000


def read_usages(source: bytes, name: str) -> list[Usage]:
    """Occurrences of `name`, and of the names that imports in this file rename it to, in the order of the text."""
    return list(_Usages(source).of(name))


class _Usages:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.root = parse(source).root_node
        self.scopes = Scopes(source, self.root)
        self.text = self.scopes.text

    def of(self, name: str) -> Iterator[Usage]:
        names = [name]
        for node in self._occurrences(name):
            statement = ancestor(node, {"import_from_statement", "import_statement"})
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
        for match in re.finditer(rb"(?<![\w\x80-\xff])%s(?![\w\x80-\xff])" % re.escape(name.encode()), self.source):
            node = self.root.descendant_for_byte_range(match.start(), match.end())
            if node is not None and node.type in {"identifier", "string_content", "string"}:
                yield node

    def _usage(self, node: "Node", name: str) -> Iterator[Usage]:
        line = node.start_point[0] + 1
        if node.type != "identifier":
            kind = self._string_kind(node, name)
            if kind:
                yield Usage(
                    kind, line, self._statement_text(statement_of(node)), name, enclosing=self.scopes.enclosing(node)
                )
            return
        parent = node.parent
        if parent is None or self._is_binding(node, parent):
            return
        receiver, receiver_type, expression = "", "", node
        if parent.type == "attribute":
            if parent.child_by_field_name("attribute") == node:
                receiver_node = parent.child_by_field_name("object")
                receiver, expression = self.text(receiver_node).lstrip("*"), parent
                receiver_type = self.scopes.type_of(receiver_node)
            elif self.scopes.is_local(node, name):
                return
        elif self.scopes.is_local(node, name):
            return
        yield self._use(expression, name, line, receiver, receiver_type)

    def _use(self, expression: "Node", name: str, line: int, receiver: str, receiver_type: str) -> Usage:
        arguments, result = None, expression
        parent = expression.parent
        if parent and parent.type == "list_splat" and parent.parent and parent.parent.type == "call":
            expression, parent = parent, parent.parent  # in `[*helper()]` the grammar hangs the star below the call
        if parent and parent.type == "call" and parent.child_by_field_name("function") == expression:
            arguments, result = tuple(self._arguments(parent)), parent
        awaited = bool(result.parent and result.parent.type == "await")
        if awaited and result.parent:
            result = result.parent
        uses, names, members = self._result(result)
        statement = statement_of(expression)
        in_annotation = arguments is None and ancestor(expression, {"type"}, statement) is not None
        return Usage(
            "annotation" if in_annotation else "use", line, self._statement_text(statement), name, receiver,
            receiver_type, self.scopes.enclosing(expression), arguments, awaited, uses, names, members,
        )  # fmt: skip

    def _is_binding(self, node: "Node", parent: "Node") -> bool:
        """Whether the name is bound here (a definition, a parameter, a target, an import), not read."""
        if parent.type == "attribute":
            outer = parent.parent if parent.child_by_field_name("attribute") == node else None
            return bool(outer and outer.type == "assignment" and outer.child_by_field_name("left") == parent)
        if parent.type in DEFINITIONS or (
            parent.type == "keyword_argument" and parent.child_by_field_name("name") == node
        ):
            return parent.child_by_field_name("name") == node
        if parent.type in {"assignment", "for_statement", "for_in_clause", "augmented_assignment"}:
            return parent.child_by_field_name("left") == node
        if parent.type == "dotted_name":
            return parent.parent is None or parent.parent.type != "class_pattern"
        if parent.type in {"default_parameter", "typed_default_parameter", "named_expression"}:
            return parent.child_by_field_name("name") == node
        return parent.type in {
            "parameters", "lambda_parameters", "typed_parameter", "aliased_import", "as_pattern_target",
            "global_statement", "nonlocal_statement", "delete_statement", *PATTERNS,
        }  # fmt: skip

    def _string_kind(self, node: "Node", name: str) -> UsageKind | None:
        """A quoted annotation, or an entry of `__all__`; other strings say nothing."""
        text = self.text(node).strip("\"'")
        if ancestor(node, {"type"}) is not None:
            return "annotation"
        statement = statement_of(node)
        if text == name and self.text(statement).startswith("__all__"):
            return "export"
        return None

    # Arguments and results

    def _arguments(self, call: "Node") -> Iterator[tuple[str, str, str]]:
        listed = call.child_by_field_name("arguments")
        if listed and listed.type == "generator_expression":
            yield self.text(listed), "", ""
            return
        for child in listed.named_children if listed else ():
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

    def _result(self, node: "Node") -> Result:
        """What is done with a value."""
        parent = node.parent
        while parent and parent.type in TRANSPARENT:
            if parent.type == "as_pattern":
                return self._entered(node, parent)
            if parent.type == "named_expression":
                return self._kept(parent)
            if parent.type == "conditional_expression" and parent.named_children[1:2] == [node]:
                return ("tested",), (), ()
            node, parent = parent, parent.parent
        return self._held_by(parent, node) if parent else (("value",), (), ())

    def _held_by(self, parent: "Node", node: "Node") -> Result:
        if parent.type == "with_item":
            return (_with_use(parent),), (), ()
        if parent.type == "assignment":
            return self._assigned(parent)
        if parent.type == "attribute":
            return ("attribute",), (), (self._member(parent),)
        if parent.type == "subscript":
            held = parent.child_by_field_name("value") == node
            return ("subscript" if held else "argument",), (), ()
        if parent.type in {"for_statement", "for_in_clause"}:
            return self._iterated(parent)
        if parent.type == "argument_list":
            outer = parent.parent
            return ("base" if outer and outer.type == "class_definition" else "argument",), (), ()
        starred = self.source.startswith(b"*", node.start_byte)
        return ("unpacked" if starred else USE_OF_PARENT.get(parent.type, "value"),), (), ()

    def _entered(self, node: "Node", pattern: "Node") -> Result:
        """`with helper() as x`, `except helper as x`."""
        names = tuple(name for child in pattern.named_children[1:] for name in self.scopes.bound_names(child))
        item = ancestor(pattern, {"with_item"}, statement_of(pattern))
        return (_with_use(item) if item else "raised",), names, self._members_of(node, names)

    def _kept(self, expression: "Node") -> Result:
        """`(x := helper())`: assigned, and whatever is done with it right away."""
        names = (self.text(expression.child_by_field_name("name")),)
        uses, more, members = self._result(expression)
        members = (*members, *self._members_of(expression, names))
        return ("assigned", *uses), names + more, tuple(dict.fromkeys(members))

    def _assigned(self, assignment: "Node") -> Result:
        target = assignment.child_by_field_name("left")
        names = tuple(self.scopes.bound_names(target)) if target else ()
        if target and target.type in {"pattern_list", "tuple_pattern", "list_pattern"}:
            return ("unpacked",), names, ()
        return ("assigned",), names, self._members_of(assignment, names)

    def _iterated(self, loop: "Node") -> Result:
        is_async = any(child.type == "async" for child in loop.children)
        target = loop.child_by_field_name("left")
        return ("async_iterated" if is_async else "iterated",), tuple(self.scopes.bound_names(target)), ()

    def _member(self, attribute: "Node") -> str:
        outer = attribute.parent
        called = outer and outer.type == "call" and outer.child_by_field_name("function") == attribute
        return self.text(attribute.child_by_field_name("attribute")) + ("()" if called else "")

    def _members_of(self, node: "Node", names: tuple[str, ...]) -> tuple[str, ...]:
        """Attributes that the scope around `node` reads from the names that hold the result."""
        scope = next(around(node, FUNCTION), self.root)
        members: dict[str, None] = {}
        for name in names:
            pattern = rb"(?<![\w.])%s\.\w+" % re.escape(name.encode())
            for match in re.finditer(pattern, self.source[scope.start_byte : scope.end_byte]):
                end = scope.start_byte + match.end()
                found = self.root.descendant_for_byte_range(end - 1, end)
                if found and found.type == "identifier" and found.parent and found.parent.type == "attribute":
                    members[self._member(found.parent)] = None
        return tuple(members)

    # Text

    def _statement_text(self, statement: "Node") -> str:
        """A statement as written, dedented; of a compound one the header, of a long one its first lines."""
        end = statement.end_byte
        inner = statement.child_by_field_name("definition") or statement
        if inner.type in COMPOUND:
            body = next((child for child in inner.children if child.type == "block"), None)
            end = body.start_byte if body else end
        first = self.source.rfind(b"\n", 0, statement.start_byte) + 1
        lead = self.source[first : statement.start_byte]
        lead = lead if lead.isspace() else b""
        pieces = self.source[statement.start_byte : min(end, statement.start_byte + LONGEST_TEXT)]
        text = textwrap.dedent((lead + pieces).decode(errors="ignore"))
        lines = [line.rstrip() for line in text.strip().splitlines() if line.strip()]
        if len(lines) > LONGEST_STATEMENT:
            lines = [*lines[:LONGEST_STATEMENT], "..."]
        return "\n".join(lines)


def _with_use(item: "Node") -> str:
    statement = ancestor(item, {"with_statement"})
    return "async_context" if statement and statement.children[0].type == "async" else "context"
