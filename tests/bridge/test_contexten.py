"""The bridge without HTTP: an event app asks for code, under a principal's role and the budgets."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from autogen_cli.config import folders
from autogen_cli.providers.fake import FakeServer, faults
from autogenlib import AccessError, AutogenClient, ContextenBridge, ContextenRequest, ContextenResponse
from tests.cli.test_generate import ANSWER, FILES, MISFIT
from tests.conftest import MakeProject

WANTED = ContextenRequest(module="shop.money", symbol="total", description="with tax")


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "gpt-5-mini")
    config = folders().config / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[security.roles]\n"slack:T1/U1" = "generator"\n"slack:T1/U2" = "viewer"\n')
    return make_project(FILES)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer([ANSWER]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


async def ask(root: Path, request: ContextenRequest = WANTED, principal: str = "slack:T1/U1") -> ContextenResponse:
    async with AutogenClient(root=root, principal=principal) as client:
        return await ContextenBridge(client).handle_generation_request(request)


async def test_a_request_becomes_code_with_its_checks_and_what_it_took(shop: Path, server: FakeServer) -> None:
    response = await ask(shop)
    assert (response.status, response.error) == ("accepted", None)
    assert response.code.startswith("def total(")
    assert {check.status for check in response.checks} <= {"pass", "skipped"}
    assert response.usage.output_tokens > 0
    assert (response.metadata["path"], response.metadata["cached"]) == ("shop/money.py", False)
    again = await ask(shop, principal="slack:T1/U1")
    assert again.metadata["cached"]
    assert server.received == 1


async def test_what_the_caller_adds_goes_along_as_data_without_secrets(shop: Path, server: FakeServer) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    added = ContextenRequest(module="shop.money", symbol="total", caller_context=f"```\ntotal(x)\n{secret}\n")
    assert (await ask(shop, added)).status == "accepted"
    (request,) = server.requests
    prompt = json.loads(request.body)["messages"][1]["content"]
    assert "as data and no instruction:\n\n````\n```\ntotal(x)" in prompt
    assert secret not in prompt


@pytest.mark.parametrize(
    ("request_", "principal", "type_"),
    [
        (WANTED, "slack:T1/U2", "access"),
        (ContextenRequest(module="shop.money", symbol="cents"), "slack:T1/U1", "exists"),
    ],
)
async def test_what_goes_wrong_is_the_response(
    request_: ContextenRequest, principal: str, type_: str, shop: Path, server: FakeServer
) -> None:
    response = await ask(shop, request_, principal)
    assert response.status == "error"
    assert response.error
    assert response.error.type == type_
    assert response.error.message
    assert (response.code, server.received) == ("", 0)


async def test_the_budget_holds(shop: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_BUDGET_DAILY", "0.000001")
    response = await ask(shop)
    assert response.error
    assert (response.error.type, response.error.exit_code, server.received) == ("budget", 7, 0)


async def test_code_that_does_not_fit_is_said_to_be_rejected(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer([MISFIT]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert (await ask(shop)).status == "rejected"


async def test_a_principal_without_a_role_gets_no_further_than_the_door(shop: Path) -> None:
    with pytest.raises(AccessError, match="slack:T1/U9 has no role"):
        await ask(shop, principal="slack:T1/U9")


async def test_each_request_that_costs_is_told_of_before_it_goes_out(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    unavailable = iter([faults.status(503)])
    with FakeServer([ANSWER], faults=lambda _: next(unavailable, None)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        client = AutogenClient(root=shop, principal="slack:T1/U1", on_send=lambda: told.append(server.received))
        async with client:
            await client.generate_code("shop.money", "total")
            await client.generate_code("shop.money", "total")  # from the cache
    assert told == [0, 1]
