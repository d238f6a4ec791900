"""tree-sitter's parser and queries for Python, loaded when the first file is parsed."""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query, Tree

DEEPEST, MOST_LOOSE = 1_000, 2_000  # nodes nested, and side by side in a syntax error
MOST_TREES = 4  # the same file is read for its imports, its usages and its facts, one after the other


@cache
def _language() -> "Language":
    import tree_sitter_python
    from tree_sitter import Language

    return Language(tree_sitter_python.language())


@cache
def _parser() -> "Parser":
    from tree_sitter import Parser

    return Parser(_language())


@lru_cache(maxsize=MOST_TREES)
def parse(source: bytes) -> "Tree":
    """The tree; for what no person wrote that of a file with a syntax error.

    Queries take quadratic time where nodes are nested deeply, and where an error node has nameless children only: hours
    for a megabyte of `a.a.a` or `((((`.
    """
    tree = _parser().parse(source)
    return _parser().parse(b"(") if _is_bomb(tree.root_node) else tree


def _is_bomb(root: "Node") -> bool:
    """Looks into large nodes alone: a small one can't be deep."""
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEEPEST or any(node.type == "ERROR" and node.child_count > MOST_LOOSE for node in level):
            return True
        level = [child for node in level for child in node.children if child.descendant_count > DEEPEST - depth]
    return False


def error_line(source: bytes) -> int:
    """The line of the first syntax error, 0 if there is none."""
    node = parse(source).root_node
    while node.has_error:
        if node.type == "ERROR" or node.is_missing:
            return node.start_point[0] + 1
        child = next((child for child in node.children if child.has_error or child.is_missing), None)
        if child is None:
            return node.start_point[0] + 1
        node = child
    return 0


@cache
def query(text: str) -> "Query":
    from tree_sitter import Query

    return Query(_language(), text)


def normalize(content: bytes) -> bytes:
    """UTF-8 bytes with plain line ends and no byte order mark. UnicodeDecodeError when the file says no encoding.

    A file in another encoding that it declares (PEP 263) is converted.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if content.isascii():
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        import io
        import tokenize

        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
            return content.decode(encoding).encode()
        except (SyntaxError, LookupError) as exc:
            raise UnicodeDecodeError("utf-8", content, 0, 1, str(exc)) from exc
    return content
