"""Text with its bytes: lines as Python counts them, encodings, parsing without surprises."""

import pytest

from autogen_cli.errors import TargetError
from autogen_cli.generation.source import compiles, parse, read_source, split_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("a", ("a",)),
        ("a\n", ("a\n",)),
        ("a\r\nb\rc\n\nd", ("a\r\n", "b\r", "c\n", "\n", "d")),
        ("a\x0cb\u2028c\x85d\x1ce\n", ("a\x0cb\u2028c\x85d\x1ce\n",)),
    ],
)
def test_lines_are_those_of_the_tokenizer(text: str, lines: tuple[str, ...]) -> None:
    assert split_lines(text) == lines


@pytest.mark.parametrize(
    ("data", "encoding", "bom", "newline", "text"),
    [
        (b"", "utf-8", False, "\n", ""),
        (b"x\n", "utf-8", False, "\n", "x\n"),
        (b"x\r\ny\r\nz\n", "utf-8", False, "\r\n", "x\ny\nz\n"),
        (b"x\r\ny\n", "utf-8", False, "\n", "x\ny\n"),
        (b"x\ry", "utf-8", False, "\r", "x\ny"),
        (b"\xef\xbb\xbfx", "utf-8", True, "\n", "x"),
        (b"\xef\xbb\xbf# coding: utf-8\n\xc3\xa9\n", "utf-8", True, "\n", "# coding: utf-8\né\n"),
        (b"# coding: latin-1\n\xe9\n", "iso-8859-1", False, "\n", "# coding: latin-1\né\n"),
        (b"#!/bin/x\n# vim: set fileencoding=cp1252 :\n\x80", "cp1252", False, "\n", None),
    ],
)
def test_what_is_read_is_written_back(data: bytes, encoding: str, bom: bool, newline: str, text: str | None) -> None:
    source = read_source(data, "a.py")
    assert (source.encoding, source.bom, source.newline) == (encoding, bom, newline)
    assert source.encode() == data
    assert text is None or source.text == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"# coding: klingon\n", "unknown encoding: klingon"),
        (b"\xff\n", "invalid or missing encoding declaration"),
        (b"x\n\n\n\xff\n", "its bytes are not utf-8"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding problem: utf-8"),
        (b"# coding: ascii\n\xe9\n", "its bytes are not ascii"),
    ],
)
def test_what_has_no_readable_encoding_is_an_error(data: bytes, reason: str) -> None:
    with pytest.raises(TargetError, match=f"^a.py can't be read as Python: {reason}.*: save it as UTF-8$"):
        read_source(data, "a.py")


DEEP = f"{'(' * 250}{')' * 250}"


@pytest.mark.parametrize("text", ["x = (", "x = '\0'\n", DEEP, "-" * 300_000 + "1"])
def test_what_does_not_parse_is_a_syntax_error(text: str) -> None:
    for read in (parse, compiles):
        with pytest.raises(SyntaxError):
            read(text)


@pytest.mark.parametrize("text", ["return 1\n", "await x\n", "def f():\n    nonlocal x\n", "break\n"])
def test_the_compiler_sees_what_the_parser_lets_pass(text: str) -> None:
    parse(text)
    with pytest.raises(SyntaxError):
        compiles(text)


def test_warnings_and_versions() -> None:
    compiles('x = "\\d"\n')
    assert parse('x = 1 is 1; y = "\\d"\n').body
    assert parse("match x:\n    case 1: ...\n", version=(3, 12)).body
    with pytest.raises(SyntaxError):
        parse("match x:\n    case 1: ...\n", version=(3, 9))
