"""What runs in graph-sitter's own process: opens a private copy of files and tells who uses a symbol.

Started by `graph.py` as a script, so it needs nothing of this package. Reads a request from one file and writes the
answer into another, both JSON: stdout belongs to graph-sitter, which logs there.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

type Occurrence = tuple[str, int, str]  # path below the root, line from 1, the name as it stands there


def occurrences(codebase: Any, path: str, symbol: str) -> list[Occurrence]:
    """Where a `graph_sitter.Codebase` sees a symbol used or imported that the file at `path` defines, in order."""
    file = codebase.get_file(path)
    owner, _, name = symbol.rpartition(".")
    if owner:
        holder = file.get_class(owner)
        defined = holder.get_method(name) or holder.get_attribute(name)
    else:
        defined = file.get_symbol(name)
    found = {_occurrence(usage.match.ts_node, usage.match) for usage in defined.usages}
    return sorted(each for each in found if each[2] in _names(codebase, name))


def unwritten_occurrences(codebase: Any, path: str, name: str) -> list[Occurrence]:
    """The same for a name that the file doesn't define yet: what the broken imports of it are used for."""
    file = codebase.get_file(path)
    found = {_occurrence(call.ts_node, call) for call in (file.function_calls if file else ()) if call.name == name}
    for item in codebase.imports:
        resolution = item.resolve_import()
        if resolution is None or str(resolution.from_file.filepath) != path:
            continue
        matches = [usage.match for usage in item.usages]
        if resolution.imports_file:
            attributes = ((match.ts_node.parent, match) for match in matches)
            found |= {_occurrence(node, match) for node, match in attributes if _attribute(node) == name}
        elif item.symbol_name.source == name:
            found |= {_occurrence(match.ts_node, match) for match in (item.symbol_name, *matches)}
    return sorted(found)


def _names(codebase: Any, name: str) -> set[str]:
    """`name` and what imports rename it to: a class's usages hold its instances too, under names of their own."""
    names = {name}
    while (
        more := {i.name for i in codebase.imports if i.symbol_name is not None and i.symbol_name.source in names}
        - names
    ):
        names |= more
    return names


def _attribute(node: Any) -> str | None:
    """`helper` of the syntax node `a.b.helper`."""
    return node.child_by_field_name("attribute").text.decode() if node.type == "attribute" else None


def _occurrence(node: Any, match: Any) -> Occurrence:
    """The place of the name itself, `helper` of `a.b.helper(1)`; `match` tells the file."""
    while field := {"call": "function", "attribute": "attribute"}.get(node.type):
        node = node.child_by_field_name(field)
    return str(match.file.filepath), node.start_point[0] + 1, node.text.decode()


def facts(codebase: Any) -> dict[str, Any]:
    """What each file defines and imports: (qualified name, line) and (module, name, bound name, line), sorted."""
    return {
        str(file.filepath): {
            "symbols": sorted(_symbols(file.symbols)),
            "imports": sorted(_import(item) for item in file.imports),
        }
        for file in codebase.files
    }


def _symbols(symbols: Iterable[Any], owner: str = "") -> Iterator[tuple[str, int]]:
    for symbol in symbols:
        name = f"{owner}{symbol.name}"
        yield name, symbol.start_point[0] + 1
        if hasattr(symbol, "methods"):
            yield from _symbols([*symbol.methods, *symbol.attributes], f"{name}.")


def _import(item: Any) -> tuple[str, str, str, int]:
    parts = (item.module, item.symbol_name, item.alias)
    module, name, alias = (part.source if part is not None else "" for part in parts)
    return module, name, "*" if item.is_wildcard_import() else alias, item.start_point[0] + 1


def answer(codebase: Any, request: dict[str, Any]) -> str:
    told: dict[str, Any] = {"occurrences": occurrences(codebase, request["path"], request["symbol"])}
    if request["facts"]:
        told["files"] = facts(codebase)
    return json.dumps(told)


def main(request_file: str, answer_file: str) -> None:
    from graph_sitter.configs.models.codebase import CodebaseConfig
    from graph_sitter.core.codebase import Codebase

    request = json.loads(Path(request_file).read_bytes())
    config = CodebaseConfig(import_resolution_paths=request["source_roots"])
    Path(answer_file).write_text(answer(Codebase(request["root"], language="python", config=config), request))


if __name__ == "__main__":
    main(*sys.argv[1:])
