"""One line of a batch file: our own row, a row in the OpenAI Batch format, or what is wrong with it.

A row is known by its content: `key` is the same for two rows that ask for the same, wherever they stand and whatever
their ids are.
"""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NoReturn, get_args

from autogen_cli.models import GenerationRequest, Kind

COMPLETIONS_URL = "/v1/chat/completions"
KINDS = get_args(Kind.__value__)
_OPENAI = ("custom_id", "method", "url", "body")
_SHOWN = 40  # characters of a value in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A chat completion that is sent as it is: no context, no checks. `body` is what the service gets."""

    body: Mapping[str, Any]

    @property
    def model(self) -> str | None:
        model = self.body.get("model")
        return model if isinstance(model, str) else None

    @property
    def text(self) -> str:
        """All the text of its messages, for counting tokens."""
        return "\n".join(_texts(self.body.get("messages")))

    @property
    def max_output_tokens(self) -> int | None:
        found = self.body.get("max_completion_tokens", self.body.get("max_tokens"))
        return found if isinstance(found, int) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a line is no request. line: 1-based. field: the one that is wrong, if it is one."""

    line: int
    field: str | None
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {f'{self.field}: ' if self.field else ''}{self.reason}"


type Content = GenerationRequest | RawRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """index: 0-based, of the rows (blank lines don't count). id: the user's own, of either format.

    content: what to ask, or why it can't be asked.
    """

    index: int
    id: str | None
    content: Content | Fault
    metadata: Mapping[str, str] = field(default_factory=dict)


def content_key(content: Content, *deciding: object) -> str:
    """32 hex digits. deciding: what else decides the answer (the provider and model that the request leads to)."""
    if isinstance(content, RawRequest):
        parts: tuple[object, ...] = ("raw", content.body)
    else:
        parts = (
            "symbol", content.module, content.symbol, content.kind, content.description, content.context_tokens,
        )  # fmt: skip
    text = json.dumps([*parts, *deciding], sort_keys=True, ensure_ascii=False, default=str)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class _FaultError(Exception):
    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def parse_row(text: bytes, *, line: int, index: int) -> Row:
    """Never fails: what can't be read is a row whose content is a Fault."""
    known_id: str | None = None
    try:
        found = _decoded(text)
        raw = not found.keys().isdisjoint(_OPENAI)
        known_id = _id_of(found, "custom_id" if raw else "id")
        return Row(
            index=index,
            id=known_id,
            content=_raw(found) if raw else _symbol(found),
            metadata=found.get("metadata") or {},
        )
    except _FaultError as fault:
        return Row(index=index, id=known_id, content=Fault(line=line, field=fault.field, reason=fault.reason))


def _decoded(text: bytes) -> dict[str, Any]:
    stripped = text.strip()
    if stripped.startswith((b"#", b"//", b"/*")):
        raise _FaultError(None, "JSONL has no comments: take the line out")
    try:
        found = json.loads(stripped.decode())
    except UnicodeDecodeError as exc:
        raise _FaultError(None, f"not UTF-8 at byte {exc.start + 1}") from exc
    except json.JSONDecodeError as exc:
        raise _FaultError(None, f"not JSON: {exc.msg} (column {exc.colno})") from exc
    except (RecursionError, ValueError) as exc:
        raise _FaultError(None, "not JSON that can be read: it is nested too deeply, or a number is too long") from exc
    if not isinstance(found, dict):
        raise _FaultError(None, f"expected an object, got {_kind_of(found)}")
    return found


def _id_of(found: Mapping[str, Any], name: str) -> str | None:
    value = found.get(name)
    if value is not None and not isinstance(value, str):
        _wrong(name, "a string", value)
    return value


def _symbol(found: Mapping[str, Any]) -> GenerationRequest:
    for name in found:
        if name not in _FIELDS:
            near = difflib.get_close_matches(name, _FIELDS, 1)
            raise _FaultError(name, f"unknown field; did you mean {near[0]}?" if near else "unknown field")
    for name, check in _FIELDS.items():
        if found.get(name) is not None:
            check(name, found[name])
    if found.get("module") is None:
        raise _FaultError("module", "missing")
    return GenerationRequest(**{**found, "metadata": found.get("metadata") or {}})


def _raw(found: Mapping[str, Any]) -> RawRequest:
    for name in found:
        if name not in _OPENAI:
            raise _FaultError(name, "unknown field in a row of the OpenAI Batch format")
    for name in _OPENAI:
        if found.get(name) is None:
            raise _FaultError(name, "missing")
    if found["method"] != "POST":
        raise _FaultError("method", f"only POST can be sent, not {_shown(found['method'])}")
    if found["url"] != COMPLETIONS_URL:
        raise _FaultError("url", f"only {COMPLETIONS_URL} can be sent, not {_shown(found['url'])}")
    body = found["body"]
    if not isinstance(body, dict):
        _wrong("body", "an object", body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        _wrong("body.messages", "a list of messages", messages)
    for name, refused in (("stream", True), ("tools", None), ("functions", None)):
        if body.get(name) and (refused is None or body[name] == refused):
            raise _FaultError(f"body.{name}", "can't be sent: a row's answer is one text")
    if body.get("n", 1) != 1:
        raise _FaultError("body.n", "can't be sent: a row's answer is one text")
    return RawRequest(body=body)


def _texts(messages: object) -> list[str]:
    found: list[str] = []
    for message in messages if isinstance(messages, list) else []:
        content = message.get("content") if isinstance(message, dict) else None
        parts = content if isinstance(content, list) else [{"text": content}]
        found += [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return found


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        _wrong(name, "a string", value)


def _kind(name: str, value: object) -> None:
    if value not in KINDS:
        _wrong(name, f"one of {', '.join(KINDS)}", value)


def _positive(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        _wrong(name, "a whole number above 0", value)


def _metadata(name: str, value: object) -> None:
    if not isinstance(value, dict):
        _wrong(name, "an object", value)
    for key, text in value.items():
        if not isinstance(text, str):
            _wrong(f"{name}.{key}", "a string", text)


def _wrong(name: str, expected: str, value: object) -> NoReturn:
    raise _FaultError(name, f"expected {expected}, got {_kind_of(value)} {_shown(value)}".rstrip())


def _kind_of(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def _shown(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


_FIELDS: Mapping[str, Callable[[str, object], None]] = {
    "id": _text,
    "module": _text,
    "symbol": _text,
    "kind": _kind,
    "description": _text,
    "provider": _text,
    "model": _text,
    "context_tokens": _positive,
    "metadata": _metadata,
}
