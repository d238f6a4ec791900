"""A question that is sent as it is and answered with its text: no context, no checks, on the books all the same."""

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from autogen_cli.errors import ProviderError
from autogen_cli.models import CodeContext, CompletionRequest, Prompt, Target
from autogen_cli.service.attempts import Attempt
from autogen_cli.service.reserved import settled_on_failure

if TYPE_CHECKING:
    from autogen_cli.limits.budget import Reservation
    from autogen_cli.service.wiring import Services


class Exchange:
    """sent: whether something has gone out that may be billed."""

    def __init__(self, services: "Services", provider: str, question: CompletionRequest) -> None:
        self._services = services
        self._provider = provider
        self._question = question
        self.sent = False

    async def send(self) -> Attempt:
        """The answer and what it took. Raises AccessError, ConfigError, ProviderError and BudgetError."""
        services, question = self._services, self._services.books.counted(self._question)
        limit = question.max_output_tokens or services.max_output_tokens
        worst = services.books.worst_cost(self._provider, question.model, services.books.size_of(question), limit)
        services.access.authorize("spend", subject=self._provider, amount=worst)
        reservation = await self._reserve(worst)
        with settled_on_failure(services.budget, reservation, lambda: self.sent):
            try:
                served = await services.chain.complete(self._provider, question, on_send=self._note_sent)
            except ProviderError as error:
                services.access.record_failure(None, question.request_id, error)
                raise
        attempt = services.books.priced(Attempt(served=served, code="", checks=()), question)
        services.budget.settle(reservation, attempt.usage.cost_usd)
        services.books.record_attempt(question.context.target, attempt, question, {})
        services.access.record_answer(served, attempt.usage, question.request_id)
        return attempt

    async def _reserve(self, worst: Decimal | None) -> "Reservation":
        return self._services.budget.reserve(worst)

    def _note_sent(self) -> None:
        self.sent = True


def plain_question(services: "Services", prompt: str, *, provider: str | None = None) -> tuple[str, CompletionRequest]:
    """The provider that a text goes to, and the question that it is."""
    name, model = services.chain.choose(provider, None)
    question = CompletionRequest(
        prompt=Prompt(system="", user=prompt),
        context=nothing_known(services),
        model=model,
        request_id=uuid4().hex,
        max_output_tokens=services.max_output_tokens,
    )
    return name, question


def nothing_known(services: "Services") -> CodeContext:
    """The context of a request that has none: for the books, it belongs to the project and to no module."""
    root = services.root
    target = Target(
        root=root, source_root=root, module="", path=root, symbol=None, kind="module", module_exists=False,
        symbol_exists=False,
    )  # fmt: skip
    return CodeContext(target=target, text="", tokens=0, budget=0)
