"""The Batch API's client, against the fake server over loopback."""

import json
import time
from pathlib import Path

import pytest

from autogen_cli.errors import (
    ConfigError,
    CredentialError,
    ProviderAnswerError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
)
from autogen_cli.providers import http, openai_batch
from autogen_cli.providers.fake import BatchScript, FakeServer, Reply, faults
from autogen_cli.providers.openai import parse_completion
from autogen_cli.providers.openai_batch import BatchService, Filling

ENDPOINT = "/v1/chat/completions"


def line(custom_id: str, prompt: str) -> str:
    body = {"model": "m", "messages": [{"role": "user", "content": prompt}]}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": body}) + "\n"


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    path = tmp_path / "part-1.jsonl"
    path.write_text("".join(line(f"r{number}", f"prompt {number} ü") for number in range(20)))
    return path


@pytest.fixture
async def client():
    """Makes clients of a server; they are closed afterwards."""
    made = []

    def make(server: FakeServer, **settings) -> BatchService:
        made.append(BatchService(**{"base_url": server.base_url, "timeout": 5, **settings}))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def run(service: BatchService, requests: Path, key: str = "k") -> tuple[list, list, str]:
    """The rows of both files of a batch that is waited for, and how it ended."""
    job = await service.create(await service.upload(requests), key=key, endpoint=ENDPOINT)
    while not job.ended:
        job = await service.get(job.id)
    files = [job.output_file, job.error_file]
    rows = [[row async for row in service.answers(file_id)] if file_id else [] for file_id in files]
    return *rows, job.status


async def test_every_row_is_answered_under_its_own_id(client, requests):
    async with FakeServer(str.upper, batch_scripts=[BatchScript(polls=3)], count_tokens=len) as server:
        answers, errors, status = await run(client(server), requests)
    assert (len(answers), errors, status) == (20, [], "completed")
    texts = {row.custom_id: parse_completion(row.body, "it") for row in answers}
    assert {name: found.text for name, found in texts.items()} == {f"r{n}": f"PROMPT {n} Ü" for n in range(20)}
    assert texts["r3"].usage.input == len("prompt 3 ü")
    assert server.batch.executed == [row.custom_id for row in answers] != [f"r{number}" for number in range(20)]


async def test_an_uploaded_file_arrives_as_it_is(client, requests):
    async with FakeServer() as server:
        file_id = await client(server, api_key="k-123456789").upload(requests)
        assert server.batch.contents[file_id] == requests.read_bytes()
        assert server.batch.files[file_id]["purpose"] == "batch"
        assert server.requests[0].headers["authorization"] == "Bearer k-123456789"


@pytest.mark.parametrize(
    ("script", "answered", "error", "status"),
    [
        (BatchScript(done=13), 13, ProviderUnavailableError, "expired"),
        (BatchScript(row_fault=lambda name: faults.status(400, "bad") if name in {"r3", "r4"} else None), 18,
         ProviderRequestError, "completed"),
        (BatchScript(row_fault=lambda name: faults.status(429) if name == "r3" else None), 19,
         RateLimitedError, "completed"),
    ],
    ids=["expired", "rows refused", "a row limited"],
)  # fmt: skip
async def test_what_happened_to_the_others_is_told(client, requests, script, answered, error, status):
    async with FakeServer(batch_scripts=[script]) as server:
        answers, errors, ended = await run(client(server), requests)
    assert (len(answers), ended) == (answered, status)
    assert {row.custom_id for row in answers + errors} == {f"r{number}" for number in range(20)}
    assert {type(row.error) for row in errors} == {error}


async def test_a_completed_batch_without_answers(client, requests):
    async with FakeServer(batch_scripts=[BatchScript(output_lost=True)]) as server:
        assert await run(client(server), requests) == ([], [], "completed")


async def test_a_batch_that_fails_its_validation_says_why(client, requests):
    async with FakeServer(batch_scripts=[BatchScript(problem="token_limit_exceeded")]) as server:
        service = client(server)
        job = await service.create(await service.upload(requests), key="k", endpoint=ENDPOINT)
        job = await service.get(job.id)
    assert (job.status, job.ended, job.total) == ("failed", True, 20)
    assert job.problems == ("line 1: injected fault (token_limit_exceeded)",)


async def test_what_is_cancelled_keeps_what_is_done(client, requests):
    async with FakeServer(batch_scripts=[BatchScript(polls=9, done=5)]) as server:
        service = client(server)
        job = await service.create(await service.upload(requests), key="k", endpoint=ENDPOINT)
        assert (await service.cancel(job.id)).status == "cancelling"
        job = await service.get(job.id)
        assert (job.status, job.completed, job.failed) == ("cancelled", 5, 15)
        assert await service.get(job.id) == job
        errors = [row async for row in service.answers(job.error_file)]
        with pytest.raises(ProviderUnavailableError, match="Cannot cancel"):
            await service.cancel(job.id)
    assert "cancelled before its turn" in errors[0].error.message


async def test_what_was_sent_can_be_found_again(client, tmp_path, monkeypatch):
    monkeypatch.setattr(openai_batch, "PAGE", 3)
    async with FakeServer() as server:
        service, since = client(server), time.time()
        for number in range(8):
            path = tmp_path / f"f{number}.jsonl"
            path.write_text(line("r", "p"))
            await service.create(await service.upload(path), key=f"key {number}", endpoint=ENDPOINT)
        first = await service.find_batch("key 0", since=since)
        assert (first.id, await service.find_file("f0.jsonl", since=since)) == ("batch_1", "file-1")
        assert await service.find_batch("key", since=since) is None
        assert await service.find_batch("key 0", since=since + 7200) is None
        assert await service.find_file("f0", since=since) is None


async def test_what_the_service_does_not_have(client):
    async with FakeServer() as server:
        service = client(server)
        with pytest.raises(ProviderRequestError, match="No such object"):
            await service.get("batch_9")
        with pytest.raises(ProviderRequestError, match="No such file"):
            await service.create("file-9", key="k", endpoint=ENDPOINT)


async def test_lost_connections_are_our_errors(client, requests):
    async with FakeServer(faults=[None, faults.reset(), faults.reset()]) as server:
        service = client(server)
        file_id = await service.upload(requests)
        with pytest.raises(ProviderUnavailableError) as lost:
            await service.create(file_id, key="k", endpoint=ENDPOINT)
        assert lost.value.billed == "maybe"
        with pytest.raises(ProviderUnavailableError) as lost:
            await service.upload(requests)
        assert lost.value.billed == "no"


@pytest.mark.parametrize(
    "reply", [faults.html(), faults.wrong_types(), Reply.of_json([1]), Reply.of_json({"data": [1]})]
)
async def test_other_services_are_told_apart(client, requests, reply):
    async with FakeServer(faults=reply) as server:
        service = client(server)
        with pytest.raises(ProviderAnswerError):
            await service.upload(requests)
        with pytest.raises(ProviderAnswerError):
            await service.find_batch("k", since=0)


async def test_rows_that_cannot_be_read_are_left_out(client):
    rows = [
        b"not json", b"[]", b"1", b'{"custom_id": "a"}', b'{"custom_id": "b", "error": {"code": "x", "message": "y"}}',
        b'{"custom_id": "c", "response": {"status_code": 200, "body": {"choices": []}}}', b"",
    ]  # fmt: skip
    async with FakeServer(faults=Reply(body=b"\n".join(rows))) as server:
        found = [row async for row in client(server).answers("file-1")]
    assert [row.custom_id for row in found] == ["a", "b", "c"]
    assert "no reason given" in found[0].error.message
    assert "(y, x)" in found[1].error.message
    assert found[2].body == {"choices": []}


async def test_a_line_without_end_is_refused(client, monkeypatch):
    monkeypatch.setattr(http, "MAX_BODY", 2 * 1024**2)
    async with FakeServer(faults=faults.huge(4)) as server:
        with pytest.raises(ProviderAnswerError, match="more than 2 MB"):
            [row async for row in client(server).answers("file-1")]


def test_problems_in_any_shape():
    service = BatchService(base_url="http://localhost")
    job = service._job({"id": "b", "status": "failed", "errors": {"data": ["text", {"message": "m", "code": "c"}]}})
    assert job.problems == ("text", "m (c)")


def test_the_address_and_the_key_are_checked_first():
    with pytest.raises(CredentialError):
        BatchService()
    with pytest.raises(ConfigError):
        BatchService(base_url="localhost")


def test_files_are_filled_up_to_the_limits():
    filling = Filling(max_rows=3, max_bytes=100)
    assert [filling.takes(10) for _ in range(7)] == [True, True, True, False, True, True, False]
    filling = Filling(max_rows=9, max_bytes=100)
    assert [filling.takes(size) for size in (60, 40, 1, 100, 1)] == [True, True, False, False, False]
    with pytest.raises(ProviderRequestError, match="101 bytes"):
        filling.check(101)
