"""Index and graph-sitter side by side: symbols, imports and usages of targets that were taken out of real projects."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from autogen_cli.context.engine import ContextEngine
from autogen_cli.context.evidence import Evidence
from autogen_cli.context.facts import Definition
from autogen_cli.context.graph import GraphAnalyzer
from autogen_cli.context.graph_copy import Copies, pick_files
from autogen_cli.context.project import is_test
from autogen_cli.context.sources import Sources
from autogen_cli.models import Target

KINDS = {"function": 9, "class": 4, "method": 3, "constant": 1}  # targets of each kind in a project

type Place = tuple[str, int, str]  # path, line, name
type What = Literal["usages", "symbols", "imports"]
type Side = Literal["index", "graph"]


@dataclass(frozen=True)
class Difference:
    """What one of the two sees and the other doesn't. line: its text; source: the file's."""

    what: What
    side: Side
    target: Target
    place: Place
    line: str
    source: str


@dataclass
class Report:
    """both: places that both see; differences: the rest."""

    targets: list[Target] = field(default_factory=list)
    both: dict[What, int] = field(default_factory=lambda: {"usages": 0, "symbols": 0, "imports": 0})
    differences: list[Difference] = field(default_factory=list)


# Why one sees what the other doesn't: what, by whom, a test for the reason, and the reason.
REASONS: tuple[tuple[What, Side, Callable[[Difference], object], str], ...] = (
    (
        "usages",
        "index",
        lambda d: d.target.owner,
        "a method whose receiver's type is written nowhere: the index goes by the name where no other class has it",
    ),
    (
        "usages",
        "index",
        lambda d: any(f"{package}.{d.place[2]}" in d.line for package in re.findall(r"(?m)^import (\w+)\.", d.source)),
        "`import package.module` binds the package too: to graph-sitter only the module",
    ),
    (
        "usages",
        "index",
        lambda d: re.search(rf"(?m)^ +def {d.place[2]}\((?s:.*)^ +from \S+ import .*\b{d.place[2]}\b", d.source),
        "a name imported inside a method of the same name: graph-sitter takes it for the method",
    ),
    (
        "usages",
        "index",
        lambda d: re.search(rf"[\"'].*\b{d.place[2]}\b.*[\"']", d.line),
        "an annotation in quotes: a string to graph-sitter",
    ),
    (
        "symbols",
        "index",
        lambda d: re.match(r"(self|cls)\.|.*[,(] *self\.", d.line),
        "an attribute set in a method: graph-sitter lists those of the class body",
    ),
    (
        "symbols",
        "index",
        lambda d: d.place[2].count(".") > 1 or d.line.startswith("class "),
        "a class inside a class, and what it holds",
    ),
    ("symbols", "index", lambda d: d.line.startswith("def "), "a definition under `if` in a class body"),
    ("symbols", "graph", lambda d: d.place[2] == "__all__", "`__all__`: the index keeps it as a list of exports"),
    (
        "symbols",
        "graph",
        lambda d: re.match(r"[\w.]+(\.\w+|\[.*\]) *=", d.line),
        "an assignment to something else's attribute or item: it defines no name",
    ),
    ("imports", "graph", lambda d: "__future__" in d.line, "`from __future__`: a switch, not a name"),
)


def reason(difference: Difference) -> str | None:
    known = ((holds, why) for what, side, holds, why in REASONS if (what, side) == (difference.what, difference.side))
    return next((why for holds, why in known if holds(difference)), None)


def measure(project: Path, scratch: Path, analyzer: GraphAnalyzer) -> Report:
    """Takes each target's lines out of a copy of the project below `scratch`, asks both, puts them back."""
    root = scratch / project.name
    shutil.copytree(project, root, symlinks=True)
    report = Report()
    seen: set[str] = set()
    for module, symbol, path, definition in drawn(root):
        content = (root / path).read_bytes()
        lines = content.splitlines(keepends=True)
        (root / path).write_bytes(b"".join([*lines[: definition.line - 1], *lines[definition.end_line :]]))
        compare(root, module, symbol, definition, analyzer, report, seen)
        (root / path).write_bytes(content)
    return report


def drawn(root: Path) -> Iterator[tuple[str, str, str, Definition]]:
    """Every n-th of the symbols of each kind that other files use, decorated ones left out."""
    engine = ContextEngine(root)
    sources, project = engine.sources, engine.project
    for kind, number in KINDS.items():
        found = [
            (project.module_of(path), definition.qualified_name, path, definition)
            for path in sorted(project.files)
            if not is_test(path) and not path.startswith(("docs", "examples"))
            for definition in sources.facts(path).definitions
            if definition.kind == kind and not definition.decorators and not definition.name.startswith("__")
            if definition.owner.count(".") == 0 and len(sources.files_with(definition.name)) > 1
        ]
        step = max(1, len(found) // number)
        yield from found[step // 2 :: step][:number]


def compare(
    root: Path,
    module: str,
    symbol: str,
    definition: Definition,
    analyzer: GraphAnalyzer,
    report: Report,
    seen: set[str],
) -> None:
    engine = ContextEngine(root)
    sources = engine.sources
    kind = "function" if definition.kind == "attribute" else definition.kind
    target = engine.resolve(module, symbol, kind)
    found = Evidence(sources, target).find()
    copies = Copies(sources, target, pick_files(sources, target, found))
    answer = analyzer.ask(target, copies, facts=True)
    report.targets.append(target)
    add = partial(_add, report, sources, target)
    index = {(item.path, item.usage.line, item.usage.name) for item in found if item.usage.kind != "export"}
    imported = {(path, line): name for path, line, name in index}
    add("usages", index, {
        (path, line, imported.get((path, line), name)) for path, line, name in copies.restored(answer["occurrences"])
    })  # fmt: skip
    for copy, facts in answer["files"].items():
        path = copies.original(copy)
        if path in seen or copy == copies.module:
            continue
        seen.add(path)
        known = sources.facts(path)
        at = {d.qualified_name: d.line for d in known.definitions} | dict(facts["symbols"])
        names = {d.qualified_name for d in known.definitions}, {name for name, _ in facts["symbols"]}
        add("symbols", *({(path, at[name], name) for name in each} for each in names))
        bound = {(path, line, _bound(module, alias)) for module, _, alias, line in facts["imports"]}
        add("imports", {(path, i.line, i.bound) for i in known.imports}, bound)


def _add(report: Report, sources: Sources, target: Target, what: What, index: set[Place], graph: set[Place]) -> None:
    report.both[what] += len(index & graph)
    for side, places in (("index", index - graph), ("graph", graph - index)):
        for place in sorted(places):
            source = sources.source(place[0]).decode()
            line = source.splitlines()[place[1] - 1].strip()
            report.differences.append(Difference(what, side, target, place, line, source))


def _bound(module: str, alias: str) -> str:
    """The local name: `a` of `import a.b`, which graph-sitter calls by the whole."""
    return alias.partition(".")[0] if alias == module else alias
