"""The fake server itself: what others' tests and benchmarks rely on."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import aiohttp
import pytest

from autogen_cli.providers.fake import FakeServer, faults
from autogen_cli.providers.fake.openai import plausible_answer


def post(url: str, body: dict) -> dict:
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)


def chat(prompt: str = "hi", **fields) -> dict:
    return {"model": "m", "messages": [{"role": "user", "content": prompt}], **fields}


def text_of(answer: dict) -> str:
    return answer["choices"][0]["message"]["content"]


def test_on_a_thread_with_a_script_whose_last_answer_repeats():
    with FakeServer(["one", "two"]) as server:
        assert [text_of(post(server.base_url, chat())) for _ in range(3)] == ["one", "two", "two"]
    assert server.received == 3
    assert server.requests[0].json() == chat()


def test_an_answer_made_of_the_prompt():
    with FakeServer(str.upper) as server:
        assert text_of(post(server.base_url, chat("shout"))) == "SHOUT"


def test_faults_in_order_then_by_request():
    with FakeServer(["fine"], faults=[None, faults.status(503)]) as server:
        assert text_of(post(server.base_url, chat())) == "fine"
        with pytest.raises(urllib.error.HTTPError, match="503"):
            post(server.base_url, chat())
        assert text_of(post(server.base_url, chat())) == "fine"
    with (
        FakeServer(faults=lambda received: faults.status(418) if b"tea" in received.body else None) as server,
        pytest.raises(urllib.error.HTTPError, match="418"),
    ):
        post(server.base_url, chat("tea"))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/v1/nothing", 404), ("GET", "/v1/chat/completions", 405), ("GET", "/chat/completions", 404)],
)
def test_other_addresses(method, path, status):
    with FakeServer() as server:
        request = urllib.request.Request(server.base_url.removesuffix("/v1") + path, method=method)
        with pytest.raises(urllib.error.HTTPError, match=str(status)):
            urllib.request.urlopen(request, timeout=5)


@pytest.fixture
async def ask():
    """Posts a chat over one client, whatever the number in flight."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(server: FakeServer, **fields) -> str:
            async with session.post(f"{server.base_url}/chat/completions", json=chat(**fields)) as response:
                return await response.text()

        yield send


async def test_streaming_ends_with_usage_and_done(ask):
    async with FakeServer(["a\nb"], count_tokens=len) as server:
        lines = [line.removeprefix("data: ") for line in (await ask(server, stream=True)).split("\n\n") if line]
    events = [json.loads(line) for line in lines[:-1]]
    assert lines[-1] == "[DONE]"
    assert "".join(event["choices"][0]["delta"].get("content", "") for event in events[:-1]) == "a\nb"
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["usage"]["completion_tokens"] == 3


@pytest.mark.parametrize("stream", [True, False])
async def test_usage_can_be_left_out(ask, stream):
    async with FakeServer(report_usage=False) as server:
        assert "usage" not in await ask(server, stream=stream)


async def test_a_thousand_in_flight_on_kept_connections(ask):
    async with FakeServer(["x"], latency=0.5, log_size=10) as server:
        for _ in range(2):
            answers = await asyncio.gather(*(ask(server) for _ in range(1000)))
            assert [text_of(json.loads(answer)) for answer in answers] == ["x"] * 1000
    assert (server.received, server.peak, len(server.requests)) == (2000, 1000, 10)


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("`shop` says so.\n\nWrite the function `total` of the module `shop`.", "def total(*args"),
        ("Write the async method `Cart.total` of it.", "async def total(self, *args"),
        ("Write the class `Cart` of it.", "class Cart:\n"),
        ("Write the assignment of the constant `RATE` in it.", "RATE = 0\n"),
        ("Something about `shop.total`.", "def total("),
        ("Write it.", "def helper("),
    ],
)
def test_the_default_answer_is_what_the_prompt_asks_for(prompt, code):
    assert f"```python\n{code}" in plausible_answer(prompt)


@pytest.mark.parametrize(("content", "answer"), [('["from a list"]', "from a list"), ("plain", "plain")])
def test_as_a_program(tmp_path, content, answer):
    answers = tmp_path / "answers"
    answers.write_text(content)
    command = [sys.executable, "-m", "autogen_cli.providers.fake", "--answers", str(answers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        url = program.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        assert text_of(post(url, chat())) == answer
        program.send_signal(signal.SIGINT)
        said = program.communicate()[1].splitlines()
        assert said[-1] == "1 requests, at most 1 at once"
        assert len(said) == 1 or sys.version_info < (3, 13)  # its asyncio complains of a cancelled task
    assert program.returncode == 0
