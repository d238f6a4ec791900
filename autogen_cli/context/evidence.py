"""Which occurrences of a name mean the target: through imports, aliases, re-exports, module attributes, receivers."""

import builtins
import re
import unicodedata
from typing import Literal, NamedTuple, cast

from autogen_cli.context.facts import Import, Usage
from autogen_cli.context.project import is_test
from autogen_cli.context.sources import Sources
from autogen_cli.models import Argument, CallSite, ResultUse, Target

SELF = frozenset({"self", "cls", "super()", "type(self)"})
BUILTINS = frozenset(dir(builtins))


class Found(NamedTuple):
    """A usage that means the target, in a file."""

    path: str
    usage: Usage


class Evidence:
    """Finds what is known of one target. `homes`: (path, name) pairs under which the target can be imported."""

    def __init__(self, sources: Sources, target: Target) -> None:
        self.sources, self.project, self.target = sources, sources.project, target
        self.path = target.relative_path
        self.homes: dict[tuple[str, str], None] = {}

    def find(self) -> list[Found]:
        """All usages of the target, the module's own first, then by path and line."""
        if self.target.symbol is None:
            found = self._module_usages()
        elif self.target.owner:
            found = self._method_usages(self.target.owner, self.target.name)
        else:
            found = self._symbol_usages(self.target.name)
        unique = {(path, u.line, u.name, u.receiver, _comparable(u), u.kind): (path, u) for path, u in found}
        return sorted(
            (Found(path, usage) for path, usage in unique.values()),
            key=lambda item: (item.path != self.path, item.path, item.usage.line),
        )

    # Names at module level

    def _symbol_usages(self, name: str) -> list[Found]:
        self.homes = {(self.path, name): None}
        found: list[Found] = []
        grown = True
        while grown:  # a re-export makes one more home, which makes one more round
            count = len(self.homes)
            self._star_homes()
            for each in dict.fromkeys(name for _, name in self.homes):
                for path in self._candidates(each):
                    found += [Found(path, usage) for usage in self._bound(path, each)]
            grown = len(self.homes) > count
        return found

    def _star_homes(self) -> None:
        """Files that pass a home on with `from .module import *`, whether or not they mention the name themselves."""
        for source, name in list(self.homes):
            for path in self.sources.files_with("import *"):
                passes = {".", last_word(source)} & self.sources.import_words(path)
                stars = [item for item in self.sources.imports(path) if item.name == "*"] if passes else []
                if any(self._star_leads_home(path, item, name) for item in stars) and not self._binds(path, name):
                    self.homes[path, name] = None

    def _binds(self, path: str, name: str) -> bool:
        """Whether a module gives a name a meaning of its own."""
        bound = any(item.bound == name for item in self.sources.imports(path))
        return bound or any(d.name == name and not d.owner for d in self.sources.facts(path).definitions)

    def _candidates(self, name: str) -> list[str]:
        """Files that mention the name and import something that is called like a home or its package."""
        words = {"."}
        for path, _ in self.homes:
            words.update(path.removesuffix(".py").removesuffix("/__init__").split("/")[-2:])
        own = {path for path, _ in self.homes}
        paths = self.sources.files_with(name)
        return [path for path in paths if path in own or not words.isdisjoint(self.sources.import_words(path))]

    def _bound(self, path: str, name: str) -> list[Usage]:
        found = []
        own = (path, name) in self.homes
        for usage in self.sources.usages(path, name):
            if usage.receiver:
                means = self._receiver_is_home(path, usage)
            elif usage.kind == "import":
                means = self._import_is_home(path, usage)
            elif usage.kind == "export":
                means = own
            else:
                means = self._name_is_home(path, usage, own=own)
            if means:
                found.append(usage)
        return found

    def _imports_of(self, path: str, bound: str, enclosing: str) -> list[Import]:
        """Imports that bind a name where `enclosing` stands, the innermost first."""
        imports = [i for i in self.sources.imports(path) if i.bound == bound]
        seen = [i for i in imports if not i.scope or f"{enclosing}.".startswith(f"{i.scope}.")]
        return sorted(seen, key=lambda i: -len(i.scope))

    def _leads_home(self, path: str, item: Import, name: str) -> bool:
        source = self.project.resolve_import(path, item.module, item.level)
        return source is not None and (source, name) in self.homes

    def _import_is_home(self, path: str, usage: Usage) -> bool:
        for item in self.sources.imports(path):
            if item.bound == usage.name and item.name and self._leads_home(path, item, item.name):
                if not item.scope:
                    self.homes[path, item.bound] = None
                return True
        return False

    def _name_is_home(self, path: str, usage: Usage, *, own: bool) -> bool:
        imports = self._imports_of(path, usage.name, usage.enclosing)
        if imports:
            return any(self._leads_home(path, i, i.name) for i in imports if i.scope == imports[0].scope)
        return own

    def _star_leads_home(self, path: str, item: Import, name: str) -> bool:
        source = self.project.resolve_import(path, item.module, item.level)
        if source is None or (source, name) not in self.homes:
            return False
        exports = self.sources.facts(source).exports
        return name in exports if exports else not name.startswith("_")

    def _receiver_is_home(self, path: str, usage: Usage) -> bool:
        """`a.b.helper`: whether `a.b` is a module that the target can be reached in."""
        first, *rest = usage.receiver.split(".")
        for item in self._imports_of(path, first, usage.enclosing):
            parts = [*item.module.split("."), item.name] if item.name else item.module.split(".")
            if not item.name and item.bound == item.module.partition(".")[0]:
                parts = [item.bound]  # import a.b binds a
            dotted = ".".join(part for part in (*parts, *rest) if part)
            source = self.project.resolve_import(path, dotted, item.level)
            if source is not None and (source, usage.name) in self.homes:
                return True
        return False

    # Methods

    def _method_usages(self, owner: str, name: str) -> list[Found]:
        """Usages whose receiver is the class, an instance of it, or can't be anything else."""
        classes = {owner.rpartition(".")[2]}
        for item in self._symbol_usages(classes.copy().pop()):
            if item.usage.kind == "import":
                classes.add(item.usage.name)
            if "base" in item.usage.uses:
                line = item.usage.line
                classes |= {
                    d.name
                    for d in self.sources.facts(item.path).definitions
                    if d.kind == "class" and d.line <= line <= d.end_line and line - d.line < 8
                }
        paths = self.sources.files_with(name)
        rivals = {
            d.owner.rpartition(".")[2]
            for path in paths
            for d in self.sources.facts(path).definitions
            if d.name == name and d.owner
        } - classes
        return [
            Found(path, usage)
            for path in paths
            for usage in self.sources.attribute_usages(path, name)
            if self._receiver_is_owner(path, usage, classes, alone=not rivals)
        ]

    def _receiver_is_owner(self, path: str, usage: Usage, classes: set[str], *, alone: bool) -> bool:
        around = usage.enclosing.split(".")
        if usage.receiver in SELF:
            return not classes.isdisjoint(around)
        if usage.receiver.rpartition(".")[2] in classes:
            return True
        told = self._told_by(path, usage.receiver_type, usage, classes)
        first, _, attribute = usage.receiver.rpartition(".")
        if told is None and first == "self":
            for d in self.sources.facts(path).definitions:
                if d.name == attribute and d.owner in around and told is None:
                    told = self._told_by(path, d.returns or d.signature.partition(" = ")[2], usage, classes)
        if told is not None:
            return told
        return alone and not self._imports_of(path, usage.receiver.partition(".")[0], usage.enclosing)

    def _told_by(self, path: str, text: str, usage: Usage, classes: set[str]) -> bool | None:
        """Whether an annotation, or what is called to make a value, means one of the classes; None if it says nothing.

        It says no when it names another class, a builtin, or something from outside the project.
        """
        words = [word for word in re.findall(r"[^\W\d]\w*", text) if word not in {"None", "True", "False"}]
        if not classes.isdisjoint(words):
            return True
        if any(word[:1].isupper() or word in BUILTINS for word in words):
            return False
        imports = [item for word in words[:1] for item in self._imports_of(path, word, usage.enclosing)]
        outside = [self.project.resolve_import(path, item.module, item.level) is None for item in imports]
        return False if any(outside) else None

    # Whole modules

    def _module_usages(self) -> list[Found]:
        """What the others import from the module, and how they use it."""
        wanted: dict[str, None] = {}
        for path in self.sources.files_with(last_word(self.path)):
            for item in self.sources.imports(path):
                if item.name and self.project.resolve_import(path, item.module, item.level) == self.path:
                    wanted[item.name] = None
                wanted.update(dict.fromkeys(self._read_through(path, item)))
        found: list[Found] = []
        for name in wanted:
            if name != "*":
                found += self._symbol_usages(name)
        return found

    def _read_through(self, path: str, item: Import) -> list[str]:
        """Attributes that a file reads from the module by the name that an import gives it."""
        dotted = ".".join(part for part in (item.module, item.name) if part)
        if self.project.resolve_import(path, dotted, item.level) != self.path:
            return []
        shown = item.bound if item.name or item.bound != item.module.partition(".")[0] else item.module
        pattern = rf"(?<![\w.]){re.escape(shown)}\.(?!_)(\w+)"
        return [match.decode() for match in re.findall(pattern.encode(), self.sources.source(path))]


def last_word(path: str) -> str:
    """What a module is called in an import: `tools` for `pkg/tools.py` and for `pkg/tools/__init__.py`."""
    return path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]


def _comparable(usage: Usage) -> tuple[tuple[str, ...], ...] | None:
    """Arguments, which the index gives as lists."""
    return None if usage.arguments is None else tuple(map(tuple, usage.arguments))


def call_site(item: Found) -> CallSite:
    """A usage as the other packages see it."""
    usage = item.usage
    arguments = usage.arguments
    return CallSite(
        path=item.path,
        line=usage.line,
        text=usage.text,
        enclosing=usage.enclosing or None,
        arguments=None if arguments is None else tuple(_argument(*argument) for argument in arguments),
        awaited=usage.awaited,
        uses=cast("tuple[ResultUse, ...]", tuple(usage.uses)),
        names=tuple(usage.names),
        members=tuple(usage.members),
        in_test=is_test(item.path),
    )


def _argument(text: str, name: str, star: str) -> Argument:
    name = unicodedata.normalize("NFKC", name)  # as Python's parser does with identifiers
    return Argument(text=text, name=name or None, star=cast("Literal['', '*', '**']", star))
