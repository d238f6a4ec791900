"""What a name in a file means: the definition behind it, through imports and re-exports, as Python would find it."""

from collections.abc import Sequence
from typing import NamedTuple

from autogen_cli.context.facts import Definition, Import
from autogen_cli.context.sources import Sources

DEEPEST = 6


class Place(NamedTuple):
    """A definition and the file that it stands in."""

    path: str
    definition: Definition

    @property
    def key(self) -> tuple[str, str]:
        return self.path, self.definition.qualified_name


class Names:
    def __init__(self, sources: Sources) -> None:
        self.sources, self.project = sources, sources.project
        self._tables: dict[str, dict[str, Definition]] = {}
        self._members: dict[str, dict[str, list[Definition]]] = {}
        self._imports: dict[str, dict[str, Import]] = {}
        self._found: dict[tuple[str, str], Place | None] = {}

    def table(self, path: str) -> dict[str, Definition]:
        """Qualified name -> definition of one file."""
        known = self._tables.get(path)
        if known is None:
            known = self._tables[path] = {d.qualified_name: d for d in self.sources.facts(path).definitions}
        return known

    def members(self, path: str, owner: str) -> Sequence[Definition]:
        """What is defined within a class or function, at any depth."""
        known = self._members.get(path)
        if known is None:
            known = self._members[path] = {}
            for name, definition in self.table(path).items():
                while name := name.rpartition(".")[0]:
                    known.setdefault(name, []).append(definition)
        return known.get(owner, ())

    def imports(self, path: str) -> dict[str, Import]:
        """Local name -> import. Those at module level win."""
        known = self._imports.get(path)
        if known is None:
            ordered = sorted(self.sources.facts(path).imports, key=lambda item: bool(item.scope), reverse=True)
            known = self._imports[path] = {item.bound: item for item in ordered if item.name != "*"}
        return known

    def lookup(self, path: str, name: str, depth: int = 0) -> Place | None:
        """The project definition that a bare or dotted name means in a file; None for foreign and unknown names."""
        key = path, name
        if key not in self._found:
            self._found[key] = None  # ends circles of imports
            self._found[key] = self._lookup(path, name, depth)
        return self._found[key]

    def _lookup(self, path: str, name: str, depth: int) -> Place | None:
        definition = self.table(path).get(name)
        if definition is not None:
            return Place(path, definition)
        if depth > DEEPEST:
            return None
        first, _, rest = name.partition(".")
        item = self.imports(path).get(first)
        if item is None:
            return self._through_star(path, name, depth)
        module = self.module(path, first)
        if module is not None:
            return self.lookup(module, rest, depth + 1) if rest else None
        source = self.project.resolve_import(path, item.module, item.level) if item.name else None
        return self.lookup(source, f"{item.name}.{rest}" if rest else item.name, depth + 1) if source else None

    def _through_star(self, path: str, name: str, depth: int) -> Place | None:
        for item in self.sources.facts(path).imports:
            if item.name == "*":
                source = self.project.resolve_import(path, item.module, item.level)
                found = self.lookup(source, name, depth + 1) if source else None
                if found:
                    return found
        return None

    def module(self, path: str, bound: str) -> str | None:
        """The project module that an imported local name is bound to, if it is one."""
        item = self.imports(path).get(bound)
        if item is None:
            return None
        if not item.name:
            dotted = item.module if bound != item.module.partition(".")[0] else bound
            return self.project.resolve_import(path, dotted, 0)
        source = self.project.resolve_import(path, item.module, item.level)
        if source is not None and item.name in self.table(source):
            return None
        dotted = f"{item.module}.{item.name}" if item.module else item.name
        return self.project.resolve_import(path, dotted, item.level)
