"""Finds the code in what a model answered: the block that defines the target, with what it needs from other blocks."""

import ast
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from autogen_cli.errors import RejectedError, TargetError
from autogen_cli.files import read_file
from autogen_cli.generation.answer import Block, as_code, blocks
from autogen_cli.generation.patch import added_lines, apply_diff, is_diff
from autogen_cli.generation.scopes import module_uses
from autogen_cli.generation.snippet import Snippet, read_snippet
from autogen_cli.generation.source import parse, read_source
from autogen_cli.generation.statements import (
    DEFINITIONS,
    bound_names,
    end_line,
    find,
    first_line,
    flatten,
    has_docstring,
    is_placeholder,
)
from autogen_cli.models import Target


@dataclass(frozen=True, slots=True)
class _Fitting:
    block: Block
    code: str
    snippet: Snippet


def extract_code(answer: str, target: Target, *, complete: bool = False) -> str:
    """The code that defines the target, as the model wrote it, dedented, ending in one newline.

    complete: the provider says that the answer is whole; otherwise one that ends inside its code block counts as cut
    off. A single block that doesn't parse, or defines something else, is returned as it is: the checks say what is
    wrong with it. Raises RejectedError when there is no code, or when several definitions disagree.
    """
    try:
        return _extracted(answer, target, complete=complete)
    except RecursionError as exc:
        raise RejectedError("the answer's code is nested too deeply to be read") from exc


def _extracted(answer: str, target: Target, *, complete: bool) -> str:
    found = blocks(answer)
    fitting = [f for block in found for f in [_fit(block, target)] if f]
    fitting = _without_stubs(fitting)
    if not fitting:
        return _unfit(found, target)
    if len({_dump(f.snippet) for f in fitting}) > 1:
        lines = ", ".join(str(f.snippet.definition[0].lineno) for f in fitting)
        raise RejectedError(
            f"the answer defines {_name(target)} {len(fitting)} times, and differently",
            hint=f"ask for one definition (found at line {lines} of their blocks)",
        )
    chosen = max(reversed(fitting), key=lambda f: len(f.snippet.tree.body))
    if not chosen.block.whole and not complete:
        raise RejectedError("the answer ends inside its code block: it was probably cut off")
    return _with_others(chosen, found, target).strip("\n") + "\n"


def _name(target: Target) -> str:
    return target.symbol or target.module


def _fit(block: Block, target: Target) -> _Fitting | None:
    """The block as code that defines the target, or None."""
    if is_diff(block.text, block.tag):
        return _fit_diff(block, target)
    return _fitting(block, as_code(block.text), target) or _fit_method(block, target)


def _fitting(block: Block, code: str | None, target: Target) -> _Fitting | None:
    if code is None:
        return None
    try:
        snippet = read_snippet(code, target)
    except SyntaxError:
        return None
    return _Fitting(block, code, snippet) if snippet.definition else None


def _fit_diff(block: Block, target: Target) -> _Fitting | None:
    module = _module_text(target)
    patched = apply_diff(block.text, module, target.relative_path) if module else None
    return _fitting(block, patched, target) or _fitting(block, as_code(added_lines(block.text)), target)


def _fit_method(block: Block, target: Target) -> _Fitting | None:
    """An indented method that can't be dedented alone, since it holds a string that starts at the margin."""
    if not target.owner or not block.text.strip("\n")[:1].isspace():
        return None
    return _fitting(block, as_code(f"class {target.owner}:\n{block.text.strip('\n')}"), target)


def _module_text(target: Target) -> str:
    try:
        return read_source(read_file(target.path, within=target.root), target.relative_path).text
    except (OSError, TargetError):
        return ""


def _without_stubs(fitting: list[_Fitting]) -> list[_Fitting]:
    """A signature alone, shown beside the real thing, isn't a second definition."""
    real = [f for f in fitting if not all(_is_stub(s) for s in f.snippet.definition)]
    return real or fitting


def _is_stub(statement: ast.stmt) -> bool:
    if not isinstance(statement, DEFINITIONS):
        return False
    return all(is_placeholder(s) for s in statement.body[has_docstring(statement.body) :])


def _dump(snippet: Snippet) -> str:
    return " ".join(map(ast.dump, snippet.definition))


def _with_others(chosen: _Fitting, found: Sequence[Block], target: Target) -> str:
    """Imports and helpers that the answer gives in blocks of their own, before the definition that needs them."""
    needed = {use.name for use in module_uses(chosen.snippet.tree.body)} - bound_names(*chosen.snippet.tree.body)
    parts = []
    for block in found:
        code = as_code(block.text) if block is not chosen.block and not is_diff(block.text, block.tag) else None
        if code is None:
            continue
        snippet = read_snippet(code, target)
        given = bound_names(*snippet.tree.body) & needed
        if given and not snippet.definition and not snippet.rest:
            parts.append(code)
            needed -= given
            needed |= {use.name for use in module_uses(snippet.tree.body)} - bound_names(*snippet.tree.body)
    return "\n\n\n".join([*parts, chosen.code])


def _unfit(found: Sequence[Block], target: Target) -> str:
    """An answer without the definition: a body for one that exists, code that the checks will reject, or nothing."""
    if body := next((code for block in found if (code := _around(block, target))), None):
        return body.strip("\n") + "\n"
    likely = [block for block in found if block.fenced and block.text.strip()]
    named = [block for block in likely if target.name in block.text]
    if not likely:
        raise RejectedError(f"the answer holds no code that defines {_name(target)}")
    block = max(named or likely, key=lambda b: len(b.text))
    if not block.whole:
        raise RejectedError("the answer ends inside its code block: it was probably cut off")
    if as_code(block.text) and not _defines_something(block.text):
        raise RejectedError(f"the answer holds statements, but no definition of {_name(target)}")
    return (as_code(block.text) or textwrap.dedent(block.text)).strip("\n") + "\n"


def _defines_something(text: str) -> bool:
    tree = parse(as_code(text) or "")
    return any(isinstance(s, DEFINITIONS) or bound_names(s) for s in tree.body)


def _around(block: Block, target: Target) -> str | None:
    """A body alone, under the signature that the symbol has already; None for anything else."""
    source = _module_text(target) if target.symbol_exists and block.fenced else ""
    code = as_code(block.text)
    if not source or code is None or not any(isinstance(s, ast.Return) for s in flatten(parse(code).body)):
        return None
    definition = find(parse(source).body, target.symbol)[-1]
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    documented = has_docstring(definition.body) and not has_docstring(parse(code).body)
    last = end_line(definition.body[0]) if documented else definition.body[0].lineno - 1
    head = source.split("\n")[first_line(definition) - 1 : last]
    body = textwrap.indent(code, " " * (definition.col_offset + 4))
    return as_code("\n".join([*head, body]))
