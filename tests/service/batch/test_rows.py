"""What a line of a batch file can be, and what is said of one that can be nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from autogen_cli.errors import ArgumentError
from autogen_cli.models import GenerationRequest
from autogen_cli.service.batch import reader
from autogen_cli.service.batch.reader import RowReader
from autogen_cli.service.batch.rows import Fault, RawRequest, content_key, parse_row

MESSAGES = [{"role": "user", "content": "hi"}]
BODY = {"model": "m", "messages": MESSAGES}
RAW = {"custom_id": "r", "method": "POST", "url": "/v1/chat/completions", "body": BODY}

FAULTS: list[tuple[bytes | dict[str, Any], str | None, str]] = [
    (b"# hello", None, "JSONL has no comments: take the line out"),
    (b"// hello", None, "JSONL has no comments: take the line out"),
    (b'{"module": }', None, "not JSON: Expecting value (column 12)"),
    (b'{"module": "\xff"}', None, "not UTF-8 at byte 13"),
    (b"[" * 100_000, None, "not JSON that can be read: it is nested too deeply, or a number is too long"),
    (b'{"context_tokens": ' + b"9" * 5000 + b"}", None, "not JSON that can be read: it is nested"),
    (b"[1]", None, "expected an object, got a list"),
    (b"null", None, "expected an object, got null"),
    ({}, "module", "missing"),
    ({"module": None}, "module", "missing"),
    ({"module": 3}, "module", "expected a string, got a number 3"),
    ({"id": 3, "module": "m"}, "id", "expected a string, got a number 3"),
    ({"module": "m", "symbl": "x"}, "symbl", "unknown field; did you mean symbol?"),
    ({"module": "m", "zzz": "x"}, "zzz", "unknown field"),
    ({"module": "m", "kind": "verb"}, "kind", "expected one of function, class, method, constant, module, got"),
    ({"module": "m", "context_tokens": True}, "context_tokens", "expected a whole number above 0, got a truth value"),
    ({"module": "m", "context_tokens": 0}, "context_tokens", "expected a whole number above 0, got a number 0"),
    ({"module": "m", "metadata": []}, "metadata", "expected an object, got a list"),
    ({"module": "m", "metadata": {"a": 1}}, "metadata.a", "expected a string, got a number 1"),
    ({"module": "m", "description": {"a": "b"}}, "description", "expected a string, got an object"),
    ({"module": "m", "symbol": 10**60}, "symbol", "expected a string, got a number 1" + "0" * 39 + "..."),
    ({**RAW, "module": "m"}, "module", "unknown field in a row of the OpenAI Batch format"),
    ({"custom_id": "r", "method": "POST", "url": RAW["url"]}, "body", "missing"),
    ({**RAW, "method": "GET"}, "method", 'only POST can be sent, not "GET"'),
    ({**RAW, "url": "/v1/embeddings"}, "url", "only /v1/chat/completions can be sent"),
    ({**RAW, "body": "x"}, "body", 'expected an object, got a string "x"'),
    ({**RAW, "body": {"messages": []}}, "body.messages", "expected a list of messages, got a list"),
    ({**RAW, "body": BODY | {"stream": True}}, "body.stream", "can't be sent"),
    ({**RAW, "body": BODY | {"tools": [1]}}, "body.tools", "can't be sent"),
    ({**RAW, "body": BODY | {"n": 2}}, "body.n", "can't be sent"),
]


@pytest.mark.parametrize(("line", "field", "reason"), FAULTS)
def test_faults_name_line_field_and_reason(line: bytes | dict[str, Any], field: str | None, reason: str) -> None:
    text = line if isinstance(line, bytes) else json.dumps(line).encode()
    row = parse_row(text, line=7, index=5)
    assert isinstance(row.content, Fault)
    assert (row.index, row.content.line, row.content.field) == (5, 7, field)
    assert row.content.reason.startswith(reason)
    assert str(row.content).startswith("line 7: ")


def test_a_row_is_a_request() -> None:
    line = {"id": "a", "module": "m", "symbol": "f", "kind": None, "context_tokens": 9, "metadata": {"k": "v"}}
    row = parse_row(json.dumps(line).encode(), line=1, index=0)
    wanted = GenerationRequest(id="a", module="m", symbol="f", context_tokens=9, metadata={"k": "v"})
    assert (row.id, row.content, row.metadata) == ("a", wanted, {"k": "v"})


def test_a_raw_row_tells_its_text_model_and_limit() -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "image"}]}, *MESSAGES]
    row = parse_row(json.dumps({**RAW, "body": {"messages": parts, "max_tokens": 5}}).encode(), line=1, index=0)
    assert isinstance(row.content, RawRequest)
    assert (row.id, row.content.text, row.content.model, row.content.max_output_tokens) == ("r", "one\nhi", None, 5)


def test_a_key_is_made_of_what_is_asked() -> None:
    same = [GenerationRequest(module="m", symbol="f", id=name, metadata={"a": name}) for name in "ab"]
    others = [
        content_key(GenerationRequest(module="m", symbol="g"), "openai"),
        content_key(GenerationRequest(module="m", symbol="f", description="x"), "openai"),
        content_key(same[0], "scaffold"),
        content_key(RawRequest(body=BODY)),
        content_key(RawRequest(body=BODY | {"temperature": 1})),
    ]
    assert content_key(same[0], "openai") == content_key(same[1], "openai")
    assert len({content_key(same[0], "openai"), *others}) == 6


def rows(path: Path, content: bytes) -> list[tuple[int, str | None]]:
    path.write_bytes(content)
    found = [row for chunk in RowReader(str(path)).chunks() for row in chunk]
    return [(row.index, row.content.reason if isinstance(row.content, Fault) else None) for row in found]


def test_lines_are_told_apart_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = b'{"module": "m"}'
    for piece in (1, 7, 1000):
        monkeypatch.setattr(reader, "PIECE", piece)
        found = rows(tmp_path / "rows", b"\xef\xbb\xbf" + line + b"\r\n\n  \n" + line + b"\n" + line)
        assert found == [(0, None), (1, None), (2, None)]


def test_a_line_without_end_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PIECE", 16)
    monkeypatch.setattr(reader, "LONGEST_LINE", 64)
    line = b'{"module": "m"}\n'
    found = rows(tmp_path / "rows", line + b"x" * 500 + b"\n" + line + b"y" * 500)
    assert [(index, bool(reason)) for index, reason in found] == [(0, False), (1, True), (2, False), (3, True)]
    assert str(found[1][1]).startswith("longer than")


def test_a_folder_is_no_file_of_rows(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="can't be read: Is a directory"):
        RowReader(str(tmp_path))
