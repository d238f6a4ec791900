"""Which occurrences of a name mean the target: through imports, aliases, re-exports, module attributes, receivers."""

from typing import Literal, NamedTuple, cast

from autogen_cli.context.facts import Import, Usage
from autogen_cli.context.project import is_test
from autogen_cli.context.sources import Sources
from autogen_cli.models import Argument, CallSite, ResultUse, Target

SELF = frozenset({"self", "cls", "super()", "type(self)"})


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
        unique = {(path, u.line, u.name, u.receiver, str(u.arguments), u.kind): (path, u) for path, u in found}
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
            grown = False
            for each in dict.fromkeys(name for _, name in self.homes):
                for path in self._candidates(each):
                    count = len(self.homes)
                    found += [Found(path, usage) for usage in self._bound(path, each)]
                    grown = grown or len(self.homes) > count
        return found

    def _candidates(self, name: str) -> list[str]:
        """Files that mention the name and import something that is called like a home or its package."""
        words = {"."}
        for path, _ in self.homes:
            words.update(path.removesuffix(".py").removesuffix("/__init__").split("/")[-2:])
        own = {path for path, _ in self.homes}
        paths = self.sources.files_with(name)
        return [path for path in paths if path in own or not words.isdisjoint(self.sources.imported_words(path))]

    def _bound(self, path: str, name: str) -> list[Usage]:
        found = []
        own = (path, name) in self.homes
        for usage in self.sources.usages(path, name):
            if usage.receiver:
                means = self._receiver_is_home(path, usage, name)
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
        imports = [i for i in self.sources.facts(path).imports if i.bound == bound]
        seen = [i for i in imports if not i.scope or f"{enclosing}.".startswith(f"{i.scope}.")]
        return sorted(seen, key=lambda i: -len(i.scope))

    def _leads_home(self, path: str, item: Import, name: str) -> bool:
        source = self.project.resolve_import(path, item.module, item.level)
        return source is not None and (source, name) in self.homes

    def _import_is_home(self, path: str, usage: Usage) -> bool:
        for item in self.sources.facts(path).imports:
            if item.bound == usage.name and item.name and self._leads_home(path, item, item.name):
                if not item.scope:
                    self.homes[path, item.bound] = None
                return True
        return False

    def _name_is_home(self, path: str, usage: Usage, *, own: bool) -> bool:
        imports = self._imports_of(path, usage.name, usage.enclosing)
        if imports:
            return self._leads_home(path, imports[0], imports[0].name)
        if own:
            return True
        facts = self.sources.facts(path)
        if any(d.name == usage.name and not d.owner for d in facts.definitions):
            return False
        return any(self._star_leads_home(path, i, usage.name) for i in facts.imports if i.name == "*")

    def _star_leads_home(self, path: str, item: Import, name: str) -> bool:
        source = self.project.resolve_import(path, item.module, item.level)
        if source is None or (source, name) not in self.homes:
            return False
        exports = self.sources.facts(source).exports
        if name in exports if exports else not name.startswith("_"):
            self.homes[path, name] = None
            return True
        return False

    def _receiver_is_home(self, path: str, usage: Usage, name: str) -> bool:
        """`a.b.helper`: whether `a.b` is a module that the target can be reached in."""
        first, *rest = usage.receiver.split(".")
        for item in self._imports_of(path, first, usage.enclosing):
            parts = [*item.module.split("."), item.name] if item.name else item.module.split(".")
            if not item.name and item.bound == item.module.partition(".")[0]:
                parts = [item.bound]  # import a.b binds a
            dotted = ".".join(part for part in (*parts, *rest) if part)
            source = self.project.resolve_import(path, dotted, item.level)
            if source is not None and (source, name) in self.homes:
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
            for usage in self.sources.usages(path, name)
            if usage.receiver and self._receiver_is_owner(path, usage, classes, alone=not rivals)
        ]

    def _receiver_is_owner(self, path: str, usage: Usage, classes: set[str], *, alone: bool) -> bool:
        around = usage.enclosing.split(".")
        if usage.receiver in SELF:
            return not classes.isdisjoint(around)
        if usage.receiver.rpartition(".")[2] in classes:
            return True
        if usage.receiver_type:
            return usage.receiver_type.rpartition(".")[2].strip("\"'") in classes
        first, _, attribute = usage.receiver.rpartition(".")
        if first == "self":
            types = [
                d.returns
                for d in self.sources.facts(path).definitions
                if d.name == attribute and d.owner in around and d.returns
            ]
            if types:
                return any(name in text for text in types for name in classes)
        return alone and not self._imports_of(path, usage.receiver.partition(".")[0], usage.enclosing)

    # Whole modules

    def _module_usages(self) -> list[Found]:
        """What the others import from the module, and how they use it."""
        stem = self.path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
        wanted: dict[str, None] = {}
        for path in self.sources.files_with(stem):
            for item in self.sources.facts(path).imports:
                if item.name and self.project.resolve_import(path, item.module, item.level) == self.path:
                    wanted[item.name] = None
        found = []
        for name in wanted:
            if name != "*":
                found += self._symbol_usages(name)
        return found


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
    return Argument(text=text, name=name or None, star=cast("Literal['', '*', '**']", star))
