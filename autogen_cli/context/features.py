"""Numbers on a definition that tell how likely the missing symbol needs it: what `weights.py` weighs.

The strongest is what the module imports or defines for itself alone and uses nowhere: somebody meant to use it. Then
come the names that similar functions, callers and tests load, and words shared with the target's name.
"""

import re
from collections import Counter
from collections.abc import Set
from functools import cached_property
from itertools import chain
from math import fsum, log, log1p
from typing import NamedTuple

from autogen_cli.context.facts import Definition
from autogen_cli.context.pool import Entry, Pool
from autogen_cli.context.project import is_test
from autogen_cli.context.syntax import words_of
from autogen_cli.context.tables import Place, Table, words

type Features = dict[str, float]
type Environment = tuple[frozenset[str], int, int | None, int | None]

OWN = frozenset({"own uses", "similar uses"})
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Loaded(NamedTuple):
    """How many functions load a name, and an attribute of that name."""

    names: Counter[str]
    attributes: Counter[str]

    def add(self, definition: Definition) -> None:
        self.names.update(definition.names)
        self.attributes.update(definition.attributes)


class Likeness(NamedTuple):
    """Name or attribute -> how much the name of a function that loads it is like the target's (Jaccard index)."""

    names: dict[str, float]
    attributes: dict[str, float]

    def add(self, table: Table, target_words: frozenset[str], leave_out: str | None = None) -> None:
        """leave_out: the target itself."""
        for place in {
            place.key: place for word in target_words for place in table.functions_by_word.get(word, ())
        }.values():
            definition = place.definition
            if definition.qualified_name == leave_out:
                continue
            likeness = len(place.words & target_words) / len(place.words | target_words)
            for known, loaded in zip(self, (definition.names, definition.attributes), strict=True):
                known.update((name, likeness) for name in loaded if likeness > known.get(name, 0.0))


class Uses:
    """Who loads what: the target's module, the functions around call sites, tests, everything in the pool's files.

    all: of the pool's names. passed_words: words of the arguments at call sites. self_passed: classes whose methods
    pass `self`.
    """

    def __init__(self, pool: Pool) -> None:
        self.own = Loaded(Counter(), Counter())
        self.callers = Loaded(Counter(), Counter())
        self.tests = Loaded(Counter(), Counter())
        self.all: tuple[dict[str, int], dict[str, int]] = {}, {}
        self.similar = Likeness({}, {})
        self.alike = Likeness({}, {})
        self.passed_words: set[str] = set()
        self.self_passed: set[str] = set()
        self._read_own(pool)
        self._read_sites(pool)
        self._read_all(pool)

    def _read_own(self, pool: Pool) -> None:
        table = pool.names.table(pool.path)
        for definition in table.facts.definitions:
            if definition.kind == "class" and not definition.owner:
                self.own.names.update(definition.names)
        for place in table.functions:
            if place.definition.qualified_name != pool.target.symbol:
                self.own.add(place.definition)
        self.similar.add(table, words(pool.target.name), leave_out=pool.target.symbol)
        self.own.names.update(table.facts.names)
        self.own.attributes.update(table.facts.attributes)

    def _read_sites(self, pool: Pool) -> None:
        seen: set[tuple[str, str]] = set()
        for path, usage in pool.found:
            passed = {text for text, _, _ in usage.arguments or ()}
            for text, keyword, _ in usage.arguments or ():
                self.passed_words |= words_of([keyword, *IDENTIFIER.findall(text)])
            around = pool.enclosing(path, usage.enclosing)
            if around is None or around.key in seen:
                continue
            seen.add(around.key)
            (self.tests if is_test(path) else self.callers).add(around.definition)
            if "self" in passed and around.definition.owner:
                self.self_passed.add(around.definition.owner.rpartition(".")[2])

    def _read_all(self, pool: Pool) -> None:
        wanted = {entry.place.definition.name for entry in pool.entries.values()}
        target_words = words(pool.target.name)
        for path in sorted({path for path, _ in pool.entries}):
            table = pool.names.table(path)
            if path != pool.path:
                self.alike.add(table, target_words)
            for known, loaded in zip(self.all, table.loaded, strict=True):
                for name in wanted.intersection(loaded):
                    known[name] = known.get(name, 0) + loaded[name]


class FeatureReader:
    def __init__(self, pool: Pool) -> None:
        self.uses = Uses(pool)
        self.target_words = words(pool.target.name)
        self.target_owner = pool.target.owner
        facts = pool.names.table(pool.path).facts
        self.exports = frozenset(facts.exports)
        self.imports = {item.name: item for item in reversed(facts.imports)}
        self.places = [entry.place for entry in pool.entries.values()]
        self.definers = Counter(place.definition.name for place in self.places if place.definition.owner)
        self._owners: dict[str, Features] = {}
        self._files: dict[str, float] = {}
        self.is_plain = not pool.found and pool.target.symbol not in pool.names.table(pool.path).places
        self._renamed = {item.name for item in facts.imports if item.bound != item.name}
        similar, alike = self.uses.similar, self.uses.alike
        self._told = similar.names.keys() | alike.names.keys(), similar.attributes.keys() | alike.attributes.keys()
        self._numbers = [self._numbers_on(kind) for kind in (0, 1)]

    def _numbers_on(self, kind: int) -> list[tuple[str, dict[str, float], bool]]:
        """Features by name (kind 0) or attribute (1), and whether the name is the one that the module itself uses."""
        uses = self.uses
        counts = {"own": uses.own, "caller": uses.callers, "test": uses.tests, "all": uses.all}
        found = [(f"{who} uses", {n: log1p(count) for n, count in each[kind].items()}) for who, each in counts.items()]
        found += [("similar uses", uses.similar[kind]), ("alike uses", uses.alike[kind])]
        return [(feature, numbers, feature in OWN) for feature, numbers in found if numbers]

    def environment(self, entry: Entry) -> Environment | None:
        """Where nothing of the target's own speaks for a definition: all that its features depend on beside the module.

        None where something does.
        """
        if not self.is_plain:
            return None
        place, name, owner = entry.place, entry.place.definition.name, entry.place.definition.owner
        if not place.words.isdisjoint(self.target_words) or name in self._told[bool(owner)] or name in self._renamed:
            return None
        if "owner overlap" in self._owner(owner) if owner else self._file(place.path):
            return None
        return entry.ways, entry.hops, self.uses.all[bool(owner)].get(name), self.definers.get(name)

    def read(self, entry: Entry) -> Features:
        """Only the features that aren't 0, beside those of `reached`."""
        place = entry.place
        definition, passed = place.definition, self.uses.passed_words
        features: Features = {}
        if not place.words.isdisjoint(self.target_words):
            features["name overlap"] = self.overlap(place.words, self.target_words)
        if passed:
            self._read_passed(place, passed, features)
        if definition.name[0] == "_":
            features["dunder" if definition.name.startswith("__") else "private"] = 1.0
        (self._member if definition.owner else self._top)(entry, definition, features)
        return features

    def _read_passed(self, place: Place, passed: Set[str], features: Features) -> None:
        if value := self.overlap(place.parameter_words, passed):
            features["parameter overlap"] = value
        if value := self.overlap(place.words, passed):
            features["argument overlap"] = value

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(chain.from_iterable(place.words for place in self.places))

    def _rarity(self, word: str) -> float:
        """Inverse frequency in the pool."""
        count, total = self._frequency.get(word), len(self.places)
        return log(1 + total / count) / log(2 + total) if count else 1.0

    def overlap(self, some: frozenset[str], other: Set[str]) -> float:
        """Share of `some` words that are in `other`, rare words counting more.

        fsum gives the same in any order, and sets have another order in each process.
        """
        if some.isdisjoint(other):  # nearly always
            return 0.0
        weights = {word: self._rarity(word) for word in some}
        return fsum(weights[word] for word in weights if word in other) / max(1e-9, fsum(weights.values()))

    def _top(self, entry: Entry, definition: Definition, features: Features) -> None:
        name, uses = definition.name, self.uses
        item = self.imports.get(name) if "imported" in entry.ways else None
        local = item.bound if item else name
        unused = local not in uses.own.names and local not in self.exports
        if item is not None:
            if item.scope:
                features["inner import"] = 1.0
            elif unused and not item.typing_only:
                features["unused import"] = 1.0
        if "own" in entry.ways:
            if unused:
                features["orphan private" if name.startswith("_") else "orphan public"] = 1.0
            features[f"own {definition.kind}"] = 1.0
        if "module" in entry.ways and (count := uses.own.attributes.get(name)):
            features["module attribute"] = log1p(count)
        self._note_uses(features, name, local, 0)
        if value := self._file(entry.place.path):
            features["file overlap"] = value
        if "TypeVar" in definition.signature or "ParamSpec" in definition.signature:
            features["type variable"] = 1.0

    def _member(self, entry: Entry, definition: Definition, features: Features) -> None:
        name = definition.name
        self._note_uses(features, name, name, 1)
        features["definers"] = log1p(self.definers[name])
        features |= self._owner(definition.owner)

    def _note_uses(self, features: Features, name: str, local: str, kind: int) -> None:
        """local: what the target's module calls it."""
        for feature, numbers, is_own in self._numbers[kind]:
            if value := numbers.get(local if is_own else name):
                features[feature] = value

    def _file(self, path: str) -> float:
        if (value := self._files.get(path)) is None:
            value = self._files[path] = self.overlap(words(path), self.target_words)
        return value

    def _owner(self, owner: str) -> Features:
        if (known := self._owners.get(owner)) is None:
            known = self._owners[owner] = self._read_owner(owner.rpartition(".")[2])
        return known

    def _read_owner(self, owner: str) -> Features:
        uses, item = self.uses, self.imports.get(owner)
        unused = item is not None and item.bound not in uses.own.names and item.bound not in self.exports
        features = {
            "owner overlap": self.overlap(words(owner), self.target_words),
            "owner argument": self.overlap(words(owner), uses.passed_words),
            "owner caller": log1p(uses.callers.names[owner]),
            "owner passes self": float(owner in uses.self_passed),
            "owner unused": float(unused),
        }
        return {name: value for name, value in features.items() if value}


def reached(ways: frozenset[str], hops: int) -> Features:
    """What the way to a definition tells of it."""
    return {"bias": 1.0, "hops": float(hops)} | {f"way {way}": 1.0 for way in ways}
