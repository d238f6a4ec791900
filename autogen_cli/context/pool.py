"""Every definition that the missing symbol might need, with the way it was reached."""

import os
from collections import defaultdict
from collections.abc import Sequence

from autogen_cli.context.evidence import Found
from autogen_cli.context.names import Names
from autogen_cli.context.project import is_test
from autogen_cli.context.sources import Sources
from autogen_cli.context.syntax import words_of
from autogen_cli.context.tables import Place
from autogen_cli.models import Target

# How a definition was reached, the closest first.
WAYS = ("own", "imported", "module", "caller", "test", "type", "base", "package", "used", "alike")
MOST_BYTES = 600_000
LARGEST_TEST = 100_000
MOST_DEFINERS = 3
MOST_CALLERS = 12  # files
MOST_TESTS = 6
BUILTIN_ATTRIBUTES = frozenset(
    name for kind in (str, bytes, bytearray, list, tuple, dict, set, int, float, type) for name in dir(kind)
)
SHOWN_TYPES = frozenset({"class", "constant"})
ONE_WAY = {way: frozenset({way}) for way in WAYS}


class Entry:
    """A definition in the pool. ways: how it was reached. hops: steps from the target's module."""

    __slots__ = ("hops", "place", "ways")

    def __init__(self, place: Place, ways: frozenset[str], hops: int) -> None:
        self.place, self.ways, self.hops = place, ways, hops


class Pool:
    def __init__(self, sources: Sources, names: Names, target: Target, found: Sequence[Found]) -> None:
        self.sources, self.names, self.target = sources, names, target
        self.path = target.relative_path
        self._itself = self.path, target.symbol
        self.found = nearest(found, target)
        self.entries: dict[tuple[str, str], Entry] = {}
        self.modules: dict[str, str] = {}  # local name -> path of the project module that it is bound to
        self._opened: dict[tuple[str, str], tuple[frozenset[str], int]] = {}
        self._spent = 0
        self._seen: set[str] = set()
        self._own()
        self._imported()
        self._around_call_sites()
        self._types(rounds=2)
        self._members()
        definers = self._definers()
        self._package(definers)
        self._members()
        self._elsewhere(definers)

    def add(self, place: Place, way: str, hops: int) -> None:
        entry = self.entries.get(place.key)
        if entry is None:
            if place.key != self._itself:
                self.entries[place.key] = Entry(place, ONE_WAY[way], hops)
            return
        if way not in entry.ways:
            entry.ways |= ONE_WAY[way]
        entry.hops = min(entry.hops, hops)

    def affordable(self, path: str) -> bool:
        """Whether one more file may be analysed; what is near comes first, so what is far is what falls out."""
        if path in self._seen:
            return True
        size = self.sources.size(path)
        if self._spent + size > MOST_BYTES or (is_test(path) and size > LARGEST_TEST):
            return False
        self._seen.add(path)
        self._spent += size
        return True

    def _own(self) -> None:
        self._seen.add(self.path)
        self._all_of(self.path, "own", 0)

    def _imported(self) -> None:
        for bound in self.names.table(self.path).imports:
            module = self.names.module(self.path, bound)
            if module is not None:
                self.modules[bound] = module
                continue
            place = self.names.lookup(self.path, bound)
            if place is not None:
                self.add(place, "imported", 1)
        for module in dict.fromkeys(self.modules.values()):
            if self.affordable(module):
                self._all_of(module, "module", 1)
        for item in self.sources.facts(self.path).imports:
            source = self.sources.project.resolve_import(self.path, item.module, item.level)
            if item.name == "*" and source and self.affordable(source):
                self._all_of(source, "imported", 1)

    def _all_of(self, path: str, way: str, hops: int) -> None:
        for place in self.names.table(path).top:
            self.add(place, way, hops)

    def _around_call_sites(self) -> None:
        for path, usage in self.found:
            around = self.enclosing(path, usage.enclosing)
            way = "test" if is_test(path) else "caller"
            for name in around.definition.names if around else ():
                place = self.names.lookup(path, name)
                if place is not None and not is_test(place.path):
                    self.add(place, way, 2)

    def enclosing(self, path: str, qualified_name: str) -> Place | None:
        """The function or method that a qualified name lies in; none in a file that is too large to be read for it."""
        if path != self.path and not self.affordable(path):
            return None
        places = self.names.table(path).places
        while qualified_name and qualified_name not in places:
            qualified_name = qualified_name.rpartition(".")[0]
        return places.get(qualified_name)

    def _types(self, rounds: int) -> None:
        """Classes that annotations and bases of what is there name."""
        done: set[tuple[str, str]] = set()
        for _ in range(rounds):
            for key, entry in list(self.entries.items()):
                if key in done or entry.hops > 2:
                    continue
                done.add(key)
                path = entry.place.path
                for way, name in entry.place.named:
                    place = self.names.lookup(path, name)
                    if place is not None and place.definition.kind in SHOWN_TYPES and not is_test(place.path):
                        self.add(place, way, entry.hops + 1)

    def _definers(self) -> dict[str, list[str]]:
        """Where names are defined that are like the target's, and attributes that the code around uses."""
        known = self._known_names()
        self._wanted = self._attributes_around() - known - BUILTIN_ATTRIBUTES
        words = [word for word in words_of([self.target.name]) if len(word) > 3]
        return self.sources.files_defining(self._wanted, words, known)

    def _known_names(self) -> set[str]:
        return {entry.place.definition.name for entry in self.entries.values()}

    def _package(self, definers: dict[str, list[str]]) -> None:
        """The modules beside the target's; what seems to define most of what is wanted comes first."""
        found: defaultdict[str, float] = defaultdict(float)
        for name in sorted(definers):
            for path in definers[name]:
                found[path] += 1 / len(definers[name])
        beside = [path for path in self.sources.project.beside(self.path) if not is_test(path)]
        beside.sort(key=lambda path: (-(found[path] + 0.3) / (self.sources.size(path) + 4000), path))
        for path in beside:
            if path != self.path and self.affordable(path):
                self._all_of(path, "package", 3)

    def _elsewhere(self, definers: dict[str, list[str]]) -> None:
        """What no other way leads to and few files define."""
        known = self._known_names()
        missing = [(len(p), name, p) for name, p in definers.items() if name not in known and len(p) <= MOST_DEFINERS]
        for _, name, paths in sorted(missing):
            for path in paths:
                if self.affordable(path):
                    way = "used" if name in self._wanted else "alike"
                    for place in self.names.table(path).places.values():
                        if place.definition.name == name:
                            self.add(place, way, 4)

    def _attributes_around(self) -> set[str]:
        found = set(self.names.table(self.path).attributes)
        for path, usage in self.found:
            around = self.enclosing(path, usage.enclosing)
            if around:
                found.update(around.definition.attributes)
        return found

    def _members(self) -> None:
        entries = self.entries
        for key, entry in list(entries.items()):
            ways, hops = entry.ways, entry.hops
            if entry.place.definition.kind != "class" or self._opened.get(key) == (ways, hops):
                continue
            self._opened[key] = ways, hops
            for place in self.names.members(*key):
                known = entries.get(place.key)
                if known is not None:
                    known.ways |= ways
                    known.hops = min(known.hops, hops)
                elif place.key != self._itself:
                    entries[place.key] = Entry(place, ways, hops)


def nearest(found: Sequence[Found], target: Target) -> list[Found]:
    """The usages in the files that tell most: in the module, in what is near it, in tests named after it."""
    own = target.relative_path
    named = words_of([target.module, target.name])

    def distance(path: str) -> tuple[bool, int, int, str]:
        shared = len(os.path.commonprefix([own.split("/"), path.split("/")]))  # noqa: RUF071 - of two lists, part by part
        alike = len(named & words_of([path.rpartition("/")[2]])) if is_test(path) else 0
        return path != own, -alike, -shared, path

    paths = sorted({path for path, _ in found}, key=distance)
    tests = [path for path in paths if is_test(path)][:MOST_TESTS]
    callers = [path for path in paths if not is_test(path)][:MOST_CALLERS]
    order = {path: number for number, path in enumerate([*callers, *tests])}
    return sorted((item for item in found if item.path in order), key=lambda item: order[item.path])
