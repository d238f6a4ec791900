"""The OpenAI wire format over the loopback server: chat completions (whole and streamed), batches, models."""

import asyncio
import itertools
import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autogen_cli.providers.fake.batches import PREFIXES, BatchScript, FakeBatches
from autogen_cli.providers.fake.faults import status
from autogen_cli.providers.fake.server import LoopbackServer, Received, Reply

type Answers = Callable[[str], str] | Sequence[str]
type Faults = Callable[[Received], Reply | None] | Sequence[Reply | None] | Reply

SHAPES = {
    "function": "def {name}(*args: object, **kwargs: object) -> object:\n    return args or kwargs",
    "method": "def {name}(self, *args: object, **kwargs: object) -> object:\n    return args or kwargs",
    "class": "class {name}:\n    def __init__(self, *args: object, **kwargs: object) -> None:\n        pass",
    "constant": "{name} = 0",
}
EVENT_STREAM = {"content-type": "text/event-stream"}


def plausible_answer(prompt: str) -> str:
    """The definition that the prompt asks for, or else of the name that it quotes first, in a shape that most callers
    can live with.
    """
    asked = re.search(r"Write the ((?:\w+ )*?)(function|class|method|constant) `([\w.]+)`", prompt)
    quoted = re.search(r"`([A-Za-z_][\w.]*)`", prompt)
    if asked:
        prefix = "async " if "async" in asked[1] else ""
        kind, name = asked[2], asked[3]
    else:
        prefix, kind, name = "", "function", quoted[1] if quoted else "helper"
    return f"```python\n{prefix}{SHAPES[kind].format(name=name.rpartition('.')[2])}\n```"


def quarter_of_characters(text: str) -> int:
    """An estimate of tokens (median error 11 %); pass `count_tokens` where the figure matters."""
    return -(-len(text) // 4)


class FakeServer(LoopbackServer):
    """A chat completions server.

    answers: a list in order (its last one repeats), or a function of the user's prompt. faults: replies that take the
    place of answers: one for every request, a list in order (None: no fault; afterwards none), or a function of the
    request. latency: seconds before a reply. cached_tokens: of every prompt, as read from the prompt cache. api_key:
    if given, other keys get 401. batch_scripts: how batches go, in the order of their creation.
    """

    path_prefix = "/v1"

    def __init__(
        self,
        answers: Answers = plausible_answer,
        *,
        faults: Faults = (),
        latency: float = 0.0,
        count_tokens: Callable[[str], int] = quarter_of_characters,
        cached_tokens: int = 0,
        report_usage: bool = True,
        finish_reason: str = "stop",
        headers: Mapping[str, str] | None = None,
        models: Sequence[str] = ("fake-model",),
        api_key: str | None = None,
        batch_scripts: Sequence[BatchScript] = (BatchScript(),),
        port: int = 0,
        log_size: int = 10_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(port=port, log_size=log_size, tls=tls)
        self._answer_to = answers if callable(answers) else in_order(answers)
        self._fault_for = fault_source(faults)
        self._latency = latency
        self._count = count_tokens
        self._cached_tokens = cached_tokens
        self._report_usage = report_usage
        self._finish_reason = finish_reason
        self._headers = dict(headers or {})
        self._models = models
        self._api_key = api_key
        self._ids = itertools.count(1)
        self.batch = FakeBatches(self._complete, batch_scripts)

    async def respond(self, received: Received) -> Reply:
        if self._latency:
            await asyncio.sleep(self._latency)
        if fault := self._fault_for(received):
            return fault
        if self._api_key and self._key_of(received) != self._api_key:
            return status(401, f"Incorrect API key provided: {self._key_of(received)}")
        path = received.path.partition("?")[0]
        if path.startswith(PREFIXES):
            return self.batch.respond(received)
        if path == "/v1/models" and received.method == "GET":
            return Reply.of_json({"object": "list", "data": [{"id": m, "object": "model"} for m in self._models]})
        if path != "/v1/chat/completions":
            return status(404, f"Invalid URL ({received.method} {path})")
        if received.method != "POST":
            return status(405, f"Not allowed to {received.method} on {path}")
        return self._complete(received.json())

    @staticmethod
    def _key_of(received: Received) -> str:
        return received.headers.get("authorization", "").removeprefix("Bearer ") or received.headers.get("api-key", "")

    def _complete(self, body: dict[str, Any]) -> Reply:
        prompts = [message["content"] for message in body["messages"]]
        answer = self._answer_to(prompts[-1])
        usage = self._usage(sum(map(self._count, prompts)), self._count(answer)) if self._report_usage else None
        common = {"id": f"chatcmpl-{next(self._ids)}", "created": 0, "model": body.get("model") or self._models[0]}
        if body.get("stream"):
            events = _events(common, answer, self._finish_reason, usage)
            return Reply(headers=EVENT_STREAM | self._headers, stream=events)
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": self._finish_reason}
        completion = {**common, "object": "chat.completion", "choices": [choice]} | ({"usage": usage} if usage else {})
        return Reply.of_json(completion, headers=self._headers)

    def _usage(self, prompt: int, completion: int) -> dict[str, Any]:
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": min(self._cached_tokens, prompt)},
        }


def _events(common: dict[str, Any], answer: str, finish_reason: str, usage: dict[str, Any] | None) -> Iterator[bytes]:
    """The answer as server-sent events, a line of it at a time; usage comes last, with no choices."""

    def event(**fields: Any) -> bytes:
        return b"data: " + json.dumps({**common, "object": "chat.completion.chunk", **fields}).encode() + b"\n\n"

    for line in answer.splitlines(keepends=True):
        yield event(choices=[{"index": 0, "delta": {"content": line}, "finish_reason": None}])
    yield event(choices=[{"index": 0, "delta": {}, "finish_reason": finish_reason}])
    if usage:
        yield event(choices=[], usage=usage)
    yield b"data: [DONE]\n\n"


def in_order(answers: Sequence[str]) -> Callable[[str], str]:
    remaining = itertools.chain(answers, itertools.repeat(answers[-1]))
    return lambda _prompt: next(remaining)


def fault_source(faults: Faults) -> Callable[[Received], Reply | None]:
    if callable(faults):
        return faults
    if isinstance(faults, Reply):
        return lambda _received: faults
    remaining = iter(faults)
    return lambda _received: next(remaining, None)
