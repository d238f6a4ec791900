"""What graph-sitter gets to see: few files, and in the target's module a stub to ask about."""

from collections.abc import Iterable, Sequence

from autogen_cli.context.evidence import Found
from autogen_cli.context.graph_child import Occurrence
from autogen_cli.context.project import SOURCE_FOLDERS, parent_of
from autogen_cli.context.sources import Sources
from autogen_cli.models import Target

MOST_FILES = 120  # some 60 ms each; Django's 2,900 would take five minutes and 4 GB


def pick_files(sources: Sources, target: Target, found: Sequence[Found]) -> list[str]:
    """The files that matter: the target's, those that use it, those that mention it, and the packages around them.

    At most MOST_FILES, the certain ones first; the same for the same project.
    """
    certain = [target.relative_path, *(item.path for item in found)]
    owner = (target.owner or target.name).encode()
    mentions = [path for path in sources.files_with(target.name) if owner in sources.source(path)]
    picked = dict.fromkeys([*_packages(sources, certain), *certain, *_packages(sources, mentions), *mentions])
    new = None if target.module_exists else target.relative_path
    return [path for path in picked if path in sources.project.files and path != new][:MOST_FILES]


def _packages(sources: Sources, paths: Iterable[str]) -> list[str]:
    """The `__init__.py` files above, which imports go through."""
    inits: dict[str, None] = {}
    for path in paths:
        folder = parent_of(path)
        while folder:
            if f"{folder}/__init__.py" in sources.project.files:
                inits[f"{folder}/__init__.py"] = None
            folder = parent_of(folder)
    return list(inits)


class Copies:
    """The private copy of `paths`. `files`: path in the copy -> bytes; the missing symbol has a stub in them.

    Source folders (`src`, ...) are taken off the paths where nothing else is called the same: graph-sitter doesn't
    follow `import package` into them. `module`: the target's path in the copy.
    """

    def __init__(self, sources: Sources, target: Target, paths: Sequence[str]) -> None:
        everything = dict.fromkeys([*paths, target.relative_path])
        self._originals = _below_source_roots(sources, everything)
        self.files = {copy: sources.source(path) for copy, path in self._originals.items() if path in set(paths)}
        self.module = next(copy for copy, path in self._originals.items() if path == target.relative_path)
        kept = [path for copy, path in self._originals.items() if copy == path]
        self.roots = sorted({sources.project.source_root_of(path) for path in kept} - {""})
        self._end = 0  # the stub stands below this line, and moves all below by one; 0: it moves nothing
        if not target.symbol_exists:
            self.files[self.module] = self._with_stub(self.files.get(self.module, b""), sources, target)

    def _with_stub(self, source: bytes, sources: Sources, target: Target) -> bytes:
        name = target.name
        method = f"def {name}(self, *args, **keywords): ...\n"
        known = sources.facts(target.relative_path).definitions if source else ()
        owner = next((d for d in known if d.kind == "class" and d.qualified_name == target.owner), None)
        if owner:
            lines = source.splitlines(keepends=True)
            indents = (_indent(lines[d.line - 1]) for d in known if d.kind == "method" and d.owner == owner.name)
            self._end = owner.end_line
            stub = next(indents, b"    ") + method.encode()
            return b"".join([*lines[: self._end], stub, *lines[self._end :]])
        stubs = {
            "method": f"class {target.owner}:\n    {method}",
            "class": f"class {name}: ...\n",
            "constant": f"{name} = None\n",
        }
        stub = stubs.get(target.kind, f"def {name}(*args, **keywords): ...\n").encode()
        return source.rstrip(b"\n") + b"\n" * bool(source) + stub

    def original(self, copy: str) -> str:
        """The path in the project of a path in the copy."""
        return self._originals[copy]

    def restored(self, seen: Iterable[Occurrence]) -> list[Occurrence]:
        """Occurrences in the copy as occurrences in the project."""
        return [(self._originals[path], line - self._moves(path, line), name) for path, line, name in seen]

    def _moves(self, path: str, line: int) -> bool:
        return bool(self._end) and path == self.module and line > self._end


def _below_source_roots(sources: Sources, paths: Iterable[str]) -> dict[str, str]:
    """Path in the copy -> path in the project."""
    found: dict[str, str] = {}
    for path in paths:
        root = sources.project.source_root_of(path)
        short = path.removeprefix(f"{root}/") if root.rpartition("/")[2] in SOURCE_FOLDERS else path
        found[path if short in found or (short != path and short in sources.project.files) else short] = path
    return found


def _indent(line: bytes) -> bytes:
    return line[: len(line) - len(line.lstrip())]
