"""The texts in a model's answer that may be code: fenced blocks, tags, JSON strings, indented blocks, or all of it."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from autogen_cli.errors import RejectedError
from autogen_cli.generation.source import parse

_THOUGHT = r"think|thinking|thought|thoughts|reasoning|scratchpad|analysis|reflection"
_THOUGHTS = re.compile(rf"^[ \t]*<({_THOUGHT})>.*?</\1>", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_THOUGHT_ENDS = re.compile(rf"^.*</({_THOUGHT})>[ \t]*$", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_THOUGHT_OPENS = re.compile(rf"^[ \t]*<({_THOUGHT})>", re.MULTILINE | re.IGNORECASE)
_END_TOKENS = re.compile(r"(?:\s*(?:<\|[\w ]+\|>|</s>|<eos>|<end_of_turn>|\[/?INST\]))+\s*\Z")
_OPENING = re.compile(r"^(?:(?!```|~~~).)*(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
_ONE_LINE = re.compile(r"^[^`]*(`{3,})(?:python|py)?[ \t]*(?P<code>[^`]+)\1[^`]*$", re.MULTILINE)
_TAGS = "code|python|py|answer|solution|file|output|response|source|artifact|content|implementation|final|result"
_TAGGED = re.compile(
    rf"<(?P<tag>(?:\w+:)?(?:{_TAGS}))\b[^>\n]*>(?P<code>.*?)</(?P=tag)>|\[PYTHON\](?P<llama>.*?)\[/PYTHON\]",
    re.DOTALL | re.IGNORECASE,
)
_NO_CODE = frozenset(
    ("bash", "sh", "shell", "console", "zsh", "text", "txt", "output", "yaml", "toml", "ini", "markdown", "md", "html",
     "xml", "sql", "javascript", "js", "typescript", "ts")
)  # fmt: skip
_STARTS_CODE = re.compile(
    r"(?:async def|def|class|import|from|if|try|with|for) |@\w|[A-Za-z_]\w*\s*(?::[^=]+)?=[^=]|type \w+|[\"']{3}"
)
_DIFF_STARTS = re.compile(r"^(?:diff --git |--- \S|@@ )", re.MULTILINE)
_TYPOGRAPHY = str.maketrans(
    {"\u00a0": " ", "\u200b": "", "\ufeff": "", "\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"}
)
_MOST_CLOSINGS = 20
_MOST_TRIES = 400


@dataclass(frozen=True, slots=True)
class Block:
    """A text that may be code. tag: what its fence says it is. whole: False where the answer ends inside it."""

    text: str
    tag: str = ""
    whole: bool = True
    fenced: bool = False


def blocks(answer: str) -> list[Block]:
    """Candidates in the order of the answer. Raises RejectedError when the answer ends while the model still thinks."""
    text = answer.lstrip("\ufeff\u200b").replace("\r\n", "\n").replace("\r", "\n")
    text = _END_TOKENS.sub("\n", _without_thoughts(text))
    found = (
        list(_from_json(text))
        or list(_fenced(text))
        or [Block(m["code"], fenced=True) for m in _ONE_LINE.finditer(text)]
    )
    if found:
        inner = (part for block in found for part in (list(_from_json(block.text)) or [block]))
        return [block for block in inner if block.tag not in _NO_CODE]
    return list(_tagged(text)) or list(_unfenced(text))


def as_code(text: str) -> str | None:
    """The text as Python that parses, after the repairs that don't change what it says; None when none helps."""
    return next((reading for reading in _readings(text) if _parses(reading)), None)


def _without_thoughts(text: str) -> str:
    text = _THOUGHT_ENDS.sub("", _THOUGHTS.sub("", text), count=1)
    opened = _THOUGHT_OPENS.search(text)
    if opened and not text[: opened.start()].strip():
        raise RejectedError("the answer ends before its code: all of it is reasoning")
    return text


def _fenced(text: str) -> Iterator[Block]:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        opening = _OPENING.match(lines[number])
        number += 1
        if opening is None:
            continue
        closings = [n for n in range(number, len(lines)) if _closes(lines[n], opening["fence"])]
        closings = [*closings[:_MOST_CLOSINGS], *closings[_MOST_CLOSINGS:][-_MOST_CLOSINGS:]]
        info = re.split(r"[\s:{}.,]+", opening["info"].strip().lower().lstrip("{."))[0]
        bodies = [_body(lines[number:n], lines[n], opening["fence"]) for n in closings]
        chosen = next((i for i, body in enumerate(bodies) if info not in _NO_CODE and as_code(body) is not None), 0)
        if closings:
            yield Block(bodies[chosen], info, fenced=True)
            number = closings[chosen] + 1
        else:
            yield Block("\n".join(lines[number:]), info, whole=False, fenced=True)
            return


def _closes(line: str, fence: str) -> bool:
    """A line that holds nothing but the fence, or code and the fence right behind it."""
    stripped = line.strip()
    alone = stripped.strip(fence[0]) == "" and len(stripped) >= len(fence)
    return alone or (stripped.endswith(fence) and stripped.count(fence) == 1 and stripped != fence)


def _body(lines: list[str], last: str, fence: str) -> str:
    rest = last.rstrip().rstrip(fence[0])
    return "\n".join([*lines, *([rest] if rest.strip() else [])])


def _from_json(text: str) -> Iterator[Block]:
    """Strings inside a JSON document, each of which may be an answer in itself."""
    if text.lstrip()[:1] not in "{[" or not text.strip():
        return
    try:
        document = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return
    for value in _strings(document):
        if "\n" in value or re.search(r"\b(?:def|class)\b|=", value):
            yield from list(_from_json(value)) or list(_fenced(value)) or [Block(value, fenced=True)]


def _strings(document: object) -> Iterator[str]:
    pending = [document]
    while pending:
        value = pending.pop(0)
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            pending[:0] = value.values()
        elif isinstance(value, list):
            if value and all(isinstance(line, str) for line in value):  # lines, as notebooks have them
                yield "".join(value if any(line.endswith("\n") for line in value) else (f"{line}\n" for line in value))
            pending[:0] = value


def _tagged(text: str) -> Iterator[Block]:
    for match in _TAGGED.finditer(text):
        inner = (match["code"] or match["llama"] or "").strip("\n")
        inner = re.sub(r"\A\s*<!\[CDATA\[|\]\]>\s*\Z", "", inner)
        yield from list(_tagged(inner)) or [Block(inner, fenced=True)]


def _unfenced(text: str) -> Iterator[Block]:
    """The whole text, or else its indented blocks, or else what lies between lines of prose."""
    if as_code(text) is not None:
        yield Block(text)
        return
    if start := _DIFF_STARTS.search(text):
        yield Block(text[start.start() :], "diff")
    indented = [m[0] for m in re.finditer(r"(?:^(?: {4}|\t).*\n?|^[ \t]*\n)+", text, re.MULTILINE) if m[0].strip()]
    paragraphs = [part for part in _between_prose(text.split("\n")) if part.strip()]
    yield from (Block(part) for part in [*paragraphs, *indented])


def _between_prose(lines: list[str]) -> Iterator[str]:
    """The longest runs of lines that parse, each starting where a line looks like code."""
    number = 0
    tries = _MOST_TRIES
    while number < len(lines):
        if _STARTS_CODE.match(lines[number]):
            ends = [n for n in range(number + 1, len(lines) + 1) if n == len(lines) or lines[n][:1].strip()]
            for end in reversed(ends):
                tries -= 1
                if tries < 0:
                    return
                if _parses("\n".join(lines[number:end])):
                    yield _without_comments("\n".join(lines[number:end]))
                    number = end - 1
                    break
        number += 1


def _without_comments(text: str) -> str:
    """Headings of the prose behind the code look like comments."""
    return re.sub(r"(?:\n\s*|\n#[^\n]*)+\Z", "", text)


def _readings(text: str) -> Iterator[str]:
    plain = _dedent(text)
    yield plain
    if re.search(r"^\s*>>> ", plain, re.MULTILINE):
        yield "\n".join(line.strip()[4:] for line in plain.split("\n") if re.match(r"\s*(?:>>>|\.\.\.)(?: |$)", line))
    yield _dedent(html.unescape(plain))
    yield plain.translate(_TYPOGRAPHY)
    lines = [line for line in plain.split("\n") if line.strip()]
    for margin in (r"\s*\d+\s*[|:│]? ?", r"> ?"):
        if lines and all(re.match(margin, line) for line in lines):
            yield _dedent("\n".join(re.sub(rf"^{margin}", "", line) for line in plain.split("\n")))
    if "\n" not in plain.strip() and "\\n" in plain:
        yield plain.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')


def _dedent(text: str) -> str:
    """Without the indentation that all lines share, and without blank lines around; other blank lines as they are."""
    lines = text.split("\n")
    margin = min((line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()), key=len, default="")
    return "\n".join(line.removeprefix(margin) for line in lines).strip("\n")


def _parses(text: str) -> bool:
    try:
        return bool(parse(text).body)
    except SyntaxError:
        return False
