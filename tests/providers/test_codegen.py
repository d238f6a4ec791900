"""The Codegen provider over both transports, against a fake of the API that keeps to the published description."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest

from autogen_cli.errors import (
    AccessError,
    AutogenError,
    ConfigError,
    CredentialError,
    ProviderAnswerError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
)
from autogen_cli.models import Completion
from autogen_cli.providers.codegen import CodegenProvider
from autogen_cli.providers.codegen.provider import GONE_HINT
from autogen_cli.providers.fake import FakeCodegen, Received, Reply, faults

TOKEN = "codegen-0123456789abcdef"
SPEC = json.loads((Path(__file__).parent / "data" / "codegen-openapi3.json").read_text())


@pytest.fixture(params=["http", "sdk"])
def transport(request) -> str:
    if request.param == "sdk":
        pytest.importorskip("codegen_api_client", reason="the extra `codegen` isn't installed")
    return request.param


@pytest.fixture
async def make(tmp_path, transport):
    """Providers of one machine on one transport; all are closed afterwards."""
    made = []

    def provider(server: FakeCodegen, **settings) -> CodegenProvider:
        settings = {"timeout": 10, "poll_interval": 0.01, "poll_pause": 0, "transport": transport, **settings}
        journal = tmp_path / "codegen-runs.db"
        made.append(CodegenProvider(token=TOKEN, org_id=42, base_url=server.base_url, journal=journal, **settings))
        return made[-1]

    yield provider
    for each in made:
        await each.close()


async def failure(provider: CodegenProvider, request) -> AutogenError:
    with pytest.raises(AutogenError) as error:
        await provider.complete(request)
    assert TOKEN not in str(error.value)
    return error.value


async def test_a_run_is_created_watched_and_read(make, request_for, transport):
    async with FakeCodegen(["x = 1"], run_time=0.1, token=TOKEN) as server:
        answer = await make(server).complete(request_for("Write it."))
    (run,) = server.runs
    assert answer.text == "x = 1"
    assert answer.web_url == "https://codegen.com/agent/trace/1"
    assert (answer.usage, answer.cost_usd, answer.model) == (None, None, None)
    assert run.prompt.startswith("You write Python.\n\nWrite it.\n\nAnswer with the code in your last message.")
    assert run.metadata == ({"request_id": "r-1"} if transport == "http" else None)
    assert server.received > 3


async def test_a_run_that_ends_at_once_is_not_polled(make, request_for):
    async with FakeCodegen() as server:
        await make(server).complete(request_for())
        assert server.received == 1


async def test_model_and_repository_are_sent_or_the_user_is_told(make, request_for, transport):
    async with FakeCodegen() as server:
        answer = await make(server, repo_id=7, model="mine").complete(request_for(model=None))
    sent = (server.runs[0].repo_id, server.runs[0].model)
    if transport == "http":
        assert sent == (7, "mine")
        assert answer.warnings == ()
    else:
        assert sent == (None, None)
        assert answer.warnings == ("the Codegen SDK can't send model", "the Codegen SDK can't send repo_id")


@pytest.mark.parametrize("status", ["PENDING", "EVALUATION", "PAUSED", "something new", None])
async def test_every_other_status_goes_on(make, request_for, status):
    async with FakeCodegen(["x"], run_time=0.05, statuses=(status,), end="completed") as server:
        assert (await make(server).complete(request_for())).text == "x"


@pytest.mark.parametrize(
    "end", ["ERROR", "Failed", "CANCELLED", "STOPPED", "TIMEOUT", "MAX_ITERATIONS_REACHED", "OUT_OF_TOKENS"]
)
async def test_runs_that_end_badly_are_paid_and_not_found_again(make, request_for, end):
    async with FakeCodegen(run_time=0.02, end=end) as server:
        provider = make(server)
        error = await failure(provider, request_for())
        assert isinstance(error, ProviderAnswerError)
        assert f"run 1 ended as {end}; see https://codegen.com/agent/trace/1" in error.message
        assert (error.billed, error.retryable) == ("yes", False)
        await failure(provider, request_for())
        assert server.created == 2


async def test_a_result_without_text(make, request_for):
    async with FakeCodegen([" "]) as server:
        error = await failure(make(server), request_for())
    assert "ended without a text" in error.message


CREATION = [
    # what the service answers to a creation; error, retryable, hint
    (faults.status(400), ProviderRequestError, False, None),
    (faults.status(401, f"bad {TOKEN}"), CredentialError, None, "set CODEGEN_API_TOKEN"),
    (
        Reply.of_json({"message": "Alloted runs used", "status_code": 402}, status=402),
        ProviderRequestError,
        False,
        "plan",
    ),
    (faults.status(403), AccessError, None, "check what the key"),
    (Reply.of_json({"message": "No repos found in the org."}, status=404), ProviderRequestError, False, "base_url"),
    (Reply(status=404, body=b"modal-http: app is stopped"), ProviderUnavailableError, False, GONE_HINT),
    (faults.html(404), ProviderUnavailableError, False, GONE_HINT),
    (faults.html(), ProviderUnavailableError, False, GONE_HINT),
    (faults.empty(), ProviderUnavailableError, False, GONE_HINT),
    (faults.cut_json(), ProviderUnavailableError, False, GONE_HINT),
    (faults.Reply.of_json([]), ProviderUnavailableError, False, GONE_HINT),
    (faults.status(422), ProviderRequestError, False, None),
    (faults.status(429, headers={"retry-after": "7"}), RateLimitedError, True, None),
    (faults.status(500), ProviderUnavailableError, True, None),
    (faults.status(503), ProviderUnavailableError, True, None),
    (faults.status(504), ProviderUnavailableError, True, None),
    (faults.redirect("http://127.0.0.1:9/elsewhere"), ProviderRequestError, False, "base_url"),
    (faults.huge(40), ProviderUnavailableError, False, GONE_HINT),
    (faults.truncated(), ProviderUnavailableError, True, None),
    (faults.reset(), ProviderUnavailableError, True, None),
    (faults.reset(in_body=True), ProviderUnavailableError, True, None),
]


@pytest.mark.parametrize(("reply", "kind", "retryable", "hint"), CREATION)
async def test_faults_of_the_creation(make, request_for, reply, kind, retryable, hint):
    def only_creations(received: Received) -> Reply | None:
        return reply if received.path.endswith("/run") else faults.status(503)

    async with FakeCodegen(faults=only_creations) as server:
        error = await failure(make(server), request_for())
        assert [r.path.endswith("/run") for r in server.requests].count(True) == 1
    assert type(error) is kind
    assert retryable is None or error.retryable == retryable
    assert hint is None or hint in error.hint
    assert "\n" not in str(error)
    if isinstance(error, RateLimitedError):
        assert error.retry_after == 7


@pytest.mark.parametrize("reply", [faults.hang(), faults.hang(in_body=True), faults.drip(0.02)])
async def test_a_creation_without_an_end(make, request_for, reply):
    async with FakeCodegen(faults=reply) as server:
        error = await failure(make(server, timeout=0.3), request_for())
    assert isinstance(error, ProviderUnavailableError)
    assert error.billed == "maybe"


async def test_nobody_listens(make, request_for):
    async with FakeCodegen() as server:
        provider = make(server)
    error = await failure(provider, request_for())
    assert "can't be reached (connection refused)" in error.message
    assert (error.hint, error.billed) == (GONE_HINT, "no")


async def test_a_name_that_does_not_resolve(transport, request_for):
    provider = CodegenProvider(
        token=TOKEN, org_id=42, base_url="http://nowhere.invalid", transport=transport, timeout=9
    )
    error = await failure(provider, request_for())
    await provider.close()
    assert "doesn't resolve" in error.message


async def test_faults_while_polling_are_sat_out(make, request_for):
    script = [None, faults.status(503), faults.status(429, headers={"retry-after-ms": "1"}), faults.reset(), None]
    async with FakeCodegen(["x"], run_time=0.05, faults=script) as server:
        assert (await make(server).complete(request_for())).text == "x"
        assert server.created == 1


@pytest.mark.parametrize("status", [401, 403, 422])
async def test_faults_while_polling_that_no_waiting_mends(make, request_for, status):
    async with FakeCodegen(run_time=60, faults=[None, faults.status(status)]) as server:
        error = await failure(make(server), request_for())
    assert f"({status}: " in error.message


async def test_a_run_that_vanishes_takes_no_other_along(make, request_for):
    def vanish(received: Received) -> Reply | None:
        return faults.status(404) if received.path.endswith("/run/1") else None

    async with FakeCodegen(["x"], run_time=0.1, faults=vanish) as server:
        provider = make(server)
        outcomes = await asyncio.gather(
            *(provider.complete(request_for(prompt)) for prompt in ("one", "two")), return_exceptions=True
        )
    vanished, answered = sorted(outcomes, key=lambda outcome: isinstance(outcome, Completion))
    assert isinstance(vanished, ProviderRequestError)
    assert answered.text == "x"


async def test_many_runs_are_watched_by_listing(make, request_for):
    async with FakeCodegen(lambda prompt: prompt.split()[3], run_time=1.0) as server:
        provider = make(server)
        answers = await asyncio.gather(*(provider.complete(request_for(f"p{n}")) for n in range(250)))
        reads = [r.path for r in server.requests if r.method == "GET"]
    assert [answer.text for answer in answers] == [f"p{n}" for n in range(250)]
    assert sum("/runs?" in path for path in reads) > 3
    assert len(reads) < 250


async def test_a_deadline_says_where_the_run_goes_on_and_the_next_request_finds_it(make, request_for):
    async with FakeCodegen(["x"], run_time=0.5, statuses=("RUNNING",)) as server:
        error = await failure(make(server, timeout=0.2), request_for())
        assert "run 1 is not done after 0.2 s (it is RUNNING); see https://" in error.message
        assert (error.billed, error.retryable) == ("yes", False)
        assert (await make(server).complete(request_for())).text == "x"
        assert server.created == 1


async def test_the_same_prompt_at_once_is_one_run(make, request_for):
    async with FakeCodegen(["x"], run_time=0.3, latency=0.05) as server:
        provider, other = make(server), make(server)
        answers = await asyncio.gather(*(p.complete(request_for()) for p in (provider, provider, other)))
        assert [answer.text for answer in answers] == ["x"] * 3
        assert server.created == 1


async def test_a_cancelled_request_stops_its_run(make, request_for):
    async with FakeCodegen(run_time=60) as server:
        task = asyncio.create_task(make(server).complete(request_for()))
        async with asyncio.timeout(10):
            while server.received < 3:  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert server.runs[0].stopped


async def test_a_run_that_cannot_be_stopped_is_found_again(make, request_for):
    def no_stopping(received: Received) -> Reply | None:
        return faults.status(500) if received.path.endswith("/ban") else None

    async with FakeCodegen(["x"], run_time=0.4, faults=no_stopping) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await make(server).complete(request_for())
        assert (await make(server).complete(request_for())).text == "x"
        assert server.created == 1


async def test_a_run_that_the_service_has_lost_is_made_again(make, request_for):
    async with FakeCodegen(["x"], run_time=0.3) as server:
        await failure(make(server, timeout=0.1), request_for())
        server.runs.clear()
        assert (await make(server).complete(request_for())).text == "x"
        assert server.created == 1


CLIENT = """
import asyncio
from pathlib import Path
from autogen_cli.providers.codegen import CodegenProvider
from autogen_cli.models import *

target = Target(root=Path("/p"), source_root=Path("/p"), module="m", path=Path("/p/m.py"), symbol="s", kind="function",
                module_exists=False, symbol_exists=False)
request = CompletionRequest(prompt=Prompt(system="You write Python.", user="Write `shop.total`."), request_id="killed",
                            context=CodeContext(target=target, text="", tokens=0, budget=0), model="fake-model")
provider = CodegenProvider(token={token!r}, org_id=42, base_url={url!r}, transport={transport!r}, poll_interval=0.05,
                           journal=Path({journal!r}))
asyncio.run(provider.complete(request))
"""


async def killed_client(server: FakeCodegen, transport: str, tmp_path: Path, when) -> None:
    """Runs a request in a process of its own and kills it as soon as `when` says so."""
    journal = str(tmp_path / "codegen-runs.db")
    code = CLIENT.format(token=TOKEN, url=server.base_url, transport=transport, journal=journal)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=subprocess.DEVNULL)
    async with asyncio.timeout(30):
        while not when():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
    process.kill()
    await process.wait()


async def test_a_killed_process_s_run_is_found_again(make, request_for, transport, tmp_path):
    async with FakeCodegen(["x"], run_time=3) as server:
        await killed_client(server, transport, tmp_path, lambda: server.received >= 3)
        assert (await make(server).complete(request_for())).text == "x"
        assert server.created == 1


async def test_killed_between_sending_and_being_told(make, request_for, transport, tmp_path):
    """Over HTTP the run is known by its metadata; the SDK can't send any, so there it has to be made again."""
    async with FakeCodegen(["x"], latency=0.3) as server:
        await killed_client(server, transport, tmp_path, lambda: server.in_flight and server.received)
        await asyncio.sleep(0.4)
        assert (await make(server).complete(request_for())).text == "x"
        assert server.created == (1 if transport == "http" else 2)


async def test_an_answer_that_got_lost_is_looked_for(make, request_for, transport):
    async with FakeCodegen(["x"], faults=[faults.reset()]) as server:
        provider = make(server)
        if transport == "sdk":
            assert (await failure(provider, request_for())).billed == "maybe"
            assert not provider.capabilities.idempotent
        else:
            assert (await provider.complete(request_for())).text == "x"
            assert provider.capabilities.idempotent
        assert server.created == 1


async def test_as_long_as_nobody_can_look_no_second_run_is_made(make, request_for):
    async with FakeCodegen(["x"], faults=[faults.reset(), *[faults.status(503)] * 2]) as server:
        provider = make(server)
        first = await failure(provider, request_for())
        assert (first.billed, server.created) == ("maybe", 1)
        if provider.capabilities.idempotent:  # what retries go by
            assert (await failure(provider, request_for())).billed == "no"
            assert (await provider.complete(request_for())).text == "x"
            assert server.created == 1


async def test_headers_are_shown_to_the_observer(make, request_for):
    seen = []
    async with FakeCodegen() as server:
        await make(server, observe=seen.append).complete(request_for())
    assert seen[0]["content-type"] == "application/json"


async def test_a_provider_can_be_used_again_after_it_was_closed(make, request_for):
    async with FakeCodegen(["x"]) as server:
        provider = make(server)
        for _ in range(2):
            assert (await provider.complete(request_for())).text == "x"
            await provider.close()
            await provider.close()


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"token": None, "org_id": 1}, CredentialError),
        ({"token": "two words", "org_id": 1}, CredentialError),
        ({"token": TOKEN, "org_id": None}, ConfigError),
    ],
)
def test_what_has_to_be_configured(settings, kind):
    with pytest.raises(kind) as error:
        CodegenProvider(**settings)
    assert "CODEGEN_ORG_ID" in error.value.hint


async def test_a_journal_that_cannot_be_kept(tmp_path, request_for):
    (tmp_path / "file").write_text("")
    for journal in (tmp_path / "file" / "runs.db", tmp_path):
        provider = CodegenProvider(
            token=TOKEN, org_id=1, base_url="http://localhost", transport="http", journal=journal
        )
        with pytest.raises(ConfigError, match="journal of Codegen runs"):
            await provider.complete(request_for())
        await provider.close()


async def test_a_journal_that_fails_midway(tmp_path, make, request_for):
    async with FakeCodegen() as server:
        provider = make(server)
        await provider.complete(request_for())
        with closing(sqlite3.connect(tmp_path / "codegen-runs.db")) as connection:
            connection.execute("DROP TABLE runs")
        with pytest.raises(ConfigError, match="journal of Codegen runs can't be kept"):
            await provider.complete(request_for())


def validate(value: object, schema: dict) -> None:
    jsonschema.validate(value, schema | {"components": SPEC["components"]})


async def test_the_fake_and_our_requests_keep_to_the_published_description(make, request_for, transport):
    paths = SPEC["paths"]
    create, base = paths["/v1/organizations/{org_id}/agent/run"]["post"], "/v1/organizations/{org_id}/agent"
    replies: list[tuple[Received, Reply]] = []

    class Recorded(FakeCodegen):
        async def respond(self, received: Received) -> Reply:
            reply = await super().respond(received)
            replies.append((received, reply))
            return reply

    async with Recorded(["x"], run_time=0.2) as server:
        await asyncio.gather(*(make(server).complete(request_for(f"{n}")) for n in range(2)))
        provider = make(server)
        await asyncio.gather(*(provider.complete(request_for(f"more {n}")) for n in range(5)))
    for received, reply in replies:
        path = received.path.partition("?")[0].replace("/42/", "/{org_id}/")
        name = "/run/{agent_run_id}" if path.rpartition("/")[2].isdecimal() else path.removeprefix(base)
        operation = paths[f"{base}{name}"][received.method.lower()]
        validate(json.loads(reply.body), operation["responses"]["200"]["content"]["application/json"]["schema"])
        if received.method == "POST":
            validate(received.json(), create["requestBody"]["content"]["application/json"]["schema"])
    assert {received.method for received, _ in replies} == {"GET", "POST"}


async def test_errors_of_the_fake_keep_to_the_published_description():
    import aiohttp

    async with FakeCodegen(token=TOKEN) as server, aiohttp.ClientSession() as session:
        responses = SPEC["paths"]["/v1/organizations/{org_id}/agent/run"]["post"]["responses"]
        headers = {"authorization": f"Bearer {TOKEN}"}
        for url, status in (("organizations/42/agent/run", 422), ("organizations/1/agent/run", 403)):
            async with session.post(f"{server.base_url}/v1/{url}", json={}, headers=headers) as response:
                assert response.status == status
                validate(await response.json(), responses[str(status)]["content"]["application/json"]["schema"])
        async with session.get(f"{server.base_url}/v1/organizations/42/agent/run/9") as response:
            assert response.status == 401
