"""1,000 requests at once against a provider that takes 5 seconds: the time against those 5, peak memory, nothing lost;
and the same when 30 % of the answers are a 429 that says how long to wait.

Server and client are processes of their own, so that neither's time or memory is the other's.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

REQUESTS = 1000
LATENCY = 5.0
pytestmark = pytest.mark.soak

SERVER = """
import asyncio, json, random, sys
from autogen_cli.providers.fake import FakeCodegen, FakeServer, faults

way, storm = sys.argv[1:]
chance = random.Random(1)
refused = []

def fault(received):
    if storm == "storm" and received.method == "POST" and chance.random() < 0.3:
        refused.append(received)
        return faults.status(429, headers={"retry-after": str(chance.choice((1, 2, 3)))})

async def main():
    server = FakeServer(lambda prompt: prompt, latency=5, faults=fault) if way == "openai" else \\
        FakeCodegen(lambda prompt: prompt.split("\\n\\n")[1], run_time=5, faults=fault)
    async with server:
        print(server.base_url, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    billed = server.created if way != "openai" else server.received - len(refused)
    print(json.dumps({"received": server.received, "peak": server.peak, "billed": billed}), flush=True)

asyncio.run(main())
"""

CLIENT = """
import asyncio, json, resource, sys, time
from autogen_cli.limits.retry import RetryHandler
from autogen_cli.models import CodeContext, CompletionRequest, Prompt
from autogen_cli.providers.codegen.provider import CodegenProvider
from autogen_cli.providers.openai import OpenAIProvider

way, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = CodeContext(target=None, text="", tokens=0, budget=0)

async def main():
    provider = OpenAIProvider(base_url=url, timeout=120) if way == "openai" else \\
        CodegenProvider(token="t", org_id=42, base_url=url, transport=way, timeout=300, poll_interval=1)
    retry = RetryHandler()

    async def ask(number):
        request = CompletionRequest(
            prompt=Prompt(system="Write.", user=f"question {number}"),
            context=context,
            model="m",
            request_id=f"r{number}",
        )
        return (await retry.run(lambda: provider.complete(request))).text == f"question {number}"

    start = time.monotonic()
    right = sum(await asyncio.gather(*map(ask, range(count))))
    seconds = time.monotonic() - start
    await provider.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"right": right, "seconds": seconds, "mb": memory}))

asyncio.run(main())
"""


@contextlib.contextmanager
def server(way: str, storm: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    words = [sys.executable, "-c", SERVER, way, storm]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip(), process
        process.kill()


@pytest.mark.parametrize("storm", ["calm", "storm"])
@pytest.mark.parametrize("way", ["openai", "http", "sdk"])
def test_a_thousand_requests_in_flight(way: str, storm: str, capsys: pytest.CaptureFixture[str]) -> None:
    if way == "sdk":
        pytest.importorskip("codegen_api_client", reason="the extra `codegen` isn't installed")
    with server(way, storm) as (url, process):
        words = [sys.executable, "-c", CLIENT, way, url, str(REQUESTS)]
        client = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        assert client.returncode == 0, client.stderr
        told, _ = process.communicate("\n", timeout=30)
    found, served = json.loads(client.stdout), json.loads(told)
    with capsys.disabled():
        sys.stdout.write(f"\n{way}, {storm}: {found['seconds']:.1f} s for {LATENCY:g}, {found['mb']} MB, {served}\n")
    assert found["right"] == REQUESTS
    assert served["billed"] == REQUESTS
