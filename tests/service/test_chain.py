"""Which provider answers, and what is said of those that didn't."""

from pathlib import Path

import pytest

from autogen_cli.errors import CredentialError, ProviderAnswerError, ProviderError, ProviderUnavailableError
from autogen_cli.limits.breaker import CircuitBreaker
from autogen_cli.limits.rate import RateLimiter
from autogen_cli.limits.retry import RetryHandler
from autogen_cli.models import Completion, CompletionRequest
from autogen_cli.providers.base import Capabilities
from autogen_cli.service.chain import ProviderChain
from autogen_cli.service.gate import Gate
from autogen_cli.service.providers import unheard
from tests.service.questions import question


class Scripted:
    """Answers with its own name, or raises."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.capabilities = Capabilities(offline=name == "scaffold")
        self.error = error
        self.models: list[str | None] = []
        self.closed = 0

    async def complete(self, request: CompletionRequest) -> Completion:
        self.models.append(request.model)
        if self.error:
            raise self.error
        return Completion(text=self.name, model=request.model)

    async def close(self) -> None:
        self.closed += 1


class Fixture:
    def __init__(self, *providers: Scripted, fallback: tuple[str, ...] = ("scaffold",)) -> None:
        self.providers = {provider.name: provider for provider in providers}
        self.failures: list[tuple[str, str]] = []
        self.chain = ProviderChain(
            self.gate,
            default="first",
            fallback=fallback,
            models={"first": "m1", "second": "m2"},
            on_failure=lambda name, _question, error, _ms: self.failures.append((name, error.type)),
        )

    def gate(self, name: str) -> Gate:
        provider = self.providers[name]
        retry = RetryHandler(retries=0)
        breaker = CircuitBreaker(Path("/dev/null/limits.db"))  # can't be kept: requests go through unguarded
        return Gate(
            provider, address="", retry=retry, breaker=breaker, rate=RateLimiter(), size=lambda _: 1, on_paid=unheard
        )


def test_a_request_chooses_before_the_settings_do() -> None:
    chain = Fixture().chain
    assert chain.choose(None, None) == ("first", "m1")
    assert chain.choose("second", None) == ("second", "m2")
    assert chain.choose("third", "m9") == ("third", "m9")


async def test_the_first_answer_is_taken() -> None:
    one = Fixture(Scripted("first"), Scripted("scaffold"))
    served = await one.chain.complete("first", question(model="m1"))
    assert (served.provider, served.hops, served.offline) == ("first", (), False)
    await one.chain.close()
    await one.chain.close()
    assert one.providers["first"].closed == 1


async def test_an_unavailable_provider_is_passed_over_with_its_reason() -> None:
    down = ProviderUnavailableError("first refused the connection", hint="is it running?")
    one = Fixture(Scripted("first", down), Scripted("second"), fallback=("first", "second"))
    served = await one.chain.complete("first", question(model="m1"))
    assert served.provider == "second"
    assert [(hop.provider, hop.type, hop.message) for hop in served.hops] == [
        ("first", "provider_unavailable", "first refused the connection: is it running?")
    ]
    assert one.providers["second"].models == ["m2"]
    assert one.failures == [("first", "provider_unavailable")]


async def test_where_nobody_answers_the_first_reason_is_raised() -> None:
    first, second = ProviderUnavailableError("a"), ProviderUnavailableError("b")
    one = Fixture(Scripted("first", first), Scripted("second", second), fallback=("second",))
    with pytest.raises(ProviderUnavailableError, match="a"):
        await one.chain.complete("first", question())
    assert len(one.failures) == 2


@pytest.mark.parametrize("error", [ProviderAnswerError("HTML"), ProviderError("x"), CredentialError("no key")])
async def test_a_provider_that_is_there_and_wrong_is_not_passed_over(error: Exception) -> None:
    one = Fixture(Scripted("first", error), Scripted("scaffold"))
    with pytest.raises(type(error)):
        await one.chain.complete("first", question())
