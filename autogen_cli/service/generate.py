"""The entry points to generation: one request or many, with an event loop or without, or only its plan."""

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from autogen_cli.models import Completion, GeneratedCode, GenerationRequest, Target
from autogen_cli.service.books import NOTHING
from autogen_cli.service.chain import Served
from autogen_cli.service.generation import Generation
from autogen_cli.service.plan import Generated, GenerateOptions, Plan, Preview

if TYPE_CHECKING:
    from autogen_cli.service.wiring import Services


class Generator:
    """Turns requests into results, any number at once; `services` is what the configuration wired together.

    `generate` keeps the providers open for the next request, until the `async with` block around it ends. fresh: each
    request sees the project as it is then, not as the first one saw it.
    """

    def __init__(self, services: "Services", *, fresh: bool = False) -> None:
        self._services = services
        self._fresh = fresh

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._services.chain.close()

    async def generate(self, request: GenerationRequest, options: GenerateOptions) -> Generated:
        """One generation. A rejected answer is a result.

        Raises TargetError, AccessError, ConfigError, ProviderError and BudgetError.
        """
        import asyncio

        with self._begin(request, options) as story:
            with story.phase("wait"):  # for the engine
                target, known = await self.read(lambda: self._read(story))
            result = known if isinstance(known, GeneratedCode) else await story.answer_once(known)
            return await asyncio.to_thread(story.finish, target, result)

    async def read[T](self, work: Callable[[], T]) -> T:
        """Does something that asks the context engine, which is busy with one thing at a time."""
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(self._services.reader, work)

    def run(self, request: GenerationRequest, options: GenerateOptions) -> Generated:
        """`generate` for callers without an event loop. A cache hit starts none: its import alone takes 30 ms."""
        with self._begin(request, options) as story:
            target, result = story.known()
            if result is None:
                plan = story.plan(target)
                result = story.recalled(plan)
                if result is None:
                    from autogen_cli.service.running import run

                    result = run(self._answer_once(story, plan))
            return story.finish(target, result)

    def plan(self, request: GenerationRequest, *, force: bool = False) -> Plan:
        """Resolves the target and works out what would be sent. Sends nothing, writes nothing."""
        story = self._begin(request, GenerateOptions(force=force))
        return story.plan(story.target())

    def check(self, request: GenerationRequest, code: str, *, force: bool = False) -> Generated:
        """The checks on code that the user brings, as if a provider called `user` had answered with it."""
        story = self._begin(request, GenerateOptions(force=force, edit=True))
        plan = story.plan(story.target())
        served = Served(completion=Completion(text=code, model=None), provider="user", offline=True)
        attempt = replace(story.examine(plan, served), usage=NOTHING)
        return story.finish(plan.target, story.result(plan, [attempt]))

    def preview(self, request: GenerationRequest, *, force: bool = False, from_cache: bool = True) -> Preview:
        """The plan, its size and what it may cost. from_cache: whether the cache may answer."""
        services = self._services
        plan = self.plan(request, force=force)
        limit, size = services.max_output_tokens, services.books.size(plan.prompt)
        return Preview(
            plan=plan,
            prompt_tokens=size,
            max_output_tokens=limit,
            cost_usd=services.books.worst_cost(plan.provider, plan.model, size, limit),
            estimate=services.books.estimate(plan),
            cached=from_cache and services.cache.get(plan.inputs.key) is not None,
        )

    def _read(self, story: Generation) -> tuple[Target, GeneratedCode | Plan]:
        if self._fresh:
            self._services.reread()
        target, result = story.known()
        if result is None:
            plan = story.plan(target)
            return target, story.recalled(plan) or plan
        return target, result

    def _begin(self, request: GenerationRequest, options: GenerateOptions) -> "Generation":
        return Generation(self._services, request, options)

    async def _answer_once(self, story: "Generation", plan: Plan) -> GeneratedCode:
        async with self:
            return await story.answer_once(plan)
