"""Which lines of a message are its author's own words: not quoted, not code, not hidden from who reads it.

A command is only read from those, since what a message quotes or hides was often written by somebody else.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from autogen_cli.bridge.models import PlatformName

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FOLDED = re.compile(r"<(/?)(?:details|blockquote|code|pre|q|del|s)\b", re.IGNORECASE)
_CODE = "\0"  # where a block of code was cut out


def own_lines(text: str, platform: PlatformName) -> Iterator[str]:
    """In their order. Inline code inside of a line keeps its backticks."""
    return _of_slack(text) if platform == "slack" else _of_markdown(text, platform)


def _of_slack(text: str) -> Iterator[str]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for line in _CODE.join(text.split("```")[::2]).split("\n"):
        if line.startswith(">>>"):
            return  # all that follows is quoted
        if not line.startswith(">"):
            yield line


@cache
def _markdown() -> "MarkdownIt":
    """CommonMark that leaves `*args`, `__init__` and `&lt;` as they are."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable(["emphasis", "autolink", "entity", "text_join"])


def _of_markdown(text: str, platform: PlatformName) -> Iterator[str]:
    quotes = folds = 0
    paragraph = section = False
    for token in _markdown().parse(text):
        match token.type:
            case "blockquote_open" | "blockquote_close":
                quotes += token.nesting
            case "paragraph_open" | "paragraph_close":
                paragraph = token.nesting == 1
            case "html_block":
                folds = _folds(folds, token.content)
            case "inline" if paragraph and token.children:
                for line in _raw(token.children).split("\n"):
                    if platform == "linear" and line.startswith("+++"):  # opens and closes a collapsed section
                        section = not section
                    elif not (quotes or folds or section):
                        yield line
                folds = _folds(folds, *(child.content for child in token.children if child.type == "html_inline"))


def _folds(folds: int, *html: str) -> int:
    """How many elements that quote or hide are open after this HTML. One that is closed too often opens nothing."""
    for tag in _FOLDED.finditer("".join(html)):
        folds = max(0, folds + (-1 if tag[1] else 1))
    return folds


def _raw(children: "Sequence[Token]") -> str:
    """A paragraph as it was written, without targets of links and comments. An escaped `@` mentions nobody."""
    parts = []
    for token in children:
        match token.type:
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case "code_inline":
                parts.append(f"`{token.content}`")
            case "text_special" if token.content == "@":
                parts.append(token.markup)
            case "html_inline" if token.content.startswith("<!--"):
                pass
            case "html_inline" | "image":
                parts.append(" ".join(token.content.split()))
            case _:
                parts.append(token.content)
    return "".join(parts)
