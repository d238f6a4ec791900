"""One file's definitions, as ranking asks for them over and over: by name, by owner, by word."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from autogen_cli.context.facts import Definition, FileFacts, Import
from autogen_cli.context.syntax import words_of

if TYPE_CHECKING:
    from autogen_cli.context.render import Piece

NAME = re.compile(r"[A-Za-z_][\w.]*")


@lru_cache(maxsize=5_000)
def words(name: str) -> frozenset[str]:
    return frozenset(words_of([name]))


class Place:
    """A definition and the file that it stands in. words: of its name. shown: how `rank.py` has shown it last."""

    __slots__ = ("_named", "_parameter_words", "definition", "key", "path", "shown", "words")

    def __init__(self, path: str, definition: Definition) -> None:
        self.path, self.definition = path, definition
        self.key = path, definition.qualified_name
        self.words = words(definition.name)
        self.shown: tuple[bool, bool, Piece] | None = None
        self._named: tuple[tuple[str, str], ...] | None = None
        self._parameter_words: frozenset[str] | None = None

    @property
    def parameter_words(self) -> frozenset[str]:
        if self._parameter_words is None:
            self._parameter_words = frozenset(words_of(each[0] for each in self.definition.parameters))
        return self._parameter_words

    @property
    def named(self) -> Sequence[tuple[str, str]]:
        """(way, name) of what may be a class: `type` in annotations, then `base`."""
        if self._named is None:
            annotations = [("type", name) for text in self._annotations() for name in NAME.findall(text)]
            bases = [("base", name) for text in self.definition.bases for name in NAME.findall(text)]
            self._named = tuple(dict.fromkeys(annotations + bases))
        return self._named

    def _annotations(self) -> Iterator[str]:
        definition = self.definition
        yield definition.returns
        for _, annotation, _ in definition.parameters:
            yield annotation
        if definition.kind == "constant" and "(" in definition.signature:
            yield definition.signature.partition("=")[2].partition("(")[0]


class Table:
    """places: by qualified name. top: those at module level."""

    def __init__(self, path: str, facts: FileFacts) -> None:
        self.facts = facts
        self.places = {d.qualified_name: Place(path, d) for d in facts.definitions}
        self.top = [place for place in self.places.values() if not place.definition.owner]

    @cached_property
    def members(self) -> dict[str, list[Place]]:
        """Qualified name of a class or function -> what is defined within it, at any depth."""
        members: dict[str, list[Place]] = {}
        for name, place in self.places.items():
            while name := name.rpartition(".")[0]:
                members.setdefault(name, []).append(place)
        return members

    @cached_property
    def imports(self) -> dict[str, Import]:
        """Local name -> import. Those at module level win."""
        ordered = sorted(self.facts.imports, key=lambda item: bool(item.scope), reverse=True)
        return {item.bound: item for item in ordered if item.name != "*"}

    @cached_property
    def attributes(self) -> frozenset[str]:
        """All that the file's code uses."""
        return frozenset(self.facts.attributes).union(*(d.attributes for d in self.facts.definitions))

    @cached_property
    def functions(self) -> list[Place]:
        return [place for place in self.places.values() if place.definition.kind in {"function", "method"}]

    @cached_property
    def functions_by_word(self) -> dict[str, list[Place]]:
        """Functions and methods by the words of their names."""
        found: dict[str, list[Place]] = {}
        for place in self.functions:
            for word in place.words:
                found.setdefault(word, []).append(place)
        return found

    @cached_property
    def loaded(self) -> tuple[Counter[str], Counter[str]]:
        """How many functions load a name, and an attribute of that name."""
        names: Counter[str] = Counter()
        attributes: Counter[str] = Counter()
        for place in self.functions:
            names.update(place.definition.names)
            attributes.update(place.definition.attributes)
        return names, attributes
