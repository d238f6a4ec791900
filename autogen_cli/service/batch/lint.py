"""The security lint of many answers at once: the linter's start takes longer than all the other checks of one."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from autogen_cli.generation.checks.lint import security_of
from autogen_cli.models import CheckResult

if TYPE_CHECKING:
    from autogen_cli.service.attempts import Attempt

CHECK = "security"


type Codes = list[tuple[str, str]]  # a module's path, and code that goes into it


class Linter:
    """While one run of the linter goes on, the code for the next comes together."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._next: tuple[Codes, asyncio.Task[list[CheckResult]]] | None = None

    async def complete(self, attempt: "Attempt", path: str) -> "Attempt":
        """The attempt with the lint's verdict in its place, where its code fits. path: of its module."""
        if not attempt.fits:
            return attempt
        codes, run = self._next or self._begin()
        number = len(codes)
        codes.append((path, attempt.code))
        found = (await asyncio.shield(run))[number]
        checks = tuple(found if check.name == CHECK else check for check in attempt.checks)
        return replace(attempt, checks=checks)

    def _begin(self) -> tuple[Codes, asyncio.Task[list[CheckResult]]]:
        codes: Codes = []
        self._next = codes, asyncio.create_task(self._look_at(codes))
        return self._next

    async def _look_at(self, codes: Codes) -> list[CheckResult]:
        async with self._turn:
            self._next = None
            return await asyncio.to_thread(security_of, codes)
