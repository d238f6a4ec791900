"""Facts of one file by tree-sitter, which reads broken code too."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from sys import intern
from typing import TYPE_CHECKING, Literal

from autogen_cli.context.facts import Definition, FileFacts
from autogen_cli.context.imports import imports_in
from autogen_cli.context.parsing import error_line, parse, query
from autogen_cli.context.scopes import Scopes

if TYPE_CHECKING:
    from tree_sitter import Node

type Captures = dict[str, list[Node]]

# One query over the whole file: what is loaded, what is bound, imports, and attributes set on an object.
QUERY = """
(identifier) @name
(attribute attribute: (identifier) @attribute)
(keyword_argument name: (identifier) @label)
(function_definition name: (identifier) @label)
(class_definition name: (identifier) @label)
[(import_statement) (import_from_statement)] @import
[(pattern_list (identifier) @bound) (tuple_pattern (identifier) @bound) (list_pattern (identifier) @bound)]
[(list_splat_pattern (identifier) @bound) (dictionary_splat_pattern (identifier) @bound)]
(assignment left: (identifier) @bound)
(assignment left: (attribute) @member)
(assignment left: (pattern_list (attribute) @member))
(named_expression name: (identifier) @bound)
(for_statement left: (identifier) @bound)
(for_in_clause left: (identifier) @bound)
(as_pattern_target (identifier) @bound)
(parameters (identifier) @bound)
(lambda_parameters (identifier) @bound)
(typed_parameter . (identifier) @bound)
(default_parameter name: (identifier) @bound)
(typed_default_parameter name: (identifier) @bound)
"""
SHOWN_DECORATORS = frozenset(
    {
        "property", "cached_property", "staticmethod", "classmethod", "abstractmethod", "contextmanager",
        "asynccontextmanager", "dataclass", "define", "frozen", "overload", "final", "setter",
    }
)  # fmt: skip
SPLATS = {"list_splat_pattern": "*", "dictionary_splat_pattern": "**"}
LONGEST_VALUE = 72
LONGEST_PARAMETER = 80
LONGEST_DOC = 100


def read_facts(source: bytes) -> FileFacts:
    """Facts of a file whose bytes went through `normalize`."""
    return _Reader(source).facts()


class _Span:
    """Where a definition's text lies, and what its body loads."""

    def __init__(self, node: "Node", index: int = -1) -> None:
        self.start, self.end, self.index = node.start_byte, node.end_byte, index
        self.names: set[bytes] = set()
        self.attributes: set[bytes] = set()
        self.bound: set[bytes] = set()


class _Reader:
    def __init__(self, source: bytes) -> None:
        from tree_sitter import QueryCursor

        self.root = parse(source).root_node
        self.source = source
        self.captures: Captures = QueryCursor(query(QUERY)).captures(self.root)
        self.definitions: list[Definition] = []
        self.places: dict[tuple[str, str], int] = {}
        self.functions: list[_Span] = []
        self.classes: list[_Span] = []
        self.exports: list[str] = []

    def facts(self) -> FileFacts:
        for node in _statements(self.root):
            self._define(node, "")
        self._add_members()
        module = _Span(self.root)
        self._add_names(module)
        for span in self.functions + self.classes:
            bound = span.bound if self.definitions[span.index].kind != "class" else set()
            self.definitions[span.index] = self.definitions[span.index]._replace(
                names=_sorted(span.names - bound), attributes=_sorted(span.attributes)
            )
        return FileFacts(
            definitions=tuple(self.definitions),
            imports=tuple(imports_in(self.captures.get("import", ()), Scopes(self.source, self.root))),
            exports=tuple(self.exports),
            names=_sorted(module.names),
            attributes=_sorted(module.attributes),
            error_line=error_line(self.source),
        )

    def text(self, node: "Node | None") -> str:
        return self.source[node.start_byte : node.end_byte].decode() if node else ""

    def line(self, node: "Node | None") -> str:
        return " ".join(self.text(node).split())

    # Definitions

    def _define(self, node: "Node", owner: str) -> None:
        decorators: tuple[str, ...] = ()
        outer = node
        if node.type == "decorated_definition":
            decorators = tuple(self.line(child)[1:].strip() for child in node.children if child.type == "decorator")
            node = node.child_by_field_name("definition") or node
        if node.type == "function_definition":
            self._define_function(node, outer, owner, decorators)
        elif node.type == "class_definition":
            self._define_class(node, outer, owner, decorators)
        elif node.type == "expression_statement" and node.named_children:
            child = node.named_children[0]
            if child.type == "assignment":
                self._define_values(child, owner)
            elif child.type == "augmented_assignment" and self.text(child.child_by_field_name("left")) == "__all__":
                self._export(child.child_by_field_name("right"))
        elif node.type == "type_alias_statement":
            name = re.split(r"[\s\[=]", self.line(node).removeprefix("type "), maxsplit=1)[0]
            self._add(Definition(name, owner, "constant", node.start_point[0] + 1, node.end_point[0] + 1,
                                 shorten(self.line(node), 2 * LONGEST_VALUE)))  # fmt: skip

    def _add(self, definition: Definition) -> int | None:
        """Keeps the first of several definitions of a name, except that an overload gives way."""
        key = (definition.owner, definition.name)
        known = self.places.get(key)
        if known is None:
            self.places[key] = len(self.definitions)
            self.definitions.append(definition)
            return len(self.definitions) - 1
        if any(text.rpartition(".")[2] == "overload" for text in self.definitions[known].decorators):
            self.definitions[known] = definition
            return known
        return None

    def _define_function(self, node: "Node", outer: "Node", owner: str, decorators: tuple[str, ...]) -> None:
        name = self.text(node.child_by_field_name("name"))
        returns = self.line(node.child_by_field_name("return_type"))
        parameters = node.child_by_field_name("parameters")
        arrow = f" -> {returns}" if returns else ""
        prefix = "async " if node.children[0].type == "async" else ""
        shown = [f"@{text}\n" for text in decorators if _shown(text)]
        listed = ", ".join(self._parameter_texts(parameters))
        definition = Definition(
            name, owner, "method" if owner else "function", outer.start_point[0] + 1, outer.end_point[0] + 1,
            f"{''.join(shown)}{prefix}def {name}({listed}){arrow}: ...",
            doc=self._doc(node), decorators=decorators, returns=returns,
            parameters=tuple(self._parameters(parameters)),
        )  # fmt: skip
        index = self._add(definition)
        self.functions.append(_Span(outer, index if index is not None else self.places[owner, name]))

    def _parameter_texts(self, parameters: "Node | None") -> Iterator[str]:
        for child in parameters.named_children if parameters else ():
            if child.type == "comment":
                continue
            text = self.line(child)
            if len(text) > LONGEST_PARAMETER:
                value = child.child_by_field_name("value")
                if value:
                    head = self.source[child.start_byte : value.start_byte].decode()
                    text = " ".join(head.split()) + " ..."
            yield text

    def _parameters(self, parameters: "Node | None") -> Iterator[tuple[str, str, str]]:
        for child in parameters.named_children if parameters else ():
            annotation = self.line(child.child_by_field_name("type"))
            name = child.child_by_field_name("name") or _first(child, "identifier")
            mark = "=" if child.child_by_field_name("value") else ""
            if name is None:
                splat = child if child.type in SPLATS else child.named_children[0] if child.named_children else child
                name, mark = _first(splat, "identifier"), SPLATS.get(splat.type, "")
            elif child.type in SPLATS:
                mark = SPLATS[child.type]
            text = self.text(name)
            if text and text not in {"self", "cls"}:
                yield text, annotation, mark

    def _doc(self, node: "Node") -> str:
        body = node.child_by_field_name("body")
        first = body.named_children[0] if body and body.named_children else None
        if first is None or first.type != "expression_statement" or not first.named_children:
            return ""
        string = first.named_children[0]
        if string.type != "string":
            return ""
        content = next((self.text(child) for child in string.children if child.type == "string_content"), "")
        return shorten(content.strip().split("\n", 1)[0].strip(), LONGEST_DOC)

    def _define_class(self, node: "Node", outer: "Node", owner: str, decorators: tuple[str, ...]) -> None:
        name = self.text(node.child_by_field_name("name"))
        bases = node.child_by_field_name("superclasses")
        shown = [f"@{text}\n" for text in decorators if _shown(text)]
        base_text = f"({', '.join(self.line(base) for base in bases.named_children)})" if bases else ""
        definition = Definition(
            name, owner, "class", outer.start_point[0] + 1, outer.end_point[0] + 1,
            f"{''.join(shown)}class {name}{base_text}: ...", doc=self._doc(node), decorators=decorators,
            bases=tuple(self.line(b) for b in bases.named_children if b.type != "keyword_argument") if bases else (),
        )  # fmt: skip
        index = self._add(definition)
        if index is None:
            return
        self.classes.append(_Span(outer, index))
        body = node.child_by_field_name("body")
        for child in _statements(body) if body else ():
            self._define(child, definition.qualified_name)

    def _define_values(self, node: "Node", owner: str) -> None:
        """`NAME = value`, `name: Type = value`, `A = B = value`, `A, B = values`."""
        target, value = node.child_by_field_name("left"), node.child_by_field_name("right")
        if value and value.type == "assignment":
            self._define_values(value, owner)
        while value and value.type == "assignment":
            value = value.child_by_field_name("right")
        if target is None:
            return
        annotation = self.line(node.child_by_field_name("type"))
        for item in target.named_children if target.type in {"pattern_list", "tuple_pattern"} else [target]:
            if item.type != "identifier":
                continue
            name = self.text(item)
            if name == "__all__" and not owner:
                self._export(value)
                continue
            shown = self.value(value) if item is target else "..."
            kind: Literal["attribute", "constant"] = "attribute" if owner else "constant"
            signature = name + (f": {annotation}" if annotation else "") + (f" = {shown}" if value else "")
            first, last = node.start_point[0] + 1, node.end_point[0] + 1
            self._add(Definition(name, owner, kind, first, last, signature, returns=annotation))

    def value(self, node: "Node | None") -> str:
        """A value on one line, its inside cut where it is long."""
        text = self.line(node)
        if node is None or len(text) <= LONGEST_VALUE:
            return text
        brackets = {"dictionary": "{...}", "set": "{...}", "list": "[...]", "tuple": "(...)", "string": '"..."'}
        if node.type == "call":
            return f"{shorten(self.line(node.child_by_field_name('function')), LONGEST_VALUE)}(...)"
        return brackets.get(node.type, "...")

    def _export(self, value: "Node | None") -> None:
        for child in value.named_children if value else ():
            if child.type == "string":
                self.exports.append(self.text(child).strip("\"'"))

    # Names

    def _add_members(self) -> None:
        """Attributes set on `self` by the methods; what the class body declares comes first.

        Captures come in an order that changes from process to process, so they are sorted.
        """
        spans = sorted(self.functions, key=lambda span: span.start)
        starts = [span.start for span in spans]
        for target in sorted(self.captures.get("member", ()), key=lambda node: node.start_byte):
            place = bisect_right(starts, target.start_byte) - 1
            method = self.definitions[spans[place].index] if place >= 0 else None
            if method is None or method.kind != "method" or target.end_byte > spans[place].end:
                continue
            if self.text(target.child_by_field_name("object")) != "self":
                continue
            name = self.text(target.child_by_field_name("attribute"))
            signature, annotation = self._member(name, target, method)
            line = target.start_point[0] + 1
            self._add(Definition(name, method.owner, "attribute", line, line, signature, returns=annotation))

    def _member(self, name: str, target: "Node", method: Definition) -> tuple[str, str]:
        """How an attribute set in a method is shown: its type if it is known, else its value."""
        assignment = target.parent
        if assignment is None or assignment.type != "assignment":
            return f"{name} = ...", ""
        annotation = self.line(assignment.child_by_field_name("type"))
        value = self.value(assignment.child_by_field_name("right"))
        annotation = annotation or next((each[1] for each in method.parameters if each[0] == value), "")
        return (f"{name}: {annotation}" if annotation else f"{name} = {value or '...'}"), annotation

    def _add_names(self, module: _Span) -> None:
        """Every loaded name goes to the function it stands in, else to the class, else to the module."""
        imports = [_Span(node) for node in self.captures.get("import", ())]  # what they name isn't loaded
        starts, spans = _segments(module, [*self.functions, *self.classes, *imports])
        labels = {node.start_byte for node in self.captures.get("label", ())}
        attributes = {node.start_byte for node in self.captures.get("attribute", ())}
        source = self.source
        for node in self.captures.get("bound", ()):
            start = node.start_byte
            labels.add(start)
            spans[bisect_right(starts, start) - 1].bound.add(source[start : node.end_byte])
        for node in self.captures.get("name", ()):
            start = node.start_byte
            if start not in labels:
                span = spans[bisect_right(starts, start) - 1]
                (span.attributes if start in attributes else span.names).add(source[start : node.end_byte])


def _segments(module: _Span, spans: list[_Span]) -> tuple[list[int], list[_Span]]:
    """Nested spans as a sequence: from each start to the next the text belongs to one span, the innermost."""
    starts, owners, around = [0], [module], [module]
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        while around[-1].end <= span.start:
            starts.append(around.pop().end)
            owners.append(around[-1])
        starts.append(span.start)
        owners.append(span)
        around.append(span)
    while len(around) > 1:
        starts.append(around.pop().end)
        owners.append(around[-1])
    return starts, owners


def _sorted(names: set[bytes]) -> tuple[str, ...]:
    return tuple(sorted(intern(name.decode()) for name in names))


def _statements(block: "Node") -> Iterator["Node"]:
    """The statements of a block, those inside `if`, `try` and `with` included."""
    for node in block.named_children:
        if node.type in {"if_statement", "try_statement", "with_statement", "elif_clause", "else_clause",
                         "except_clause", "finally_clause", "block"}:  # fmt: skip
            yield from _statements(node)
        else:
            yield node


def _first(node: "Node", kind: str) -> "Node | None":
    """A node itself or its first child of a kind."""
    return next((each for each in (node, *node.named_children) if each.type == kind), None)


def _shown(decorator: str) -> bool:
    return decorator.partition("(")[0].rpartition(".")[2] in SHOWN_DECORATORS


def shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3].rstrip() + "..."


def words_of(names: Iterable[str]) -> set[str]:
    """The lower-case words that identifiers are made of: `parseHTMLPage`, `parse_html` give parse, html, page."""
    return {word.lower() for name in names for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)}
