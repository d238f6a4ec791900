"""The imports of one file by tree-sitter: all that is needed to tell what a name in it means."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from autogen_cli.context.facts import Import
from autogen_cli.context.parsing import parse, query
from autogen_cli.context.scopes import Scopes

if TYPE_CHECKING:
    from tree_sitter import Node

QUERY = "[(import_statement) (import_from_statement)] @import"


def read_imports(source: bytes) -> list[Import]:
    """Imports of a file whose bytes went through `normalize`, in the order of the text."""
    from tree_sitter import QueryCursor

    root = parse(source).root_node
    nodes = QueryCursor(query(QUERY)).captures(root).get("import", ())
    return list(imports_in(nodes, Scopes(source, root)))


def imports_in(nodes: Iterable["Node"], scopes: Scopes) -> Iterator[Import]:
    """What import statements import, by their nodes."""
    text = scopes.text
    for node in sorted(nodes, key=lambda node: node.start_byte):
        module_node = node.child_by_field_name("module_name")
        dotted = text(module_node).replace(" ", "")
        module = dotted.lstrip(".")
        level = len(dotted) - len(module)
        place = node.start_point[0] + 1, scopes.enclosing(node), _typing_only(node, scopes)
        if any(child.type == "wildcard_import" for child in node.named_children):
            yield Import(module, level, "*", "*", *place)
        for child in node.children_by_field_name("name"):
            name = text(child.child_by_field_name("name") if child.type == "aliased_import" else child)
            alias = text(child.child_by_field_name("alias"))
            if module_node:
                yield Import(module, level, name, alias or name, *place)
            else:
                yield Import(name, 0, "", alias or name.partition(".")[0], *place)


def _typing_only(node: "Node", scopes: Scopes) -> bool:
    outer = node.parent.parent if node.parent else None
    condition = outer.child_by_field_name("condition") if outer and outer.type == "if_statement" else None
    return scopes.text(condition).endswith("TYPE_CHECKING")
