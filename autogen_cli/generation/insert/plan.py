"""Plans one edit: where the code goes, which of its imports the module lacks, and what the file holds afterwards."""

import ast
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autogen_cli.errors import RejectedError, SymbolExistsError, TargetError
from autogen_cli.files import read_file
from autogen_cli.generation.insert.edit import Edit
from autogen_cli.generation.insert.exports import export
from autogen_cli.generation.insert.graft import graft
from autogen_cli.generation.insert.imports import import_splices
from autogen_cli.generation.insert.module import Module, Splice, leading_space, read_module, span, splice
from autogen_cli.generation.insert.place import insertion, position
from autogen_cli.generation.insert.render import pieces, render
from autogen_cli.generation.insert.replace import replacement
from autogen_cli.generation.insert.select import Selection, select
from autogen_cli.generation.snippet import Snippet, read_snippet
from autogen_cli.generation.source import Source, split_lines
from autogen_cli.generation.statements import (
    end_line,
    find,
    find_class,
    first_line,
    has_docstring,
    is_placeholder,
    shares_line,
)
from autogen_cli.models import Target


def plan_edit(target: Target, code: str, *, force: bool = False, base: bytes | None = None) -> Edit:
    """What `code` makes of the target's file; nothing is written.

    base: the file's bytes where they aren't those on disk (an earlier edit of the same file). force: replace a symbol
    that exists. Raises TargetError (the module can't be read, the symbol exists, its class doesn't) and RejectedError
    (the code doesn't parse, is nested too deeply or doesn't define the symbol).
    """
    try:
        return _planned(target, code, force=force, base=base)
    except RecursionError as exc:
        raise RejectedError("the code is nested too deeply to be put in") from exc


def _planned(target: Target, code: str, *, force: bool, base: bytes | None) -> Edit:
    before = base if base is not None else read_target(target.path, target.root)
    snippet = _snippet(code, target)
    module = read_module(before or b"", target.relative_path)
    _check_free(target, module, exists=before is not None, force=force)
    if target.owner and not find_class(module.tree.body, target.owner) and not snippet.holder:
        raise RejectedError(f"{target.relative_path} has no class {target.owner} to put {target.name} into")
    grafted: Module | None = None
    if target.symbol is None or not module.tree.body:
        lines, used = _fresh(snippet, module, target)
        source = _source(lines, module)
    else:
        chosen = select(snippet, module, target)
        splices = _splices(target, module, snippet, chosen)
        source = _source(splice(module.lines, splices), module)
        grafted = graft(module, splices, source.lines)
        used = _alone(chosen, snippet, target)
    created = () if before is not None else tuple((path, b"") for path in _missing_inits(target))
    after = _encoded(source, module)
    if grafted is None:
        _check_python(after, target)
    return Edit(
        root=target.root,
        path=target.path,
        before=before,
        after=after,
        created=created,
        code="".join(used),
        module=grafted,
    )


def read_target(path: Path, root: Path) -> bytes | None:
    """None where there is no such file. Raises TargetError where it can't be read."""
    try:
        return read_file(path, within=root)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise TargetError(f"{path} can't be read: {exc.strerror or exc}") from exc


def _snippet(code: str, target: Target) -> Snippet:
    try:
        snippet = read_snippet(code, target)
    except SyntaxError as exc:
        raise RejectedError(f"the code doesn't parse: {exc.msg} (line {exc.lineno})") from exc
    if not snippet.definition:
        raise RejectedError(f"the code doesn't define {target.symbol or target.module}")
    return snippet


def _check_free(target: Target, module: Module, *, exists: bool, force: bool) -> None:
    taken = find(module.tree.body, target.symbol) if target.symbol else exists and bool(module.tree.body)
    if taken and not force:
        raise SymbolExistsError(
            f"{target.symbol or target.module} exists already in {target.relative_path}",
            hint="pass --force to replace it",
        )


def _check_python(after: bytes, target: Target) -> None:
    try:
        read_module(after, target.relative_path)  # which the checks are going to look at, too
    except TargetError as exc:
        message = f"{target.relative_path} would be Python no more with the code in it ({exc.message})"
        raise TargetError(message, hint="put it in by hand") from exc


def _source(lines: Sequence[str], module: Module) -> Source:
    source = module.source
    ended: list[str] = []
    for line in lines:
        if line and line.find("\n") == len(line) - 1 and "\r" not in line:
            ended.append(line)  # nearly all of them
        else:
            ended += split_lines(line if line.endswith(("\n", "\r")) else f"{line}\n")
    if source.lines and source.lines[-1][-1] not in "\r\n" and ended:
        ended[-1] = ended[-1].rstrip("\r\n")  # the file had no final newline, and keeps having none
    if source.newline != "\n":
        plain = (line.endswith("\n") and not line.endswith("\r\n") for line in ended)
        ended = [line[:-1] + source.newline if own else line for own, line in zip(plain, ended, strict=True)]
    return replace(source, lines=tuple(ended))


def _encoded(source: Source, module: Module) -> bytes:
    try:
        return source.encode()
    except UnicodeEncodeError as exc:
        what = exc.object[exc.start : exc.end]
        raise RejectedError(f"the code has {what!r}, which {module.name} ({source.encoding}) can't hold") from exc


def _missing_inits(target: Target) -> list[Path]:
    """`__init__.py` for new folders, where the folders around them have one; a layout without them gets none."""
    folders = [f for f in target.path.parents if f != target.source_root and f.is_relative_to(target.source_root)]
    if not any((folder / "__init__.py").exists() for folder in folders):
        return []
    files = [folder / "__init__.py" for folder in reversed(folders)]
    return [file for file in files if file != target.path and not file.exists()]


def _fresh(snippet: Snippet, module: Module, target: Target) -> tuple[list[str], list[str]]:
    """A module that holds no code yet: its comments, then the answer without what only runs (examples of use)."""
    useless: set[int] = set()
    if target.symbol is not None:
        rest = (s for s in snippet.rest if not (has_docstring([s]) or shares_line(s, snippet.lines)))
        useless = {number for s in rest for number in range(*span(s, snippet.lines))}
    kept = (line.rstrip("\r\n") for number, line in enumerate(snippet.lines) if number not in useless)
    code = [f"{line}\n" for line in "\n".join(kept).strip("\n").split("\n")]
    head = list(module.lines) if target.symbol is not None else []
    return [*head, *(["\n"] if head and head[-1].strip() else []), *code], code


def _alone(chosen: Selection, snippet: Snippet, target: Target) -> list[str]:
    """What is put in as one text: imports, helpers, definition."""
    blank = read_module(b"", target.relative_path)
    blocks = [render(block, snippet.lines, prefix="", indent="    ") for block in chosen.blocks]
    head = [line for part in import_splices(chosen.used, blocks, blank, target) for line in part.lines]
    new = sorted([*chosen.helpers, *chosen.members, *chosen.definition], key=first_line)
    body = pieces(new, snippet, prefix="", indent="    ", gap=2)
    return [*head, *(["\n", "\n"] if head else []), *body]


def _splices(target: Target, module: Module, snippet: Snippet, chosen: Selection) -> list[Splice]:
    blocks = [render(block, snippet.lines, prefix="", indent=module.indent) for block in chosen.blocks]
    imports = import_splices(chosen.imports, blocks, module, target)
    owner = find_class(module.tree.body, target.owner)
    existing = find(module.tree.body, target.symbol)
    if existing:
        return [
            *imports,
            *replacement(existing, chosen, snippet, module),
            *_helpers(existing[0], chosen, snippet, module),
        ]
    if owner:
        return [*imports, *_into_class(owner, chosen, snippet, module), *_helpers(owner, chosen, snippet, module)]
    return [*imports, _into_module(chosen, snippet, module), *export(module, (target.symbol or "").partition(".")[0])]


def _into_module(chosen: Selection, snippet: Snippet, module: Module) -> Splice:
    new = sorted([*chosen.helpers, *chosen.definition], key=first_line)
    text = pieces(new, snippet, prefix="", indent=module.indent, gap=2)
    index = position(module.tree.body, new, module.source.text, lazy=module.lazy_annotations)
    return insertion(module.tree.body, index, new, text, module.lines, gap=2)


def _helpers(beside: ast.stmt, chosen: Selection, snippet: Snippet, module: Module) -> list[Splice]:
    """Helpers of something that isn't itself put at module level go before the statement that holds it."""
    if not chosen.helpers:
        return []
    body = module.tree.body
    index = next(i for i, s in enumerate(body) if end_line(s) >= beside.lineno)
    text = pieces(chosen.helpers, snippet, prefix="", indent=module.indent, gap=2)
    return [insertion(body, index, chosen.helpers, text, module.lines, gap=2)]


def _into_class(owner: ast.ClassDef, chosen: Selection, snippet: Snippet, module: Module) -> list[Splice]:
    new = sorted([*chosen.members, *chosen.definition], key=first_line)
    first, last = owner.body[0], owner.body[-1]
    number = first.lineno - 1
    line = module.lines[number]
    shared = not line.isspace() and len(leading_space(line)) < first.col_offset and first_line(first) == first.lineno
    prefix = leading_space(line) + module.indent if shared else leading_space(module.lines[first_line(first) - 1])
    text = pieces(new, snippet, prefix=prefix, indent=module.indent, gap=1)
    empty = is_placeholder(last) and len(owner.body) == 1 + has_docstring(owner.body)
    if shared:  # class Name: ...
        head, rest = line.encode()[: first.col_offset].decode(), line.encode()[first.col_offset :].decode()
        kept = [prefix + rest, *module.lines[number + 1 : end_line(last)]]
        before = position(owner.body, new, module.source.text, lazy=module.lazy_annotations) == 0
        parts = [*text, "\n", *kept] if before else [*kept, "\n", *text]
        if empty and first is last:
            parts = text
        return [Splice(number, end_line(last), [f"{head.rstrip()}\n", *parts])]
    if empty:
        gap = ["\n"] if len(owner.body) > 1 and module.lines[last.lineno - 2].strip() else []
        return [Splice(last.lineno - 1, end_line(last), [*gap, *text])]
    index = position(owner.body, new, module.source.text, lazy=module.lazy_annotations)
    return [insertion(owner.body, index, new, text, module.lines, gap=1)]
