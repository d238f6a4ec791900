"""The library's way in: what the command `generate` does, for programs."""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from autogen_cli.errors import AutogenError
from autogen_cli.models import GeneratedCode, GenerationRequest, Kind
from autogen_cli.service.plan import GenerateOptions
from autogen_cli.service.providers import Wishes, unheard
from autogen_cli.service.wiring import open_services

if TYPE_CHECKING:
    from autogen_cli.models import CodeContext
    from autogen_cli.service.generate import Generator

_LOG = logging.getLogger("autogenlib")
DEFAULTS = GenerateOptions()


class AutogenClient:
    """Generates code for one project, any number of requests at once.

    Used as `async with AutogenClient() as client`. `autogenlib.run` runs such code from a program without an event
    loop, and from a notebook, which has one. What the command line tells on stderr goes to the logger `autogenlib`.

    org_id, token: of the Codegen service; given, it is the provider. root: the project's folder; found upward from the
    working folder if not given. settings: by key, as in `autogen config show`; they go before files and environment.
    record, replay: cassettes of answers, as the options of `generate`. principal: whom a server asks for
    (`slack:TEAM/ID`); what their role doesn't allow is denied. on_send: told before each request to a provider that
    costs again when it is repeated. Raises ConfigError on entry, and AccessError for a principal without a role.
    """

    def __init__(
        self,
        *,
        org_id: int | str | None = None,
        token: str | None = None,
        root: Path | str | None = None,
        settings: Mapping[str, object] | None = None,
        record: Path | None = None,
        replay: Path | None = None,
        principal: str | None = None,
        on_send: Callable[[], None] | None = None,
    ) -> None:
        codegen = {"provider": "codegen"} if token or org_id else {}
        self._settings = {**codegen, "codegen.org_id": org_id and int(org_id), **(settings or {})}
        self._root = None if root is None else Path(root)
        self._wishes = Wishes(
            record=record, replay=replay, keys={"codegen": token} if token else {}, on_send=on_send or unheard
        )
        self._principal = principal
        self._default = "replay" if replay else None
        self._open: ExitStack | None = None

    async def __aenter__(self) -> Self:
        from autogen_cli.service.generate import Generator

        with ExitStack() as stack:
            self._services = stack.enter_context(
                open_services(
                    self._root,
                    command="library",
                    warn=_LOG.warning,
                    detail=_LOG.info,
                    flags=self._settings,
                    wishes=self._wishes,
                    principal=self._principal,
                )
            )
            self._generator = Generator(self._services, fresh=True)
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack, self._open = self._open, None
        if stack:
            with stack:
                await self._services.chain.close()

    async def generate_code(
        self,
        module: str,
        name: str | None = None,
        context: str | None = None,
        *,
        kind: Kind | None = None,
        provider: str | None = None,
        model: str | None = None,
        context_tokens: int | None = None,
        options: GenerateOptions = DEFAULTS,
    ) -> GeneratedCode:
        """Writes `name` (`symbol`, `Class`, `Class.method`; None: the whole module) of `module`.

        context: what it should do, or anything else that the code base doesn't say. A rejected answer is a result, with
        the status `rejected`. Raises TargetError, AccessError, ConfigError, ProviderError and BudgetError.
        """
        request = GenerationRequest(
            module=module,
            symbol=name,
            kind=kind,
            description=context,
            provider=provider or self._default,
            model=model,
            context_tokens=context_tokens,
        )
        return await self.generate(request, options)

    async def generate(self, request: GenerationRequest, options: GenerateOptions = DEFAULTS) -> GeneratedCode:
        """The same for a request that is made already."""
        generated = await self._started.generate(request, options)
        return generated.result

    async def generate_simple(self, prompt: str) -> str:
        """The provider's answer to a text, as it came: no context, no checks, no cache.

        The budget, the limits and the ledger hold for it too. Raises AccessError, ConfigError, ProviderError and
        BudgetError; RejectedError where the answer is cut off.
        """
        from autogen_cli.service.attempts import whole_text
        from autogen_cli.service.exchange import Exchange, plain_question

        self._check_open()
        services = self._services
        exchange = Exchange(services, *plain_question(services, prompt, provider=self._default))
        attempt = await exchange.send()
        return whole_text(attempt.served.completion)

    async def context(self, module: str, name: str | None = None, *, tokens: int | None = None) -> "CodeContext":
        """What would be sent for a symbol, as `autogen context` shows it. Sends nothing."""
        request = GenerationRequest(module=module, symbol=name, context_tokens=tokens)
        generator = self._started
        plan = await generator.read(lambda: generator.plan(request, force=True))
        return plan.context

    @property
    def _started(self) -> "Generator":
        self._check_open()
        return self._generator

    def _check_open(self) -> None:
        if self._open is None:
            raise AutogenError("the client is not open", hint="use it within `async with AutogenClient() as client:`")
