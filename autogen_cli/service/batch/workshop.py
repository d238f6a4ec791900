"""The steps of a generation that take CPU, in worker processes: what is sent, and whether the answer fits.

Each worker opens the project once and keeps it open. Rows of one module go to one worker, which has read that module
already. What comes back is what the rest of the way needs: not the texts that the prompt holds anyway.
"""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from autogen_cli.errors import AutogenError
from autogen_cli.models import GenerationRequest, Prompt
from autogen_cli.service.batch import worker
from autogen_cli.service.batch.lint import CHECK, Linter
from autogen_cli.service.plan import GenerateOptions, Plan

if TYPE_CHECKING:
    from autogen_cli.service.attempts import Attempt
    from autogen_cli.service.chain import Served

MOST_WORKERS = 8
TRIES = 3  # a worker that the system has killed is replaced


class Steps(Protocol):
    """The steps of a generation that take CPU, wherever they are done."""

    async def plan(self, request: GenerationRequest) -> Plan: ...

    async def judge(self, plan: Plan, served: "Served") -> "Attempt": ...

    async def repair_prompt(self, plan: Plan, attempt: "Attempt") -> Prompt: ...

    def close(self) -> None: ...


class Workshop:
    """root, flags: as for `open_services`. Workers start with the first request. lint: whether answers are linted."""

    def __init__(
        self, root: Path, flags: Mapping[str, object], options: GenerateOptions, *, workers: int, lint: bool = True
    ) -> None:
        self._options = replace(options, skip=options.skip | {CHECK})
        self._linter = Linter() if lint and CHECK not in options.skip else None
        self._setting = (root, dict(flags))
        self._workers = workers
        self._pools: list[ProcessPoolExecutor] = []

    async def plan(self, request: GenerationRequest) -> Plan:
        """Raises TargetError, AccessError and ConfigError, as the steps of a generation do."""
        return await self._run(request.module, worker.plan, request, self._options)

    async def judge(self, plan: Plan, served: "Served") -> "Attempt":
        context = replace(plan.context, items=(), omitted=())  # what the checks don't read isn't sent again
        bare = replace(plan, context=context, prompt=Prompt(system="", user=""))
        attempt = await self._run(plan.request.module, worker.judge, bare, served, self._options)
        return await self._linter.complete(attempt, plan.target.relative_path) if self._linter else attempt

    async def repair_prompt(self, plan: Plan, attempt: "Attempt") -> Prompt:
        return await self._run(plan.request.module, worker.repair_prompt, plan.request, attempt, self._options)

    def close(self) -> None:
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)

    async def _run[**P, T](self, module: str, step: "worker.Step[P, T]", *args: P.args, **named: P.kwargs) -> T:
        if not self._pools:
            self._pools = [self._open() for _ in range(self._workers)]
        number = hash(module) % len(self._pools)
        for _ in range(TRIES):
            pool = self._pools[number]
            try:
                return await asyncio.wrap_future(pool.submit(step, *args, **named))
            except BrokenProcessPool:
                if self._pools[number] is pool:  # the first to notice makes a new one
                    self._pools[number] = self._open()
        raise AutogenError("worker processes are killed again and again, perhaps for want of memory")

    def _open(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=worker.begin, initargs=self._setting)


def usable_cores() -> int:
    """Cores that this process may use, within reason: each worker takes memory for the project."""
    return max(
        1, min(MOST_WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    )
