"""Plans one edit: where the code goes, which of its imports the module lacks, and what the file holds afterwards."""

import ast
import textwrap
from pathlib import Path

from autogen_cli.errors import RejectedError, SymbolExistsError, TargetError
from autogen_cli.generation.insert.edit import Edit
from autogen_cli.generation.snippet import Snippet, bound_names, end_line, find, first_line, flatten, read_snippet
from autogen_cli.generation.source import Source, parse, read_source, split_lines
from autogen_cli.models import Target


def plan_edit(target: Target, code: str, *, force: bool = False, base: bytes | None = None) -> Edit:
    """What `code` makes of the target's file; nothing is written.

    base: the file's bytes where they aren't those on disk (an earlier edit of the same file). force: replace a symbol
    that exists. Raises TargetError (module unreadable, symbol exists), RejectedError (code doesn't define the symbol).
    """
    before = base if base is not None else _read(target.path)
    try:
        snippet = read_snippet(code, target)
    except SyntaxError as exc:
        raise RejectedError(f"the answer doesn't parse: {exc.msg} (line {exc.lineno})") from exc
    if target.kind != "module" and not snippet.definition:
        raise RejectedError(f"the answer doesn't define {target.symbol}")
    name = target.relative_path
    source = read_source(before or b"", name)
    if target.kind == "module":
        if before is not None and not force:
            raise SymbolExistsError(f"{name} exists already", hint="use --force to replace it")
        lines = split_lines(code)
    else:
        lines = _insert(target, source, snippet, force=force)
    result = Source(_with_newline(lines, source.newline), source.encoding, source.bom, source.newline)
    try:
        after = result.encode()
    except UnicodeEncodeError as exc:
        raise RejectedError(f"the code has a character that {name} ({source.encoding}) can't hold") from exc
    created = () if before is not None else tuple((path, b"") for path in _missing_inits(target))
    return Edit(root=target.root, path=target.path, before=before, after=after, created=created, code=code)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise TargetError(f"{path} can't be read: {exc.strerror or exc}") from exc


def _missing_inits(target: Target) -> list[Path]:
    """`__init__.py` for new folders below a package that has one; a layout without them gets none."""
    folders = [f for f in target.path.parents if f.is_relative_to(target.source_root) and f != target.source_root]
    if not any((folder / "__init__.py").exists() for folder in folders):
        return []
    return [folder / "__init__.py" for folder in reversed(folders) if not (folder / "__init__.py").exists()]


def _insert(target: Target, source: Source, snippet: Snippet, *, force: bool) -> tuple[str, ...]:
    try:
        tree = parse(source.text)
    except SyntaxError as exc:
        hint = "mend it first"
        raise TargetError(f"{target.relative_path} line {exc.lineno}: {exc.msg}", hint=hint) from exc
    existing = list(find(tree.body, target.symbol))
    if existing and not force:
        raise SymbolExistsError(f"{target.symbol} exists in {target.relative_path}", hint="use --force to replace it")
    lines = list(source.lines)
    owner = next((s for s in find(tree.body, target.owner) if isinstance(s, ast.ClassDef)), None)
    piece = _piece(snippet, owner.body[0].col_offset if owner else 0)
    if existing:
        lines[first_line(existing[0]) - 1 : end_line(existing[-1])] = piece
    elif owner:
        lines[end_line(owner) : end_line(owner)] = ["\n", *piece]
    else:
        at = _end_of_code(tree, lines)
        lines[at:at] = ["\n", "\n", *piece] if at else piece
    missing = [line for line in _import_lines(snippet, tree) if line]
    at = max((end_line(s) for s in tree.body if isinstance(s, ast.Import | ast.ImportFrom)), default=_header(tree))
    lines[at:at] = missing
    return tuple(lines)


def _piece(snippet: Snippet, column: int) -> list[str]:
    first, last = first_line(snippet.definition[0]), end_line(snippet.definition[-1])
    text = textwrap.dedent("".join(snippet.lines[first - 1 : last]))
    return list(split_lines(textwrap.indent(text, " " * column)))


def _end_of_code(tree: ast.Module, lines: list[str]) -> int:
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.If) and "__name__" in ast.dump(last.test):
        return end_line(tree.body[-2]) if len(tree.body) > 1 else first_line(last) - 1
    return end_line(last) if last else len(lines)


def _import_lines(snippet: Snippet, tree: ast.Module) -> list[str]:
    have = {name for s in tree.body for name in bound_names(s)}
    parts = [p for s in flatten(snippet.imports) if isinstance(p := s, ast.Import | ast.ImportFrom)]
    return [ast.unparse(p) + "\n" for p in parts if not bound_names(p) <= have]


def _header(tree: ast.Module) -> int:
    return end_line(tree.body[0]) if tree.body and ast.get_docstring(tree) is not None else 0


def _with_newline(lines: tuple[str, ...], newline: str) -> tuple[str, ...]:
    last = len(lines) - 1
    ended = (line if line[-1] in "\r\n" or i == last else line + newline for i, line in enumerate(lines))
    return tuple(line[:-1] + newline if line.endswith("\n") and not line.endswith("\r\n") else line for line in ended)
