"""What a file's bytes tell without parsing: whether they hold a word, what they import from, what they define."""

import re
from collections.abc import Iterator

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# re finds patterns that start with a literal four times as fast as one pattern of alternatives.
OUTLINE = (rb"def (\w+)", rb"class (\w+)", rb"self\.(\w+)(?: =|:)", rb"\n    (\w+)(?: = |: [A-Z])")


def mentions(source: bytes, word: bytes) -> bool:
    """Whether a source holds a word, not only as a part of another."""
    start = source.find(word)
    while start >= 0:
        end = start + len(word)
        if not (_is_word(source[start - 1 : start]) or _is_word(source[end : end + 1])):
            return True
        start = source.find(word, end)
    return False


def may_read_attribute(source: bytes, name: str) -> bool:
    """Whether anything can read `.name` in a source, by that name or by one that an import gives it."""
    word = rb"(?<![\w\x80-\xff])%s(?![\w\x80-\xff])" % re.escape(name.encode())
    gap = rb"(?:\s*(?:\\|#[^\n]*)\n){0,9}\s*"  # bounded: a dot may stand before a megabyte of comments, and in each
    return re.search(rb"\.%s%s|%s%sas\b" % (gap, word, word, gap), source) is not None


def _is_word(character: bytes) -> bool:
    return character.isalnum() or character == b"_" or character >= b"\x80"


def import_words(source: bytes) -> Iterator[str]:
    """Words of the module names in import lines, `.` for a bare relative import."""
    position = source.find(b"import")
    while position >= 0:
        start = source.rfind(b"\n", 0, position) + 1
        end = source.find(b"\n", position)
        line = source[start : end if end >= 0 else len(source)].removeprefix(BYTE_ORDER_MARK)
        words = line.replace(b",", b" ").replace(b";", b" ").split()
        mark = next((word for word in (b"from", b"import") if word in words), None)
        if mark:
            rest = words[words.index(mark) + 1 :]
            for module in rest[:1] if mark == b"from" else rest:
                text = module.decode("utf-8", "replace")
                yield from text.split(".") if text.strip(".") else "."
        position = source.find(b"import", position + 6)


def outline(source: bytes) -> str:
    """Names that seem to be defined, one on each line, sorted."""
    names = {name for pattern in OUTLINE for name in re.findall(pattern, source)}
    return b"\n".join(sorted(names)).decode("utf-8", "replace")
