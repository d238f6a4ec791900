"""The ways in which a provider's server goes wrong, each as a Reply for `FakeServer(faults=...)`."""

import json
from collections.abc import Mapping

from autogen_cli.providers.fake.server import Reply

ANSWER = json.dumps(
    {"object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "pass\n" * 200}}]}
).encode()
MEGABYTE = b" " * 1_000_000


def status(code: int, message: str = "injected fault", *, headers: Mapping[str, str] | None = None) -> Reply:
    """An error status with the body that OpenAI sends along."""
    return Reply.of_json({"error": {"message": message, "type": "fake"}}, status=code, headers=headers)


def html(code: int = 200) -> Reply:
    page = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works!</body></html>"
    return Reply(status=code, headers={"content-type": "text/html"}, body=page)


def empty() -> Reply:
    return Reply(headers={"content-type": "application/json"})


def cut_json() -> Reply:
    """A complete HTTP reply whose JSON breaks off."""
    return Reply(headers={"content-type": "application/json"}, body=ANSWER[: len(ANSWER) // 2])


def wrong_types() -> Reply:
    return Reply.of_json({"choices": "none", "usage": [1, 2], "model": 3})


def error_body(message: str = "injected fault", code: object = "server_error") -> Reply:
    """A status of 200 with an error inside."""
    return Reply.of_json({"error": {"message": message, "code": code}})


def truncated() -> Reply:
    """The connection closes in the middle of the body."""
    return Reply(body=ANSWER, cut="middle")


def reset(*, in_body: bool = False) -> Reply:
    """The connection is reset, before the first byte or in the middle of the body."""
    return Reply(body=ANSWER, cut="middle" if in_body else "start", ending="reset")


def hang(*, in_body: bool = False) -> Reply:
    """Silence until the server stops."""
    return Reply(body=ANSWER, cut="middle" if in_body else "start", ending="hang")


def drip(pause: float) -> Reply:
    """An answer that comes a byte at a time, `pause` seconds apart."""
    return Reply(stream=[bytes([byte]) for byte in ANSWER], pause=pause)


def huge(megabytes: int) -> Reply:
    """White space without end, as far as a client can tell."""
    return Reply(headers={"content-type": "application/json"}, stream=[MEGABYTE] * megabytes)


def redirect(location: str, code: int = 307) -> Reply:
    return Reply(status=code, headers={"location": location})
