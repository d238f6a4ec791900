"""The steps of a generation that take CPU, in worker processes: what is sent, and whether the answer fits.

Each worker opens the project once and keeps it open. Rows of one module go to one worker, which has read that module
already. What comes back is what the rest of the way needs: not the texts that the prompt holds anyway.
"""

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from autogen_cli.cache.base import KeyInputs
from autogen_cli.config import whole_environment
from autogen_cli.models import GenerationRequest, Prompt
from autogen_cli.service.batch import worker
from autogen_cli.service.batch.bench import Bench
from autogen_cli.service.batch.lint import CHECK, Linter
from autogen_cli.service.batch.requested import Requested
from autogen_cli.service.plan import GenerateOptions, Plan

if TYPE_CHECKING:
    from autogen_cli.service.attempts import Attempt
    from autogen_cli.service.chain import Served

MOST_WORKERS = 8
LOPSIDED = 32  # jobs that a worker may have waiting more than another
REMEMBERED = 1000  # modules, with the worker that has read them
NO_PROMPT = Prompt(system="", user="")
NOTHING_ASKED = KeyInputs(provider="", model=None, parameters={}, prompt=NO_PROMPT)


class Steps(Protocol):
    """The steps of a generation that take CPU, wherever they are done."""

    async def plan(self, request: GenerationRequest) -> Plan: ...

    async def judge(self, plan: Plan, served: "Served") -> "Attempt": ...

    async def repair_prompt(self, plan: Plan, attempt: "Attempt") -> tuple[Prompt, int]: ...

    def close(self) -> None: ...


class Workshop:
    """root, flags: as for `open_services`. Workers start with the first request. lint: whether answers are linted.

    requested: symbols that answers may use though they don't exist yet.
    """

    def __init__(
        self, root: Path, flags: Mapping[str, object], options: GenerateOptions, *, workers: int, lint: bool = True
    ) -> None:
        self._options = replace(options, skip=options.skip | {CHECK})
        self._linter = Linter() if lint and CHECK not in options.skip else None
        self._setting = (root, dict(flags))
        self._workers = workers
        self._benches: list[Bench] = []
        self._places: dict[str, Bench] = {}  # by module
        self.requested = Requested()

    async def plan(self, request: GenerationRequest) -> Plan:
        """Raises TargetError, AccessError and ConfigError, as the steps of a generation do."""
        return await self._bench(request.module).do(worker.plan, request, self._options)

    async def judge(self, plan: Plan, served: "Served") -> "Attempt":
        context = replace(plan.context, items=(), omitted=(), files=())  # what the checks don't read isn't sent again
        bare = replace(plan, context=context, prompt=NO_PROMPT, inputs=NOTHING_ASKED)
        bench = self._bench(plan.request.module)
        attempt = await bench.do(worker.judge, bare, served, self._options)
        if not attempt.fits and (coming := self.requested.among(attempt.missing)):
            attempt = await bench.do(worker.judge, bare, served, self._options, coming)
        return await self._linter.complete(attempt, plan.target.relative_path) if self._linter else attempt

    async def repair_prompt(self, plan: Plan, attempt: "Attempt") -> tuple[Prompt, int]:
        return await self._bench(plan.request.module).do(worker.repair_prompt, plan.request, attempt, self._options)

    def close(self) -> None:
        for bench in self._benches:
            bench.close()
        self.requested.close()

    def _bench(self, module: str) -> Bench:
        """That of the worker which has read the module, unless others have much less to do."""
        if not self._benches:
            self._benches = [Bench(self._open) for _ in range(self._workers)]
        free = min(self._benches, key=lambda bench: bench.waiting)
        known = self._places.pop(module, free)
        found = self._places[module] = free if known.waiting - free.waiting > LOPSIDED else known
        if len(self._places) > REMEMBERED:
            del self._places[next(iter(self._places))]
        return found

    def _open(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            1, mp_context=_processes(), initializer=worker.begin, initargs=(*self._setting, whole_environment())
        )


def _processes() -> BaseContext:
    """How workers start: where that is safe as forks of one process, which has loaded what they have in common."""
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["autogen_cli.service.batch.preload"])
    return context


def usable_cores() -> int:
    """Cores that this process may use, within reason: each worker takes memory for the project."""
    return max(
        1, min(MOST_WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    )
