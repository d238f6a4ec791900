"""Gives a module the imports that new code needs: none twice, each in the block where it belongs."""

import ast
import bisect
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autogen_cli.generation.insert.listing import Item, add_item
from autogen_cli.generation.insert.module import Module, Splice, is_blank, leading_space, span
from autogen_cli.generation.module_names import imports_of
from autogen_cli.generation.statements import (
    DEFINITIONS,
    end_line,
    first_line,
    has_docstring,
    is_type_checking,
)
from autogen_cli.models import Target

_WIDTH = 88


@dataclass(frozen=True, slots=True)
class Wanted:
    """One import. module: absolute. written: as the answer has it, leading dots included. name: None for `import x`.

    typing: needed by type checkers only.
    """

    module: str
    written: str
    name: str | None
    alias: str | None
    typing: bool

    @property
    def bound(self) -> str:
        return self.alias or self.name or self.module.partition(".")[0]

    @property
    def text(self) -> str:
        item = f"{self.name or self.written}{f' as {self.alias}' if self.alias else ''}"
        return f"from {self.written} import {item}" if self.name else f"import {item}"

    def same(self, other: "Wanted") -> bool:
        """Both bind the same name to the same thing, however it is written."""
        return (self.module, self.name, self.bound) == (other.module, other.name, other.bound)

    def extends(self, other: "Wanted") -> bool:
        """`import a.b` beside `import a` or `import a.c`."""
        return self.name is None and other.name is None and self.alias is None and other.alias is None

    def gives(self, other: "Wanted") -> bool:
        """Makes the other one needless: `import a.b` binds `a` as well."""
        return self.same(other) or (self.extends(other) and self.module.startswith(f"{other.module}."))


def wanted_imports(body: Sequence[ast.stmt], target: Target) -> Iterator[Wanted]:
    """Every name that the statements import."""
    for statement, typing in imports_of(body):
        for alias in statement.names:
            if isinstance(statement, ast.Import):
                yield Wanted(alias.name, alias.name, None, alias.asname, typing)
            else:
                module = absolute(statement, target)
                written = "." * statement.level + (statement.module or "")
                yield Wanted(module, written, alias.name, alias.asname, typing)


def absolute(statement: ast.ImportFrom, target: Target) -> str:
    """The module that a from-import of the target's module means; what leads out of the packages keeps its dots."""
    if not statement.level:
        return statement.module or ""
    package = target.module.split(".") if target.path.name == "__init__.py" else target.module.split(".")[:-1]
    depth = len(package) - statement.level + 1
    if depth < (0 if not package else 1):
        return "." * statement.level + (statement.module or "")
    return ".".join([*package[:depth], *([statement.module] if statement.module else [])])


def import_splices(
    wanted: Sequence[Wanted], blocks: Sequence[list[str]], module: Module, target: Target
) -> list[Splice]:
    """What the module's text needs to import all of `wanted`. blocks: whole `try` statements, as lines.

    A from-import joins an existing one of the same module; others go to their group (standard library, third party,
    own packages, relative), in order where the group is in order.
    """
    if not wanted and not blocks:
        return []
    runtime = [item for item in wanted if not item.typing]
    typing = [item for item in wanted if item.typing]
    guard = next((s for s in module.tree.body if isinstance(s, ast.If) and is_type_checking(s)), None)
    if typing and not guard and "TYPE_CHECKING" not in module.names:
        runtime.append(Wanted("typing", "typing", "TYPE_CHECKING", None, typing=False))
    region = _Region.leading(module, target)
    splices, loose = region.merge(runtime)
    if guard:
        inner = _Region(module, target, [s for s in guard.body if isinstance(s, ast.Import | ast.ImportFrom)], guard)
        more, rest = inner.merge(typing)
        splices += [*more, *inner.add(rest)]
    elif typing:
        block = [f"{module.indent}{line}" for line in _statements(typing)]
        blocks = [*blocks, ["if TYPE_CHECKING:\n", *block]]
    return [*splices, *region.add(loose, blocks)]


@dataclass(frozen=True, slots=True)
class _Region:
    """Import statements that stand together: those at the top of a module, or those of its TYPE_CHECKING block."""

    module: Module
    target: Target
    statements: list[ast.Import | ast.ImportFrom]
    guard: ast.If | None = None

    @classmethod
    def leading(cls, module: Module, target: Target) -> "_Region":
        body = module.tree.body
        before = itertools.takewhile(lambda s: not (isinstance(s, DEFINITIONS) or _runs_on(s, body)), body)
        return cls(module, target, [s for s in before if isinstance(s, ast.Import | ast.ImportFrom)])

    def merge(self, wanted: Sequence[Wanted]) -> tuple[list[Splice], list[Wanted]]:
        """Names put into existing from-imports, and the imports that found none."""
        homes: dict[int, list[Wanted]] = {}
        loose: list[Wanted] = []
        for item in wanted:
            takers = [i for i, s in enumerate(self.statements) if self._takes(s, item)]
            home = min(takers, key=lambda i: _written(self.statements[i]) != item.written, default=None)
            if home is None:
                loose.append(item)
            else:
                homes.setdefault(home, []).append(item)
        return [_merged(self.statements[i], items, self.module) for i, items in homes.items()], loose

    def _takes(self, statement: ast.stmt, item: Wanted) -> bool:
        if not isinstance(statement, ast.ImportFrom) or item.name is None or statement.names[0].name == "*":
            return False
        alone = not any(
            s is not statement and first_line(s) <= end_line(statement) and end_line(s) >= first_line(statement)
            for s in (self.guard.body if self.guard else self.module.tree.body)
        )
        ended = not self.module.lines[end_line(statement) - 1].rstrip().endswith("\\")
        return alone and ended and absolute(statement, self.target) == item.module

    def add(self, wanted: Sequence[Wanted], blocks: Sequence[list[str]] = ()) -> list[Splice]:
        """New statements, group by group; blocks come last."""
        groups: dict[int, list[Wanted]] = {}
        for item in wanted:
            groups.setdefault(self._group(item.written), []).append(item)
        if not self.statements and not self.guard:
            return self._header([_statements(groups[g]) for g in sorted(groups)], blocks)
        splices = [s for g in sorted(groups) for s in self._grouped(g, groups[g])]
        if blocks:
            at = end_line(self.statements[-1])
            splices.append(Splice(at, at, [line for block in blocks for line in ["\n", *block]]))
        return splices

    def _header(self, groups: Sequence[list[str]], blocks: Sequence[list[str]]) -> list[Splice]:
        """The first imports of a module: below its docstring, or below the comments that it opens with."""
        parts = [part for part in [*groups, *blocks] if part]
        if not parts:
            return []
        body, lines = self.module.tree.body, self.module.lines
        skip = 1 if has_docstring(body) else 0
        following = body[skip] if len(body) > skip else None
        at = end_line(body[0]) if skip else span(following, lines)[0] if following else len(lines)
        text = [line for part in parts for line in ["\n", *part]][1:]
        head = ["\n"] if at and not is_blank(lines[at - 1]) else []
        gap = 2 if isinstance(following, DEFINITIONS) else 1
        tail = gap - sum(1 for _ in itertools.takewhile(is_blank, lines[at:])) if following else 0
        return [Splice(at, at, [*head, *text, *["\n"] * tail])]

    def _grouped(self, group: int, wanted: list[Wanted]) -> list[Splice]:
        keys = [(self._group(_written(s)), *_order(_written(s), s)) for s in self.statements]
        same = [i for i, key in enumerate(keys) if key[0] == group]
        if not same:
            return [self._new_group(group, [key[0] for key in keys], _statements(wanted))]
        splices = []
        for text, item in zip(_statements(wanted), _leaders(wanted), strict=True):
            ordered = [keys[i] for i in same]
            kind = 0 if item.name is None else 1
            at = (
                bisect.bisect(ordered, (group, kind, item.written.casefold()))
                if ordered == sorted(ordered)
                else len(same)
            )
            line = end_line(self.statements[same[at - 1]]) if at else first_line(self.statements[same[0]]) - 1
            splices.append(Splice(line, line, [self._prefix() + text]))
        return splices

    def _new_group(self, group: int, existing: Sequence[int], text: list[str]) -> Splice:
        lines = self.module.lines
        text = [self._prefix() + line for line in text]
        lower = [i for i, other in enumerate(existing) if other < group]
        if lower:
            at = end_line(self.statements[lower[-1]])
            below = ["\n"] if lower[-1] + 1 < len(existing) and not is_blank(lines[at]) else []
            return Splice(at, at, ["\n", *text, *below])
        first = self.statements[0] if self.statements or not self.guard else self.guard.body[0]
        at = first_line(first) - 1
        return Splice(at, at, [*text, *(["\n"] if existing else [])])

    def _prefix(self) -> str:
        return leading_space(self.module.lines[first_line(self.guard.body[0]) - 1]) if self.guard else ""

    def _group(self, written: str) -> int:
        """0 `__future__`, 1 standard library, 2 third party, 3 the project's own packages, 4 relative."""
        top = written.partition(".")[0]
        if not top:
            return 4
        if top == "__future__":
            return 0
        if top in sys.stdlib_module_names:
            return 1
        folder = self.target.source_root / top
        own = top == self.target.module.partition(".")[0] or folder.is_dir() or folder.with_suffix(".py").is_file()
        return 3 if own else 2


def _runs_on(statement: ast.stmt, body: Sequence[ast.stmt]) -> bool:
    """An import that shares its line with what may need another one."""
    rest = (s for s in body if not isinstance(s, ast.Import | ast.ImportFrom))
    return isinstance(statement, ast.Import | ast.ImportFrom) and any(s.lineno == end_line(statement) for s in rest)


def _written(statement: ast.Import | ast.ImportFrom) -> str:
    if isinstance(statement, ast.Import):
        return statement.names[0].name
    return "." * statement.level + (statement.module or "")


def _order(written: str, statement: ast.stmt) -> tuple[int, str]:
    return (0 if isinstance(statement, ast.Import) else 1, written.casefold())


def _leaders(wanted: Sequence[Wanted]) -> list[Wanted]:
    """One for each statement: from-imports of one module share theirs. `import x` first, by module."""
    first: dict[tuple[bool, str, str], Wanted] = {}
    for item in wanted:
        first.setdefault((item.name is not None, item.written.casefold(), item.text if item.name is None else ""), item)
    return [first[key] for key in sorted(first)]


def _statements(wanted: Sequence[Wanted]) -> list[str]:
    result = []
    for leader in _leaders(wanted):
        lines = [f"{leader.text}\n"]
        for item in wanted:
            if item.name is not None and item.written == leader.written and item is not leader:
                _add(lines, item)
        result.append("".join(_wrapped(lines)))
    return result


def _merged(statement: ast.stmt, wanted: Sequence[Wanted], module: Module) -> Splice:
    start, end = first_line(statement) - 1, end_line(statement)
    prefix = leading_space(module.lines[start])
    lines = [line.removeprefix(prefix) for line in module.lines[start:end]]
    for item in wanted:
        _add(lines, item)
    width = max([_WIDTH, *(len(line.rstrip()) for line in module.lines[start:end])])
    return Splice(start, end, [prefix + line for line in _wrapped(lines, width - len(prefix))])


def _add(lines: list[str], item: Wanted) -> None:
    names = _names("".join(line.rstrip("\r\n") + "\n" for line in lines))
    items = [Item(a.name, a.lineno, a.col_offset, a.end_lineno or 0, a.end_col_offset or 0) for a in names]
    name = item.name or item.module
    add_item(lines, items, name, f"{name} as {item.alias}" if item.alias else name)


def _names(text: str) -> list[ast.alias]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.alias)]


def _wrapped(lines: list[str], width: int = _WIDTH) -> list[str]:
    """One line that became too long, as a parenthesised import with a name a line."""
    if len(lines) > 1 or len(lines[0].rstrip()) <= width:
        return lines
    statement = ast.parse(lines[0]).body[0]
    comment = lines[0].encode()[statement.end_col_offset :].decode().strip()
    head = lines[0].partition(" import ")[0]
    names = [f"    {ast.unparse(alias)},\n" for alias in _names(lines[0])]
    return [f"{head} import ({f'  {comment}' if comment else ''}\n", *names, ")\n"]
