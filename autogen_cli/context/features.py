"""Numbers on a definition that tell how likely the missing symbol needs it: what `weights.py` weighs.

The strongest is what the module imports or defines for itself alone and uses nowhere: somebody meant to use it. Then
come the names that similar functions, callers and tests load, and words shared with the target's name.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Set
from functools import lru_cache
from math import fsum
from typing import NamedTuple

from autogen_cli.context.facts import Definition
from autogen_cli.context.pool import Entry, Pool
from autogen_cli.context.project import is_test
from autogen_cli.context.syntax import words_of

type Features = dict[str, float]

IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Loaded(NamedTuple):
    """How many functions load a name, and an attribute of that name."""

    names: Counter[str]
    attributes: Counter[str]

    def add(self, definition: Definition) -> None:
        self.names.update(definition.names)
        self.attributes.update(definition.attributes)


class Uses:
    """Who loads what: the target's module, the functions around call sites, tests, everything in the pool's files.

    similar: name -> how much the name of the function that loads it is like the target's (Jaccard index of words).
    passed_words: words of the arguments at call sites. self_passed: classes whose methods pass `self`.
    """

    def __init__(self, pool: Pool) -> None:
        self.own = Loaded(Counter(), Counter())
        self.callers = Loaded(Counter(), Counter())
        self.tests = Loaded(Counter(), Counter())
        self.all = Loaded(Counter(), Counter())
        self.similar: tuple[dict[str, float], dict[str, float]] = {}, {}
        self.alike: tuple[dict[str, float], dict[str, float]] = {}, {}
        self.passed_words: set[str] = set()
        self.self_passed: set[str] = set()
        self._read_own(pool)
        self._read_sites(pool)
        target_words = words(pool.target.name)
        for path in sorted({entry.place.path for entry in pool.entries.values()}):
            for definition in pool.sources.facts(path).definitions:
                if definition.kind in {"function", "method"}:
                    self.all.add(definition)
                    if path != pool.path:
                        _note_similar(self.alike, definition, target_words)

    def _read_own(self, pool: Pool) -> None:
        facts = pool.sources.facts(pool.path)
        target_words = words(pool.target.name)
        for definition in facts.definitions:
            if definition.kind == "class" and not definition.owner:
                self.own.names.update(definition.names)
            if definition.kind not in {"function", "method"} or definition.qualified_name == pool.target.symbol:
                continue
            self.own.add(definition)
            _note_similar(self.similar, definition, target_words)
        self.own.names.update(facts.names)
        self.own.attributes.update(facts.attributes)

    def _read_sites(self, pool: Pool) -> None:
        seen: set[tuple[str, str]] = set()
        for path, usage in pool.found:
            passed = {text for text, _, _ in usage.arguments or ()}
            for text, keyword, _ in usage.arguments or ():
                self.passed_words |= words_of([keyword, *IDENTIFIER.findall(text)])
            around = pool.enclosing(path, usage.enclosing)
            if around is None or (path, around.qualified_name) in seen:
                continue
            seen.add((path, around.qualified_name))
            (self.tests if is_test(path) else self.callers).add(around)
            if "self" in passed and around.owner:
                self.self_passed.add(around.owner.rpartition(".")[2])


def _note_similar(
    known: tuple[dict[str, float], dict[str, float]], definition: Definition, target_words: frozenset[str]
) -> None:
    own_words = words(definition.name)
    shared = len(own_words & target_words)
    if shared:
        likeness = shared / len(own_words | target_words)
        for table, loaded in zip(known, (definition.names, definition.attributes), strict=True):
            table.update((name, max(likeness, table.get(name, 0.0))) for name in loaded)


class FeatureReader:
    def __init__(self, pool: Pool) -> None:
        self.uses = Uses(pool)
        self.target_words = words(pool.target.name)
        facts = pool.sources.facts(pool.path)
        self.exports = frozenset(facts.exports)
        self.imports = {item.name: item for item in reversed(facts.imports)}
        definitions = [entry.place.definition for entry in pool.entries.values()]
        self.definers = Counter(definition.name for definition in definitions if definition.owner)
        frequency = Counter(word for definition in definitions for word in words(definition.name))
        ceiling = math.log(2 + len(definitions))
        self.rarity = {word: math.log(1 + len(definitions) / count) / ceiling for word, count in frequency.items()}

    def read(self, entry: Entry) -> Features:
        """Only the features that aren't 0."""
        definition = entry.place.definition
        features: Features = {f"way {way}": 1.0 for way in entry.ways}
        features["bias"] = 1.0
        features["hops"] = float(entry.hops)
        own_words = words(definition.name)
        parameters = words_of(each[0] for each in definition.parameters)
        features["parameter overlap"] = self.overlap(parameters, self.uses.passed_words) if parameters else 0.0
        features["name overlap"] = self.overlap(own_words, self.target_words)
        features["argument overlap"] = self.overlap(own_words, self.uses.passed_words)
        if definition.name.startswith("_"):
            features["dunder" if definition.name.startswith("__") else "private"] = 1.0
        (self._member if definition.owner else self._top)(entry, definition, features)
        return {name: value for name, value in features.items() if value}

    def overlap(self, some: Iterable[str], other: Set[str]) -> float:
        """Share of `some` words that are in `other`, rare words counting more (inverse frequency in the pool).

        fsum gives the same in any order, and sets have another order in each process.
        """
        if other.isdisjoint(some):  # nearly always
            return 0.0
        weights = {word: self.rarity.get(word, 1.0) for word in some}
        return fsum(weights[word] for word in weights if word in other) / max(1e-9, fsum(weights.values()))

    def _top(self, entry: Entry, definition: Definition, features: Features) -> None:
        name, uses = definition.name, self.uses
        item = self.imports.get(name) if "imported" in entry.ways else None
        local = item.bound if item else name
        unused = not uses.own.names[local] and local not in self.exports
        if item is not None:
            features["inner import"] = float(bool(item.scope))
            features["unused import"] = float(unused and not item.scope and not item.typing_only)
        if "own" in entry.ways:
            features["orphan private" if name.startswith("_") else "orphan public"] = float(unused)
            features[f"own {definition.kind}"] = 1.0
        if "module" in entry.ways:
            features["module attribute"] = math.log1p(uses.own.attributes[name])
        features["own uses"] = math.log1p(uses.own.names[local])
        features["caller uses"] = math.log1p(uses.callers.names[name])
        features["test uses"] = math.log1p(uses.tests.names[name])
        features["all uses"] = math.log1p(uses.all.names[name])
        features["similar uses"] = uses.similar[0].get(local, 0.0)
        features["alike uses"] = uses.alike[0].get(name, 0.0)
        features["file overlap"] = self.overlap(words(entry.place.path), self.target_words)
        features["type variable"] = float("TypeVar" in definition.signature or "ParamSpec" in definition.signature)

    def _member(self, entry: Entry, definition: Definition, features: Features) -> None:
        name, uses = definition.name, self.uses
        owner = definition.owner.rpartition(".")[2]
        item = self.imports.get(owner)
        features["own uses"] = math.log1p(uses.own.attributes[name])
        features["caller uses"] = math.log1p(uses.callers.attributes[name])
        features["test uses"] = math.log1p(uses.tests.attributes[name])
        features["all uses"] = math.log1p(uses.all.attributes[name])
        features["similar uses"] = uses.similar[1].get(name, 0.0)
        features["alike uses"] = uses.alike[1].get(name, 0.0)
        features["definers"] = math.log1p(self.definers[name])
        features["owner overlap"] = self.overlap(words(owner), self.target_words)
        features["owner argument"] = self.overlap(words(owner), uses.passed_words)
        features["owner caller"] = math.log1p(uses.callers.names[owner])
        features["owner passes self"] = float(owner in uses.self_passed)
        if item is not None:
            features["owner unused"] = float(not uses.own.names[item.bound] and item.bound not in self.exports)


@lru_cache(maxsize=20_000)
def words(name: str) -> frozenset[str]:
    return frozenset(words_of([name]))
