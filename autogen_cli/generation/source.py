r"""A module's text with everything that has to survive an edit: encoding, BOM, line ends, final newline.

Lines are what Python's tokenizer takes for lines (`\\n`, `\\r\\n`, `\\r`), not what `str.splitlines` does: a form feed
or U+2028 ends no line. So `ast` line numbers index `lines` directly.
"""

import ast
import codecs
import gc
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from functools import cached_property

from autogen_cli.errors import TargetError

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Source:
    """Decoded module. `lines` keep their own ends, so that an untouched line is written back byte for byte."""

    lines: tuple[str, ...]
    encoding: str = "utf-8"
    bom: bool = False
    newline: str = "\n"

    @cached_property
    def text(self) -> str:
        r"""The whole text with `\\n` line ends, as the parser sees it."""
        return "".join(line.rstrip("\r\n") + "\n" if line[-1] in "\r\n" else line for line in self.lines)

    def encode(self) -> bytes:
        """Raises UnicodeEncodeError when a character has no place in the file's declared encoding."""
        body = "".join(self.lines).encode(self.encoding)
        return codecs.BOM_UTF8 + body if self.bom else body


def split_lines(text: str) -> tuple[str, ...]:
    return tuple(_LINE.findall(text))


def read_source(data: bytes, path: str) -> Source:
    """Decodes a module as Python would. Raises TargetError when it is in no readable encoding."""
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        text = data[3 if bom else 0 :].decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as exc:
        reason = str(exc) if isinstance(exc, SyntaxError) else f"its bytes are not {encoding}"
        raise TargetError(f"{path} can't be read as Python: {reason}", hint="save it as UTF-8") from exc
    lines = split_lines(text)
    crlf = sum(line.endswith("\r\n") for line in lines)
    lf = sum(line.endswith("\n") for line in lines) - crlf
    cr = sum(line.endswith("\r") for line in lines)
    newline = max(((lf, 2, "\n"), (crlf, 1, "\r\n"), (cr, 0, "\r")))[2]
    return Source(lines, encoding, bom, newline)


def parse(text: str, *, version: tuple[int, int] | None = None) -> ast.Module:
    """`ast.parse` whose only error is SyntaxError, also for null bytes and for nesting that no parser survives."""
    collects = gc.isenabled()
    gc.disable()  # a big tree is no garbage: to look for some in it takes a third of the time
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarning: the code's own matter, and no verdict of ours
            return ast.parse(text, feature_version=version)
    except (ValueError, RecursionError, MemoryError) as exc:
        raise SyntaxError(str(exc) or "too deeply nested") from exc
    finally:
        if collects:
            gc.enable()


def compiles(text: str) -> None:
    """Raises SyntaxError for what the parser lets pass: `await` outside async functions, `return` outside of all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "<code>", "exec", dont_inherit=True)
        except (ValueError, RecursionError, MemoryError) as exc:
            raise SyntaxError(str(exc) or "too deeply nested") from exc
