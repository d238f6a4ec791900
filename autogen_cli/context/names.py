"""What a name in a file means: the definition behind it, through imports and re-exports, as Python would find it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autogen_cli.context.sources import Sources
from autogen_cli.context.tables import Place, Table

if TYPE_CHECKING:
    from autogen_cli.context.features import Environment
    from autogen_cli.context.render import Candidate

type Ranked = dict[tuple[str, str], tuple[Environment, Candidate]]

DEEPEST = 6
MOST_PLACES = 8_000  # definitions in memory from one target to the next; each takes about 1.5 kB with its text
MOST_FOUND = 5_000


class Names:
    """Serves as long as the project has the same files. What it has found is in its memory."""

    def __init__(self, sources: Sources) -> None:
        self.sources, self.project = sources, sources.project
        self._tables: dict[str, Table] = {}
        self._found: dict[tuple[str, str], Place | None] = {}
        self._modules: dict[tuple[str, str], str | None] = {}
        self._ranked: tuple[tuple[str, str], Ranked | None] = ("", ""), None
        self._size = 0  # definitions in memory

    def ranked_before(self, path: str, owner: str) -> Ranked | None:
        """What was told of definitions for targets of the same module and class; None for the first of them."""
        known = self._ranked[1]
        if self._ranked[0] != (path, owner):
            self._ranked = (path, owner), None
            return None
        if known is None:
            known = {}
            self._ranked = (path, owner), known
        return known

    def relieve(self) -> None:
        """Lets go of what hasn't been asked for longest."""
        while self._size > MOST_PLACES:
            path, table = next(iter(self._tables.items()))
            del self._tables[path]
            self._size -= len(table.places)
            self.sources.forget_facts(path)
        if len(self._found) > MOST_FOUND:
            self._found.clear()

    def table(self, path: str) -> Table:
        known = self._tables.pop(path, None)
        if known is None:
            known = Table(path, self.sources.facts(path))
            self._size += len(known.places)
        self._tables[path] = known  # behind all others
        return known

    def members(self, path: str, owner: str) -> Sequence[Place]:
        """What is defined within a class or function, at any depth."""
        return self.table(path).members.get(owner, ())

    def lookup(self, path: str, name: str) -> Place | None:
        """The project definition that a bare or dotted name means in a file; None for foreign and unknown names."""
        key = path, name
        if key not in self._found:
            self._found[key] = self._lookup(path, name, set())
        return self._found[key]

    def _lookup(self, path: str, name: str, seen: set[tuple[str, str]], depth: int = 0) -> Place | None:
        """seen: what has been looked up on the way, which ends circles of imports."""
        if (path, name) in seen:
            return None
        seen.add((path, name))
        table = self.table(path)
        place = table.places.get(name)
        if place is not None or depth > DEEPEST:
            return place
        first, _, rest = name.partition(".")
        item = table.imports.get(first)
        if item is None:
            return self._through_star(path, name, seen, depth)
        module = self.module(path, first)
        if module is not None:
            return self._lookup(module, rest, seen, depth + 1) if rest else None
        source = self.project.resolve_import(path, item.module, item.level) if item.name else None
        inner = f"{item.name}.{rest}" if rest else item.name
        return self._lookup(source, inner, seen, depth + 1) if source else None

    def _through_star(self, path: str, name: str, seen: set[tuple[str, str]], depth: int) -> Place | None:
        for item in self.table(path).facts.imports:
            if item.name == "*":
                source = self.project.resolve_import(path, item.module, item.level)
                found = self._lookup(source, name, seen, depth + 1) if source else None
                if found:
                    return found
        return None

    def module(self, path: str, bound: str) -> str | None:
        """The project module that an imported local name is bound to, if it is one."""
        key = path, bound
        if key not in self._modules:
            self._modules[key] = self._module(path, bound)
        return self._modules[key]

    def _module(self, path: str, bound: str) -> str | None:
        item = self.table(path).imports.get(bound)
        if item is None:
            return None
        if not item.name:
            dotted = item.module if bound != item.module.partition(".")[0] else bound
            return self.project.resolve_import(path, dotted, 0)
        source = self.project.resolve_import(path, item.module, item.level)
        if source is not None and item.name in self.table(source).places:
            return None
        dotted = f"{item.module}.{item.name}" if item.module else item.name
        return self.project.resolve_import(path, dotted, item.level)
