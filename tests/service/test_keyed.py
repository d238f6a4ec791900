"""A change of keys as those see it who are at work."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from autogen_cli.config import AutogenConfig, CodegenConfig, OpenAIConfig, folders
from autogen_cli.errors import ConfigError, CredentialError
from autogen_cli.providers.fake import FakeCodegen, FakeServer, Received, Reply, faults
from autogen_cli.service import auth
from autogen_cli.service.credentials import Credentials
from autogen_cli.service.providers import ProviderFactory, Wishes
from tests.service.questions import question

OLD, NEW = "canary-old-key-1", "canary-new-key-2"
HOUSE = Path(__file__).parent.parent.parent


class Doorman:
    """A service that takes some keys and refuses others. seen: how often it saw a key and took it, or not."""

    def __init__(self, *keys: str) -> None:
        self.keys = set(keys)
        self.seen: Counter[tuple[str, bool]] = Counter()
        self.called = asyncio.Event()

    def __call__(self, received: Received) -> Reply | None:
        key = received.headers.get("authorization", "").removeprefix("Bearer ")
        self.seen[key, key in self.keys] += 1
        self.called.set()
        return None if key in self.keys else faults.status(401, f"Incorrect API key provided: {key}")


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", NoKeyring())


@pytest.fixture
def credentials() -> Credentials:
    found = Credentials(folders().data)
    found.store.put("openai", OLD)
    return found


def factory_for(config: AutogenConfig, credentials: Credentials) -> ProviderFactory:
    return ProviderFactory(config, Wishes(), credentials=credentials, journal=folders().data / "runs.db")


def openai_at(server: FakeServer) -> AutogenConfig:
    return AutogenConfig(openai=OpenAIConfig(base_url=server.base_url, model="m"))


async def rotate_in_a_process(key: str, server: FakeServer) -> int:
    words = [sys.executable, "-m", "autogen_cli", "auth", "rotate", "openai", "--with-token"]
    environ = os.environ | {"OPENAI_BASE_URL": server.base_url, "PYTHONPATH": str(HOUSE)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(*words, env=environ, **pipes)
    await process.communicate(f"{key}\n".encode())
    return process.returncode or 0


async def test_none_of_200_requests_fails_while_the_key_rotates(credentials: Credentials) -> None:
    """The service takes the new key from the start, and the old one until the rotation is over."""
    doorman, turn = Doorman(OLD, NEW), asyncio.Semaphore(20)
    with FakeServer(["x"], faults=doorman, latency=0.01) as server:
        provider = factory_for(openai_at(server), credentials).create("openai")

        async def ask() -> str:
            async with turn:
                return (await provider.complete(question("m"))).text

        async def rotate() -> int:
            code = await rotate_in_a_process(NEW, server)
            doorman.keys.discard(OLD)
            return code

        changing = asyncio.create_task(rotate())
        answers = []
        while len(answers) < 200 or not changing.done():
            answers += await asyncio.gather(*(ask() for _ in range(20)))
        answers += await asyncio.gather(*(ask() for _ in range(20)))
        await provider.close()
    assert await changing == 0
    assert set(answers) == {"x"}
    assert doorman.seen[OLD, True] > 100
    assert doorman.seen[NEW, True] >= 20
    assert 0 < doorman.seen[OLD, False] <= 20  # those that were on their way


async def test_a_new_key_that_the_service_does_not_know_yet(credentials: Credentials) -> None:
    credentials.store.put("openai", NEW, grace=100)
    with FakeServer(["x"], faults=(doorman := Doorman(OLD))) as server:
        provider = factory_for(openai_at(server), credentials).create("openai")
        assert (await provider.complete(question("m"))).text == "x"
        assert (await provider.complete(question("m"))).text == "x"
        await provider.close()
    assert doorman.seen == {(NEW, False): 1, (OLD, True): 2}


async def test_without_another_key_a_refusal_is_the_error(credentials: Credentials) -> None:
    credentials.store.put("openai", NEW, grace=100)
    with FakeServer(["x"], faults=(doorman := Doorman())) as server:
        provider = factory_for(openai_at(server), credentials).create("openai")
        with pytest.raises(CredentialError, match="run `autogen auth login openai`, or set OPENAI_API_KEY") as refused:
            await provider.complete(question("m"))
        await provider.close()
    assert doorman.seen == {(NEW, False): 1, (OLD, False): 1}
    assert NEW not in str(refused.value)
    assert OLD not in str(refused.value)


async def test_a_codegen_run_goes_on_under_the_new_key(credentials: Credentials) -> None:
    credentials.store.put("codegen", OLD)
    doorman = Doorman(OLD, NEW)
    async with FakeCodegen(["x"], run_time=0.3, faults=doorman) as server:
        settings = CodegenConfig(org_id=42, base_url=server.base_url, transport="http", poll_interval=0.05)
        provider = factory_for(AutogenConfig(codegen=settings), credentials).create("codegen")
        asking = asyncio.create_task(provider.complete(question()))
        await doorman.called.wait()
        credentials.store.put("codegen", NEW, grace=100)
        doorman.keys.discard(OLD)
        assert (await asking).text == "x"
        await provider.close()
    assert server.created == 1


async def test_an_echo_of_the_key_ends_before_it_is_an_answer(credentials: Credentials) -> None:
    with FakeServer([f"key = '{OLD}'"]) as server:
        provider = factory_for(openai_at(server), credentials).create("openai")
        assert (await provider.complete(question("m"))).text == "key = '[redacted]'"
        await provider.close()


async def test_a_key_that_was_taken_is_noted(credentials: Credentials) -> None:
    with FakeServer(["x"]) as server:
        provider = factory_for(openai_at(server), credentials).create("openai")
        assert credentials.list("openai")[0].used is None
        await provider.complete(question("m"))
        await provider.close()
    assert credentials.list("openai")[0].used is not None


def test_plain_http_to_another_machine_has_to_be_allowed(credentials: Credentials) -> None:
    config = AutogenConfig(openai=OpenAIConfig(base_url="http://llm.intranet/v1"))
    with pytest.raises(ConfigError, match=r"security\.allow_http llm\.intranet"):
        factory_for(config, credentials).create("openai")
    with pytest.raises(ConfigError, match=r"security\.allow_http"):
        factory_for(config, credentials).batch_service()
    allowed = AutogenConfig(openai=config.openai, security={"allow_http": ["llm.intranet"]})
    factory_for(allowed, credentials).create("openai")
    with pytest.raises(ConfigError, match=r"security\.allow_http"):
        auth.login("openai", NEW, config, credentials)


def test_a_key_of_the_environment_goes_first(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", NEW)
    assert [(found.value, found.source) for found in credentials.keys("openai")] == [(NEW, "OPENAI_API_KEY")]
    assert {info.source: info.effective for info in credentials.list()} == {
        "OPENAI_API_KEY": True,
        str(credentials.file): False,
    }
