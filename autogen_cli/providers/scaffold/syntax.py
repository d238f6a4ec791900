"""Parsing pieces of somebody else's code: statements without their body, expressions, cut-off texts. Nothing raises."""

import ast
import re
import warnings
from collections.abc import Iterator

type Around = tuple[ast.AST, ...]

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_STRING_OR_COMMENT = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1|#.*""")


def parse_statement(text: str) -> ast.stmt | None:
    """The first statement of a text that may be a header alone (`with f() as x:`), a decorator or a later clause."""
    text = _closed(text.strip())
    head = f"{text} pass" if text.endswith(":") else text
    forms = [text, head, f"{text}\n    pass", f"{text}\ndef _(): pass", f"{text}:\n    pass"]
    if text.startswith("elif"):
        forms = [head[2:]]
    elif text.startswith("except"):
        forms = [f"try: pass\n{head}"]
    elif text.startswith("case"):
        forms = [f"match _:\n {head}"]
    for form in forms:
        if (module := parse(form)) and module.body:
            return module.body[0]
    return None


def parse_expression(text: str) -> ast.expr | None:
    module = parse(f"({text}\n)")
    if module and len(module.body) == 1 and isinstance(module.body[0], ast.Expr):
        return module.body[0].value
    return None


def parse(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SyntaxWarning: their code, not ours
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def walk_with_parents(node: ast.AST, around: Around = ()) -> Iterator[tuple[ast.AST, Around]]:
    """Every node below, with the nodes that enclose it, nearest first."""
    yield node, around
    for child in ast.iter_child_nodes(node):
        yield from walk_with_parents(child, (node, *around))


def called_name(node: ast.AST | None) -> str:
    """The last part of what is called or named: `total` of `order.total(1)`; empty for anything else."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _closed(text: str) -> str:
    """A long statement comes cut off, with `...` for its last line: the brackets that are open there are closed."""
    if not text.endswith("\n..."):
        return text
    stack: list[str] = []
    for character in _STRING_OR_COMMENT.sub("", text.removesuffix("...")):
        if character in _CLOSING:
            stack.append(_CLOSING[character])
        elif stack and character == stack[-1]:
            stack.pop()
    return text.removesuffix("...").rstrip().rstrip(",") + "".join(reversed(stack))
